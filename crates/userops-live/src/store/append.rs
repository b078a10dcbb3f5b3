//! Taking entries in: duplicates are found, the rest is written in one transaction.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use redb::ReadTransaction;
use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::id::UserId;

use super::block::{BlockWriter, seal};
use super::encoding;
use super::entry::Entry;
use super::failure::{from_redb, guard};
use super::index::{ENTRIES_MAX, hash_id, list_id};
use super::read::BlockReader;
use super::totals::Totals;
use super::{BLOCKS, IDS, Store};

/// What became of each entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appended {
    /// A line per entry, in the order of the batch.
    pub arrivals: Vec<Arrival>,
    /// Entries that were taken in.
    pub new_count: u64,
    /// Events whose id was seen before, in the store or earlier in the batch.
    pub duplicate_count: u64,
    /// Those of them whose user, time, name or amount differ from the first arrival's.
    pub conflicting_count: u64,
}

/// What became of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was taken in.
    New {
        /// Its number.
        sequence: u64,
    },
    /// It is an event with an id that was seen before, and was left out.
    Duplicate {
        /// The number of the first arrival.
        sequence: u64,
        /// Whether user, time, name or amount differ from the first arrival's.
        is_conflicting: bool,
    },
}

/// A batch before it is written.
#[derive(Debug)]
struct Batch<'a> {
    appended: Appended,
    next: u64,
    writer: BlockWriter,
    /// The list of ids of each block.
    lists: Vec<(u64, Vec<u8>)>,
    /// What the index learns once the batch is on disk.
    hashes: Vec<(u32, u64)>,
    /// The entries of this batch that have ids: number and position.
    seen: HashMap<&'a str, (u64, usize), RandomState>,
}

impl Store {
    /// Appends entries in one transaction: when this returns, all of them are on disk, and stay there.
    ///
    /// An event whose id was seen before, in the store or earlier in the batch, is left out, whatever else it says: the first
    /// arrival wins, as in a log. Entries without an id are always taken in. The store keeps what it is given; whether a
    /// value fits a schema is for the host to ask first, or for [`Store::to_event_log`] to say later. Cost: one flush to disk a batch, so
    /// that larger batches are faster by far; without a new entry nothing is written.
    ///
    /// # Errors
    /// `LimitExceeded` for an entry above 16 MiB or more than 4,294,967,295 entries; `InvalidArgument` for a value of a type
    /// that cannot be stored; then nothing of the batch is taken in. `Io` or `InvalidFormat` where the disk fails: then the store takes nothing more, and who opens it
    /// again finds the whole batch there or nothing of it.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Appended> {
        let batch = self.plan_batch(entries)?;
        if batch.appended.new_count == 0 {
            return Ok(batch.appended);
        }
        let Batch { appended, next, writer, lists, hashes, .. } = batch;
        let (entry_count, id_count) = (next - 1, self.totals.id_count + hashes.len() as u64);
        self.write_totals(Totals { entry_count, id_count, ..self.totals }, |transaction| {
            let mut blocks = transaction.open_table(BLOCKS).map_err(from_redb)?;
            for (first, block) in writer.finish() {
                blocks.insert(first, &block[..]).map_err(from_redb)?;
            }
            let mut ids = transaction.open_table(IDS).map_err(from_redb)?;
            for (first, list) in &lists {
                ids.insert(first, &seal(*first, list)[..]).map_err(from_redb)?;
            }
            Ok(())
        })?;
        hashes.into_iter().for_each(|(hash, sequence)| self.index.insert(hash, sequence));
        Ok(appended)
    }

    /// Encodes what is new, and writes nothing.
    fn plan_batch<'a>(&self, entries: &'a [Entry]) -> Result<Batch<'a>> {
        let mut batch = Batch {
            appended: Appended::default(),
            next: self.totals.entry_count + 1,
            writer: BlockWriter::default(),
            lists: Vec::new(),
            hashes: Vec::new(),
            seen: HashMap::default(),
        };
        let mut stored = StoredEvents { store: self, reader: None };
        let mut bytes = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            let id = entry.id().map(|id| (id, hash_id(self.seed, id)));
            if let Some((sequence, is_conflicting)) = batch.first_arrival(entries, entry, id, &mut stored)? {
                batch.appended.duplicate_count += 1;
                batch.appended.conflicting_count += u64::from(is_conflicting);
                batch.appended.arrivals.push(Arrival::Duplicate { sequence, is_conflicting });
                continue;
            }
            bytes.clear();
            let place =
                |error: Error| error.at(format!("entry {} of the batch", position + 1)).at(self.folder.display());
            encoding::encode(entry, &mut bytes).map_err(place)?;
            batch.push(position, id, &bytes).map_err(place)?;
        }
        Ok(batch)
    }
}

impl<'a> Batch<'a> {
    /// The number of the event that came first with the same id, and whether this one differs from it.
    fn first_arrival(
        &self,
        entries: &[Entry],
        entry: &Entry,
        id: Option<(&str, u32)>,
        stored: &mut StoredEvents<'_>,
    ) -> Result<Option<(u64, bool)>> {
        let Some((id, hash)) = id else { return Ok(None) };
        match self.seen.get(id) {
            Some((sequence, position)) => Ok(Some((*sequence, differs(&entries[*position], entry)))),
            None => stored.find(id, hash, entry),
        }
    }

    fn push(&mut self, position: usize, id: Option<(&'a str, u32)>, bytes: &[u8]) -> Result<()> {
        let sequence = self.next;
        if sequence > ENTRIES_MAX {
            let message = format!("the store holds {ENTRIES_MAX} entries, which is the limit: go on in a new folder");
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        }
        let (block, position_in_block) = self.writer.push(sequence, bytes);
        if let Some((id, hash)) = id {
            if self.lists.last().is_none_or(|(first, _)| *first != block) {
                self.lists.push((block, Vec::new()));
            }
            if let Some((_, list)) = self.lists.last_mut() {
                list_id(list, hash, position_in_block);
            }
            self.hashes.push((hash, sequence));
            self.seen.insert(id, (sequence, position));
        }
        self.appended.arrivals.push(Arrival::New { sequence });
        self.appended.new_count += 1;
        self.next += 1;
        Ok(())
    }
}

/// Looks up events in the store. Batches that are sent again come in their old order, so the block that was read last has most of them.
struct StoredEvents<'a> {
    store: &'a Store,
    reader: Option<BlockReader>,
}

impl StoredEvents<'_> {
    /// The number of the event with this id, and whether `entry` differs from it.
    fn find(&mut self, id: &str, hash: u32, entry: &Entry) -> Result<Option<(u64, bool)>> {
        for sequence in self.store.index.candidates(hash) {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                empty => empty.insert(self.store.read(BlockReader::new)?),
            };
            let first = guard(&self.store.folder, || reader.entry(sequence))?;
            if first.id() == Some(id) {
                return Ok(Some((sequence, differs(first, entry))));
            }
        }
        Ok(None)
    }
}

impl BlockReader {
    fn new(transaction: &ReadTransaction) -> Result<Self> {
        Ok(Self::of(transaction.open_table(BLOCKS).map_err(from_redb)?))
    }
}

/// Whether two events with one id contradict each other, by what a log compares as well.
fn differs(first: &Entry, second: &Entry) -> bool {
    let facts = |event: &Event| (event.time, event.amount);
    match (first, second) {
        (Entry::Event(first), Entry::Event(second)) => {
            facts(first) != facts(second) || first.name != second.name || !is_same_user(&first.user, &second.user)
        }
        _ => true,
    }
}

/// A log has ids of one type, so that an integer there is the text that it is written as.
fn is_same_user(first: &UserId, second: &UserId) -> bool {
    match (first, second) {
        (UserId::Integer(number), UserId::Text(text)) | (UserId::Text(text), UserId::Integer(number)) => {
            number.to_string() == **text
        }
        _ => first == second,
    }
}
