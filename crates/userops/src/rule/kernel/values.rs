//! The values of a column in the rows of a block, found by bits.

use std::ops::Range;

use super::bits::{WORD_BITS, copy_bits};
use crate::column::Packed;

/// The known values of a column in some rows.
#[derive(Debug, Clone)]
pub(crate) struct BlockValues<'c, T> {
    column: &'c Packed<T>,
    room: Room,
}

/// Memory that is used again from block to block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Room {
    /// Whether the value of each row is known, from bit 0 on.
    known: Vec<u64>,
    /// For each word how many values are before it in the column.
    before: Vec<usize>,
}

impl<'c, T: Copy> BlockValues<'c, T> {
    pub(crate) fn new(column: &'c Packed<T>) -> Self {
        Self::within(Room::default(), column)
    }

    /// As [`BlockValues::new`], in memory that was used before.
    pub(crate) fn within(room: Room, column: &'c Packed<T>) -> Self {
        Self { column, room }
    }

    /// The memory, to be used again.
    pub(crate) fn into_room(self) -> Room {
        self.room
    }

    /// Moves to other rows.
    pub(crate) fn load(&mut self, rows: &Range<usize>) {
        let words = rows.len().div_ceil(WORD_BITS);
        let Room { known, before } = &mut self.room;
        before.clear();
        match self.column.known() {
            None => {
                known.clear();
                known.resize(words, u64::MAX);
                before.extend((0..=words).map(|word| rows.start + word * WORD_BITS));
            }
            Some(bitmap) => {
                copy_bits(bitmap, rows.clone(), known);
                let mut sum = bitmap.rank(rows.start);
                before.push(sum);
                before.extend(known.iter().map(|word| {
                    sum += word.count_ones() as usize;
                    sum
                }));
            }
        }
    }

    /// How many values of the column are before that of a row, or of the row after the last.
    #[inline]
    fn rank(&self, place: usize) -> usize {
        let (word, bit) = (place / WORD_BITS, place % WORD_BITS);
        let known = self.room.known.get(word).copied().unwrap_or_default();
        self.room.before[word] + (known & !(u64::MAX << bit)).count_ones() as usize
    }

    /// The values from the rows of a word on, those after the block included.
    #[inline]
    pub(crate) fn since_word(&self, word: usize) -> &'c [T] {
        &self.column.values()[self.room.before[word]..]
    }

    /// The values of some rows.
    #[inline]
    pub(crate) fn of(&self, places: &Range<usize>) -> &'c [T] {
        &self.column.values()[self.rank(places.start)..self.rank(places.end)]
    }

    /// Which of 64 rows have a value.
    #[inline]
    pub(crate) fn known(&self, word: usize) -> u64 {
        self.room.known[word]
    }

    /// The value of a row by its place among those of the block, if there is one.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<T> {
        let (word, bit) = (place / WORD_BITS, (place % WORD_BITS) as u32);
        (self.room.known[word] >> bit & 1 == 1).then(|| self.value(word, bit))
    }

    /// The value of a row, which has one.
    #[inline]
    pub(crate) fn value(&self, word: usize, bit: u32) -> T {
        self.column.values()
            [self.room.before[word] + (self.room.known[word] & !(u64::MAX << bit)).count_ones() as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_are_those_of_the_rows(
            values in prop::collection::vec(prop::option::of(any::<u32>()), 1..400),
            all in any::<bool>(),
            start in 0usize..300,
            len in 1usize..300,
        ) {
            let value = |value: &Option<u32>| if all { value.or(Some(7)) } else { *value };
            let column: Packed<u32> = values.iter().map(value).collect();
            let rows = start.min(values.len() - 1)..(start + len).min(values.len());
            let mut block = BlockValues::new(&column);
            block.load(&(0..values.len()));
            block.load(&rows);
            for (place, row) in rows.clone().enumerate() {
                let (word, bit) = (place / WORD_BITS, (place % WORD_BITS) as u32);
                prop_assert_eq!(block.known(word) >> bit & 1 == 1, column.get(row).is_some());
                prop_assert_eq!(block.get(place), column.get(row));
                if let Some(value) = column.get(row) {
                    prop_assert_eq!(block.value(word, bit), value);
                    let place = (block.known(word) & !(u64::MAX << bit)).count_ones() as usize;
                    prop_assert_eq!(block.since_word(word)[place], value);
                }
                let later: Vec<u32> = (row..rows.end).filter_map(|row| column.get(row)).collect();
                prop_assert_eq!(block.of(&(place..rows.len())), &later);
            }
        }
    }
}
