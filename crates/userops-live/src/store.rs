//! A durable log of entries in a folder, with snapshots, a journal of changes and the cursors of its subscribers.
//!
//! Entries are appended in batches. A batch is one transaction and one flush to disk: when [`Store::append`] returns, all of
//! it is there and stays there, whatever happens to the process or the machine; when it does not return, all of it is
//! there or none. An event with an id is taken in once, so that a batch whose fate is not known is simply sent again.
//!
//! ```
//! use userops::event::Event;
//! use userops::time::Timestamp;
//! use userops_live::store::{Entry, Store, StoreOptions};
//!
//! # let temporary = tempfile::tempdir().expect("a folder");
//! # let folder = temporary.path();
//! let at: Timestamp = "2026-03-01T10:00:00Z".parse()?;
//! let order = Entry::from(Event::new("ann", at, "order_paid").with_id("o-1"));
//! let mut store = Store::open(folder, &StoreOptions::default())?;
//! assert_eq!(store.append(&[order.clone()])?.new_count, 1);
//! drop(store);
//!
//! let mut store = Store::open(folder, &StoreOptions::default())?;
//! assert_eq!(store.append(&[order.clone()])?.duplicate_count, 1);
//! assert_eq!(store.entries_from(1).collect::<Result<Vec<_>, _>>()?, [(1, order)]);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod append;
mod block;
mod encoding;
mod entry;
mod export;
mod failure;
mod index;
mod journal;
mod note;
mod open;
mod options;
mod read;
mod snapshot;
#[cfg(test)]
mod tests;
mod totals;

pub use append::{Appended, Arrival};
pub use entry::Entry;
pub use export::ExportedLog;
pub use journal::{Change, ChangeId};
pub use options::StoreOptions;
pub use read::Entries;
pub use snapshot::Snapshot;

use std::path::{Path, PathBuf};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};
use userops::error::{Error, ErrorKind, Result};

use failure::{from_redb, guard};
use index::IdIndex;
use note::Note;
use open::FolderLock;
use totals::Totals;

/// Blocks of entries by the sequence number of the first.
const BLOCKS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("blocks");
/// The hashes of the ids in each block, by the same number.
const IDS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("ids");
/// What the folder is: format, fingerprint, seed of hashes, totals, marks of the journal.
const FACTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("facts");

/// A folder that holds a durable log of entries.
///
/// One process has it open at a time. Sequence numbers count from 1 without gaps. Reading goes on beside nothing else: an append
/// takes the store for itself. Memory: the database's cache (see [`StoreOptions::cache_bytes`]) and 10 to 21 bytes for each event with an id.
///
/// After a write has failed the store refuses all further writes, because only what is on disk can say whether it took place. Open it
/// again, and send the batch again.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// Before the lock, which is let go of last.
    database: Database,
    seed: u64,
    fingerprint: String,
    index: IdIndex,
    totals: Totals,
    has_failed: bool,
    note: Note,
    _lock: FolderLock,
}

impl Store {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the store was made for, as the host has said; see [`StoreOptions::fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.totals.entry_count
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals.entry_count == 0
    }

    /// The number of the last entry; 0 where there is none.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.totals.entry_count
    }

    /// Runs a transaction that is committed, and flushed to disk, where all goes well, and leaves no trace elsewhere.
    fn write<T>(&mut self, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        self.write_totals(self.totals, work)
    }

    /// As [`Store::write`], with the totals of entries and ids that are right after it.
    fn write_totals<T>(&mut self, after: Totals, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        let after = Totals { commit_count: self.totals.commit_count + 1, ..after };
        let answer = self.transact(Durability::Immediate, |transaction| {
            let answer = work(transaction)?;
            after.write(transaction)?;
            Ok(answer)
        })?;
        self.totals = after;
        self.note.write(after.commit_count);
        Ok(answer)
    }

    /// As [`Store::write`], without a flush of its own: whoever reads sees it at once, and the next flush puts it on disk.
    fn write_unflushed<T>(&mut self, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        self.transact(Durability::None, work)
    }

    fn transact<T>(&mut self, durability: Durability, work: impl FnOnce(&WriteTransaction) -> Result<T>) -> Result<T> {
        if self.has_failed {
            let message = "an earlier write failed; open the store again: what was acknowledged is there";
            return Err(Error::new(ErrorKind::Io, message).at(self.folder.display()));
        }
        let done = guard(&self.folder, || {
            let mut transaction = self.database.begin_write().map_err(from_redb)?;
            transaction.set_durability(durability).map_err(from_redb)?;
            let answer = work(&transaction)?;
            transaction.commit().map_err(from_redb)?;
            Ok(answer)
        });
        // What is wrong with an argument is found before anything is written.
        self.has_failed =
            done.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::Io | ErrorKind::InvalidFormat));
        done
    }

    /// Runs work on the state after the last commit.
    fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T>) -> Result<T> {
        guard(&self.folder, || work(&self.database.begin_read().map_err(from_redb)?))
    }
}
