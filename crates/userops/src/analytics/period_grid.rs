//! Instants as numbers of local calendar periods.
//!
//! One pass over a user's instants tells in which periods the user was there. Retention, activity and growth all ask this first. The pass divides instead of comparing with the ends of the period at
//! hand: a division by a constant costs a few cycles, a branch that the processor guesses wrong costs twenty.

use super::counted_event::CountedEvents;
use super::period::CalendarPeriod;
use super::period_bits::{PeriodBits, WORD_MASK, WORD_SHIFT};
use crate::log::{EventLog, LocalDays, UserEvents};
use crate::time::{Calendar, Day, MICROS_PER_DAY, Timestamp};

const DAY: u64 = MICROS_PER_DAY as u64;
const WEEK: u64 = 7 * DAY;
/// A table of so many days is made for any log.
const FEW_DAYS: usize = 512;

/// The calendar periods between two instants, numbered from 0.
#[derive(Debug, Clone)]
pub(crate) struct PeriodGrid {
    period: CalendarPeriod,
    /// The number, as [`CalendarPeriod::number`] gives it, of the period with index 0.
    first: i32,
    count: u32,
    /// Stretches of constant offset, ascending.
    stretches: Vec<Stretch>,
    /// For each day of the grid the index of its month; empty for days and weeks.
    months: Vec<u32>,
    /// For each number of a local day of a log the index of its period, the first or last one for days outside of the grid;
    /// empty where the log tells no local days.
    by_day: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The first instant past it.
    end: i64,
    /// What makes an instant the local time since the start of the grid.
    shift: i64,
}

impl PeriodGrid {
    /// The periods that the clock shows from one instant to another, both included. Takes O(stretches), and O(days) for months.
    pub(crate) fn new(calendar: &Calendar, period: CalendarPeriod, first: i64, last: i64) -> Self {
        let clamp = |micros: i64| micros.clamp(Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
        let (first, last) = (clamp(first), clamp(last).max(clamp(first)));
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        let (mut local_min, mut local_max, mut from) = (i64::MAX, i64::MIN, first);
        loop {
            let (range, offset) = calendar.stretch(Timestamp::from_micros(from));
            stretches.push((range.end, offset));
            local_min = local_min.min(from + offset);
            local_max = local_max.max(last.min(range.end - 1) + offset);
            if range.end > last {
                break;
            }
            from = range.end;
        }
        let number = |local: i64| period.number(Day(local.div_euclid(MICROS_PER_DAY) as i32));
        let (first, last) = (number(local_min), number(local_max));
        let start = period.first_day(first).0;
        let base = i64::from(start) * MICROS_PER_DAY;
        let stretches = stretches.into_iter().map(|(end, offset)| Stretch { end, shift: offset - base }).collect();
        let month_of = |days: i64| (period.number(Day(start + days as i32)) - first) as u32;
        let months = match period {
            CalendarPeriod::Month => (0..=(local_max - base).div_euclid(MICROS_PER_DAY)).map(month_of).collect(),
            CalendarPeriod::Day | CalendarPeriod::Week { .. } => Vec::new(),
        };
        Self { period, first, count: (last - first) as u32 + 1, stretches, months, by_day: Vec::new() }
    }

    /// The same grid, made ready for the local days of a log, where these are few beside its events. Takes O(events).
    pub(crate) fn over(mut self, log: &EventLog) -> Self {
        let Some(days) = log.local_days() else { return self };
        let last = log.time_span().map_or(0, |(first, last)| last.since(first).as_micros() / MICROS_PER_DAY) as u16;
        let last = last.saturating_add(LocalDays::SLACK_DAYS);
        if usize::from(last) > log.event_count().max(FEW_DAYS) {
            return self;
        }
        let index = |number: u16| {
            let day = Day(days.first().0 + i32::from(number));
            u32::try_from(self.index_of_number(self.period.number(day))).unwrap_or(0).min(self.count - 1)
        };
        self.by_day = (0..=last).map(index).collect();
        self
    }

    /// The periods from the first event of a log to `as_of` or its last event, whichever is earlier; `None` where no event has
    /// happened. Every instant of a user's events until `as_of` lies between those.
    pub(crate) fn of_log(
        log: &EventLog,
        calendar: &Calendar,
        period: CalendarPeriod,
        as_of: Timestamp,
    ) -> Option<Self> {
        let (first, last) = log.time_span()?;
        (first <= as_of).then(|| Self::new(calendar, period, first.as_micros(), last.min(as_of).as_micros()).over(log))
    }

    /// How many periods there are, at least one.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// The number of the period with this index.
    #[inline]
    pub(crate) fn number(&self, index: u32) -> i32 {
        self.first + index as i32
    }

    /// The index of the period with this number; it may lie outside the grid.
    #[inline]
    pub(crate) fn index_of_number(&self, number: i32) -> i64 {
        i64::from(number) - i64::from(self.first)
    }

    /// The index of the period that the local clock shows at an instant between those of the grid.
    #[inline]
    pub(crate) fn index_of(&self, time: i64) -> u32 {
        let local = (time + self.stretch_at(time).shift) as u64;
        match self.period {
            CalendarPeriod::Day => (local / DAY) as u32,
            CalendarPeriod::Week { .. } => (local / WEEK) as u32,
            CalendarPeriod::Month => self.months[(local / DAY) as usize],
        }
    }

    #[inline]
    fn stretch_at(&self, time: i64) -> Stretch {
        match self.stretches.as_slice() {
            [only] => *only,
            all => all[all.partition_point(|stretch| stretch.end <= time).min(all.len() - 1)],
        }
    }

    /// What tells the periods of the local days of a log, which this grid is [over](Self::over) and whose events all lie
    /// between the instants of the grid; `None` where the log tells no local days.
    pub(crate) fn day_periods(&self) -> Option<DayPeriods<'_>> {
        (!self.by_day.is_empty()).then_some(DayPeriods { by_day: &self.by_day })
    }

    /// The periods of those rows of a user that `keep` says to keep by their position, in place of what `bits` held.
    ///
    /// Their instants lie between those of the grid, which is one [over](Self::over) this log.
    #[inline]
    pub(crate) fn scan_rows(
        &self,
        log: &EventLog,
        rows: std::ops::Range<usize>,
        keep: impl Fn(usize) -> bool,
        bits: &mut PeriodBits,
    ) {
        match log.local_days() {
            Some(days) if !self.by_day.is_empty() => {
                bits.clear();
                let periods = days.numbers()[rows].iter().map(|day| self.by_day[usize::from(*day)]);
                if self.count <= u64::BITS {
                    let kept = periods.enumerate().map(|(position, period)| u64::from(keep(position)) << period);
                    bits.add_word(0, kept.fold(0, |word, bit| word | bit));
                } else {
                    fill(periods, keep, bits);
                }
            }
            _ => self.scan(&log.time_micros()[rows], keep, bits),
        }
    }

    /// The periods of these rows of a user, which ascend, in place of what `bits` held.
    ///
    /// Their instants lie between those of the grid, which is one [over](Self::over) this log.
    #[inline]
    pub(crate) fn scan_each(&self, log: &EventLog, rows: impl Iterator<Item = usize>, bits: &mut PeriodBits) {
        bits.clear();
        let (mut number, mut word) = (0, 0u64);
        rows.for_each(|row| {
            let period = self.index_of_row(log, row);
            if period >> WORD_SHIFT != number {
                bits.add_word(number, word);
                (number, word) = (period >> WORD_SHIFT, 0);
            }
            word |= 1 << (period & WORD_MASK);
        });
        bits.add_word(number, word);
    }

    /// The index of the period that the local clock shows at an event whose instant lies between those of the grid.
    #[inline]
    pub(crate) fn index_of_row(&self, log: &EventLog, row: usize) -> u32 {
        match log.local_days() {
            Some(days) if !self.by_day.is_empty() => self.by_day[usize::from(days.numbers()[row])],
            _ => self.index_of(log.time_micros()[row]),
        }
    }

    /// The periods of those instants that `keep` says to keep by their position, in place of what `bits` held.
    ///
    /// The instants are ascending and lie between those of the grid.
    #[inline]
    fn scan(&self, times: &[i64], keep: impl Fn(usize) -> bool, bits: &mut PeriodBits) {
        bits.clear();
        match self.period {
            CalendarPeriod::Day => self.scan_with(times, keep, |local| (local / DAY) as u32, bits),
            CalendarPeriod::Week { .. } => self.scan_with(times, keep, |local| (local / WEEK) as u32, bits),
            CalendarPeriod::Month => {
                self.scan_with(times, keep, |local| self.months[(local / DAY) as usize], bits);
            }
        }
    }

    /// The periods of those events of a user that count, in place of what `bits` held.
    #[inline]
    pub(crate) fn scan_counted(&self, events: &UserEvents<'_>, counts: &CountedEvents, bits: &mut PeriodBits) {
        let (log, rows) = (events.log(), events.rows());
        match counts {
            CountedEvents::Every => self.scan_rows(log, rows, |_| true, bits),
            CountedEvents::Names(names) => {
                let codes = events.name_codes();
                self.scan_rows(log, rows, |position| names[usize::from(codes[position])], bits);
            }
        }
    }

    #[inline]
    fn scan_with(
        &self,
        times: &[i64],
        keep: impl Fn(usize) -> bool,
        index: impl Fn(u64) -> u32,
        bits: &mut PeriodBits,
    ) {
        let Some(last) = times.last() else { return };
        let mut from = 0;
        while from < times.len() {
            let stretch = self.stretch_at(times[from]);
            let rest = &times[from..];
            let len = match *last < stretch.end {
                true => rest.len(),
                // Every slice begins inside its stretch, so that this ends.
                false => rest.partition_point(|time| *time < stretch.end).max(1),
            };
            let periods = rest[..len].iter().map(|time| index((*time + stretch.shift) as u64));
            fill(periods, |position| keep(from + position), bits);
            from += len;
        }
    }
}

/// The index of the period of each local day of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayPeriods<'a> {
    by_day: &'a [u32],
}

impl<'a> DayPeriods<'a> {
    /// The index of the period of a day.
    #[inline]
    pub(crate) fn index(self, day: u16) -> u32 {
        self.by_day[usize::from(day)]
    }

    /// The periods of a user's [active days](crate::log::ActiveDays::of), ascending and each once.
    #[inline]
    pub(crate) fn of(self, days: &'a [u16]) -> impl Iterator<Item = u32> + 'a {
        let mut before = u32::MAX;
        days.iter().filter_map(move |day| {
            let period = self.index(*day);
            (std::mem::replace(&mut before, period) != period).then_some(period)
        })
    }
}

/// Sets the bits of periods.
#[inline]
fn fill(periods: impl Iterator<Item = u32>, keep: impl Fn(usize) -> bool, bits: &mut PeriodBits) {
    let (mut number, mut word) = (0, 0u64);
    for (position, period) in periods.enumerate() {
        if period >> WORD_SHIFT != number {
            bits.add_word(number, word);
            (number, word) = (period >> WORD_SHIFT, 0);
        }
        word |= u64::from(keep(position)) << (period & WORD_MASK);
    }
    bits.add_word(number, word);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::time::{MICROS_PER_HOUR, Weekday};

    /// 2010-10-30, some days before the clock of St. John's goes back across midnight.
    const START: i64 = 1_288_396_800 * 1_000_000;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn a_scan_is_the_set_of_the_periods_of_all_instants(
            mut quarters in prop::collection::vec(prop_oneof![0i64..4 * 24 * 300, 4i64 * 24 * 7..4 * 24 * 9], 1..40),
            gap in prop_oneof![Just(0i64), 0i64..9_000],
            zone in prop::sample::select(vec![
                "UTC", "America/St_Johns", "Africa/Cairo", "America/Santiago", "Pacific/Apia", "Asia/Shanghai",
            ]),
            kept in any::<u64>(),
        ) {
            quarters.sort_unstable();
            let mut times: Vec<i64> = quarters.iter().map(|quarter| START + quarter * MICROS_PER_HOUR / 4).collect();
            // A long gap before the last one.
            if let Some(last) = times.last_mut() {
                *last += gap * MICROS_PER_DAY;
            }
            let (first, last) = (times[0], times[times.len() - 1]);
            let calendar =
                Calendar::new(zone.parse().unwrap(), Timestamp::from_micros(first), Timestamp::from_micros(last));
            let periods =
                [CalendarPeriod::Day, CalendarPeriod::Week { week_start: Weekday::Sunday }, CalendarPeriod::Month];
            for period in periods {
                let grid = PeriodGrid::new(&calendar, period, first, last);
                let number = |micros: i64| period.number(calendar.day(Timestamp::from_micros(micros)));
                let keep = |position: usize| kept >> (position % 64) & 1 == 1;
                let mut bits = PeriodBits::default();
                grid.scan(&times, keep, &mut bits);
                let expected: BTreeSet<i32> =
                    times.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, time)| number(*time)).collect();
                let found: Vec<i32> = bits.iter().map(|index| grid.number(index)).collect();
                prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
                for time in &times {
                    prop_assert_eq!(grid.number(grid.index_of(*time)), number(*time));
                    prop_assert!((grid.index_of(*time) as usize) < grid.count());
                }
            }
        }
    }
}
