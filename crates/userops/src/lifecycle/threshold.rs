//! Thresholds from the product's own gaps: how long those who come back stay away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard::LifecycleThresholds;
use crate::churn::{ChurnGaps, ChurnOptions, ChurnRule};
use crate::error::{Result, empty, invalid_argument};
use crate::log::EventLog;
use crate::rule::EventPattern;
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
    /// The rule of a churn standard that churn begins by, in place of `churn_quantile`: on the day after its
    /// threshold. Its curves are those of [`ChurnOptions::default`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub churn_rule: Option<ChurnRule>,
    /// Fewer gaps are refused.
    pub gaps_min: u64,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self {
            dormant_quantile: DORMANT_QUANTILE,
            churn_quantile: CHURN_QUANTILE,
            churn_rule: None,
            gaps_min: GAPS_MIN,
        }
    }
}

impl DeriveOptions {
    /// Refuses quantiles that are out of order.
    pub(crate) fn check(&self) -> Result<()> {
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
    /// Whether churn would have begun no later than dormancy, and was put on the day after it.
    pub churn_raised: bool,
    /// The rule in words.
    pub rule: String,
}

/// Derives the days of dormancy and churn from the gaps between active days, of events that have happened at `as_of`.
///
/// Dormancy begins on the first day after the last active one by which at least `dormant_quantile` of all closed gaps
/// were over, and churn likewise, or by `churn_rule`. Who returns from churn is reactivated for as long as dormancy
/// takes to begin. All gaps of all users count alike. `given` says which events are activity, and its counts of
/// active days are kept.
///
/// # Errors
/// `UnknownName` for an event that the log does not have; `InvalidArgument` for quantiles out of order; `Empty` with
/// fewer closed gaps than `gaps_min`, and where `churn_rule` finds no threshold; `InvalidDefinition` where the counts
/// of active days are out of order.
pub fn derive_thresholds(
    log: &EventLog,
    as_of: Timestamp,
    given: &LifecycleThresholds,
    options: DeriveOptions,
) -> Result<DerivedThresholds> {
    options.check()?;
    let churn = ChurnOptions::default().activity(EventPattern::new(given.activity.iter().cloned()));
    let gaps = ChurnGaps::collect(log, as_of, &churn)?;
    // A user who is active today has no gap yet.
    let (gap_count, open_gap_count) = (gaps.closed.count(), gaps.open.longer(0));
    if gap_count < options.gaps_min.max(1) {
        return Err(empty(format!(
            "closed gaps between active days: {gap_count}, fewer than the {} that thresholds are derived from; give \
             dormant_days and churn_days yourself",
            options.gaps_min.max(1)
        )));
    }
    let first_day_over = |quantile: f64| gaps.closed.least_days_of(quantile).unwrap_or(0).saturating_add(1);
    let dormant_days = first_day_over(options.dormant_quantile);
    let churn_days = match options.churn_rule {
        Some(rule) => gaps.standard(churn.rule(rule))?.threshold_days.saturating_add(1),
        None => first_day_over(options.churn_quantile),
    };
    let churn_raised = churn_days <= dormant_days;
    let churn_days = if churn_raised { dormant_days.saturating_add(1) } else { churn_days };
    let thresholds = LifecycleThresholds { dormant_days, churn_days, reactivated_days: dormant_days, ..given.clone() };
    thresholds.check()?;
    let shorter = |days: u32| gaps.closed.shorter(days) as f64 / gap_count as f64;
    let by_rule = options.churn_rule.map(|rule| format!(" (by the rule \"{rule}\")")).unwrap_or_default();
    Ok(DerivedThresholds {
        rule: format!(
            "dormancy begins on day {dormant_days} of silence, by which {} of {gap_count} closed gaps between active \
             days were over; churn on day {churn_days}{by_rule}, by which {} were{}; {open_gap_count} open gaps are left \
             out",
            percent(shorter(dormant_days)),
            percent(shorter(churn_days)),
            if churn_raised { " (it would have begun no later than dormancy, and begins on the next day)" } else { "" }
        ),
        options,
        as_of,
        gap_count,
        open_gap_count,
        median_days: first_day_over(0.5) - 1,
        shorter_than_dormant_ratio: shorter(dormant_days),
        shorter_than_churn_ratio: shorter(churn_days),
        churn_raised,
        thresholds,
    })
}

fn percent(ratio: f64) -> String {
    format!("{:.1} %", 100.0 * ratio)
}
