//! Reading entries back, in their order.

use std::vec;

use redb::{Range, ReadOnlyTable};
use userops::error::{Error, Result};

use super::block::{self, read_block};
use super::entry::Entry;
use super::failure::{damaged, from_redb, guard};
use super::{BLOCKS, Store};

impl Store {
    /// The entries from this number on, ascending, each with its number; none where it is beyond the last.
    ///
    /// A damaged place gives an error, with which the iteration ends. Blocks are read one by one: memory stays small.
    #[must_use]
    pub fn entries_from(&self, sequence: u64) -> Entries<'_> {
        let next = sequence.max(1);
        let mut entries =
            Entries { store: self, blocks: None, next, block: Vec::new().into_iter(), failure: None, is_done: false };
        if next <= self.totals.entry_count {
            match self.blocks_from(next) {
                Ok(blocks) => entries.blocks = Some(blocks),
                Err(error) => entries.failure = Some(error),
            }
        }
        entries
    }

    /// The blocks from that of an entry on.
    fn blocks_from(&self, sequence: u64) -> Result<Range<'static, u64, &'static [u8]>> {
        self.read(|transaction| {
            let blocks = transaction.open_table(BLOCKS).map_err(from_redb)?;
            let first = match blocks.range(..=sequence).map_err(from_redb)?.next_back() {
                Some(found) => found.map_err(from_redb)?.0.value(),
                None => sequence,
            };
            blocks.range(first..).map_err(from_redb)
        })
    }
}

/// Entries with their numbers; see [`Store::entries_from`].
pub struct Entries<'a> {
    store: &'a Store,
    blocks: Option<Range<'static, u64, &'static [u8]>>,
    /// The number of the next entry.
    next: u64,
    /// What is left of the block that was read last.
    block: vec::IntoIter<Entry>,
    failure: Option<Error>,
    is_done: bool,
}

impl std::fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries").field("folder", &self.store.folder).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Entries<'_> {
    /// Reads the block in which the next entry is. `false` at the end.
    fn read_block(&mut self) -> Result<bool> {
        let Some(blocks) = &mut self.blocks else { return Ok(false) };
        let (next, last) = (self.next, self.store.totals.entry_count);
        let block = guard(&self.store.folder, || {
            let Some(found) = blocks.next() else {
                return if next > last { Ok(None) } else { Err(missing(next)) };
            };
            let (first, bytes) = found.map_err(from_redb)?;
            let first = first.value();
            let entries = read_block(first, bytes.value())?;
            let end = first + entries.len() as u64;
            // The first block may begin before the entry that is asked for, and no other one may.
            let is_in_place =
                first == next || (first < next && next < end && next - first < block::BLOCK_ENTRIES_MAX as u64);
            if is_in_place { Ok(Some((first, entries))) } else { Err(missing(next)) }
        })?;
        let Some((first, entries)) = block else { return Ok(false) };
        self.block = entries.into_iter();
        if next > first {
            self.block.nth((next - first - 1) as usize);
        }
        Ok(true)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, Entry)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        if let Some(failure) = self.failure.take() {
            self.is_done = true;
            return Some(Err(failure));
        }
        loop {
            if let Some(entry) = self.block.next() {
                self.next += 1;
                return Some(Ok((self.next - 1, entry)));
            }
            match self.read_block() {
                Ok(true) => {}
                Ok(false) => {
                    self.is_done = true;
                    return None;
                }
                Err(error) => {
                    self.is_done = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl std::iter::FusedIterator for Entries<'_> {}

/// Reads single entries, and keeps the block of the last.
pub(super) struct BlockReader {
    table: ReadOnlyTable<u64, &'static [u8]>,
    first: u64,
    entries: Vec<Entry>,
}

impl BlockReader {
    pub(super) fn of(table: ReadOnlyTable<u64, &'static [u8]>) -> Self {
        Self { table, first: 0, entries: Vec::new() }
    }

    /// The entry of a number.
    pub(super) fn entry(&mut self, sequence: u64) -> Result<&Entry> {
        let is_here = sequence >= self.first && sequence - self.first < self.entries.len() as u64;
        if !is_here {
            let found = self.table.range(..=sequence).map_err(from_redb)?.next_back();
            let (first, bytes) = found.ok_or_else(|| missing(sequence))?.map_err(from_redb)?;
            self.first = first.value();
            self.entries = read_block(self.first, bytes.value())?;
        }
        self.entries.get((sequence - self.first) as usize).ok_or_else(|| missing(sequence))
    }
}

fn missing(sequence: u64) -> Error {
    damaged(format!("the entry {sequence} is not where it belongs"))
}
