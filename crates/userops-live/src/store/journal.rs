//! The journal of changes, and how far each of those who read it has come.
//!
//! Whoever follows the changes has a name and a durable cursor: the last change that was acknowledged. What comes after it is handed
//! out as often as it is asked for, so each change arrives at least once, and its id tells a second time from the first.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use userops::error::{Error, ErrorKind, Result};

use super::block::{seal, unseal};
use super::failure::{damaged, from_redb, invalid_argument};
use super::{FACTS, Store};

type Key = (u64, u32);

/// Changes by entry and index.
const CHANGES: TableDefinition<'static, Key, &[u8]> = TableDefinition::new("changes");
/// The last change that each subscriber has acknowledged.
const SUBSCRIBERS: TableDefinition<'static, &str, Key> = TableDefinition::new("subscribers");
/// The last change that was ever put in.
const LAST_FACT: &str = "last_change";
/// The last change that was pruned.
const PRUNED_FACT: &str = "pruned_change";

/// Which change it is: the entry that brought it about, and the how-manieth of that entry.
///
/// As a cursor it stands for everything up to and with this change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeId {
    /// The number of the entry.
    pub sequence: u64,
    /// From 0.
    pub index: u32,
}

impl ChangeId {
    /// The cursor before all changes.
    pub const START: Self = Self { sequence: 0, index: 0 };

    /// The change of this entry and index.
    #[must_use]
    pub const fn new(sequence: u64, index: u32) -> Self {
        Self { sequence, index }
    }

    fn key(self) -> Key {
        (self.sequence, self.index)
    }
}

impl From<Key> for ChangeId {
    fn from((sequence, index): Key) -> Self {
        Self { sequence, index }
    }
}

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.sequence, self.index)
    }
}

/// A change, as bytes that mean something to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which one.
    pub id: ChangeId,
    /// What the host gave.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Puts changes into the journal in one transaction, ascending, and says how many of them are new.
    ///
    /// They are there for everybody who asks at once, but not flushed by themselves: they are on disk with the next append, snapshot or
    /// acknowledgement, and when the store is closed. What a crash takes with it is what came of entries after the last snapshot, and
    /// whoever works these off again puts the same changes in again: one whose id was put in before is left out, whether it is still
    /// there or pruned.
    ///
    /// # Errors
    /// `InvalidArgument`, and nothing is put in, for a change of an entry that is not there, and for one that is new and yet
    /// not after the last: a subscriber who has passed would never see it. `Io` where it cannot be written.
    pub fn put_changes(&mut self, changes: &[Change]) -> Result<u64> {
        if changes.is_empty() {
            return Ok(0);
        }
        let last_sequence = self.totals.entry_count;
        self.write_unflushed(|transaction| insert_changes(transaction, changes, last_sequence))
    }

    /// The changes after a cursor, ascending, at the most `limit` of them; those that are pruned are no longer there.
    ///
    /// # Errors
    /// `InvalidFormat` for a damaged change; `Io` where it cannot be read.
    pub fn changes_after(&self, cursor: ChangeId, limit: usize) -> Result<Vec<Change>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.read(|transaction| {
            let table = transaction.open_table(CHANGES).map_err(from_redb)?;
            let found = table.range::<Key>((Excluded(cursor.key()), Unbounded)).map_err(from_redb)?;
            let read = |found: Result<(redb::AccessGuard<'_, Key>, redb::AccessGuard<'_, &[u8]>), _>| {
                let (key, sealed) = found.map_err(from_redb)?;
                let id = ChangeId::from(key.value());
                let bytes = unseal(place(id), sealed.value())
                    .ok_or_else(|| damaged(format!("the change {id} does not fit its checksum")))?;
                Ok(Change { id, bytes: bytes.to_vec() })
            };
            found.take(limit).map(read).collect()
        })
    }

    /// The last change that was ever put in; [`ChangeId::START`] where none was.
    ///
    /// # Errors
    /// `Io` or `InvalidFormat` where it cannot be read.
    pub fn last_change(&self) -> Result<ChangeId> {
        self.read(|transaction| read_mark(&transaction.open_table(FACTS).map_err(from_redb)?, LAST_FACT))
    }

    /// The cursor of a subscriber: the last change acknowledged by that name. A new one begins with the first change that is there.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty name; `Io` where it cannot be written.
    pub fn subscribe(&mut self, name: &str) -> Result<ChangeId> {
        if name.is_empty() {
            return Err(invalid_argument("a subscriber needs a name, by which it finds its cursor again")
                .at(self.folder.display()));
        }
        if let Some((_, cursor)) = self.subscribers()?.into_iter().find(|(known, _)| known == name) {
            return Ok(cursor);
        }
        self.write(|transaction| {
            let start = read_mark(&transaction.open_table(FACTS).map_err(from_redb)?, PRUNED_FACT)?;
            let mut subscribers = transaction.open_table(SUBSCRIBERS).map_err(from_redb)?;
            subscribers.insert(name, start.key()).map_err(from_redb)?;
            Ok(start)
        })
    }

    /// Moves a subscriber's cursor on to a change, when what it stands for has been dealt with. A cursor never goes back.
    ///
    /// # Errors
    /// `UnknownName` where nobody has subscribed by that name; `InvalidArgument` for a change that has never been put in; `Io` where
    /// it cannot be written.
    pub fn acknowledge(&mut self, name: &str, cursor: ChangeId) -> Result<()> {
        let last = self.last_change()?;
        if cursor > last {
            let message = format!("the change {cursor} cannot be acknowledged: the last one is {last}");
            return Err(invalid_argument(message).at(self.folder.display()));
        }
        self.write(|transaction| {
            let mut subscribers = transaction.open_table(SUBSCRIBERS).map_err(from_redb)?;
            let known = subscribers.get(name).map_err(from_redb)?.map(|known| known.value());
            match known {
                None => Err(unknown_subscriber(name, &read_subscribers(&subscribers)?)),
                Some(known) if known >= cursor.key() => Ok(()),
                Some(_) => subscribers.insert(name, cursor.key()).map_err(from_redb).map(drop),
            }
        })
    }

    /// Forgets a subscriber, for whom nothing is kept any longer. `false` where there is none.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn unsubscribe(&mut self, name: &str) -> Result<bool> {
        self.write(|transaction| {
            let mut subscribers = transaction.open_table(SUBSCRIBERS).map_err(from_redb)?;
            let removed = subscribers.remove(name).map_err(from_redb)?;
            Ok(removed.is_some())
        })
    }

    /// The subscribers and their cursors, by name.
    ///
    /// # Errors
    /// `Io` or `InvalidFormat` where they cannot be read.
    pub fn subscribers(&self) -> Result<Vec<(String, ChangeId)>> {
        self.read(|transaction| read_subscribers(&transaction.open_table(SUBSCRIBERS).map_err(from_redb)?))
    }

    /// Drops the changes that all subscribers have acknowledged, and says how many. Without a subscriber nothing is dropped.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn prune_changes(&mut self) -> Result<u64> {
        let Some(passed) = self.subscribers()?.into_iter().map(|(_, cursor)| cursor).min() else { return Ok(0) };
        self.write(|transaction| {
            let mut facts = transaction.open_table(FACTS).map_err(from_redb)?;
            if passed <= read_mark(&facts, PRUNED_FACT)? {
                return Ok(0);
            }
            let mut changes = transaction.open_table(CHANGES).map_err(from_redb)?;
            let mut count = 0;
            let drop_all = |_: Key, _: &[u8]| {
                count += 1;
                false
            };
            changes.retain_in(..=passed.key(), drop_all).map_err(from_redb)?;
            write_mark(&mut facts, PRUNED_FACT, passed)?;
            Ok(count)
        })
    }
}

/// Puts changes of entries up to the last one into the journal, and says how many are new.
fn insert_changes(transaction: &WriteTransaction, changes: &[Change], last_sequence: u64) -> Result<u64> {
    let mut facts = transaction.open_table(FACTS).map_err(from_redb)?;
    let pruned = read_mark(&facts, PRUNED_FACT)?;
    let mut last = read_mark(&facts, LAST_FACT)?;
    let mut table = transaction.open_table(CHANGES).map_err(from_redb)?;
    let mut new_count = 0;
    for Change { id, bytes } in changes {
        if id.sequence == 0 || id.sequence > last_sequence {
            let message = format!("the change {id} is of an entry that is not there: they are 1 to {last_sequence}");
            return Err(invalid_argument(message));
        }
        if *id > last {
            table.insert(id.key(), &seal(place(*id), bytes)[..]).map_err(from_redb)?;
            (last, new_count) = (*id, new_count + 1);
        } else if *id > pruned && table.get(id.key()).map_err(from_redb)?.is_none() {
            return Err(invalid_argument(format!(
                "the change {id} is new, and yet not after the last, {last}: put changes in in their order"
            )));
        }
    }
    write_mark(&mut facts, LAST_FACT, last)?;
    Ok(new_count)
}

/// Makes the tables, so that readers find them.
pub(super) fn open_tables(transaction: &WriteTransaction) -> Result<()> {
    transaction.open_table(CHANGES).map_err(from_redb)?;
    transaction.open_table(SUBSCRIBERS).map_err(from_redb).map(drop)
}

fn read_subscribers(table: &impl ReadableTable<&'static str, Key>) -> Result<Vec<(String, ChangeId)>> {
    let found = table.iter().map_err(from_redb)?;
    let read = |found: Result<(redb::AccessGuard<'_, &str>, redb::AccessGuard<'_, Key>), _>| {
        let (name, cursor) = found.map_err(from_redb)?;
        Ok((name.value().to_owned(), cursor.value().into()))
    };
    found.map(read).collect()
}

fn unknown_subscriber(name: &str, known: &[(String, ChangeId)]) -> Error {
    let known: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Error::new(
        ErrorKind::UnknownName,
        format!("nobody has subscribed by the name {name:?}: call `subscribe` first; known: {known}"),
    )
}

/// A mark of the journal; the start where it was never set.
fn read_mark(facts: &impl ReadableTable<&'static str, &'static [u8]>, name: &str) -> Result<ChangeId> {
    let Some(found) = facts.get(name).map_err(from_redb)? else { return Ok(ChangeId::START) };
    let mark = unseal(0, found.value()).and_then(|bytes| {
        let (sequence, index) = bytes.split_first_chunk::<8>()?;
        Some(ChangeId::new(u64::from_le_bytes(*sequence), u32::from_le_bytes(index.try_into().ok()?)))
    });
    mark.ok_or_else(|| damaged(format!("the mark {name} of the journal does not fit its checksum")))
}

fn write_mark(facts: &mut Table<'_, &'static str, &'static [u8]>, name: &str, mark: ChangeId) -> Result<()> {
    let bytes = [&mark.sequence.to_le_bytes()[..], &mark.index.to_le_bytes()[..]].concat();
    facts.insert(name, &seal(0, &bytes)[..]).map_err(from_redb).map(drop)
}

/// What the checksum of a change is taken over beside its bytes: both numbers, mixed so that each tells.
fn place(id: ChangeId) -> u64 {
    id.sequence << 32 | u64::from(id.index)
}
