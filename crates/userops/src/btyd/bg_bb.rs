//! BG/BB: purchases at fixed occasions, as of subscribers, donors and visitors of a yearly event.

use serde::{Deserialize, Serialize};

use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::read::{Rows, whole_numbers};
use super::special::{Rising, ln_rising, ln_rising_ratio};
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The most occasions of a customer: a likelihood is a sum over those since the last purchase.
pub const OCCASIONS_MAX: u32 = 10_000;

/// The BG/BB model: Fader, Hardie, Shang, "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing
/// Science 29 (2010).
///
/// At each occasion a customer who is there buys with a probability that is B(α, β) among customers. Before each occasion
/// the customer leaves with a probability that is B(γ, δ) among customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BgBb {
    /// With beta: who is there buys with a probability of α / (α + β) in the mean.
    pub alpha: f64,
    /// The greater α + β, the more alike customers are.
    pub beta: f64,
    /// With delta: a customer leaves with a probability of γ / (γ + δ) in the mean.
    pub gamma: f64,
    /// The greater γ + δ, the more alike customers are.
    pub delta: f64,
}

/// One customer: at how many occasions of how many there was a purchase, and which was the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OccasionHistory {
    /// At how many occasions the customer bought, after the first purchase of all.
    pub x: u32,
    /// The number of the last of them, counted from 1; 0 where there is none.
    pub t_x: u32,
    /// How many occasions there were.
    pub n: u32,
}

impl OccasionHistory {
    /// A customer with purchases at `x` of `n` occasions, the last at the one numbered `t_x`.
    ///
    /// # Errors
    /// `InvalidArgument` unless x ≤ `t_x` ≤ n, `t_x` is 0 exactly where x is, and n is at most [`OCCASIONS_MAX`].
    pub fn new(x: u32, t_x: u32, n: u32) -> Result<Self> {
        let fits = x <= t_x && t_x <= n && (x == 0) == (t_x == 0) && n <= OCCASIONS_MAX;
        if fits {
            return Ok(Self { x, t_x, n });
        }
        Err(invalid_argument(format!(
            "x = {x}, t_x = {t_x}, n = {n}: x ≤ t_x ≤ n ≤ {OCCASIONS_MAX}, and t_x is 0 exactly where x is"
        )))
    }
}

impl BgBb {
    /// The logarithm of the likelihood of one customer.
    #[must_use]
    pub fn log_likelihood(&self, history: &OccasionHistory) -> f64 {
        log_sum(self.log_terms(history))
    }

    /// ln of the terms of the likelihood: to be there still, then to have left after each occasion since the last purchase.
    fn log_terms(&self, history: &OccasionHistory) -> impl Iterator<Item = f64> + Clone + '_ {
        let OccasionHistory { x, t_x, n } = *history;
        let bought = move |occasions: u32| {
            ln_rising(self.alpha, x) + ln_rising_ratio(self.beta, self.alpha + self.beta, occasions - x)
                - ln_rising(self.alpha + self.beta + f64::from(occasions - x), x)
        };
        let stayed = bought(n) + ln_rising_ratio(self.delta, self.gamma + self.delta, n);
        let left = move |occasions: u32| {
            bought(occasions)
                + libm::log(self.gamma / (self.gamma + self.delta + f64::from(occasions)))
                + ln_rising_ratio(self.delta, self.gamma + self.delta, occasions)
        };
        std::iter::once(stayed).chain((t_x..n).map(left))
    }

    /// The probability that the customer will be there at the occasion n + 1.
    #[must_use]
    pub fn alive_probability(&self, history: &OccasionHistory) -> f64 {
        let n = f64::from(history.n);
        self.stayed_share(history) * (self.delta + n) / (self.gamma + self.delta + n)
    }

    /// The probability that the customer was there at the last occasion.
    fn stayed_share(&self, history: &OccasionHistory) -> f64 {
        let mut terms = self.log_terms(history);
        let stayed = terms.next().unwrap_or(f64::NEG_INFINITY);
        1.0 / (1.0 + terms.map(|term| libm::exp(term - stayed)).sum::<f64>())
    }

    /// At how many of the next `occasions` the customer will buy, in the mean.
    #[must_use]
    pub fn expected_purchases(&self, history: &OccasionHistory, occasions: u32) -> f64 {
        let (x, n) = (f64::from(history.x), f64::from(history.n));
        let buys = (self.alpha + x) / (self.alpha + self.beta + n);
        self.stayed_share(history) * buys * self.occasions_there(n, occasions)
    }

    /// At how many of the next occasions a customer is there who was there at the last of n: Σ (δ + n)ₖ / (γ + δ + n)ₖ.
    fn occasions_there(&self, n: f64, occasions: u32) -> f64 {
        let (mut there, mut sum) = (1.0, 0.0);
        for step in 0..occasions {
            let base = self.delta + n + f64::from(step);
            there *= base / (self.gamma + base);
            sum += there;
        }
        sum
    }

    /// At how many of the first `occasions` a new customer will buy, in the mean.
    #[must_use]
    pub fn expected_new_purchases(&self, occasions: u32) -> f64 {
        self.alpha / (self.alpha + self.beta) * self.occasions_there(0.0, occasions)
    }

    /// The probability that the customer buys at none of the next `occasions`.
    #[must_use]
    pub fn no_purchase_probability(&self, history: &OccasionHistory, occasions: u32) -> f64 {
        let (x, n) = (f64::from(history.x), f64::from(history.n));
        let misses = self.beta + n - x;
        // To be there for k occasions more and then to leave, with no purchase at any of them.
        let (mut quiet, mut there, mut sum) = (1.0, 1.0, 0.0);
        for step in 0..occasions {
            let step = f64::from(step);
            let base = self.delta + n + step;
            sum += quiet * there * self.gamma / (self.gamma + base);
            there *= base / (self.gamma + base);
            quiet *= (misses + step) / (self.alpha + x + misses + step);
        }
        let share = self.stayed_share(history);
        1.0 - share * (1.0 - sum - quiet * there).max(0.0)
    }
}

/// ln Σ eˣ.
fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    greatest + libm::log(terms.map(|term| libm::exp(term - greatest)).sum())
}

/// Reads the columns `x`, `t_x`, `n`, and `count` where there is one. A row with something unknown is left out.
pub(super) fn read_occasions(table: &Table) -> Result<Rows<OccasionHistory>> {
    let most = u64::from(OCCASIONS_MAX);
    let (x, t_x) = (whole_numbers(table, "x", most)?, whole_numbers(table, "t_x", most)?);
    let n = whole_numbers(table, "n", most)?;
    Rows::read(table, |row| match (x(row)?, t_x(row)?, n(row)?) {
        // None is more than OCCASIONS_MAX, as was checked.
        (Some(x), Some(t_x), Some(n)) => OccasionHistory::new(x as u32, t_x as u32, n as u32).map(Some),
        _ => Ok(None),
    })
}

/// Groups of equal customers.
#[derive(Debug)]
pub(super) struct OccasionSample {
    pub(super) groups: Vec<(OccasionHistory, f64)>,
}

/// Rising products of the five sums of parameters that the likelihood is made of.
struct Tables {
    alpha: Rising,
    beta: Rising,
    purchases: Rising,
    delta: Rising,
    leaving: Rising,
}

impl Likelihood for OccasionSample {
    const COUNT: usize = 4;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [alpha, beta, gamma, delta] = *parameters;
        let most = self.groups.iter().map(|(history, _)| history.n).max().unwrap_or(0);
        let tables = Tables {
            alpha: Rising::new(alpha, most),
            beta: Rising::new(beta, most),
            purchases: Rising::new(alpha + beta, most),
            delta: Rising::new(delta, most),
            leaving: Rising::new(gamma + delta, most + 1),
        };
        sum_groups(&self.groups, |history| derivatives(&tables, gamma, history))
    }
}

/// ln L of one customer with its derivatives: those of a sum of exponentials are means of those of the exponents.
fn derivatives(tables: &Tables, gamma: f64, history: &OccasionHistory) -> Second {
    let OccasionHistory { x, t_x, n } = *history;
    let mut greatest = f64::NEG_INFINITY;
    for occasions in t_x..=n {
        greatest = greatest.max(log_term(tables, gamma, x, occasions, occasions == n));
    }
    // The one who left after the last purchase at n has the term of n twice: to have stayed, and never to have left.
    let mut sum = Second::default();
    let mut total = 0.0;
    for occasions in t_x..=n {
        let stayed = occasions == n;
        let term = term(tables, gamma, x, occasions, stayed);
        let weight = libm::exp(term.value - greatest);
        total += weight;
        sum.add(weight, &term);
        sum.add_square(weight, &term.slope);
    }
    let mut found = Second::default();
    found.add(1.0 / total, &sum);
    let slope = found.slope;
    found.add_square(-1.0, &slope);
    found.value = greatest + libm::log(total);
    found
}

/// ln of one term: to have bought x times at so many occasions, and then to have left, or to be there still.
fn log_term(tables: &Tables, gamma: f64, x: u32, occasions: u32, stayed: bool) -> f64 {
    let (x, m) = (x as usize, occasions as usize);
    let bought = tables.alpha.log[x] + tables.beta.log[m - x] - tables.purchases.log[m];
    let left = if stayed { -tables.leaving.log[m] } else { libm::log(gamma) - tables.leaving.log[m + 1] };
    bought + tables.delta.log[m] + left
}

fn term(tables: &Tables, gamma: f64, x: u32, occasions: u32, stayed: bool) -> Second {
    let (bought, m) = (x as usize, occasions as usize);
    let end = if stayed { m } else { m + 1 };
    let mut found = Second { value: log_term(tables, gamma, x, occasions, stayed), ..Second::default() };
    found.slope = [
        tables.alpha.first[bought] - tables.purchases.first[m],
        tables.beta.first[m - bought] - tables.purchases.first[m],
        -tables.leaving.first[end],
        tables.delta.first[m] - tables.leaving.first[end],
    ];
    found.curve[cell(0, 0)] = tables.alpha.second[bought] - tables.purchases.second[m];
    found.curve[cell(1, 0)] = -tables.purchases.second[m];
    found.curve[cell(1, 1)] = tables.beta.second[m - bought] - tables.purchases.second[m];
    found.curve[cell(2, 2)] = -tables.leaving.second[end];
    found.curve[cell(3, 2)] = -tables.leaving.second[end];
    found.curve[cell(3, 3)] = tables.delta.second[m] - tables.leaving.second[end];
    if !stayed {
        found.slope[2] += 1.0 / gamma;
        found.curve[cell(2, 2)] -= 1.0 / (gamma * gamma);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        for (x, t_x, n) in [(0, 0, 6), (1, 1, 1), (2, 5, 6), (3, 6, 40)] {
            let sample = OccasionSample { groups: vec![(OccasionHistory { x, t_x, n }, 2.0)] };
            super::super::tests::check_derivatives(&sample, [1.2, 0.75, 0.66, 2.78]);
            let model = BgBb { alpha: 1.2, beta: 0.75, gamma: 0.66, delta: 2.78 };
            let one = model.log_likelihood(&sample.groups[0].0);
            assert!((2.0 * one - sample.at(&[1.2, 0.75, 0.66, 2.78]).value).abs() < 1e-12);
        }
    }
}
