//! Sums of the values of the matching events of the users of a block.

use std::mem::take;
use std::ops::Range;

use super::bits::{WORD_BITS, each_bit, rank, sum_before, words_in};
use super::fold::Matches;
use super::values::{BlockValues, Room};
use crate::column::Packed;

/// With more rows in a block, which are those of a user or two, sums are not kept for each row.
const ROWS_MAX: usize = 1 << 20;

/// So few values are added up one after the other for whatever window: more are read where the window is.
const FEW_VALUES: usize = 4 * WORD_BITS;

/// Sums of whole numbers, wide enough for any.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningSums {
    /// The first user of the block, the pattern, and where the column is; whether its values are added up.
    of: Option<(usize, usize, usize)>,
    is_added_up: bool,
    room: Room,
    /// The rows that match and have a value, and how many of them are before each word.
    words: Vec<u64>,
    before: Vec<u32>,
    /// The sum before each of those, and that of all.
    sums: Vec<i128>,
}

impl RunningSums {
    /// Finds the rows that match and have a value, and the values, whose memory is to be [given back](Self::give_back). Sums over several
    /// windows find them once.
    pub(super) fn load<'c>(&mut self, matches: &Matches<'_>, column: &'c Packed<i64>) -> BlockValues<'c, i64> {
        let of = Some((matches.block.users.start, matches.pattern, std::ptr::from_ref(column).addr()));
        let mut values = BlockValues::within(take(&mut self.room), column);
        if std::mem::replace(&mut self.of, of) == of {
            return values;
        }
        values.load(&matches.block.rows);
        self.words.clear();
        self.words.extend(matches.words.iter().enumerate().map(|(index, word)| word & values.known(index)));
        sum_before(&self.words, &mut self.before);
        self.is_added_up = false;
        values
    }

    /// Takes back the memory of the values.
    pub(super) fn give_back(&mut self, values: BlockValues<'_, i64>) {
        self.room = values.into_room();
    }

    /// Whether sums of a window are best told from the sums of all.
    pub(super) fn is_worth_adding_up(&self, matches: &Matches<'_>) -> bool {
        let is_short = matches.block.rows.len() <= ROWS_MAX;
        is_short && (matches.window.is_whole || self.is_added_up || self.count() <= FEW_VALUES)
    }

    fn count(&self) -> usize {
        self.before.last().map_or(0, |count| *count as usize)
    }

    /// Adds up their values, one after the other, of a block of so many rows.
    pub(super) fn add_up(&mut self, values: &BlockValues<'_, i64>, rows: usize) {
        if std::mem::replace(&mut self.is_added_up, true) {
            return;
        }
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0;
        let all = values.of(&(0..rows));
        if all.len() == self.count() {
            // Every value is of a row that matches.
            self.sums.extend(all.iter().map(|value| {
                sum += i128::from(*value);
                sum
            }));
            return;
        }
        for (index, word) in self.words.iter().enumerate() {
            each_bit(*word, |bit| {
                sum += i128::from(values.value(index, bit));
                self.sums.push(sum);
            });
        }
    }

    /// The sum of the rows before this one, once they are [added up](Self::add_up).
    #[inline]
    pub(super) fn up_to(&self, bit: usize) -> i128 {
        self.sums[rank(&self.words, &self.before, bit) as usize]
    }

    /// The sum of some rows. `all` are the values in them, whether a row matches or not.
    #[inline]
    pub(super) fn of(&self, bits: Range<usize>, all: &[i64], values: &BlockValues<'_, i64>) -> i128 {
        let rank = |bit: usize| rank(&self.words, &self.before, bit) as usize;
        match rank(bits.end) - rank(bits.start) {
            0 => 0,
            // Every value is of a row that matches.
            count if count == all.len() => sum(all),
            _ => {
                let mut sum = 0;
                for (index, word) in words_in(&self.words, bits) {
                    each_bit(word, |bit| sum += i128::from(values.value(index, bit)));
                }
                sum
            }
        }
    }
}

/// The sum of fewer than 2³² numbers, halves by themselves, which several can be added of at once.
fn sum(values: &[i64]) -> i128 {
    let add = |(low, high), value: &i64| (low + (*value as u64 & 0xffff_ffff), high + (value >> 32));
    let halves = values.iter().fold((0, 0), add);
    i128::from(halves.0) + (i128::from(halves.1) << 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_of_halves_are_sums(values in prop::collection::vec(prop_oneof![any::<i64>(), -3i64..3], 0..40)) {
            prop_assert_eq!(sum(&values), values.iter().map(|value| i128::from(*value)).sum::<i128>());
        }
    }
}
