//! Shifted beta-geometric: how many periods a contract is renewed.

use serde::{Deserialize, Serialize};

use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::read::{Reader, Rows, whole_numbers};
use super::special::{Rising, ln_rising_ratio};
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The most periods of a contract.
pub const PERIODS_MAX: u32 = 1_000_000;

/// The shifted beta-geometric model: Fader, Hardie, "How to Project Customer Retention", Journal of Interactive Marketing
/// 21 (2007).
///
/// At the end of each period a customer cancels with a probability that is B(α, β) among customers. Those who cancel soon
/// are gone first, so the retention of those who are left rises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftedBetaGeometric {
    /// With beta: a new customer cancels with a probability of α / (α + β) in the mean.
    pub alpha: f64,
    /// The greater α + β, the more alike customers are.
    pub beta: f64,
}

impl ShiftedBetaGeometric {
    /// The share of customers who are left after so many periods: (β)ₜ / (α + β)ₜ.
    #[must_use]
    pub fn survival_ratio(&self, periods: u32) -> f64 {
        libm::exp(ln_rising_ratio(self.beta, self.alpha + self.beta, periods))
    }

    /// The share of those left after so many periods who stay for the next one: (β + t) / (α + β + t).
    #[must_use]
    pub fn retention_ratio(&self, periods: u32) -> f64 {
        let left = self.beta + f64::from(periods);
        left / (self.alpha + left)
    }

    /// The logarithm of the likelihood of one contract: cancelled at the end of the period numbered `periods` (from 1), or
    /// renewed so many times and not cancelled yet.
    #[must_use]
    pub fn log_likelihood(&self, contract: &Contract) -> f64 {
        let Contract { periods, cancelled } = *contract;
        let before = periods - u32::from(cancelled && periods > 0);
        let left = ln_rising_ratio(self.beta, self.alpha + self.beta, before);
        if cancelled { left + libm::log(1.0 - self.retention_ratio(before)) } else { left }
    }

    /// How many periods a customer who has been there for `periods` will be there still, each discounted by `discount` a
    /// period: Σₖ S(n + k) / S(n) / (1 + d)ᵏ from k = 0, as the fee for the next period is due now; for a new customer,
    /// with n = 0, all periods. `None` where the sum is infinite: without a discount where α ≤ 1.
    ///
    /// Fader, Hardie, "Customer-Base Valuation in a Contractual Setting", Marketing Science 29 (2010). Takes a term for each
    /// period until what is left is less than rounding: about 40 / ln(1 + d).
    ///
    /// # Errors
    /// `InvalidArgument` unless the discount is finite and from 0 on.
    pub fn discounted_lifetime(&self, periods: u32, discount: f64) -> Result<Option<f64>> {
        if !discount.is_finite() || discount < 0.0 {
            return Err(invalid_argument(format!("the discount is {discount}; it is a share of 0 or more a period")));
        }
        let left = self.beta + f64::from(periods);
        if discount == 0.0 {
            // Σ (b)ₖ / (a + b)ₖ = (a + b − 1) / (a − 1): Gauss's theorem.
            let closed = (self.alpha + left - 1.0) / (self.alpha - 1.0);
            return Ok((self.alpha > 1.0).then_some(closed));
        }
        let mut sum = 0.0;
        let mut term = 1.0;
        let mut step = 0.0;
        while term > 1e-17 * sum * discount / (1.0 + discount) && step < 1e7 {
            sum += term;
            term *= (left + step) / (self.alpha + left + step) / (1.0 + discount);
            step += 1.0;
        }
        Ok(Some(sum))
    }
}

/// One contract: how many periods it is known to have lasted, and whether it was cancelled at the end of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The period at whose end the contract was cancelled, counted from 1, or how many periods have been completed.
    pub periods: u32,
    /// Whether it was cancelled.
    pub cancelled: bool,
}

impl Contract {
    /// A contract of so many periods.
    ///
    /// # Errors
    /// `InvalidArgument` for a contract that was cancelled before its first period ended, and for more than
    /// [`PERIODS_MAX`] periods.
    pub fn new(periods: u32, cancelled: bool) -> Result<Self> {
        if periods > PERIODS_MAX || (cancelled && periods == 0) {
            return Err(invalid_argument(format!(
                "duration is {periods} with event = {cancelled}: a contract lasts at most {PERIODS_MAX} periods, and is \
                 cancelled at the end of one, counted from 1"
            )));
        }
        Ok(Self { periods, cancelled })
    }
}

/// The booleans of a column, or its ones and zeros.
fn flags<'a>(table: &'a Table, name: &'a str) -> Result<Reader<'a, bool>> {
    if let Column::Bool(values) = table.column(name)? {
        return Ok(Box::new(move |row| Ok(values.get(row))));
    }
    let values = whole_numbers(table, name, 1)?;
    Ok(Box::new(move |row| Ok(values(row)?.map(|value| value == 1))))
}

/// Reads the columns `duration`, `event`, and `count` where there is one. A row with something unknown is left out.
pub(super) fn read_contracts(table: &Table) -> Result<Rows<Contract>> {
    let duration = whole_numbers(table, "duration", u64::from(PERIODS_MAX))?;
    let event = flags(table, "event")?;
    Rows::read(table, |row| match (duration(row)?, event(row)?) {
        // No more than PERIODS_MAX, as was checked.
        (Some(periods), Some(cancelled)) => Contract::new(periods as u32, cancelled).map(Some),
        _ => Ok(None),
    })
}

/// Reads the column `duration` of contracts that go on.
pub(super) fn read_periods(table: &Table) -> Result<Rows<u32>> {
    let duration = whole_numbers(table, "duration", u64::from(PERIODS_MAX))?;
    Rows::read(table, |row| Ok(duration(row)?.map(|periods| periods as u32)))
}

/// Groups of equal contracts.
#[derive(Debug)]
pub(super) struct ContractSample {
    pub(super) groups: Vec<(Contract, f64)>,
}

impl Likelihood for ContractSample {
    const COUNT: usize = 2;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [alpha, beta, ..] = *parameters;
        let most = self.groups.iter().map(|(contract, _)| contract.periods).max().unwrap_or(0);
        let (stay, all) = (Rising::new(beta, most), Rising::new(alpha + beta, most));
        sum_groups(&self.groups, |contract| {
            let periods = contract.periods as usize;
            let before = periods - usize::from(contract.cancelled && periods > 0);
            let mut found = Second { value: stay.log[before] - all.log[periods], ..Second::default() };
            found.slope[0] = -all.first[periods];
            found.slope[1] = stay.first[before] - all.first[periods];
            found.curve[cell(0, 0)] = -all.second[periods];
            found.curve[cell(1, 0)] = -all.second[periods];
            found.curve[cell(1, 1)] = stay.second[before] - all.second[periods];
            if contract.cancelled {
                found.value += libm::log(alpha);
                found.slope[0] += 1.0 / alpha;
                found.curve[cell(0, 0)] -= 1.0 / (alpha * alpha);
            }
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        for (periods, cancelled) in [(1, true), (7, true), (7, false), (0, false)] {
            let sample = ContractSample { groups: vec![(Contract { periods, cancelled }, 2.0)] };
            super::super::tests::check_derivatives(&sample, [0.7, 1.2, 1.0, 1.0]);
            let model = ShiftedBetaGeometric { alpha: 0.7, beta: 1.2 };
            let one = model.log_likelihood(&sample.groups[0].0);
            assert!((2.0 * one - sample.at(&[0.7, 1.2, 1.0, 1.0]).value).abs() < 1e-13);
        }
    }
}
