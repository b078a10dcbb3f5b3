//! The default lifecycle: prospect, introduction, growth, maturity, dormancy, churn, reactivated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::{LifecycleDefinition, Presence, StageDefinition};
use crate::error::{Result, invalid_definition};
use crate::rule::{EventQuery, Measure};

/// Known, but without any qualifying event.
pub const PROSPECT: &str = "prospect";
/// Active, on few days so far.
pub const INTRODUCTION: &str = "introduction";
/// Active on several days.
pub const GROWTH: &str = "growth";
/// Active on many days.
pub const MATURITY: &str = "maturity";
/// Silent for longer than most who come back.
pub const DORMANCY: &str = "dormancy";
/// Silent for longer than nearly all who come back.
pub const CHURN: &str = "churn";
/// Came back lately after a silence as long as that of churn.
pub const REACTIVATED: &str = "reactivated";

/// The stages of the default lifecycle, in its order of precedence.
pub const STANDARD_STAGES: [&str; 7] = [PROSPECT, CHURN, DORMANCY, REACTIVATED, MATURITY, GROWTH, INTRODUCTION];

/// The thresholds of the default lifecycle. Days are local calendar days; an active day has a qualifying event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleThresholds {
    /// The qualifying events; empty for every event, which leaves prospects to those known by attributes.
    pub activity: Vec<String>,
    /// Growth begins with this many active days; at least 2.
    pub growth_days: u32,
    /// Maturity begins with this many active days; more than `growth_days`.
    pub maturity_days: u32,
    /// Dormancy begins on this day after the last active one; at least 1.
    pub dormant_days: u32,
    /// Churn begins on this day after the last active one; more than `dormant_days`.
    pub churn_days: u32,
    /// Who comes back from churn is reactivated until this day after the return; at least 1.
    pub reactivated_days: u32,
    /// From when on a user is there.
    pub presence: Presence,
}

impl Default for LifecycleThresholds {
    /// Growth from the second active day, the first sign that a user comes back; maturity from the fifth; a month of
    /// silence is dormancy, a quarter is churn, a month after coming back is reactivated. They suit a product that is
    /// used weekly; [`derive_thresholds`](super::derive_thresholds) reads the silences from the product's own gaps.
    fn default() -> Self {
        Self {
            activity: Vec::new(),
            growth_days: 2,
            maturity_days: 5,
            dormant_days: 30,
            churn_days: 90,
            reactivated_days: 30,
            presence: Presence::default(),
        }
    }
}

impl LifecycleThresholds {
    /// The default thresholds over these events.
    pub fn new<N: Into<String>>(activity: impl IntoIterator<Item = N>) -> Self {
        Self { activity: activity.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Refuses thresholds that leave a stage without users.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the threshold and its bound.
    pub fn check(&self) -> Result<()> {
        let ordered = [
            ("growth_days", self.growth_days, 2),
            ("maturity_days", self.maturity_days, self.growth_days.saturating_add(1)),
            ("dormant_days", self.dormant_days, 1),
            ("churn_days", self.churn_days, self.dormant_days.saturating_add(1)),
            ("reactivated_days", self.reactivated_days, 1),
        ];
        match ordered.into_iter().find(|(_, days, min)| days < min) {
            None => Ok(()),
            Some((name, days, min)) => Err(invalid_definition(format!(
                "{name} is {days}; it is at least {min}, or no user could be in one of the stages"
            ))),
        }
    }
}

impl LifecycleDefinition {
    /// The default lifecycle, in this order of precedence: prospect, churn, dormancy, reactivated, maturity, growth,
    /// introduction. No guards, every move allowed: the way back from churn leads through reactivated by its rule.
    ///
    /// Its ladder is prospect, introduction, growth, maturity.
    ///
    /// # Errors
    /// As [`LifecycleThresholds::check`].
    pub fn standard(thresholds: &LifecycleThresholds) -> Result<Self> {
        thresholds.check()?;
        let over = || EventQuery::new(thresholds.activity.iter().map(String::as_str));
        let silent = |days: u32| Measure::DaysSinceLast(over()).at_least(days);
        let active = |days: u32| Measure::ActiveDays(over()).at_least(days);
        // A return counts from a silence of more than so many days; churn begins on the day `churn_days`.
        let back = Measure::DaysSinceReturn { silence_days: thresholds.churn_days - 1, over: over() };
        let stages = vec![
            StageDefinition::new(PROSPECT, Measure::Count(over()).eq(0i64)),
            StageDefinition::new(CHURN, silent(thresholds.churn_days)),
            StageDefinition::new(DORMANCY, silent(thresholds.dormant_days)),
            StageDefinition::new(REACTIVATED, back.below(thresholds.reactivated_days)),
            StageDefinition::new(MATURITY, active(thresholds.maturity_days)),
            StageDefinition::new(GROWTH, active(thresholds.growth_days)),
            StageDefinition::new(INTRODUCTION, active(1)),
        ];
        Ok(Self::new(stages).ladder([PROSPECT, INTRODUCTION, GROWTH, MATURITY]).presence(thresholds.presence.clone()))
    }
}
