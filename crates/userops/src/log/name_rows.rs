//! The rows of each event name as bits, made once.
//!
//! What counts or looks for events of some names reads a bit an event and name in place of a code an event, and counts 64 at once.

use std::ops::Range;

use rayon::prelude::*;

use crate::column::read_lines;

/// With more names their bits and ranks would take more than three bytes an event.
const NAMES_MAX: usize = 16;
/// How many rows are made at once.
const CHUNK_ROWS: usize = 1 << 16;
const WORD_BITS: usize = u64::BITS as usize;
/// So many rows of a word are taken by turns: a row need not wait for what the one before wrote.
const TURNS: usize = 4;

/// For each event name of a log a bit per row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameRows {
    /// By code; after the words of the rows is one of zeros, so that each word has one after it.
    words: Vec<Vec<u64>>,
    /// By code how many rows are before each word.
    before: Vec<Vec<u32>>,
}

/// The rows of one event name, with what tells how many of them there are before any row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameRanks<'a> {
    words: &'a [u64],
    before: &'a [u32],
}

impl NameRows {
    /// `None` where there are more than 16 names. Takes O(rows), shared out over rayon's threads, and a bit and a half a row and name.
    pub(super) fn new(codes: &[u16], names: usize) -> Option<Self> {
        if names > NAMES_MAX {
            return None;
        }
        let mut words = vec![vec![0; codes.len().div_ceil(WORD_BITS) + 1]; names];
        let mut parts: Vec<Vec<&mut [u64]>> = codes.chunks(CHUNK_ROWS).map(|_| Vec::with_capacity(names)).collect();
        for words in &mut words {
            let chunks = words.chunks_mut(CHUNK_ROWS / WORD_BITS);
            parts.iter_mut().zip(chunks).for_each(|(part, words)| part.push(words));
        }
        parts.par_iter_mut().zip(codes.par_chunks(CHUNK_ROWS)).for_each(|(part, codes)| {
            for (index, codes) in codes.chunks(WORD_BITS).enumerate() {
                let found = words_of(codes);
                part.iter_mut().zip(found).for_each(|(words, word)| words[index] = word);
            }
        });
        let before = words.par_iter().map(|words| ranks_before(words)).collect();
        Some(Self { words, before })
    }

    /// The words of the rows of the events with this name, and one of zeros after them.
    #[inline]
    pub(crate) fn of(&self, code: usize) -> &[u64] {
        &self.words[code]
    }

    /// The rows of the events with this name, to be counted.
    pub(crate) fn ranks(&self, code: usize) -> NameRanks<'_> {
        NameRanks { words: &self.words[code], before: &self.before[code] }
    }
}

impl NameRanks<'_> {
    /// Reads a word of each line of memory that tells of these rows.
    pub(crate) fn look_ahead(&self, rows: &Range<usize>) {
        let words = rows.start / WORD_BITS..rows.end / WORD_BITS + 1;
        read_lines(&self.words[words.clone()]);
        read_lines(&self.before[words]);
    }

    /// How many events with the name are before a row of the log, or before the end.
    #[inline]
    pub(crate) fn up_to(&self, row: usize) -> u32 {
        let (word, bit) = (row / WORD_BITS, row % WORD_BITS);
        self.before[word] + (self.words[word] & !(u64::MAX << bit)).count_ones()
    }
}

fn ranks_before(words: &[u64]) -> Vec<u32> {
    let mut sum = 0;
    let before = words.iter().map(|word| {
        sum += word.count_ones();
        sum - word.count_ones()
    });
    before.collect()
}

/// The word of each name for up to 64 rows.
fn words_of(codes: &[u16]) -> [u64; NAMES_MAX] {
    let mut found = [[0u64; NAMES_MAX]; TURNS];
    for (bits, codes) in (0..).step_by(TURNS).zip(codes.chunks(TURNS)) {
        for (turn, code) in codes.iter().enumerate() {
            found[turn][usize::from(*code) % NAMES_MAX] |= 1 << (bits + turn);
        }
    }
    std::array::from_fn(|name| found.iter().fold(0, |word, turn| word | turn[name]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_those_of_the_codes(codes in prop::collection::vec(0u16..16, 0..400), names in 16usize..18) {
            let rows = NameRows::new(&codes, names);
            prop_assert_eq!(rows.is_none(), names > NAMES_MAX);
            let Some(rows) = rows else { return Ok(()) };
            for name in 0..names {
                let words = rows.of(name);
                prop_assert_eq!(words.len(), codes.len().div_ceil(WORD_BITS) + 1);
                for row in 0..words.len() * WORD_BITS {
                    let is_set = words[row / WORD_BITS] >> (row % WORD_BITS) & 1 == 1;
                    prop_assert_eq!(is_set, codes.get(row).is_some_and(|code| usize::from(*code) == name));
                }
                for row in 0..=codes.len() {
                    let before = codes[..row].iter().filter(|code| usize::from(**code) == name).count();
                    prop_assert_eq!(rows.ranks(name).up_to(row) as usize, before);
                }
            }
        }
    }
}
