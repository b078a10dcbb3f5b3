//! Answers about the whole population: counts, shares and steps, as merges of answers about single users.

pub(crate) mod activity;
pub(crate) mod grid;
pub mod growth;
pub mod interval;
pub mod ladder;
pub mod period;
pub(crate) mod quantile;
