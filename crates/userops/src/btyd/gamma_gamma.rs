//! Gamma-Gamma: how much a customer spends per purchase.

use serde::{Deserialize, Serialize};

use super::history::REPEATS_MAX;
use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::read::{Rows, numbers, whole_numbers};
use super::special::{digamma, trigamma};
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The Gamma-Gamma model of spend: Fader, Hardie, "The Gamma-Gamma Model of Monetary Value", 2013 (note 025).
///
/// A purchase of a customer is worth Γ(p, ν), and ν is Γ(q, v) among customers, independent of how often they buy. v is
/// an amount of money, in the unit of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GammaGamma {
    /// How alike the purchases of one customer are.
    pub p: f64,
    /// How alike customers are.
    pub q: f64,
    /// The scale of spend.
    pub v: f64,
}

/// How often a customer has bought, and for how much in the mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendHistory {
    /// How many purchases the mean is taken over.
    pub x: u32,
    /// The mean of their amounts; not looked at without purchases.
    pub mean_spend: f64,
}

impl SpendHistory {
    /// A customer with so many purchases of this mean amount.
    ///
    /// # Errors
    /// `InvalidArgument` where there are purchases and the mean is not a finite amount above 0.
    pub fn new(x: u32, mean_spend: f64) -> Result<Self> {
        if x > 0 && !(mean_spend.is_finite() && mean_spend > 0.0) {
            return Err(invalid_argument(format!(
                "mean_spend is {mean_spend} with x = {x}: the model takes amounts above 0; leave it unknown where refunds \
                 eat up the purchases"
            )));
        }
        Ok(Self { x, mean_spend })
    }
}

impl GammaGamma {
    /// The logarithm of the density of the customer's mean spend; 0 without purchases.
    #[must_use]
    pub fn log_likelihood(&self, history: &SpendHistory) -> f64 {
        if history.x == 0 {
            return 0.0;
        }
        let Self { p, q, v } = *self;
        derivatives([p, q, v], &Gammas::new(p, q, history.x), history).value
    }

    /// What a purchase of the customer to come is worth in the mean: (v + x z̄) p / (p x + q − 1), and of a customer without
    /// purchases p v / (q − 1). `None` where the mean is infinite, as p x + q is at most 1.
    #[must_use]
    pub fn expected_spend(&self, history: &SpendHistory) -> Option<f64> {
        let x = f64::from(history.x);
        let total = if history.x == 0 { 0.0 } else { x * history.mean_spend };
        let below = self.p * x + self.q - 1.0;
        (below > 0.0).then(|| self.p * (self.v + total) / below)
    }
}

/// Γ and its relatives for one number of purchases.
#[derive(Debug, Clone, Copy)]
struct Gammas {
    log: f64,
    psi_all: f64,
    psi_own: f64,
    psi_q: f64,
    tri_all: f64,
    tri_own: f64,
    tri_q: f64,
}

impl Gammas {
    fn new(p: f64, q: f64, x: u32) -> Self {
        let own = p * f64::from(x);
        let all = own + q;
        Self {
            log: libm::lgamma(all) - libm::lgamma(own) - libm::lgamma(q),
            psi_all: digamma(all),
            psi_own: digamma(own),
            psi_q: digamma(q),
            tri_all: trigamma(all),
            tri_own: trigamma(own),
            tri_q: trigamma(q),
        }
    }
}

/// ln of Γ(px + q) / (Γ(px) Γ(q)) · v^q z̄^(px − 1) x^(px) / (v + x z̄)^(px + q), with its derivatives by p, q and v.
fn derivatives([p, q, v]: [f64; 3], gammas: &Gammas, history: &SpendHistory) -> Second {
    let (x, z) = (f64::from(history.x), history.mean_spend);
    let (own, all, total) = (p * x, p * x + q, v + x * z);
    let (log_x, log_z, log_v, log_total) = (libm::log(x), libm::log(z), libm::log(v), libm::log(total));
    let value = gammas.log + q * log_v + (own - 1.0) * log_z + own * log_x - all * log_total;
    let mut found = Second { value, ..Second::default() };
    found.slope[0] = x * (gammas.psi_all - gammas.psi_own + log_z + log_x - log_total);
    found.slope[1] = gammas.psi_all - gammas.psi_q + log_v - log_total;
    found.slope[2] = q / v - all / total;
    found.curve[cell(0, 0)] = x * x * (gammas.tri_all - gammas.tri_own);
    found.curve[cell(1, 0)] = x * gammas.tri_all;
    found.curve[cell(1, 1)] = gammas.tri_all - gammas.tri_q;
    found.curve[cell(2, 0)] = -x / total;
    found.curve[cell(2, 1)] = 1.0 / v - 1.0 / total;
    found.curve[cell(2, 2)] = all / (total * total) - q / (v * v);
    found
}

/// Groups of equal customers with purchases, ascending by their number.
#[derive(Debug)]
pub(super) struct SpendSample {
    pub(super) groups: Vec<(SpendHistory, f64)>,
}

/// Reads the columns `x`, `mean_spend`, and `count` where there is one. Without purchases the mean may be anything.
pub(crate) fn read_spends(table: &Table) -> Result<Rows<SpendHistory>> {
    let x = whole_numbers(table, "x", u64::from(REPEATS_MAX))?;
    let mean_spend = numbers(table, "mean_spend")?;
    Rows::read(table, |row| match x(row)? {
        None => Ok(None),
        Some(0) => Ok(Some(SpendHistory { x: 0, mean_spend: 0.0 })),
        // No more than REPEATS_MAX, as was checked.
        Some(x) => mean_spend(row)?.map(|mean| SpendHistory::new(x as u32, mean)).transpose(),
    })
}

impl Likelihood for SpendSample {
    const COUNT: usize = 3;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [p, q, v, _] = *parameters;
        let mut repeats: Vec<u32> = self.groups.iter().map(|(history, _)| history.x).collect();
        repeats.dedup();
        let gammas: Vec<(u32, Gammas)> = repeats.into_iter().map(|x| (x, Gammas::new(p, q, x))).collect();
        sum_groups(&self.groups, |history| {
            let place = gammas.partition_point(|(x, _)| *x < history.x);
            gammas.get(place).map_or_else(Second::default, |(_, gammas)| derivatives([p, q, v], gammas, history))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        for (x, mean_spend) in [(1, 3.0), (2, 40.0), (17, 12.5)] {
            let sample = SpendSample { groups: vec![(SpendHistory { x, mean_spend }, 2.0)] };
            super::super::tests::check_derivatives(&sample, [6.0, 3.7, 15.0, 1.0]);
            let one = GammaGamma { p: 6.0, q: 3.7, v: 15.0 }.log_likelihood(&sample.groups[0].0);
            assert_eq!(2.0 * one, sample.at(&[6.0, 3.7, 15.0, 1.0]).value);
        }
    }
}
