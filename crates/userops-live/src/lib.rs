//! The live side of userops: a durable log of what has happened, from which answers are kept up to date.
//!
//! [`store`] is the durable part: entries are appended in batches, each once, and survive a crash; snapshots, changes
//! and the cursors of those who read them are kept beside them.

#![forbid(unsafe_code)]

mod durable;
mod service;
mod snapshot;
pub mod store;

pub use durable::{Applied, DurableEngine, DurableOptions, Fate, NumberedChange};
pub use service::{Service, ServiceOptions};
pub use snapshot::{read_snapshot, write_snapshot};
pub use userops::live::{Arrival, Change, ChangeKind, Difference, Engine, LiveOptions, LivePlan, Observed, UserState};
