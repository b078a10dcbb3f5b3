//! Thresholds from the product's own gaps: how long those who come back stay away.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard::LifecycleThresholds;
use crate::analytics::activity::{active_days, counted_codes};
use crate::error::{Result, empty, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// Four of five returns come sooner than dormancy begins.
pub const DORMANT_QUANTILE: f64 = 0.80;
/// Nineteen of twenty returns come sooner than churn begins.
pub const CHURN_QUANTILE: f64 = 0.95;
/// Fewer gaps do not place a quantile of 95 % to better than a few ranks.
pub const GAPS_MIN: u64 = 30;

/// How thresholds are derived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeriveOptions {
    /// The share of gaps that are over before dormancy begins; between 0 and 1.
    pub dormant_quantile: f64,
    /// The share of gaps that are over before churn begins; above `dormant_quantile`, below 1.
    pub churn_quantile: f64,
    /// Fewer gaps are refused.
    pub gaps_min: u64,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self { dormant_quantile: DORMANT_QUANTILE, churn_quantile: CHURN_QUANTILE, gaps_min: GAPS_MIN }
    }
}

impl DeriveOptions {
    fn check(&self) -> Result<()> {
        let (dormant, churn) = (self.dormant_quantile, self.churn_quantile);
        if 0.0 < dormant && dormant < churn && churn < 1.0 {
            return Ok(());
        }
        Err(invalid_argument(format!(
            "the quantiles of dormancy ({dormant}) and churn ({churn}) lie between 0 and 1, that of churn above"
        )))
    }
}

/// Derived thresholds, with the rule that made them and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedThresholds {
    /// The thresholds; counts of active days are those given.
    pub thresholds: LifecycleThresholds,
    /// The quantiles used.
    pub options: DeriveOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Closed gaps: days from one active day of a user to the next.
    pub gap_count: u64,
    /// Users whose silence since their last active day is still open. Their gaps are not in the quantiles, which
    /// therefore speak of those who came back, not of everybody.
    pub open_gap_count: u64,
    /// The median closed gap: half of the gaps are at most this long.
    pub median_days: u32,
    /// The share of closed gaps that are shorter than `dormant_days`.
    pub shorter_than_dormant_ratio: f64,
    /// The share of closed gaps that are shorter than `churn_days`.
    pub shorter_than_churn_ratio: f64,
    /// Whether the quantiles fell on one day, and churn was put on the day after dormancy.
    pub churn_raised: bool,
    /// The rule in words.
    pub rule: String,
}

/// Derives the days of dormancy and churn from the gaps between active days, of events that have happened at `as_of`.
///
/// Dormancy begins on the first day after the last active one by which at least `dormant_quantile` of all closed gaps
/// were over, and churn likewise. Who returns from churn is reactivated for as long as dormancy takes to begin. All
/// gaps of all users count alike. `given` says which events are activity, and its counts of active days are kept.
///
/// # Errors
/// `UnknownName` for an event that the log does not have; `InvalidArgument` for quantiles out of order; `Empty` with
/// fewer closed gaps than `gaps_min`; `InvalidDefinition` where the counts of active days are out of order.
pub fn derive_thresholds(
    log: &EventLog,
    as_of: Timestamp,
    given: &LifecycleThresholds,
    options: DeriveOptions,
) -> Result<DerivedThresholds> {
    options.check()?;
    let counts = counted_codes(log, &given.activity)?;
    let (mut gaps, open_gap_count) = gaps_between_days(log, as_of, &counts);
    let gap_count = gaps.len() as u64;
    if gap_count < options.gaps_min.max(1) {
        return Err(empty(format!(
            "{gap_count} gaps between active days are fewer than the {} that thresholds are derived from; give \
             dormant_days and churn_days yourself",
            options.gaps_min.max(1)
        )));
    }
    gaps.sort_unstable();
    let dormant_days = first_day_over(&gaps, options.dormant_quantile);
    let churn_days = first_day_over(&gaps, options.churn_quantile);
    let churn_raised = churn_days == dormant_days;
    let churn_days = if churn_raised { dormant_days.saturating_add(1) } else { churn_days };
    let thresholds = LifecycleThresholds { dormant_days, churn_days, reactivated_days: dormant_days, ..given.clone() };
    thresholds.check()?;
    let shorter = |days: u32| gaps.partition_point(|gap| *gap < days) as f64 / gap_count as f64;
    Ok(DerivedThresholds {
        rule: format!(
            "dormancy begins on day {dormant_days} of silence, by which {} of {gap_count} closed gaps between active \
             days were over; churn on day {churn_days}, by which {} were{}; {open_gap_count} open gaps are left out",
            percent(shorter(dormant_days)),
            percent(shorter(churn_days)),
            if churn_raised { " (both quantiles fell on one day, so churn begins on the next)" } else { "" }
        ),
        options,
        as_of,
        gap_count,
        open_gap_count,
        median_days: first_day_over(&gaps, 0.5) - 1,
        shorter_than_dormant_ratio: shorter(dormant_days),
        shorter_than_churn_ratio: shorter(churn_days),
        churn_raised,
        thresholds,
    })
}

/// The closed gaps of all users in days, and how many users have an open one.
fn gaps_between_days(log: &EventLog, as_of: Timestamp, counts: &[bool]) -> (Vec<u32>, u64) {
    let calendar = log.calendar(as_of);
    let today = calendar.day(as_of).0;
    let ranges = log.thread_ranges();
    let parts: Vec<(Vec<u32>, u64)> = ranges
        .into_par_iter()
        .map(|users| {
            let (mut gaps, mut open, mut days) = (Vec::new(), 0, Vec::new());
            for user in users {
                let events = log.events_of(UserIx(user as u32)).until(as_of);
                active_days(&events, counts, &calendar, &mut days);
                gaps.extend(days.windows(2).map(|pair| (pair[1] - pair[0]) as u32));
                open += u64::from(days.last().is_some_and(|last| *last < today));
            }
            (gaps, open)
        })
        .collect();
    let open_gap_count = parts.iter().map(|(_, open)| open).sum();
    (parts.into_iter().flat_map(|(gaps, _)| gaps).collect(), open_gap_count)
}

/// The least number of days such that at least this share of the ascending gaps is shorter.
fn first_day_over(gaps: &[u32], quantile: f64) -> u32 {
    // 0.55 · 20 is a little more than 11 in floating point, and is meant to be 11.
    let rank = (quantile * gaps.len() as f64 * (1.0 - f64::EPSILON)).ceil().max(1.0) as usize;
    gaps.get(rank - 1).or(gaps.last()).map_or(1, |gap| gap.saturating_add(1))
}

fn percent(ratio: f64) -> String {
    format!("{:.1} %", 100.0 * ratio)
}
