//! User operations as a library.

#![forbid(unsafe_code)]

pub mod analytics;
pub mod attribute;
pub mod column;
pub mod error;
pub mod event;
pub mod id;
pub mod ingest;
pub mod log;
pub mod money;
pub mod profile;
pub mod score;
pub mod table;
pub mod time;
pub mod value;
