//! The one pass over times and names that gives first, last, counts, active days, sums and windows.

use std::ops::Range;

use rayon::prelude::*;

use super::gap::distinct_days;
use super::{ProfileRules, split_rows};
use crate::column::PackedCursor;
use crate::log::EventLog;
use crate::time::{Calendar, MICROS_PER_DAY, Span, Timestamp};

/// One entry per user; `name_counts` has one per user and name, `window_counts` one per user and window.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ActivityColumns {
    pub(super) first: Vec<i64>,
    pub(super) last: Vec<i64>,
    pub(super) event_count: Vec<u32>,
    pub(super) active_days: Vec<u32>,
    pub(super) amount_minor: Vec<i64>,
    pub(super) name_counts: Vec<u32>,
    pub(super) window_counts: Vec<u32>,
}

/// The columns of one range of users.
struct ActivityRows<'a> {
    users: Range<usize>,
    first: &'a mut [i64],
    last: &'a mut [i64],
    event_count: &'a mut [u32],
    active_days: &'a mut [u32],
    amount_minor: &'a mut [i64],
    name_counts: &'a mut [u32],
    window_counts: &'a mut [u32],
}

/// Builds the columns of all users, ranges of users side by side.
pub(super) fn build_activity(
    log: &EventLog,
    as_of: Timestamp,
    rules: &ProfileRules,
    calendar: &Calendar,
) -> ActivityColumns {
    let users = log.user_count();
    let (names, windows) = (rules.name_count(), rules.options().windows_days.len());
    // Memory that was used before has to be cleared, which takes as long as a good part of the pass.
    let (name_counts, other) = rayon::join(
        || vec![0; users * names],
        || ActivityColumns {
            first: vec![0; users],
            last: vec![0; users],
            event_count: vec![0; users],
            active_days: vec![0; users],
            amount_minor: vec![0; users],
            name_counts: Vec::new(),
            window_counts: vec![0; users * windows],
        },
    );
    let mut columns = ActivityColumns { name_counts, ..other };
    let ranges = log.thread_ranges();
    // The first instant of each window.
    let starts: Vec<i64> = rules
        .options()
        .windows_days
        .iter()
        .map(|days| as_of.as_micros().saturating_sub(Span::from_days(i64::from(*days)).as_micros()).saturating_add(1))
        .collect();
    columns.rows(&ranges, names, windows).par_iter_mut().for_each(|rows| {
        fill(log, as_of, &starts, calendar, rows);
    });
    columns
}

impl ActivityColumns {
    fn rows<'a>(&'a mut self, ranges: &[Range<usize>], names: usize, windows: usize) -> Vec<ActivityRows<'a>> {
        let mut first = split_rows(&mut self.first, ranges, 1).into_iter();
        let mut last = split_rows(&mut self.last, ranges, 1).into_iter();
        let mut event_count = split_rows(&mut self.event_count, ranges, 1).into_iter();
        let mut active_days = split_rows(&mut self.active_days, ranges, 1).into_iter();
        let mut amount_minor = split_rows(&mut self.amount_minor, ranges, 1).into_iter();
        let mut name_counts = split_rows(&mut self.name_counts, ranges, names).into_iter();
        let mut window_counts = split_rows(&mut self.window_counts, ranges, windows).into_iter();
        ranges
            .iter()
            .map(|users| ActivityRows {
                users: users.clone(),
                first: first.next().unwrap_or_default(),
                last: last.next().unwrap_or_default(),
                event_count: event_count.next().unwrap_or_default(),
                active_days: active_days.next().unwrap_or_default(),
                amount_minor: amount_minor.next().unwrap_or_default(),
                name_counts: name_counts.next().unwrap_or_default(),
                window_counts: window_counts.next().unwrap_or_default(),
            })
            .collect()
    }
}

/// Fills the columns of one range of users.
fn fill(log: &EventLog, as_of: Timestamp, starts: &[i64], calendar: &Calendar, rows: &mut ActivityRows<'_>) {
    let offsets = &log.offsets()[rows.users.start..=rows.users.end];
    let (names, windows) = (log.names().len(), starts.len());
    let mut amounts = PackedCursor::new(log.amount_minor());
    let (mut days, active_days) = (DayRuns::new(calendar), log.active_days(as_of));
    let name_rows = rows.name_counts.chunks_exact_mut(names.max(1));
    for (user, (span, counts)) in offsets.windows(2).zip(name_rows).enumerate() {
        let (start, mut end) = (span[0] as usize, span[1] as usize);
        let mut time = &log.time_micros()[start..end];
        if time.last().is_some_and(|last| *last > as_of.as_micros()) {
            time = &time[..time.partition_point(|time| *time <= as_of.as_micros())];
            end = start + time.len();
        }
        let (Some(first), Some(last)) = (time.first(), time.last()) else { continue };
        rows.first[user] = *first;
        rows.last[user] = *last;
        rows.event_count[user] = time.len() as u32;
        rows.active_days[user] = match active_days {
            Some(active) => active.of(rows.users.start + user).len() as u32,
            None => days.count(time),
        };
        rows.amount_minor[user] = amounts.values_in(start..end).iter().sum();
        for name in &log.name_codes()[start..end] {
            counts[usize::from(*name)] += 1;
        }
        for (count, window_start) in rows.window_counts[user * windows..].iter_mut().zip(starts) {
            *count = count_from(time, *window_start);
        }
    }
}

/// How many of some ascending instants are at or after `start`, counted without a branch per event.
fn count_from(time: &[i64], start: i64) -> u32 {
    match (time.first(), time.last()) {
        (Some(first), _) if *first >= start => time.len() as u32,
        (_, Some(last)) if *last < start => 0,
        _ => time.iter().map(|time| u32::from(*time >= start)).sum(),
    }
}

/// Counts local days among ascending instants, asking the calendar once per day and not per event.
struct DayRuns<'a> {
    calendar: &'a Calendar,
    stretch: Range<i64>,
    offset: i64,
}

impl<'a> DayRuns<'a> {
    fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, stretch: 0..0, offset: 0 }
    }

    fn count(&mut self, time: &[i64]) -> u32 {
        let (mut rest, mut days, mut day) = (time, 0, u64::MAX);
        while let (Some(first), Some(last)) = (rest.first(), rest.last()) {
            if !self.stretch.contains(first) {
                (self.stretch, self.offset) = self.calendar.stretch(Timestamp::from_micros(*first));
            }
            let len = match *last < self.stretch.end {
                true => rest.len(),
                false => rest.partition_point(|time| *time < self.stretch.end),
            };
            let (inside, later) = rest.split_at(len);
            let shift = self.offset - DAY_ZERO;
            if day != u64::MAX && day_number(first + shift) < day {
                // The clock was set back across midnight: a date shows twice, and counts once.
                return distinct_days(time.iter().copied(), self.calendar);
            }
            for instant in inside {
                let next = day_number(instant + shift);
                days += u32::from(next != day);
                day = next;
            }
            rest = later;
        }
        days
    }
}

/// A midnight before every local time.
const DAY_ZERO: i64 = (Timestamp::MIN.as_micros().div_euclid(MICROS_PER_DAY) - 2) * MICROS_PER_DAY;

/// The number of a day from its microseconds, which are not negative. A division by a constant costs a few cycles; a branch
/// that the processor guesses wrong, as at the end of a day, costs twenty.
#[inline]
fn day_number(micros: i64) -> u64 {
    micros as u64 / MICROS_PER_DAY as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MICROS_PER_HOUR;

    #[test]
    fn a_date_that_shows_twice_counts_once() {
        // St. John's set its clocks back from 00:01 to 23:01 on 2010-11-07.
        let calendar = Calendar::new(
            "America/St_Johns".parse().unwrap(),
            "2010-01-01T00:00:00Z".parse().unwrap(),
            "2011-01-01T00:00:00Z".parse().unwrap(),
        );
        let midnight = "2010-11-07T02:30:30Z".parse::<Timestamp>().unwrap().as_micros();
        assert_eq!(calendar.hour(Timestamp::from_micros(midnight)), 0);
        let shown: Vec<i64> = [-1, 0, 1, 2].map(|half_hours| midnight + half_hours * MICROS_PER_HOUR / 2).to_vec();
        assert_eq!(DayRuns::new(&calendar).count(&shown), 2);
        assert_eq!(DayRuns::new(&calendar).count(&shown[1..3]), 2, "the later date first, then the earlier");
    }
}
