//! The product-limit estimate: who is at risk at each time, and the share that is left after it.

use crate::analytics::interval::{Interval, Z_95};

/// Rounding of a product may not keep it from a share that it has come to.
const ROUNDING: f64 = 1e-12;

/// One distinct time, at which an event happens or an observation ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RiskStep<T> {
    /// The time.
    pub(crate) time: T,
    /// How many had no event before it, and were observed at it.
    pub(crate) at_risk_count: u64,
    /// How many of them had an event at it.
    pub(crate) event_count: u64,
    /// Of how many the observation ended at it without one. Events come first.
    pub(crate) censored_count: u64,
}

/// The distinct times of events and of ends of observation, both of which ascend; `lost` more are at risk for ever.
pub(crate) fn risk_steps<'a, T: Copy + PartialOrd>(
    events: &'a [T],
    censored: &'a [T],
    lost: u64,
) -> impl Iterator<Item = RiskStep<T>> + 'a {
    let (mut events, mut censored) = (events, censored);
    std::iter::from_fn(move || {
        let time = match (events.first(), censored.first()) {
            (Some(event), Some(end)) => *if end < event { end } else { event },
            (Some(time), None) | (None, Some(time)) => *time,
            (None, None) => return None,
        };
        let at_risk_count = (events.len() + censored.len()) as u64 + lost;
        let event_count = events.partition_point(|other| *other <= time);
        let censored_count = censored.partition_point(|other| *other <= time);
        (events, censored) = (&events[event_count..], &censored[censored_count..]);
        Some(RiskStep { time, at_risk_count, event_count: event_count as u64, censored_count: censored_count as u64 })
    })
}

/// The share that has had no event, as it falls from time to time.
///
/// After the times t₁ … tᵢ it is ∏ (1 − dᵢ / nᵢ), where nᵢ are at risk and dᵢ of them have an event: Kaplan & Meier,
/// "Nonparametric Estimation from Incomplete Observations", Journal of the American Statistical Association 53 (1958),
/// 457–481. The variance is Greenwood's, S² Σ dᵢ / (nᵢ (nᵢ − dᵢ)) ("The Natural Duration of Cancer", Reports on Public
/// Health and Medical Subjects 33, 1926).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProductLimit {
    left: f64,
    greenwood: f64,
}

impl Default for ProductLimit {
    fn default() -> Self {
        Self { left: 1.0, greenwood: 0.0 }
    }
}

impl ProductLimit {
    /// Goes past a time; without events nothing changes.
    pub(crate) fn step(&mut self, at_risk: u64, events: u64) {
        if events > 0 {
            self.left *= (at_risk - events) as f64 / at_risk as f64;
            self.greenwood += greenwood_term(at_risk, events);
        }
    }

    /// The share without an event.
    pub(crate) fn left(&self) -> f64 {
        self.left
    }

    /// Whether the share is at most this, where one that is only just missed by rounding is met.
    pub(crate) fn is_at_most(&self, ratio: f64) -> bool {
        is_at_most(self.left, ratio)
    }

    /// The standard error of the share; `None` where nothing is left.
    pub(crate) fn standard_error(&self) -> Option<f64> {
        (self.left > 0.0).then(|| self.left * self.greenwood.sqrt())
    }

    /// The 95 % interval on the scale of log(−log), which stays between 0 and 1 (Kalbfleisch & Prentice, "The
    /// Statistical Analysis of Failure Time Data", 2nd ed. 2002, section 1.4). `None` where nothing is left; all of
    /// it where all are.
    pub(crate) fn log_log_interval(&self) -> Option<Interval> {
        if self.left >= 1.0 {
            return Some(Interval { low: 1.0, high: 1.0 });
        }
        (self.left > 0.0).then(|| {
            let log = libm::log(self.left);
            let spread = libm::exp(Z_95 * self.greenwood.sqrt() / log.abs());
            Interval { low: libm::exp(log * spread), high: libm::exp(log / spread) }
        })
    }

    /// The 95 % interval by Greenwood's standard error on the scale of the share itself, cut off at 0 and 1. `None`
    /// where nothing is left.
    pub(crate) fn plain_interval(&self) -> Option<Interval> {
        self.standard_error().map(|error| Interval {
            low: (self.left - Z_95 * error).max(0.0),
            high: (self.left + Z_95 * error).min(1.0),
        })
    }
}

/// Whether a share that is a product is at most a ratio.
pub(crate) fn is_at_most(left: f64, ratio: f64) -> bool {
    left <= ratio + ROUNDING
}

/// The part of one time in Greenwood's sum; infinite where all at risk have the event.
pub(crate) fn greenwood_term(at_risk: u64, events: u64) -> f64 {
    events as f64 / (at_risk as f64 * (at_risk - events) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_who_is_at_risk() {
        let steps: Vec<_> = risk_steps(&[2, 2, 5], &[1, 2, 7], 1)
            .map(|step| (step.time, step.at_risk_count, step.event_count, step.censored_count))
            .collect();
        assert_eq!(steps, [(1, 7, 0, 1), (2, 6, 2, 1), (5, 3, 1, 0), (7, 2, 0, 1)]);
        assert_eq!(risk_steps::<i64>(&[], &[], 9).count(), 0);
    }

    #[test]
    fn a_half_that_rounding_misses_is_a_half() {
        let mut estimate = ProductLimit::default();
        (11..=20).rev().for_each(|at_risk| estimate.step(at_risk, 1));
        assert!(estimate.is_at_most(0.5) && !estimate.is_at_most(0.4999));
        assert_eq!(ProductLimit::default().log_log_interval(), Some(Interval { low: 1.0, high: 1.0 }));
    }
}
