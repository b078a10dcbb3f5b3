//! A bitmap that also answers "how many bits are set before this one".

use serde::{Deserialize, Serialize};

const WORD_BITS: usize = 64;
/// Words between two entries of the rank directory: 512 bits, so one cache line of words.
const WORDS_PER_RANK: usize = 8;

/// Bits in row order, with the count of set bits before every 512th.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Bits", into = "Bits")]
pub struct Bitmap {
    words: Vec<u64>,
    ranks: Vec<u64>,
    len: usize,
    ones: usize,
}

/// What serde writes: the rank directory is made again on reading.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Bitmap")]
struct Bits {
    len: usize,
    words: Vec<u64>,
}

impl TryFrom<Bits> for Bitmap {
    type Error = String;

    fn try_from(Bits { len, words }: Bits) -> Result<Self, String> {
        if words.len() != len.div_ceil(WORD_BITS) {
            return Err(format!("{len} bits take {} words, not {}", len.div_ceil(WORD_BITS), words.len()));
        }
        Ok(Self::from_words(words, len))
    }
}

impl From<Bitmap> for Bits {
    fn from(bitmap: Bitmap) -> Self {
        Self { len: bitmap.len, words: bitmap.words }
    }
}

/// The set bits of a word that mostly has none or one. Targets without an instruction for it count bits by a dozen
/// others.
#[inline]
fn ones_of_few(word: u64) -> u32 {
    if word & word.wrapping_sub(1) == 0 { u32::from(word != 0) } else { word.count_ones() }
}

/// The positions of the set bits of words, ascending, the least significant bit of the first word first.
pub(crate) fn ones_of_words(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(index, &word)| {
        std::iter::successors((word != 0).then_some(word), |word| Some(word & (word - 1)).filter(|word| *word != 0))
            .map(move |word| index * WORD_BITS + word.trailing_zeros() as usize)
    })
}

impl Bitmap {
    /// A bitmap of `len` bits, least significant bit of the first word first; bits past `len` are cleared.
    #[must_use]
    pub fn from_words(mut words: Vec<u64>, len: usize) -> Self {
        words.truncate(len.div_ceil(WORD_BITS));
        words.resize(len.div_ceil(WORD_BITS), 0);
        if let (Some(last), tail @ 1..) = (words.last_mut(), len % WORD_BITS) {
            *last &= (1 << tail) - 1;
        }
        let mut ranks = Vec::with_capacity(words.len().div_ceil(WORDS_PER_RANK));
        let mut ones = 0u64;
        for block in words.chunks(WORDS_PER_RANK) {
            ranks.push(ones);
            ones += block.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        }
        Self { words, ranks, len, ones: ones as usize }
    }

    /// How many bits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no bit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bits are set.
    #[must_use]
    pub fn count_ones(&self) -> usize {
        self.ones
    }

    /// Whether this bit is set; false past the end.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> bool {
        self.words.get(index / WORD_BITS).is_some_and(|word| word >> (index % WORD_BITS) & 1 == 1)
    }

    /// How many bits are set before `index`.
    #[inline]
    #[must_use]
    pub fn rank(&self, index: usize) -> usize {
        let index = index.min(self.len);
        let (word, bit) = (index / WORD_BITS, index % WORD_BITS);
        let block = word / WORDS_PER_RANK;
        let Some(&before) = self.ranks.get(block) else { return self.ones };
        let whole: u32 = self.words[block * WORDS_PER_RANK..word].iter().map(|word| word.count_ones()).sum();
        let part = match self.words.get(word) {
            Some(word) if bit > 0 => (word & ((1 << bit) - 1)).count_ones(),
            _ => 0,
        };
        before as usize + whole as usize + part as usize
    }

    /// How many bits are set in a range, counted word by word: for short ranges.
    #[inline]
    #[must_use]
    pub fn count_ones_in(&self, range: std::ops::Range<usize>) -> usize {
        let (start, end) = (range.start, range.end.min(self.len));
        if start >= end {
            return 0;
        }
        let (first, last) = (start / WORD_BITS, (end - 1) / WORD_BITS);
        let from_start = u64::MAX << (start % WORD_BITS);
        let to_end = u64::MAX >> (WORD_BITS - 1 - (end - 1) % WORD_BITS);
        if first == last {
            return ones_of_few(self.words[first] & from_start & to_end) as usize;
        }
        let whole: u32 = self.words[first + 1..last].iter().map(|word| ones_of_few(*word)).sum();
        (ones_of_few(self.words[first] & from_start) + whole + ones_of_few(self.words[last] & to_end)) as usize
    }

    /// The words, least significant bit first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The positions of the set bits, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        ones_of_words(&self.words)
    }

    /// All bits, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        (0..self.len).map(|index| self.get(index))
    }
}

impl FromIterator<bool> for Bitmap {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut builder = BitmapBuilder::default();
        bits.into_iter().for_each(|bit| builder.push(bit));
        builder.finish()
    }
}

/// Collects bits one by one.
#[derive(Debug, Clone, Default)]
pub struct BitmapBuilder {
    words: Vec<u64>,
    len: usize,
}

impl BitmapBuilder {
    /// Room for so many bits.
    pub(crate) fn with_capacity(bits: usize) -> Self {
        Self { words: Vec::with_capacity(bits.div_ceil(WORD_BITS)), len: 0 }
    }

    /// Appends the bits of another, after a multiple of 64 bits.
    pub(crate) fn append(&mut self, other: Self) {
        debug_assert!(self.len.is_multiple_of(WORD_BITS));
        self.words.extend(other.words);
        self.len += other.len;
    }

    /// Appends a bit.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(WORD_BITS) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.len % WORD_BITS);
        }
        self.len += 1;
    }

    /// Appends up to 64 bits, after a multiple of 64 bits; `word` has none past them.
    #[inline]
    pub(crate) fn push_word(&mut self, word: u64, bits: usize) {
        debug_assert!(self.len.is_multiple_of(WORD_BITS) && bits <= WORD_BITS);
        self.words.push(word);
        self.len += bits;
    }

    /// Appends `count` equal bits.
    pub fn push_many(&mut self, bit: bool, count: usize) {
        if !bit {
            self.len += count;
            self.words.resize(self.len.div_ceil(WORD_BITS), 0);
            return;
        }
        for _ in 0..count {
            self.push(true);
        }
    }

    /// How many bits were appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bitmap.
    #[must_use]
    pub fn finish(self) -> Bitmap {
        Bitmap::from_words(self.words, self.len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rank_get_and_ones_equal_counting(bits in prop::collection::vec(any::<bool>(), 0..1500)) {
            let bitmap: Bitmap = bits.iter().copied().collect();
            prop_assert_eq!(bitmap.len(), bits.len());
            let mut before = 0;
            for (index, bit) in bits.iter().enumerate() {
                prop_assert_eq!(bitmap.get(index), *bit);
                prop_assert_eq!(bitmap.rank(index), before);
                before += usize::from(*bit);
            }
            prop_assert_eq!(bitmap.rank(bits.len() + 9), before);
            prop_assert_eq!(bitmap.count_ones(), before);
            for (start, end) in [(0, bits.len()), (bits.len() / 3, bits.len() / 2), (bits.len() / 2, bits.len() / 3)] {
                let naive = bits.get(start..end).map_or(0, |bits| bits.iter().filter(|bit| **bit).count());
                prop_assert_eq!(bitmap.count_ones_in(start..end), naive);
            }
            let ones: Vec<usize> = (0..bits.len()).filter(|index| bits[*index]).collect();
            prop_assert_eq!(bitmap.ones().collect::<Vec<_>>(), ones);
            let json = serde_json::to_string(&bitmap).unwrap();
            prop_assert_eq!(serde_json::from_str::<Bitmap>(&json).unwrap(), bitmap);
        }
    }
}
