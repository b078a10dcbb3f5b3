//! The most frequent case, in which words of bits tell all: users start with their first event, and any later event is a
//! return to a calendar period.

use std::ops::Range;

use super::definition::{CohortStart, ReturnMeasure};
use super::start::RETURNS;
use super::tally::Tally;
use super::walk::{Scratch, Walk};
use crate::analytics::period_grid::{PeriodGrid, PeriodWords};
use crate::id::UserIx;

/// A walk over users of whom nothing is asked but the calendar periods of their returns.
pub(super) struct Plain<'a> {
    walk: &'a Walk<'a>,
    grid: &'a PeriodGrid,
    /// `None` where a word has too few bits for the periods.
    words: Option<PeriodWords<'a>>,
}

impl<'a> Plain<'a> {
    /// `None` where more is asked.
    pub(super) fn new(walk: &'a Walk<'a>) -> Option<Self> {
        let is_plain = walk.options.measure == ReturnMeasure::On
            && walk.options.start == CohortStart::FirstEvent
            && walk.options.revenue.is_none()
            && walk.frame.columns.is_each()
            && walk.starts.choice.is_every(RETURNS)
            && walk.log.last_micros() <= walk.as_of.as_micros();
        let grid = walk.grid.as_ref().filter(|_| is_plain)?;
        Some(Self { walk, grid, words: grid.words(walk.log) })
    }

    /// Adds the users of a range.
    pub(super) fn add_all(&self, tally: &mut Tally, users: Range<usize>, scratch: &mut Scratch) {
        let Some(words) = self.words else {
            return users.for_each(|user| self.add(tally, user, scratch));
        };
        let columns = self.walk.frame.columns.len();
        for user in users {
            let Some((row, period, returns)) = self.start_of(tally, user) else { continue };
            let (word, zero) = (words.of_rows(returns), self.grid.index_of_number(period) as u64);
            // A clock that was set back can put a return before its start: into period 0.
            let before = word & !(u64::MAX << zero);
            let mut periods = word >> zero | u64::from(before != 0);
            let counts = &mut tally.counts[row * columns..(row + 1) * columns];
            while periods != 0 {
                if let Some(count) = counts.get_mut(periods.trailing_zeros() as usize) {
                    *count += 1;
                }
                periods &= periods - 1;
            }
        }
    }

    /// Adds a user, however many periods there are.
    fn add(&self, tally: &mut Tally, user: usize, scratch: &mut Scratch) {
        if let Some((row, period, returns)) = self.start_of(tally, user) {
            self.walk.add_grid_returns(tally, row, period, returns, self.grid, scratch);
        }
    }

    /// Counts a user who has events: the row of the tally, the number of the calendar period of the start, and the rows of the
    /// log that are returns.
    #[inline]
    fn start_of(&self, tally: &mut Tally, user: usize) -> Option<(usize, i32, Range<usize>)> {
        let walk = self.walk;
        let rows = walk.log.rows(UserIx(user as u32));
        if rows.is_empty() {
            return None;
        }
        let start = walk.starts.at_row(rows.start);
        let row = walk.frame.row(start.cohort, user);
        tally.user_count += 1;
        tally.sizes[row] += 1;
        let returns = match walk.log.starts_with_tie(user) {
            true => walk.rows_after(walk.log.time_micros()[rows.start], rows),
            false => rows.start + 1..rows.end,
        };
        Some((row, start.period, returns))
    }
}
