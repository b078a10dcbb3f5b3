//! The rows of a portrait.

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Counts};
use crate::analytics::interval::{Interval, Share};

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// A value or bin.
    Value,
    /// The text that is known to be empty.
    Empty,
    /// Several values together.
    Other,
    /// No value is known.
    Unknown,
}

impl CellKind {
    /// The stable name of the kind, as tables spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Empty => "empty",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// How rows of the kind are called; a value has its own name.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Value => "",
            Self::Empty => "(empty)",
            Self::Other => "(other)",
            Self::Unknown => "(unknown)",
        }
    }
}

/// The users of one value of one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortraitRow {
    /// The dimension.
    pub dimension: String,
    /// The value, the bin such as `3–7`, or `(empty)`, `(other)`, `(unknown)`.
    pub value: String,
    /// What the row stands for: tells `(other)` from a text that reads so.
    pub kind: CellKind,
    /// Whether counts and all that follows from them are kept from view.
    pub suppressed: bool,
    /// Users of the audience.
    pub audience_count: Option<u64>,
    /// Their share of the audience; `None` for an empty audience too.
    pub audience_ratio: Option<f64>,
    /// The 95 % interval of that share, see [`wilson_interval`](crate::analytics::interval::wilson_interval).
    pub audience_interval: Option<Interval>,
    /// Users in all.
    pub everyone_count: Option<u64>,
    /// Their share of all users.
    pub everyone_ratio: Option<f64>,
    /// How many times as frequent the value is in the audience as among all: `audience_ratio / everyone_ratio`.
    pub lift: Option<f64>,
}

impl PortraitRow {
    fn new(dimension: &str, cell: Cell, total: Counts) -> Self {
        let audience = Share::new(cell.counts.audience, total.audience);
        let everyone = Share::new(cell.counts.everyone, total.everyone);
        let lift = match (audience.ratio, everyone.ratio) {
            (Some(audience), Some(everyone)) if everyone > 0.0 => Some(audience / everyone),
            _ => None,
        };
        let in_view = !cell.is_hidden;
        Self {
            dimension: dimension.to_owned(),
            value: cell.label,
            kind: cell.kind,
            suppressed: cell.is_hidden,
            audience_count: in_view.then_some(audience.count),
            audience_ratio: audience.ratio.filter(|_| in_view),
            audience_interval: audience.interval.filter(|_| in_view),
            everyone_count: in_view.then_some(everyone.count),
            everyone_ratio: everyone.ratio.filter(|_| in_view),
            lift: lift.filter(|_| in_view),
        }
    }

    /// |ln lift| where it is beyond doubt that the audience differs, as
    /// [`most_distinctive`](super::Portrait::most_distinctive) says.
    pub(super) fn distance(&self) -> Option<f64> {
        let (everyone, interval, lift) = (self.everyone_ratio?, self.audience_interval?, self.lift?);
        if self.kind == CellKind::Other || interval.contains(everyone) {
            return None;
        }
        let lift = if lift > 0.0 { lift } else { interval.high / everyone };
        Some(libm::log(lift).abs())
    }
}

/// The rows of a dimension in their order. Suppressed values do not take part in the ranking: their rank would bound
/// their count.
pub(super) fn rows(dimension: &str, mut cells: Vec<Cell>, ranked: bool, total: Counts) -> Vec<PortraitRow> {
    cells.sort_by_key(|cell| {
        let rank = if cell.is_hidden { u64::MAX } else { u64::MAX - cell.counts.everyone };
        (cell.kind, if ranked { rank } else { 0 }, cell.position)
    });
    cells.into_iter().map(|cell| PortraitRow::new(dimension, cell, total)).collect()
}
