//! The most frequent case, in which active days tell all.
//!
//! Users start with their first event, and any later event is a return to a calendar period.

use std::ops::Range;

use super::definition::{CohortStart, ReturnMeasure};
use super::start::RETURNS;
use super::tally::Tally;
use super::walk::Walk;
use crate::analytics::period_grid::DayPeriods;
use crate::log::ActiveDays;

/// A walk over users of whom nothing is asked but the calendar periods of their returns.
pub(super) struct Plain<'a> {
    walk: &'a Walk<'a>,
    days: &'a ActiveDays,
    periods: DayPeriods<'a>,
    cohorts: DayPeriods<'a>,
}

impl<'a> Plain<'a> {
    /// `None` where more is asked, or where days do not tell enough.
    pub(super) fn new(walk: &'a Walk<'a>) -> Option<Self> {
        let is_plain = walk.options.measure == ReturnMeasure::On
            && walk.options.start == CohortStart::FirstEvent
            && walk.options.revenue.is_none()
            && walk.frame.columns.is_each()
            && walk.starts.choice.is_every(RETURNS);
        let grid = walk.grid.as_ref().filter(|_| is_plain)?;
        let days = walk.log.active_days(walk.as_of).filter(|days| days.is_ascending())?;
        Some(Self { walk, days, periods: grid.day_periods()?, cohorts: walk.starts.cohorts.day_periods()? })
    }

    /// Adds the users of a range.
    pub(super) fn add_all(&self, tally: &mut Tally, users: Range<usize>) {
        let columns = self.walk.frame.columns.len();
        for user in users {
            let days = self.days.of(user);
            let Some(cohort) = self.cohorts.of(days).next() else { continue };
            let row = self.walk.frame.row(self.walk.starts.cohorts.number(cohort), user);
            tally.user_count += 1;
            tally.sizes[row] += 1;
            let counts = &mut tally.counts[row * columns..(row + 1) * columns];
            self.add(counts, days, self.days.has_later_on_first_day(user));
        }
    }

    /// Counts a user in the periods with a return. The first day has one where an event of it is later than the first.
    #[inline]
    fn add(&self, counts: &mut [u32], days: &[u16], later_on_first_day: bool) {
        let Some(start) = self.periods.of(days).next() else { return };
        let returns = &days[usize::from(!later_on_first_day)..];
        for period in self.periods.of(returns) {
            match counts.get_mut((period - start) as usize) {
                Some(count) => *count += 1,
                None => break,
            }
        }
    }
}
