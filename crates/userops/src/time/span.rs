//! A length of elapsed time.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND};
use crate::error::{Error, Result, invalid_time};

/// A length of elapsed time in microseconds; 1 d is 24 h, whatever the clocks do.
///
/// Written as a whole number and a unit (`30d`, `12h`, `90m`, `45s`, `250ms`, `7us`), in serde too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span(i64);

const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;

/// The units, longest first, as they are written.
const UNITS: [(&str, i64); 6] = [
    ("d", MICROS_PER_DAY),
    ("h", MICROS_PER_HOUR),
    ("m", MICROS_PER_MINUTE),
    ("s", MICROS_PER_SECOND),
    ("ms", 1_000),
    ("us", 1),
];

impl Span {
    /// This many microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// This many times 24 hours, kept within the range of `i64` microseconds.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self(days.saturating_mul(MICROS_PER_DAY))
    }

    /// This many hours, kept within the range of `i64` microseconds.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours.saturating_mul(MICROS_PER_HOUR))
    }

    /// This many minutes, kept within the range of `i64` microseconds.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self(minutes.saturating_mul(MICROS_PER_MINUTE))
    }

    /// The length in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The length in units of 24 hours, with a fraction.
    #[must_use]
    pub fn as_days(self) -> f64 {
        self.0 as f64 / MICROS_PER_DAY as f64
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, micros) = UNITS.into_iter().find(|(_, micros)| self.0 % micros == 0).unwrap_or(("us", 1));
        write!(f, "{}{unit}", self.0 / micros)
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fail = || invalid_time(format!("{text:?} is not a span such as 30d, 12h, 90m, 45s, 250ms or 7us"));
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let (_, micros) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(fail)?;
        let number: i64 = number.parse().map_err(|error| fail().caused_by(error))?;
        number.checked_mul(micros).map(Self).ok_or_else(fail)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_what_they_write() {
        for text in ["30d", "25h", "90m", "45s", "250ms", "7us", "-2d", "0d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("90m".parse::<Span>().unwrap(), Span::from_minutes(90));
        assert_eq!("24h".parse::<Span>().unwrap().to_string(), "1d");
        for text in ["", "d", "30", "30 d", "3w", "99999999999999d", "--3d", "3-d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
