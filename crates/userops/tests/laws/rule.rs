//! Rules against the naive judge.

mod explain;
mod generate;
mod naive;
mod next_change;
mod scalar;
