//! Which event ids have been seen: a hash of each, and the number of its entry.
//!
//! The index is kept in memory, 10 to 21 bytes an id, and built again when a store is opened from lists of hashes on
//! disk. A tree of random ids on disk would write a page for almost every event: docs/live.md has the figures.

use hashbrown::HashTable;
use twox_hash::XxHash3_64;
use userops::error::Result;

use super::block;
use super::failure::damaged;

/// Entries that a store can hold: the number of each fits four bytes, as a row's in a log does.
pub(super) const ENTRIES_MAX: u64 = u32::MAX as u64;
/// Bytes of an id in its list: the hash and the position in its block.
const LISTED_BYTES: usize = 6;
/// An odd number without pattern (the golden ratio in 64 bits), which spreads 32 bits over 64.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// An id's hash: of 32 bits, for the texts are compared where two have the same. The seed is drawn for each store, so that nobody
/// who chooses ids can choose those that meet.
pub(super) fn hash_id(seed: u64, id: &str) -> u32 {
    (XxHash3_64::oneshot_with_seed(seed, id.as_bytes()) >> 32) as u32
}

/// Hashes and the entries that have them.
#[derive(Debug, Default)]
pub(super) struct IdIndex {
    /// The hash in the upper half, the sequence number in the lower.
    slots: HashTable<u64>,
}

impl IdIndex {
    pub(super) fn insert(&mut self, hash: u32, sequence: u64) {
        let slot = u64::from(hash) << 32 | (sequence & ENTRIES_MAX);
        self.slots.insert_unique(spread(hash), slot, |slot| spread((slot >> 32) as u32));
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// The entries whose id may be the one with this hash.
    pub(super) fn candidates(&self, hash: u32) -> impl Iterator<Item = u64> + '_ {
        self.slots
            .iter_hash(spread(hash))
            .filter(move |slot| (**slot >> 32) as u32 == hash)
            .map(|slot| slot & ENTRIES_MAX)
    }

    /// Takes in the ids of one block from their list.
    pub(super) fn insert_list(&mut self, first: u64, sealed: &[u8]) -> Result<()> {
        let wrong = || damaged(format!("the list of ids from entry {first} on does not fit its checksum"));
        let list = block::unseal(first, sealed).ok_or_else(wrong)?;
        if list.len() % LISTED_BYTES != 0 {
            return Err(wrong());
        }
        for listed in list.chunks_exact(LISTED_BYTES) {
            let [a, b, c, d, low, high] = *listed else { return Err(wrong()) };
            self.insert(u32::from_le_bytes([a, b, c, d]), first + u64::from(u16::from_le_bytes([low, high])));
        }
        Ok(())
    }
}

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(SPREAD)
}

/// Appends an id to the list of its block.
pub(super) fn list_id(list: &mut Vec<u8>, hash: u32, position: u16) {
    list.extend_from_slice(&hash.to_le_bytes());
    list.extend_from_slice(&position.to_le_bytes());
}
