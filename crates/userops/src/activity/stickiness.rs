//! On how many days of a week or month its users were active.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::active_days::power_points;
use super::event_choice::{ChoiceScratch, EventChoice};
use crate::analytics::period::{CalendarPeriod, check_period_count};
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// Days in the longest month.
const MONTH_DAYS_MAX: usize = 31;
/// Days in a week.
const WEEK_DAYS: usize = 7;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StickinessOptions {
    /// The events that count as activity; every event unless said otherwise.
    #[serde(default)]
    pub activity: EventPattern,
    /// The calendar period whose active days are counted: a week or a month.
    pub period: CalendarPeriod,
}

impl StickinessOptions {
    /// Any event is activity.
    #[must_use]
    pub fn new(period: CalendarPeriod) -> Self {
        Self { activity: EventPattern::default(), period }
    }

    /// The same with these events as activity.
    #[must_use]
    pub fn activity(mut self, activity: EventPattern) -> Self {
        self.activity = activity;
        self
    }

    fn days_max(&self) -> Result<usize> {
        match self.period {
            CalendarPeriod::Week { .. } => Ok(WEEK_DAYS),
            CalendarPeriod::Month => Ok(MONTH_DAYS_MAX),
            CalendarPeriod::Day => Err(invalid_argument(
                "stickiness counts the active days of a \"week\" or a \"month\", not of a \"day\"",
            )),
        }
    }
}

/// A number of days of one period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StickinessRow {
    /// The first day of the period.
    pub first_day: Day,
    /// Whether the period is over at `as_of`: in an open one users may yet become active on further days.
    pub complete: bool,
    /// A number of days, from 1 to the length of the period.
    pub day_count: u32,
    /// Users active on exactly so many days of the period.
    pub exactly_count: u64,
    /// Users active on so many days or more.
    pub at_least_count: u64,
    /// Of the users active in the period, those active on exactly so many days; `None` where there are none.
    pub exactly_ratio: Option<f64>,
    /// Of the users active in the period, those active on so many days or more; `None` where there are none.
    pub at_least_ratio: Option<f64>,
}

/// Active days by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stickiness {
    /// What was asked for.
    pub options: StickinessOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// By period, from that of the first activity to that of the last, then by number of days; empty without activity.
    pub rows: Vec<StickinessRow>,
}

/// Counts, for each week or month, the users by the number of its days on which they were active, from the events that have
/// happened at `as_of`.
///
/// Days and periods follow the log's zone. Takes O(events) time, shared out over rayon's threads, and O(days) memory.
///
/// # Errors
/// `InvalidArgument` for periods of a day; `LimitExceeded` for more than
/// [`PERIODS_MAX`](crate::analytics::period::PERIODS_MAX) days; those of [`EventPattern`]: `UnknownName`, `TypeMismatch`.
pub fn measure_stickiness(
    log: &EventLog,
    as_of: Timestamp,
    options: impl Into<StickinessOptions>,
) -> Result<Stickiness> {
    let options = options.into();
    let stride = options.days_max()?;
    let calendar = log.calendar(as_of);
    let choice = EventChoice::new(log, &calendar, std::slice::from_ref(&options.activity))?;
    let Some(grid) = PeriodGrid::of_log(log, &calendar, CalendarPeriod::Day, as_of) else {
        return Ok(Stickiness { options, as_of, rows: Vec::new() });
    };
    check_period_count(grid.number(0), grid.number(0).saturating_add(grid.count() as i32 - 1))?;
    let number_of = |day: u32| options.period.number(Day(grid.number(day)));
    let first = number_of(0);
    let period_of: Vec<u32> = (0..grid.count() as u32).map(|day| (number_of(day) - first) as u32).collect();
    let periods = period_of.last().map_or(0, |last| *last as usize + 1);
    let count = Count { log, as_of, choice, grid, period_of, cells: periods * stride, stride };
    let cells = log.thread_ranges().into_par_iter().map(|users| count.tally(users)).reduce_with(join);
    let cells = cells.unwrap_or_default();
    let mut rows = Vec::new();
    for (index, exactly) in cells.chunks_exact(stride).enumerate() {
        let number = first + index as i32;
        let complete = options.period.last_instant(number, &calendar) <= as_of;
        let first_day = options.period.first_day(number);
        let length = (options.period.first_day(number + 1).0 - first_day.0) as usize;
        push_rows(&mut rows, first_day, complete, &exactly[..length.min(stride)]);
    }
    trim(&mut rows);
    Ok(Stickiness { options, as_of, rows })
}

impl From<CalendarPeriod> for StickinessOptions {
    fn from(period: CalendarPeriod) -> Self {
        Self::new(period)
    }
}

impl Stickiness {
    /// A row per period and number of days: `first_day`, `complete`, `day_count`, `exactly_count`, `at_least_count`,
    /// `exactly_ratio`, `at_least_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        Table::new(rows.len())
            .with("first_day", Column::Date(rows.iter().map(|row| Some(row.first_day.0)).collect()))?
            .with("complete", rows.iter().map(|row| row.complete).collect::<Vec<_>>())?
            .with("day_count", rows.iter().map(|row| row.day_count).collect::<Vec<_>>())?
            .with("exactly_count", rows.iter().map(|row| row.exactly_count as i64).collect::<Vec<_>>())?
            .with("at_least_count", rows.iter().map(|row| row.at_least_count as i64).collect::<Vec<_>>())?
            .with("exactly_ratio", rows.iter().map(|row| row.exactly_ratio).collect::<Vec<_>>())?
            .with("at_least_ratio", rows.iter().map(|row| row.at_least_ratio).collect::<Vec<_>>())
    }
}

struct Count<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    choice: EventChoice<'a>,
    grid: PeriodGrid,
    /// For each day of the grid its period.
    period_of: Vec<u32>,
    cells: usize,
    /// Cells of a period: one for each number of days from 1 on.
    stride: usize,
}

impl Count<'_> {
    fn tally(&self, users: Range<usize>) -> Vec<u64> {
        let mut cells = vec![0; self.cells];
        if let Some((active, of_days)) = self.choice.plain_days(0, self.as_of, &self.grid) {
            users.for_each(|user| self.add(&mut cells, of_days.of(active.of(user))));
            return cells;
        }
        let (mut scratch, mut bits) = (ChoiceScratch::default(), PeriodBits::default());
        for user in users {
            let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).rows();
            self.choice.load(rows.clone(), &mut scratch);
            self.choice.scan(0, rows, &self.grid, &scratch, &mut bits);
            self.add(&mut cells, bits.iter());
        }
        cells
    }

    /// Adds the days on which a user is active, ascending.
    #[inline]
    fn add(&self, cells: &mut [u64], active: impl Iterator<Item = u32>) {
        let (mut period, mut days) = (0, 0);
        for day in active {
            let its_period = self.period_of[day as usize];
            if its_period != period && days > 0 {
                cells[period as usize * self.stride + days - 1] += 1;
                days = 0;
            }
            (period, days) = (its_period, days + 1);
        }
        if days > 0 {
            cells[period as usize * self.stride + days - 1] += 1;
        }
    }
}

fn join(mut one: Vec<u64>, other: Vec<u64>) -> Vec<u64> {
    one.iter_mut().zip(other).for_each(|(a, b)| *a += b);
    one
}

fn push_rows(rows: &mut Vec<StickinessRow>, first_day: Day, complete: bool, exactly: &[u64]) {
    rows.extend(power_points(exactly).into_iter().map(|point| StickinessRow {
        first_day,
        complete,
        day_count: point.day_count,
        exactly_count: point.exactly_count,
        at_least_count: point.at_least_count,
        exactly_ratio: point.exactly_ratio,
        at_least_ratio: point.at_least_ratio,
    }));
}

/// Drops the periods before the first activity and after the last.
fn trim(rows: &mut Vec<StickinessRow>) {
    let days: Vec<Day> = rows.iter().filter(|row| row.exactly_count > 0).map(|row| row.first_day).collect();
    let (first, last) = (days.first().copied(), days.last().copied());
    rows.retain(|row| first <= Some(row.first_day) && Some(row.first_day) <= last);
}
