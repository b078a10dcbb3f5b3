//! Laws of the core, each against a naive oracle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

<<<<<<< HEAD
mod activity;
mod cases;
mod funnel;
=======
mod attribution;
mod cases;
mod driver;
>>>>>>> paths
mod growth;
mod ingest;
mod ladder;
mod lifecycle;
mod log;
mod milestone;
mod path;
mod playbook;
mod portrait;
mod profile;
mod retention;
mod rfm;
mod rule;
mod sample;
mod segment;
<<<<<<< HEAD
<<<<<<< HEAD
mod series;
mod stream;
=======
mod sequence;
>>>>>>> funnel
=======
mod session;
>>>>>>> retention
mod tag;
mod time;
mod world;
