//! The clock of the machine: the one place of the back end that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use userops::time::Timestamp;

/// The time now.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
