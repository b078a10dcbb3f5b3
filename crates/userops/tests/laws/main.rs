//! Laws of the core, each against a naive oracle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod active_day;
mod activity;
mod attribution;
mod btyd;
mod calibration;
mod cases;
mod churn;
mod driver;
mod forgetting;
mod funnel;
mod growth;
mod ingest;
mod ladder;
mod lead;
mod lifecycle;
mod lifetime_value;
mod live;
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
mod sequence;
mod series;
mod session;
mod stream;
mod survival;
mod tag;
mod time;
mod warning;
mod world;
