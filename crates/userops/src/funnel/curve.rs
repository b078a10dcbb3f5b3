//! The product-limit estimate of conversion over time.

use serde::{Deserialize, Serialize};

use crate::analytics::interval::Interval;
use crate::survival::{ProductLimit, RiskStep, risk_steps};

/// The estimate at one time since the start.
///
/// The share that has not converted by t is ∏ (1 − dᵢ / nᵢ) over the times tᵢ ≤ t of conversions, where dᵢ convert at
/// tᵢ and nᵢ have not converted before it and are observed at it: Kaplan & Meier, "Nonparametric Estimation from
/// Incomplete Observations", Journal of the American Statistical Association 53 (1958), 457–481. A pending entry is
/// observed until `as_of`; one that can convert no more is observed for ever, since it will not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The time since the start, in microseconds.
    pub after_micros: i64,
    /// The entries that had not converted before it, and were observed at it.
    pub at_risk_count: u64,
    /// Those of them that converted at it.
    pub converted_count: u64,
    /// The share that has converted by then, 1 less the product.
    pub ratio: f64,
    /// The 95 % interval of the ratio: Greenwood's variance on the scale of log(−log), which stays between 0 and 1
    /// (Kalbfleisch & Prentice, "The Statistical Analysis of Failure Time Data", 2nd ed. 2002, section 1.4). `None`
    /// where all have converted.
    pub interval: Option<Interval>,
}

/// The curve of these times of conversion and of observation without one, both ascending, and `lost` more entries that
/// never convert. Of a conversion and an end of observation at one time the conversion comes first.
pub(crate) fn conversion_curve(converted: &[i64], open: &[i64], lost: u64) -> Vec<CurvePoint> {
    let mut estimate = ProductLimit::default();
    let steps = risk_steps(converted, open, lost).filter(|step| step.event_count > 0);
    let point = |step: RiskStep<i64>| {
        estimate.step(step.at_risk_count, step.event_count);
        CurvePoint {
            after_micros: step.time,
            at_risk_count: step.at_risk_count,
            converted_count: step.event_count,
            ratio: 1.0 - estimate.left(),
            interval: estimate.log_log_interval().map(|left| Interval { low: 1.0 - left.high, high: 1.0 - left.low }),
        }
    };
    steps.map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_curve_comes_out() {
        // Weeks of remission under 6-MP: Freireich et al., Blood 21 (1963), as worked out in
        // Klein & Moeschberger, "Survival Analysis", 2nd ed. 2003, table 4.1: estimates and standard errors.
        let relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let curve = conversion_curve(&relapsed, &censored, 0);
        let published = [
            (6, 21, 0.857),
            (7, 17, 0.807),
            (10, 15, 0.753),
            (13, 12, 0.690),
            (16, 11, 0.627),
            (22, 7, 0.538),
            (23, 6, 0.448),
        ];
        assert_eq!(curve.len(), published.len());
        for (point, (time, at_risk, left)) in curve.iter().zip(published) {
            assert_eq!((point.after_micros, point.at_risk_count), (time, at_risk));
            assert!((1.0 - point.ratio - left).abs() < 5e-4, "{point:?}");
            let interval = point.interval.unwrap();
            assert!(0.0 <= interval.low && interval.contains(point.ratio) && interval.high <= 1.0);
        }
    }

    #[test]
    fn without_open_entries_the_curve_is_the_share() {
        let curve = conversion_curve(&[1, 2, 2], &[], 5);
        let ratios: Vec<f64> = curve.iter().map(|point| point.ratio).collect();
        assert!((ratios[0] - 1.0 / 8.0).abs() < 1e-15 && (ratios[1] - 3.0 / 8.0).abs() < 1e-15);
        assert!(conversion_curve(&[], &[4], 1).is_empty());
        let all = conversion_curve(&[1], &[], 0);
        assert_eq!((all[0].ratio, all[0].interval), (1.0, None));
    }
}
