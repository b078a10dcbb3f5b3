//! Rules: questions about one user that are answered true, false or unknown.
//!
//! A [`Rule`] is data. Tags, segments and lifecycle stages are made of rules, and so is anything that picks users by
//! what they are and did. It has three forms that stand for the same thing: the constructors here, serde (JSON, TOML),
//! and a text in the syntax of CEL.
//!
//! # Three-valued logic
//!
//! What is not known stays unknown through Kleene logic: `not unknown` is unknown, `unknown and false` is false,
//! `unknown or true` is true. `not(r)` is true exactly where `r` is false. At the root, where a decision has to be made,
//! unknown becomes "no" unless the definition says otherwise.
//!
//! Counts, sums and distinct counts of no event are 0, not unknown. First, last, least, greatest and mean of no event
//! are unknown, and so is the attribute of a user for whom it is missing.

mod bucket;
pub mod build;
pub mod cel;
mod check;
mod condition;
mod context;
mod evaluate;
mod event_kinds;
mod event_masks;
mod event_query;
mod event_rows;
mod explain;
mod fold;
pub mod form;
mod hash;
mod kernel;
mod measure;
mod next_change;
mod plan;
mod program;
mod reference;
mod scalar;
mod sequence;
mod subject;
mod test;
mod truth;

pub use bucket::{Bucket, BucketHash};
pub(crate) use check::check_query;
pub use check::{Vocabulary, check_measure, check_rule};
pub use condition::{Definition, Rule};
pub use context::Context;
pub use evaluate::{Measures, evaluate_rules};
pub(crate) use event_kinds::{EventKinds, KindBlock};
pub(crate) use event_masks::{EventMasks, MaskScratch, PATTERNS_MAX};
pub use event_query::{EventPattern, EventQuery, EventWindow, Filter, Observed};
pub(crate) use event_rows::{EventBlock, EventRows, event_rows};
pub use explain::explain_rule;
pub use fold::UnknownFold;
pub(crate) use kernel::bits::each_bit;
pub use kernel::measure_users;
pub(crate) use kernel::sequence::{SequenceProgram, SequenceScratch, StepProgram};
pub(crate) use kernel::{BlockValues, block_ranges};
pub use measure::{AMOUNT, AgeUnit, Measure};
pub use next_change::next_change_at;
pub(crate) use next_change::{next_event_change_at, thresholds};
pub use plan::Plan;
pub use reference::Reference;
pub(crate) use scalar::{Kind, age, age_origin, first_anniversary, kind_of, passes, resolve};
pub use scalar::{judge, match_sequence, read_measure};
pub use sequence::{Sequence, Step};
pub use subject::Subject;
pub use test::Test;
pub use truth::{Truth, Truths};
