//! User operations as a library.

#![forbid(unsafe_code)]

pub mod column;
pub mod error;
pub mod id;
pub mod money;
pub mod score;
pub mod table;
pub mod time;
pub mod value;
