//! The local day of every event, made once.
//!
//! What counts by days, weeks or months reads a quarter of the memory that instants take, and divides nothing.

use rayon::prelude::*;

use crate::time::{Calendar, Day, MICROS_PER_DAY, Span, Timestamp, Zone};

/// How many rows are made at once.
const CHUNK_ROWS: usize = 1 << 16;

/// The days that the local clock shows at some instants, as numbers of 16 bits from one day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalDays {
    /// The day with number 0: no instant has an earlier one.
    first: Day,
    numbers: Vec<u16>,
}

impl LocalDays {
    /// Days between the first number and that of the first instant, and as many between the last two: no clock is further
    /// from UTC.
    const OFFSET_DAYS_MAX: i32 = 2;
    /// How many more numbers there may be than whole days between the first and the last instant.
    pub(crate) const SLACK_DAYS: u16 = 2 * Self::OFFSET_DAYS_MAX as u16 + 2;

    /// `None` where there is no instant, or those of `span`, which are the first and the last, are further apart than 16 bits
    /// can tell. Takes O(rows + days), shared out over rayon's threads, and 2 bytes a row.
    pub(super) fn new(times: &[i64], span: (i64, i64), zone: Zone) -> Option<Self> {
        let (first, last) = (Timestamp::from_micros(span.0), Timestamp::from_micros(span.1));
        if times.is_empty() || last.since(first) > Span::from_days(i64::from(u16::MAX)) {
            return None;
        }
        let calendar = Calendar::new(zone, first, last);
        let day_of = |instant| calendar.day(instant).0;
        let (first, last) = (day_of(first) - Self::OFFSET_DAYS_MAX, day_of(last) + Self::OFFSET_DAYS_MAX);
        if last - first > i32::from(u16::MAX) {
            return None;
        }
        let mut numbers = vec![0; times.len()];
        let chunks = numbers.par_chunks_mut(CHUNK_ROWS).zip(times.par_chunks(CHUNK_ROWS));
        chunks.for_each(|(numbers, times)| fill(numbers, times, i64::from(first) * MICROS_PER_DAY, &calendar));
        Some(Self { first: Day(first), numbers })
    }

    /// The day with number 0.
    pub(crate) fn first(&self) -> Day {
        self.first
    }

    /// The numbers of all rows.
    #[inline]
    pub(crate) fn numbers(&self) -> &[u16] {
        &self.numbers
    }
}

/// Numbers the days from a midnight on, given in local microseconds. The stretch of constant offset is looked up only where an
/// instant leaves that of the one before.
fn fill(numbers: &mut [u16], times: &[i64], midnight: i64, calendar: &Calendar) {
    let (mut stretch, mut shift) = (0..0, 0);
    for (number, time) in numbers.iter_mut().zip(times) {
        if !stretch.contains(time) {
            let offset;
            (stretch, offset) = calendar.stretch(Timestamp::from_micros(*time));
            shift = offset - midnight;
        }
        *number = ((time + shift) as u64 / MICROS_PER_DAY as u64) as u16;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_the_days_of_the_calendar(
            times in prop::collection::vec(1_288_000_000_000_000i64..1_320_000_000_000_000, 0..40),
            zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Africa/Cairo", "Pacific/Apia"]),
        ) {
            let span = (times.iter().copied().min().unwrap_or(0), times.iter().copied().max().unwrap_or(0));
            let instant = Timestamp::from_micros;
            let calendar = Calendar::new(zone.parse().unwrap(), instant(span.0), instant(span.1));
            let days = LocalDays::new(&times, span, calendar.zone());
            prop_assert_eq!(days.is_some(), !times.is_empty());
            let Some(days) = days else { return Ok(()) };
            for (number, time) in days.numbers().iter().zip(&times) {
                prop_assert_eq!(Day(days.first().0 + i32::from(*number)), calendar.day(instant(*time)));
            }
        }
    }

    #[test]
    fn centuries_are_too_far_apart() {
        let times = [0, 70_000 * MICROS_PER_DAY];
        assert_eq!(LocalDays::new(&times, (times[0], times[1]), Zone::UTC), None);
    }
}
