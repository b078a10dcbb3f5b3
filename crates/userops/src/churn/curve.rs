//! How likely a return is after each number of silent days.

use serde::{Deserialize, Serialize};

use super::gaps::ChurnGaps;
use super::options::{ChurnOptions, ReturnCurve};
use crate::error::Result;
use crate::survival::{RiskStep, SurvivalCurve, SurvivalInterval};
use crate::table::Table;

/// What is known of silences of one length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReturnPoint {
    /// The number N of silent days.
    pub days: u32,
    /// Active days that are at least N days ago, so that N days after them are known.
    pub eligible_count: u64,
    /// Those of them after which no day was active for N days.
    pub silent_count: u64,
    /// Those of these after which a later day was.
    pub returned_count: u64,
    /// The share of these; `None` without silences.
    pub return_ratio: Option<f64>,
    /// Users who were silent for more than N days at some time.
    pub silent_user_count: u64,
    /// Those of them who returned from such a silence.
    pub returned_user_count: u64,
    /// The share of these; `None` without users.
    pub user_return_ratio: Option<f64>,
    /// The share of gaps that last longer than N days, open ones censored; `None` beyond the longest gap.
    pub survival_ratio: Option<f64>,
    /// The chance to come back at all, as far as the data go, after N silent days.
    pub later_return_ratio: Option<f64>,
    /// The chance to come back within the horizon after N silent days; `None` where no gap is known to last so long.
    pub within_return_ratio: Option<f64>,
    /// Of users who returned within the last `horizon_days`, those who had been silent for more than N days before:
    /// called lost wrongly. `None` where nobody returned.
    pub false_alarm_ratio: Option<f64>,
    /// Of users who did not, those who had been silent for N days or fewer: not called lost, wrongly. `None` where
    /// everybody returned.
    pub miss_ratio: Option<f64>,
}

impl ReturnPoint {
    /// The share that a curve has here.
    #[must_use]
    pub fn ratio(&self, curve: ReturnCurve) -> Option<f64> {
        match curve {
            ReturnCurve::Episode => self.return_ratio,
            ReturnCurve::User => self.user_return_ratio,
            ReturnCurve::Survival => self.later_return_ratio,
            ReturnCurve::SurvivalWithin => self.within_return_ratio,
        }
    }

    /// Both errors together; `None` where one is unknown.
    #[must_use]
    pub fn error_ratio(&self) -> Option<f64> {
        Some(self.false_alarm_ratio? + self.miss_ratio?)
    }
}

fn ratio(count: u64, of_count: u64) -> Option<f64> {
    (of_count > 0).then(|| count as f64 / of_count as f64)
}

/// The Kaplan–Meier curve of gaps, the open ones censored.
pub(super) fn gap_curve(gaps: &ChurnGaps) -> SurvivalCurve {
    let (mut closed, mut open) = (gaps.closed.by_length().peekable(), gaps.open.by_length().peekable());
    let mut at_risk_count = gaps.closed.count() + gaps.open.count();
    let steps = std::iter::from_fn(|| {
        let lengths = [closed.peek(), open.peek()];
        let days = lengths.into_iter().flatten().map(|(days, _)| *days).min()?;
        let event_count = closed.next_if(|(length, _)| *length == days).map_or(0, |(_, count)| count);
        let censored_count = open.next_if(|(length, _)| *length == days).map_or(0, |(_, count)| count);
        let step = RiskStep { time: f64::from(days), at_risk_count, event_count, censored_count };
        at_risk_count -= event_count + censored_count;
        Some(step)
    });
    SurvivalCurve::of_steps(steps, SurvivalInterval::LogLog)
}

/// The points at each step of the options, as long as there is a day that is long enough ago.
pub(super) fn return_points(gaps: &ChurnGaps, survival: &SurvivalCurve, options: &ChurnOptions) -> Vec<ReturnPoint> {
    let last = survival.points.last().map(|point| point.survival_ratio);
    let days = (1..=options.days_max / options.step_days).map(|number| number * options.step_days);
    let point = |days: u32| {
        let silent_count = gaps.closed.longer(days) + gaps.open.longer(days - 1);
        let returned_count = gaps.closed.longer(days);
        let (silent_user_count, returned_user_count) = (gaps.longest.longer(days), gaps.longest_closed.longer(days));
        let left = survival.survival_at(f64::from(days));
        let return_until = |later: Option<f64>| match (left, later) {
            (Some(left), Some(later)) if left > 0.0 => Some(1.0 - later / left),
            _ => None,
        };
        let (returned, lost) = (&gaps.returned_silence, &gaps.lost_silence);
        ReturnPoint {
            days,
            eligible_count: gaps.ages.longer(days - 1),
            silent_count,
            returned_count,
            return_ratio: ratio(returned_count, silent_count),
            silent_user_count,
            returned_user_count,
            user_return_ratio: ratio(returned_user_count, silent_user_count),
            survival_ratio: left,
            later_return_ratio: return_until(last),
            within_return_ratio: return_until(survival.survival_at(f64::from(days) + f64::from(options.horizon_days))),
            false_alarm_ratio: ratio(returned.longer(days), returned.count()),
            miss_ratio: ratio(lost.shorter(days + 1), lost.count()),
        }
    };
    days.map(point).take_while(|point| point.eligible_count > 0).collect()
}

/// A row per point: `days`, `eligible_count`, `silent_count`, `returned_count`, `return_ratio`, `silent_user_count`,
/// `returned_user_count`, `user_return_ratio`, `survival_ratio`, `later_return_ratio`, `within_return_ratio`,
/// `false_alarm_ratio`, `miss_ratio`, `error_ratio`.
pub(super) fn points_table(points: &[ReturnPoint]) -> Result<Table> {
    let counts = |value: fn(&ReturnPoint) -> u64| points.iter().map(|one| value(one) as i64).collect::<Vec<_>>();
    let ratios = |value: fn(&ReturnPoint) -> Option<f64>| points.iter().map(value).collect::<Vec<_>>();
    Table::new(points.len())
        .with("days", points.iter().map(|point| point.days).collect::<Vec<_>>())?
        .with("eligible_count", counts(|point| point.eligible_count))?
        .with("silent_count", counts(|point| point.silent_count))?
        .with("returned_count", counts(|point| point.returned_count))?
        .with("return_ratio", ratios(|point| point.return_ratio))?
        .with("silent_user_count", counts(|point| point.silent_user_count))?
        .with("returned_user_count", counts(|point| point.returned_user_count))?
        .with("user_return_ratio", ratios(|point| point.user_return_ratio))?
        .with("survival_ratio", ratios(|point| point.survival_ratio))?
        .with("later_return_ratio", ratios(|point| point.later_return_ratio))?
        .with("within_return_ratio", ratios(|point| point.within_return_ratio))?
        .with("false_alarm_ratio", ratios(|point| point.false_alarm_ratio))?
        .with("miss_ratio", ratios(|point| point.miss_ratio))?
        .with("error_ratio", ratios(ReturnPoint::error_ratio))
}
