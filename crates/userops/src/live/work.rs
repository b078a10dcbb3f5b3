//! What looking at users needs beside plan and user, used again for each.

use serde::{Deserialize, Serialize};

use super::job::Bits;
use super::look::LookScratch;
use super::slot::Slot;
use crate::column::Interner;

/// A change of one column of a user's answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct AnswerChange {
    pub(super) column: usize,
    pub(super) from: Slot,
    pub(super) to: Slot,
    /// The instant at which it holds.
    pub(super) at: i64,
}

/// Scratch, the list of texts, and the changes so far.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveWork {
    pub(super) texts: Interner,
    pub(super) scratch: LookScratch,
    /// Definitions whose answer may be another.
    pub(super) dirty: Bits,
    pub(super) changes: Vec<AnswerChange>,
    pub(super) fresh: Vec<Slot>,
    pub(super) ranks: Vec<Slot>,
}
