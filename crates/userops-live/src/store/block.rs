//! Entries lie in blocks, and everything that is kept carries a checksum over its place and its bytes.
//!
//! A block of many entries costs one key of the tree instead of many, and one page that is written from end to end.

use twox_hash::XxHash3_64;
use userops::error::Result;

use super::encoding::{self, VERSION};
use super::entry::Entry;
use super::failure::damaged;

/// Bytes of entries in a block, unless one entry alone has more: with key and heading a little less than four pages of the tree,
/// whose pages for large values are powers of two.
const BLOCK_BYTES: usize = 16_000;
/// Entries in a block at the most, so that a position in it fits two bytes and one entry is read without many others.
pub(super) const BLOCK_ENTRIES_MAX: usize = 1_024;
/// Bytes of a checksum.
const CHECKSUM_BYTES: usize = 8;

/// Puts a checksum over its place and its bytes before some bytes.
pub(super) fn seal(place: u64, bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(CHECKSUM_BYTES + bytes.len());
    sealed.extend_from_slice(&checksum(place, bytes).to_le_bytes());
    sealed.extend_from_slice(bytes);
    sealed
}

/// The bytes behind a checksum that is right; `None` where it is not.
pub(super) fn unseal(place: u64, sealed: &[u8]) -> Option<&[u8]> {
    let (stored, bytes) = sealed.split_first_chunk::<CHECKSUM_BYTES>()?;
    (u64::from_le_bytes(*stored) == checksum(place, bytes)).then_some(bytes)
}

fn checksum(place: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(place, bytes)
}

/// Entries on their way into blocks.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    /// Finished blocks: the sequence number of the first entry, and the bytes.
    blocks: Vec<(u64, Vec<u8>)>,
    first: u64,
    count: u16,
    open: Vec<u8>,
}

impl BlockWriter {
    /// Appends an entry's bytes, and says which block they are in and the how-manieth in it.
    pub(super) fn push(&mut self, sequence: u64, entry: &[u8]) -> (u64, u16) {
        let is_full = self.open.len() + entry.len() > BLOCK_BYTES || usize::from(self.count) >= BLOCK_ENTRIES_MAX;
        if self.count > 0 && is_full {
            self.close();
        }
        if self.count == 0 {
            self.first = sequence;
        }
        self.open.extend_from_slice(entry);
        self.count += 1;
        (self.first, self.count - 1)
    }

    fn close(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(self.open.len() + 3);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.append(&mut self.open);
        self.blocks.push((self.first, seal(self.first, &bytes)));
        self.count = 0;
    }

    /// All blocks, ascending.
    pub(super) fn finish(mut self) -> Vec<(u64, Vec<u8>)> {
        self.close();
        self.blocks
    }
}

/// How many entries a block holds, and their bytes.
fn open_block(first: u64, sealed: &[u8]) -> Result<(u16, &[u8])> {
    let wrong = || damaged(format!("the entries from {first} on do not fit their checksum"));
    let (heading, entries) = unseal(first, sealed).and_then(<[u8]>::split_first_chunk::<3>).ok_or_else(wrong)?;
    let [version, low, high] = *heading;
    if version != VERSION {
        return Err(damaged(format!(
            "the entries from {first} on are in version {version} of the encoding, and this library reads {VERSION}"
        )));
    }
    Ok((u16::from_le_bytes([low, high]), entries))
}

/// How many entries a block holds.
pub(super) fn entry_count(first: u64, sealed: &[u8]) -> Result<u64> {
    open_block(first, sealed).map(|(count, _)| u64::from(count))
}

/// The entries of a block.
pub(super) fn read_block(first: u64, sealed: &[u8]) -> Result<Vec<Entry>> {
    let (count, mut bytes) = open_block(first, sealed)?;
    let mut entries = Vec::with_capacity(usize::from(count).min(BLOCK_ENTRIES_MAX));
    for position in 0..u64::from(count) {
        let entry = encoding::decode(&mut bytes);
        entries.push(entry.ok_or_else(|| damaged(format!("the entry {} cannot be decoded", first + position)))?);
    }
    Ok(entries)
}
