//! A set of periods as words of bits, of which only those that are not zero are kept.

/// Periods, each a number from 0 on. It takes room for the words of 64 periods that hold one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PeriodBits {
    /// The number of a word and its bits, ascending by number; no word is zero.
    words: Vec<(u32, u64)>,
}

/// Bits in a word, as a shift.
pub(super) const WORD_SHIFT: u32 = u64::BITS.trailing_zeros();
/// What is left of a number inside its word.
pub(super) const WORD_MASK: u32 = u64::BITS - 1;

impl PeriodBits {
    /// Forgets every period.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Adds the periods of a word.
    #[inline]
    pub(super) fn add_word(&mut self, number: u32, bits: u64) {
        if bits == 0 {
            return;
        }
        match self.words.last_mut() {
            Some((last, _)) if *last > number => self.add_before(number, bits),
            Some((last, word)) if *last == number => *word |= bits,
            _ => self.words.push((number, bits)),
        }
    }

    /// A clock that is set back shows earlier dates again.
    #[cold]
    fn add_before(&mut self, number: u32, bits: u64) {
        match self.words.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(index) => self.words[index].1 |= bits,
            Err(index) => self.words.insert(index, (number, bits)),
        }
    }

    /// Whether the period is in the set. Takes O(log words).
    pub(crate) fn contains(&self, period: u32) -> bool {
        let found = self.words.binary_search_by_key(&(period >> WORD_SHIFT), |(number, _)| *number);
        found.is_ok_and(|index| self.words[index].1 >> (period & WORD_MASK) & 1 == 1)
    }

    /// The first period.
    #[inline]
    pub(crate) fn first(&self) -> Option<u32> {
        self.words.first().map(|(number, bits)| (number << WORD_SHIFT) + bits.trailing_zeros())
    }

    /// The periods, ascending.
    #[inline]
    pub(crate) fn iter(&self) -> Ones<'_> {
        Ones { words: self.words.iter(), base: 0, rest: 0 }
    }
}

/// The periods of a set, ascending.
#[derive(Debug, Clone)]
pub(crate) struct Ones<'a> {
    words: std::slice::Iter<'a, (u32, u64)>,
    base: u32,
    rest: u64,
}

impl Iterator for Ones<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.rest == 0 {
            let (number, bits) = *self.words.next()?;
            (self.base, self.rest) = (number << WORD_SHIFT, bits);
        }
        let period = self.base + self.rest.trailing_zeros();
        self.rest &= self.rest - 1;
        Some(period)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_a_set(words in prop::collection::vec((0u32..6, prop_oneof![Just(0u64), any::<u64>()]), 0..9)) {
            let (mut bits, mut set) = (PeriodBits::default(), BTreeSet::new());
            for (number, word) in words {
                bits.add_word(number, word);
                set.extend((0..64).filter(|bit| word >> bit & 1 == 1).map(|bit| number * 64 + bit));
            }
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.first(), set.first().copied());
            prop_assert!((0..400).all(|period| bits.contains(period) == set.contains(&period)));
            prop_assert!(bits.words.iter().all(|(_, word)| *word != 0));
        }
    }
}
