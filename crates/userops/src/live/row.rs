//! The events that a user's state still needs, in rows of words.

use serde::{Deserialize, Serialize};

/// Words of a row before its fields: the instant, the patterns that it matches, its local day and which fields are known.
pub(super) const HEAD_WORDS: usize = 3;

/// Room for how many rows is made at least.
const ROWS_MORE: usize = 4;

/// One event, as far as any definition looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'r>(&'r [u64]);

impl<'r> Row<'r> {
    pub(super) fn new(words: &'r [u64]) -> Self {
        Self(words)
    }

    pub(super) fn time(self) -> i64 {
        self.0[0] as i64
    }

    /// A bit for each pattern that the event matches.
    pub(super) fn patterns(self) -> u64 {
        self.0[1]
    }

    /// The local day of the instant.
    pub(super) fn day(self) -> i32 {
        self.0[2] as u32 as i32
    }

    /// The word of a field, where the event has it.
    pub(super) fn field(self, index: usize) -> Option<u64> {
        (self.0[2] >> (32 + index) & 1 == 1).then(|| self.0[HEAD_WORDS + index])
    }
}

/// Writes the head of a row: fields follow, `known` has a bit for each.
pub(super) fn push_head(words: &mut Vec<u64>, time: i64, patterns: u64, day: i32, known: u32) {
    words.extend([time as u64, patterns, u64::from(day as u32) | u64::from(known) << 32]);
}

/// Rows in order of time, then arrival.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Rows {
    words: Vec<u64>,
    stride: u32,
}

impl Rows {
    pub(super) fn new(field_count: usize) -> Self {
        Self { words: Vec::new(), stride: (HEAD_WORDS + field_count) as u32 }
    }

    /// Whether each row has room for so many fields, and the last one is whole.
    pub(super) fn has_fields(&self, count: usize) -> bool {
        self.stride as usize == HEAD_WORDS + count && self.words.len().is_multiple_of(self.stride as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.words.len() / self.stride as usize
    }

    pub(super) fn get(&self, index: usize) -> Row<'_> {
        let stride = self.stride as usize;
        Row(&self.words[index * stride..(index + 1) * stride])
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + '_ {
        self.words.chunks_exact(self.stride as usize).map(Row)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The instant of a row; 0 where there is none.
    pub(super) fn time_at(&self, index: usize) -> i64 {
        self.words.get(index * self.stride as usize).map_or(0, |word| *word as i64)
    }

    /// How many rows come before the first one at which `is_after` holds; rows for which it does not come first.
    pub(super) fn count_until(&self, is_after: impl Fn(Row<'_>) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_after(self.get(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    pub(super) fn push(&mut self, row: Row<'_>) {
        if self.words.len() + row.0.len() > self.words.capacity() {
            // Half as much again: there are many users, most of whom do little.
            self.words.reserve_exact(row.0.len() * (self.len() / 2).max(ROWS_MORE));
        }
        self.words.extend_from_slice(row.0);
    }

    pub(super) fn insert(&mut self, index: usize, row: Row<'_>) {
        let at = index * self.stride as usize;
        self.words.splice(at..at, row.0.iter().copied());
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.words.truncate(len * self.stride as usize);
    }

    /// Keeps the rows for which `keep` holds, and tells for some places, ascending, where they are now.
    pub(super) fn retain(&mut self, keep: impl Fn(usize, Row<'_>) -> bool, places: &mut [&mut u32]) {
        let stride = self.stride as usize;
        let mut kept = 0;
        let count = self.len();
        let mut moved: Vec<u32> = Vec::with_capacity(count + 1);
        for index in 0..count {
            moved.push(kept as u32);
            if keep(index, Row(&self.words[index * stride..(index + 1) * stride])) {
                self.words.copy_within(index * stride..(index + 1) * stride, kept * stride);
                kept += 1;
            }
        }
        moved.push(kept as u32);
        places.iter_mut().for_each(|place| **place = moved[**place as usize]);
        self.truncate(kept);
    }

    /// Gives memory back that rows will hardly take again.
    pub(super) fn shrink(&mut self) {
        self.words.shrink_to(self.words.len() + self.stride as usize * (self.len() / 2).max(ROWS_MORE));
    }

    /// Bytes that are held.
    pub(super) fn byte_len(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}
