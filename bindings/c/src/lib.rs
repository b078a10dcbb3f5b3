//! userops for C: opaque handles, a status and an error object for every call, JSON for definitions, Arrow for tables.
//!
//! Every entry point converts its arguments, calls the core once or twice, and hands the answer out. What a caller has to
//! keep, and may rely on, is said in `README.md` beside this crate and at the top of the header, which is generated from
//! these sources. A file here is a noun of the API; [`boundary`], [`handle`] and [`status`] are what all of them stand on.

// C has one name space and its own way of writing names, and these are the names that the header shows.
#![allow(non_camel_case_types)]
// The conditions are the same for all functions: pointers as the header states them. They are said there once.
#![allow(clippy::missing_safety_doc)]
// A C function takes what it needs one by one.
#![allow(clippy::too_many_arguments)]

pub mod activity;
pub mod analytics;
pub mod arrow;
pub mod attribution;
mod boundary;
pub mod btyd;
pub mod bytes;
pub mod calibration;
pub mod churn;
pub mod driver;
pub mod error;
pub mod event;
pub mod explanation;
pub mod funnel;
mod handle;
pub mod ingest;
pub mod ladder;
pub mod lead;
pub mod lifecycle;
pub mod lifetime_value;
pub mod live;
pub mod log;
pub mod membership;
pub mod milestone;
pub mod model;
pub mod money;
pub mod outcome;
pub mod path;
pub mod playbook;
pub mod portrait;
pub mod profile;
pub mod ranking;
pub mod reader;
pub mod retention;
pub mod rule;
pub mod sample;
pub mod segment;
pub mod sequence;
pub mod series;
pub mod session;
mod source;
pub mod status;
pub mod survival;
pub mod table;
pub mod tag;
pub mod time;
mod user;
pub mod warning;
