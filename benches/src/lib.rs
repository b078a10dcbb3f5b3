//! What the benchmarks of userops run on.
//!
//! A claim about speed is worth as much as the log it was measured on. [`generate_log`] makes one
//! that looks like the log of a consumer app: a few users do most of the work, events come in
//! sessions, most users leave after some weeks, and a minority buys. The same [`LogOptions`] give
//! the same log on every machine, so that two people who quote a number speak of the same rows.
//!
//! ```
//! use userops_benches::{LogOptions, generate_log};
//!
//! let log = generate_log(&LogOptions::new(10_000));
//! assert_eq!(log.len(), 10_000);
//! assert!(log.ts_ms.is_sorted(), "rows come in the order in which a log receives them");
//! ```
//!
//! [`write_parquet`] and [`write_csv`] put a log into the files that the engine and its peers load;
//! the program `generate_log` calls them. The peers themselves (DuckDB, Polars, chDB, DataFusion)
//! are run by `benches/peers`, whose `README.md` defines the workloads and the way a program takes
//! part.

pub use generate::{
    CHANNELS, COUNTRIES, DAY_MS, DAYS, DEVICES, EVENT_NAMES, LogColumns, LogOptions, ORDER_PAID, START_MS, generate_log,
};
pub use summary::summarize;
pub use write::{user_id, write_csv, write_parquet};

pub mod answer;
pub mod frozen;
pub mod tag;

mod random;

mod generate;

mod summary;

mod write;
