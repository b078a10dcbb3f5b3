//! What BG/NBD and MBG/NBD share.
//!
//! Purchases are a gamma-mixed Poisson process, after each of which the customer leaves with a beta-mixed probability.
//! The two differ in one thing. In MBG/NBD a customer may leave right after the first purchase as well, so that there is
//! one occasion more to leave than there are repeats.

use super::history::PurchaseHistory;
use super::model::PurchaseModel;
use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::quadrature::integrate;
use super::score::{SliceModel, ToCome};
use super::series::{ByRepeats, Coefficients, Series, TERMS_MAX as SERIES_TERMS_MAX};
use super::special::{Rising, ln_beta, ln_rising, ln_rising_ratio};
use crate::analytics::elementary::{exp, exp_and_rest, ln, ln_1p};
use crate::analytics::log_odds::soft_plus;
use crate::error::{Result, invalid_argument};

/// The parameters, and how many occasions to leave there are beside the repeats: 0 or 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct BetaGeometric {
    pub(super) r: f64,
    pub(super) alpha: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) extra: u32,
}

impl BetaGeometric {
    /// ln of the odds of having left right after the last purchase against being there, as long as no time has passed; −∞
    /// where nobody can have left yet.
    ///
    /// From L = c · [(α + T)^−(r+x) + a / (b + k − 1) · (α + t_x)^−(r+x)], with k occasions to leave: the second term is
    /// that of leaving at t_x (Fader, Hardie, Lee 2005, eq. 6; Batislam, Denizel, Filiztekin 2007).
    fn log_odds_first(&self, repeats: u32) -> f64 {
        match repeats + self.extra {
            0 => f64::NEG_INFINITY,
            occasions => ln(self.a / (self.b + f64::from(occasions - 1))),
        }
    }

    /// Time since the last purchase, as a multiple of the time that purchases were counted in.
    #[inline]
    fn silence(&self, history: &PurchaseHistory) -> f64 {
        (history.age - history.t_x) / (self.alpha + history.t_x)
    }

    fn shape(&self, repeats: u32) -> f64 {
        self.r + f64::from(repeats)
    }

    /// ln L of one customer.
    pub(super) fn log_likelihood(&self, history: &PurchaseHistory) -> f64 {
        let occasions = history.x + self.extra;
        ln_rising(self.r, history.x)
            - self.r * libm::log1p(history.age / self.alpha)
            - f64::from(history.x) * libm::log(self.alpha + history.age)
            + ln_rising_ratio(self.b, self.a + self.b, occasions)
            + soft_plus(log_odds_left(self.log_odds_first(history.x), self.shape(history.x), self.silence(history)))
    }

    /// Repeats of a new customer within `t`.
    pub(super) fn expected_new(&self, t: f64) -> f64 {
        let stays = if self.extra == 0 { 1.0 } else { self.b / (self.a + self.b) };
        stays * purchases_while_alive(self.r, self.alpha, self.a, self.b + f64::from(self.extra), t)
    }
}

/// ln of the odds of having left after the last purchase against being there still.
#[inline(always)]
fn log_odds_left(first: f64, shape: f64, silence: f64) -> f64 {
    first + shape * ln_1p(silence)
}

/// The probability of being there still.
#[inline(always)]
fn alive_of(first: f64, shape: f64, silence: f64) -> f64 {
    1.0 / (1.0 + exp(log_odds_left(first, shape, silence)))
}

/// The probability that a customer who is there does not buy within a time, and less 1; z is that time as a multiple of the
/// time that purchases were counted in.
#[inline(always)]
fn no_purchase(shape: f64, z: f64) -> (f64, f64) {
    exp_and_rest(-(shape * ln_1p(z)))
}

/// What is the same for all customers with equally many repeats.
#[derive(Debug)]
pub(super) struct Kind {
    log_odds_first: f64,
    shape: f64,
    purchases: PurchaseSeries,
}

/// What is kept from some customers to the next, and room for what is worked out for all of them at once.
#[derive(Debug, Default)]
pub(super) struct ScoreTables {
    kinds: ByRepeats<Kind>,
    log_odds_first: Vec<f64>,
    shapes: Vec<f64>,
    silences: Vec<f64>,
    chances: Vec<f64>,
}

impl PurchaseModel for BetaGeometric {
    fn alive(&self, history: &PurchaseHistory) -> f64 {
        alive_of(self.log_odds_first(history.x), self.shape(history.x), self.silence(history))
    }

    fn expected(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        let (shape, rate) = (self.shape(history.x), self.alpha + history.age);
        alive * purchases_while_alive(shape, rate, self.a, self.b + f64::from(history.x + self.extra), t)
    }

    /// The probability of no purchase within `t`: the customer has left, or is there and buys nothing, as one leaves only
    /// after a purchase.
    fn quiet(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64 {
        1.0 + alive * no_purchase(self.shape(history.x), t / (self.alpha + history.age)).1
    }

    fn discounted(&self, _: f64, _: &PurchaseHistory, rate: f64) -> Result<f64> {
        Err(invalid_argument(format!("no closed form with a discount rate of {rate}")))
    }
}

impl SliceModel for BetaGeometric {
    type Tables = ScoreTables;

    fn score(
        &self,
        tables: &mut ScoreTables,
        customers: &[PurchaseHistory],
        alive: &mut [f64],
        to_come: Option<ToCome<'_>>,
    ) {
        let ScoreTables { kinds, log_odds_first, shapes, silences, chances } = tables;
        let kind_of = |repeats: u32| Kind {
            log_odds_first: self.log_odds_first(repeats),
            shape: self.shape(repeats),
            purchases: purchase_series(self.shape(repeats), self.a, self.b + f64::from(repeats + self.extra)),
        };
        [&mut *log_odds_first, &mut *shapes, &mut *silences, &mut *chances].into_iter().for_each(Vec::clear);
        for one in customers {
            let kind = kinds.get(one.x, || kind_of(one.x));
            log_odds_first.push(kind.log_odds_first);
            shapes.push(kind.shape);
            silences.push(self.silence(one));
        }
        let known = log_odds_first.iter().zip(shapes.iter()).zip(silences.iter());
        for (alive, ((first, shape), silence)) in alive.iter_mut().zip(known) {
            *alive = alive_of(*first, *shape, *silence);
        }
        let Some(ToCome { t, expected, quiet }) = to_come else { return };
        chances.extend(customers.iter().map(|one| t / (self.alpha + one.age)));
        for (((chance, quiet), shape), alive) in chances.iter_mut().zip(&mut *quiet).zip(&*shapes).zip(&*alive) {
            let (none, less) = no_purchase(*shape, *chance);
            (*chance, *quiet) = (none, 1.0 + *alive * less);
        }
        for (((expected, one), chance), alive) in expected.iter_mut().zip(customers).zip(&*chances).zip(&*alive) {
            let Kind { shape, purchases, .. } = kinds.get(one.x, || kind_of(one.x));
            let (rate, b) = (self.alpha + one.age, self.b + f64::from(one.x + self.extra));
            *expected = *alive * sum_purchases(purchases, Span { shape: *shape, rate, t, none: *chance }, self.a, b);
        }
    }
}

/// Terms of the series that are cheaper than the quadrature.
const TERMS_MAX: f64 = 20_000.0;
/// The probability of no purchase is taken as long as it is more than this, far above the least positive number.
const CHANCE_MIN: f64 = 1e-260;
/// A term that is a smaller part of the sum does not change it.
const NEGLIGIBLE: f64 = 1e-17;
/// Up to such a shape the coefficients are far from the greatest number.
const SERIES_SHAPE_MAX: f64 = 100.0;

/// The series of [`purchases_while_alive`] by u: a coefficient is Γ(shape + n) / (Γ(shape) n!) Σ E[(1 − p)ʲ] over j < n.
#[derive(Debug)]
pub(super) struct PurchaseCoefficients {
    shape: f64,
    a: f64,
    b: f64,
    n: f64,
    ways: f64,
    stays: f64,
    stayed: f64,
}

type PurchaseSeries = Series<PurchaseCoefficients>;

fn purchase_series(shape: f64, a: f64, b: f64) -> PurchaseSeries {
    Series::new(PurchaseCoefficients { shape, a, b, n: 0.0, ways: 1.0, stays: 1.0, stayed: 0.0 })
}

impl Coefficients for PurchaseCoefficients {
    fn next(&mut self) -> f64 {
        self.ways *= (self.shape + self.n) / (self.n + 1.0);
        self.stayed += self.stays;
        self.stays *= (self.b + self.n) / (self.a + self.b + self.n);
        self.n += 1.0;
        self.ways * self.stayed
    }

    fn ratio(&self) -> f64 {
        (self.shape + self.n) / (self.n + 1.0) * (1.0 + self.stays / self.stayed)
    }
}

/// The time to come of a customer with a rate of Γ(shape, rate), and the probability of no purchase while there.
#[derive(Debug, Clone, Copy)]
struct Span {
    shape: f64,
    rate: f64,
    t: f64,
    none: f64,
}

/// Purchases within `t` of a customer who is there, with a rate of Γ(shape, rate) and a probability to leave of B(a, b).
///
/// With u = t / (rate + t), N a negative binomial of (shape, u) and p the probability to leave, the mean number is
/// Σⱼ E[(1 − p)ʲ] · P(N > j): all terms are positive, and nothing happens at a = 1 or a + b = 1, where the closed form with
/// ₂F₁ divides by zero. The sum is that series of ₂F₁ after Euler's transformation, its terms put together.
pub(super) fn purchases_while_alive(shape: f64, rate: f64, a: f64, b: f64, t: f64) -> f64 {
    let none = no_purchase(shape, t / rate).0;
    sum_purchases(&mut purchase_series(shape, a, b), Span { shape, rate, t, none }, a, b)
}

/// The same with the coefficients that are known already.
#[inline]
fn sum_purchases(series: &mut PurchaseSeries, span: Span, a: f64, b: f64) -> f64 {
    let Span { shape, rate, t, none } = span;
    let z = t / rate;
    let terms = (shape + 40.0) * z + 40.0;
    if terms < SERIES_TERMS_MAX as f64 && shape < SERIES_SHAPE_MAX && none > CHANCE_MIN {
        let u = t / (rate + t);
        if let Some(sum) = series.sum(u) {
            return none * u * sum;
        }
    }
    sum_many_purchases(span, z, a, b)
}

/// The same where the series is long, or its coefficients are great: each term is the one before it times a factor.
#[cold]
fn sum_many_purchases(Span { shape, rate, t, none }: Span, z: f64, a: f64, b: f64) -> f64 {
    if none < CHANCE_MIN || (shape + 40.0) * z + 40.0 > TERMS_MAX {
        return purchases_by_quadrature(shape, z, a, b);
    }
    let u = t / (rate + t);
    let (mut chance, mut stays, mut stayed, mut sum) = (none, 1.0, 0.0, 0.0);
    let mut n = 0.0;
    loop {
        // `chance` is P(N = n + 1) next, `stayed` is Σ of E[(1 − p)ʲ] for j ≤ n.
        chance *= u * (shape + n) / (n + 1.0);
        stayed += stays;
        stays *= (b + n) / (a + b + n);
        n += 1.0;
        let term = chance * stayed;
        sum += term;
        // Past the mode the terms fall at least as fast as a geometric series of this ratio.
        let ratio = u * (shape + n) / (n + 1.0) * (1.0 + stays / stayed);
        if ratio < 1.0 && term <= NEGLIGIBLE * sum * (1.0 - ratio) {
            return sum;
        }
    }
}

/// The same as the integral of (1 − (1 + p z)^−shape) / p over the beta distribution of p, for long horizons.
///
/// With w = ln p / (1 − p) the integrand is smooth and falls like an exponential at both ends, where what is cut off is
/// known in closed form. Nodes lie closer where the beta distribution is narrow. Panels are halved until it makes no
/// difference.
fn purchases_by_quadrature(shape: f64, z: f64, a: f64, b: f64) -> f64 {
    const AGREEMENT: f64 = 1e-13;
    const PANELS_MAX: u32 = 1 << 14;
    /// e to the minus this is less than rounding.
    const TAIL: f64 = 38.0;
    let log_beta = ln_beta(a, b);
    let gain = |p: f64| -libm::expm1(-shape * libm::log1p(p * z)) / p;
    let (low, high) = (-libm::log1p(z * (1.0 + shape) + b) - TAIL, libm::log1p(a + shape) + TAIL);
    let tails = shape * z * libm::exp(a * low - log_beta) / a
        + -libm::expm1(-shape * libm::log1p(z)) * libm::exp(-b * high - log_beta) / b;
    let middle = libm::log(a / b).clamp(low, high);
    let width = (1.0 / a + 1.0 / b).sqrt().min(1.0);
    let at = |v: f64| {
        let w = middle + width * libm::sinh(v);
        let (log_p, log_q) = (-soft_plus(-w), -soft_plus(w));
        gain(libm::exp(log_p)) * libm::exp(a * log_p + b * log_q - log_beta) * width * libm::cosh(v)
    };
    let (from, to) = (libm::asinh((low - middle) / width), libm::asinh((high - middle) / width));
    let mut panels = 16;
    let mut before = integrate(from, to, panels, at);
    while panels < PANELS_MAX {
        panels *= 2;
        let next = integrate(from, to, panels, at);
        if (next - before).abs() <= AGREEMENT * next {
            return next + tails;
        }
        before = next;
    }
    before + tails
}

/// Groups of equal customers, and how many occasions to leave there are beside the repeats.
#[derive(Debug)]
pub(super) struct BetaGeometricSample {
    pub(super) groups: Vec<(PurchaseHistory, f64)>,
    pub(super) extra: u32,
}

/// What one evaluation needs of every number of repeats.
struct Tables {
    alpha_log: f64,
    r: Rising,
    b: Rising,
    a_and_b: Rising,
    /// Of every number of repeats, as [`BetaGeometric::log_odds_first`] has it.
    log_odds_first: Vec<f64>,
}

impl Likelihood for BetaGeometricSample {
    const COUNT: usize = 4;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [r, alpha, a, b] = *parameters;
        let model = BetaGeometric { r, alpha, a, b, extra: self.extra };
        let most = self.groups.iter().map(|(history, _)| history.x).max().unwrap_or(0);
        let tables = Tables {
            alpha_log: ln(alpha),
            log_odds_first: (0..=most).map(|repeats| model.log_odds_first(repeats)).collect(),
            r: Rising::new(r, most),
            b: Rising::new(b, most + self.extra),
            a_and_b: Rising::new(a + b, most + self.extra),
        };
        sum_groups(&self.groups, |history| derivatives(&model, &tables, history))
    }
}

/// ln L of one customer with its first and second derivatives by r, α, a and b.
#[inline]
fn derivatives(model: &BetaGeometric, tables: &Tables, history: &PurchaseHistory) -> Second {
    let BetaGeometric { r, alpha, a, b, extra } = *model;
    let (x, repeats) = (history.x as usize, f64::from(history.x));
    let occasions = x + extra as usize;
    let shape = r + repeats;
    let end = 1.0 / (alpha + history.age);
    let growth = ln_1p(history.age / alpha);
    let bought = tables.r.log[x] - r * growth - repeats * (tables.alpha_log + growth);
    let stayed = tables.b.log[occasions] - tables.a_and_b.log[occasions];
    let mut found = Second { value: bought + stayed, ..Second::default() };
    found.slope[0] = tables.r.first[x] - growth;
    found.slope[1] = r / alpha - shape * end;
    found.slope[2] = -tables.a_and_b.first[occasions];
    found.slope[3] = tables.b.first[occasions] - tables.a_and_b.first[occasions];
    found.curve[cell(0, 0)] = tables.r.second[x];
    found.curve[cell(1, 0)] = 1.0 / alpha - end;
    found.curve[cell(1, 1)] = shape * end * end - r / (alpha * alpha);
    found.curve[cell(2, 2)] = -tables.a_and_b.second[occasions];
    found.curve[cell(3, 2)] = -tables.a_and_b.second[occasions];
    found.curve[cell(3, 3)] = tables.b.second[occasions] - tables.a_and_b.second[occasions];
    if occasions > 0 {
        let last = 1.0 / (alpha + history.t_x);
        let left = 1.0 / (b + (occasions - 1) as f64);
        let silence = ln_1p((history.age - history.t_x) * last);
        let odds = tables.log_odds_first[x] + shape * silence;
        // 1 / (1 + e^−odds) and ln(1 + e^odds), by the lesser of the two odds.
        let lesser = exp(-odds.abs());
        let share = if odds > 0.0 { 1.0 } else { lesser } / (1.0 + lesser);
        let slope = [silence, shape * (end - last), 1.0 / a, -left];
        found.value += odds.max(0.0) + ln_1p(lesser);
        found.slope.iter_mut().zip(&slope).for_each(|(sum, part)| *sum += share * part);
        found.curve[cell(1, 0)] += share * (end - last);
        found.curve[cell(1, 1)] += share * shape * (last * last - end * end);
        found.curve[cell(2, 2)] -= share / (a * a);
        found.curve[cell(3, 3)] += share * left * left;
        found.add_square(share * (1.0 - share), &slope);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_quadrature_agree() {
        for (shape, rate, a, b, t) in [
            (0.243, 4.414, 0.793, 2.426, 39.0),
            (0.243, 4.56, 0.793, 2.426, 5_200.0),
            (28.0, 43.0, 1.0, 30.0, 400.0),
            (3.0, 10.0, 0.4, 0.6, 50.0),
            (1.5, 2.0, 1e-4, 3.0, 40.0),
            (2.0, 9.0, 50.0, 0.01, 10.0),
            (4.0, 3.0, 4e5, 9e5, 20.0),
        ] {
            let series = purchases_while_alive(shape, rate, a, b, t);
            let quadrature = purchases_by_quadrature(shape, t / rate, a, b);
            // The density of a narrow beta distribution is a difference of logarithms as large as a + b.
            let tolerance = 1e-9 + 1e-14 * (a + b);
            assert!((series / quadrature - 1.0).abs() < tolerance, "{shape} {rate} {a} {b} {t}: {series} {quadrature}");
        }
    }

    #[test]
    fn derivatives_are_those_of_differences() {
        let groups = [(0, 0.0, 7.0), (1, 3.0, 9.0), (6, 20.0, 21.0), (30, 10.0, 40.0)];
        for extra in [0, 1] {
            for (x, t_x, age) in groups {
                let sample = BetaGeometricSample { groups: vec![(PurchaseHistory { x, t_x, age }, 2.0)], extra };
                super::super::tests::check_derivatives(&sample, [0.6, 5.0, 0.7, 2.3]);
                let model = BetaGeometric { r: 0.6, alpha: 5.0, a: 0.7, b: 2.3, extra };
                let one = model.log_likelihood(&sample.groups[0].0);
                assert!((2.0 * one - sample.at(&[0.6, 5.0, 0.7, 2.3]).value).abs() < 1e-12);
            }
        }
    }
}
