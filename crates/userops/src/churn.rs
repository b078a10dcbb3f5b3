//! The churn standard: after how much silence a user is lost, as the product's own gaps say.
//!
//! A *gap* is the time from one active day of a user to the next, in local calendar days; the last one is *open*, and
//! lasts until `as_of`. [`ChurnGaps::collect`] counts gaps in one pass. [`ChurnGaps::standard`] draws from the counts
//! how likely a user comes back after each number of silent days, and picks the threshold by a rule: the knee of a
//! curve, a percentile of gaps, a rate of return, or the least sum of two errors. A user who has been silent for
//! *more* than the threshold's days is lost. No rule is true; so the answer holds the curves, what the other rules
//! would have picked, and how many users each threshold loses.
//!
//! ```
//! use userops::churn::{ChurnOptions, ChurnRule, set_churn_standard};
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//!
//! // Two users come back after 2 and 7 days, and one never does.
//! let events = [("ann", 1), ("ann", 3), ("bob", 1), ("bob", 8), ("cai", 2)]
//!     .map(|(user, day)| Event::new(user, format!("2026-03-{day:02}T09:00:00Z").parse().unwrap(), "order"));
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let options = ChurnOptions::default().rule(ChurnRule::Percentile { ratio: 0.9 });
//! let standard = set_churn_standard(&log, "2026-03-15T00:00:00Z".parse()?, options)?;
//! assert_eq!(standard.threshold_days, 7);
//! assert_eq!(standard.lost_count, 2, "ann has been silent for 12 days, bob for 7, cai for 13");
//! # Ok::<(), userops::error::Error>(())
//! ```

mod curve;
mod day_counts;
mod gaps;
mod options;
mod rule;
mod standard;

pub use curve::ReturnPoint;
pub use day_counts::DayCounts;
pub use gaps::ChurnGaps;
pub use options::{
    CHURN_GAPS_MIN, CURVE_DAYS_MAX, CURVE_POINTS_MAX, CURVE_STEP_DAYS, ChurnOptions, ChurnRule, HORIZON_DAYS,
    ReturnCurve, SHIFT_DAYS,
};
pub use rule::RuleThreshold;
pub use standard::{ChurnStandard, ChurnWeakness, GapSummary, set_churn_standard};
