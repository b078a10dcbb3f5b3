//! What is known of a user who may be drifting away: counts as read, and the signals that a model makes of them.

use serde::{Deserialize, Serialize};

/// Half an active day is added before two windows are compared, so that none at all is no infinite change.
const HALF: f64 = 0.5;
/// A probability further out than this is taken as this, so that its log-odds are finite.
const PROBABILITY_LEAST: f64 = 1e-6;

/// One thing that the model looks at.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningFeature {
    /// Local days since the last active one.
    SilenceDays,
    /// These days beside the user's own usual gap between active days, which is drawn to that of all.
    SilenceRatio,
    /// ln of active days of the recent window beside those of the one before, with ½ added to both; negative where they
    /// get fewer.
    ActivitySlope,
    /// ln of the kinds of things done in the window before beside those of the recent one, with ½ added to both;
    /// positive where they get fewer.
    Narrowing,
    /// The probability of no active day within the horizon, by MBG/NBD.
    NoActivityProbability,
    /// Complaints in the recent window.
    ComplaintCount,
    /// Negative amounts in the recent window.
    RefundCount,
    /// Local days since the first active one.
    TenureDays,
    /// Local days with activity.
    ActiveDayCount,
}

impl WarningFeature {
    /// How many there are.
    pub const COUNT: usize = 9;
    /// Every feature, in the order of columns.
    pub const ALL: [Self; Self::COUNT] = [
        Self::SilenceDays,
        Self::SilenceRatio,
        Self::ActivitySlope,
        Self::Narrowing,
        Self::NoActivityProbability,
        Self::ComplaintCount,
        Self::RefundCount,
        Self::TenureDays,
        Self::ActiveDayCount,
    ];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SilenceDays => "silence_days",
            Self::SilenceRatio => "silence_ratio",
            Self::ActivitySlope => "activity_slope",
            Self::Narrowing => "narrowing",
            Self::NoActivityProbability => "no_activity_probability",
            Self::ComplaintCount => "complaint_count",
            Self::RefundCount => "refund_count",
            Self::TenureDays => "tenure_days",
            Self::ActiveDayCount => "active_day_count",
        }
    }
}

/// What was known of one user at an instant. Days are local ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFeatures {
    /// From the last active day to that of the instant.
    pub silence_days: u32,
    /// The usual gap between active days: (n · own mean + k · mean of all) / (n + k) with n gaps of the user's own;
    /// unknown where nobody has any.
    pub usual_gap_days: Option<f64>,
    /// Active days of the recent window.
    pub recent_active_day_count: u32,
    /// Active days of the window before it, which is as long.
    pub before_active_day_count: u32,
    /// Kinds of things done in the recent window.
    pub recent_kind_count: u32,
    /// Kinds of things done in the window before.
    pub before_kind_count: u32,
    /// Whether the first active day was no later than the first of the window before; if not, the windows cannot be
    /// compared.
    pub is_comparable: bool,
    /// Complaints in the recent window; unknown where no events are complaints.
    pub complaint_count: Option<u32>,
    /// Negative amounts in the recent window.
    pub refund_count: u32,
    /// From the first active day to that of the instant.
    pub tenure_days: u32,
    /// Active days so far.
    pub active_day_count: u32,
    /// The probability that the user is still there, by MBG/NBD; unknown where the model could not be fitted.
    pub alive_probability: Option<f64>,
    /// The probability of no active day within the horizon, by MBG/NBD; unknown likewise.
    pub no_activity_probability: Option<f64>,
}

impl UserFeatures {
    /// A feature as people read it; unknown where it is.
    #[must_use]
    pub fn value(&self, feature: WarningFeature) -> Option<f64> {
        let change = |to: u32, from: u32| {
            self.is_comparable.then(|| libm::log((f64::from(to) + HALF) / (f64::from(from) + HALF)))
        };
        match feature {
            WarningFeature::SilenceDays => Some(f64::from(self.silence_days)),
            WarningFeature::SilenceRatio => self.usual_gap_days.map(|gap| f64::from(self.silence_days) / gap),
            WarningFeature::ActivitySlope => change(self.recent_active_day_count, self.before_active_day_count),
            WarningFeature::Narrowing => change(self.before_kind_count, self.recent_kind_count),
            WarningFeature::NoActivityProbability => self.no_activity_probability,
            WarningFeature::ComplaintCount => self.complaint_count.map(f64::from),
            WarningFeature::RefundCount => Some(f64::from(self.refund_count)),
            WarningFeature::TenureDays => Some(f64::from(self.tenure_days)),
            WarningFeature::ActiveDayCount => Some(f64::from(self.active_day_count)),
        }
    }

    /// A feature as the model reads it: ln(1 + x) of counts, days and ratios, whose tails are long; the log-odds of a
    /// probability (kept 10⁻⁶ away from 0 and 1); changes, which are logarithms already, as they are.
    #[must_use]
    pub fn signal(&self, feature: WarningFeature) -> Option<f64> {
        let value = self.value(feature)?;
        Some(match feature {
            WarningFeature::ActivitySlope | WarningFeature::Narrowing => value,
            WarningFeature::NoActivityProbability => log_odds(value),
            _ => libm::log1p(value),
        })
    }
}

/// ln of the odds of a probability, which is kept away from 0 and 1.
pub(super) fn log_odds(probability: f64) -> f64 {
    let probability = probability.clamp(PROBABILITY_LEAST, 1.0 - PROBABILITY_LEAST);
    libm::log(probability / (1.0 - probability))
}

/// What a user's value of a feature says, in words, given how long the recent window and the horizon are.
pub(super) fn words(features: &UserFeatures, feature: WarningFeature, recent_days: u32, horizon_days: u32) -> String {
    let many = |count: u32, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let days = |count: u32| many(count, "day");
    let Some(value) = features.value(feature) else {
        return format!("{} is unknown", feature.name());
    };
    match feature {
        WarningFeature::SilenceDays => format!("silent for {}", days(features.silence_days)),
        WarningFeature::SilenceRatio => {
            let gap = features.usual_gap_days.unwrap_or(f64::NAN);
            format!("silent for {value:.1} times the usual gap of {gap:.1} days")
        }
        WarningFeature::ActivitySlope => {
            let (recent, before) = (features.recent_active_day_count, features.before_active_day_count);
            format!("active on {recent} of the last {}, on {before} of those before", days(recent_days))
        }
        WarningFeature::Narrowing => {
            let (recent, before) = (features.recent_kind_count, features.before_kind_count);
            let recent = many(recent, "kind");
            format!("did {recent} of things in the last {}, {before} in those before", days(recent_days))
        }
        WarningFeature::NoActivityProbability => {
            format!("by past rhythm {:.0} % likely not to be active within {}", 100.0 * value, days(horizon_days))
        }
        WarningFeature::ComplaintCount => {
            let complaints = many(features.complaint_count.unwrap_or(0), "complaint");
            format!("{complaints} in the last {}", days(recent_days))
        }
        WarningFeature::RefundCount => {
            format!("{} in the last {}", many(features.refund_count, "refund"), days(recent_days))
        }
        WarningFeature::TenureDays => format!("known for {}", days(features.tenure_days)),
        WarningFeature::ActiveDayCount => format!("active on {} so far", days(features.active_day_count)),
    }
}
