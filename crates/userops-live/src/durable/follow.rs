//! Changes on disk, and those who follow them.

use userops::error::{Error, ErrorKind, Result};
use userops::live::Change;

use super::{DurableEngine, NumberedChange};
use crate::store::{self, ChangeId};

impl DurableEngine {
    pub(super) fn journal(&mut self, changes: &[NumberedChange]) -> Result<()> {
        if !self.options.journal || changes.is_empty() {
            return Ok(());
        }
        let bytes = |numbered: &NumberedChange| {
            let bytes = serde_json::to_vec(&numbered.change).map_err(unwritable)?;
            Ok(store::Change { id: numbered.id, bytes })
        };
        let changes: Vec<store::Change> = changes.iter().map(bytes).collect::<Result<_>>()?;
        self.store.put_changes(&changes).map(drop)
    }

    /// The cursor of a subscriber, who is new where there is none of the name: the last change that was acknowledged.
    ///
    /// # Errors
    /// As [`Store::subscribe`](store::Store::subscribe).
    pub fn subscribe(&mut self, name: &str) -> Result<ChangeId> {
        self.store.subscribe(name)
    }

    /// The changes after a cursor, at most `limit` of them, in order. They are handed out until they are acknowledged: at least once.
    ///
    /// # Errors
    /// As [`Store::changes_after`](store::Store::changes_after).
    pub fn changes_after(&self, cursor: ChangeId, limit: usize) -> Result<Vec<NumberedChange>> {
        let read = |change: store::Change| {
            let read: Change = serde_json::from_slice(&change.bytes).map_err(|error| {
                Error::new(ErrorKind::InvalidFormat, format!("the change {} cannot be read: {error}", change.id))
            })?;
            Ok(NumberedChange { id: change.id, change: read })
        };
        self.store.changes_after(cursor, limit)?.into_iter().map(read).collect()
    }

    /// Moves a subscriber's cursor on: what stands up to it is dealt with. What all subscribers have dealt with is dropped.
    ///
    /// # Errors
    /// As [`Store::acknowledge`](store::Store::acknowledge) and [`Store::prune_changes`](store::Store::prune_changes).
    pub fn acknowledge(&mut self, name: &str, cursor: ChangeId) -> Result<()> {
        self.store.acknowledge(name, cursor)?;
        self.store.prune_changes().map(drop)
    }
}

fn unwritable(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidFormat, format!("it cannot be written: {error}"))
}
