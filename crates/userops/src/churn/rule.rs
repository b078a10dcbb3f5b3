//! Picking a threshold by a rule, and what other rules pick.

use serde::{Deserialize, Serialize};

use super::curve::ReturnPoint;
use super::gaps::ChurnGaps;
use super::options::{ChurnRule, ReturnCurve};

/// What a rule picks, and who is lost by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleThreshold {
    /// The rule.
    pub rule: ChurnRule,
    /// The days of silence after which a user is lost; `None` where the rule finds none.
    pub threshold_days: Option<u32>,
    /// How strongly: how far the curve bends below the line, the share that returns, the share of gaps, or the sum of
    /// both errors; `None` without a threshold.
    pub value: Option<f64>,
    /// Users who have been silent for longer.
    pub lost_count: Option<u64>,
    /// Their share of the users with an active day.
    pub lost_ratio: Option<f64>,
}

/// Of rules beside the one that was asked for: the knees of all curves, percentiles, rates of return and the errors.
const NEIGHBOURS: [ChurnRule; 12] = [
    ChurnRule::Knee { curve: ReturnCurve::Episode },
    ChurnRule::Knee { curve: ReturnCurve::User },
    ChurnRule::Knee { curve: ReturnCurve::Survival },
    ChurnRule::Knee { curve: ReturnCurve::SurvivalWithin },
    ChurnRule::Percentile { ratio: 0.8 },
    ChurnRule::Percentile { ratio: 0.9 },
    ChurnRule::Percentile { ratio: 0.95 },
    ChurnRule::Percentile { ratio: 0.99 },
    ChurnRule::ReturnRatio { curve: ReturnCurve::Episode, at_most: 0.2 },
    ChurnRule::ReturnRatio { curve: ReturnCurve::Episode, at_most: 0.1 },
    ChurnRule::ReturnRatio { curve: ReturnCurve::Episode, at_most: 0.05 },
    ChurnRule::LeastError,
];

/// What the rule picks, and then what the others do.
pub(super) fn compare_rules(gaps: &ChurnGaps, points: &[ReturnPoint], rule: ChurnRule) -> Vec<RuleThreshold> {
    let others = NEIGHBOURS.into_iter().filter(|other| *other != rule);
    let of_rule = |rule: ChurnRule| {
        let picked = pick(gaps, points, rule);
        let lost_count = picked.map(|(days, _)| gaps.lost_count(days));
        RuleThreshold {
            rule,
            threshold_days: picked.map(|(days, _)| days),
            value: picked.map(|(_, value)| value),
            lost_count,
            lost_ratio: lost_count.map(|count| count as f64 / gaps.user_count.max(1) as f64),
        }
    };
    std::iter::once(rule).chain(others).map(of_rule).collect()
}

/// The days that a rule picks, and the value that it picks them by.
fn pick(gaps: &ChurnGaps, points: &[ReturnPoint], rule: ChurnRule) -> Option<(u32, f64)> {
    let on = |curve: ReturnCurve| points.iter().filter_map(move |point| Some((point.days, point.ratio(curve)?)));
    match rule {
        ChurnRule::Knee { curve } => knee(&on(curve).collect::<Vec<_>>()),
        ChurnRule::Percentile { ratio } => {
            let days = gaps.closed.least_days_of(ratio)?;
            Some((days, gaps.closed.shorter(days.saturating_add(1)) as f64 / gaps.closed.count() as f64))
        }
        ChurnRule::ReturnRatio { curve, at_most } => on(curve).find(|(_, ratio)| *ratio <= at_most),
        ChurnRule::LeastError => {
            let errors = points.iter().filter_map(|point| Some((point.days, point.error_ratio()?)));
            errors.reduce(|best, other| if other.1 < best.1 { other } else { best })
        }
    }
}

/// The point of a falling curve that lies farthest below the diagonal of the box around it, and how far; the first of
/// equal ones. `None` where the curve is flat, or nowhere below.
///
/// Satopää, Albrecht, Irwin & Raghavan, "Finding a Kneedle in a Haystack: Detecting Knee Points in System Behavior",
/// 31st International Conference on Distributed Computing Systems Workshops (2011), without smoothing.
fn knee(points: &[(u32, f64)]) -> Option<(u32, f64)> {
    let ((first, _), (last, _)) = (*points.first()?, *points.last()?);
    let low = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let (width, height) = (f64::from(last - first), high - low);
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let depth = |(days, ratio): (u32, f64)| 1.0 - f64::from(days - first) / width - (ratio - low) / height;
    let deepest = points.iter().map(|point| (point.0, depth(*point)));
    let deepest = deepest.reduce(|best, other| if other.1 > best.1 { other } else { best });
    deepest.filter(|(_, depth)| *depth > ROUNDING)
}

/// A straight line is not below itself but for rounding.
const ROUNDING: f64 = 1e-12;
