//! Reading and writing, through every format and every way in.

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
