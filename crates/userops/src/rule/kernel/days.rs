//! The local days of the matching events of the users of a block.

use std::ops::Range;

use super::bits::{
    WORD_BITS, add_bits, each_bit, first_of_segments, first_one, last_one, ones, pass_words, rank, sum_before,
};
use super::fold::Matches;
use crate::log::EventLog;

/// The rows of a block that match, of which only the first of each local day of its user is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayFirsts {
    starts: Vec<u64>,
    words: Vec<u64>,
}

impl DayFirsts {
    /// Finds them among the matching rows, given as bits; whether the log tells where days begin.
    pub(crate) fn load(&mut self, log: &EventLog, rows: &Range<usize>, matching: &[u64]) -> bool {
        let Some(starts) = log.day_starts() else { return false };
        self.starts.clear();
        self.starts.resize(matching.len(), 0);
        add_bits(starts, rows, &mut self.starts);
        first_of_segments(matching, &self.starts, &mut self.words);
        true
    }

    /// A bit per row of the block.
    #[inline]
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The local day of each, in row order, by the numbers of the rows of the block; in place of what `days` held. `before` gets how many
    /// there are before each word.
    pub(crate) fn list(&self, numbers: &[u16], before: &mut Vec<u32>, days: &mut Vec<u16>) {
        sum_before(&self.words, before);
        days.resize(before.last().map_or(0, |count| *count as usize), 0);
        let mut places = days.iter_mut();
        for (index, word) in self.words.iter().enumerate() {
            each_bit(*word, |bit| {
                if let Some(day) = places.next() {
                    *day = numbers[index * WORD_BITS + bit as usize];
                }
            });
        }
    }
}

/// The days of one user after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct BlockDays {
    /// The first user of the block, and the pattern.
    of: Option<(usize, usize)>,
    firsts: Option<DayFirsts>,
    /// How many of those are before each word.
    before: Vec<u32>,
    /// The silence that days of the block were compared with.
    silence_days: Option<u32>,
    /// The days of the block, how many days each is after the one before, and whether that is more than the silence.
    numbers: Vec<u16>,
    gaps: Vec<u16>,
    returns: Vec<u64>,
    days: Vec<i32>,
}

impl BlockDays {
    pub(super) fn load(&mut self, matches: &Matches<'_>) {
        let of = Some((matches.block.users.start, matches.pattern));
        if std::mem::replace(&mut self.of, of) == of {
            return;
        }
        self.silence_days = None;
        let mut firsts = self.firsts.take().unwrap_or_default();
        if firsts.load(matches.log, &matches.block.rows, matches.words) {
            sum_before(firsts.words(), &mut self.before);
            self.firsts = Some(firsts);
        }
    }

    /// How many different days a user has in the window.
    pub(super) fn count(&mut self, matches: &Matches<'_>, user: usize) -> u32 {
        if let Some(firsts) = &self.firsts {
            let bits = matches.bits(user);
            let rank = |bit: usize| rank(firsts.words(), &self.before, bit);
            return rank(bits.end) - rank(bits.start) + u32::from(cut_day(firsts, matches, user).is_some());
        }
        // A clock may have been set back across midnight.
        self.list_by_row(matches, user);
        self.days.sort_unstable();
        self.days.dedup();
        self.days.len() as u32
    }

    /// The last day of a user in the window, each run of a day once, that is more than so many days after the one before.
    pub(super) fn last_return(&mut self, matches: &Matches<'_>, user: usize, silence_days: u32) -> Option<i32> {
        let (Some(firsts), Some(days)) = (&self.firsts, matches.log.local_days()) else {
            let days = self.list_by_row(matches, user);
            return last_after(days.iter().copied(), silence_days);
        };
        let (first, numbers) = (days.first().0, &days.numbers()[matches.block.rows.clone()]);
        let bits = matches.bits(user);
        if let Some(cut) = cut_day(firsts, matches, user) {
            let rows = std::iter::once(cut).chain(ones(firsts.words(), bits));
            return last_after(rows.map(|row| first + i32::from(numbers[row])), silence_days);
        }
        if self.silence_days.replace(silence_days) != Some(silence_days) {
            firsts.list(numbers, &mut self.before, &mut self.numbers);
            self.gaps.clear();
            self.gaps.extend(self.numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
            self.returns.resize(self.gaps.len().div_ceil(WORD_BITS), 0);
            pass_words(&self.gaps, &mut self.returns, |gap| u32::from(gap) > silence_days);
        }
        let rank = |bit: usize| rank(firsts.words(), &self.before, bit) as usize;
        let (start, end) = (rank(bits.start), rank(bits.end));
        // The gap with number n is before day n + 1.
        let last = last_one(&self.returns, start..end.saturating_sub(1).max(start))?;
        Some(first + i32::from(self.numbers[last + 1]))
    }

    fn list_by_row(&mut self, matches: &Matches<'_>, user: usize) -> &[i32] {
        self.days.clear();
        self.days.extend(matches.rows(user).map(|row| matches.day(row)));
        self.days.dedup();
        &self.days
    }
}

/// The last of some days that is more than so many days after the one before.
fn last_after(days: impl Iterator<Item = i32>, silence_days: u32) -> Option<i32> {
    let (mut before, mut back) = (i32::MAX, None);
    for day in days {
        if i64::from(day) - i64::from(before) > i64::from(silence_days) {
            back = Some(day);
        }
        before = day;
    }
    back
}

/// The first match in the window, where that begins after the first match of a day.
#[inline]
fn cut_day(firsts: &DayFirsts, matches: &Matches<'_>, user: usize) -> Option<usize> {
    if matches.window.is_whole {
        return None;
    }
    let first = first_one(matches.words, matches.bits(user))?;
    (first_one(firsts.words(), first..first + 1).is_none()).then_some(first)
}
