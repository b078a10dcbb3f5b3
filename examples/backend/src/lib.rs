//! A worked back end: events come in over HTTP, and a playbook says at once who is what.
//!
//! One thread owns the engine and its folder, behind the bounded queue of a [`Service`](userops_live::Service): events that wait
//! together are put on disk together, and requests are refused while the queue is full. The clock of the machine moves the engine on
//! every second. What has been answered is on disk: after a crash or a restart the same answers are there.

pub mod arguments;
mod clock;
mod failure;
mod live;
mod route;
mod server;

pub use clock::now;
pub use failure::Failure;
pub use live::{EventFate, Live, LiveSettings, Taken};
pub use server::serve;
