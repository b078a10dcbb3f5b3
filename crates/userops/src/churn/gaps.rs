//! The gaps of all users, counted by length.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::day_counts::DayCounts;
use super::options::ChurnOptions;
use crate::analytics::period::CalendarPeriod;
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::error::{Result, invalid_argument};
use crate::log::EventLog;
use crate::rule::{EventKinds, EventPattern};
use crate::time::{Day, Timestamp};

/// The gaps between active days of some users: all that a churn standard is made of.
///
/// Gaps of parts of the users [merge](Self::merge) to those of all, in any order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnGaps {
    /// The events that make a day active.
    pub activity: EventPattern,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The local day of that instant.
    pub today: Day,
    /// How many days before today users are judged for the two errors.
    pub horizon_days: u32,
    /// Users with an active day.
    pub user_count: u64,
    /// For each active day how long ago it is.
    pub ages: DayCounts,
    /// Gaps from one active day to the next.
    pub closed: DayCounts,
    /// Gaps from the last active day to today, one for each user.
    pub open: DayCounts,
    /// Of each user with two active days the longest closed gap.
    pub longest_closed: DayCounts,
    /// Of each user the longest gap, closed or open.
    pub longest: DayCounts,
    /// How long users had been silent `horizon_days` ago who have returned since.
    pub returned_silence: DayCounts,
    /// How long users had been silent `horizon_days` ago who have not returned since.
    pub lost_silence: DayCounts,
}

impl ChurnGaps {
    /// Counts the gaps between active days from the events that have happened at `as_of`.
    ///
    /// Days are those of the log's zone. One pass over the events, shared out over rayon's threads, with a few words of
    /// counters for each active day and no memory for each user.
    ///
    /// # Errors
    /// Those of [`ChurnOptions::check`] and [`EventPattern`]: `UnknownName`, `TypeMismatch`.
    pub fn collect(log: &EventLog, as_of: Timestamp, options: &ChurnOptions) -> Result<Self> {
        options.check()?;
        let calendar = log.calendar(as_of);
        log.occurring_codes(&options.activity.events)?;
        let none = Self::none(as_of, calendar.day(as_of), options);
        let Some(grid) = PeriodGrid::of_log(log, &calendar, CalendarPeriod::Day, as_of) else { return Ok(none) };
        let kinds = EventKinds::new(log, &calendar, std::slice::from_ref(&options.activity), as_of)?.by_day([0]);
        let part = |users: Range<usize>| {
            let (mut gaps, mut closed) = (none.clone(), [DayCounts::default(), DayCounts::default()]);
            let (mut block, mut days) = (kinds.block(), PeriodBits::default());
            // In the numbers of the grid, where the day of `as_of` may lie past the last event.
            let today = i64::from(gaps.today.0) - i64::from(grid.number(0));
            for users in EventKinds::blocks(users) {
                kinds.load(users.clone(), &mut block);
                let periods = grid.day_periods().filter(|_| block.list_days(log, 0));
                for user in 0..users.len() {
                    match periods {
                        Some(periods) => {
                            gaps.add(block.days(user).iter().map(|day| periods.index(*day)), today, &mut closed);
                        }
                        None => {
                            grid.scan_each(log, block.rows(0, user), &mut days);
                            gaps.add(days.iter(), today, &mut closed);
                        }
                    }
                }
            }
            gaps.closed = closed.into_iter().fold(gaps.closed, |sum, turn| sum.join(&turn));
            gaps
        };
        let parts: Vec<Self> = log.thread_ranges().into_par_iter().map(part).collect();
        Ok(parts.iter().fold(none.clone(), |sum, part| sum.join(part)))
    }

    fn none(as_of: Timestamp, today: Day, options: &ChurnOptions) -> Self {
        Self {
            activity: options.activity.clone(),
            as_of,
            today,
            horizon_days: options.horizon_days,
            user_count: 0,
            ages: DayCounts::default(),
            closed: DayCounts::default(),
            open: DayCounts::default(),
            longest_closed: DayCounts::default(),
            longest: DayCounts::default(),
            returned_silence: DayCounts::default(),
            lost_silence: DayCounts::default(),
        }
    }

    /// Adds a user with these active days, ascending and each once. Closed gaps go to two counts by turns, so that one need not wait for
    /// the one before: most are of one length.
    #[inline]
    fn add(&mut self, mut days: impl Iterator<Item = u32>, today: i64, closed: &mut [DayCounts; 2]) {
        let judged = today - i64::from(self.horizon_days);
        // A clock that is set back across midnight shows yesterday after today.
        let age = |day: u32| (today - i64::from(day)).max(0) as u32;
        let Some(first) = days.next() else { return };
        let (mut last, mut longest, mut last_judged) = (first, 0, first);
        let mut turn = 0;
        self.ages.add(age(first), 1);
        days.for_each(|day| {
            self.ages.add(age(day), 1);
            closed[turn % 2].add(day - last, 1);
            turn += 1;
            longest = longest.max(day - last);
            last_judged = if i64::from(day) <= judged { day } else { last_judged };
            last = day;
        });
        let open = age(last);
        self.user_count += 1;
        self.open.add(open, 1);
        self.longest.add(longest.max(open), 1);
        if last != first {
            self.longest_closed.add(longest, 1);
        }
        if let (true, Ok(silence)) = (i64::from(first) <= judged, u32::try_from(judged - i64::from(last_judged))) {
            let silences = if last == last_judged { &mut self.lost_silence } else { &mut self.returned_silence };
            silences.add(silence, 1);
        }
    }

    fn join(mut self, other: &Self) -> Self {
        self.user_count += other.user_count;
        for (sum, part) in [
            (&mut self.ages, &other.ages),
            (&mut self.closed, &other.closed),
            (&mut self.open, &other.open),
            (&mut self.longest_closed, &other.longest_closed),
            (&mut self.longest, &other.longest),
            (&mut self.returned_silence, &other.returned_silence),
            (&mut self.lost_silence, &other.lost_silence),
        ] {
            *sum = std::mem::take(sum).join(part);
        }
        self
    }

    /// The gaps of these users and of others. No user may be in both.
    ///
    /// # Errors
    /// `InvalidArgument` where the two are not of the same activity, instant, local day and horizon.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        let same = (&self.activity, self.as_of, self.today, self.horizon_days)
            == (&other.activity, other.as_of, other.today, other.horizon_days);
        if !same {
            return Err(invalid_argument(format!(
                "gaps as of {} ({}) with a horizon of {} days and as of {} ({}) with one of {} days, or of other \
                 activity, do not merge",
                self.as_of, self.today, self.horizon_days, other.as_of, other.today, other.horizon_days
            )));
        }
        Ok(self.clone().join(other))
    }

    /// How many users have been silent for more than so many days.
    #[must_use]
    pub fn lost_count(&self, threshold_days: u32) -> u64 {
        self.open.longer(threshold_days)
    }
}
