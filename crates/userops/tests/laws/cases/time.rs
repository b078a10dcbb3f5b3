//! Cases of windows, calendars, months, anniversaries and the ways instants are written.

use serde::Deserialize;
use userops::time::{
    Anniversary, Calendar, Day, LeapDayPolicy, TimeFormat, Timestamp, WeekStart, Weekday, Window, Zone,
};

use super::{Judge, Verdict};

/// From an instant and a window to the instants inside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeWindowCase {
    zone: Zone,
    as_of: Timestamp,
    window: Window,
    expect: TimeWindowExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeWindowExpect {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    seconds: Option<i64>,
    is_empty: Option<bool>,
    #[serde(default)]
    includes: Vec<Timestamp>,
    #[serde(default)]
    excludes: Vec<Timestamp>,
    refused: Option<String>,
}

impl Judge for TimeWindowCase {
    fn judge(self, verdict: &mut Verdict) {
        let expect = self.expect;
        // A calendar that covers nothing else asks the zone for everything: the slow way must be right as well.
        for calendar in [
            Calendar::new(self.zone, self.as_of, self.as_of),
            Calendar::new(self.zone, Timestamp::from_micros(0), self.as_of),
        ] {
            let range = verdict.result(expect.refused.as_deref(), self.window.range(self.as_of, &calendar));
            let Some(range) = range else { continue };
            verdict.equal("the start", expect.start, range.start);
            verdict.equal("the end", expect.end, range.end);
            verdict.equal("emptiness", expect.is_empty, range.is_empty());
            let seconds = || range.end.since(range.start).as_micros() as f64 / 1e6;
            verdict.equal("the length in seconds", expect.seconds.map(|seconds| seconds as f64), seconds());
            for (instants, is_inside) in [(&expect.includes, true), (&expect.excludes, false)] {
                for instant in instants {
                    verdict.equal(&format!("whether {instant} counts"), Some(is_inside), range.contains(*instant));
                }
            }
        }
    }
}

/// What a local clock and calendar show at an instant, or when a day begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarCase {
    zone: Zone,
    instant: Option<Timestamp>,
    day: Option<Day>,
    #[serde(default)]
    week_start: WeekStart,
    expect: CalendarExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarExpect {
    day: Option<Day>,
    hour: Option<u8>,
    weekday: Option<Weekday>,
    week: Option<Day>,
    month: Option<String>,
    start: Option<Timestamp>,
    seconds: Option<i64>,
}

impl Judge for CalendarCase {
    fn judge(self, verdict: &mut Verdict) {
        let expect = self.expect;
        let around = self.instant.unwrap_or_default();
        let calendar = Calendar::new(self.zone, around, around);
        match (self.instant, self.day) {
            (Some(instant), None) => {
                let day = calendar.day(instant);
                verdict.equal("the day", expect.day, day);
                verdict.equal("the hour", expect.hour, calendar.hour(instant));
                verdict.equal("the weekday", expect.weekday, calendar.weekday(instant));
                verdict.equal("the first day of the week", expect.week, day.week_start(self.week_start));
                verdict.equal("the month", expect.month, day.month().to_string());
                if expect.start.is_some() || expect.seconds.is_some() {
                    verdict.fail("only a day has a start and a length");
                }
            }
            (None, Some(day)) => {
                let (start, next) = (calendar.day_start(day), calendar.day_start(Day(day.0 + 1)));
                verdict.equal("the start", expect.start, start);
                verdict.equal("the length in seconds", expect.seconds, next.since(start).as_micros() / 1_000_000);
                verdict.equal("the weekday", expect.weekday, day.weekday());
                verdict.equal("the first day of the week", expect.week, day.week_start(self.week_start));
                verdict.equal("the month", expect.month, day.month().to_string());
                if expect.day.is_some() || expect.hour.is_some() {
                    verdict.fail("only an instant has a day and an hour");
                }
            }
            _ => verdict.fail("states not one of instant and day"),
        }
    }
}

/// A day so many months later.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MonthArithmeticCase {
    day: Day,
    months: i32,
    expect: MonthArithmeticExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MonthArithmeticExpect {
    day: Option<Day>,
}

impl Judge for MonthArithmeticCase {
    fn judge(self, verdict: &mut Verdict) {
        verdict.equal("the day", self.expect.day, self.day.plus_months(self.months));
    }
}

/// When a date comes back, and how many times it has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnniversaryCase {
    origin: Day,
    leap_day: LeapDayPolicy,
    year: Option<i32>,
    day: Option<Day>,
    days: Option<u16>,
    expect: AnniversaryExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnniversaryExpect {
    date: Option<Day>,
    has_date: Option<bool>,
    is_within: Option<bool>,
    years: Option<i32>,
}

impl Judge for AnniversaryCase {
    fn judge(self, verdict: &mut Verdict) {
        let expect = self.expect;
        let anniversary = Anniversary { origin: self.origin, leap_day: self.leap_day };
        match (self.year, expect.date.is_some() || expect.has_date.is_some()) {
            (Some(year), true) => {
                let date = anniversary.in_year(year);
                verdict.equal("the date", expect.date.map(Some), date);
                verdict.equal("whether there is a date", expect.has_date, date.is_some());
            }
            (None, false) => {}
            _ => verdict.fail("a date goes with a year"),
        }
        match (self.day, self.days, expect.is_within) {
            (Some(day), Some(days), Some(is_within)) => {
                verdict.equal("whether it is near", Some(is_within), anniversary.is_within(day, days));
            }
            (_, None, None) => {}
            _ => verdict.fail("is_within goes with day and days"),
        }
        match (self.day, expect.years) {
            (Some(day), Some(years)) => verdict.equal("the years", Some(years), anniversary.years_on(day)),
            (None, Some(_)) => verdict.fail("years go with a day"),
            (_, None) => {}
        }
    }
}

/// An instant as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeFormatCase {
    format: TimeFormat,
    zone: Zone,
    text: Option<String>,
    number: Option<i64>,
    expect: TimeFormatExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeFormatExpect {
    instant: Option<Timestamp>,
    refused: Option<bool>,
}

impl Judge for TimeFormatCase {
    fn judge(self, verdict: &mut Verdict) {
        let calendar = Calendar::new(self.zone, Timestamp::default(), Timestamp::default());
        let instant = match (&self.text, self.number) {
            (Some(text), None) => self.format.parse_text(text, &calendar),
            (None, Some(number)) => self.format.parse_integer(number, &calendar),
            _ => return verdict.fail("states not one of text and number"),
        };
        verdict.equal("the instant", self.expect.instant.map(Some), instant);
        verdict.equal("whether it is refused", self.expect.refused, instant.is_none());
    }
}
