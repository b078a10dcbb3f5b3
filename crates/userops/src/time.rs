//! Instants, calendar dates, time zones, windows: one time model for the whole crate.
//!
//! Instants are microseconds UTC. Anything that speaks of days, weeks or months does so in a stated [`Zone`], through
//! a [`Calendar`]. The crate reads no clock: the instant of evaluation is always an argument, called `as_of`, and it is
//! inclusive.

mod calendar;
mod day;
mod parse;
mod schema;
mod span;
mod window;
mod zone;

pub use calendar::Calendar;
pub use day::{Anniversary, Day, LeapDayPolicy, Month, WeekStart, Weekday};
pub use parse::TimeFormat;
pub use span::Span;
pub use window::{TimeRange, Window};
pub use zone::Zone;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result, invalid_time};

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub const MICROS_PER_HOUR: i64 = 3_600 * MICROS_PER_SECOND;
/// Microseconds in 24 hours; a calendar day may last longer or shorter.
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// An instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Serde and `Display` use RFC 3339 in UTC, with as many digits after the second as are needed (0, 3 or 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant that can be written with a four-digit year: 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The last one: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The instant at this many microseconds. No range is enforced; see [`Timestamp::checked`].
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant at this many microseconds, where it lies between [`Timestamp::MIN`] and [`Timestamp::MAX`].
    #[must_use]
    pub fn checked(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The span from `earlier` to this instant; negative where this one is earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by a span, kept within the range of `i64`.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_micros()))
    }

    /// The same instant for chrono, or `None` beyond chrono's years.
    #[must_use]
    pub fn to_chrono(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(instant) => f.pad(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => write!(f, "{} µs", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with an offset: `2026-03-01T09:30:00+08:00`.
    fn from_str(text: &str) -> Result<Self> {
        parse::parse_iso(text.as_bytes(), None)
            .ok_or_else(|| invalid_time(format!("{text:?} is not an instant such as 2026-03-01T09:30:00Z")))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
