//! On how many of the last days each user was active: L7, L28, and the power-user curve.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::event_choice::{ChoiceScratch, EventChoice};
use crate::analytics::period::{CalendarPeriod, PERIODS_MAX};
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::error::{Result, invalid_argument};
use crate::id::{UserDirectory, UserIx};
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::{Table, user_column};
use crate::time::{Calendar, Day, Timestamp};

/// The length of the window unless asked otherwise: four whole weeks.
pub const ACTIVE_DAYS_WINDOW: u32 = 28;

/// Which days are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActiveDayOptions {
    /// The events that count as activity; every event unless said otherwise.
    pub activity: EventPattern,
    /// How many local calendar days the window has: 7 for L7, 28 for L28.
    pub days: u32,
    /// Whether the window ends with the day of `as_of`, which may not be over, or with the day before.
    pub include_today: bool,
}

impl Default for ActiveDayOptions {
    fn default() -> Self {
        Self { activity: EventPattern::default(), days: ACTIVE_DAYS_WINDOW, include_today: true }
    }
}

impl ActiveDayOptions {
    /// The last days, that of `as_of` among them.
    #[must_use]
    pub fn last_days(days: u32) -> Self {
        Self { days, ..Self::default() }
    }

    /// The same with these events as activity.
    #[must_use]
    pub fn activity(mut self, activity: EventPattern) -> Self {
        self.activity = activity;
        self
    }

    /// The same with a window that ends with the day of `as_of` or the one before.
    #[must_use]
    pub fn include_today(mut self, include_today: bool) -> Self {
        self.include_today = include_today;
        self
    }
}

/// Users by the number of their active days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PowerPoint {
    /// A number of days, from 1 to the length of the window.
    pub day_count: u32,
    /// Users active on exactly so many days.
    pub exactly_count: u64,
    /// Users active on so many days or more.
    pub at_least_count: u64,
    /// Of the users active in the window, those active on exactly so many days; `None` where there are none.
    pub exactly_ratio: Option<f64>,
    /// Of the users active in the window, those active on so many days or more; `None` where there are none.
    pub at_least_ratio: Option<f64>,
}

/// The points of a curve, given how many users were active on exactly 1, 2, 3 … days.
pub(super) fn power_points(exactly: &[u64]) -> Vec<PowerPoint> {
    let active: u64 = exactly.iter().sum();
    let ratio = |count: u64| (active > 0).then(|| count as f64 / active as f64);
    let mut at_least_count = active;
    let point = |(day_count, exactly_count): (u32, u64)| {
        let (exactly_ratio, at_least_ratio) = (ratio(exactly_count), ratio(at_least_count));
        let point = PowerPoint { day_count, exactly_count, at_least_count, exactly_ratio, at_least_ratio };
        at_least_count -= exactly_count;
        point
    };
    (1..).zip(exactly.iter().copied()).map(point).collect()
}

/// The active days of every user in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveDayCounts {
    /// What was asked for.
    pub options: ActiveDayOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The first day of the window.
    pub first_day: Day,
    /// Its last day.
    pub last_day: Day,
    /// For each user of the log how many days of the window were active; 0 for users who were not there.
    pub day_counts: Vec<u32>,
}

/// Counts on how many of the last local days each user was active, from the events that have happened at `as_of`.
///
/// A row per user in the order of the log's directory. Takes O(events of the window + users · log events) time, shared out
/// over rayon's threads.
///
/// # Errors
/// `InvalidArgument` for a window of no days or of more than [`PERIODS_MAX`]; those of [`EventPattern`]: `UnknownName`,
/// `TypeMismatch`.
pub fn count_active_days(log: &EventLog, as_of: Timestamp, options: &ActiveDayOptions) -> Result<ActiveDayCounts> {
    let days = options.days;
    if days == 0 || days as usize > PERIODS_MAX {
        return Err(invalid_argument(format!("a window of {days} days; it lasts from 1 to {PERIODS_MAX} days")));
    }
    let calendar = log.calendar(as_of);
    let choice = EventChoice::new(log, &calendar, std::slice::from_ref(&options.activity))?;
    let last_day = Day(calendar.day(as_of).0.saturating_sub(i32::from(!options.include_today)));
    let first_day = Day(last_day.0.saturating_sub(days as i32 - 1));
    let count = Count { log, as_of, choice, first_day, last_day };
    let day_counts = count.users(&calendar);
    Ok(ActiveDayCounts { options: options.clone(), as_of, first_day, last_day, day_counts })
}

impl ActiveDayCounts {
    /// How many users were active on exactly, and on at least, each number of days: the power-user curve.
    #[must_use]
    pub fn power_curve(&self) -> Vec<PowerPoint> {
        let mut exactly = vec![0u64; self.options.days as usize + 1];
        for days in &self.day_counts {
            exactly[*days as usize] += 1;
        }
        power_points(&exactly[1..])
    }

    /// A row per user: `user`, `active_day_count`.
    ///
    /// # Errors
    /// `InvalidArgument` where the directory is not that of the log.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let rows = (0..users.len()).map(|user| UserIx(user as u32));
        Table::new(self.day_counts.len())
            .with("user", user_column(users, rows))?
            .with("active_day_count", self.day_counts.clone())
    }

    /// The power-user curve as a table: `day_count`, `exactly_count`, `at_least_count`, `exactly_ratio`, `at_least_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn power_curve_table(&self) -> Result<Table> {
        let points = self.power_curve();
        Table::new(points.len())
            .with("day_count", points.iter().map(|point| point.day_count).collect::<Vec<_>>())?
            .with("exactly_count", points.iter().map(|point| point.exactly_count as i64).collect::<Vec<_>>())?
            .with("at_least_count", points.iter().map(|point| point.at_least_count as i64).collect::<Vec<_>>())?
            .with("exactly_ratio", points.iter().map(|point| point.exactly_ratio).collect::<Vec<_>>())?
            .with("at_least_ratio", points.iter().map(|point| point.at_least_ratio).collect::<Vec<_>>())
    }
}

struct Count<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    choice: EventChoice<'a>,
    first_day: Day,
    last_day: Day,
}

impl Count<'_> {
    fn users(&self, calendar: &Calendar) -> Vec<u32> {
        // No instant before the first one of a day shows that day.
        let from = calendar.day_start(self.first_day).as_micros();
        let span = self.log.time_span().map(|(first, last)| (first.as_micros().max(from), last.min(self.as_of)));
        let Some((first, last)) = span.filter(|(first, last)| *first <= last.as_micros()) else {
            return vec![0; self.log.user_count()];
        };
        let grid = PeriodGrid::new(calendar, CalendarPeriod::Day, first, last.as_micros()).over(self.log);
        let days = grid.index_of_number(self.first_day.0)..=grid.index_of_number(self.last_day.0);
        let part = |users: Range<usize>| {
            let (mut scratch, mut bits) = (ChoiceScratch::default(), PeriodBits::default());
            let count = |user: usize| {
                let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).since(first).rows();
                self.choice.load(rows.clone(), &mut scratch);
                self.choice.scan(0, rows, &grid, &scratch, &mut bits);
                // Where a clock was set back, an earlier date may show after the first instant of the window.
                bits.iter().filter(|day| days.contains(&i64::from(*day))).count() as u32
            };
            users.map(count).collect::<Vec<u32>>()
        };
        self.log.thread_ranges().into_par_iter().flat_map_iter(part).collect()
    }
}
