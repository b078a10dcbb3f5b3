//! The standard: threshold, curves, and how much hangs on the choice.

use serde::{Deserialize, Serialize};

use super::curve::{ReturnPoint, gap_curve, points_table, return_points};
use super::day_counts::DayCounts;
use super::gaps::ChurnGaps;
use super::options::{ChurnOptions, ChurnRule};
use super::rule::{RuleThreshold, compare_rules};
use crate::error::{Error, Result, empty, invalid_argument};
use crate::log::EventLog;
use crate::survival::SurvivalCurve;
use crate::table::Table;
use crate::time::Timestamp;

/// Why a standard is to be read with care.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChurnWeakness {
    /// There are fewer closed gaps than `gaps_min`.
    FewGaps,
    /// Fewer than half of the users ever came back: closed gaps speak of the others.
    MostNeverReturned,
    /// The threshold is more than half as long as the data: long silences have had little time to end.
    ShortHistory,
    /// The threshold is the first or the last point of the curve: another step or end may move it.
    AtTheEdge,
}

impl ChurnWeakness {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FewGaps => "few_gaps",
            Self::MostNeverReturned => "most_never_returned",
            Self::ShortHistory => "short_history",
            Self::AtTheEdge => "at_the_edge",
        }
    }
}

/// How long gaps are, in days. Quantiles are of type 7.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GapSummary {
    /// How many there are.
    pub count: u64,
    /// Their mean.
    pub mean_days: Option<f64>,
    /// Half are at most so long.
    pub median_days: Option<f64>,
    /// Three of four are.
    pub p75_days: Option<f64>,
    /// Four of five are.
    pub p80_days: Option<f64>,
    /// 85 % are.
    pub p85_days: Option<f64>,
    /// Nine of ten are.
    pub p90_days: Option<f64>,
    /// 95 % are.
    pub p95_days: Option<f64>,
    /// 99 % are.
    pub p99_days: Option<f64>,
}

impl GapSummary {
    fn new(gaps: &DayCounts) -> Self {
        Self {
            count: gaps.count(),
            mean_days: gaps.mean(),
            median_days: gaps.quantile(1, 2),
            p75_days: gaps.quantile(75, 100),
            p80_days: gaps.quantile(80, 100),
            p85_days: gaps.quantile(85, 100),
            p90_days: gaps.quantile(90, 100),
            p95_days: gaps.quantile(95, 100),
            p99_days: gaps.quantile(99, 100),
        }
    }
}

/// After how much silence a user is lost, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnStandard {
    /// What was asked for.
    pub options: ChurnOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// A user who has been silent for more than so many days is lost.
    pub threshold_days: u32,
    /// How many users are.
    pub lost_count: u64,
    /// Users with an active day.
    pub user_count: u64,
    /// Those of them with one active day only.
    pub one_day_user_count: u64,
    /// Closed gaps.
    pub closed: GapSummary,
    /// The longest closed gap of each user who has one.
    pub longest_closed: GapSummary,
    /// Half of all gaps are at most so long, open ones censored (Kaplan–Meier); `None` where fewer than half end.
    pub median_days: Option<f64>,
    /// Why to read it with care; empty where there is no reason.
    pub weaknesses: Vec<ChurnWeakness>,
    /// What the rule picks, and then what other rules would have.
    pub rules: Vec<RuleThreshold>,
    /// How many users are lost at the threshold less `shift_days`, at it, and at it and `shift_days` more: days and
    /// users.
    pub shifted: [(u32, u64); 3],
    /// How likely a return is after each number of silent days.
    pub points: Vec<ReturnPoint>,
    /// The Kaplan–Meier curve of gaps in days, the open ones censored.
    pub gap_curve: SurvivalCurve,
}

/// Sets the churn standard of a log; see [`ChurnGaps::collect`] and [`ChurnGaps::standard`].
///
/// # Errors
/// Those of both.
pub fn set_churn_standard(log: &EventLog, as_of: Timestamp, options: impl Into<ChurnOptions>) -> Result<ChurnStandard> {
    let options = options.into();
    ChurnGaps::collect(log, as_of, &options)?.standard(options)
}

impl ChurnGaps {
    /// The churn standard of these gaps.
    ///
    /// # Errors
    /// Those of [`ChurnOptions::check`]; `InvalidArgument` where activity or horizon are not those of the gaps; `Empty`
    /// where no day is active, nobody has come back, or the rule finds no threshold.
    pub fn standard(&self, options: impl Into<ChurnOptions>) -> Result<ChurnStandard> {
        let options = options.into();
        options.check()?;
        if (&options.activity, options.horizon_days) != (&self.activity, self.horizon_days) {
            return Err(invalid_argument(format!(
                "the gaps were collected with a horizon of {} days, and these options have one of {}, or other \
                 activity",
                self.horizon_days, options.horizon_days
            )));
        }
        if self.closed.count() == 0 {
            return Err(self.no_gap());
        }
        let gap_curve = gap_curve(self);
        let points = return_points(self, &gap_curve, &options);
        let rules = compare_rules(self, &points, options.rule);
        let threshold_days = rules[0].threshold_days.ok_or_else(|| no_threshold(&rules, points.len()))?;
        let shifted = [
            threshold_days.saturating_sub(options.shift_days),
            threshold_days,
            threshold_days.saturating_add(options.shift_days),
        ];
        Ok(ChurnStandard {
            as_of: self.as_of,
            threshold_days,
            lost_count: self.lost_count(threshold_days),
            user_count: self.user_count,
            one_day_user_count: self.user_count - self.longest_closed.count(),
            closed: GapSummary::new(&self.closed),
            longest_closed: GapSummary::new(&self.longest_closed),
            median_days: gap_curve.quantile(0.5).time,
            weaknesses: self.weaknesses(&options, threshold_days, &points),
            rules,
            shifted: shifted.map(|days| (days, self.lost_count(days))),
            points,
            gap_curve,
            options,
        })
    }

    fn no_gap(&self) -> Error {
        match self.user_count {
            0 => empty(format!("no day was active up to {}: there is no gap to learn from", self.as_of)),
            users => empty(format!(
                "nobody came back: each of {users} users was active on one day only, so that no gap has ended; state \
                 the threshold yourself, or take a later instant or other activity"
            )),
        }
    }

    fn weaknesses(&self, options: &ChurnOptions, threshold: u32, points: &[ReturnPoint]) -> Vec<ChurnWeakness> {
        let is_on_curve = !matches!(options.rule, ChurnRule::Percentile { .. });
        let edges = [points.first(), points.last()];
        let history = self.ages.longest().unwrap_or(0);
        let weak = [
            (self.closed.count() < options.gaps_min, ChurnWeakness::FewGaps),
            (self.longest_closed.count() * 2 < self.user_count, ChurnWeakness::MostNeverReturned),
            (u64::from(threshold) * 2 > u64::from(history), ChurnWeakness::ShortHistory),
            (is_on_curve && edges.iter().flatten().any(|point| point.days == threshold), ChurnWeakness::AtTheEdge),
        ];
        weak.into_iter().filter(|(is_weak, _)| *is_weak).map(|(_, weakness)| weakness).collect()
    }
}

/// The rule found nothing: what it looked at, and what other rules find.
fn no_threshold(rules: &[RuleThreshold], points: usize) -> Error {
    let others: Vec<String> = rules
        .iter()
        .filter_map(|other| other.threshold_days.map(|days| format!("{} ({days} days)", other.rule)))
        .take(3)
        .collect();
    let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
    empty(format!(
        "the rule \"{}\" finds no threshold on curves of {points} points; rules that do: {others}; or take shorter \
         step_days, a longer days_max, or a later instant",
        rules[0].rule
    ))
}

impl ChurnStandard {
    /// A row per number of silent days, see [`ReturnPoint`]: `days`, `eligible_count`, `silent_count`,
    /// `returned_count`, `return_ratio`, `silent_user_count`, `returned_user_count`, `user_return_ratio`,
    /// `survival_ratio`, `later_return_ratio`, `within_return_ratio`, `false_alarm_ratio`, `miss_ratio`,
    /// `error_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        points_table(&self.points)
    }

    /// A row per threshold: the one that was picked, those of other rules, and it less and more `shift_days`: `rule`,
    /// `threshold_days`, `value`, `lost_count`, `lost_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_threshold_table(&self) -> Result<Table> {
        let ratio = |count: u64| count as f64 / self.user_count.max(1) as f64;
        let [less, _, more] = self.shifted;
        let shift = |sign: &str| format!("threshold {sign} {} days", self.options.shift_days);
        let shifted = [(shift("-"), less), (shift("+"), more)];
        let row = |(rule, (days, lost)): (String, (u32, u64))| (rule, Some(days), None, Some(lost), Some(ratio(lost)));
        let of_rule =
            |one: &RuleThreshold| (one.rule.to_string(), one.threshold_days, one.value, one.lost_count, one.lost_ratio);
        let rows: Vec<_> = self.rules.iter().map(of_rule).chain(shifted.into_iter().map(row)).collect();
        Table::new(rows.len())
            .with("rule", rows.iter().map(|row| row.0.clone()).collect::<Vec<String>>())?
            .with("threshold_days", rows.iter().map(|row| row.1).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.2).collect::<Vec<_>>())?
            .with("lost_count", rows.iter().map(|row| row.3.map(|count| count as i64)).collect::<Vec<_>>())?
            .with("lost_ratio", rows.iter().map(|row| row.4).collect::<Vec<_>>())
    }

    /// One row: `threshold_days`, `rule`, `lost_count`, `user_count`, `one_day_user_count`, `closed_gap_count`,
    /// `mean_days`, `median_days`, `p75_days`, `p80_days`, `p85_days`, `p90_days`, `p95_days`, `p99_days` of closed
    /// gaps, `censored_median_days`, and `weaknesses`, their names with a comma between.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let gaps = &self.closed;
        let weaknesses: Vec<&str> = self.weaknesses.iter().map(|weakness| weakness.name()).collect();
        Table::new(1)
            .with("threshold_days", vec![self.threshold_days])?
            .with("rule", vec![self.options.rule.to_string()])?
            .with("lost_count", vec![self.lost_count as i64])?
            .with("user_count", vec![self.user_count as i64])?
            .with("one_day_user_count", vec![self.one_day_user_count as i64])?
            .with("closed_gap_count", vec![gaps.count as i64])?
            .with("mean_days", vec![gaps.mean_days])?
            .with("median_days", vec![gaps.median_days])?
            .with("p75_days", vec![gaps.p75_days])?
            .with("p80_days", vec![gaps.p80_days])?
            .with("p85_days", vec![gaps.p85_days])?
            .with("p90_days", vec![gaps.p90_days])?
            .with("p95_days", vec![gaps.p95_days])?
            .with("p99_days", vec![gaps.p99_days])?
            .with("censored_median_days", vec![self.median_days])?
            .with("weaknesses", vec![weaknesses.join(", ")])
    }
}
