//! Growth accounting: per calendar period, who is new, who comes back, who wakes up, who falls asleep.
//!
//! Two laws hold in every period: `active(t) = new(t) + returning(t) + resurrecting(t)`, and
//! `active(t − 1) = returning(t) + dormant(t)`. Their difference is the growth: `active(t) − active(t − 1) =
//! new(t) + resurrecting(t) − dormant(t)`.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analytics::activity::{active_days, counted_codes};
use crate::analytics::period::{CalendarPeriod, check_period_count};
use crate::column::Column;
use crate::error::{Result, type_mismatch};
use crate::id::UserIx;
use crate::log::EventLog;
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
/// date nor a time; `LimitExceeded` for more than [`PERIODS_MAX`](crate::analytics::period::PERIODS_MAX) periods.
pub fn account_growth(log: &EventLog, as_of: Timestamp, options: impl Into<GrowthOptions>) -> Result<Growth> {
    let options = options.into();
    let counts = counted_codes(log, &options.activity)?;
    let created = created_column(log, &options.new_user)?;
    let calendar = log.calendar(as_of);
    let Some(first) = first_activity(log, as_of, &counts, &calendar) else {
        return Ok(Growth { options, as_of, rows: Vec::new() });
    };
    let last = options.period.number(last_day(as_of, &calendar));
    let first = options.period.number(first).min(last);
    check_period_count(first, last)?;
    let account = Account { log, as_of, counts: &counts, created, calendar: &calendar, options: &options, first, last };
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
    let NewUser::Attribute(name) = new_user else { return Ok(None) };
    match log.attributes().column(name)? {
        column @ (Column::Date(_) | Column::Time(_)) => Ok(Some(column)),
        other => Err(type_mismatch(format!(
            "the attribute {name:?} is of type {}, where {} or {} is needed to say when a user is new",
            other.value_type(),
            ValueType::Date,
            ValueType::Time
        ))),
    }
}

/// The first local day on which any user was active.
fn first_activity(log: &EventLog, as_of: Timestamp, counts: &[bool], calendar: &Calendar) -> Option<Day> {
    let visible = |time: &i64, code: &u16| *time <= as_of.as_micros() && counts.get(usize::from(*code)) == Some(&true);
    let events = log.time_micros().par_iter().zip(log.name_codes());
    let first = events.filter(|(time, code)| visible(time, code)).map(|(time, _)| *time).min()?;
    // Where a clock is set back across midnight, an instant a little later shows an earlier date.
    let first = Timestamp::from_micros(first);
    let clock_change = Timestamp::from_micros(calendar.stretch(first).0.end);
    Some(calendar.day(first).min(calendar.day(clock_change)))
}

/// The last local day that any instant up to `as_of` can show.
fn last_day(as_of: Timestamp, calendar: &Calendar) -> Day {
    let before_change = Timestamp::from_micros(calendar.stretch(as_of).0.start.saturating_sub(1));
    calendar.day(as_of).max(calendar.day(before_change))
}

/// Everything that the account of a range of users needs.
struct Account<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    counts: &'a [bool],
    created: Option<&'a Column>,
    calendar: &'a Calendar,
    options: &'a GrowthOptions,
    /// The numbers of the first and last period.
    first: i32,
    last: i32,
}

/// Users of one period, by what they are.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    new: u64,
    returning: u64,
    resurrecting: u64,
    dormant: u64,
}

impl Account<'_> {
    fn rows(&self) -> Vec<GrowthRow> {
        let ranges = self.log.thread_ranges();
        let parts: Vec<Vec<Tally>> = ranges.into_par_iter().map(|users| self.tally(users)).collect();
        let numbers = self.first..=self.last;
        let sum = |index: usize, value: fn(&Tally) -> u64| parts.iter().map(|part| value(&part[index])).sum::<u64>();
        let row = |(index, number): (usize, i32)| {
            let (new_count, returning_count) = (sum(index, |tally| tally.new), sum(index, |tally| tally.returning));
            let resurrecting_count = sum(index, |tally| tally.resurrecting);
            GrowthRow {
                first_day: self.options.period.first_day(number),
                complete: self.options.period.last_instant(number, self.calendar) <= self.as_of,
                active_count: new_count + returning_count + resurrecting_count,
                new_count,
                returning_count,
                resurrecting_count,
                dormant_count: sum(index, |tally| tally.dormant),
            }
        };
        numbers.enumerate().map(row).collect()
    }

    fn tally(&self, users: Range<usize>) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); (self.last - self.first + 1) as usize];
        let mut days = Vec::new();
        for user in users {
            let events = self.log.events_of(UserIx(user as u32)).until(self.as_of);
            active_days(&events, self.counts, self.calendar, &mut days);
            let new_in = self.new_in(user, events.time_micros().first().copied(), &days);
            let mut before: Option<i32> = None;
            for number in days.iter().map(|day| self.options.period.number(Day(*day))) {
                if before == Some(number) {
                    continue;
                }
                let index = (number - self.first) as usize;
                match before {
                    Some(before) if before + 1 == number => tallies[index].returning += 1,
                    _ if new_in == Some(number) => tallies[index].new += 1,
                    _ => tallies[index].resurrecting += 1,
                }
                if let Some(before) = before.filter(|before| before + 1 < number) {
                    tallies[(before + 1 - self.first) as usize].dormant += 1;
                }
                before = Some(number);
            }
            if let Some(before) = before.filter(|before| *before < self.last) {
                tallies[(before + 1 - self.first) as usize].dormant += 1;
            }
        }
        tallies
    }

    /// The number of the period in which a user is new.
    fn new_in(&self, user: usize, first_event: Option<i64>, days: &[i32]) -> Option<i32> {
        let day_of = |micros| self.calendar.day(Timestamp::from_micros(micros));
        let day = match (&self.options.new_user, self.created) {
            (NewUser::FirstEvent, _) => day_of(first_event?),
            (NewUser::FirstActivity, _) => Day(*days.first()?),
            (NewUser::Attribute(_), Some(Column::Date(created))) => Day(created.get(user)?),
            (NewUser::Attribute(_), Some(Column::Time(created))) => day_of(created.get(user)?),
            (NewUser::Attribute(_), _) => return None,
        };
        Some(self.options.period.number(day))
    }
}
