//! Words of 64 bits: made from comparisons, cut out of bitmaps, and walked bit by bit.

use std::ops::Range;

use crate::column::Bitmap;

/// Bits in a word, and so users in a block.
pub(crate) const WORD_BITS: usize = u64::BITS as usize;

/// Two words per 64 rows: whether it is true, and whether it is known. Nothing is true that is not known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ternary {
    pub(crate) holds: Vec<u64>,
    pub(crate) known: Vec<u64>,
}

impl Ternary {
    /// Makes room for so many rows, all false and known.
    pub(crate) fn reset(&mut self, rows: usize) {
        let words = rows.div_ceil(WORD_BITS);
        self.holds.clear();
        self.holds.resize(words, 0);
        self.known.clear();
        self.known.resize(words, u64::MAX);
    }

    /// Every row true and known.
    pub(crate) fn fill_true(&mut self) {
        self.holds.fill(u64::MAX);
    }

    pub(crate) fn negate(&mut self) {
        self.holds.iter_mut().zip(&self.known).for_each(|(holds, known)| *holds = known & !*holds);
    }

    pub(crate) fn and(&mut self, other: &Self) {
        let words = self.holds.iter_mut().zip(&mut self.known).zip(other.holds.iter().zip(&other.known));
        for ((a, known_a), (b, known_b)) in words {
            *known_a = (*known_a & known_b) | (*known_a & !*a) | (known_b & !b);
            *a &= b;
        }
    }

    pub(crate) fn or(&mut self, other: &Self) {
        let words = self.holds.iter_mut().zip(&mut self.known).zip(other.holds.iter().zip(&other.known));
        for ((a, known_a), (b, known_b)) in words {
            *a |= b;
            *known_a = (*known_a & known_b) | *a;
        }
    }
}

/// A bit for each of up to 64 users.
#[inline]
pub(crate) fn word_of_users(users: usize, is_set: impl Fn(usize) -> bool) -> u64 {
    (0..users).fold(0, |word, user| word | u64::from(is_set(user)) << user)
}

/// Sets each bit to whether its value passes. `words` has a word per 64 values, the last one padded with zeros.
#[inline]
pub(crate) fn pass_words<T: Copy>(values: &[T], words: &mut [u64], pass: impl Fn(T) -> bool) {
    for (chunk, word) in values.chunks(WORD_BITS).zip(words) {
        // Comparisons into bytes are vectorised.
        let mut bytes = [0u8; WORD_BITS];
        for (byte, value) in bytes.iter_mut().zip(chunk) {
            *byte = u8::from(pass(*value));
        }
        *word = gather(&bytes);
    }
}

/// The word of whether each pair passes.
#[inline]
pub(crate) fn word_of_pairs<T: Copy>(a: &[T; WORD_BITS], b: &[T; WORD_BITS], pass: impl Fn(T, T) -> bool) -> u64 {
    let mut bytes = [0u8; WORD_BITS];
    for (byte, (a, b)) in bytes.iter_mut().zip(a.iter().zip(b)) {
        *byte = u8::from(pass(*a, *b));
    }
    gather(&bytes)
}

/// The lowest bits of 64 bytes.
#[inline]
fn gather(bytes: &[u8; WORD_BITS]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    // A multiplication gathers the lowest bits of eight bytes in the top one.
    eights.iter().rev().fold(0, |word, eight| {
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word << 8 | gathered
    })
}

/// A word of which the first `count` bits are set, which are at most 64.
#[inline]
pub(crate) fn first_bits(count: usize) -> u64 {
    if count < WORD_BITS { (1 << count) - 1 } else { u64::MAX }
}

/// Adds the bits of a range of rows, moved to begin at bit 0. Each word of the rows has one after it; bits past the range may come
/// along.
#[inline]
pub(crate) fn add_bits(words: &[u64], rows: &Range<usize>, out: &mut [u64]) {
    let (first, shift) = (rows.start / WORD_BITS, rows.start % WORD_BITS);
    let pairs = words[first..].iter().zip(&words[first + 1..]);
    for (out, (word, next)) in out.iter_mut().zip(pairs) {
        *out |= word >> shift | (next << 1) << (WORD_BITS - 1 - shift);
    }
}

/// How many bits are set before each word, and in all words, in place of what `before` held.
pub(crate) fn sum_before(words: &[u64], before: &mut Vec<u32>) {
    before.clear();
    before.push(0);
    let mut sum = 0;
    before.extend(words.iter().map(|word| {
        sum += word.count_ones();
        sum
    }));
}

/// How many bits are set before this one, by the sums of [`sum_before`]: without a loop, and so without a guess when it ends.
#[inline]
pub(crate) fn rank(words: &[u64], before: &[u32], bit: usize) -> u32 {
    let word = words.get(bit / WORD_BITS).copied().unwrap_or_default();
    before[bit / WORD_BITS] + (word & !(u64::MAX << (bit % WORD_BITS))).count_ones()
}

/// Of the set bits of `words` the first in each segment, in place of what `out` held. Segments begin at the set bits of `starts`.
pub(crate) fn first_of_segments(words: &[u64], starts: &[u64], out: &mut Vec<u64>) {
    out.clear();
    let (mut from_before, mut carry) = (0, false);
    out.extend(words.iter().zip(starts).map(|(word, start)| {
        // From each segment that begins without a set bit a one is carried along, to where the next bit is set or segment begins.
        let open = start & !word;
        let (sum, is_over) = (!(start | word)).overflowing_add(open << 1 | from_before);
        let (sum, is_over_too) = sum.overflowing_add(u64::from(carry));
        (from_before, carry) = (open >> (WORD_BITS - 1), is_over | is_over_too);
        word & (start | sum)
    }));
}

/// The bits of a range of a bitmap, moved to begin at bit 0; bits past the range are cleared.
pub(crate) fn copy_bits(bitmap: &Bitmap, rows: Range<usize>, out: &mut Vec<u64>) {
    let (first, shift) = (rows.start / WORD_BITS, rows.start % WORD_BITS);
    let count = rows.len().div_ceil(WORD_BITS);
    let word = |index: usize| bitmap.words().get(index).copied().unwrap_or_default();
    out.clear();
    if shift == 0 {
        out.extend((first..first + count).map(word));
    } else {
        out.extend((first..first + count).map(|index| word(index) >> shift | word(index + 1) << (WORD_BITS - shift)));
    }
    clear_tail(out, rows.len());
}

/// Clears the bits past `len`.
pub(crate) fn clear_tail(words: &mut [u64], len: usize) {
    if let (Some(last), tail @ 1..) = (words.last_mut(), len % WORD_BITS) {
        *last &= (1 << tail) - 1;
    }
}

/// Spreads packed bits over the rows that are known: the first bit goes to the first known row.
pub(crate) fn deposit(packed: &[u64], known: &[u64], out: &mut [u64]) {
    let mut next = 0;
    for (known, out) in known.iter().zip(out) {
        let (mut rest, mut word) = (*known, 0);
        while rest != 0 {
            let bit = packed[next / WORD_BITS] >> (next % WORD_BITS) & 1;
            word |= bit << rest.trailing_zeros();
            rest &= rest - 1;
            next += 1;
        }
        *out = word;
    }
}

/// The word of a range at this index: bits outside the range are cleared.
#[inline]
fn word_in(words: &[u64], index: usize, bits: &Range<usize>) -> u64 {
    let mut word = words[index];
    if index == bits.start / WORD_BITS {
        word &= u64::MAX << (bits.start % WORD_BITS);
    }
    if index == (bits.end - 1) / WORD_BITS {
        word &= u64::MAX >> (WORD_BITS - 1 - (bits.end - 1) % WORD_BITS);
    }
    word
}

fn words_of(bits: &Range<usize>) -> Range<usize> {
    if bits.is_empty() { 0..0 } else { bits.start / WORD_BITS..(bits.end - 1) / WORD_BITS + 1 }
}

/// The words of a range of bits and their indexes; bits outside the range are cleared.
#[inline]
pub(crate) fn words_in(words: &[u64], bits: Range<usize>) -> impl Iterator<Item = (usize, u64)> + '_ {
    words_of(&bits).map(move |index| (index, word_in(words, index, &bits)))
}

/// The first set bit of the range.
#[inline]
pub(crate) fn first_one(words: &[u64], bits: Range<usize>) -> Option<usize> {
    words_of(&bits).find_map(|index| {
        let word = word_in(words, index, &bits);
        (word != 0).then(|| index * WORD_BITS + word.trailing_zeros() as usize)
    })
}

/// The nth set bit of the range, counted from 1.
#[inline]
pub(crate) fn nth_one(words: &[u64], bits: Range<usize>, nth: usize) -> Option<usize> {
    let mut before = nth.checked_sub(1)?;
    for (index, mut word) in words_in(words, bits) {
        let count = word.count_ones() as usize;
        if before < count {
            (0..before).for_each(|_| word &= word - 1);
            return Some(index * WORD_BITS + word.trailing_zeros() as usize);
        }
        before -= count;
    }
    None
}

/// The last set bit of the range.
#[inline]
pub(crate) fn last_one(words: &[u64], bits: Range<usize>) -> Option<usize> {
    words_of(&bits).rev().find_map(|index| {
        let word = word_in(words, index, &bits);
        (word != 0).then(|| index * WORD_BITS + WORD_BITS - 1 - word.leading_zeros() as usize)
    })
}

/// Calls with each set bit of a word, ascending.
#[inline(always)]
pub(crate) fn each_bit(mut word: u64, mut call: impl FnMut(u32)) {
    while word != 0 {
        call(word.trailing_zeros());
        word &= word - 1;
    }
}

/// The set bits of the range, ascending.
#[inline]
pub(crate) fn ones(words: &[u64], bits: Range<usize>) -> impl Iterator<Item = usize> + '_ {
    let (mut left, mut word, mut base) = (words_of(&bits), 0u64, 0);
    std::iter::from_fn(move || {
        while word == 0 {
            let index = left.next()?;
            (word, base) = (word_in(words, index, &bits), index * WORD_BITS);
        }
        let bit = base + word.trailing_zeros() as usize;
        word &= word - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_equal_counting_bit_by_bit(
            bits in prop::collection::vec(any::<bool>(), 0..300),
            start in 0usize..300,
            len in 0usize..300,
        ) {
            let mut words = vec![0; bits.len().div_ceil(WORD_BITS)];
            pass_words(&bits, &mut words, |bit| bit);
            let bitmap: Bitmap = bits.iter().copied().collect();
            prop_assert_eq!(&words, bitmap.words());
            let range = start.min(bits.len())..(start + len).min(bits.len());
            let naive: Vec<usize> = range.clone().filter(|index| bits[*index]).collect();
            prop_assert_eq!(ones(&words, range.clone()).collect::<Vec<_>>(), naive.clone());
            let mut before = Vec::new();
            sum_before(&words, &mut before);
            let (start, end) = (rank(&words, &before, range.start), rank(&words, &before, range.end));
            prop_assert_eq!((end - start) as usize, naive.len());
            let starts: Vec<bool> = (0..bits.len()).map(|bit| bit % (len % 70 + 1) == 0 || bit == range.start).collect();
            let mut start_words = vec![0; words.len()];
            pass_words(&starts, &mut start_words, |start| start);
            let mut firsts = Vec::new();
            first_of_segments(&words, &start_words, &mut firsts);
            let mut is_open = false;
            for bit in 0..bits.len() {
                is_open |= starts[bit];
                prop_assert_eq!(firsts[bit / WORD_BITS] >> (bit % WORD_BITS) & 1 == 1, is_open && bits[bit]);
                is_open &= !bits[bit];
            }
            let mut padded = words.clone();
            padded.push(0);
            let mut added = vec![0; range.len().div_ceil(WORD_BITS)];
            add_bits(&padded, &range, &mut added);
            clear_tail(&mut added, range.len());
            let moved: Bitmap = range.clone().map(|index| bits[index]).collect();
            prop_assert_eq!(&added, moved.words());
            prop_assert_eq!(first_one(&words, range.clone()), naive.first().copied());
            prop_assert_eq!(last_one(&words, range.clone()), naive.last().copied());
            for nth in 0..naive.len() + 2 {
                prop_assert_eq!(nth_one(&words, range.clone(), nth), naive.get(nth.wrapping_sub(1)).copied());
            }
            let mut copied = Vec::new();
            copy_bits(&bitmap, range.clone(), &mut copied);
            let expected: Bitmap = range.clone().map(|index| bits[index]).collect();
            prop_assert_eq!(&copied, expected.words());
            // Every other known row passes.
            let passes: Vec<bool> = (0..naive.len()).map(|index| index % 2 == 0).collect();
            let mut packed = vec![0; passes.len().div_ceil(WORD_BITS)];
            pass_words(&passes, &mut packed, |pass| pass);
            let mut spread = vec![0; copied.len()];
            deposit(&packed, &copied, &mut spread);
            let expected: Vec<usize> = naive.iter().step_by(2).map(|row| row - range.start).collect();
            prop_assert_eq!(ones(&spread, 0..range.len()).collect::<Vec<_>>(), expected);
        }
    }
}
