//! The ranks of a preference for all users: by rough sums where these tell, else by exact ones, several powers at once.

use std::ops::Range;

use rayon::prelude::*;

use super::prefer::Ranking;
use super::preference::Preference;
use crate::column::{Codes, Packed, PackedRows, TextColumn};
use crate::error::Result;
use crate::log::EventLog;
use crate::profile::{HalfLife, NearTerms, RoughTerms};
use crate::rule::{BlockValues, EventBlock, EventRows, block_ranges, each_bit};
use crate::time::Timestamp;

/// Up to so many values a sum each is kept for the user at hand, and a word says which of them are there.
const VALUES_MAX: usize = u64::BITS as usize;

/// So many sums of a value are added to by turns: an event need not wait for the one before.
const TURNS: usize = 4;

/// A column of codes per rank.
type Ranks = Vec<PackedRows<u32>>;

/// The ranks of all users, best first, a column each.
pub(super) fn rank_all(log: &EventLog, preference: &Preference, as_of: Timestamp) -> Result<Vec<TextColumn>> {
    let ranking = Ranking::new(log, preference, as_of)?;
    let calendar = log.calendar(as_of);
    let selection = EventRows::new(log, &preference.over, as_of, &calendar)?;
    let near = near_terms(&ranking);
    let top = usize::from(preference.top);
    let rank = |users: Range<usize>| {
        let mut ranks: Ranks = vec![PackedRows::with_capacity(users.len()); top];
        match (near, &ranking.values.codes) {
            (Some(terms), Codes::Narrow(codes)) => rank_few(&ranking, terms, codes, &selection, users, &mut ranks),
            _ => rank_any(&ranking, &selection, users, &mut ranks),
        }
        ranks
    };
    let parts: Vec<Ranks> = block_ranges(log).into_par_iter().map(rank).collect();
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let mut next = || PackedRows::join(parts.iter_mut().filter_map(Iterator::next).collect());
    Ok((0..top).map(|_| TextColumn::new(next(), ranking.values.dictionary.clone())).collect())
}

/// The terms of the events, where there are few values that all events of the log weigh for alike, near each other.
fn near_terms(ranking: &Ranking<'_>) -> Option<NearTerms> {
    let (first, last) = ranking.log.time_span()?;
    let last = last.min(ranking.as_of);
    let is_few = ranking.is_plain() && ranking.values.dictionary.len() <= VALUES_MAX && first <= last;
    is_few.then(|| NearTerms::new(ranking.preference.half_life, first, last)).flatten()
}

/// The ranks of some users, whatever their values weigh.
fn rank_any(ranking: &Ranking<'_>, selection: &EventRows<'_>, users: Range<usize>, ranks: &mut Ranks) {
    let (mut interests, mut ranked) = (ranking.interests(), Vec::new());
    selection.visit(users, |_, rows| {
        ranking.weigh(rows.unwrap_or_default().iter().copied(), &mut interests);
        ranking.rank_into(&interests, &mut ranked);
        for (rank, column) in ranks.iter_mut().enumerate() {
            column.push(ranked.get(rank).map(|interest| interest.category));
        }
    });
}

/// The ranks of some users, where [`near_terms`] are to be had.
fn rank_few(
    ranking: &Ranking<'_>,
    terms: NearTerms,
    codes: &Packed<u8>,
    selection: &EventRows<'_>,
    users: Range<usize>,
    ranks: &mut Ranks,
) {
    let mut codes = BlockValues::new(codes);
    let mut worker = FewRanks::new(ranking, terms);
    // By rank who has a value, as bits, and which.
    let mut best = vec![(0u64, [0u32; VALUES_MAX]); ranks.len()];
    selection.visit_blocks(users, |block| {
        codes.load(&block.rows());
        best.iter_mut().for_each(|(known, _)| *known = 0);
        for user in 0..block.user_count() {
            worker.rank(block, user, &codes, ranks.len());
            for ((known, values), (code, _)) in best.iter_mut().zip(&worker.best) {
                *known |= 1 << user;
                values[user] = *code;
            }
        }
        for (column, (known, values)) in ranks.iter_mut().zip(&best) {
            column.push_block(*known, block.user_count(), values);
        }
    });
}

/// Adds about what each event of a user of a block adds to the sums of its value; `times` begin with the block's. It is not inlined, so
/// that the compiler knows that what it writes is nothing that it reads.
#[inline(never)]
fn add_roughly(
    turns: &mut [[f64; VALUES_MAX]; TURNS],
    rough: &RoughTerms,
    times: &[i64],
    words: impl Iterator<Item = (usize, u64)>,
    codes: &BlockValues<'_, u8>,
) {
    let (mut code_room, mut time_room) = ([0; VALUES_MAX], [0; VALUES_MAX]);
    for (index, word) in words {
        let known = codes.known(index);
        let codes = word_of(codes.since_word(index), &mut code_room);
        let times = word_of(&times[index * VALUES_MAX..], &mut time_room);
        each_bit(word & known, |bit| {
            let place = (known & !(u64::MAX << bit)).count_ones() as usize;
            let code = codes[place % VALUES_MAX] as usize % VALUES_MAX;
            turns[bit as usize % TURNS][code] += rough.of(times[bit as usize % VALUES_MAX]);
        });
    }
}

/// As many values as a word has bits. `room` is for them where there are fewer; what is past these means nothing.
#[inline]
fn word_of<'a, T: Copy>(values: &'a [T], room: &'a mut [T; VALUES_MAX]) -> &'a [T; VALUES_MAX] {
    values.first_chunk().unwrap_or_else(|| {
        room[..values.len()].copy_from_slice(values);
        room
    })
}

/// The values of one user at a time.
struct FewRanks<'a> {
    ranking: &'a Ranking<'a>,
    half_life: HalfLife,
    near: NearTerms,
    /// Where no sum has to be known, but which is greater.
    rough: Option<RoughTerms>,
    turns: [[f64; VALUES_MAX]; TURNS],
    /// Of the events that count, in order.
    micros: Vec<i64>,
    terms: Vec<f64>,
    sums: [f64; VALUES_MAX],
    /// The best so far, best first: code and sum.
    best: Vec<(u32, f64)>,
}

impl<'a> FewRanks<'a> {
    fn new(ranking: &'a Ranking<'a>, near: NearTerms) -> Self {
        let span = ranking.log.time_span().filter(|_| ranking.preference.weight_min == 0.0);
        Self {
            ranking,
            half_life: HalfLife::new(ranking.preference.half_life),
            near,
            rough: span.and_then(|(first, last)| RoughTerms::new(&near, first, last.min(ranking.as_of))),
            turns: [[0.0; VALUES_MAX]; TURNS],
            micros: Vec::new(),
            terms: Vec::new(),
            sums: [0.0; VALUES_MAX],
            best: Vec::new(),
        }
    }

    /// Finds the best values of a user of a block.
    fn rank(&mut self, block: &EventBlock<'_>, user: usize, codes: &BlockValues<'_, u8>, top: usize) {
        self.best.clear();
        if block.is_told(user) && !self.rank_roughly(block, user, codes, top) {
            let seen = self.sum(block, user, codes);
            self.order(seen, top);
        }
    }

    /// As [`FewRanks::rank`], and whether the best are known for sure.
    fn rank_roughly(&mut self, block: &EventBlock<'_>, user: usize, codes: &BlockValues<'_, u8>, top: usize) -> bool {
        let Some(rough) = &self.rough else { return false };
        let times = &self.ranking.log.time_micros()[block.rows().start..];
        add_roughly(&mut self.turns, rough, times, block.words(user), codes);
        let mut seen = 0;
        for code in 0..self.ranking.values.dictionary.len() {
            let turns = self.turns.iter_mut().map(|sums| std::mem::take(&mut sums[code]));
            self.sums[code] = turns.sum();
            // No term is zero.
            seen |= u64::from(self.sums[code] > 0.0) << code;
        }
        // One more than asked for: the last rank has to be known as well.
        self.order(seen, top + 1);
        let Some(rough) = &self.rough else { return false };
        let is_known = self.best.windows(2).all(|pair| rough.is_greater(pair[0].1, pair[1].1));
        self.best.truncate(top);
        is_known
    }

    /// Adds up what a user of a block has done, and says which values there are.
    fn sum(&mut self, block: &EventBlock<'_>, user: usize, codes: &BlockValues<'_, u8>) -> u64 {
        let times = &self.ranking.log.time_micros()[block.rows()];
        let mut count = 0;
        for (index, word) in block.words(user) {
            let needed = count + VALUES_MAX;
            if self.micros.len() < needed {
                self.micros.resize(needed, 0);
                self.terms.resize(needed, 0.0);
            }
            each_bit(word & codes.known(index), |bit| {
                self.micros[count] = times[index * VALUES_MAX + bit as usize];
                count += 1;
            });
        }
        self.near.fill(&self.micros[..count], &mut self.terms[..count]);
        let (mut terms, mut seen) = (self.terms[..count].iter(), 0u64);
        for (index, word) in block.words(user) {
            each_bit(word & codes.known(index), |bit| {
                let code = codes.value(index, bit) as usize % VALUES_MAX;
                self.sums[code] += terms.next().copied().unwrap_or_default();
                seen |= 1 << code;
            });
        }
        seen
    }

    /// The best of the values that there are, `top` at most. Their sums begin anew.
    fn order(&mut self, seen: u64, top: usize) {
        self.best.clear();
        let mut rest = seen;
        while rest != 0 && self.best.len() < top {
            let (mut code, mut sum) = (rest.trailing_zeros(), f64::NEG_INFINITY);
            // Codes ascend, so that an equal sum comes after.
            each_bit(rest, |other| {
                let is_better = self.sums[other as usize] > sum;
                (code, sum) = if is_better { (other, self.sums[other as usize]) } else { (code, sum) };
            });
            if !self.is_enough(sum) {
                break;
            }
            self.best.push((code, sum));
            rest &= !(1 << code);
        }
        each_bit(seen, |code| self.sums[code as usize] = 0.0);
    }

    #[inline]
    fn is_enough(&self, sum: f64) -> bool {
        let Preference { weight_min, .. } = *self.ranking.preference;
        weight_min == 0.0 || self.near.sum(sum).at(self.ranking.as_of.as_micros(), self.half_life) >= weight_min
    }
}
