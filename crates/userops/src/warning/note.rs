//! What is weak about a warning.

use serde::{Deserialize, Serialize};

use super::feature::WarningFeature;

/// What can be weak about a model that warns.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningNoteKind {
    /// A feature is the same, or unknown, for all who are learnt from, and is left out.
    LeftOut,
    /// A feature is unknown for most of those who are learnt from.
    OftenUnknown,
    /// Nobody came twice, so that there are no usual gaps.
    NoGaps,
    /// The rhythm of active days could not be fitted.
    NoRhythm,
    /// The rhythm of active days is weakly known.
    WeakRhythm,
    /// There are few lost, or few kept, users to learn from for each coefficient.
    FewOutcomes,
    /// The features tell the lost from the kept without an error: only the ridge keeps coefficients finite.
    Separated,
    /// The fit came to no maximum.
    Unsettled,
    /// Probabilities could not be held against later outcomes, and are as the fit has them.
    Uncalibrated,
    /// The held-out users cannot tell how good the model is.
    Untested,
    /// On held-out users the model is in no better order than something simpler.
    NoAdvantage,
}

impl WarningNoteKind {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeftOut => "left_out",
            Self::OftenUnknown => "often_unknown",
            Self::NoGaps => "no_gaps",
            Self::NoRhythm => "no_rhythm",
            Self::WeakRhythm => "weak_rhythm",
            Self::FewOutcomes => "few_outcomes",
            Self::Separated => "separated",
            Self::Unsettled => "unsettled",
            Self::Uncalibrated => "uncalibrated",
            Self::Untested => "untested",
            Self::NoAdvantage => "no_advantage",
        }
    }
}

/// Something that is weak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningNote {
    /// What.
    pub kind: WarningNoteKind,
    /// The feature, where it is one.
    pub feature: Option<WarningFeature>,
    /// The same in words, with the way out where there is one.
    pub message: String,
}

impl WarningNote {
    pub(super) fn new(kind: WarningNoteKind, feature: Option<WarningFeature>, message: impl Into<String>) -> Self {
        Self { kind, feature, message: message.into() }
    }
}
