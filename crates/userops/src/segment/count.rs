//! How many users several conditions leave, counted on plain words: the fast way over many dense segments.

use crate::error::{Result, invalid_argument};
use crate::rule::Truths;

/// Words that are joined at a time: 2 KiB, which stay in the nearest cache beside the words they are joined from.
const BLOCK_WORDS: usize = 256;

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
    if let ([a, b], [c]) = (with, without) {
        // The commonest question, in one go.
        let words = a.true_words().iter().zip(b.true_words()).zip(c.true_words());
        return Ok(words.map(|((a, b), c)| (a & b & !c).count_ones() as usize).sum());
    }
    let mut total = 0;
    let mut start = 0;
    while start < word_count {
        let end = (start + BLOCK_WORDS).min(word_count);
        let mut block = [0u64; BLOCK_WORDS];
        join_block(&mut block[..end - start], start, with, without);
        if with.is_empty() && end == word_count && first.len() % u64::BITS as usize > 0 {
            block[end - start - 1] &= (1 << (first.len() % u64::BITS as usize)) - 1;
        }
        total += count_ones(&block[..end - start]);
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

fn count_ones(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}
