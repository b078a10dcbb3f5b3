//! A worked back end: events come in over HTTP, and a playbook says at once who is what.
//!
//! One thread owns the [engine](live) and the store, because both are changed by every event; requests hand it work through a
//! [bounded queue](queue), and are refused while that is full. The clock of the machine moves the engine on every second. What has
//! been answered is on disk: after a crash or a restart the same answers are there.

pub mod arguments;
mod clock;
mod failure;
mod live;
mod queue;
mod route;
mod server;

pub use clock::now;
pub use failure::Failure;
pub use live::{Live, LiveSettings};
pub use queue::{Queue, Worker};
pub use server::{ServeSettings, serve};
