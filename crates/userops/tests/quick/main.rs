//! Quick.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#[path = "../laws/funnel.rs"]
mod funnel;
