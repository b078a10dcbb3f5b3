//! What counts as contribution, and where the tiers begin.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition};

/// The dimensions of contribution unless told otherwise, all of one weight: the model of core, middle and outer users
/// names them side by side, and nothing is known in general that would put one before another.
const DIMENSIONS_DEFAULT: [(&str, f64); 4] =
    [("consumption", 1.0), ("content", 1.0), ("spreading", 1.0), ("distribution", 1.0)];

/// The share of contributors who can be core: one in ten. Of a community's users about 1 % contribute most, 9 % now and
/// then, and 90 % nothing (Nielsen, *Participation Inequality: The 90-9-1 Rule*, 2006), so that the heavy ones are one
/// in ten of those who contribute at all.
const CORE_RATIO_DEFAULT: f64 = 0.1;

/// The share of contributors in the middle: three in ten, so that each ring is two to three times the one inside it
/// (10 %, 30 %, 60 %). A convention, not a finding; set it to what the product can look after.
const MIDDLE_RATIO_DEFAULT: f64 = 0.3;

/// Periods looked back on for steadiness: with weeks as periods, a quarter of a year.
const PERIOD_COUNT_DEFAULT: u32 = 12;

/// Active periods that make a contribution sustained: at least every second one, as "steady" says more often than not.
const ACTIVE_PERIODS_MIN_DEFAULT: u32 = 6;

/// The greatest weight: weights only count against each other, and sums of them must stay far from the end of floats.
const WEIGHT_MAX: f64 = 1e9;

/// By how much a share of contributors may be missed when shares such as 0.3, which no float holds exactly, are turned
/// into numbers of users: far more than the rounding of floats, far less than one user in any population.
const RATIO_SLACK: f64 = 1e-12;

/// One dimension of contribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionRules {
    /// What the dimension is called.
    pub name: String,
    /// How much it counts, against the sum of all weights; above zero, 1 by default.
    #[serde(default = "weight_default")]
    pub weight: f64,
}

fn weight_default() -> f64 {
    1.0
}

/// What counts as contribution, and where the tiers begin.
///
/// By default: consumption, content, spreading and distribution with equal weights; core are the best 10 % of
/// contributors who contributed in at least 6 of the last 12 periods, the middle the next 30 %. How long a period is
/// lies with whoever counts the active ones.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContributionRules {
    /// The dimensions.
    pub dimensions: Vec<DimensionRules>,
    /// The share of contributors, best scores first, who are core if their contribution is sustained.
    pub core_ratio: f64,
    /// The share of contributors, after those of the core, who are in the middle.
    pub middle_ratio: f64,
    /// How many periods were looked at for steadiness.
    pub period_count: u32,
    /// In how many of them a core user contributed at least; with 0, steadiness is not asked for.
    pub active_periods_min: u32,
}

impl Default for ContributionRules {
    fn default() -> Self {
        Self::new(DIMENSIONS_DEFAULT)
    }
}

impl ContributionRules {
    /// The default rules for these dimensions, each with its weight.
    pub fn new<N: Into<String>>(dimensions: impl IntoIterator<Item = (N, f64)>) -> Self {
        let rules = |(name, weight): (N, f64)| DimensionRules { name: name.into(), weight };
        Self {
            dimensions: dimensions.into_iter().map(rules).collect(),
            core_ratio: CORE_RATIO_DEFAULT,
            middle_ratio: MIDDLE_RATIO_DEFAULT,
            period_count: PERIOD_COUNT_DEFAULT,
            active_periods_min: ACTIVE_PERIODS_MIN_DEFAULT,
        }
    }

    /// The same rules with this share of core users among contributors.
    #[must_use]
    pub fn core_ratio(mut self, core_ratio: f64) -> Self {
        self.core_ratio = core_ratio;
        self
    }

    /// The same rules with this share of middle users among contributors.
    #[must_use]
    pub fn middle_ratio(mut self, middle_ratio: f64) -> Self {
        self.middle_ratio = middle_ratio;
        self
    }

    /// The same rules, asking core users for contributions in at least `active_periods_min` of `period_count` periods.
    #[must_use]
    pub fn sustained(mut self, active_periods_min: u32, period_count: u32) -> Self {
        (self.active_periods_min, self.period_count) = (active_periods_min, period_count);
        self
    }

    /// Whether the rules make sense.
    ///
    /// # Errors
    /// `InvalidDefinition` where there is no dimension, a name is empty or used twice, a weight is not above zero and at
    /// most a billion, a share is not within 0 to 1 or both together exceed 1, or more active periods are asked for
    /// than there are.
    pub fn validate(&self) -> Result<()> {
        if self.dimensions.is_empty() {
            return Err(invalid_definition("contribution needs at least one dimension"));
        }
        for (place, DimensionRules { name, weight }) in self.dimensions.iter().enumerate() {
            if name.is_empty() || self.dimensions[..place].iter().any(|other| other.name == *name) {
                return Err(invalid_definition(format!("dimension {name:?} needs a name of its own")));
            }
            if !(*weight > 0.0 && *weight <= WEIGHT_MAX) {
                return Err(invalid_definition(format!(
                    "dimension {name:?} has weight {weight}; a weight is above zero and at most {WEIGHT_MAX}"
                )));
            }
        }
        for (name, ratio) in [("core_ratio", self.core_ratio), ("middle_ratio", self.middle_ratio)] {
            if !(0.0..=1.0).contains(&ratio) {
                return Err(invalid_definition(format!("{name} is {ratio}; a share lies within 0 to 1")));
            }
        }
        if self.core_ratio + self.middle_ratio > 1.0 + RATIO_SLACK {
            return Err(invalid_definition(format!(
                "core_ratio {} and middle_ratio {} are more than all contributors together",
                self.core_ratio, self.middle_ratio
            )));
        }
        if self.active_periods_min > self.period_count {
            return Err(invalid_definition(format!(
                "{} active periods are asked for where {} are looked at",
                self.active_periods_min, self.period_count
            )));
        }
        Ok(())
    }

    /// The sum of all weights.
    pub(super) fn weight_sum(&self) -> f64 {
        self.dimensions.iter().map(|dimension| dimension.weight).sum()
    }

    /// How many of these contributors the core has room for.
    pub(super) fn core_room(&self, contributor_count: usize) -> usize {
        room(self.core_ratio, contributor_count)
    }

    /// How many of these contributors the core and the middle have room for together.
    pub(super) fn middle_room(&self, contributor_count: usize) -> usize {
        room(self.core_ratio + self.middle_ratio, contributor_count)
    }
}

fn room(ratio: f64, contributor_count: usize) -> usize {
    let room = (ratio * (1.0 + RATIO_SLACK) * contributor_count as f64).floor();
    (room as usize).min(contributor_count)
}

impl From<&Self> for ContributionRules {
    fn from(rules: &Self) -> Self {
        rules.clone()
    }
}
