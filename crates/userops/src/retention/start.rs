//! When each user starts, and in which cohort.

use super::definition::{CohortStart, RetentionOptions, ReturnPeriod};
use crate::activity::{ChoiceScratch, EventChoice};
use crate::analytics::growth::instant_attribute;
use crate::analytics::period::CalendarPeriod;
use crate::analytics::period_grid::PeriodGrid;
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::time::{Calendar, Day, Timestamp};

/// The patterns of [`EventChoice`]: what is a return, and what is a start.
pub(super) const RETURNS: usize = 0;
const STARTS: usize = 1;

/// One start of a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// The number of the cohort.
    pub(super) cohort: i32,
    /// The number of the calendar period that is period 0; meaningless with rolling ones.
    pub(super) period: i32,
    /// The instant of the start.
    pub(super) origin: i64,
    /// The last instant that is no return.
    pub(super) after: i64,
}

/// What finds the starts of users.
pub(super) struct Starts<'a> {
    log: &'a EventLog,
    calendar: &'a Calendar,
    as_of: Timestamp,
    pub(super) choice: EventChoice<'a>,
    kind: Kind<'a>,
    cohort: CalendarPeriod,
    /// The calendar period of returns, where it is another than that of cohorts.
    period: Option<CalendarPeriod>,
    /// The cohorts of events.
    pub(super) cohorts: PeriodGrid,
}

enum Kind<'a> {
    FirstEvent,
    FirstMatch,
    Recurring,
    Attribute(&'a Column),
}

impl<'a> Starts<'a> {
    /// # Errors
    /// Those of [`EventChoice::new`]; `UnknownName` and `TypeMismatch` for an attribute that tells no instant.
    pub(super) fn new(
        log: &'a EventLog,
        calendar: &'a Calendar,
        as_of: Timestamp,
        options: &RetentionOptions,
    ) -> Result<Self> {
        let (kind, pattern) = match &options.start {
            CohortStart::FirstEvent => (Kind::FirstEvent, None),
            CohortStart::FirstMatch(pattern) => (Kind::FirstMatch, Some(pattern)),
            CohortStart::Recurring(pattern) => (Kind::Recurring, Some(pattern)),
            CohortStart::Attribute(name) => (Kind::Attribute(instant_attribute(log, name)?), None),
        };
        let patterns: Vec<_> = [&options.returns].into_iter().chain(pattern).cloned().collect();
        let choice = EventChoice::new(log, calendar, &patterns)?;
        let cohort = options.cohort_period();
        // Without events nobody asks this grid.
        let cohorts = PeriodGrid::of_log(log, calendar, cohort, as_of)
            .unwrap_or_else(|| PeriodGrid::new(calendar, cohort, as_of.as_micros(), as_of.as_micros()));
        let period = match options.period {
            ReturnPeriod::Calendar(period) if period != cohort => Some(period),
            ReturnPeriod::Calendar(_) | ReturnPeriod::Rolling(_) => None,
        };
        Ok(Self { log, calendar, as_of, choice, kind, cohort, period, cohorts })
    }

    /// The numbers of the first and last cohort that a user may be in; `None` where no attribute is known.
    pub(super) fn cohort_span(&self) -> Option<(i32, i32)> {
        let Kind::Attribute(column) = &self.kind else {
            let last = self.cohorts.count() as u32 - 1;
            return Some((self.cohorts.number(0), self.cohorts.number(last)));
        };
        let numbers = (0..self.log.user_count()).filter_map(|user| Some(self.attribute(column, user)?.cohort));
        numbers.fold(None, |span, number| match span {
            None => Some((number, number)),
            Some((first, last)) => Some((number.min(first), number.max(last))),
        })
    }

    /// The starts of a user whose rows, those until `as_of`, are loaded; ascending by cohort unless a clock was set back.
    #[inline]
    pub(super) fn find(
        &self,
        user: usize,
        rows: std::ops::Range<usize>,
        scratch: &ChoiceScratch,
        starts: &mut Vec<Start>,
    ) {
        starts.clear();
        let times = self.log.time_micros();
        match &self.kind {
            Kind::FirstEvent => {
                if !rows.is_empty() {
                    starts.push(self.at_event(times[rows.start]));
                }
            }
            Kind::FirstMatch => {
                starts.extend(self.choice.first(STARTS, rows, scratch).map(|row| self.at_event(times[row])));
            }
            Kind::Attribute(column) => starts.extend(self.attribute(column, user)),
            Kind::Recurring => {
                for row in rows.filter(|row| self.choice.has(STARTS, *row, scratch)) {
                    let cohort = self.cohorts.number(self.cohorts.index_of(times[row]));
                    match starts.last() {
                        Some(last) if last.cohort == cohort => {}
                        Some(last) if last.cohort > cohort && starts.iter().any(|start| start.cohort == cohort) => {}
                        _ => starts.push(self.at_event(times[row])),
                    }
                }
            }
        }
    }

    #[inline]
    fn at_event(&self, time: i64) -> Start {
        let cohort = self.cohorts.number(self.cohorts.index_of(time));
        let day = || self.calendar.day(Timestamp::from_micros(time));
        let period = self.period.map_or(cohort, |period| period.number(day()));
        Start { cohort, period, origin: time, after: time }
    }

    fn attribute(&self, column: &Column, user: usize) -> Option<Start> {
        let (day, origin, after) = match column {
            Column::Date(days) => {
                let day = Day(days.get(user)?);
                let start = self.calendar.day_start(day).as_micros();
                (day, start, start.saturating_sub(1))
            }
            Column::Time(times) => {
                let time = times.get(user)?;
                (self.calendar.day(Timestamp::from_micros(time)), time, time)
            }
            _ => return None,
        };
        let cohort = self.cohort.number(day);
        let period = self.period.map_or(cohort, |period| period.number(day));
        (origin <= self.as_of.as_micros()).then_some(Start { cohort, period, origin, after })
    }
}
