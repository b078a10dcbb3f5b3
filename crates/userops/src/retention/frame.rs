//! The rows and columns of a matrix, and which of its cells have begun and are complete.

use super::columns::Columns;
use super::definition::{RetentionOptions, ReturnPeriod};
use super::group::Groups;
use crate::analytics::period::CalendarPeriod;
use crate::error::{Result, limit_exceeded};
use crate::time::{Calendar, Day, Timestamp};

/// The most cells of a matrix: a thousand days of daily cohorts have half a million.
pub const CELLS_MAX: usize = 4_000_000;

/// The rows and columns of a matrix.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) as_of: Timestamp,
    pub(super) cohort: CalendarPeriod,
    pub(super) period: ReturnPeriod,
    /// The numbers of the first and last cohort.
    first: i32,
    last: i32,
    pub(super) groups: Groups,
    pub(super) columns: Columns,
}

impl<'a> Frame<'a> {
    /// A frame of the cohorts from one number to another.
    ///
    /// # Errors
    /// `LimitExceeded` for more than [`CELLS_MAX`] cells.
    pub(super) fn new(
        calendar: &'a Calendar,
        as_of: Timestamp,
        options: &RetentionOptions,
        (first, last): (i32, i32),
        groups: Groups,
    ) -> Result<Self> {
        let (cohort, period) = (options.cohort_period(), options.period);
        let columns = Columns::each(0);
        let mut frame = Self { calendar, as_of, cohort, period, first, last: last.max(first), groups, columns };
        let cohorts = i64::from(frame.last) - i64::from(first) + 1;
        let rows = cohorts as u64 * frame.groups.len() as u64;
        let columns = match (options.brackets.len(), options.period_last) {
            (0, Some(last)) => u64::from(last) + 1,
            (0, None) => frame.begun_count(first),
            (bounds, _) => bounds as u64 - 1,
        };
        if rows.saturating_mul(columns) > CELLS_MAX as u64 {
            return Err(limit_exceeded(format!(
                "{cohorts} cohorts in {} groups over {columns} periods make more than {CELLS_MAX} cells; take longer periods, \
                 a smaller `period_last`, or leave out events with wrong instants",
                frame.groups.len()
            )));
        }
        frame.columns = match options.brackets.as_slice() {
            [] => Columns::each((columns.max(1) - 1) as u32),
            bounds => Columns::brackets(bounds),
        };
        Ok(frame)
    }

    pub(super) fn row_count(&self) -> usize {
        self.cohort_count() * self.groups.len()
    }

    pub(super) fn cohort_count(&self) -> usize {
        (self.last - self.first) as usize + 1
    }

    /// The row of a user in the cohort with this number.
    #[inline]
    pub(super) fn row(&self, cohort: i32, user: usize) -> usize {
        let cohort = cohort.clamp(self.first, self.last) - self.first;
        cohort as usize * self.groups.len() + self.groups.of(user)
    }

    /// The number of the cohort with this index.
    pub(super) fn cohort_number(&self, index: usize) -> i32 {
        self.first + index as i32
    }

    /// How many periods have begun at `as_of` for whoever started first in a cohort.
    fn begun_count(&self, cohort: i32) -> u64 {
        let first_day = self.cohort.first_day(cohort);
        let begun = match self.period {
            ReturnPeriod::Calendar(period) => {
                let started = period.number(first_day);
                i64::from(period.number(self.calendar.day(self.as_of))) - i64::from(started) + 1
            }
            ReturnPeriod::Rolling(length) => {
                let elapsed = self.as_of.since(self.calendar.day_start(first_day)).as_micros();
                elapsed.div_euclid(length.as_micros()).saturating_add(1)
            }
        };
        begun.max(1) as u64
    }

    /// How many columns have begun at `as_of` for whoever started first in a cohort.
    pub(super) fn begun_columns(&self, cohort: i32) -> usize {
        let begun = self.begun_count(cohort).min(u64::from(u32::MAX)) as u32;
        self.columns.begun_by(begun - 1)
    }

    /// Whether a column is over at `as_of` for whoever started last in a cohort.
    pub(super) fn is_complete(&self, cohort: i32, column: usize) -> bool {
        let Some(range) = self.columns.ranges().get(column) else { return false };
        let last = match self.period {
            ReturnPeriod::Calendar(period) => {
                let last_day = Day(self.cohort.first_day(cohort.saturating_add(1)).0.saturating_sub(1));
                period.last_instant(period.number(last_day).saturating_add(range.last as i32), self.calendar)
            }
            ReturnPeriod::Rolling(length) => {
                let start = self.cohort.last_instant(cohort, self.calendar).as_micros();
                let end = length.as_micros().saturating_mul(i64::from(range.last) + 1);
                Timestamp::from_micros(start.saturating_add(end).saturating_sub(1))
            }
        };
        last <= self.as_of
    }

    /// How many columns have begun at `as_of` for a user who started in this period, or at this instant.
    pub(super) fn begun_for(&self, period: i32, origin: i64) -> usize {
        let begun = match self.period {
            ReturnPeriod::Calendar(calendar_period) => {
                i64::from(calendar_period.number(self.calendar.day(self.as_of))) - i64::from(period)
            }
            ReturnPeriod::Rolling(length) => {
                self.as_of.as_micros().saturating_sub(origin).div_euclid(length.as_micros())
            }
        };
        self.columns.begun_by(begun.clamp(0, i64::from(u32::MAX)) as u32)
    }
}
