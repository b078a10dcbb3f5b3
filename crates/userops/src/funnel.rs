//! Funnels: how many users come how far through some steps, who they are, and how long it takes them.
//!
//! [`Funnel`] is the definition, as data. [`measure_conversion`] counts a population, [`trace_funnel`] tells of one user
//! which events were taken and why it went no further. Every combination of options is answered exactly; what no event can
//! keep is refused with the reason, by [`Funnel::check`].

mod any_order;
mod any_search;
mod breakdown;
mod check;
mod comparison;
mod curve;
mod definition;
mod duration;
mod ending;
mod entry;
mod level_scan;
mod measure;
mod plan;
mod preset;
mod scan;
mod search;
mod trace;
mod trend;
mod view;

pub use breakdown::{Breakdown, BreakdownGroup, ConversionBreakdown, GROUPS_MAX, break_down_conversion};
pub use comparison::{
    ComparisonStep, ConversionComparison, ShareTest, compare_conversion, compare_shares, share_difference,
};
pub use curve::CurvePoint;
pub use definition::{
    EntryChoice, EventUse, Exclusion, Funnel, FunnelStep, Noise, NoiseKind, Repetition, Scope, StepOrder, TiePolicy,
    WindowFrom,
};
pub use duration::{BINS_MAX, ConversionTimes, time_conversion};
pub use entry::EntryStatus;
pub use measure::{Conversion, ConversionStep, LevelTally, measure_conversion};
pub use preset::FunnelPreset;
pub use trace::{StepEvent, StopReason, Trace, trace_funnel};
pub use trend::{ConversionTrend, TrendRow, trend_conversion};
