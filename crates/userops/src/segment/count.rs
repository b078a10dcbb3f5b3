//! How many users several conditions leave, counted on plain words: the fast way over many dense segments.

use crate::error::{Result, invalid_argument};
use crate::rule::Truths;

/// Vectors in a block: small enough that the block stays in registers and the nearest cache while sets are joined.
const BLOCK_VECTORS: usize = 16;
/// Words in a vector, which are worked on side by side.
const LANES: usize = 4;
const BLOCK_WORDS: usize = BLOCK_VECTORS * LANES;

type Vector = [u64; LANES];

/// How many users are true in all of `with` and not true in any of `without`: |A ∧ B ∧ ¬C|.
///
/// Unknown counts as not true on both sides. This goes over plain words and makes nothing: over dense conditions of many
/// users it is several times faster than the same by way of [`Segment`](super::Segment), whose strengths are memory,
/// sparse sets and portable bytes. With nothing in `with`, all users are counted from. Takes O(conditions × users / 64).
///
/// # Errors
/// `InvalidArgument` where no condition is given at all, or they are of different numbers of users.
pub fn count_users(with: &[&Truths], without: &[&Truths]) -> Result<usize> {
    let Some(first) = with.iter().chain(without).next() else {
        return Err(invalid_argument("there is no condition to count by: give at least one"));
    };
    if let Some(other) = with.iter().chain(without).find(|truths| truths.len() != first.len()) {
        return Err(invalid_argument(format!(
            "conditions over {} and over {} users are not of one log",
            first.len(),
            other.len()
        )));
    }
    let word_count = first.true_words().len();
    let mut total = 0;
    let mut start = 0;
    while start < word_count {
        let end = (start + BLOCK_WORDS).min(word_count);
        let mut block = [0u64; BLOCK_WORDS];
        join_block(&mut block[..end - start], start, with, without);
        if with.is_empty() && end == word_count && first.len() % u64::BITS as usize > 0 {
            block[end - start - 1] &= (1 << (first.len() % u64::BITS as usize)) - 1;
        }
        total += count_block(&block);
        start = end;
    }
    Ok(total)
}

fn join_block(block: &mut [u64], start: usize, with: &[&Truths], without: &[&Truths]) {
    let range = start..start + block.len();
    match with.split_first() {
        Some((first, _)) => block.copy_from_slice(&first.true_words()[range.clone()]),
        None => block.fill(u64::MAX),
    }
    for truths in with.iter().skip(1) {
        block.iter_mut().zip(&truths.true_words()[range.clone()]).for_each(|(word, other)| *word &= other);
    }
    for truths in without {
        block.iter_mut().zip(&truths.true_words()[range.clone()]).for_each(|(word, other)| *word &= !other);
    }
}

/// The set bits of a block by carry-save adders: Harley and Seal's method (Warren, *Hacker's Delight*, 2nd ed., 5-1),
/// which needs one count of bits for sixteen words and runs on plain vectors.
fn count_block(block: &[u64; BLOCK_WORDS]) -> usize {
    let vector = |index: usize| -> Vector {
        let mut vector = [0; LANES];
        vector.copy_from_slice(&block[index * LANES..(index + 1) * LANES]);
        vector
    };
    let zero = [0; LANES];
    let (mut ones, mut twos, mut fours) = (zero, zero, zero);
    let mut eights_carry = [zero; 2];
    for (half, eights_carry) in eights_carry.iter_mut().enumerate() {
        let mut fours_carry = [zero; 2];
        for (quarter, fours_carry) in fours_carry.iter_mut().enumerate() {
            let at = half * 8 + quarter * 4;
            let (sum, a) = add(ones, vector(at), vector(at + 1));
            let (sum, b) = add(sum, vector(at + 2), vector(at + 3));
            ones = sum;
            (twos, *fours_carry) = add(twos, a, b);
        }
        (fours, *eights_carry) = add(fours, fours_carry[0], fours_carry[1]);
    }
    let (eights, sixteens) = add(zero, eights_carry[0], eights_carry[1]);
    let count = |vector: Vector| vector.iter().map(|word| word.count_ones() as usize).sum::<usize>();
    16 * count(sixteens) + 8 * count(eights) + 4 * count(fours) + 2 * count(twos) + count(ones)
}

/// The sum and the carry of three bits, in every place.
#[inline]
fn add(a: Vector, b: Vector, c: Vector) -> (Vector, Vector) {
    let (mut sum, mut carry) = ([0; LANES], [0; LANES]);
    for lane in 0..LANES {
        let both = a[lane] ^ b[lane];
        sum[lane] = both ^ c[lane];
        carry[lane] = (a[lane] & b[lane]) | (both & c[lane]);
    }
    (sum, carry)
}
