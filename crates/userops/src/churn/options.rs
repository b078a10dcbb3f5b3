//! Which days count, and by which rule the threshold is picked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::rule::EventPattern;

/// Points of a curve are weeks apart: every weekday is in each step once.
pub const CURVE_STEP_DAYS: u32 = 7;
/// Curves end after 52 weeks: within a year every season comes back.
pub const CURVE_DAYS_MAX: u32 = 364;
/// A quarter: the time in which whoever comes back at all is expected back.
pub const HORIZON_DAYS: u32 = 90;
/// By how much the threshold is shifted to see who hangs on it.
pub const SHIFT_DAYS: u32 = 7;
/// With fewer closed gaps a quantile of 95 % is not placed to better than a few ranks.
pub const CHURN_GAPS_MIN: u64 = 30;
/// The most points of a curve.
pub const CURVE_POINTS_MAX: u32 = 10_000;
/// The most days of a curve or a horizon: more than instants span.
const DAYS_MAX: u32 = 4_000_000;

/// How the chance to come back after N silent days is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnCurve {
    /// Of all times that somebody was silent for N days, how many ended in a return.
    #[default]
    Episode,
    /// Of all users who were silent for more than N days at some time, how many returned from such a silence.
    User,
    /// 1 − S(last) / S(N) of the Kaplan–Meier curve of gaps: a return ever, as far as the data go.
    Survival,
    /// 1 − S(N + horizon) / S(N): a return within the horizon.
    SurvivalWithin,
}

impl ReturnCurve {
    /// Every curve.
    pub const ALL: [Self; 4] = [Self::Episode, Self::User, Self::Survival, Self::SurvivalWithin];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::User => "user",
            Self::Survival => "survival",
            Self::SurvivalWithin => "survival_within",
        }
    }
}

/// How the threshold is picked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChurnRule {
    /// Where the curve bends most: the point farthest below the straight line that joins the ends of the box around it.
    Knee {
        /// The curve.
        #[serde(default)]
        curve: ReturnCurve,
    },
    /// The least number of days within which this share of the closed gaps ended.
    Percentile {
        /// The share; above 0, below 1.
        ratio: f64,
    },
    /// The first point of the curve at which at most this share returns.
    ReturnRatio {
        /// The curve.
        #[serde(default)]
        curve: ReturnCurve,
        /// The share; above 0, below 1.
        at_most: f64,
    },
    /// Where those who are called lost and return, and those who are not called lost and do not, are the fewest, as
    /// shares of those who return and of those who do not.
    LeastError,
}

impl Default for ChurnRule {
    fn default() -> Self {
        Self::Knee { curve: ReturnCurve::default() }
    }
}

impl std::fmt::Display for ChurnRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Knee { curve } => write!(f, "knee of {}", curve.name()),
            Self::Percentile { ratio } => write!(f, "percentile {ratio}"),
            Self::ReturnRatio { curve, at_most } => write!(f, "return ratio {at_most} of {}", curve.name()),
            Self::LeastError => write!(f, "least error"),
        }
    }
}

impl ChurnRule {
    /// Refuses shares that are none.
    pub(crate) fn check(&self) -> Result<()> {
        match *self {
            Self::Percentile { ratio: share } | Self::ReturnRatio { at_most: share, .. }
                if !(0.0 < share && share < 1.0) =>
            {
                Err(invalid_argument(format!("the rule {self}: the share lies between 0 and 1")))
            }
            _ => Ok(()),
        }
    }
}

/// How a churn standard is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChurnOptions {
    /// The events that make a day active; every event unless said otherwise.
    pub activity: EventPattern,
    /// How the threshold is picked.
    pub rule: ChurnRule,
    /// Days between points of the curves; the first is at so many days.
    pub step_days: u32,
    /// The greatest number of silent days of the curves.
    pub days_max: u32,
    /// Within how many days a return is expected: of [`ReturnCurve::SurvivalWithin`], and of the two errors, which
    /// judge by the last so many days who is silent before them.
    pub horizon_days: u32,
    /// By how many days the threshold is shifted to see how many users hang on it.
    pub shift_days: u32,
    /// Fewer closed gaps are called few.
    pub gaps_min: u64,
}

impl Default for ChurnOptions {
    fn default() -> Self {
        Self {
            activity: EventPattern::default(),
            rule: ChurnRule::default(),
            step_days: CURVE_STEP_DAYS,
            days_max: CURVE_DAYS_MAX,
            horizon_days: HORIZON_DAYS,
            shift_days: SHIFT_DAYS,
            gaps_min: CHURN_GAPS_MIN,
        }
    }
}

impl ChurnOptions {
    /// The same with these events as activity.
    #[must_use]
    pub fn activity(mut self, activity: impl Into<EventPattern>) -> Self {
        self.activity = activity.into();
        self
    }

    /// The same with this rule.
    #[must_use]
    pub fn rule(mut self, rule: ChurnRule) -> Self {
        self.rule = rule;
        self
    }

    /// The same with points so many days apart, up to so many days.
    #[must_use]
    pub fn curve(mut self, step_days: u32, days_max: u32) -> Self {
        (self.step_days, self.days_max) = (step_days, days_max);
        self
    }

    /// The same with returns expected within so many days.
    #[must_use]
    pub fn horizon_days(mut self, days: u32) -> Self {
        self.horizon_days = days;
        self
    }

    /// Refuses curves without points and shares that are none.
    ///
    /// # Errors
    /// `InvalidArgument` and `LimitExceeded`, naming the option and its bound.
    pub fn check(&self) -> Result<()> {
        self.rule.check()?;
        let bounded = [("step_days", self.step_days), ("days_max", self.days_max), ("horizon_days", self.horizon_days)];
        for (name, days) in bounded {
            if days == 0 || days > DAYS_MAX {
                return Err(invalid_argument(format!("{name} is {days}; it lies between 1 and {DAYS_MAX}")));
            }
        }
        if self.days_max < self.step_days {
            return Err(invalid_argument(format!(
                "days_max is {}, less than the first point at {} days: a curve has at least one point",
                self.days_max, self.step_days
            )));
        }
        let points = self.days_max / self.step_days;
        if points > CURVE_POINTS_MAX {
            return Err(limit_exceeded(format!(
                "{points} points of a curve are more than the limit {CURVE_POINTS_MAX}: take longer steps"
            )));
        }
        Ok(())
    }
}
