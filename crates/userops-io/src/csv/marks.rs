//! Finds delimiters and line breaks, 64 bytes at a time.

/// Bytes that are looked at together: one bit each in a word.
const BLOCK: usize = 64;
/// Times eight bytes of 0 or 1, this gathers them as the bits of the highest byte, the first byte lowest.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// The positions of delimiters and line breaks, ascending.
pub(super) struct Marks<'a> {
    rest: &'a [u8],
    delimiter: u8,
    /// Where the block of `marked` begins.
    base: usize,
    /// A bit for each mark of the block that is still to come.
    marked: u64,
    /// Where `rest` begins.
    next_base: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        Self { rest: bytes, delimiter, base: 0, marked: 0, next_base: 0 }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.marked == 0 {
            self.base = self.next_base;
            if let Some((block, rest)) = self.rest.split_first_chunk() {
                self.marked = marks_of(block, self.delimiter);
                self.rest = rest;
                self.next_base += BLOCK;
            } else if self.rest.is_empty() {
                return None;
            } else {
                let mut block = [0; BLOCK];
                block[..self.rest.len()].copy_from_slice(self.rest);
                self.marked = marks_of(&block, self.delimiter) & ((1 << self.rest.len()) - 1);
                self.next_base += self.rest.len();
                self.rest = &[];
            }
        }
        let mark = self.base + self.marked.trailing_zeros() as usize;
        self.marked &= self.marked - 1;
        Some(mark)
    }
}

/// A bit for each byte that is the delimiter or a line break. Written so that the compiler compares many at once.
#[inline]
fn marks_of(block: &[u8; BLOCK], delimiter: u8) -> u64 {
    let mut is_mark = [0u8; BLOCK];
    for (mark, byte) in is_mark.iter_mut().zip(block) {
        *mark = u8::from(*byte == delimiter) | u8::from(*byte == b'\n');
    }
    let (words, _) = is_mark.as_chunks::<8>();
    words
        .iter()
        .enumerate()
        .fold(0, |bits, (index, word)| bits | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (8 * index))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_equal_a_search_byte_by_byte(text in prop::collection::vec(prop::sample::select(b",\n;a\0\x2d\xff".to_vec()), 0..300)) {
            let naive: Vec<usize> = (0..text.len()).filter(|at| matches!(text[*at], b',' | b'\n')).collect();
            prop_assert_eq!(Marks::new(&text, b',').collect::<Vec<_>>(), naive);
        }
    }
}
