//! Sequences: how often events come in a pattern, and what comes next.
//!
//! A [`Pattern`] is a text over numbered conditions, in the manner of ClickHouse's `sequenceMatch`: events one right
//! after the other, or with others between them, or within bounds of time, or with some events forbidden in between.
//! [`count_sequences`] counts matches that do not overlap, [`trace_sequence`] gives the events of each, and
//! [`next_events`] tells what users do after (or did before) a chain of events. For whether a user did some things in
//! order at all, as a rule among others, there is [`rule::Sequence`](crate::rule::Sequence).

mod count;
mod matcher;
mod next;
mod pattern;

pub use count::{SequenceCounts, count_sequences, trace_sequence};
pub use next::{NextBase, NextDirection, NextEventCount, NextEvents, NextQuery, next_events};
pub use pattern::{Pattern, SeenEvents};
