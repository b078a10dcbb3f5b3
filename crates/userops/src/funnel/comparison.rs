//! Two audiences side by side, and whether one converts better than the other.

use serde::{Deserialize, Serialize};

use super::definition::Funnel;
use super::measure::{ConversionStep, LevelTally, gather, steps_of};
use crate::analytics::interval::{Interval, Share};
use crate::column::Bitmap;
use crate::error::{Result, invalid_argument};
use crate::log::EventLog;
use crate::table::Table;
use crate::time::Timestamp;

/// Below this number expected in any cell the normal approximation is not trusted: W. G. Cochran, "Some Methods for
/// Strengthening the Common χ² Tests", Biometrics 10 (1954), 417–451.
const EXPECTED_MIN: f64 = 5.0;
/// Tables as probable as the observed one count as such despite rounding.
const PROBABILITY_SLACK: f64 = 1.0 + 1e-7;

/// How a p-value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareTest {
    /// The z test of two proportions with the pooled share.
    TwoProportionZ,
    /// Fisher's exact test.
    FisherExact,
}

/// One step of two audiences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonStep {
    /// The step of the first audience.
    pub first: ConversionStep,
    /// The step of the second audience.
    pub second: ConversionStep,
    /// The share of the entries of the first audience that came here, less that of the second; `None` where one has no
    /// entries.
    pub difference: Option<f64>,
    /// The 95 % interval of the difference.
    pub interval: Option<Interval>,
    /// How likely a difference at least as great is where both audiences convert alike; `None` where nothing can be
    /// told.
    pub p_value: Option<f64>,
    /// How the p-value was found.
    pub test: ShareTest,
}

/// Conversion of two audiences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionComparison {
    /// What was asked for.
    pub funnel: Funnel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Each step.
    pub steps: Vec<ComparisonStep>,
}

/// Compares how two audiences, as a bit for each user of the log, come through a funnel.
///
/// The audiences must not share a user: the tests are of independent samples. Pending entries count as not converted;
/// a comparison of campaigns waits until both windows are over, or looks at `of_settled`. See [`compare_shares`] for
/// the test.
///
/// # Errors
/// Those of [`measure_conversion`](super::measure_conversion); `InvalidArgument` where an audience has not a
/// bit for each user, or both have a user in common.
pub fn compare_conversion(
    log: &EventLog,
    as_of: Timestamp,
    funnel: &Funnel,
    first: &Bitmap,
    second: &Bitmap,
) -> Result<ConversionComparison> {
    for audience in [first, second] {
        if audience.len() != log.user_count() {
            return Err(invalid_argument(format!(
                "an audience has {} bits, where the log has {} users: it is of another log",
                audience.len(),
                log.user_count()
            )));
        }
    }
    if let Some(both) = first.ones().find(|user| second.get(*user)) {
        return Err(invalid_argument(format!(
            "the audiences have a user in common (number {both} of the log), and are no independent samples then: take \
             the users of one out of the other"
        )));
    }
    let count = funnel.steps.len();
    let parts = gather(
        log,
        as_of,
        funnel,
        false,
        |_| [vec![LevelTally::default(); count], vec![LevelTally::default(); count]],
        |part, _, user, entry, _| {
            for (tallies, audience) in part.iter_mut().zip([first, second]) {
                if audience.get(user) {
                    tallies[usize::from(entry.level) - 1].add(entry.status);
                }
            }
            Ok(())
        },
    )?;
    let mut sums = [vec![LevelTally::default(); count], vec![LevelTally::default(); count]];
    for part in parts {
        for (sum, tallies) in sums.iter_mut().zip(part) {
            sum.iter_mut().zip(&tallies).for_each(|(sum, tally)| sum.merge(tally));
        }
    }
    let steps = steps_of(funnel, &sums[0]).into_iter().zip(steps_of(funnel, &sums[1]));
    let steps = steps.map(|(first, second)| {
        let (difference, interval) = share_difference(&first.of_entries, &second.of_entries);
        let (p_value, test) = compare_shares(&first.of_entries, &second.of_entries);
        ComparisonStep { first, second, difference, interval, p_value, test }
    });
    Ok(ConversionComparison { funnel: funnel.clone(), as_of, steps: steps.collect() })
}

/// The difference of two shares and its 95 % interval: method 10 of R. G. Newcombe, "Interval Estimation for the
/// Difference Between Independent Proportions", Statistics in Medicine 17 (1998), 873–890, from both score intervals.
#[must_use]
pub fn share_difference(first: &Share, second: &Share) -> (Option<f64>, Option<Interval>) {
    let (Some(one), Some(other), Some(of_one), Some(of_other)) =
        (first.ratio, second.ratio, first.interval, second.interval)
    else {
        return (None, None);
    };
    let difference = one - other;
    let low = (one - of_one.low).hypot(of_other.high - other);
    let high = (of_one.high - one).hypot(other - of_other.low);
    (Some(difference), Some(Interval { low: difference - low, high: difference + high }))
}

/// The two-sided p-value of a difference between two shares of independent trials, and how it was found.
///
/// Where both successes and failures are expected at least 5 times in each, the z test with the pooled share (Fleiss,
/// Levin & Paik, "Statistical Methods for Rates and Proportions", 3rd ed. 2003, chapter 3, without continuity
/// correction). Else Fisher's exact test: the probability, given both margins, of all tables that are at most as
/// probable as the one observed (R. A. Fisher, "Statistical Methods for Research Workers", 5th ed. 1934, section
/// 21.02). `None` where a share has no trials. Takes O(1), or O(least margin) for the exact test.
#[must_use]
pub fn compare_shares(first: &Share, second: &Share) -> (Option<f64>, ShareTest) {
    if first.of_count == 0 || second.of_count == 0 {
        return (None, ShareTest::FisherExact);
    }
    let (n, m) = (first.of_count as f64, second.of_count as f64);
    let pooled = (first.count + second.count) as f64 / (n + m);
    if n.min(m) * pooled.min(1.0 - pooled) < EXPECTED_MIN {
        return (Some(fisher(first, second)), ShareTest::FisherExact);
    }
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    let z = (first.count as f64 / n - second.count as f64 / m) / error;
    (Some(libm::erfc(z.abs() / std::f64::consts::SQRT_2)), ShareTest::TwoProportionZ)
}

fn fisher(first: &Share, second: &Share) -> f64 {
    let successes = first.count + second.count;
    let total = first.of_count + second.of_count;
    let log_choose = |n: u64, k: u64| {
        let log_factorial = |n: u64| libm::lgamma(n as f64 + 1.0);
        log_factorial(n) - log_factorial(k) - log_factorial(n - k)
    };
    let log_probability = |count: u64| {
        log_choose(first.of_count, count) + log_choose(second.of_count, successes - count)
            - log_choose(total, successes)
    };
    let least = successes.saturating_sub(second.of_count);
    let most = successes.min(first.of_count);
    let observed = libm::exp(log_probability(first.count)) * PROBABILITY_SLACK;
    let probabilities = (least..=most).map(|count| libm::exp(log_probability(count)));
    probabilities.filter(|probability| *probability <= observed).sum::<f64>().min(1.0)
}

impl ConversionComparison {
    /// A row per step: `step`, `name`, `first_count`, `first_ratio`, `second_count`, `second_ratio`, `difference`,
    /// `difference_low`, `difference_high`, `p_value`, `test`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let steps = &self.steps;
        let test = |step: &ComparisonStep| match step.test {
            ShareTest::TwoProportionZ => "two_proportion_z",
            ShareTest::FisherExact => "fisher_exact",
        };
        Table::new(steps.len())
            .with("step", steps.iter().map(|step| step.first.step).collect::<Vec<_>>())?
            .with("name", steps.iter().map(|step| step.first.name.clone()).collect::<Vec<String>>())?
            .with("first_count", steps.iter().map(|step| step.first.count as i64).collect::<Vec<_>>())?
            .with("first_ratio", steps.iter().map(|step| step.first.of_entries.ratio).collect::<Vec<_>>())?
            .with("second_count", steps.iter().map(|step| step.second.count as i64).collect::<Vec<_>>())?
            .with("second_ratio", steps.iter().map(|step| step.second.of_entries.ratio).collect::<Vec<_>>())?
            .with("difference", steps.iter().map(|step| step.difference).collect::<Vec<_>>())?
            .with("difference_low", steps.iter().map(|step| step.interval.map(|one| one.low)).collect::<Vec<_>>())?
            .with("difference_high", steps.iter().map(|step| step.interval.map(|one| one.high)).collect::<Vec<_>>())?
            .with("p_value", steps.iter().map(|step| step.p_value).collect::<Vec<_>>())?
            .with("test", steps.iter().map(test).collect::<Vec<&str>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_intervals_of_differences_come_out() {
        // Newcombe 1998, table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 10/10 − 0/20.
        for (one, other, low, high) in
            [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)]
        {
            let (_, interval) = share_difference(&Share::new(one.0, one.1), &Share::new(other.0, other.1));
            let interval = interval.unwrap();
            assert!((interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5, "{interval:?}");
        }
    }

    #[test]
    fn small_tables_are_judged_exactly() {
        // Fisher's lady who tastes tea: 3 of 4 told right, 17/35 for both sides.
        let (p_value, test) = compare_shares(&Share::new(3, 4), &Share::new(1, 4));
        assert_eq!(test, ShareTest::FisherExact);
        assert!((p_value.unwrap() - 17.0 / 35.0).abs() < 1e-12);
        assert_eq!(compare_shares(&Share::new(0, 0), &Share::new(1, 4)).0, None);
        let (p_value, _) = compare_shares(&Share::new(0, 4), &Share::new(0, 4));
        assert!((p_value.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn large_tables_are_judged_by_z() {
        // 56/70 against 48/80: z² = n(ad − bc)² / margins = 150 · (56 · 32 − 14 · 48)² / (104 · 46 · 70 · 80).
        let (p_value, test) = compare_shares(&Share::new(56, 70), &Share::new(48, 80));
        assert_eq!(test, ShareTest::TwoProportionZ);
        let z = (150.0 * (56.0 * 32.0 - 14.0 * 48.0f64).powi(2) / (104.0 * 46.0 * 70.0 * 80.0)).sqrt();
        let p_value = p_value.unwrap();
        assert!((p_value - libm::erfc(z / 2.0f64.sqrt())).abs() < 1e-14);
        assert!((0.007..0.01).contains(&p_value), "{p_value}");
    }
}
