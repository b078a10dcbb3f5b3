//! Laws of the core, each against a naive oracle.

mod profile;
mod rfm;
