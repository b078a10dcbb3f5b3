//! The eight value groups: each of the three measures is split once, into high and low.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UserMeasures;
use crate::score::{Comparison, Direction, MeasureValue};

/// One of the eight groups by which of recency, frequency and monetary value is high.
///
/// A high recency is a recent one. A high monetary value makes the user important (重要), a low one ordinary (一般); the
/// other two tell what to do: keep the value (价值), develop (发展), keep in touch (保持), win back (挽留).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueGroup {
    /// 重要价值, 111: recent, frequent, valuable.
    ImportantValue,
    /// 重要发展, 101: recent and valuable, not frequent.
    ImportantDevelop,
    /// 重要保持, 011: frequent and valuable, not recent.
    ImportantKeep,
    /// 重要挽留, 001: valuable only.
    ImportantRetain,
    /// 一般价值, 110: recent and frequent, not valuable.
    OrdinaryValue,
    /// 一般发展, 100: recent only.
    OrdinaryDevelop,
    /// 一般保持, 010: frequent only.
    OrdinaryKeep,
    /// 一般挽留, 000: none of the three.
    OrdinaryRetain,
}

impl ValueGroup {
    /// Every group, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::ImportantValue,
        Self::ImportantDevelop,
        Self::ImportantKeep,
        Self::ImportantRetain,
        Self::OrdinaryValue,
        Self::OrdinaryDevelop,
        Self::OrdinaryKeep,
        Self::OrdinaryRetain,
    ];

    /// The group of a user by which of the three measures is high.
    #[must_use]
    pub const fn from_high(recency: bool, frequency: bool, monetary: bool) -> Self {
        match (recency, frequency, monetary) {
            (true, true, true) => Self::ImportantValue,
            (true, false, true) => Self::ImportantDevelop,
            (false, true, true) => Self::ImportantKeep,
            (false, false, true) => Self::ImportantRetain,
            (true, true, false) => Self::OrdinaryValue,
            (true, false, false) => Self::OrdinaryDevelop,
            (false, true, false) => Self::OrdinaryKeep,
            (false, false, false) => Self::OrdinaryRetain,
        }
    }

    /// The stable English name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ImportantValue => "important_value",
            Self::ImportantDevelop => "important_develop",
            Self::ImportantKeep => "important_keep",
            Self::ImportantRetain => "important_retain",
            Self::OrdinaryValue => "ordinary_value",
            Self::OrdinaryDevelop => "ordinary_develop",
            Self::OrdinaryKeep => "ordinary_keep",
            Self::OrdinaryRetain => "ordinary_retain",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub const fn chinese_name(self) -> &'static str {
        match self {
            Self::ImportantValue => "重要价值",
            Self::ImportantDevelop => "重要发展",
            Self::ImportantKeep => "重要保持",
            Self::ImportantRetain => "重要挽留",
            Self::OrdinaryValue => "一般价值",
            Self::OrdinaryDevelop => "一般发展",
            Self::OrdinaryKeep => "一般保持",
            Self::OrdinaryRetain => "一般挽留",
        }
    }
}

impl fmt::Display for ValueGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a measure is split.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdKind {
    /// At the mean of the population, which few very large values can pull far up.
    #[default]
    Mean,
    /// At the median of the population: the mean of the middle two where their number is even.
    Median,
    /// At this value.
    Fixed(MeasureValue),
}

/// How one measure is named and split. Serde asks for the name and the direction, so that neither is ever guessed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitOptions {
    /// What the measure is called in messages and explanations; best with its unit.
    pub name: String,
    /// Which end is the good, high one.
    pub direction: Direction,
    /// Where it is split.
    #[serde(default)]
    pub threshold: ThresholdKind,
    /// Whether a value at the threshold itself is high.
    #[serde(default)]
    pub comparison: Comparison,
}

impl SplitOptions {
    /// A measure by name and direction, split at the mean, which itself is high.
    #[must_use]
    pub fn new(name: impl Into<String>, direction: Direction) -> Self {
        Self { name: name.into(), direction, threshold: ThresholdKind::default(), comparison: Comparison::default() }
    }
}

/// How three measures become eight groups.
///
/// By default each measure is split at its mean, and the mean itself counts as high. The comparison matters where many
/// users lie on the threshold: of the 2,357 customers of the CDNOW sample more than half bought on one day only, so that
/// with the median and [`Comparison::AtLeast`] every frequency is high and 一般挽留 is empty; with
/// [`Comparison::Above`] for frequency and monetary value it holds 864.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EightGroupOptions {
    /// The first measure.
    pub recency: SplitOptions,
    /// The second measure.
    pub frequency: SplitOptions,
    /// The third measure.
    pub monetary: SplitOptions,
}

impl Default for EightGroupOptions {
    fn default() -> Self {
        Self {
            recency: SplitOptions::new("recency", Direction::LowerIsBetter),
            frequency: SplitOptions::new("frequency", Direction::HigherIsBetter),
            monetary: SplitOptions::new("monetary", Direction::HigherIsBetter),
        }
    }
}

impl EightGroupOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same options with each measure split at its mean or median.
    #[must_use]
    pub fn threshold(self, kind: ThresholdKind) -> Self {
        self.thresholds([kind; 3])
    }

    /// The same options with the three measures split at these values.
    #[must_use]
    pub fn fixed(self, values: &UserMeasures) -> Self {
        self.thresholds([values.recency, values.frequency, values.monetary].map(ThresholdKind::Fixed))
    }

    fn thresholds(mut self, kinds: [ThresholdKind; 3]) -> Self {
        [self.recency.threshold, self.frequency.threshold, self.monetary.threshold] = kinds;
        self
    }

    /// The same options with this comparison for frequency and monetary value.
    ///
    /// Recency keeps its own, by which a user as recent as the threshold is recent; it is set through the field.
    #[must_use]
    pub fn comparison(mut self, comparison: Comparison) -> Self {
        (self.frequency.comparison, self.monetary.comparison) = (comparison, comparison);
        self
    }

    /// The names of the three measures.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.recency.name, &self.frequency.name, &self.monetary.name]
    }
}

impl From<ThresholdKind> for EightGroupOptions {
    fn from(kind: ThresholdKind) -> Self {
        Self::new().threshold(kind)
    }
}

impl From<&Self> for EightGroupOptions {
    fn from(options: &Self) -> Self {
        options.clone()
    }
}
