//! Measures of users that no event decides: ages, anniversaries, hash buckets.

use std::ops::Range;

use chrono::Datelike;

use super::cell::CellsMut;
use crate::column::Column;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{AgeUnit, Bucket};
use crate::time::{Anniversary, Calendar, Day, LeapDayPolicy, Timestamp};

/// What is asked of a user.
#[derive(Debug, Clone)]
pub(crate) enum UserFold<'a> {
    Age { attribute: &'a Column, unit: AgeUnit },
    Anniversary { attribute: &'a Column, days_before: u32, days_after: u32, leap_day: LeapDayPolicy },
    Bucket(Bucket),
}

impl UserFold<'_> {
    /// Answers for the users of a block, and gives the word of whose answer is known.
    pub(crate) fn fill(
        &self,
        log: &EventLog,
        users: &Range<usize>,
        today: Day,
        calendar: &Calendar,
        out: &mut CellsMut<'_>,
    ) -> u64 {
        let mut known = 0;
        for (user, row) in users.clone().enumerate() {
            match (self, &mut *out) {
                (Self::Age { attribute, unit }, CellsMut::Whole(out)) => {
                    let Some(origin) = day_of(attribute, row, calendar) else { continue };
                    out[user] = age(origin, today, *unit);
                }
                (Self::Anniversary { attribute, days_before, days_after, leap_day }, CellsMut::Truth(out)) => {
                    let Some(origin) = day_of(attribute, row, calendar) else { continue };
                    let anniversary = Anniversary { origin, leap_day: *leap_day };
                    let first = i64::from(today.0) - i64::from(*days_after);
                    let last = i64::from(today.0) + i64::from(*days_before);
                    out[0] |= u64::from(has_anniversary(anniversary, first, last)) << user;
                }
                (Self::Bucket(bucket), CellsMut::Small(out)) => {
                    let Some(id) = log.users().id(UserIx(row as u32)) else { continue };
                    out[user] = bucket.of(&id);
                }
                _ => continue,
            }
            known |= 1 << user;
        }
        known
    }
}

/// The local day of a date or time attribute.
fn day_of(attribute: &Column, row: usize, calendar: &Calendar) -> Option<Day> {
    match attribute {
        Column::Date(days) => days.get(row).map(Day),
        Column::Time(instants) => instants.get(row).map(|micros| calendar.day(Timestamp::from_micros(micros))),
        _ => None,
    }
}

fn age(origin: Day, today: Day, unit: AgeUnit) -> i64 {
    match unit {
        AgeUnit::Years => i64::from(Anniversary { origin, leap_day: LeapDayPolicy::March1 }.years_on(today)),
        AgeUnit::Months => {
            let months = today.month().0 - origin.month().0;
            i64::from(months - i32::from(origin.plus_months(months) > today))
        }
        AgeUnit::Days => i64::from(today.0) - i64::from(origin.0),
    }
}

/// Whether an anniversary falls on one of these days, the last included.
fn has_anniversary(anniversary: Anniversary, first: i64, last: i64) -> bool {
    let day = |days: i64| Day(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32);
    let (first, last) = (day(first), day(last));
    (first.to_chrono().year()..=last.to_chrono().year())
        .filter_map(|year| anniversary.in_year(year))
        .any(|kept| first <= kept && kept <= last)
}
