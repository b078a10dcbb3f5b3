//! Reading and writing, through every format and every way in.

// The helpers of tests are no test functions, which are all that the lints exempt by themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrow;
mod blocks;
mod csv;
mod files;
mod formats;
mod fuzz;
mod jsonl;
mod parquet;
mod support;
mod write;
