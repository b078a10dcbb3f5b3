//! What the examples share: arguments, the analysis of a purchase log and its report, and the writing of sample logs.

pub mod analysis;
pub mod arguments;
pub mod layout;
pub mod operations;
pub mod progress;
pub mod report;
pub mod sample;
pub mod tables;
