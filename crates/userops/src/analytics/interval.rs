//! Confidence intervals of shares, and the share that carries its own.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the standard normal distribution: two-sided intervals with it cover 95 %.
pub const Z_95: f64 = 1.959963984540054;

/// A range of ratios, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies between the ends, which count.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The 95 % score interval of `count` successes in `of_count` independent trials.
///
/// The ends solve |p̂ − p| = z · √(p(1 − p) / n) for p: Wilson, "Probable Inference, the Law of Succession, and
/// Statistical Inference", Journal of the American Statistical Association 22 (1927), 209–212, without continuity
/// correction, z = [`Z_95`]. They lie in [0, 1]; the lower is 0 exactly without success, the upper 1 exactly without
/// failure. `None` where there is no trial, or more successes than trials.
#[must_use]
pub fn wilson_interval(count: u64, of_count: u64) -> Option<Interval> {
    if of_count == 0 || count > of_count {
        return None;
    }
    let n = of_count as f64;
    let ratio = count as f64 / n;
    let z_squared = Z_95 * Z_95;
    let shrink = 1.0 + z_squared / n;
    let centre = (ratio + z_squared / (2.0 * n)) / shrink;
    let half = Z_95 / shrink * (ratio * (1.0 - ratio) / n + z_squared / (4.0 * n * n)).sqrt();
    let low = if count == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if count == of_count { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { low, high })
}

/// Some of a number of users: the counts, their ratio, and the 95 % interval of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many of them.
    pub count: u64,
    /// Of how many.
    pub of_count: u64,
    /// `count / of_count`; `None` where `of_count` is 0.
    pub ratio: Option<f64>,
    /// The interval of the ratio, see [`wilson_interval`].
    pub interval: Option<Interval>,
}

impl Share {
    /// The share of `count` in `of_count`.
    #[must_use]
    pub fn new(count: u64, of_count: u64) -> Self {
        let ratio = (of_count > 0).then(|| count as f64 / of_count as f64);
        Self { count, of_count, ratio, interval: wilson_interval(count, of_count) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_intervals_come_out() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (count, of_count, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let interval = wilson_interval(count, of_count).unwrap();
            assert!((interval.low - low).abs() < 5e-5, "{count}/{of_count}: {interval:?}");
            assert!((interval.high - high).abs() < 5e-5, "{count}/{of_count}: {interval:?}");
        }
    }

    #[test]
    fn there_is_no_interval_without_trials() {
        assert_eq!(wilson_interval(0, 0), None);
        assert_eq!(wilson_interval(3, 2), None);
        assert_eq!(Share::new(0, 0).ratio, None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_ratio_and_mirrors(of_count in 1u64..1_000_000, part in 0.0f64..=1.0) {
            let count = (of_count as f64 * part) as u64;
            let interval = wilson_interval(count, of_count).unwrap();
            prop_assert!(interval.contains(count as f64 / of_count as f64));
            prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
            let mirrored = wilson_interval(of_count - count, of_count).unwrap();
            prop_assert!((interval.low - (1.0 - mirrored.high)).abs() < 1e-12);
            // The ends are roots of the equation that defines them.
            for end in [interval.low, interval.high] {
                let distance = (count as f64 / of_count as f64 - end).abs();
                let error = Z_95 * (end * (1.0 - end) / of_count as f64).sqrt();
                prop_assert!((distance - error).abs() < 1e-9);
            }
        }
    }
}
