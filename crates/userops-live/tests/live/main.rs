//! Tests of the live crate through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod engine;
mod store;
