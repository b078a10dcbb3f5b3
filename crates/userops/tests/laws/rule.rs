//! Rules: their forms, their checks, and their answers against the naive judge.

pub(crate) mod any;
mod check;
mod explain;
mod forms;
pub(crate) mod generate;
mod kernel;
pub(crate) mod naive;
mod next_change;
mod scalar;
