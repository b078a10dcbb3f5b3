//! Calendar dates and what they belong to: weekday, week, month, anniversary.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::parse::parse_date;
use crate::error::{Error, Result, invalid_time};

/// Days from 0001-01-01 to 1970-01-01 in the proleptic Gregorian calendar, as chrono counts them from the year 1 BC.
const DAYS_TO_1970_CE: i32 = 719_163;
/// 1970-01-01 was a Thursday, three days after a Monday.
const WEEKDAY_OF_1970: i32 = 3;

/// A calendar date: days since 1970-01-01. Serde and `Display` use `YYYY-MM-DD`, of the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Day(pub i32);

/// The days of the week; numbers count from Monday = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Weekday {
    /// Monday, 0.
    #[default]
    Monday,
    /// Tuesday, 1.
    Tuesday,
    /// Wednesday, 2.
    Wednesday,
    /// Thursday, 3.
    Thursday,
    /// Friday, 4.
    Friday,
    /// Saturday, 5.
    Saturday,
    /// Sunday, 6.
    Sunday,
}

/// The day on which a week begins; Monday unless stated (ISO 8601).
pub type WeekStart = Weekday;

impl Weekday {
    /// Monday to Sunday.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];
}

/// A calendar month: months since January of the year 0. Serde and `Display` use `YYYY-MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(pub i32);

impl Day {
    /// The date of this year, month (1 to 12) and day of month (from 1), or `None` where there is no such date.
    #[must_use]
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self::from)
    }

    /// The same date for chrono; dates beyond chrono's years are moved to its first or last.
    #[must_use]
    pub fn to_chrono(self) -> NaiveDate {
        let bound = if self.0 < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        self.0.checked_add(DAYS_TO_1970_CE).and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(bound)
    }

    /// The day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        Weekday::ALL[self.0.wrapping_add(WEEKDAY_OF_1970).rem_euclid(7) as usize]
    }

    /// The first day of the week that this day is in.
    #[must_use]
    pub fn week_start(self, week_start: WeekStart) -> Self {
        let since = (self.weekday() as i32 - week_start as i32).rem_euclid(7);
        Self(self.0.saturating_sub(since))
    }

    /// The month that this day is in.
    #[must_use]
    pub fn month(self) -> Month {
        let date = self.to_chrono();
        Month(date.year() * 12 + date.month0() as i32)
    }

    /// This day moved by calendar months; a day that the target month lacks becomes that month's last
    /// (31 January + 1 month = 28 or 29 February). Beyond chrono's years it is the first or last date of them.
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        let date = self.to_chrono();
        let amount = Months::new(months.unsigned_abs());
        let moved = if months < 0 { date.checked_sub_months(amount) } else { date.checked_add_months(amount) };
        moved.unwrap_or(if months < 0 { NaiveDate::MIN } else { NaiveDate::MAX }).into()
    }
}

impl Month {
    /// The first day of the month; months beyond chrono's years are moved to its first or last date.
    #[must_use]
    pub fn first_day(self) -> Day {
        let (year, month0) = (self.0.div_euclid(12), self.0.rem_euclid(12));
        let bound = if year < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        Day::from_ymd(year, month0 as u32 + 1, 1).unwrap_or(bound.into())
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date.num_days_from_ce() - DAYS_TO_1970_CE)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_chrono().to_string())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.first_day().to_chrono().format("%Y-%m").to_string())
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse_date(text.as_bytes()).ok_or_else(|| invalid_time(format!("{text:?} is not a date such as 2026-03-01")))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// When a 29 February is kept in a year that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeapDayPolicy {
    /// On 28 February: the last day of the same month.
    #[default]
    February28,
    /// On 1 March: the day after the last of February.
    March1,
    /// Not at all: the anniversary comes every fourth year.
    Skip,
}

/// A date that comes back every year, such as a birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anniversary {
    /// The date of which it is the anniversary.
    pub origin: Day,
    /// What happens to a 29 February.
    #[serde(default)]
    pub leap_day: LeapDayPolicy,
}

impl Anniversary {
    /// The anniversary in a year, or `None` where that year has none. A year before the origin's counts as well.
    #[must_use]
    pub fn in_year(self, year: i32) -> Option<Day> {
        let origin = self.origin.to_chrono();
        let same = Day::from_ymd(year, origin.month(), origin.day());
        match (same, self.leap_day) {
            (Some(day), _) => Some(day),
            (None, LeapDayPolicy::February28) => Day::from_ymd(year, 2, 28),
            (None, LeapDayPolicy::March1) => Day::from_ymd(year, 3, 1),
            (None, LeapDayPolicy::Skip) => None,
        }
    }

    /// Whether `day` is at most `days` before or after an anniversary; the window wraps the year's end.
    #[must_use]
    pub fn is_within(self, day: Day, days: u16) -> bool {
        let year = day.to_chrono().year();
        let years = i32::from(days / 365) + 1;
        (year - years..=year + years)
            .filter_map(|year| self.in_year(year))
            .any(|anniversary| anniversary.0.abs_diff(day.0) <= u32::from(days))
    }

    /// Full years completed on `day`, negative before the origin. A year completes on the anniversary; one that
    /// [`LeapDayPolicy::Skip`] leaves out completes on 1 March, since the age is reached all the same.
    #[must_use]
    pub fn years_on(self, day: Day) -> i32 {
        let year = day.to_chrono().year();
        let reached = match self.in_year(year) {
            Some(anniversary) => day >= anniversary,
            None => Day::from_ymd(year, 3, 1).is_some_and(|first_of_march| day >= first_of_march),
        };
        year - self.origin.to_chrono().year() - i32::from(!reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_and_months_follow_the_calendar() {
        assert_eq!(Day(0).weekday(), Weekday::Thursday);
        assert_eq!(Day(-4).weekday(), Weekday::Sunday);
        assert_eq!(day("2026-11-21").week_start(Weekday::Monday), day("2026-11-16"));
        assert_eq!(day("2026-11-21").week_start(Weekday::Sunday), day("2026-11-15"));
        assert_eq!(day("2026-11-15").week_start(Weekday::Sunday), day("2026-11-15"));
        assert_eq!(day("2025-01-31").plus_months(1), day("2025-02-28"));
        assert_eq!(day("2024-01-31").plus_months(1), day("2024-02-29"));
        assert_eq!(day("2024-03-31").plus_months(-13), day("2023-02-28"));
        assert_eq!(day("1969-12-31").month().first_day(), day("1969-12-01"));
        assert_eq!(day("0001-01-01").month().to_string(), "0001-01");
    }

    #[test]
    fn every_day_of_eight_centuries_agrees_with_chrono() {
        for days in -150_000..150_000 {
            let day = Day(days);
            assert_eq!(Day::from(day.to_chrono()), day);
            assert_eq!(day.weekday() as u32, day.to_chrono().weekday().num_days_from_monday());
        }
    }

    #[test]
    fn a_leap_day_birthday_follows_its_policy() {
        let born = |leap_day| Anniversary { origin: day("2000-02-29"), leap_day };
        assert_eq!(born(LeapDayPolicy::February28).in_year(2025), Some(day("2025-02-28")));
        assert_eq!(born(LeapDayPolicy::March1).in_year(2025), Some(day("2025-03-01")));
        assert_eq!(born(LeapDayPolicy::Skip).in_year(2025), None);
        assert_eq!(born(LeapDayPolicy::Skip).in_year(2024), Some(day("2024-02-29")));
        assert_eq!(born(LeapDayPolicy::February28).years_on(day("2025-02-28")), 25);
        assert_eq!(born(LeapDayPolicy::March1).years_on(day("2025-02-28")), 24);
        assert_eq!(born(LeapDayPolicy::Skip).years_on(day("2025-03-01")), 25);
    }

    #[test]
    fn an_anniversary_window_wraps_the_year() {
        let birthday = Anniversary { origin: day("1990-12-28"), leap_day: LeapDayPolicy::default() };
        assert!(birthday.is_within(day("2026-01-04"), 7));
        assert!(!birthday.is_within(day("2026-01-05"), 7));
        assert!(birthday.is_within(day("2025-12-21"), 7));
        assert!(!birthday.is_within(day("2025-12-20"), 7));
    }
}
