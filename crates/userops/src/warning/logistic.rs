//! Logistic regression with a ridge: Newton's steps with the exact curvature, and standard errors.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::evaluation::{number, truth};
use super::options::{check_ridge, check_whole};
use crate::analytics::information::{Information, Triangle};
use crate::analytics::log_odds::{logistic, soft_plus};
use crate::error::{Result, empty, invalid_argument, limit_exceeded};
use crate::table::Table;

/// More steps than any fit with a maximum takes.
pub const LOGISTIC_ITERATIONS_MAX: u32 = 100;
/// The most columns: the curvature keeps a number for each pair.
pub const LOGISTIC_COLUMNS_MAX: usize = 256;
/// What the last step may promise of log-likelihood for each unit of it: the step squares what is left of the way.
const PROMISE_MAX: f64 = 1e-15;
/// Rounding of a sum of logarithms, as a part of it.
const ROUNDING: f64 = 1e-13;
/// A step that is halved more often leads nowhere.
const HALVINGS_MAX: u32 = 40;
/// A column of which a lesser part is its own is a combination of those before it.
const OWN_PART_MIN: f64 = 1e-11;
/// Rows that one task takes; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 1_024;

/// Rows of numbers, one after the other, and how far the outcome holds in each: 0, 1, or between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) columns: usize,
    pub(super) cells: &'a [f64],
    pub(super) targets: &'a [f64],
}

/// The end of the way up. The intercept comes first.
#[derive(Debug)]
pub(super) struct Maximum {
    pub(super) beta: Vec<f64>,
    /// The covariance by the curvature, ridge included, row by row; `None` where there is no maximum.
    pub(super) covariance: Option<Vec<f64>>,
    /// Without the ridge.
    pub(super) log_likelihood: f64,
    pub(super) iteration_count: u32,
    pub(super) converged: bool,
    /// Whether some threshold tells the outcomes apart without an error.
    pub(super) separated: bool,
}

/// Why there is no way up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redundant {
    /// The first column that is a combination of those before it; 0 for the intercept, which none is.
    pub(super) column: usize,
}

/// Log-likelihood, slope and curvature with its sign turned round (in full, row by row).
#[derive(Debug, Clone)]
struct Second {
    value: f64,
    slope: Vec<f64>,
    curve: Vec<f64>,
}

impl Second {
    fn new(size: usize) -> Self {
        Self { value: 0.0, slope: vec![0.0; size], curve: vec![0.0; size * size] }
    }

    fn add(&mut self, other: &Self) {
        self.value += other.value;
        self.slope.iter_mut().zip(&other.slope).for_each(|(sum, part)| *sum += part);
        self.curve.iter_mut().zip(&other.curve).for_each(|(sum, part)| *sum += part);
    }
}

impl Sample<'_> {
    fn linear(&self, row: usize, beta: &[f64]) -> f64 {
        let cells = &self.cells[row * self.columns..(row + 1) * self.columns];
        cells.iter().zip(&beta[1..]).fold(beta[0], |sum, (cell, beta)| sum + cell * beta)
    }

    /// The sum over all rows, in parts of fixed size that are added in order.
    fn at(&self, beta: &[f64]) -> Second {
        let size = beta.len();
        let part = |start: usize| {
            let mut sum = Second::new(size);
            let mut one = vec![1.0; size];
            for row in start..(start + CHUNK).min(self.targets.len()) {
                one[1..].copy_from_slice(&self.cells[row * self.columns..(row + 1) * self.columns]);
                let linear = self.linear(row, beta);
                let (target, probability) = (self.targets[row], logistic(linear));
                sum.value += target * linear - soft_plus(linear);
                let (rest, weight) = (target - probability, probability * logistic(-linear));
                for (index, cell) in one.iter().enumerate() {
                    sum.slope[index] += rest * cell;
                    let weighted = weight * cell;
                    let lower = &mut sum.curve[index * size..=index * size + index];
                    lower.iter_mut().zip(&one).for_each(|(sum, other)| *sum += weighted * other);
                }
            }
            sum
        };
        let starts: Vec<usize> = (0..self.targets.len()).step_by(CHUNK).collect();
        let parts: Vec<Second> = starts.into_par_iter().map(part).collect();
        let mut sum = Second::new(size);
        parts.iter().for_each(|part| sum.add(part));
        sum
    }

    /// Whether every row with the outcome lies above every row without it.
    fn is_separated(&self, beta: &[f64]) -> bool {
        let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        for (row, target) in self.targets.iter().enumerate() {
            let linear = self.linear(row, beta);
            if *target > 0.5 {
                least = least.min(linear);
            } else {
                greatest = greatest.max(linear);
            }
        }
        least > greatest && self.columns > 0
    }
}

/// Takes the ridge off: half of it times the square of each coefficient but the intercept.
fn penalise(plain: &Second, beta: &[f64], ridge: f64) -> Second {
    let mut found = plain.clone();
    for (index, beta) in beta.iter().enumerate().skip(1) {
        found.value -= ridge / 2.0 * beta * beta;
        found.slope[index] -= ridge * beta;
        found.curve[index * plain.slope.len() + index] += ridge;
    }
    found
}

/// Climbs from 0 by Newton's steps, which are halved as long as they lead down.
pub(super) fn maximise(sample: &Sample<'_>, ridge: f64, iterations_max: u32) -> Result<Maximum, Redundant> {
    let size = sample.columns + 1;
    let mut beta = vec![0.0; size];
    let mut plain = sample.at(&beta);
    let mut here = penalise(&plain, &beta, ridge);
    let mut triangle = Some(triangle_of(&here.curve, size, OWN_PART_MIN).map_err(|column| Redundant { column })?);
    let (mut iteration_count, mut converged) = (0, false);
    while let Some(lower) = triangle.as_ref().filter(|_| iteration_count < iterations_max && !converged) {
        iteration_count += 1;
        let step = lower.solve(&here.slope);
        let promise: f64 = step.iter().zip(&here.slope).map(|(step, slope)| step * slope).sum();
        let least = here.value - ROUNDING * (1.0 + here.value.abs());
        let mut part = 1.0;
        let next = (0..HALVINGS_MAX).find_map(|_| {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(beta, step)| beta + part * step).collect();
            part /= 2.0;
            let plain = sample.at(&next);
            let penalised = penalise(&plain, &next, ridge);
            (penalised.value.is_finite() && penalised.value >= least).then_some((next, plain, penalised))
        });
        let Some(next) = next else { break };
        (beta, plain, here) = next;
        converged = promise <= PROMISE_MAX * (1.0 + here.value.abs());
        triangle = triangle_of(&here.curve, size, 0.0).ok();
    }
    let separated = sample.is_separated(&beta);
    // Without a ridge coefficients of separated rows grow for ever, however little the last step promised.
    let converged = converged && triangle.is_some() && (ridge > 0.0 || !separated);
    let covariance = triangle.filter(|_| converged).map(|lower| lower.inverse());
    Ok(Maximum { beta, covariance, log_likelihood: plain.value, iteration_count, converged, separated })
}

/// The triangle of a curvature, or the first row that says nothing of its own.
fn triangle_of(curve: &[f64], size: usize, least: f64) -> Result<Triangle, usize> {
    Information::of_rows(size, curve.to_vec()).triangle(least, 0.0)
}

/// What is fitted to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticOptions {
    /// The column that holds the outcome: booleans, or 0 and 1.
    pub outcome: String,
    /// The columns that it is told from; every other column of the table unless said otherwise.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Half of it times the square of each coefficient but the intercept is taken off the log-likelihood; 0 for none.
    /// Columns are taken as they are: a ridge means more for one whose numbers are small.
    #[serde(default)]
    pub ridge: f64,
    /// The most steps.
    #[serde(default = "iterations_max")]
    pub iterations_max: u32,
}

fn iterations_max() -> u32 {
    LOGISTIC_ITERATIONS_MAX
}

impl LogisticOptions {
    /// The outcome is told from every other column.
    #[must_use]
    pub fn new(outcome: impl Into<String>) -> Self {
        Self { outcome: outcome.into(), columns: Vec::new(), ridge: 0.0, iterations_max: iterations_max() }
    }

    /// The same with a ridge.
    #[must_use]
    pub fn ridge(mut self, ridge: f64) -> Self {
        self.ridge = ridge;
        self
    }

    /// The same told from these columns.
    #[must_use]
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }
}

/// A coefficient with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticCoefficient {
    /// The column, or `intercept`.
    pub name: String,
    /// By how much the log-odds grow with each unit.
    pub value: f64,
    /// Its standard error, by the curvature at the maximum, ridge included; `None` where there is no maximum.
    pub standard_error: Option<f64>,
}

/// A logistic regression that was fitted to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticFit {
    /// What was asked for.
    pub options: LogisticOptions,
    /// The intercept, and a coefficient for each column.
    pub coefficients: Vec<LogisticCoefficient>,
    /// The logarithm of the likelihood, without the ridge.
    pub log_likelihood: f64,
    /// How many rows it is of.
    pub row_count: u64,
    /// Rows that are left out, because something is unknown of them.
    pub left_out_count: u64,
    /// How many rows have the outcome.
    pub positive_count: u64,
    /// How many steps the fit took.
    pub iteration_count: u32,
    /// Whether it came to a maximum. Without a ridge there is none where the columns tell the outcomes apart without an
    /// error.
    pub converged: bool,
    /// Whether the columns tell the outcomes apart without an error: then coefficients are as great as the ridge lets
    /// them be.
    pub separated: bool,
}

/// Fits ln(p / (1 − p)) = β₀ + Σ βⱼ xⱼ to the rows of a table, by the greatest Σ ln p(outcome) − ½ ridge Σ βⱼ².
///
/// Rows with something unknown are left out and counted. Newton's method with the exact curvature; each step takes
/// O(rows · columns²), shared out over rayon's threads. The answer does not depend on their number.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for the columns; `InvalidArgument` for numbers that are not finite, where all or
/// none have the outcome, for a column that is a combination of those before it (without a ridge), and for bad options;
/// `Empty` without rows; `LimitExceeded` for more than [`LOGISTIC_COLUMNS_MAX`] columns.
pub fn fit_logistic(table: &Table, options: &LogisticOptions) -> Result<LogisticFit> {
    check_ridge(options.ridge)?;
    check_whole("iterations_max", options.iterations_max, LOGISTIC_ITERATIONS_MAX)?;
    let names: Vec<&str> = if options.columns.is_empty() {
        table.columns().map(|(name, _)| name).filter(|name| *name != options.outcome).collect()
    } else {
        options.columns.iter().map(String::as_str).collect()
    };
    if names.len() > LOGISTIC_COLUMNS_MAX {
        return Err(limit_exceeded(format!("{} columns, where {LOGISTIC_COLUMNS_MAX} are the limit", names.len())));
    }
    let (cells, targets) = read_rows(table, &names, &options.outcome)?;
    let positive_count = targets.iter().filter(|target| **target > 0.5).count();
    if targets.is_empty() {
        return Err(empty("there is no row to fit, or something is unknown in each"));
    }
    if positive_count == 0 || positive_count == targets.len() {
        let who = if positive_count == 0 { "none" } else { "all" };
        let count = targets.len();
        return Err(invalid_argument(format!(
            "{who} of {count} rows have the outcome: there is nothing to tell apart"
        )));
    }
    let sample = Sample { columns: names.len(), cells: &cells, targets: &targets };
    let maximum = maximise(&sample, options.ridge, options.iterations_max).map_err(|Redundant { column }| {
        let name = column.checked_sub(1).map_or("intercept", |column| names[column]);
        invalid_argument(format!(
            "{name:?} is the same in all rows, or a combination of the columns before it: leave it out, or take a ridge"
        ))
    })?;
    let size = names.len() + 1;
    let error = |index: usize| maximum.covariance.as_ref().map(|cells| cells[index * size + index].sqrt());
    let coefficient = |(index, name): (usize, &str)| LogisticCoefficient {
        name: name.to_owned(),
        value: maximum.beta[index],
        standard_error: error(index),
    };
    Ok(LogisticFit {
        options: options.clone(),
        coefficients: std::iter::once("intercept").chain(names).enumerate().map(coefficient).collect(),
        log_likelihood: maximum.log_likelihood,
        row_count: targets.len() as u64,
        left_out_count: (table.row_count() - targets.len()) as u64,
        positive_count: positive_count as u64,
        iteration_count: maximum.iteration_count,
        converged: maximum.converged,
        separated: maximum.separated,
    })
}

/// The rows of which everything is known.
fn read_rows(table: &Table, names: &[&str], outcome: &str) -> Result<(Vec<f64>, Vec<f64>)> {
    let target = table.column(outcome)?;
    let columns = names.iter().map(|name| Ok((*name, table.column(name)?))).collect::<Result<Vec<_>>>()?;
    let (mut cells, mut targets) = (Vec::new(), Vec::new());
    for row in 0..table.row_count() {
        let start = cells.len();
        for (name, column) in &columns {
            match number(column, name, row)? {
                Some(value) if !value.is_finite() => {
                    return Err(invalid_argument(format!(
                        "row {row}: {name:?} is {value}: leave it unknown, or leave the row out"
                    )));
                }
                Some(value) => cells.push(value),
                None => break,
            }
        }
        match truth(target, row)? {
            Some(truth) if cells.len() - start == columns.len() => targets.push(f64::from(u8::from(truth))),
            _ => cells.truncate(start),
        }
    }
    Ok((cells, targets))
}

impl LogisticFit {
    /// The probability of the outcome, given a number for each column, in order.
    ///
    /// # Errors
    /// `InvalidArgument` for another number of numbers.
    pub fn probability(&self, row: &[f64]) -> Result<f64> {
        let (intercept, coefficients) =
            self.coefficients.split_first().map_or((0.0, &[][..]), |(one, rest)| (one.value, rest));
        if row.len() != coefficients.len() {
            return Err(invalid_argument(format!("{} numbers for {} columns", row.len(), coefficients.len())));
        }
        Ok(logistic(coefficients.iter().zip(row).fold(intercept, |sum, (one, cell)| sum + one.value * cell)))
    }

    /// The probability of the outcome for each row of a table, as `probability`; unknown where something is.
    ///
    /// # Errors
    /// `UnknownName` and `TypeMismatch` for the columns.
    pub fn score(&self, table: &Table) -> Result<Table> {
        let names = self.coefficients.iter().skip(1).map(|one| one.name.as_str());
        let columns = names.map(|name| Ok((name, table.column(name)?))).collect::<Result<Vec<_>>>()?;
        let one = |row: usize| {
            let cells =
                columns.iter().map(|(name, column)| number(column, name, row)).collect::<Result<Option<Vec<_>>>>()?;
            cells.map(|cells| self.probability(&cells)).transpose()
        };
        let probabilities = (0..table.row_count()).map(one).collect::<Result<Vec<_>>>()?;
        Table::new(table.row_count()).with("probability", probabilities)
    }

    /// A row per coefficient: `column`, `value`, `standard_error`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.coefficients;
        Table::new(rows.len())
            .with("column", rows.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|one| one.value).collect::<Vec<_>>())?
            .with("standard_error", rows.iter().map(|one| one.standard_error).collect::<Vec<_>>())
    }

    /// One row: `log_likelihood`, `row_count`, `left_out_count`, `positive_count`, `iteration_count`, `converged`,
    /// `separated`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("log_likelihood", vec![self.log_likelihood])?
            .with("row_count", vec![self.row_count as i64])?
            .with("left_out_count", vec![self.left_out_count as i64])?
            .with("positive_count", vec![self.positive_count as i64])?
            .with("iteration_count", vec![self.iteration_count])?
            .with("converged", vec![self.converged])?
            .with("separated", vec![self.separated])
    }
}
