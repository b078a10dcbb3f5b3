//! In how many of the last calendar periods a user was there: what tells a steady user from a single spree.

use crate::error::{Result, invalid_argument};
use crate::log::{EventLog, UserEvents};
use crate::time::{Calendar, Timestamp, Window};

use super::PerUser;

/// The most months that are looked at: a century.
pub const MONTHS_MAX: u32 = 1_200;

/// In how many of the last `months` local calendar months, that of `as_of` included, each user has an event of one of
/// these names; one number per user of the log, 0 without any.
///
/// # Errors
/// `InvalidArgument` for 0 months or more than [`MONTHS_MAX`].
pub fn count_active_months(log: &EventLog, as_of: Timestamp, codes: &[u16], months: u32) -> Result<Vec<i64>> {
    if months > MONTHS_MAX {
        return Err(invalid_argument(format!("{months} months are more than the limit {MONTHS_MAX}")));
    }
    let starts = month_starts(as_of, months, &log.calendar(as_of))?;
    let per_user = PerUser { log, as_of };
    Ok(per_user.collect(true, |events| active_periods(events, codes, &starts)))
}

/// The first instant of each of the last months, ascending.
fn month_starts(as_of: Timestamp, months: u32, calendar: &Calendar) -> Result<Vec<i64>> {
    let start_of = |n| {
        let window = Window::CalendarMonths { n, include_current: true };
        window.range(as_of, calendar).map(|range| range.start.as_micros())
    };
    (1..=months).rev().map(start_of).chain((months == 0).then(|| start_of(0))).collect()
}

/// In how many of the periods that begin at `starts` the visible events have one of these names.
fn active_periods(events: UserEvents<'_>, codes: &[u16], starts: &[i64]) -> i64 {
    let mut active = 0;
    let mut last_counted = 0;
    for (time, name) in events.time_micros().iter().zip(events.name_codes()) {
        if !codes.contains(name) {
            continue;
        }
        // The number of periods begun is the number, from 1, of the one that the event is in.
        let period = starts.partition_point(|start| start <= time);
        active += i64::from(period > last_counted);
        last_counted = last_counted.max(period);
    }
    active
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, EventSchema};

    #[test]
    fn months_are_local_and_count_once() {
        let schema = EventSchema { zone: "America/New_York".parse().unwrap(), ..EventSchema::default() };
        let event = |time: &str, name: &str| Event::new(1, time.parse().unwrap(), name);
        let events = [
            event("2025-01-31T12:00:00Z", "order"),
            event("2025-03-01T03:00:00Z", "order"), // 28 February in New York
            event("2025-03-31T12:00:00Z", "order"),
            event("2025-03-31T13:00:00Z", "order"),
            event("2025-04-30T12:00:00Z", "view"),
            event("2025-05-02T12:00:00Z", "order"),
        ];
        let (log, _) = EventLog::from_events(schema, &events).unwrap();
        let order = log.name_code("order").unwrap();
        let active = |as_of: &str, months| count_active_months(&log, as_of.parse().unwrap(), &[order], months).unwrap();
        assert_eq!(active("2025-05-01T12:00:00Z", 4), [2], "February, March; not yet in May");
        assert_eq!(active("2025-05-02T12:00:00Z", 12), [4]);
        assert_eq!(active("2025-05-02T12:00:00Z", 1), [1]);
        assert!(count_active_months(&log, Timestamp::default(), &[order], 0).is_err());
        assert!(count_active_months(&log, Timestamp::default(), &[order], u32::MAX).is_err());
    }
}
