//! The events of each user that a query is over, for kernels that do more with them than a measure can say.

use std::ops::Range;

use super::event_query::{EventQuery, Observed};
use super::kernel::bits::{Ternary, WORD_BITS, ones};
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
        let mut block = BlockRows::new(self.reaches.cuts.len());
        let (mut window, mut scratch) = (WindowRows::new(), Ternary::default());
        let (mut bits, mut rows) = (Vec::new(), Vec::new());
        let mut start = users.start;
        while start < users.end {
            let end = (start + WORD_BITS).min(users.end);
            block.load(self.log, &self.reaches.cuts, start..end);
            window.load(self.log, &self.reaches.windows[0], self.asks_observed, &block, self.calendar);
            self.pattern.rows(self.log, &block.rows, &mut scratch, &mut bits);
            let told = if self.asks_observed { window.known & window.observed } else { window.known };
            for user in 0..end - start {
                rows.clear();
                rows.extend(ones(&bits, window.bits(user, &block)).map(|bit| block.rows.start + bit));
                visit(start + user, (told >> user & 1 == 1).then_some(rows.as_slice()));
            }
            start = end;
        }
    }
}
