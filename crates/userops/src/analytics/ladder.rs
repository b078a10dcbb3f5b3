//! The order ladder: registered, first-order, second-order, third-order… users, and what lies between the rungs.
//!
//! [`climb`] says how far one user has come and is the definition; [`build_ladder`] does the same for all users of a
//! log. A [`LadderPart`] is the answer for some users: parts of one population merge, in any order, into the whole.
//!
//! ```
//! use userops::analytics::ladder::{LadderRules, build_ladder, climb};
//! use userops::event::{Event, EventSchema};
//! use userops::id::UserIx;
//! use userops::log::EventLog;
//!
//! let order = |user: i64, at: &str| Ok(Event::new(user, at.parse()?, "order"));
//! let events = [order(1, "2026-01-01T00:00:00Z")?, order(1, "2026-01-18T00:00:00Z")?, order(2, "2026-01-09T00:00:00Z")?];
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let as_of = "2026-02-01T00:00:00Z".parse()?;
//!
//! let ladder = build_ladder(&log, as_of, "order")?;
//! assert_eq!(ladder.rungs()[2].conversion.and_then(|share| share.ratio), Some(0.5));
//! let first = climb(log.events_of(UserIx(0)), as_of, &LadderRules::new(&log, "order")?);
//! assert_eq!(
//!     first.explain().to_string(),
//!     "second order on 2026-01-18, 17 days after the first; one more order makes a third-order user"
//! );
//! # Ok::<(), userops::error::Error>(())
//! ```

mod build;
mod climb;
mod explain;
mod options;
mod part;
mod table;

pub use build::{Ladder, build_ladder};
pub use climb::{Climb, Step, climb};
pub use explain::ClimbExplanation;
pub use options::{LadderOptions, LadderRules, OrderUnit, RUNGS_MAX};
pub use part::{DaySpread, LadderPart, Rung, rung_name};
