//! The live side of userops: a durable log of what has happened, from which answers are kept up to date.
//!
//! [`store`] is the durable part: entries are appended in batches, each once, and survive a crash; snapshots, changes
//! and the cursors of those who read them are kept beside them.

#![forbid(unsafe_code)]

pub mod store;
