//! Drivers: what users who reached a target had done before, and others had not.
//!
//! Each user is observed for a while and then watched for a target: they come back, they pay, or they do neither.
//! [`find_drivers`] lays every candidate (an event done at least k times in the first n days, a value of a property, a
//! value of an attribute) beside the target as a table of two rows and two columns, and ranks the candidates. Going with
//! the target is not causing it: a driver is an idea for an experiment.
//!
//! ```
//! use userops::driver::{DriverOptions, find_drivers};
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::rule::EventPattern;
//! use userops::time::Span;
//!
//! let mut events = Vec::new();
//! for user in 0..8i64 {
//!     let mut add = |day: u32, name: &str| {
//!         events.push(Event::new(user, format!("2026-03-{day:02}T09:00:00Z").parse().unwrap(), name));
//!     };
//!     add(1, "view");
//!     if user < 4 { add(2, "follow") }
//!     if user < 3 { add(9, "view") }
//! }
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let options = DriverOptions::new(EventPattern::default()).observation(Span::from_days(7)).within(Span::from_days(7));
//! let drivers = find_drivers(&log, "2026-03-31T00:00:00Z".parse()?, options)?;
//! let follow = &drivers.rows[0];
//! assert_eq!((follow.name.as_str(), follow.table.with_hit, follow.table.without_hit), ("follow", 3, 0));
//! assert_eq!(follow.lift, Some(0.75 / 0.375));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod contingency;
mod feature;
mod options;
mod population;
mod rank;

pub use contingency::{ContingencyTable, EXPECTED_MIN, PValue, SignificanceTest, adjust_p_values};
pub use options::{
    AHA_COUNTS, AHA_DAYS, DriverEvent, DriverOptions, DriverRank, FEATURES_MAX, OBSERVATION_DAYS, ObservationStart,
    VALUES_MAX, WITHIN_DAYS,
};
pub use population::DriverPopulation;
pub use rank::{Driver, DriverKind, Drivers, find_drivers};
