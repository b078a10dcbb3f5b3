//! Contribution: who carries the product, who takes part, who looks on, and who costs without giving.
//!
//! A user contributes in several dimensions: by consumption, content, spreading, distribution, or whatever else the
//! product counts. [`ContributionModel::fit`] ranks users in each dimension; a user's score is the weighted mean of the
//! shares of users they outdo. From the score, and from how steadily the user contributes, follows the
//! [`ContributionTier`].
//!
//! Ranks, not amounts, are added up: contributions are so unequal that one user's share of a total would drown all
//! others, and dimensions have units that cannot be compared.
//!
//! ```
//! use userops::score::contribution::{ContributionColumns, ContributionModel, ContributionRules, ContributionTier};
//!
//! let (orders, posts, active_weeks) = ([0, 9, 1, 0], [0, 30, 0, 0], [0, 12, 1, 0]);
//! let cost_minor = [0, 100, 100, 400];
//! let columns = ContributionColumns::new()
//!     .dimension("consumption", &orders)
//!     .dimension("content", &posts)
//!     .active_periods(&active_weeks)
//!     .cost(&cost_minor);
//! let rules = ContributionRules::new([("consumption", 1.0), ("content", 1.0)]).core_ratio(0.5);
//!
//! let model = ContributionModel::fit(&columns, rules)?;
//! let tiers: Vec<ContributionTier> = model.score_columns(&columns)?.iter().map(|score| score.tier).collect();
//! assert_eq!(tiers.iter().map(|tier| tier.name()).collect::<Vec<_>>(), ["none", "core", "outer", "junk"]);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod explain;
mod model;
mod rank;
mod rules;
mod share;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MeasureValue, MeasureValues};

pub use model::ContributionModel;
pub use rules::{ContributionRules, DimensionRules};
pub use share::{TierShare, share_by_tier};

/// The contributions of a population: columns of equal length, a row per user, none unknown, none below zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContributionColumns<'a> {
    /// The dimensions by name, in any order.
    pub dimensions: Vec<(&'a str, MeasureValues<'a>)>,
    /// In how many of the last periods the user contributed; see [`ContributionRules::period_count`].
    pub active_periods: Option<&'a [i64]>,
    /// What the user cost; without it no user is junk.
    pub cost: Option<MeasureValues<'a>>,
}

impl<'a> ContributionColumns<'a> {
    /// No columns, to be added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same columns with one dimension more.
    #[must_use]
    pub fn dimension(mut self, name: &'a str, values: impl Into<MeasureValues<'a>>) -> Self {
        self.dimensions.push((name, values.into()));
        self
    }

    /// The same columns with the number of active periods.
    #[must_use]
    pub fn active_periods(mut self, active_periods: &'a [i64]) -> Self {
        self.active_periods = Some(active_periods);
        self
    }

    /// The same columns with what users cost.
    #[must_use]
    pub fn cost(mut self, cost: impl Into<MeasureValues<'a>>) -> Self {
        self.cost = Some(cost.into());
        self
    }

    /// How many users there are, by the first dimension.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.dimensions.first().map_or(0, |(_, values)| values.len())
    }
}

/// The contributions of one user, none below zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserContribution {
    /// A value for each dimension, in the order of the rules.
    pub values: Vec<MeasureValue>,
    /// In how many of the last periods the user contributed.
    #[serde(default)]
    pub active_periods: Option<i64>,
    /// What the user cost.
    #[serde(default)]
    pub cost: Option<MeasureValue>,
}

impl UserContribution {
    /// A value for each dimension, in the order of the rules.
    pub fn new<T: Into<MeasureValue>>(values: impl IntoIterator<Item = T>) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), active_periods: None, cost: None }
    }

    /// The same contributions, made in so many of the last periods.
    #[must_use]
    pub fn active_periods(mut self, active_periods: i64) -> Self {
        self.active_periods = Some(active_periods);
        self
    }

    /// The same contributions, made at this cost.
    #[must_use]
    pub fn cost(mut self, cost: impl Into<MeasureValue>) -> Self {
        self.cost = Some(cost.into());
        self
    }
}

/// The ring that a user stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContributionTier {
    /// 核心用户: contributes much, and steadily.
    Core,
    /// 中间用户: contributes more than most, or as much as the core but not steadily.
    Middle,
    /// 外围用户: contributes something.
    Outer,
    /// 无贡献用户: contributes nothing, and costs nothing.
    None,
    /// 垃圾用户: contributes nothing, and costs something.
    Junk,
}

impl ContributionTier {
    /// Every tier, in the order of declaration.
    pub const ALL: [Self; 5] = [Self::Core, Self::Middle, Self::Outer, Self::None, Self::Junk];

    /// The stable English name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Middle => "middle",
            Self::Outer => "outer",
            Self::None => "none",
            Self::Junk => "junk",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub const fn chinese_name(self) -> &'static str {
        match self {
            Self::Core => "核心用户",
            Self::Middle => "中间用户",
            Self::Outer => "外围用户",
            Self::None => "无贡献用户",
            Self::Junk => "垃圾用户",
        }
    }
}

impl fmt::Display for ContributionTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One user's contribution score and tier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContributionScore {
    /// The weighted mean of the shares of users outdone in each dimension, from 0 to 1.
    pub score: f64,
    /// The tier that follows.
    pub tier: ContributionTier,
}
