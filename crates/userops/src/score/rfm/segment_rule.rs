//! One rule of a scheme: a name for a block of cells.

use std::fmt;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RfmScore;
use crate::error::{Result, invalid_definition};

/// Scores from a lowest to a highest, both included. Serde writes `[low, high]` and also reads a single number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ScoreRangeData", into = "(u8, u8)")]
pub struct ScoreRange {
    /// The lowest score.
    pub low: u8,
    /// The highest score.
    pub high: u8,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum ScoreRangeData {
    One(u8),
    Two(u8, u8),
}

impl From<ScoreRangeData> for ScoreRange {
    fn from(data: ScoreRangeData) -> Self {
        match data {
            ScoreRangeData::One(score) => score.into(),
            ScoreRangeData::Two(low, high) => Self { low, high },
        }
    }
}

impl From<ScoreRange> for (u8, u8) {
    fn from(range: ScoreRange) -> Self {
        (range.low, range.high)
    }
}

impl From<u8> for ScoreRange {
    fn from(score: u8) -> Self {
        Self { low: score, high: score }
    }
}

impl From<RangeInclusive<u8>> for ScoreRange {
    fn from(range: RangeInclusive<u8>) -> Self {
        Self { low: *range.start(), high: *range.end() }
    }
}

impl ScoreRange {
    /// Whether a score lies in the range.
    #[must_use]
    pub fn contains(self, score: u8) -> bool {
        (self.low..=self.high).contains(&score)
    }
}

impl fmt::Display for ScoreRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}–{}", self.low, self.high) }
    }
}

/// A name for the cells whose scores lie in these ranges; a measure without a range may have any score.
///
/// Several rules may carry one name, for a segment that is not a single block of cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentRule {
    /// The name of the segment.
    pub name: String,
    /// The scores of recency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recency: Option<ScoreRange>,
    /// The scores of frequency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<ScoreRange>,
    /// The scores of monetary value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monetary: Option<ScoreRange>,
}

impl SegmentRule {
    /// A name for every cell, to be narrowed.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), recency: None, frequency: None, monetary: None }
    }

    /// The same rule for these scores of recency.
    #[must_use]
    pub fn recency(mut self, scores: impl Into<ScoreRange>) -> Self {
        self.recency = Some(scores.into());
        self
    }

    /// The same rule for these scores of frequency.
    #[must_use]
    pub fn frequency(mut self, scores: impl Into<ScoreRange>) -> Self {
        self.frequency = Some(scores.into());
        self
    }

    /// The same rule for these scores of monetary value.
    #[must_use]
    pub fn monetary(mut self, scores: impl Into<ScoreRange>) -> Self {
        self.monetary = Some(scores.into());
        self
    }

    pub(super) fn matches(&self, score: RfmScore) -> bool {
        let fits = |range: Option<ScoreRange>, score| range.is_none_or(|range| range.contains(score));
        fits(self.recency, score.recency)
            && fits(self.frequency, score.frequency)
            && fits(self.monetary, score.monetary)
    }

    pub(super) fn check(&self, bins: [u8; 3]) -> Result<()> {
        for (range, bins) in self.ranges().into_iter().zip(bins) {
            let Some(ScoreRange { low, high }) = range else { continue };
            if low < 1 || low > high || high > bins {
                return Err(invalid_definition(format!(
                    "segment {:?} asks for scores {low} to {high} where they run from 1 to {bins}",
                    self.name
                )));
            }
        }
        Ok(())
    }
}

impl SegmentRule {
    /// The ranges of recency, frequency and monetary value.
    pub(super) fn ranges(&self) -> [Option<ScoreRange>; 3] {
        [self.recency, self.frequency, self.monetary]
    }
}

impl fmt::Display for SegmentRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = [("R", self.recency), ("F", self.frequency), ("M", self.monetary)];
        let named = ranges.iter().filter_map(|(letter, range)| range.map(|range| format!("{letter}{range}")));
        let text: Vec<String> = named.collect();
        f.pad(if text.is_empty() { "any score".to_owned() } else { text.join(" ") }.as_str())
    }
}
