//! The durable store: held against a list in memory, killed, starved and damaged.

mod crash;
mod export;
mod fault;
mod journal;
mod model;
mod snapshot;
mod support;
