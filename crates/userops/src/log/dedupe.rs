//! Finds second copies of events by their own id.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::chunk::{Chunk, ChunkUsers};
use crate::column::Bitmap;

/// How many events were left out as copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DuplicateCounts {
    /// Events whose id an earlier arrival has.
    pub(crate) duplicate: u64,
    /// Those of them whose user, time, name or amount differ from the earlier arrival's.
    pub(crate) conflicting: u64,
}

/// Leaves out every event whose id an earlier arrival has. Events without an id are never duplicates.
pub(crate) fn remove_duplicates(chunks: &mut [Chunk]) -> DuplicateCounts {
    let mut counts = DuplicateCounts::default();
    let hasher = RandomState::default();
    let mut first_arrivals: HashTable<(u32, u32, u32)> = HashTable::new();
    let mut drops: Vec<Vec<usize>> = chunks.iter().map(|_| Vec::new()).collect();
    for (chunk_ix, chunk) in chunks.iter().enumerate() {
        let Some(ids) = &chunk.ids else { continue };
        for (rank, row) in ids.known.ones().enumerate() {
            let text_of = |(chunk, _, rank): &(u32, u32, u32)| {
                chunks[*chunk as usize].ids.as_ref().map_or("", |ids| ids.texts.text(*rank as usize))
            };
            let text = ids.texts.text(rank);
            let entry = first_arrivals.entry(
                hasher.hash_one(text),
                |seen| text_of(seen) == text,
                |seen| hasher.hash_one(text_of(seen)),
            );
            match entry {
                hashbrown::hash_table::Entry::Vacant(entry) => {
                    entry.insert((chunk_ix as u32, row as u32, rank as u32));
                }
                hashbrown::hash_table::Entry::Occupied(entry) => {
                    let (first_chunk, first_row, _) = *entry.get();
                    let first = (&chunks[first_chunk as usize], first_row as usize);
                    counts.duplicate += 1;
                    counts.conflicting += u64::from(!same_event(first, (chunk, row)));
                    drops[chunk_ix].push(row);
                }
            }
        }
    }
    for (chunk, drops) in chunks.iter_mut().zip(drops).filter(|(_, drops)| !drops.is_empty()) {
        let mut drops = drops.into_iter().peekable();
        let keep: Bitmap = (0..chunk.len()).map(|row| drops.next_if_eq(&row).is_none()).collect();
        chunk.retain(&keep);
    }
    counts
}

fn same_event((a, a_row): (&Chunk, usize), (b, b_row): (&Chunk, usize)) -> bool {
    let same_user = match (&a.users, &b.users) {
        (ChunkUsers::Integer(a), ChunkUsers::Integer(b)) => a[a_row] == b[b_row],
        (ChunkUsers::Text { codes: a, texts: a_texts }, ChunkUsers::Text { codes: b, texts: b_texts }) => {
            a_texts.text(a[a_row] as usize) == b_texts.text(b[b_row] as usize)
        }
        _ => false,
    };
    same_user
        && a.time[a_row] == b.time[b_row]
        && a.names.text(usize::from(a.name[a_row])) == b.names.text(usize::from(b.name[b_row]))
        && a.amount.get(a_row) == b.amount.get(b_row)
}
