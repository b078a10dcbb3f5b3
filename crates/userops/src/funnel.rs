//! Funnels: how many users come how far through some steps, who they are, and how long it takes them.
//!
//! [`Funnel`] is the definition, as data. [`measure_conversion`] counts a population, [`trace_funnel`] tells of one user
//! which events were taken and why it went no further. Every combination of options is either answered exactly or refused
//! with the reason, by [`Funnel::check`].

mod any_order;
mod check;
mod definition;
mod ending;
mod entry;
mod measure;
mod plan;
mod scan;
mod search;
mod trace;
mod view;

pub use definition::{
    EntryChoice, EventUse, Exclusion, Funnel, FunnelStep, Noise, NoiseKind, Repetition, Scope, StepOrder, TiePolicy,
    WindowFrom,
};
pub use entry::EntryStatus;
pub use measure::{Conversion, ConversionStep, LevelTally, measure_conversion};
pub use trace::{StepEvent, StopReason, Trace, trace_funnel};
