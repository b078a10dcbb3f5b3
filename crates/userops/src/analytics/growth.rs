//! Growth accounting: per calendar period, who is new, who comes back, who wakes up, who falls asleep.
//!
//! Two laws hold in every period: `active(t) = new(t) + returning(t) + resurrecting(t)`, and
//! `active(t − 1) = returning(t) + dormant(t)`. Their difference is the growth: `active(t) − active(t − 1) =
//! new(t) + resurrecting(t) − dormant(t)`.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analytics::counted_event::CountedEvents;
use crate::analytics::period::{CalendarPeriod, PERIODS_MAX, check_period_count};
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::{DayPeriods, PeriodGrid};
use crate::column::Column;
use crate::error::{Result, type_mismatch};
use crate::id::UserIx;
use crate::log::{ActiveDays, EventLog, UserEvents};
use crate::table::Table;
use crate::time::{Calendar, Day, Timestamp};
use crate::value::ValueType;

/// What makes a user new in a period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewUser {
    /// The user's first event of any name is in it. Who comes early and is active later only is resurrecting then.
    #[default]
    FirstEvent,
    /// The user's first event that counts as activity is in it.
    FirstActivity,
    /// This date or time attribute is in it. A user for whom it is unknown is never new.
    Attribute(String),
}

/// How growth is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrowthOptions {
    /// The events that count as activity; empty for every event.
    #[serde(default)]
    pub activity: Vec<String>,
    /// The calendar period.
    pub period: CalendarPeriod,
    /// What makes a user new.
    #[serde(default)]
    pub new_user: NewUser,
}

impl GrowthOptions {
    /// Any event is activity, and the first one makes a user new.
    #[must_use]
    pub fn new(period: CalendarPeriod) -> Self {
        Self { activity: Vec::new(), period, new_user: NewUser::default() }
    }

    /// The same with these events as activity.
    #[must_use]
    pub fn activity<N: Into<String>>(mut self, events: impl IntoIterator<Item = N>) -> Self {
        self.activity = events.into_iter().map(Into::into).collect();
        self
    }

    /// The same with another meaning of new.
    #[must_use]
    pub fn new_user(mut self, new_user: NewUser) -> Self {
        self.new_user = new_user;
        self
    }
}

impl From<CalendarPeriod> for GrowthOptions {
    fn from(period: CalendarPeriod) -> Self {
        Self::new(period)
    }
}

/// One period. Every count is a number of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrowthRow {
    /// The first day of the period.
    pub first_day: Day,
    /// Whether `as_of` is at or after the last instant of the period: an open period can only grow.
    pub complete: bool,
    /// Active in the period.
    pub active_count: u64,
    /// Active in it, not in the one before, and new in it.
    pub new_count: u64,
    /// Active in it and in the one before.
    pub returning_count: u64,
    /// Active in it, not in the one before, and not new.
    pub resurrecting_count: u64,
    /// Not active in it, but in the one before.
    pub dormant_count: u64,
}

impl GrowthRow {
    /// By how many the active users grew: new and resurrecting less dormant ones.
    #[must_use]
    pub fn net_count(&self) -> i64 {
        (self.new_count + self.resurrecting_count) as i64 - self.dormant_count as i64
    }

    /// The share of the active users of the period before that came again; `None` where there were none.
    #[must_use]
    pub fn retention_ratio(&self) -> Option<f64> {
        let before = self.returning_count + self.dormant_count;
        (before > 0).then(|| self.returning_count as f64 / before as f64)
    }

    /// Users won (new and resurrecting) per user lost (dormant): the quick ratio. `None` where none was lost.
    #[must_use]
    pub fn quick_ratio(&self) -> Option<f64> {
        let won = self.new_count + self.resurrecting_count;
        (self.dormant_count > 0).then(|| won as f64 / self.dormant_count as f64)
    }
}

/// The accounts of all periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// What was asked for.
    pub options: GrowthOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// From the period of the first activity to that of `as_of`, none left out; empty without activity.
    pub rows: Vec<GrowthRow>,
}

/// Accounts for growth, period by period, from the events that have happened at `as_of`.
///
/// Periods follow the log's zone. Takes O(events) time, shared out over rayon's threads, and O(periods) memory.
///
/// # Errors
/// `UnknownName` for an event or attribute that the log does not have; `TypeMismatch` where the attribute is neither a
/// date nor a time; `LimitExceeded` for more than [`PERIODS_MAX`] periods.
pub fn account_growth(log: &EventLog, as_of: Timestamp, options: impl Into<GrowthOptions>) -> Result<Growth> {
    let options = options.into();
    let counts = CountedEvents::new(log, &options.activity)?;
    let created = created_column(log, &options.new_user)?;
    let calendar = log.calendar(as_of);
    let Some(first) = first_instant(log, as_of, &counts, options.period) else {
        return Ok(Growth { options, as_of, rows: Vec::new() });
    };
    let grid = PeriodGrid::new(&calendar, options.period, first, as_of.as_micros()).over(log);
    check_period_count(grid.number(0), grid.number(0) + grid.count() as i32 - 1)?;
    let account = Account { log, as_of, counts: &counts, created, calendar: &calendar, options: &options, grid, first };
    let rows = account.rows();
    Ok(Growth { options, as_of, rows })
}

impl Growth {
    /// A row per period: `first_day`, `complete`, `active_count`, `new_count`, `returning_count`,
    /// `resurrecting_count`, `dormant_count`, `net_count`, `retention_ratio`, `quick_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let counts = |value: fn(&GrowthRow) -> u64| self.rows.iter().map(|row| value(row) as i64).collect::<Vec<_>>();
        let days = self.rows.iter().map(|row| Some(row.first_day.0)).collect();
        Table::new(self.rows.len())
            .with("first_day", Column::Date(days))?
            .with("complete", self.rows.iter().map(|row| row.complete).collect::<Vec<_>>())?
            .with("active_count", counts(|row| row.active_count))?
            .with("new_count", counts(|row| row.new_count))?
            .with("returning_count", counts(|row| row.returning_count))?
            .with("resurrecting_count", counts(|row| row.resurrecting_count))?
            .with("dormant_count", counts(|row| row.dormant_count))?
            .with("net_count", self.rows.iter().map(GrowthRow::net_count).collect::<Vec<_>>())?
            .with("retention_ratio", self.rows.iter().map(GrowthRow::retention_ratio).collect::<Vec<_>>())?
            .with("quick_ratio", self.rows.iter().map(GrowthRow::quick_ratio).collect::<Vec<_>>())
    }
}

/// The attribute that makes users new, where one does.
fn created_column<'a>(log: &'a EventLog, new_user: &NewUser) -> Result<Option<&'a Column>> {
    match new_user {
        NewUser::Attribute(name) => instant_attribute(log, name).map(Some),
        NewUser::FirstEvent | NewUser::FirstActivity => Ok(None),
    }
}

/// An attribute that says when: a date or a time.
///
/// # Errors
/// `UnknownName` where there is no such attribute; `TypeMismatch` where it is of another type.
pub(crate) fn instant_attribute<'a>(log: &'a EventLog, name: &str) -> Result<&'a Column> {
    match log.attributes().column(name)? {
        column @ (Column::Date(_) | Column::Time(_)) => Ok(column),
        other => Err(type_mismatch(format!(
            "the attribute {name:?} is of type {}, where {} or {} is needed to say when a user is new",
            other.value_type(),
            ValueType::Date,
            ValueType::Time
        ))),
    }
}

/// An instant before which no event counts: the first event of the log where that leaves few enough periods, which is there
/// to be read, else the first one that counts.
fn first_instant(log: &EventLog, as_of: Timestamp, counts: &CountedEvents, period: CalendarPeriod) -> Option<i64> {
    let (first, _) = log.time_span().filter(|(first, _)| *first <= as_of)?;
    let days = as_of.since(first).as_days();
    let periods = match period {
        CalendarPeriod::Day => days,
        CalendarPeriod::Week { .. } => days / 7.0,
        CalendarPeriod::Month => days / 28.0,
    };
    if *counts == CountedEvents::Every || periods < PERIODS_MAX as f64 / 2.0 {
        return Some(first.as_micros());
    }
    let visible = |time: &i64, code: &u16| *time <= as_of.as_micros() && counts.has(*code);
    let events = log.time_micros().par_iter().zip(log.name_codes());
    events.filter(|(time, code)| visible(time, code)).map(|(time, _)| *time).min()
}

/// Everything that the account of a range of users needs.
struct Account<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    counts: &'a CountedEvents,
    created: Option<&'a Column>,
    calendar: &'a Calendar,
    options: &'a GrowthOptions,
    grid: PeriodGrid,
    /// No event before this instant counts.
    first: i64,
}

/// Users of one period. The others follow: who is active and neither returning nor new is resurrecting, and who was active
/// in the period before and is not returning is dormant.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    active: u32,
    new: u32,
    returning: u32,
}

impl Account<'_> {
    /// From the period of the first activity on.
    fn rows(&self) -> Vec<GrowthRow> {
        let parts: Vec<Vec<Tally>> = self.log.thread_ranges().into_par_iter().map(|users| self.tally(users)).collect();
        let sum = |index: usize, value: fn(&Tally) -> u32| {
            parts.iter().map(|part| u64::from(value(&part[index]))).sum::<u64>()
        };
        let mut active_before = 0;
        let row = |index: usize| {
            let active_count = sum(index, |tally| tally.active);
            let (new_count, returning_count) = (sum(index, |tally| tally.new), sum(index, |tally| tally.returning));
            let number = self.grid.number(index as u32);
            let row = GrowthRow {
                first_day: self.options.period.first_day(number),
                complete: self.options.period.last_instant(number, self.calendar) <= self.as_of,
                active_count,
                new_count,
                returning_count,
                resurrecting_count: active_count - returning_count - new_count,
                dormant_count: active_before - returning_count,
            };
            active_before = active_count;
            row
        };
        (0..self.grid.count()).map(row).skip_while(|row| row.active_count == 0).collect()
    }

    fn tally(&self, users: Range<usize>) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.grid.count()];
        if let Some((days, of_days)) = self.plain_days() {
            for user in users {
                let mut periods = of_days.of(days.of(user)).peekable();
                if let Some(first) = periods.peek() {
                    tallies[*first as usize].new += 1;
                }
                add(&mut tallies, periods);
            }
            return tallies;
        }
        let mut periods = PeriodBits::default();
        let is_cut = self.log.time_span().is_some_and(|(first, _)| first.as_micros() < self.first);
        for user in users {
            let all = self.log.events_of(UserIx(user as u32)).until(self.as_of);
            let events = if is_cut { all.since(self.first) } else { all };
            self.grid.scan_counted(&events, self.counts, &mut periods);
            let Some(first) = periods.first() else { continue };
            if let Some(new) = self.new_in(&all, is_cut, first).filter(|new| begins(&periods, first, *new)) {
                tallies[new as usize].new += 1;
            }
            add(&mut tallies, periods.iter());
        }
        tallies
    }

    /// The days of users, where these tell all: every event counts, and users are new on their first day.
    fn plain_days(&self) -> Option<(&ActiveDays, DayPeriods<'_>)> {
        let is_plain = *self.counts == CountedEvents::Every && self.created.is_none();
        let days = self.log.active_days(self.as_of).filter(|days| is_plain && days.is_ascending())?;
        Some((days, self.grid.day_periods()?))
    }

    /// The index of the period in which a user is new, given the first one with activity.
    #[inline]
    fn new_in(&self, events: &UserEvents<'_>, is_cut: bool, first_period: u32) -> Option<u32> {
        let user = events.user().index();
        let day = match (&self.options.new_user, self.created) {
            (NewUser::FirstEvent, _) if !is_cut => return Some(self.grid.index_of_row(self.log, events.rows().start)),
            (NewUser::FirstEvent, _) => match *events.time_micros().first()? {
                first if first >= self.first => return Some(self.grid.index_of(first)),
                earlier => self.calendar.day(Timestamp::from_micros(earlier)),
            },
            (NewUser::FirstActivity, _) => return Some(first_period),
            (NewUser::Attribute(_), Some(Column::Date(created))) => Day(created.get(user)?),
            (NewUser::Attribute(_), Some(Column::Time(created))) => {
                self.calendar.day(Timestamp::from_micros(created.get(user)?))
            }
            (NewUser::Attribute(_), _) => return None,
        };
        u32::try_from(self.grid.index_of_number(self.options.period.number(day))).ok()
    }
}

/// Adds the periods in which a user is active, ascending.
#[inline]
fn add(tallies: &mut [Tally], periods: impl Iterator<Item = u32>) {
    let mut after = None;
    for period in periods {
        let tally = &mut tallies[period as usize];
        tally.active += 1;
        tally.returning += u32::from(after == Some(period));
        after = Some(period + 1);
    }
}

/// Whether a user is active in a period and not in the one before; `first` is the first one of all.
#[inline]
fn begins(periods: &PeriodBits, first: u32, period: u32) -> bool {
    period == first || (periods.contains(period) && !(period > 0 && periods.contains(period - 1)))
}
