//! Tables of two rows and two columns, and what statistics says of them.

use serde::{Deserialize, Serialize};

use crate::analytics::interval::{Interval, Z_95};

/// Where a cell is expected to hold fewer, the exact test is taken: the rule of Cochran, *Biometrics* 10 (1954), 417–451.
pub const EXPECTED_MIN: f64 = 5.0;
/// What is added to each cell before an odds ratio is taken.
const HALDANE_ANSCOMBE: f64 = 0.5;
/// Tables as probable as the observed one but for rounding count as equally probable.
const ROUNDING: f64 = 1e-7;

/// Users with and without a feature, who did and did not reach a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ContingencyTable {
    /// With the feature, target reached.
    pub with_hit: u64,
    /// With the feature, target not reached.
    pub with_miss: u64,
    /// Without the feature, target reached.
    pub without_hit: u64,
    /// Without the feature, target not reached.
    pub without_miss: u64,
}

/// Which test a p-value is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignificanceTest {
    /// Pearson's χ² with one degree of freedom, without a correction for continuity.
    ChiSquare,
    /// Fisher's exact test, two-sided.
    FisherExact,
}

impl SignificanceTest {
    /// The stable name of the test, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChiSquare => "chi_square",
            Self::FisherExact => "fisher_exact",
        }
    }
}

/// How probable a table as uneven as this one is, where feature and target have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PValue {
    /// The probability.
    pub value: f64,
    /// The test that it is from.
    pub test: SignificanceTest,
}

impl ContingencyTable {
    /// The table of `with_count` of `user_count` users with the feature, and of `hit_count` with the target, of whom
    /// `with_hit` have both.
    pub(super) fn of_margins(user_count: u64, hit_count: u64, with_count: u64, with_hit: u64) -> Self {
        let without_hit = hit_count - with_hit;
        Self {
            with_hit,
            with_miss: with_count - with_hit,
            without_hit,
            without_miss: user_count - with_count - without_hit,
        }
    }

    /// Users with the feature.
    #[must_use]
    pub fn with_count(&self) -> u64 {
        self.with_hit + self.with_miss
    }

    /// Users without it.
    #[must_use]
    pub fn without_count(&self) -> u64 {
        self.without_hit + self.without_miss
    }

    /// Users who reached the target.
    #[must_use]
    pub fn hit_count(&self) -> u64 {
        self.with_hit + self.without_hit
    }

    /// Users who did not.
    #[must_use]
    pub fn miss_count(&self) -> u64 {
        self.with_miss + self.without_miss
    }

    /// All users.
    #[must_use]
    pub fn user_count(&self) -> u64 {
        self.hit_count() + self.miss_count()
    }

    /// The share of those with the feature among all; none without users.
    #[must_use]
    pub fn support_ratio(&self) -> Option<f64> {
        ratio(self.with_count(), self.user_count())
    }

    /// How many times as often those with the feature reach the target as everybody; none where nobody has the feature or
    /// nobody reaches the target.
    #[must_use]
    pub fn lift(&self) -> Option<f64> {
        let everybody = ratio(self.hit_count(), self.user_count()).filter(|ratio| *ratio > 0.0)?;
        Some(ratio(self.with_hit, self.with_count())? / everybody)
    }

    /// The φ coefficient, the correlation of feature and target: −1 to 1; none where one of them is the same for all.
    #[must_use]
    pub fn phi(&self) -> Option<f64> {
        let margins = [self.with_count(), self.without_count(), self.hit_count(), self.miss_count()];
        if margins.contains(&0) {
            return None;
        }
        let product = |a: u64, b: u64| a as f64 * b as f64;
        let over = product(self.with_hit, self.without_miss) - product(self.with_miss, self.without_hit);
        let [with, without, hit, miss] = margins.map(|margin| (margin as f64).sqrt());
        Some((over / (with * without) / (hit * miss)).clamp(-1.0, 1.0))
    }

    /// The odds ratio with ½ added to each cell, which keeps it finite and draws small tables towards 1.
    ///
    /// Haldane, *Annals of Human Genetics* 20 (1956), 309–311; Anscombe, *Biometrika* 43 (1956), 461–464.
    #[must_use]
    pub fn odds_ratio(&self) -> f64 {
        let [a, b, c, d] = self.shrunk();
        (a / b) / (c / d)
    }

    /// The 95 % interval of [`ContingencyTable::odds_ratio`]: symmetric about its logarithm, whose variance is the sum of the
    /// reciprocals of the four shrunk cells.
    ///
    /// Gart & Zweifel, *Biometrika* 54 (1967), 181–187, after Woolf, *Annals of Human Genetics* 19 (1955), 251–253.
    #[must_use]
    pub fn odds_interval(&self) -> Interval {
        let half = Z_95 * self.shrunk().iter().map(|cell| 1.0 / cell).sum::<f64>().sqrt();
        let centre = libm::log(self.odds_ratio());
        Interval { low: libm::exp(centre - half), high: libm::exp(centre + half) }
    }

    fn shrunk(&self) -> [f64; 4] {
        [self.with_hit, self.with_miss, self.without_hit, self.without_miss].map(|cell| cell as f64 + HALDANE_ANSCOMBE)
    }

    /// The p-value: of the χ² test, or where a cell is expected to hold fewer than [`EXPECTED_MIN`], of the exact test. It is
    /// 1 where the feature or the target is the same for all.
    #[must_use]
    pub fn p_value(&self) -> PValue {
        let least = self.with_count().min(self.without_count()) as f64 * self.hit_count().min(self.miss_count()) as f64;
        if least < EXPECTED_MIN * self.user_count() as f64 || self.user_count() == 0 {
            return PValue { value: self.fisher_exact(), test: SignificanceTest::FisherExact };
        }
        PValue { value: self.chi_square(), test: SignificanceTest::ChiSquare }
    }

    /// The probability of a χ² of N φ² or more: Pearson, *Philosophical Magazine* 50 (1900), 157–175, with the degrees of
    /// freedom of Fisher (1922). With one of them it is that of a normal value beyond ± √χ².
    fn chi_square(&self) -> f64 {
        let phi = self.phi().unwrap_or(0.0);
        libm::erfc((self.user_count() as f64 / 2.0).sqrt() * phi.abs())
    }

    /// The probability of all tables with the same margins that are no more probable than this one: Fisher, *The Design of
    /// Experiments* (1935), chapter II. Probabilities go by their ratio to the one of the most probable table.
    fn fisher_exact(&self) -> f64 {
        let (with, without, hit) = (self.with_count(), self.without_count(), self.hit_count());
        let (low, high) = (hit.saturating_sub(without), hit.min(with));
        // By how much the table with one more hit among those with the feature is more probable.
        let growth = |with_hit: u64| {
            let (up, down) = ((with - with_hit) as f64 * (hit - with_hit) as f64, (with_hit + 1) as f64);
            up / down / (without + with_hit + 1 - hit) as f64
        };
        let mode = ((with as f64 + 1.0) * (hit as f64 + 1.0) / (self.user_count() as f64 + 2.0)) as u64;
        let mode = mode.clamp(low, high);
        let mut weights = vec![0.0; (high - low + 1) as usize];
        let at = |with_hit: u64| (with_hit - low) as usize;
        weights[at(mode)] = 1.0;
        for with_hit in mode..high {
            weights[at(with_hit + 1)] = weights[at(with_hit)] * growth(with_hit);
        }
        for with_hit in (low..mode).rev() {
            weights[at(with_hit)] = weights[at(with_hit + 1)] / growth(with_hit);
        }
        let limit = weights[at(self.with_hit)] * (1.0 + ROUNDING);
        let extreme: f64 = weights.iter().filter(|weight| **weight <= limit).sum();
        (extreme / weights.iter().sum::<f64>()).min(1.0)
    }
}

fn ratio(count: u64, of_count: u64) -> Option<f64> {
    (of_count > 0).then(|| count as f64 / of_count as f64)
}

/// The q-values of some p-values: the least rate of false discoveries at which each is still a discovery.
///
/// Of the i-th least of m p-values it is the least m · p / j over itself and all greater ones, j their ranks, at most 1.
/// Benjamini & Hochberg, *Journal of the Royal Statistical Society B* 57 (1995), 289–300. Equal p-values have equal
/// q-values; the order of the values plays no part.
#[must_use]
pub fn adjust_p_values(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let (mut adjusted, mut least) = (vec![1.0; p_values.len()], 1.0f64);
    for (rank, index) in order.into_iter().enumerate().rev() {
        // The factor is 1 or more, so that rounding cannot put a q-value below its p-value.
        least = least.min(p_values[index] * (p_values.len() as f64 / (rank + 1) as f64));
        adjusted[index] = least;
    }
    adjusted
}
