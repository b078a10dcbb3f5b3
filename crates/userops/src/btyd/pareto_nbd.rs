//! Pareto/NBD: purchases of a gamma-mixed Poisson process, until a gamma-mixed exponential lifetime ends.

use serde::{Deserialize, Serialize};

use super::history::PurchaseHistory;
use super::model::PurchaseModel;
use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::quadrature::{Rule, integrate, rules};
use super::special::{Rising, ln_rising, mean_of_decay};
use crate::error::{Result, invalid_argument};

/// The Pareto/NBD model: Schmittlein, Morrison, Colombo, "Counting Your Customers", Management Science 33 (1987).
///
/// While a customer is there, purchases are a Poisson process; its rate is Γ(r, α) among customers. A customer leaves at
/// a rate that is Γ(s, β) among customers, whenever it may be. Both rates are independent. α and β are times in the unit
/// of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParetoNbd {
    /// How alike purchase rates are.
    pub r: f64,
    /// The scale of purchase rates, which are r / α in the mean.
    pub alpha: f64,
    /// How alike rates of leaving are.
    pub s: f64,
    /// The scale of rates of leaving, which are s / β in the mean.
    pub beta: f64,
}

/// e to the minus this is less than rounding.
const NEGLIGIBLE: f64 = 40.0;

impl ParetoNbd {
    /// ln L of one customer: L = (r)ₓ αʳ βˢ [ (α + T)^−(r+x) (β + T)^−s + s ∫ (α + y)^−(r+x) (β + y)^−(s+1) dy ], the
    /// integral from t_x to T (Fader, Hardie, "A note on deriving the Pareto/NBD model", 2005, eq. 17–18).
    #[must_use]
    pub fn log_likelihood(&self, history: &PurchaseHistory) -> f64 {
        let Terms { stayed, left } = self.terms(history);
        ln_rising(self.r, history.x)
            - self.r * libm::log1p(history.t_x / self.alpha)
            - f64::from(history.x) * libm::log(self.alpha + history.t_x)
            - self.s * libm::log1p(history.t_x / self.beta)
            + libm::log(stayed + left)
    }

    /// The probability of being there still.
    #[must_use]
    pub fn alive_probability(&self, history: &PurchaseHistory) -> f64 {
        let Terms { stayed, left } = self.terms(history);
        stayed / (stayed + left)
    }

    /// Purchases to come within `t`.
    #[must_use]
    pub fn expected_purchases(&self, history: &PurchaseHistory, t: f64) -> f64 {
        self.expected(self.alive_probability(history), history, t)
    }

    /// Repeats of a new customer within `t`.
    #[must_use]
    pub fn expected_new_purchases(&self, t: f64) -> f64 {
        self.r / self.alpha * self.time_there(self.beta, t)
    }

    /// How long a customer with a rate of leaving of Γ(s, β) is there within t: β (1 − (β / (β + t))^(s − 1)) / (s − 1).
    fn time_there(&self, beta: f64, t: f64) -> f64 {
        let log = libm::log1p(t / beta);
        beta * log * mean_of_decay((self.s - 1.0) * log)
    }

    /// The probability of no purchase within `t`: the customer has left, leaves before buying, or stays and buys nothing.
    #[must_use]
    pub fn no_purchase_probability(&self, history: &PurchaseHistory, t: f64) -> f64 {
        self.quiet(self.alive_probability(history), history, t)
    }

    /// All purchases to come, each discounted by e^(−rate · time): DERT.
    ///
    /// Fader, Hardie, Lee, "RFM and CLV", Journal of Marketing Research 42 (2005), eq. 2, where Tricomi's U is written as
    /// the integral ∫ e^(−z v) (1 + v)^−s dv that it is here.
    ///
    /// # Errors
    /// `InvalidArgument` unless the rate is finite and above 0.
    pub fn discounted_purchases(&self, history: &PurchaseHistory, rate: f64) -> Result<f64> {
        self.discounted(self.alive_probability(history), history, rate)
    }

    /// What the likelihood is the sum of, without the factors that both have at t_x.
    fn terms(&self, history: &PurchaseHistory) -> Terms {
        let shape = self.r + f64::from(history.x);
        let range = Range::new(self, shape, history);
        let mut left = 0.0;
        range.each_node(|node| {
            left += node.weight * libm::exp(range.log_at(node, shape, self.s));
        });
        let log_stayed = -shape * range.alpha_log - self.s * range.beta_log;
        Terms { stayed: libm::exp(log_stayed), left: self.s * left / (self.beta + history.t_x) * range.start }
    }
}

impl PurchaseModel for ParetoNbd {
    fn alive(&self, history: &PurchaseHistory) -> f64 {
        self.alive_probability(history)
    }

    fn expected(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let shape = self.r + f64::from(history.x);
        alive * shape / (self.alpha + history.age) * self.time_there(self.beta + history.age, t)
    }

    fn quiet(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let then = Self {
            r: self.r + f64::from(history.x),
            alpha: self.alpha + history.age,
            beta: self.beta + history.age,
            ..*self
        };
        let Terms { stayed, left } = then.terms(&PurchaseHistory { x: 0, t_x: 0.0, age: t });
        1.0 - alive * (1.0 - (stayed + left)).max(0.0)
    }

    fn discounted(&self, alive: f64, history: &PurchaseHistory, rate: f64) -> Result<f64> {
        if !rate.is_finite() || rate <= 0.0 {
            return Err(invalid_argument(format!(
                "the discount rate is {rate}; it is above 0, for one unit of time, compounded continuously"
            )));
        }
        let beta = self.beta + history.age;
        let shape = self.r + f64::from(history.x);
        let there = beta * discounted_time(self.s, rate * beta);
        Ok(alive * shape / (self.alpha + history.age) * there)
    }
}

/// ∫ from 0 to ∞ of e^(−z v) (1 + v)^−s dv, with w = ln(1 + v), up to where the integrand is negligible.
fn discounted_time(s: f64, z: f64) -> f64 {
    let fall = s - 1.0 + z;
    let end = libm::log1p(NEGLIGIBLE / z).min(if fall > 0.0 { NEGLIGIBLE / fall } else { f64::INFINITY });
    let panels = end.ceil().max(8.0) as u32;
    integrate(0.0, end, panels, |w| libm::exp((1.0 - s) * w - z * libm::expm1(w)))
}

/// The two parts of the likelihood: to be there still, and to have left since the last purchase.
struct Terms {
    stayed: f64,
    left: f64,
}

/// The range of the integral from t_x to T, in w = ln((m + y) / (m + t_x)) with m the lesser of α and β.
///
/// So the integrand is smooth, and at a distance of at least π from any singularity. What lies where the integrand is
/// negligible is cut off.
struct Range {
    /// m + t_x.
    start: f64,
    /// The greater of α and β, less the lesser.
    difference: f64,
    /// Whether m is α.
    by_alpha: bool,
    /// 1 / (the greater one + t_x).
    other_inverse: f64,
    width: f64,
    panels: u32,
    rule: &'static Rule,
    /// ln((α + T) / (α + t_x)), and the same of β.
    alpha_log: f64,
    beta_log: f64,
}

/// A node of the quadrature.
#[derive(Clone, Copy)]
struct Node {
    /// The weight, times dw.
    weight: f64,
    /// w.
    w: f64,
    /// m + y.
    lesser: f64,
}

impl Range {
    fn new(model: &ParetoNbd, shape: f64, history: &PurchaseHistory) -> Self {
        let (lesser, greater) = (model.alpha.min(model.beta), model.alpha.max(model.beta));
        let gone = history.age - history.t_x;
        let alpha_log = libm::log1p(gone / (model.alpha + history.t_x));
        let beta_log = libm::log1p(gone / (model.beta + history.t_x));
        let start = lesser + history.t_x;
        let mut end = gone;
        // The integrand times (m + y) falls at least as fast as these powers.
        let growth = (1.0 - shape).max(0.0) * alpha_log;
        if (shape - 1.0) * alpha_log > NEGLIGIBLE {
            end = (model.alpha + history.t_x) * libm::expm1(NEGLIGIBLE / (shape - 1.0));
        }
        if model.s * beta_log > NEGLIGIBLE + growth {
            end = end.min((model.beta + history.t_x) * libm::expm1((NEGLIGIBLE + growth) / model.s));
        }
        let width = libm::log1p(end / start);
        let fall = shape * libm::log1p(end / (model.alpha + history.t_x))
            + (model.s + 1.0) * libm::log1p(end / (model.beta + history.t_x));
        let rules = rules();
        let (rule, panels) = match (width, fall) {
            (width, fall) if width <= 1.2 && fall <= 2.5 => (&rules.eight, 1),
            (width, fall) if width <= 2.5 && fall <= 6.0 => (&rules.twelve, 1),
            (width, fall) => (&rules.sixteen, (width / 4.0).max(fall / 14.0).ceil().clamp(1.0, 256.0) as u32),
        };
        Self {
            start,
            difference: greater - lesser,
            by_alpha: model.alpha <= model.beta,
            other_inverse: 1.0 / (greater + history.t_x),
            width,
            panels,
            rule,
            alpha_log,
            beta_log,
        }
    }

    #[inline]
    fn each_node(&self, mut take: impl FnMut(Node)) {
        if self.width == 0.0 {
            return;
        }
        let width = self.width / f64::from(self.panels);
        for panel in 0..self.panels {
            let from = width * f64::from(panel);
            for (node, weight) in self.rule.nodes.iter().zip(&self.rule.weights) {
                let w = from + width * node;
                take(Node { weight: weight * width, w, lesser: self.start * libm::exp(w) });
            }
        }
    }

    /// ln of (m + y) / (m + t_x) times the integrand over that at t_x.
    #[inline]
    fn log_at(&self, node: Node, shape: f64, s: f64) -> f64 {
        let other = libm::log((node.lesser + self.difference) * self.other_inverse);
        if self.by_alpha { (1.0 - shape) * node.w - (s + 1.0) * other } else { -s * node.w - shape * other }
    }
}

/// Groups of equal customers.
#[derive(Debug)]
pub(super) struct ParetoSample {
    pub(super) groups: Vec<(PurchaseHistory, f64)>,
}

impl Likelihood for ParetoSample {
    const COUNT: usize = 4;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [r, alpha, s, beta] = *parameters;
        let model = ParetoNbd { r, alpha, s, beta };
        let most = self.groups.iter().map(|(history, _)| history.x).max().unwrap_or(0);
        let rising = Rising::new(r, most);
        sum_groups(&self.groups, |history| derivatives(&model, &rising, history))
    }
}

/// Means under the integrand of ln(α + y), 1 / (α + y), ln(β + y), 1 / (β + y), and of their products.
#[derive(Default)]
struct Moments {
    sum: f64,
    first: [f64; 4],
    second: [f64; 10],
}

impl Moments {
    #[inline]
    fn add(&mut self, weight: f64, values: [f64; 4]) {
        self.sum += weight;
        let mut place = 0;
        for row in 0..4 {
            let weighted = weight * values[row];
            self.first[row] += weighted;
            for value in &values[..=row] {
                self.second[place] += weighted * value;
                place += 1;
            }
        }
    }
}

/// ln L of one customer with its first and second derivatives by r, α, s and β.
///
/// Both terms are exponentials of sums, and so is the integrand: the derivatives of ln L are means of theirs.
#[inline]
fn derivatives(model: &ParetoNbd, rising: &Rising, history: &PurchaseHistory) -> Second {
    let ParetoNbd { r, alpha, s, beta } = *model;
    let (x, repeats) = (history.x as usize, f64::from(history.x));
    let shape = r + repeats;
    let range = Range::new(model, shape, history);
    let mut moments = Moments::default();
    let alpha_last = libm::log(alpha + history.t_x);
    let scale = s * range.start / (beta + history.t_x);
    range.each_node(|node| {
        let greater = node.lesser + range.difference;
        let other = libm::log(greater * range.other_inverse);
        let (alpha_log, beta_log, alpha_inverse, beta_inverse) = if range.by_alpha {
            (node.w, other, 1.0 / node.lesser, 1.0 / greater)
        } else {
            (other, node.w, 1.0 / greater, 1.0 / node.lesser)
        };
        let log = node.w - shape * alpha_log - (s + 1.0) * beta_log;
        moments.add(scale * node.weight * libm::exp(log), [alpha_log, alpha_inverse, beta_log, beta_inverse]);
    });
    let stayed = libm::exp(-shape * range.alpha_log - s * range.beta_log);
    let total = stayed + moments.sum;
    let (kept, left) = (stayed / total, moments.sum / total);
    // Mean logs and inverses, with the end of the range for those who stayed.
    let ends = [range.alpha_log, 1.0 / (alpha + history.age), range.beta_log, 1.0 / (beta + history.age)];
    let mean = |index: usize| moments.first[index] / total;
    let product = |row: usize, column: usize| moments.second[cell(row, column)] / total;
    let mut found = Second::default();
    let alpha_growth = libm::log1p(history.t_x / alpha);
    let beta_growth = libm::log1p(history.t_x / beta);
    found.value = rising.log[x] - r * alpha_growth - repeats * alpha_last - s * beta_growth + libm::log(total);
    // By what a parameter raises the log of each of the two terms: u for those who stayed, v for the integrand.
    let stayed_slope = [-ends[0], -shape * ends[1], -ends[2], -s * ends[3]];
    let left_slope = [-mean(0), -shape * mean(1), left / s - mean(2), -(s + 1.0) * mean(3)];
    let mut slope = [0.0; PARAMETERS_MAX];
    for index in 0..PARAMETERS_MAX {
        slope[index] = kept * stayed_slope[index] + left_slope[index];
    }
    // Constants that are the same for both: αʳ βˢ, and the logs at t_x.
    let constant = [-alpha_growth, r / alpha, -beta_growth, s / beta];
    (0..PARAMETERS_MAX).for_each(|index| found.slope[index] = slope[index] + constant[index]);
    found.slope[0] += rising.first[x];
    found.curve[cell(0, 0)] = rising.second[x];
    found.curve[cell(1, 0)] = 1.0 / alpha - kept * ends[1] - mean(1);
    found.curve[cell(1, 1)] = shape * (kept * ends[1] * ends[1] + product(1, 1)) - r / (alpha * alpha);
    found.curve[cell(3, 2)] = 1.0 / beta - kept * ends[3] - mean(3);
    found.curve[cell(3, 3)] = s * kept * ends[3] * ends[3] + (s + 1.0) * product(3, 3) - s / (beta * beta);
    found.curve[cell(2, 2)] = -left / (s * s);
    found.add_square(kept, &stayed_slope);
    add_integrand_squares(&mut found, shape, s, left, &mean, &product);
    found.add_square(-1.0, &slope);
    found
}

/// Adds the mean of the square of v = (−ln(α+y), −R/(α+y), 1/s − ln(β+y), −(s+1)/(β+y)) under the integrand.
#[inline]
fn add_integrand_squares(
    found: &mut Second,
    shape: f64,
    s: f64,
    left: f64,
    mean: &impl Fn(usize) -> f64,
    product: &impl Fn(usize, usize) -> f64,
) {
    let factor = [-1.0, -shape, -1.0, -(s + 1.0)];
    for row in 0..PARAMETERS_MAX {
        for column in 0..=row {
            found.curve[cell(row, column)] += factor[row] * factor[column] * product(row, column);
        }
        // The constant 1/s of the third, times the others.
        found.curve[cell(row, 2)] += factor[row] * mean(row) / s;
    }
    found.curve[cell(2, 2)] += -mean(2) / s + left / (s * s);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        for (x, t_x, age) in [(0, 0.0, 7.0), (1, 3.0, 9.0), (6, 20.0, 20.0), (30, 10.0, 40.0)] {
            for parameters in [[0.6, 5.0, 0.7, 9.3], [1.4, 8.0, 2.1, 3.0]] {
                let sample = ParetoSample { groups: vec![(PurchaseHistory { x, t_x, age }, 2.0)] };
                super::super::tests::check_derivatives(&sample, parameters);
                let [r, alpha, s, beta] = parameters;
                let one = ParetoNbd { r, alpha, s, beta }.log_likelihood(&sample.groups[0].0);
                assert!((2.0 * one - sample.at(&parameters).value).abs() < 1e-12);
            }
        }
    }
}
