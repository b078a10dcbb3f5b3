//! Answers about the whole population: counts, shares and steps, as merges of answers about single users.

pub(crate) mod grid;
pub mod interval;
pub mod ladder;
pub(crate) mod quantile;
