//! Milestones: the instant at which each user first came so far, such as the five of AARRR.
//!
//! A milestone is a name and a rule. A user reaches it at the first instant at which the rule is true, and keeps it
//! whatever comes later. [`aarrr_milestones`] makes the usual five: acquisition, activation, retention, revenue,
//! referral.

mod definition;
mod explain;
mod first_instant;
mod nth;
mod reach;
mod summary;

pub use definition::{AarrrEvents, MILESTONES_MAX, Milestone, aarrr_milestones, check_milestones};
pub use explain::explain_milestones;
pub use reach::{MilestoneTable, reach_milestones};
pub use summary::{MilestoneSummary, OrderedSummary, summarize_milestones, summary_table};
