//! Instants from the texts and numbers that files hold.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Calendar, Day, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, Timestamp};
use crate::error::{Error, Result, invalid_argument, name_hint};

/// 0001-01-01, the first date that can be written with a four-digit year.
const DAY_MIN: Day = Day(-719_162);

/// How instants are written in a column.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Typed times and dates as they are; texts as ISO 8601: `2026-03-01`, `2026-03-01 09:30:00.25`,
    /// `2026-03-01T09:30+08:00`. Numbers are refused, since nothing says what they count.
    #[default]
    Auto,
    /// ISO 8601 with an offset from UTC: `2026-03-01T09:30:00Z`. A text without an offset is refused.
    Rfc3339,
    /// A date alone, `YYYY-MM-DD`: the first instant of that local day.
    Date,
    /// A date alone, `YYYYMMDD`, as text or number: the first instant of that local day.
    CompactDate,
    /// Seconds since 1970-01-01T00:00:00Z.
    EpochSeconds,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    EpochMillis,
    /// Microseconds since 1970-01-01T00:00:00Z.
    EpochMicros,
}

impl TimeFormat {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Auto,
        Self::Rfc3339,
        Self::Date,
        Self::CompactDate,
        Self::EpochSeconds,
        Self::EpochMillis,
        Self::EpochMicros,
    ];

    /// The stable name, as mappings and messages spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rfc3339 => "rfc3339",
            Self::Date => "date",
            Self::CompactDate => "compact_date",
            Self::EpochSeconds => "epoch_seconds",
            Self::EpochMillis => "epoch_millis",
            Self::EpochMicros => "epoch_micros",
        }
    }

    /// Reads a text; `calendar` gives the zone of a time that has none of its own. `None` where it is no such instant.
    #[must_use]
    pub fn parse_text(self, text: &str, calendar: &Calendar) -> Option<Timestamp> {
        let bytes = text.trim_ascii().as_bytes();
        match self {
            Self::Auto => parse_iso(bytes, Some(calendar)),
            Self::Rfc3339 => parse_iso(bytes, None),
            Self::Date if bytes.len() == 10 => parse_iso(bytes, Some(calendar)),
            Self::Date => None,
            Self::CompactDate if bytes.len() == 8 => {
                let day = civil_day(number(&bytes[..4])? as i32, number(&bytes[4..6])?, number(&bytes[6..])?);
                day.filter(|day| *day >= DAY_MIN).map(|day| calendar.day_start(day))
            }
            Self::CompactDate => None,
            Self::EpochSeconds if bytes.contains(&b'.') => parse_fractional_seconds(bytes),
            Self::EpochSeconds | Self::EpochMillis | Self::EpochMicros => {
                self.parse_integer(std::str::from_utf8(bytes).ok()?.parse().ok()?, calendar)
            }
        }
    }

    /// Reads a number. `None` where this format has no numbers, or the number is no date or out of range.
    #[must_use]
    pub fn parse_integer(self, number: i64, calendar: &Calendar) -> Option<Timestamp> {
        match self {
            Self::CompactDate => {
                let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
                // A number of seven digits lacks one, more often than it means the year 999 or before.
                if !(1000..=9999).contains(&year) {
                    return None;
                }
                civil_day(year as i32, month as u32, day as u32).map(|day| calendar.day_start(day))
            }
            Self::EpochSeconds => number.checked_mul(MICROS_PER_SECOND).and_then(Timestamp::checked),
            Self::EpochMillis => number.checked_mul(1_000).and_then(Timestamp::checked),
            Self::EpochMicros => Timestamp::checked(number),
            Self::Auto | Self::Rfc3339 | Self::Date => None,
        }
    }

    /// What a value of this format looks like, for messages.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Auto => "2026-03-01, 2026-03-01 09:30:00 or 2026-03-01T09:30:00+08:00",
            Self::Rfc3339 => "2026-03-01T09:30:00+08:00",
            Self::Date => "2026-03-01",
            Self::CompactDate => "20260301",
            Self::EpochSeconds => "1772357400",
            Self::EpochMillis => "1772357400000",
            Self::EpochMicros => "1772357400000000",
        }
    }
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TimeFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let hint = name_hint(name, Self::ALL.iter().map(|format| format.name()));
            invalid_argument(format!("{name:?} is not a time format{hint}"))
        })
    }
}

/// The date of a Gregorian year, month and day, or `None` where there is none.
///
/// Source of the arithmetic: the Gregorian calendar's rules, counted in years that begin on 1 March so that the leap
/// day is the last of its year.
fn civil_day(year: i32, month: u32, day: u32) -> Option<Day> {
    const DAYS_IN_MONTH: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let in_month = DAYS_IN_MONTH.get(month.checked_sub(1)? as usize)? + u32::from(leap && month == 2);
    if !(1..=in_month).contains(&day) {
        return None;
    }
    // Days from 0000-03-01 to 1970-01-01.
    const DAYS_TO_1970: i32 = 719_468;
    let march_year = year - i32::from(month <= 2);
    let march_month = (month as i32 + 9) % 12;
    let leap_days = march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    let day_of_year = (153 * march_month + 2) / 5 + day as i32 - 1;
    Some(Day(march_year * 365 + leap_days + day_of_year - DAYS_TO_1970))
}

/// Reads `YYYY-MM-DD`, of the years 1 to 9999.
pub(super) fn parse_date(date: &[u8]) -> Option<Day> {
    if date.len() != 10 || date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let day = civil_day(number(&date[..4])? as i32, number(&date[5..7])?, number(&date[8..])?)?;
    (day >= DAY_MIN).then_some(day)
}

/// Reads `YYYY-MM-DD[(T| )hh:mm[:ss[.f…]][Z|±hh[:]mm]]`. Without a calendar an offset is required.
pub(super) fn parse_iso(bytes: &[u8], calendar: Option<&Calendar>) -> Option<Timestamp> {
    let (date, rest) = bytes.split_at_checked(10)?;
    let day = parse_date(date)?;
    let Some((separator, rest)) = rest.split_first() else {
        return calendar.map(|calendar| calendar.day_start(day));
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (time_of_day, rest) = parse_time_of_day(rest)?;
    let local = i64::from(day.0) * MICROS_PER_DAY + time_of_day;
    let instant = match parse_offset(rest)? {
        Some(offset) => Timestamp::from_micros(local - offset),
        None => calendar?.instant_of_local(local),
    };
    Timestamp::checked(instant.as_micros())
}

/// Reads `hh:mm[:ss[.f…]]` and gives microseconds since midnight and what follows. Digits after the sixth are cut.
fn parse_time_of_day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (clock, mut rest) = bytes.split_at_checked(5)?;
    let (hour, minute) = (number(&clock[..2])?, number(&clock[3..])?);
    if clock[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let mut micros = i64::from(hour) * MICROS_PER_HOUR + i64::from(minute) * 60 * MICROS_PER_SECOND;
    if let Some((b':', seconds)) = rest.split_first() {
        let (seconds, after) = seconds.split_at_checked(2)?;
        let second = number(seconds).filter(|second| *second <= 59)?;
        micros += i64::from(second) * MICROS_PER_SECOND;
        rest = after;
        if let Some((b'.' | b',', fraction)) = rest.split_first() {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            let mut unit = MICROS_PER_SECOND / 10;
            for digit in &fraction[..digits.min(6)] {
                micros += i64::from(digit - b'0') * unit;
                unit /= 10;
            }
            rest = &fraction[digits..];
        }
    }
    Some((micros, rest))
}

/// Reads seconds since 1970 with a fraction, as scripts write them; digits after the sixth are cut.
fn parse_fractional_seconds(bytes: &[u8]) -> Option<Timestamp> {
    let point = bytes.iter().position(|byte| *byte == b'.')?;
    let (whole, fraction) = (std::str::from_utf8(&bytes[..point]).ok()?, &bytes[point + 1..]);
    let seconds: i64 = whole.parse().ok()?;
    if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(6);
    let micros = digits.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'));
    let whole_micros = seconds.checked_mul(MICROS_PER_SECOND)?;
    Timestamp::checked(if whole.starts_with('-') { whole_micros - micros } else { whole_micros + micros })
}

/// Reads nothing, `Z`, or `±hh[:]mm`: `Some(None)` for nothing, `None` for anything else.
fn parse_offset(bytes: &[u8]) -> Option<Option<i64>> {
    let (hour, minute) = match bytes {
        [] => return Some(None),
        [b'Z' | b'z'] => return Some(Some(0)),
        [b'+' | b'-', h0, h1] => ([*h0, *h1], *b"00"),
        [b'+' | b'-', h0, h1, m0, m1] | [b'+' | b'-', h0, h1, b':', m0, m1] => ([*h0, *h1], [*m0, *m1]),
        _ => return None,
    };
    let (hour, minute) = (number(&hour)?, number(&minute)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let micros = i64::from(hour) * MICROS_PER_HOUR + i64::from(minute) * 60 * MICROS_PER_SECOND;
    Some(Some(if bytes[0] == b'-' { -micros } else { micros }))
}

/// A number of only ASCII digits, at most nine.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use proptest::prelude::*;

    use super::*;
    use crate::time::Zone;

    fn calendar(zone: &str) -> Calendar {
        let zone: Zone = zone.parse().unwrap();
        Calendar::new(zone, Timestamp::from_micros(0), Timestamp::from_micros(0))
    }

    fn read(format: TimeFormat, text: &str) -> Option<String> {
        format.parse_text(text, &calendar("Asia/Shanghai")).map(|instant| instant.to_string())
    }

    #[test]
    fn each_format_reads_its_own_form() {
        for (format, text, instant) in [
            (TimeFormat::Auto, "2026-03-01", "2026-02-28T16:00:00Z"),
            (TimeFormat::Auto, " 2026-03-01 09:30:00.25 ", "2026-03-01T01:30:00.250Z"),
            (TimeFormat::Auto, "2026-03-01T09:30", "2026-03-01T01:30:00Z"),
            (TimeFormat::Auto, "2026-03-01T09:30:00-0500", "2026-03-01T14:30:00Z"),
            (TimeFormat::Rfc3339, "2026-03-01T09:30:00.123456789Z", "2026-03-01T09:30:00.123456Z"),
            (TimeFormat::Date, "2026-03-01", "2026-02-28T16:00:00Z"),
            (TimeFormat::CompactDate, "20260301", "2026-02-28T16:00:00Z"),
            (TimeFormat::EpochSeconds, "1772357400", "2026-03-01T09:30:00Z"),
            (TimeFormat::EpochSeconds, "1772357400.25", "2026-03-01T09:30:00.250Z"),
            (TimeFormat::EpochSeconds, "-0.5", "1969-12-31T23:59:59.500Z"),
            (TimeFormat::EpochMillis, "1772357400001", "2026-03-01T09:30:00.001Z"),
            (TimeFormat::EpochMicros, "-1", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(read(format, text).as_deref(), Some(instant), "{format} {text:?}");
            assert!(read(format, format.example().split(',').next().unwrap()).is_some());
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for (format, text) in [
            (TimeFormat::Auto, ""),
            (TimeFormat::Auto, "20260301"),
            (TimeFormat::Auto, "2026-02-29"),
            (TimeFormat::Auto, "2026-3-1"),
            (TimeFormat::Auto, "0000-01-01"),
            (TimeFormat::Auto, "2026-03-01 24:00"),
            (TimeFormat::Auto, "2026-03-01 23:59:60"),
            (TimeFormat::Auto, "2026-03-01 09:30:00."),
            (TimeFormat::Auto, "2026-03-01T09:30:00+25:00"),
            (TimeFormat::Auto, "2026-03-01x09:30"),
            (TimeFormat::Auto, "2026-03-01é"),
            (TimeFormat::Auto, "٢٠٢٦-٠٣-٠١"),
            (TimeFormat::Rfc3339, "2026-03-01T09:30:00"),
            (TimeFormat::Rfc3339, "9999-12-31T23:59:59-01:00"),
            (TimeFormat::Date, "2026-03-01T09:30:00Z"),
            (TimeFormat::CompactDate, "20260229"),
            (TimeFormat::CompactDate, "2026031"),
            (TimeFormat::CompactDate, "-20260301"),
            (TimeFormat::EpochSeconds, "9223372036854775807"),
            (TimeFormat::EpochSeconds, "1e9"),
            (TimeFormat::EpochSeconds, "1."),
            (TimeFormat::EpochSeconds, "1.2.3"),
        ] {
            assert_eq!(read(format, text), None, "{format} {text:?}");
        }
    }

    proptest! {
        #[test]
        fn civil_days_agree_with_chrono(year in 1i32..=9999, month in 0u32..=13, day in 0u32..=32) {
            let chrono = NaiveDate::from_ymd_opt(year, month, day).map(Day::from);
            prop_assert_eq!(civil_day(year, month, day), chrono);
        }

        #[test]
        fn rfc3339_agrees_with_chrono(micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(), minutes in -1439i32..=1439) {
            let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let text = DateTime::from_timestamp_micros(micros).unwrap().with_timezone(&offset).to_rfc3339();
            prop_assume!(text.len() >= 25 && !text.starts_with(['+', '-']) && !text.starts_with("0000"));
            let calendar = calendar("UTC");
            prop_assert_eq!(TimeFormat::Rfc3339.parse_text(&text, &calendar), Some(Timestamp::from_micros(micros)), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", digits in "[0-9TZ:. +-]{0,40}") {
            let calendar = calendar("Africa/Cairo");
            for format in TimeFormat::ALL {
                let _ = format.parse_text(&text, &calendar);
                let _ = format.parse_text(&digits, &calendar);
            }
        }
    }
}
