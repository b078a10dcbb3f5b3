//! Attribution: which channels conversions are owed to, under one rule or several.
//!
//! A touch is an event of a channel. A conversion shares itself out over the touches before it, the rules differ in how:
//! see [`AttributionModel`]. Whatever the rule, the credits of all channels and of what has no touch add up to the
//! conversions. A rule is a convention and no measurement: what a channel brings about, only an experiment tells.
//!
//! ```
//! use userops::attribution::{AttributionModel, AttributionOptions, TouchSource, attribute_conversions};
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::money::Money;
//! use userops::rule::EventPattern;
//!
//! let at = |day: u32| format!("2026-03-{day:02}T09:00:00Z").parse().unwrap();
//! let events = [
//!     Event::new("ann", at(1), "visit").with_property("channel", "search"),
//!     Event::new("ann", at(2), "visit").with_property("channel", "email"),
//!     Event::new("ann", at(3), "pay").with_amount(Money::from_minor(1_000)),
//!     Event::new("bob", at(3), "pay").with_amount(Money::from_minor(500)),
//! ];
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let touches = TouchSource::property("channel", EventPattern::new(["visit"]));
//! let options = AttributionOptions::new(EventPattern::new(["pay"]), touches).models([AttributionModel::Linear]);
//! let answer = attribute_conversions(&log, at(4), options)?;
//! let value = |channel: &str| answer.row("linear", channel).map(|row| row.value_minor);
//! assert_eq!((value("email"), value("search"), value("(unattributed)")), (Some(500.0), Some(500.0), Some(500.0)));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod channel;
mod credit;
mod journey;
mod markov;
mod options;
mod row;
mod shapley;
mod tally;

pub use channel::CHANNELS_MAX;
pub use credit::CREDIT_PARTS;
pub use markov::MARKOV_CHANNELS_MAX;
pub use options::{
    AttributionModel, AttributionOptions, Coalition, DIRECT, FIRST_RATIO, HALF_LIFE_DAYS, LAST_RATIO, LOOKBACK_DAYS,
    TouchChannel, TouchSource,
};
pub use row::{Attribution, AttributionRow, UNATTRIBUTED, attribute_conversions};
pub use shapley::SHAPLEY_CHANNELS_MAX;
