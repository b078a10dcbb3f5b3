//! Answers about the whole population: counts, shares and steps, as merges of answers about single users.

pub(crate) mod counted_event;
pub(crate) mod distribution;
pub(crate) mod elementary;
pub(crate) mod grid;
pub mod growth;
pub(crate) mod information;
pub mod interval;
pub mod ladder;
pub(crate) mod log_odds;
pub mod period;
pub(crate) mod period_bits;
pub(crate) mod period_grid;
pub(crate) mod quantile;
pub(crate) mod top;
