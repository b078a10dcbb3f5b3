//! Cells: the users of one value of one dimension, counted.

use super::row::CellKind;
use crate::column::Bitmap;

/// How many users there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// In the audience.
    pub(super) audience: u64,
    /// In all, those of the audience included.
    pub(super) everyone: u64,
}

impl Counts {
    /// Outside the audience.
    pub(super) fn outside(self) -> u64 {
        self.everyone - self.audience
    }

    pub(super) fn add(&mut self, other: Self) {
        self.audience += other.audience;
        self.everyone += other.everyone;
    }
}

/// The users of one value, or of several that share a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) kind: CellKind,
    pub(super) label: String,
    /// Where the value comes among those of its dimension.
    pub(super) position: usize,
    pub(super) counts: Counts,
    /// Whether the counts are kept from view.
    pub(super) is_hidden: bool,
}

impl Cell {
    pub(super) fn new(kind: CellKind, label: impl Into<String>, position: usize, counts: Counts) -> Self {
        Self { kind, label: label.into(), position, counts, is_hidden: false }
    }
}

/// The users of each of `value_count` values, given by position, and those of whom it is unknown.
pub(super) fn tally(
    positions: impl Iterator<Item = Option<usize>>,
    value_count: usize,
    members: &Bitmap,
) -> (Vec<Counts>, Counts) {
    let mut known = vec![Counts::default(); value_count];
    let mut unknown = Counts::default();
    for (user, position) in positions.enumerate() {
        let counts = position.and_then(|position| known.get_mut(position)).unwrap_or(&mut unknown);
        counts.everyone += 1;
        counts.audience += u64::from(members.get(user));
    }
    (known, unknown)
}
