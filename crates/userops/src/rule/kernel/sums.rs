//! Sums of the values of the matching events of the users of a block.

use std::ops::Range;

use super::bits::{each_bit, rank, sum_before, words_in};
use super::fold::Matches;
use super::values::BlockValues;

/// With more rows in a block, which are those of a user or two, sums are not kept for each row.
pub(super) const ROWS_MAX: usize = 1 << 20;

/// Sums of whole numbers, wide enough for any.
#[derive(Debug, Clone, Default)]
pub(super) struct RunningSums {
    /// The rows that match and have a value, and how many of them are before each word.
    words: Vec<u64>,
    before: Vec<u32>,
    /// The sum before each of those, and that of all.
    sums: Vec<i128>,
}

impl RunningSums {
    /// Finds the rows that match and have a value.
    pub(super) fn load(&mut self, matches: &Matches<'_>, values: &BlockValues<'_, i64>) {
        self.words.clear();
        self.words.extend(matches.words.iter().enumerate().map(|(index, word)| word & values.known(index)));
        sum_before(&self.words, &mut self.before);
    }

    /// Adds up their values, one after the other.
    pub(super) fn add_up(&mut self, values: &BlockValues<'_, i64>) {
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0;
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
