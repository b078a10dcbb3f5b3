//! The population portrait: who the users of an audience are, and how they differ from everybody.
//!
//! [`build_portrait`] counts, for each [`Dimension`], the users of every value in the audience and in all. A dimension
//! is any column with a row per user: an attribute, a measure of a profile, the rung of a ladder. Small cells are kept
//! from view by [`SmallCells`], so that a portrait tells about a group and not about a person.
//!
//! ```
//! use userops::portrait::{Dimension, PortraitOptions, build_portrait};
//!
//! let in_audience: Vec<bool> = (0..100).map(|user| user < 40).collect();
//! let cities: Vec<&str> = (0..100).map(|user| if user < 30 || user >= 90 { "Beijing" } else { "Shanghai" }).collect();
//! let portrait = build_portrait(in_audience, &[Dimension::new("city", cities)], PortraitOptions::new())?;
//! let beijing = portrait.most_distinctive(2).into_iter().find(|row| row.value == "Beijing").unwrap();
//! assert_eq!((beijing.audience_count, beijing.everyone_count), (Some(30), Some(40)));
//! assert_eq!(beijing.lift, Some(0.75 / 0.4));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod audience;
mod bin;
mod cell;
mod dimension;
mod options;
mod row;
mod small;
mod summary;
mod table;

pub use audience::Audience;
pub use dimension::Dimension;
pub use options::{
    BINS, BINS_MAX, CELL_USERS_MIN, INTEGER_CATEGORIES_MAX, PortraitOptions, SmallCells, VALUES_LIMIT, VALUES_MAX,
};
pub use row::{CellKind, PortraitRow};
pub use summary::NumericSummary;

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Result, empty, invalid_argument};
use cell::Counts;

/// How an audience differs from everybody, dimension by dimension.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Portrait {
    /// Users in the audience.
    pub audience_count: u64,
    /// All users, those of the audience included.
    pub everyone_count: u64,
    /// The options it was built with.
    pub options: PortraitOptions,
    /// A row per value, the dimensions in the order given; see [`build_portrait`] for the order within one.
    pub rows: Vec<PortraitRow>,
    /// Mean and median of each dimension of integers or floats.
    pub summaries: Vec<NumericSummary>,
}

/// Builds the portrait of an audience against all users.
///
/// - Text and bool: a row per value. The known but empty text is the row `(empty)`.
/// - Integer: a row per value where there are at most [`INTEGER_CATEGORIES_MAX`] distinct ones, else bins.
/// - Float: bins. Bins are cut at the quantiles of everybody: cut i of k is the value of rank ⌈n·i/k⌉, cuts that
///   coincide are one, a cut at the greatest value moves to the next below, and a bin holds its upper end but not its
///   lower. So equal values always share a bin. Cuts of floats are rounded up to at most a hundredth of the distance
///   between them, for the eye's sake.
/// - Time and date: calendar months in the dimension's zone, dealt with as integers are.
///
/// Users of whom a value is unknown are the row `(unknown)`, and count in all ratios: before small cells are dealt
/// with, the counts of a dimension add up to all users. Beyond `values_max` values the rarest share the row `(other)`.
///
/// Values of texts come by users in all, descending, then by text; suppressed ones after them, by text. All other
/// values ascend. `(empty)`, `(other)` and `(unknown)` follow in this order. The order of users plays no part. Of an
/// empty audience all ratios, lifts and intervals are `None`. Takes O(users log users) for each dimension of numbers,
/// O(users) for any other; dimensions are shared out over rayon's threads.
///
/// # Errors
/// `Empty` where there is no user at all; `InvalidArgument` where a dimension does not have a row for each user, two
/// have one name, a float is not finite, or an option is out of its range.
pub fn build_portrait<'a>(
    audience: impl Into<Audience<'a>>,
    dimensions: &[Dimension<'_>],
    options: impl Into<PortraitOptions>,
) -> Result<Portrait> {
    let (audience, options) = (audience.into(), options.into());
    options.check()?;
    check(&audience, dimensions)?;
    let members = audience.members();
    let total = Counts { audience: members.count_ones() as u64, everyone: members.len() as u64 };
    let described: Vec<_> = dimensions
        .par_iter()
        .map(|dimension| {
            let split = dimension.split(members, &options)?;
            let cells = small::protect(split.cells, &options);
            let rows = row::rows(dimension.name(), cells, split.ranked, total);
            Ok((rows, split.summary))
        })
        .collect::<Result<_>>()?;
    let (rows, summaries): (Vec<_>, Vec<_>) = described.into_iter().unzip();
    Ok(Portrait {
        audience_count: total.audience,
        everyone_count: total.everyone,
        options,
        rows: rows.into_iter().flatten().collect(),
        summaries: summaries.into_iter().flatten().collect(),
    })
}

fn check(audience: &Audience<'_>, dimensions: &[Dimension<'_>]) -> Result<()> {
    let user_count = audience.user_count();
    if user_count == 0 {
        return Err(empty("there is no user to portray: the audience is a set of 0 users out of 0"));
    }
    let mut names = BTreeSet::new();
    for dimension in dimensions {
        let (name, rows) = (dimension.name(), dimension.values().len());
        if rows != user_count {
            return Err(invalid_argument(format!(
                "the dimension {name:?} has {rows} rows where the audience is of {user_count} users; \
                 give one row per user, in the order of the log's directory"
            )));
        }
        if !names.insert(name) {
            return Err(invalid_argument(format!("two dimensions are named {name:?}")));
        }
    }
    Ok(())
}

impl Portrait {
    /// The rows of one dimension; none where there is no such dimension.
    pub fn rows_of<'a>(&'a self, dimension: &'a str) -> impl Iterator<Item = &'a PortraitRow> + 'a {
        self.rows.iter().filter(move |row| row.dimension == dimension)
    }

    /// At most `k` rows that tell most about the audience: those with the greatest |ln lift| among the rows whose 95 %
    /// interval leaves out the ratio of everybody; rows of equal lift in their own order.
    ///
    /// A value that nobody in the audience has counts with the lift of its interval's upper end, since ln 0 is not a
    /// number to rank by. `(other)` and suppressed rows are left out. The intervals are not widened for the number of
    /// rows: of 20 rows without any difference one is to be expected.
    #[must_use]
    pub fn most_distinctive(&self, k: usize) -> Vec<&PortraitRow> {
        let mut rows: Vec<(f64, &PortraitRow)> =
            self.rows.iter().filter_map(|row| Some((row.distance()?, row))).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        rows.into_iter().take(k).map(|(_, row)| row).collect()
    }
}
