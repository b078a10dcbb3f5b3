//! Playbooks: one document that says how a product grades, classifies and places its users.
//!
//! A [`Playbook`] declares scores, tags, segments, a lifecycle and milestones over a schema. It is written in TOML or
//! JSON, checked when it is read, and evaluated as of any instant into one [`Outcome`]: an answer per user and
//! definition, as tables. [`Playbook::explain`] says why a user is where they are, and [`compare`] who moved between
//! two instants or under two playbooks.
//!
//! ```
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::playbook::{EvaluateOptions, Playbook};
//!
//! let playbook = Playbook::from_toml(
//!     r#"
//!     version = 1
//!     name = "shop"
//!
//!     [[tags]]
//!     name = "regular"
//!     kind = { rule = 'count("order", last(days(30))) >= 2' }
//!
//!     [[segments]]
//!     name = "thank"
//!     when = 'has_tag("regular") && days_since_last("order") <= 7'
//!     "#,
//! )?;
//! let events = [("ann", "2026-01-20T10:00:00Z"), ("ann", "2026-01-28T10:00:00Z"), ("bob", "2026-01-02T10:00:00Z")];
//! let events = events
//!     .iter()
//!     .map(|(user, time)| Ok(Event::new(*user, time.parse()?, "order")))
//!     .collect::<userops::error::Result<Vec<_>>>()?;
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//!
//! let options = EvaluateOptions::new();
//! let outcome = playbook.evaluate(&log, "2026-02-01T00:00:00Z".parse()?, &options)?;
//! let ann = log.users().find("ann").unwrap();
//! assert_eq!(outcome.segment("thank")?.iter().collect::<Vec<_>>(), [ann]);
//! println!("{}", playbook.explain(&log, &outcome, ann, &options)?);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod calibration;
mod check;
mod compare;
mod definition;
mod evaluate;
mod explain;
mod graph;
mod lead;
mod name;
mod outcome;
mod position;

pub use calibration::Calibration;
pub use compare::{Comparison, ValueMove, compare};
pub use definition::{FORMAT_VERSION, Lifecycle, Playbook};
pub use evaluate::EvaluateOptions;
pub(crate) use graph::Node;
pub use outcome::{Outcome, StageAnswer};
