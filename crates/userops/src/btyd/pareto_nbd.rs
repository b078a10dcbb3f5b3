//! Pareto/NBD: purchases of a gamma-mixed Poisson process, until a gamma-mixed exponential lifetime ends.

use serde::{Deserialize, Serialize};

use super::history::PurchaseHistory;
use super::model::PurchaseModel;
use super::pareto_likelihood::{Terms, integrate_terms};
use super::quadrature::integrate;
use super::score::{SliceModel, ToCome};
use super::series::{ByRepeats, Coefficients, Series};
use super::special::ln_rising;
use crate::analytics::elementary::{exp, ln_1p, mean_of_decay};
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
/// From such an argument on a series has so many terms that the integral is cheaper.
const RATIO_MAX: f64 = 0.9;

impl ParetoNbd {
    /// ln L of one customer: L = (r)ₓ αʳ βˢ [ (α + T)^−(r+x) (β + T)^−s + s ∫ (α + y)^−(r+x) (β + y)^−(s+1) dy ], the
    /// integral from t_x to T (Fader, Hardie, "A note on deriving the Pareto/NBD model", 2005, eq. 17–18).
    #[must_use]
    pub fn log_likelihood(&self, history: &PurchaseHistory) -> f64 {
        ln_rising(self.r, history.x)
            - self.r * libm::log1p(history.t_x / self.alpha)
            - f64::from(history.x) * libm::log(self.alpha + history.t_x)
            - self.s * libm::log1p(history.t_x / self.beta)
            + libm::log(self.terms(history).total())
    }

    /// The probability of being there still.
    #[must_use]
    pub fn alive_probability(&self, history: &PurchaseHistory) -> f64 {
        self.alive(history)
    }

    /// Purchases to come within `t`.
    #[must_use]
    pub fn expected_purchases(&self, history: &PurchaseHistory, t: f64) -> f64 {
        self.expected(self.alive_probability(history), history, t)
    }

    /// Repeats of a new customer within `t`.
    #[must_use]
    pub fn expected_new_purchases(&self, t: f64) -> f64 {
        self.r / self.alpha * self.time_there(self.beta, ln_1p(t / self.beta))
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

    /// The two parts of the likelihood.
    fn terms(&self, history: &PurchaseHistory) -> Terms {
        let kind = &mut self.kind(history.x);
        let passing = self.passing(kind.shape, history.t_x, history.age - history.t_x);
        match (self.leaves_first(kind, history.t_x), self.leaves_first(kind, history.age)) {
            (Some(last), Some(now)) => Terms { stayed: passing.stayed, left: passing.left(last, now) },
            _ => integrate_terms(self, history),
        }
    }

    /// What is the same for all customers with equally many repeats.
    fn kind(&self, repeats: u32) -> Kind {
        let shape = self.r + f64::from(repeats);
        let sum = shape + self.s;
        let upper = if self.alpha >= self.beta { shape } else { self.s + 1.0 };
        let leaving = Series::new(LeavingCoefficients { upper, lower: sum + 1.0, n: 0.0, last: 1.0 });
        Kind { shape, share: self.s / sum, leaving }
    }

    /// The probability that a customer who is there at an age leaves before buying again, or `None` where the series is
    /// long.
    ///
    /// It is s / (R + s) ₂F₁(1, R; R + s + 1; ζ) with R = r + x and ζ = (α − β) / (α + age) where α ≥ β; else
    /// s / (R + s) (1 − ζ) ₂F₁(1, s + 1; R + s + 1; ζ) with ζ = (β − α) / (β + age): Fader and Hardie's ₂F₁ after Euler's
    /// transformation (DLMF 15.8.1), by which no power of a large number is left.
    #[inline]
    fn leaves_first(&self, kind: &mut Kind, age: f64) -> Option<f64> {
        let (lesser, greater) = (self.alpha.min(self.beta), self.alpha.max(self.beta));
        let over = 1.0 / (greater + age);
        let ratio = (greater - lesser) * over;
        if ratio > RATIO_MAX {
            return None;
        }
        let factor = if self.alpha >= self.beta { 1.0 } else { (lesser + age) * over };
        kind.leaving.sum(ratio).map(|sum| kind.share * factor * sum)
    }

    /// The probability of no purchase within `t`, where the series is long.
    #[cold]
    fn quiet_by_integral(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let then = Self {
            r: self.r + f64::from(history.x),
            alpha: self.alpha + history.age,
            beta: self.beta + history.age,
            ..*self
        };
        let Terms { stayed, left } = integrate_terms(&then, &PurchaseHistory { x: 0, t_x: 0.0, age: t });
        1.0 - alive * (1.0 - (stayed + left)).max(0.0)
    }

    /// What it takes to be there and to buy nothing for a time from an age on.
    #[inline(always)]
    fn passing(&self, shape: f64, age: f64, time: f64) -> Passing {
        let leaving_log = ln_1p(time / (self.beta + age));
        let stayed = exp(-(shape * ln_1p(time / (self.alpha + age)) + self.s * leaving_log));
        Passing { stayed, leaving_log }
    }

    /// How long a customer with a rate of leaving of Γ(s, β) is there within a time t, by ln((β + t) / β):
    /// β (1 − (β / (β + t))^(s − 1)) / (s − 1).
    #[inline(always)]
    fn time_there(&self, beta: f64, leaving_log: f64) -> f64 {
        beta * leaving_log * mean_of_decay((self.s - 1.0) * leaving_log)
    }

    #[inline(always)]
    fn expected_by(&self, alive: f64, shape: f64, age: f64, leaving_log: f64) -> f64 {
        alive * shape / (self.alpha + age) * self.time_there(self.beta + age, leaving_log)
    }
}

/// The probability of being there and of no purchase in a time, and ln((β + age + time) / (β + age)).
#[derive(Debug, Clone, Copy)]
struct Passing {
    stayed: f64,
    leaving_log: f64,
}

impl Passing {
    /// The probability of having left in the time and bought nothing, by that of leaving before the next purchase at its
    /// start and its end: of those who leave first, some are there at the end.
    #[inline(always)]
    fn left(self, leaves_first: f64, leaves_then: f64) -> f64 {
        (leaves_first - self.stayed * leaves_then).max(0.0)
    }

    /// The probability of a purchase in the time: of those who buy first, some do so after the end.
    #[inline(always)]
    fn buys(self, leaves_first: f64, leaves_then: f64) -> f64 {
        ((1.0 - leaves_first) - self.stayed * (1.0 - leaves_then)).max(0.0)
    }
}

/// What is the same for all customers with equally many repeats.
#[derive(Debug)]
pub(super) struct Kind {
    shape: f64,
    /// s / (r + x + s): the probability to leave before buying again where α and β are equal.
    share: f64,
    leaving: Series<LeavingCoefficients>,
}

/// The coefficients of ₂F₁(1, upper; lower; ζ), which fall.
#[derive(Debug)]
struct LeavingCoefficients {
    upper: f64,
    lower: f64,
    n: f64,
    /// The next one.
    last: f64,
}

impl Coefficients for LeavingCoefficients {
    fn next(&mut self) -> f64 {
        let found = self.last;
        self.last *= self.ratio_from(self.n);
        self.n += 1.0;
        found
    }

    fn ratio(&self) -> f64 {
        self.ratio_from(self.n - 1.0)
    }
}

impl LeavingCoefficients {
    fn ratio_from(&self, n: f64) -> f64 {
        (self.upper + n) / (self.lower + n)
    }
}

/// What is kept from some customers to the next, and room for what is worked out for all of them at once.
#[derive(Debug, Default)]
pub(super) struct ScoreTables {
    kinds: ByRepeats<Kind>,
    shapes: Vec<f64>,
    /// The probability of leaving before the next purchase, at the last purchase, now, and at the horizon; no number where
    /// the series is long.
    last: Vec<f64>,
    now: Vec<f64>,
    then: Vec<f64>,
}

impl PurchaseModel for ParetoNbd {
    fn alive(&self, history: &PurchaseHistory) -> f64 {
        let terms = self.terms(history);
        terms.stayed / terms.total()
    }

    fn expected(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let leaving_log = ln_1p(t / (self.beta + history.age));
        self.expected_by(alive, self.r + f64::from(history.x), history.age, leaving_log)
    }

    fn quiet(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let kind = &mut self.kind(history.x);
        match (self.leaves_first(kind, history.age), self.leaves_first(kind, history.age + t)) {
            (Some(now), Some(then)) => 1.0 - alive * self.passing(kind.shape, history.age, t).buys(now, then),
            _ => self.quiet_by_integral(alive, history, t),
        }
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

impl SliceModel for ParetoNbd {
    type Tables = ScoreTables;

    fn score(
        &self,
        tables: &mut ScoreTables,
        customers: &[PurchaseHistory],
        alive: &mut [f64],
        to_come: Option<ToCome<'_>>,
    ) {
        let ScoreTables { kinds, shapes, last, now, then } = tables;
        [&mut *shapes, &mut *last, &mut *now, &mut *then].into_iter().for_each(Vec::clear);
        let horizon = to_come.as_ref().map(|to_come| to_come.t);
        for one in customers {
            let kind = kinds.get(one.x, || self.kind(one.x));
            shapes.push(kind.shape);
            last.push(self.leaves_first(kind, one.t_x).unwrap_or(f64::NAN));
            now.push(self.leaves_first(kind, one.age).unwrap_or(f64::NAN));
            if let Some(t) = horizon {
                then.push(self.leaves_first(kind, one.age + t).unwrap_or(f64::NAN));
            }
        }
        let known = customers.iter().zip(shapes.iter()).zip(last.iter().zip(now.iter()));
        for (alive, ((one, shape), (last, now))) in alive.iter_mut().zip(known) {
            let passing = self.passing(*shape, one.t_x, one.age - one.t_x);
            *alive = passing.stayed / (passing.stayed + passing.left(*last, *now));
        }
        for ((alive, one), (last, now)) in alive.iter_mut().zip(customers).zip(last.iter().zip(&*now)) {
            if last.is_nan() || now.is_nan() {
                *alive = self.alive(one);
            }
        }
        let Some(ToCome { t, expected, quiet }) = to_come else { return };
        let known = customers.iter().zip(shapes.iter()).zip(now.iter().zip(then.iter()));
        let told = expected.iter_mut().zip(&mut *quiet).zip(&*alive);
        for (((expected, quiet), alive), ((one, shape), (now, then))) in told.zip(known) {
            let passing = self.passing(*shape, one.age, t);
            *expected = self.expected_by(*alive, *shape, one.age, passing.leaving_log);
            *quiet = 1.0 - *alive * passing.buys(*now, *then);
        }
        for (((quiet, one), alive), (now, then)) in
            quiet.iter_mut().zip(customers).zip(&*alive).zip(now.iter().zip(&*then))
        {
            if now.is_nan() || then.is_nan() {
                *quiet = self.quiet_by_integral(*alive, one, t);
            }
        }
    }
}

/// ∫ from 0 to ∞ of e^(−z v) (1 + v)^−s dv, with w = ln(1 + v), up to where the integrand is negligible.
fn discounted_time(s: f64, z: f64) -> f64 {
    let fall = s - 1.0 + z;
    let end = libm::log1p(NEGLIGIBLE / z).min(if fall > 0.0 { NEGLIGIBLE / fall } else { f64::INFINITY });
    let panels = end.ceil().max(8.0) as u32;
    integrate(0.0, end, panels, |w| libm::exp((1.0 - s) * w - z * libm::expm1(w)))
}
