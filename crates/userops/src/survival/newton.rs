//! The partial likelihood of Cox's model with ties in the manner of Efron, and its maximum.

use super::life::Lives;
use crate::analytics::information::{Information, Triangle};

/// More steps than any fit with a maximum takes.
const ITERATIONS_MAX: u32 = 100;
/// How much likelihood the next step may still promise.
const PROMISE_MAX: f64 = 1e-16;
/// Rounding of a sum of logarithms, as a part of it.
const ROUNDING: f64 = 1e-11;
/// A step that is halved more often leads nowhere.
const HALVINGS_MAX: u32 = 40;
/// A covariate of which a lesser part is its own is a combination of those before it; one that differs less among
/// those at risk, for each event and in its variance, does not differ but for rounding.
const OWN_PART_MIN: f64 = 1e-9;
/// Where less information is left at the end than this part of that at the start, the likelihood has no maximum.
const INFORMATION_LEFT_MIN: f64 = 1e-10;

/// Covariates of lives, row by row, each column with mean 0 and deviation 1.
#[derive(Debug)]
pub(super) struct Covariates {
    pub(super) count: usize,
    pub(super) cells: Vec<f64>,
}

impl Covariates {
    fn row(&self, life: usize) -> &[f64] {
        &self.cells[life * self.count..(life + 1) * self.count]
    }

    /// The logarithm of the risk of each life beside one with all covariates 0.
    pub(super) fn log_risks(&self, beta: &[f64]) -> Vec<f64> {
        let dot = |row: &[f64]| row.iter().zip(beta).map(|(x, beta)| x * beta).sum();
        self.cells.chunks_exact(self.count).map(dot).collect()
    }
}

/// The logarithm of the likelihood at a point, its slope, and its curvature with the sign turned round.
#[derive(Debug)]
struct Likelihood {
    log: f64,
    slope: Vec<f64>,
    information: Information,
}

/// The maximum.
#[derive(Debug)]
pub(super) struct Maximum {
    pub(super) beta: Vec<f64>,
    pub(super) log_likelihood: f64,
    /// At 0.
    pub(super) null_log_likelihood: f64,
    pub(super) triangle: Triangle,
    pub(super) iteration_count: u32,
}

/// Why there is no maximum.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoMaximum {
    /// This covariate never differs among those at risk, or is a combination of those before it.
    Redundant(usize),
    /// The likelihood grows for ever as this coefficient does.
    Separated(usize),
    /// No maximum after so many steps.
    Unsettled(u32),
}

/// Sums over those at risk: of risks, of risk times covariates, of risk times their products (the lower triangle).
struct Sums {
    risk: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(count: usize) -> Self {
        Self { risk: 0.0, first: vec![0.0; count], second: vec![0.0; count * (count + 1) / 2] }
    }

    fn clear(&mut self) {
        self.risk = 0.0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    #[inline]
    fn add(&mut self, risk: f64, x: &[f64]) {
        self.risk += risk;
        let mut cells = self.second.iter_mut();
        for (row, value) in x.iter().enumerate() {
            let weighted = risk * value;
            self.first[row] += weighted;
            for (cell, other) in cells.by_ref().take(row + 1).zip(x) {
                *cell += weighted * other;
            }
        }
    }
}

/// Goes from the longest lives to the shortest, so that those at risk only grow in number. Takes O(n p²).
///
/// Of d events at one time the l-th leaves behind all at risk less the part l / d of the d: Efron, "The Efficiency of
/// Cox's Likelihood Function for Censored Data", Journal of the American Statistical Association 72 (1977), 557–565.
fn likelihood(lives: &Lives, covariates: &Covariates, beta: &[f64]) -> Likelihood {
    let count = covariates.count;
    let log_risks = covariates.log_risks(beta);
    let greatest = log_risks.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut at_risk, mut tied) = (Sums::new(count), Sums::new(count));
    let mut found = Likelihood { log: 0.0, slope: vec![0.0; count], information: Information::new(count) };
    let mut means = vec![0.0; count];
    let mut end = lives.len();
    while end > 0 {
        let time = lives.durations[end - 1];
        let mut start = end;
        tied.clear();
        let mut events = 0u64;
        while start > 0 && lives.durations[start - 1] >= time {
            start -= 1;
            let (x, log_risk) = (covariates.row(start), log_risks[start] - greatest);
            let risk = libm::exp(log_risk);
            at_risk.add(risk, x);
            if lives.is_event[start] {
                events += 1;
                tied.add(risk, x);
                found.log += log_risk;
                found.slope.iter_mut().zip(x).for_each(|(slope, x)| *slope += x);
            }
        }
        for event in 0..events {
            let part = event as f64 / events as f64;
            let risk = at_risk.risk - part * tied.risk;
            found.log -= libm::log(risk);
            let mut cell = 0;
            for row in 0..count {
                means[row] = (at_risk.first[row] - part * tied.first[row]) / risk;
                found.slope[row] -= means[row];
                for column in 0..=row {
                    let mean = (at_risk.second[cell] - part * tied.second[cell]) / risk;
                    found.information.add(row, column, mean - means[row] * means[column]);
                    cell += 1;
                }
            }
        }
        end = start;
    }
    found
}

/// Climbs to the maximum by Newton's steps, which are halved as long as they lead down.
pub(super) fn maximise(lives: &Lives, covariates: &Covariates) -> Result<Maximum, NoMaximum> {
    let mut beta = vec![0.0; covariates.count];
    let mut here = likelihood(lives, covariates, &beta);
    let null_log_likelihood = here.log;
    let first = here.information.triangle(OWN_PART_MIN, lives.event_count() as f64);
    let first = first.map_err(NoMaximum::Redundant)?;
    let mut step = first.solve(&here.slope);
    for iteration_count in 1..=ITERATIONS_MAX {
        let promise: f64 = step.iter().zip(&here.slope).map(|(step, slope)| step * slope).sum();
        let (next, found) =
            climb(lives, covariates, &beta, &step, &here).ok_or(NoMaximum::Unsettled(iteration_count))?;
        (beta, here) = (next, found);
        let triangle = here.information.triangle(0.0, 0.0).map_err(|_| NoMaximum::Separated(greatest(&beta)))?;
        if (0..covariates.count).any(|row| triangle.pivot(row) < INFORMATION_LEFT_MIN * first.pivot(row)) {
            return Err(NoMaximum::Separated(greatest(&beta)));
        }
        if promise <= PROMISE_MAX {
            let log_likelihood = here.log;
            return Ok(Maximum { beta, log_likelihood, null_log_likelihood, triangle, iteration_count });
        }
        step = triangle.solve(&here.slope);
    }
    Err(NoMaximum::Unsettled(ITERATIONS_MAX))
}

/// The end of the step, or of a half, a quarter … of it, where the likelihood is no less than here.
fn climb(
    lives: &Lives,
    covariates: &Covariates,
    beta: &[f64],
    step: &[f64],
    here: &Likelihood,
) -> Option<(Vec<f64>, Likelihood)> {
    let least = here.log - ROUNDING * (1.0 + here.log.abs());
    let mut part = 1.0;
    for _ in 0..HALVINGS_MAX {
        let next: Vec<f64> = beta.iter().zip(step).map(|(beta, step)| beta + part * step).collect();
        let found = likelihood(lives, covariates, &next);
        if found.log.is_finite() && found.log >= least {
            return Some((next, found));
        }
        part /= 2.0;
    }
    None
}

/// The covariate with the greatest coefficient, which is the one that runs away.
fn greatest(beta: &[f64]) -> usize {
    let by_size = |a: &(usize, &f64), b: &(usize, &f64)| a.1.abs().total_cmp(&b.1.abs());
    beta.iter().enumerate().max_by(by_size).map_or(0, |(place, _)| place)
}
