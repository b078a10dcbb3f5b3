//! Laws of rules.

pub(crate) mod any;
mod forms;
