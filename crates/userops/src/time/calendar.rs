//! A zone's clock as a small table of constant offsets, so that no kernel asks the zone database per event.

use super::{Day, MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp, Weekday, Zone};

/// No clock of the database is further from UTC than this.
const OFFSET_MAX: i64 = 26 * MICROS_PER_HOUR;

/// Local dates and hours of one [`Zone`], fast within a covered range of instants and exact everywhere.
///
/// A calendar day runs from its first instant to that of the next day: it may last 23 or 25 hours, and need not begin
/// at midnight. Where a clock is set back across midnight, [`Calendar::day`] says what the clock shows, so a date may
/// show twice; the range of a day runs from its first showing.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    zone: Zone,
    /// The covered instants, `[start, end)`.
    covered: std::ops::Range<i64>,
    /// First instant of each stretch of constant offset, ascending; the first is `covered.start`.
    starts: Vec<i64>,
    /// Local time minus UTC in each stretch, microseconds.
    offsets: Vec<i64>,
}

impl Calendar {
    /// A calendar that is fast from `first` to `last`, both included. Takes O(days covered).
    #[must_use]
    pub fn new(zone: Zone, first: Timestamp, last: Timestamp) -> Self {
        let first = first.clamp(Timestamp::MIN, Timestamp::MAX).as_micros();
        let last = last.clamp(Timestamp::MIN, Timestamp::MAX).as_micros().max(first);
        let covered = first - 2 * OFFSET_MAX..last + 2 * OFFSET_MAX;
        let offset_at = |micros| zone.offset_micros_at(Timestamp::from_micros(micros));
        let mut calendar = Self { zone, starts: vec![covered.start], offsets: vec![offset_at(covered.start)], covered };
        if zone == Zone::UTC {
            return calendar;
        }
        let mut known = calendar.covered.start;
        while known < calendar.covered.end {
            let probe = (known + MICROS_PER_DAY).min(calendar.covered.end);
            let (before, after) = (offset_at(known), offset_at(probe));
            if before != after {
                calendar.starts.push(first_instant_with(after, known, probe, offset_at));
                calendar.offsets.push(after);
            }
            known = probe;
        }
        calendar
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Local time minus UTC at this instant, in microseconds.
    #[inline]
    #[must_use]
    pub fn offset_micros(&self, instant: Timestamp) -> i64 {
        let micros = instant.as_micros();
        match self.offsets.as_slice() {
            [only] if self.covered.contains(&micros) => *only,
            _ if self.covered.contains(&micros) => {
                self.offsets[self.starts.partition_point(|start| *start <= micros) - 1]
            }
            _ => self.zone.offset_micros_at(instant),
        }
    }

    /// The stretch of constant offset around this instant: its range of microseconds and its offset.
    ///
    /// Loops over ascending instants hold on to the stretch and ask again only when they leave it.
    #[must_use]
    pub fn stretch(&self, instant: Timestamp) -> (std::ops::Range<i64>, i64) {
        let micros = instant.as_micros();
        if !self.covered.contains(&micros) {
            return (micros..micros.saturating_add(1), self.zone.offset_micros_at(instant));
        }
        let index = self.starts.partition_point(|start| *start <= micros) - 1;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.covered.end);
        (self.starts[index]..end, self.offsets[index])
    }

    /// The date that the local clock shows.
    #[inline]
    #[must_use]
    pub fn day(&self, instant: Timestamp) -> Day {
        Day(self.local_micros(instant).div_euclid(MICROS_PER_DAY) as i32)
    }

    /// The hour that the local clock shows, 0 to 23.
    #[must_use]
    pub fn hour(&self, instant: Timestamp) -> u8 {
        (self.local_micros(instant).rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR) as u8
    }

    fn local_micros(&self, instant: Timestamp) -> i64 {
        instant.as_micros().saturating_add(self.offset_micros(instant))
    }

    /// The weekday that the local clock shows.
    #[must_use]
    pub fn weekday(&self, instant: Timestamp) -> Weekday {
        self.day(instant).weekday()
    }

    /// The first instant after `after` and not after `until` at which the local date comes to be `day` or later, or, where
    /// a clock is set back over midnight, earlier than `day` again; `None` where neither is.
    ///
    /// Walks from change of offset to change of offset: `until` is to be covered.
    pub(crate) fn crossing(&self, after: Timestamp, day: i64, until: Timestamp) -> Option<Timestamp> {
        let midnight = day.saturating_mul(MICROS_PER_DAY);
        let is_reached = |micros: i64, offset: i64| micros.saturating_add(offset) >= midnight;
        // Before the years of the calendar there are no stretches to walk along.
        let mut instant = after.max(Timestamp::MIN).as_micros();
        let mut reached = is_reached(instant, self.offset_micros(Timestamp::from_micros(instant)));
        while instant <= until.as_micros() {
            let (stretch, offset) = self.stretch(Timestamp::from_micros(instant));
            if is_reached(instant, offset) != reached {
                return Some(Timestamp::from_micros(instant));
            }
            let shows_midnight = midnight.saturating_sub(offset);
            if !reached && shows_midnight < stretch.end {
                return Some(Timestamp::from_micros(shows_midnight));
            }
            reached = is_reached(stretch.end - 1, offset);
            instant = stretch.end;
        }
        None
    }

    /// The first instant of a calendar day: midnight, or the moment after a gap that swallows midnight.
    #[must_use]
    pub fn day_start(&self, day: Day) -> Timestamp {
        let midnight = i64::from(day.0).saturating_mul(MICROS_PER_DAY);
        self.near(midnight, |stretches| {
            stretches
                .map(|(range, offset)| (range.start.max(midnight - offset), range.end))
                .find(|(instant, end)| instant < end)
                .map_or(midnight, |(instant, _)| instant)
        })
    }

    /// The instant at which the local clock shows this many microseconds since 1970-01-01T00:00.
    ///
    /// A time that the clock shows twice is the earlier one; one that it skips is moved forward by the length of the
    /// gap, as RFC 5545 asks for.
    #[must_use]
    pub fn instant_of_local(&self, local_micros: i64) -> Timestamp {
        self.near(local_micros, |stretches| {
            let mut before_gap = local_micros;
            for (range, offset) in stretches {
                let instant = local_micros.saturating_sub(offset);
                if range.contains(&instant) {
                    return instant;
                }
                if instant >= range.end {
                    before_gap = instant;
                }
            }
            before_gap
        })
    }

    /// Runs `pick` over the stretches that can matter to a local time, ascending, and makes its answer an instant.
    fn near(
        &self,
        local_micros: i64,
        pick: impl Fn(&mut dyn Iterator<Item = (std::ops::Range<i64>, i64)>) -> i64,
    ) -> Timestamp {
        let from = local_micros.saturating_sub(OFFSET_MAX);
        let to = local_micros.saturating_add(OFFSET_MAX);
        if from < self.covered.start || to >= self.covered.end {
            if local_micros < Timestamp::MIN.as_micros() || local_micros > Timestamp::MAX.as_micros() {
                let offset = self.zone.offset_micros_at(Timestamp::from_micros(local_micros));
                return Timestamp::from_micros(local_micros.saturating_sub(offset));
            }
            let around = Timestamp::from_micros(local_micros);
            return Self::new(self.zone, around, around).near(local_micros, pick);
        }
        let first = self.starts.partition_point(|start| *start <= from) - 1;
        let mut stretches = (first..self.starts.len()).map(|index| {
            let end = self.starts.get(index + 1).copied().unwrap_or(self.covered.end);
            (self.starts[index]..end, self.offsets[index])
        });
        Timestamp::from_micros(pick(&mut stretches))
    }
}

/// The first instant in `(low, high]` at which the offset is `offset`, given that it changes once in between.
fn first_instant_with(offset: i64, mut low: i64, mut high: i64, offset_at: impl Fn(i64) -> i64) -> i64 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset_at(middle) == offset {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use chrono::{LocalResult, NaiveDateTime, TimeZone};
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 8] = [
        "UTC",
        "Asia/Shanghai",
        "America/New_York",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
    ];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn calendar(zone: &str) -> Calendar {
        Calendar::new(zone.parse().unwrap(), at("1980-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"))
    }

    #[test]
    fn a_day_lasts_23_or_25_hours_where_clocks_change() {
        let new_york = calendar("America/New_York");
        let length = |day: &str| {
            let day: Day = day.parse().unwrap();
            new_york.day_start(Day(day.0 + 1)).since(new_york.day_start(day)).as_micros() / 1_000_000
        };
        assert_eq!(length("2025-03-09"), 82_800);
        assert_eq!(length("2025-11-02"), 90_000);
        assert_eq!(length("2025-11-03"), 86_400);
    }

    #[test]
    fn a_midnight_that_does_not_exist_moves_the_start_of_the_day() {
        let start = calendar("Africa/Cairo").day_start("2024-04-26".parse().unwrap());
        assert_eq!(start, at("2024-04-25T22:00:00Z"), "01:00 local, where 00:00 was skipped");
        assert_eq!(calendar("Africa/Cairo").hour(start), 1);
    }

    #[test]
    fn a_date_that_a_country_skipped_is_empty() {
        let apia = calendar("Pacific/Apia");
        let skipped: Day = "2011-12-30".parse().unwrap();
        assert_eq!(apia.day_start(skipped), apia.day_start(Day(skipped.0 + 1)));
    }

    #[test]
    fn skipped_times_move_forward_and_repeated_times_are_the_earlier() {
        let new_york = calendar("America/New_York");
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap().and_utc().timestamp_micros();
        assert_eq!(new_york.instant_of_local(local("2025-03-09T02:30:00")), at("2025-03-09T07:30:00Z"));
        assert_eq!(new_york.instant_of_local(local("2025-11-02T01:30:00")), at("2025-11-02T05:30:00Z"));
    }

    proptest! {
        #[test]
        fn a_calendar_agrees_with_the_zone_database(
            zone in 0..ZONES.len(),
            micros in -500_000_000_000_000i64..2_500_000_000_000_000,
        ) {
            let calendar = calendar(ZONES[zone]);
            let tz: Tz = ZONES[zone].parse().unwrap();
            let instant = Timestamp::from_micros(micros);
            let local = instant.to_chrono().unwrap().with_timezone(&tz).naive_local();
            prop_assert_eq!(calendar.day(instant), Day::from(local.date()));
            prop_assert_eq!(u32::from(calendar.hour(instant)), chrono::Timelike::hour(&local));
            let (range, offset) = calendar.stretch(instant);
            prop_assert!(range.contains(&micros));
            prop_assert_eq!(offset, calendar.offset_micros(instant));

            // The same number read as a local time.
            let naive = instant.to_chrono().unwrap().naive_utc();
            let expected = match tz.from_local_datetime(&naive) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(Timestamp::from(time.to_utc())),
                LocalResult::None => None,
            };
            if let Some(expected) = expected {
                prop_assert_eq!(calendar.instant_of_local(micros), expected);
            }
            let start = calendar.day_start(calendar.day(instant));
            prop_assert!(calendar.day(start) >= calendar.day(instant));
            prop_assert!(calendar.day(Timestamp::from_micros(start.as_micros() - 1)) < calendar.day(instant));
        }
    }
}
