//! A named time zone of the IANA database.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MICROS_PER_SECOND, Timestamp};
use crate::error::{Error, Result, invalid_time, name_hint};

/// A time zone by its IANA name, such as `Asia/Shanghai`; UTC unless stated. Serde writes the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Local time minus UTC at this instant, in microseconds. Kernels ask a [`Calendar`](super::Calendar) instead.
    #[must_use]
    pub fn offset_micros_at(self, instant: Timestamp) -> i64 {
        let clamped = instant.clamp(Timestamp::MIN, Timestamp::MAX);
        let utc = clamped.to_chrono().unwrap_or(DateTime::<Utc>::UNIX_EPOCH).naive_utc();
        i64::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * MICROS_PER_SECOND
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Self {
        Self(zone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        name.parse::<Tz>().map(Self).map_err(|_| {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let hint = name_hint(name, names);
            invalid_time(format!("{name:?} is not a time zone of the IANA database, such as Asia/Shanghai{hint}"))
        })
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_iana_names() {
        let zone: Zone = "Asia/Shanghai".parse().unwrap();
        assert_eq!(zone.offset_micros_at(Timestamp::from_micros(0)), 8 * super::super::MICROS_PER_HOUR);
        let error = "Asia/Shangai".parse::<Zone>().unwrap_err();
        assert!(error.to_string().contains("did you mean \"Asia/Shanghai\"?"), "{error}");
    }
}
