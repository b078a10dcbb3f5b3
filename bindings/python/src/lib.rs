//! The native part of the Python package `userops`: classes and functions around the engine, and no logic.

// What Python passes is converted on the way in, and so handed over by value.
#![allow(clippy::needless_pass_by_value)]

mod activity;
mod arrow;
mod attribution;
mod btyd;
mod calibration;
mod churn;
mod contribution;
mod data;
mod driver;
mod durable;
mod explanation;
mod expression;
mod failure;
mod filter;
mod funnel;
mod growth;
mod interrupt;
mod ladder;
mod lead;
mod lifecycle;
mod lifetime_value;
mod live;
mod log;
mod membership;
mod milestone;
mod money;
mod numbers;
mod outcome;
mod path;
mod pickle;
mod playbook;
mod portrait;
mod profile;
mod read;
mod report;
mod retention;
mod rfm;
mod rows;
mod rule;
mod scheme;
mod segment;
mod sequence;
mod series;
mod session;
mod survival;
mod table;
mod tag;
mod time;
mod value;
mod warning;

use pyo3::prelude::*;

/// The package moves gigabytes. The system's allocator gives every large column back to the system, and asking for it again costs as
/// much as filling it; this one keeps memory for the next answer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule(gil_used = false)]
mod _userops {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::activity::{count_active_days, count_active_users, measure_stickiness, power_user_curve};
    #[pymodule_export]
    use super::attribution::{Attribution, attribute_conversions};
    #[pymodule_export]
    use super::btyd::{BtydFit, BtydModel, fit_btyd, summarise_purchases};
    #[pymodule_export]
    use super::calibration::Calibration;
    #[pymodule_export]
    use super::churn::{ChurnGaps, ChurnStandard, collect_gaps, set_churn_standard};
    #[pymodule_export]
    use super::contribution::{ContributionModel, tier_shares};
    #[pymodule_export]
    use super::driver::{Drivers, find_drivers};
    #[pymodule_export]
    use super::durable::DurableLiveEngine;
    #[pymodule_export]
    use super::explanation::Explanation;
    #[pymodule_export]
    use super::expression::{
        Step, active_days, age, anniversary, at_least, attribute, bucket, count, days_since_first, days_since_last,
        days_since_return, distinct, first_time, has_tag, in_segment, in_stage, is_user, last_time, latest, max, mean,
        min, score, sequence, stage, sum, tag,
    };
    #[pymodule_export]
    use super::failure::_every_error;
    #[pymodule_export]
    use super::filter::{Filter, Property};
    #[pymodule_export]
    use super::funnel::{
        Conversion, ConversionTimes, break_down_conversion, compare_conversion, funnel_preset, measure_conversion,
        time_conversion, trace_funnel, trend_conversion,
    };
    #[pymodule_export]
    use super::growth::{account_growth, period_ends, sample_log, sample_users, wilson_interval};
    #[pymodule_export]
    use super::ladder::{Ladder, LadderPart, build_ladder};
    #[pymodule_export]
    use super::lead::{LeadScores, score_leads};
    #[pymodule_export]
    use super::lifecycle::{Lifecycle, StageHistories, StageSeries};
    #[pymodule_export]
    use super::lifetime_value::{LifetimeValueForecast, LifetimeValueModel, forecast_lifetime_value, share_of_top};
    #[pymodule_export]
    use super::live::LiveEngine;
    #[pymodule_export]
    use super::log::EventLog;
    #[pymodule_export]
    use super::membership::{assign_segment, explain_moves, explain_segment};
    #[pymodule_export]
    use super::milestone::{MilestoneTable, aarrr_milestones, reach_milestones};
    #[pymodule_export]
    use super::money::Currency;
    #[pymodule_export]
    use super::outcome::{Comparison, Outcome};
    #[pymodule_export]
    use super::path::{PathTree, build_path_tree, count_transitions};
    #[pymodule_export]
    use super::playbook::Playbook;
    #[pymodule_export]
    use super::portrait::{Dimension, Portrait, build_portrait};
    #[pymodule_export]
    use super::profile::{ProfileTable, build_profile, build_profiles, count_active_months, total_orders};
    #[pymodule_export]
    use super::read::mapping;
    #[pymodule_export]
    use super::report::IngestReport;
    #[pymodule_export]
    use super::retention::{Retention, measure_retention, retention_of_users};
    #[pymodule_export]
    use super::rfm::{Buyers, RfmModel, RfmScore, measure_buyers};
    #[pymodule_export]
    use super::rule::{Measure, Rule};
    #[pymodule_export]
    use super::scheme::{CellScheme, EightGroupScheme};
    #[pymodule_export]
    use super::segment::{Segment, SegmentDiff, count_users, diff_by_id, overlap};
    #[pymodule_export]
    use super::sequence::{SequenceCounts, count_sequences, next_events, trace_sequence};
    #[pymodule_export]
    use super::series::{build_portrait_series, build_series};
    #[pymodule_export]
    use super::session::{Sessions, find_sessions};
    #[pymodule_export]
    use super::survival::{CoxFit, LogRank, Survival, compare_survival, estimate_survival, fit_cox};
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::tag::{Tags, assign_tags};
    #[pymodule_export]
    use super::time::{LocalCalendar, anniversary_in_year, is_anniversary_within, plus_months, week_start, years_on};
    #[pymodule_export]
    use super::warning::{
        LogisticFit, RankingEvaluation, WarningFit, WarningModel, evaluate_ranking, fit_logistic, fit_warning,
        read_warning_features,
    };

    /// States the version of the engine, and whether it was built to be debugged.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("_IS_DEBUG_BUILD", cfg!(debug_assertions))?;
        // What is public is said by the package.
        module.delattr("__all__")
    }
}
