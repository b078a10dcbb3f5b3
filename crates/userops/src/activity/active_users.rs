//! How many users were active on any of the last days, day by day.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::event_choice::{ChoiceScratch, EventChoice};
use crate::analytics::period::{CalendarPeriod, PERIODS_MAX, check_period_count};
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// The windows unless asked otherwise, in days: a day, a week, and four whole weeks, so that every day of the week weighs the
/// same on every day.
pub const WINDOWS_DAYS: [u32; 3] = [1, 7, 28];
/// The most windows of one answer.
pub const WINDOWS_MAX: usize = 16;

/// Which users are counted as active.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActiveUserOptions {
    /// The events that count as activity; every event unless said otherwise.
    pub activity: EventPattern,
    /// The lengths of the windows in local calendar days, each from 1 on and named once.
    pub windows_days: Vec<u32>,
}

impl Default for ActiveUserOptions {
    fn default() -> Self {
        Self { activity: EventPattern::default(), windows_days: WINDOWS_DAYS.to_vec() }
    }
}

impl ActiveUserOptions {
    /// The same with these events as activity.
    #[must_use]
    pub fn activity(mut self, activity: EventPattern) -> Self {
        self.activity = activity;
        self
    }

    /// The same with windows of these lengths.
    #[must_use]
    pub fn windows_days(mut self, windows_days: impl IntoIterator<Item = u32>) -> Self {
        self.windows_days = windows_days.into_iter().collect();
        self
    }

    fn check(&self) -> Result<()> {
        let windows = &self.windows_days;
        if windows.is_empty() || windows.len() > WINDOWS_MAX {
            let count = windows.len();
            return Err(invalid_argument(format!("{count} windows are asked for; ask for 1 to {WINDOWS_MAX}")));
        }
        for (index, days) in windows.iter().enumerate() {
            if *days == 0 || *days as usize > PERIODS_MAX {
                return Err(invalid_argument(format!(
                    "a window of {days} days; it lasts from 1 to {PERIODS_MAX} days"
                )));
            }
            if windows[..index].contains(days) {
                return Err(invalid_argument(format!("the window of {days} days is asked for twice; name it once")));
            }
        }
        Ok(())
    }
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveUsersRow {
    /// The last day of the windows.
    pub day: Day,
    /// Whether the day is over at `as_of`.
    pub complete: bool,
    /// Whether the longest window reaches back no further than the first day of the answer.
    pub full: bool,
    /// For each window, how many users were active on any of its days.
    pub active_counts: Vec<u64>,
    /// Users of the shortest window per user of the longest, such as DAU / MAU; `None` where there are none.
    pub stickiness_ratio: Option<f64>,
}

/// Active users day by day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveUsers {
    /// What was asked for.
    pub options: ActiveUserOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// From the first day with activity to that of `as_of`, none left out; empty without activity.
    pub rows: Vec<ActiveUsersRow>,
}

/// Counts, for each local day, the users who were active on any of the last days, from the events that have happened at
/// `as_of`.
///
/// Every count is exact. Days follow the log's zone; a window of n days on a day is that day and the n − 1 before it. Ties
/// play no part. Takes O(events + active days · windows) time, shared out over rayon's threads, and O(days · windows) memory.
///
/// # Errors
/// `InvalidArgument` for windows that are no number of days, too many or repeated; `LimitExceeded` for more than
/// [`PERIODS_MAX`] days; those of [`EventPattern`]: `UnknownName`, `TypeMismatch`.
pub fn count_active_users(log: &EventLog, as_of: Timestamp, options: &ActiveUserOptions) -> Result<ActiveUsers> {
    options.check()?;
    let calendar = log.calendar(as_of);
    let choice = EventChoice::new(log, &calendar, std::slice::from_ref(&options.activity))?;
    let mut answer = ActiveUsers { options: options.clone(), as_of, rows: Vec::new() };
    let Some((first, _)) = log.time_span().filter(|(first, _)| *first <= as_of) else { return Ok(answer) };
    let grid = PeriodGrid::new(&calendar, CalendarPeriod::Day, first.as_micros(), as_of.as_micros()).over(log);
    check_period_count(grid.number(0), grid.number(0).saturating_add(grid.count() as i32 - 1))?;
    let count = Count { log, as_of, choice, windows: &options.windows_days, grid };
    let tally = log
        .thread_ranges()
        .into_par_iter()
        .map(|users| count.tally(users))
        .reduce_with(|one, other| one.join(&other))
        .unwrap_or_else(|| Tally::new(count.grid.count(), options.windows_days.len()));
    answer.rows = count.rows(&tally, |day| CalendarPeriod::Day.last_instant(day, &calendar) <= as_of);
    Ok(answer)
}

impl ActiveUsers {
    /// A row per day: `day`, `complete`, `full`, `active_1d_count` and so on for each window, `stickiness_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let days = self.rows.iter().map(|row| Some(row.day.0)).collect();
        let mut table = Table::new(self.rows.len())
            .with("day", Column::Date(days))?
            .with("complete", self.rows.iter().map(|row| row.complete).collect::<Vec<_>>())?
            .with("full", self.rows.iter().map(|row| row.full).collect::<Vec<_>>())?;
        for (index, days) in self.options.windows_days.iter().enumerate() {
            let counts: Vec<i64> = self.rows.iter().map(|row| row.active_counts[index] as i64).collect();
            table.push(format!("active_{days}d_count"), counts.into())?;
        }
        table.with("stickiness_ratio", self.rows.iter().map(|row| row.stickiness_ratio).collect::<Vec<_>>())
    }
}

struct Count<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    choice: EventChoice<'a>,
    windows: &'a [u32],
    grid: PeriodGrid,
}

/// Users who were active on each day, and for each window the users whom it loses on each day.
///
/// A user active on a day is in a window of n days from then on until the n-th day after it or the next active day, when the
/// user is counted anew. So the users of a window are all who came so far, less all who were lost so far.
#[derive(Debug, Clone)]
struct Tally {
    active: Vec<u32>,
    /// For each window a count for each day, and one for the day after the last.
    lost: Vec<u32>,
}

impl Tally {
    fn new(days: usize, windows: usize) -> Self {
        Self { active: vec![0; days], lost: vec![0; (days + 1) * windows] }
    }

    fn join(mut self, other: &Self) -> Self {
        let add = |into: &mut [u32], from: &[u32]| into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.active, &other.active);
        add(&mut self.lost, &other.lost);
        self
    }
}

impl Count<'_> {
    fn tally(&self, users: Range<usize>) -> Tally {
        let mut tally = Tally::new(self.grid.count(), self.windows.len());
        if let Some((active, of_days)) = self.choice.plain_days(0, self.as_of, &self.grid) {
            users.for_each(|user| self.add(&mut tally, of_days.of(active.of(user))));
            return tally;
        }
        let (mut scratch, mut bits) = (ChoiceScratch::default(), PeriodBits::default());
        for user in users {
            let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).rows();
            self.choice.load(rows.clone(), &mut scratch);
            self.choice.scan(0, rows, &self.grid, &scratch, &mut bits);
            self.add(&mut tally, bits.iter());
        }
        tally
    }

    /// Adds the days on which a user is active, ascending.
    #[inline]
    fn add(&self, tally: &mut Tally, mut active: impl Iterator<Item = u32>) {
        let days = self.grid.count();
        let Some(mut day) = active.next() else { return };
        tally.active[day as usize] += 1;
        for next in active {
            tally.active[next as usize] += 1;
            self.lose(&mut tally.lost, day, next, days);
            day = next;
        }
        self.lose(&mut tally.lost, day, days as u32, days);
    }

    /// The windows that begin on an active day lose the user, on the next active day at the latest.
    #[inline]
    fn lose(&self, lost: &mut [u32], day: u32, next: u32, days: usize) {
        for (window, lost) in self.windows.iter().zip(lost.chunks_exact_mut(days + 1)) {
            lost[day.saturating_add(*window).min(next) as usize] += 1;
        }
    }

    /// From the first day with activity on.
    fn rows(&self, tally: &Tally, is_over: impl Fn(i32) -> bool) -> Vec<ActiveUsersRow> {
        let Some(first) = tally.active.iter().position(|count| *count > 0) else { return Vec::new() };
        let by_length = |index: &usize| self.windows[*index];
        let shortest = (0..self.windows.len()).min_by_key(by_length).unwrap_or(0);
        let longest = (0..self.windows.len()).max_by_key(by_length).unwrap_or(0);
        let days = self.grid.count();
        let mut counts = vec![0u64; self.windows.len()];
        let row = |day: usize| {
            for (count, lost) in counts.iter_mut().zip(tally.lost.chunks_exact(days + 1)) {
                *count = *count + u64::from(tally.active[day]) - u64::from(lost[day]);
            }
            let number = self.grid.number(day as u32);
            ActiveUsersRow {
                day: Day(number),
                complete: is_over(number),
                full: day - first + 1 >= self.windows[longest] as usize,
                active_counts: counts.clone(),
                stickiness_ratio: (counts[longest] > 0).then(|| counts[shortest] as f64 / counts[longest] as f64),
            }
        };
        (first..days).map(row).collect()
    }
}
