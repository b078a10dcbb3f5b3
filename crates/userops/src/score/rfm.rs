//! RFM: users graded by recency, frequency and monetary value, and named by their grades.
//!
//! [`RfmModel::fit`] finds the cuts of three measures over a population; the model then scores any user as a pure
//! function of the user's three values. Any product may bring its own measures: a content app may take days since the
//! last visit, visits, and posts.
//!
//! [`measure_buyers`] makes the usual three from the orders of an event log.
//!
//! Grades are named by a [`CellScheme`], such as the ten segments of [`CellScheme::ten_segments`]. The eight groups of
//! the Chinese scheme, [`EightGroupScheme`], split each measure once and need no scores.
//!
//! ```
//! use userops::score::rfm::{CellScheme, Measures, RfmModel, RfmOptions, UserMeasures};
//!
//! let (days_since_last, orders, revenue_minor) = ([3, 40, 200, 9, 90], [5, 2, 1, 3, 1], [9_900, 2_000, 500, 4_500, 800]);
//! let measures = Measures::new(&days_since_last, &orders, &revenue_minor);
//! let model = RfmModel::fit(&measures, RfmOptions::default())?;
//!
//! let score = model.score(&UserMeasures::new(3, 5, 9_900))?;
//! assert_eq!(score.to_string(), "555");
//! assert_eq!(CellScheme::ten_segments().segment(score)?, "champions");
//! # Ok::<(), userops::error::Error>(())
//! ```

mod buyers;
mod eight_groups;
mod explain;
mod fit;
mod model;
mod options;
mod scheme;
mod segment_rule;
mod ten_segments;
mod thresholds;
mod value_group;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MeasureValue, MeasureValues};
use crate::error::{Result, empty};

pub use buyers::{BuyerOptions, Buyers, RecencyMeasure, measure_buyers};
pub use eight_groups::{EightGroupScheme, Split};
pub use model::RfmModel;
pub use options::{BinMethod, FrequencyMeasure, MeasureOptions, MonetaryMeasure, Nesting, RfmOptions};
pub use scheme::CellScheme;
pub use segment_rule::{ScoreRange, SegmentRule};
pub use thresholds::Thresholds;
pub use value_group::{EightGroupOptions, SplitOptions, ThresholdKind, ValueGroup};

/// The three measures of a population: columns of equal length, a row per user, none unknown.
///
/// Users without a recency, such as those who never bought, are not part of the population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures<'a> {
    /// How long ago, such as days since the last purchase.
    pub recency: MeasureValues<'a>,
    /// How often, such as purchase days.
    pub frequency: MeasureValues<'a>,
    /// How much, such as revenue in minor units.
    pub monetary: MeasureValues<'a>,
}

impl<'a> Measures<'a> {
    /// The three columns.
    pub fn new(
        recency: impl Into<MeasureValues<'a>>,
        frequency: impl Into<MeasureValues<'a>>,
        monetary: impl Into<MeasureValues<'a>>,
    ) -> Self {
        Self { recency: recency.into(), frequency: frequency.into(), monetary: monetary.into() }
    }

    /// How many users there are, by the first column.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.recency.len()
    }

    /// The measures of the user in this row, or `None` where it is out of range.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<UserMeasures> {
        Some(UserMeasures {
            recency: self.recency.get(row)?,
            frequency: self.frequency.get(row)?,
            monetary: self.monetary.get(row)?,
        })
    }

    /// `InvalidArgument` where the columns differ in length or a value is NaN or infinite. `names` are the measures'.
    fn check(&self, names: [&str; 3]) -> Result<()> {
        for (name, values) in names.into_iter().zip([self.recency, self.frequency, self.monetary]) {
            values.check_len(name, self.user_count())?;
            values.check_finite(name)?;
        }
        Ok(())
    }

    /// As [`Measures::check`], and `Empty` where there is no user.
    fn check_population(&self, names: [&str; 3]) -> Result<()> {
        self.check(names)?;
        if self.user_count() == 0 {
            return Err(empty("no users to fit on; a population needs at least one"));
        }
        Ok(())
    }
}

/// The three measures of one user, in the types that the model was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserMeasures {
    /// How long ago.
    pub recency: MeasureValue,
    /// How often.
    pub frequency: MeasureValue,
    /// How much.
    pub monetary: MeasureValue,
}

impl UserMeasures {
    /// The three values.
    pub fn new(
        recency: impl Into<MeasureValue>,
        frequency: impl Into<MeasureValue>,
        monetary: impl Into<MeasureValue>,
    ) -> Self {
        Self { recency: recency.into(), frequency: frequency.into(), monetary: monetary.into() }
    }
}

/// One user's three scores, from 1 (worst) to the number of bins (best).
///
/// Displayed as three digits, `545`; with a score of 10 among them as `10-4-5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfmScore {
    /// The score of recency.
    pub recency: u8,
    /// The score of frequency.
    pub frequency: u8,
    /// The score of monetary value.
    pub monetary: u8,
}

impl fmt::Display for RfmScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recency, frequency, monetary } = self;
        let dash = if (*recency).max(*frequency).max(*monetary) > 9 { "-" } else { "" };
        f.pad(&format!("{recency}{dash}{frequency}{dash}{monetary}"))
    }
}

/// The scores of many users: three columns of equal length, in the row order of the measures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfmScores {
    /// The scores of recency.
    pub recency: Vec<u8>,
    /// The scores of frequency.
    pub frequency: Vec<u8>,
    /// The scores of monetary value.
    pub monetary: Vec<u8>,
}

impl RfmScores {
    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recency.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recency.is_empty()
    }

    /// The scores of the user in this row, or `None` where it is out of range.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<RfmScore> {
        Some(RfmScore {
            recency: *self.recency.get(row)?,
            frequency: *self.frequency.get(row)?,
            monetary: *self.monetary.get(row)?,
        })
    }

    /// The scores of all users, in row order.
    pub fn iter(&self) -> impl Iterator<Item = RfmScore> + '_ {
        self.recency.iter().zip(&self.frequency).zip(&self.monetary).map(|((recency, frequency), monetary)| RfmScore {
            recency: *recency,
            frequency: *frequency,
            monetary: *monetary,
        })
    }
}
