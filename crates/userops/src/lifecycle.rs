//! Lifecycle: which stage each user is in, since when and why, and how the mix of stages moves.
//!
//! A [`LifecycleDefinition`] is data: stages in order, each with a rule, a guard and allowed moves where wanted.
//! [`LifecycleDefinition::standard`] is the default one: prospect, introduction, growth, maturity, dormancy, churn,
//! reactivated.
//!
//! [`stage_of`] tells the stage of one user and [`explain_stage`] why; [`assign_stages`] and [`stage_columns`] give it for
//! all users. [`stage_history`] follows a user exactly, through events and through changes by time alone. On columns rest
//! [`transition_matrix`], [`mix_over_time`], and [`forecast_mix`] with its [`back_test`].

mod assign;
mod constant;
mod definition;
mod dwell;
mod explain;
mod forecast;
mod history;
mod mix;
mod presence;
mod replay;
mod standard;
mod target;
mod threshold;
mod transition;

pub use assign::{assign_stages, stage_columns};
pub use definition::{LifecycleDefinition, Presence, STAGES_MAX, StageDefinition};
pub use dwell::{DwellTime, dwell_table, dwell_times};
pub use explain::{NEXT_CHANGE_HORIZON, explain_stage, stage_of};
pub use forecast::{
    BackTest, MixForecast, Newcomers, PERIODS_AHEAD_MAX, PooledTransitions, back_test, forecast_mix, pool_transitions,
};
pub use history::{StageCause, StageHistories, StageSpan, furthest_stage, stage_histories, stage_history};
pub use mix::{MixOverTime, StageMix, mix_over_time};
pub(crate) use replay::{Guards, Spell, step};
pub use standard::{
    CHURN, DORMANCY, GROWTH, INTRODUCTION, LifecycleThresholds, MATURITY, PROSPECT, REACTIVATED, STANDARD_STAGES,
};
pub use threshold::{CHURN_QUANTILE, DORMANT_QUANTILE, DeriveOptions, DerivedThresholds, GAPS_MIN, derive_thresholds};
pub use transition::{TransitionMatrix, transition_matrix};
