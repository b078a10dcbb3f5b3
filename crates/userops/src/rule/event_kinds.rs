//! Several kinds of events over all of history, as bits, for kernels that look for single events of each.

use std::ops::Range;

use super::event_query::EventPattern;
use super::kernel::bits::{Ternary, WORD_BITS, nth_one, ones};
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
    cuts: [RowCut; 2],
}

/// The events of each kind for up to 64 users, as bits of their rows.
#[derive(Debug)]
pub(crate) struct KindBlock {
    block: BlockRows,
    words: Vec<Vec<u64>>,
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
        Ok(Self { log, patterns: kinds.iter().map(compile).collect::<Result<_>>()?, cuts })
    }

    /// Room for the events of a block of users.
    pub(crate) fn block(&self) -> KindBlock {
        KindBlock {
            block: BlockRows::new(self.cuts.len()),
            words: vec![Vec::new(); self.patterns.len()],
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
    }
}

impl KindBlock {
    fn bits(&self, user: usize) -> Range<usize> {
        let rows = self.block.visible(user);
        rows.start - self.block.rows.start..rows.end - self.block.rows.start
    }

    /// The row of the nth event of a kind, counted from 1, of a user of the block.
    #[inline]
    pub(crate) fn nth(&self, kind: usize, user: usize, nth: usize) -> Option<usize> {
        nth_one(&self.words[kind], self.bits(user), nth).map(|bit| self.block.rows.start + bit)
    }

    /// The rows of the events of a kind, ascending, of a user of the block.
    #[inline]
    pub(crate) fn rows(&self, kind: usize, user: usize) -> impl Iterator<Item = usize> + '_ {
        ones(&self.words[kind], self.bits(user)).map(|bit| self.block.rows.start + bit)
    }
}
