//! Several kinds of events over all of history, as bits, for kernels that look for single events of each.

use std::ops::Range;

use super::event_query::EventPattern;
use super::kernel::bits::{Ternary, WORD_BITS, each_bit, nth_one, ones, rank, sum_before, word_of_users};
use super::kernel::days::DayFirsts;
use super::kernel::pattern::Pattern;
use super::kernel::span::{BlockRows, RowCut};
use crate::error::Result;
use crate::log::EventLog;
use crate::time::{Calendar, Timestamp};

/// Kinds of events made ready for a log and an instant. A name that no event of the log has matches none.
#[derive(Debug)]
pub(crate) struct EventKinds<'a> {
    log: &'a EventLog,
    patterns: Vec<Pattern<'a>>,
    /// The kinds whose local days are asked for.
    by_day: Vec<usize>,
    cuts: [RowCut; 2],
}

/// The events of each kind for up to 64 users, as bits of their rows.
#[derive(Debug)]
pub(crate) struct KindBlock {
    block: BlockRows,
    words: Vec<Vec<u64>>,
    /// The first event of each local day; nothing for a kind whose days are not asked for.
    day_firsts: Vec<DayFirsts>,
    /// Whether the log tells where days begin.
    has_days: bool,
    before: Vec<u32>,
    /// The kind whose days are listed, in row order, and how many are before each word.
    listed_kind: usize,
    days: Vec<u16>,
    days_before: Vec<u32>,
    scratch: Ternary,
}

impl<'a> EventKinds<'a> {
    /// # Errors
    /// `UnknownName` for a property that the log lacks; `TypeMismatch` for a test that does not fit one.
    pub(crate) fn new(
        log: &'a EventLog,
        calendar: &Calendar,
        kinds: &[EventPattern],
        as_of: Timestamp,
    ) -> Result<Self> {
        let compile = |kind: &EventPattern| Pattern::compile(log, calendar, &kind.events, kind.filter.as_ref());
        let cuts = [i64::MIN, as_of.as_micros().saturating_add(1)].map(|cut| RowCut::new(cut, log, calendar));
        Ok(Self { log, patterns: kinds.iter().map(compile).collect::<Result<_>>()?, by_day: Vec::new(), cuts })
    }

    /// The same kinds, of which the local days of these will be asked for.
    pub(crate) fn by_day(mut self, kinds: impl IntoIterator<Item = usize>) -> Self {
        self.by_day.extend(kinds);
        self.by_day.sort_unstable();
        self.by_day.dedup();
        self
    }

    /// Room for the events of a block of users.
    pub(crate) fn block(&self) -> KindBlock {
        KindBlock {
            block: BlockRows::new(self.cuts.len()),
            words: vec![Vec::new(); self.patterns.len()],
            day_firsts: vec![DayFirsts::default(); self.patterns.len()],
            has_days: false,
            before: Vec::new(),
            listed_kind: 0,
            days: Vec::new(),
            days_before: Vec::new(),
            scratch: Ternary::default(),
        }
    }

    /// These users, 64 at most at a time.
    pub(crate) fn blocks(users: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let end = users.end;
        users.step_by(WORD_BITS).map(move |start| start..(start + WORD_BITS).min(end))
    }

    /// Moves a block to these users, 64 at most.
    pub(crate) fn load(&self, users: Range<usize>, block: &mut KindBlock) {
        block.block.load(self.log, &self.cuts, users);
        for (pattern, words) in self.patterns.iter().zip(&mut block.words) {
            pattern.rows(self.log, &block.block.rows, &mut block.scratch, words);
        }
        for kind in &self.by_day {
            let firsts = &mut block.day_firsts[*kind];
            block.has_days = firsts.load(self.log, &block.block.rows, &block.words[*kind]);
        }
    }
}

impl KindBlock {
    fn bits(&self, user: usize) -> Range<usize> {
        let rows = self.block.visible(user);
        rows.start - self.block.rows.start..rows.end - self.block.rows.start
    }

    /// Whether days were asked for, and the log tells where they begin.
    pub(crate) fn has_days(&self) -> bool {
        self.has_days
    }

    /// The row of the nth event of a kind, counted from 1, of each user of the block who has so many, and as bits who has. By day it is
    /// the first event on the nth local day with one; the block then [has days](Self::has_days).
    pub(crate) fn nth(&mut self, kind: usize, nth: usize, by_day: bool, rows: &mut [usize; WORD_BITS]) -> u64 {
        let words = if by_day { self.day_firsts[kind].words() } else { &self.words[kind] };
        sum_before(words, &mut self.before);
        let count =
            |bits: Range<usize>| (rank(words, &self.before, bits.end) - rank(words, &self.before, bits.start)) as usize;
        // Without a branch for each user, most of whom have none of what is rare.
        let has = word_of_users(self.block.users.len(), |user| count(self.bits(user)) >= nth);
        each_bit(has, |user| {
            let bit = nth_one(words, self.bits(user as usize), nth);
            rows[user as usize] = self.block.rows.start + bit.unwrap_or_default();
        });
        has
    }

    /// Lists the local days of the events of a kind; whether the block [has days](Self::has_days).
    pub(crate) fn list_days(&mut self, log: &EventLog, kind: usize) -> bool {
        let Some(days) = log.local_days().filter(|_| self.has_days) else { return false };
        self.listed_kind = kind;
        self.day_firsts[kind].list(&days.numbers()[self.block.rows.clone()], &mut self.days_before, &mut self.days);
        true
    }

    /// The [listed](Self::list_days) days of a user of the block, ascending and each once, as the log numbers them.
    #[inline]
    pub(crate) fn days(&self, user: usize) -> &[u16] {
        let (words, bits) = (self.day_firsts[self.listed_kind].words(), self.bits(user));
        let rank = |bit: usize| rank(words, &self.days_before, bit) as usize;
        &self.days[rank(bits.start)..rank(bits.end)]
    }

    /// The rows of the events of a kind, ascending, of a user of the block.
    #[inline]
    pub(crate) fn rows(&self, kind: usize, user: usize) -> impl Iterator<Item = usize> + '_ {
        ones(&self.words[kind], self.bits(user)).map(|bit| self.block.rows.start + bit)
    }
}
