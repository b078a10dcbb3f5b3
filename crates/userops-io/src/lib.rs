//! Parquet, CSV, JSON Lines and Arrow in and out of userops event logs and tables.
//!
//! A [`LogReader`] takes files, bytes in memory and Arrow streams, in any mixture, and makes one event log of them.
//! It shares the work out among rayon's threads, holds only the blocks that are being read, and gives the same log
//! whatever the number of threads. Rows that cannot be taken in are in the report, numbered as in their source:
//! `read = accepted + duplicate + rejected`.
//!
//! ```
//! use userops::event::EventSchema;
//! use userops::ingest::Mapping;
//! use userops_io::LogReader;
//!
//! let orders = "user,time,event,amount\nann,2026-03-01,order_paid,12.50\nbob,yesterday,view,\n";
//! let mapping = Mapping::new("user", "time").amount("amount");
//! let (log, report) = LogReader::new(EventSchema::default(), mapping).bytes("orders", orders).read()?;
//! assert_eq!(log.event_count(), 1);
//! assert_eq!(report.rejections[0].to_string(), "orders row 2, time: not an instant in the stated format: \"yesterday\"");
//! # Ok::<(), userops::error::Error>(())
//! ```
//!
//! [`write_table`] writes an answer, or the rejected rows of a report, to a file that other tools read.

#![forbid(unsafe_code)]

mod arrow;
mod block;
mod csv;
mod failure;
mod heading;
mod input;
mod jsonl;
mod parallel;
mod parquet;
mod read;
mod source;
mod write;

pub use arrow::{record_batch_to_raw, table_from_arrow, table_to_arrow, table_to_stream};
pub use csv::{CsvOptions, Delimiter};
pub use read::{LogReader, Progress, read_batches};
pub use source::FileFormat;
pub use write::{TableFormat, write_table, write_table_as, write_table_to};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
