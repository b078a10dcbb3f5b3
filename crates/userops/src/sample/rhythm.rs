//! When people are about: hours of workdays and of weekends, and days of the week.

use super::random::Random;
use crate::time::{Day, Weekday};

/// Weights of the local hours of a workday: breakfast, lunch, and an evening that lasts until eleven.
const WORKDAY_HOURS: [u32; 24] =
    [12, 6, 3, 2, 2, 4, 12, 30, 45, 40, 38, 42, 60, 52, 38, 36, 38, 42, 50, 62, 80, 88, 66, 32];
/// Weights of the local hours of a weekend day: later, and less of a lunch break.
const WEEKEND_HOURS: [u32; 24] =
    [20, 12, 6, 3, 2, 3, 6, 14, 28, 42, 52, 54, 52, 50, 52, 54, 54, 52, 54, 62, 72, 76, 60, 36];
/// How likely people come on a day of the week, from Monday, in percent of a mean day.
const WEEKDAY_PERCENT: [u32; 7] = [104, 106, 104, 102, 94, 90, 100];

const SECONDS_PER_HOUR: u32 = 3_600;
const MILLIS_PER_SECOND: u32 = 1_000;

/// The share of those who come on a mean day that come on this one, in percent.
pub(super) fn percent_on(day: Day) -> u32 {
    WEEKDAY_PERCENT[day.weekday() as usize]
}

/// A local time of this day in milliseconds since its midnight, by the hours at which people are about.
pub(super) fn draw_millis(day: Day, random: &mut Random) -> i64 {
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let hours = if weekend { WEEKEND_HOURS } else { WORKDAY_HOURS };
    let hour = random.weighted(hours.into_iter()) as i64;
    let hour_millis = SECONDS_PER_HOUR * MILLIS_PER_SECOND;
    hour * i64::from(hour_millis) + i64::from(random.below(hour_millis))
}
