//! The laws that the foundation obeys, tried against brute force, and the shared case suite.

// Helpers of tests may unwrap just as tests may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod log;
mod time;
