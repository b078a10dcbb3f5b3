//! The events of each user that a query is over, for kernels that do more with them than a measure can say.

use std::ops::Range;

use super::event_query::{EventQuery, Observed};
use super::kernel::bits::{Ternary, WORD_BITS, ones, words_in};
use super::kernel::pattern::Pattern;
use super::kernel::span::{BlockRows, Reaches, WindowRows};
use super::scalar::{Selection, select};
use super::subject::Subject;
use crate::error::Result;
use crate::log::EventLog;
use crate::time::{Calendar, Timestamp};

/// The rows of the events of a query, ascending, for one user; `None` where the query is unknown for the user.
///
/// # Errors
/// As [`EventRows::new`].
pub(crate) fn event_rows(query: &EventQuery, subject: &Subject<'_>) -> Result<Option<Vec<usize>>> {
    Ok(match select(query, subject)? {
        Selection::Rows(rows, _) => Some(rows),
        Selection::UnknownWindow | Selection::TooYoung(_) => None,
    })
}

/// A query made ready for a log and an instant.
#[derive(Debug)]
pub(crate) struct EventRows<'a> {
    log: &'a EventLog,
    calendar: &'a Calendar,
    pattern: Pattern<'a>,
    reaches: Reaches<'a>,
    asks_observed: bool,
}

impl<'a> EventRows<'a> {
    /// # Errors
    /// `UnknownName` for a property or attribute that the log lacks; `TypeMismatch` for a test that does not fit one.
    pub(crate) fn new(log: &'a EventLog, query: &EventQuery, as_of: Timestamp, calendar: &'a Calendar) -> Result<Self> {
        Ok(Self {
            log,
            calendar,
            pattern: Pattern::compile(log, calendar, &query.events, query.filter.as_ref())?,
            reaches: Reaches::new(log, std::slice::from_ref(&query.window), as_of, calendar)?,
            asks_observed: query.observed == Observed::Window,
        })
    }

    /// Hands over each of these users with the rows of the events, ascending; `None` where the query is unknown for the
    /// user. Takes O(rows of the users).
    pub(crate) fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, Option<&[usize]>)) {
        let mut rows = Vec::new();
        self.visit_blocks(users, |block| {
            for user in 0..block.user_count() {
                rows.clear();
                rows.extend(
                    ones(block.words, block.window.bits(user, block.block)).map(|bit| block.rows().start + bit),
                );
                visit(block.first_user() + user, block.is_told(user).then_some(rows.as_slice()));
            }
        });
    }

    /// Hands over these users, up to 64 at a time, with the events as bits. Takes O(rows of the users).
    pub(crate) fn visit_blocks(&self, users: Range<usize>, mut visit: impl FnMut(&EventBlock<'_>)) {
        let mut block = BlockRows::new(self.reaches.cuts.len());
        let (mut window, mut scratch) = (WindowRows::new(), Ternary::default());
        let mut words = Vec::new();
        let mut start = users.start;
        while start < users.end {
            let end = (start + WORD_BITS).min(users.end);
            block.load(self.log, &self.reaches.cuts, start..end);
            window.load(self.log, &self.reaches.windows[0], self.asks_observed, &block, self.calendar);
            self.pattern.rows(self.log, &block.rows, &mut scratch, &mut words);
            let told = if self.asks_observed { window.known & window.observed } else { window.known };
            visit(&EventBlock { words: &words, block: &block, window: &window, told });
            start = end;
        }
    }
}

/// The events of a query for up to 64 users, as bits of their rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventBlock<'b> {
    /// A bit per row of the users, whether it is in the window or not.
    words: &'b [u64],
    block: &'b BlockRows,
    window: &'b WindowRows,
    told: u64,
}

impl EventBlock<'_> {
    pub(crate) fn user_count(&self) -> usize {
        self.block.users.len()
    }

    pub(crate) fn first_user(&self) -> usize {
        self.block.users.start
    }

    /// The rows of all users.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.block.rows.clone()
    }

    /// The rows of one user's events, as words of bits and their indexes.
    #[inline]
    pub(crate) fn words(&self, user: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        words_in(self.words, self.window.bits(user, self.block))
    }

    /// Whether the query is known for a user of the block.
    #[inline]
    pub(crate) fn is_told(&self, user: usize) -> bool {
        self.told >> user & 1 == 1
    }
}
