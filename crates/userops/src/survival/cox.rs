//! By how much covariates raise or lower the risk: Cox's proportional hazards.

use serde::{Deserialize, Serialize};

use super::concordance::concordance;
use super::life::Lives;
use super::newton::{Covariates, NoMaximum, maximise};
use super::options::{COVARIATES_MAX, CoxOptions};
use crate::analytics::distribution::{chi_square_tail, normal_tails};
use crate::analytics::interval::{Interval, Z_95};
use crate::column::Column;
use crate::error::{Error, Result, empty, invalid_argument, limit_exceeded, type_mismatch};
use crate::table::Table;

/// One covariate: by how much one more of it multiplies the risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoxCoefficient {
    /// The column.
    pub covariate: String,
    /// The logarithm of the hazard ratio.
    pub coefficient: f64,
    /// Its standard error, by the observed information.
    pub standard_error: f64,
    /// The coefficient in standard errors.
    pub z: f64,
    /// The probability of such a z, or one farther from 0, where the covariate plays no part (Wald).
    pub p_value: f64,
    /// The ratio of the risks of two lives that differ by one in this covariate alone.
    pub hazard_ratio: f64,
    /// The 95 % interval of the ratio.
    pub interval: Interval,
}

/// A fit of Cox's model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoxFit {
    /// What was asked for.
    pub options: CoxOptions,
    /// The covariates, in the order of the options.
    pub coefficients: Vec<CoxCoefficient>,
    /// How many lives there are.
    pub row_count: u64,
    /// How many of them the event ended.
    pub event_count: u64,
    /// Rows that are left out because something is unknown of them.
    pub left_out_count: u64,
    /// The logarithm of the partial likelihood.
    pub log_likelihood: f64,
    /// The same without covariates.
    pub null_log_likelihood: f64,
    /// Twice the difference of the two.
    pub likelihood_ratio: f64,
    /// The probability of such a ratio, or a greater one, where no covariate plays a part.
    pub likelihood_ratio_p_value: f64,
    /// How often the life with the greater risk is the shorter, of pairs that can be told; `None` where there is none.
    pub concordance_ratio: Option<f64>,
    /// How many steps the fit took.
    pub iteration_count: u32,
}

/// Fits Cox's proportional hazards to the rows of a table.
///
/// The risk of a life at any time is a common one times exp(Σ βⱼ xⱼ): Cox, "Regression Models and Life-Tables",
/// Journal of the Royal Statistical Society B 34 (1972), 187–220. The coefficients maximise the partial likelihood,
/// with ties in the manner of Efron (1977), by Newton's method. Rows as in
/// [`estimate_survival`](super::estimate_survival). Takes O(n log n), and O(n p²) a step.
///
/// # Errors
/// Those of [`estimate_survival`](super::estimate_survival); `TypeMismatch` for a covariate that is no number;
/// `InvalidArgument` for one that is constant among those at risk, that others make up, or that separates those with
/// the event from those without, so that its coefficient has no finite value; `Empty` without events; `LimitExceeded`
/// for more than [`COVARIATES_MAX`] covariates.
pub fn fit_cox(table: &Table, options: impl Into<CoxOptions>) -> Result<CoxFit> {
    let mut options = options.into();
    if options.covariates.is_empty() {
        let others = table.columns().map(|(name, _)| name);
        let others = others.filter(|name| *name != options.duration && *name != options.event);
        options.covariates = others.map(str::to_owned).collect();
    }
    let names = &options.covariates;
    let columns = covariate_columns(table, &options)?;
    let lives = Lives::read(table, &options.duration, &options.event, &columns)?;
    if lives.event_count() == 0 {
        return Err(empty(format!("none of {} lives ended by the event: there is no risk to explain", lives.len())));
    }
    let (covariates, deviations) = standardise(&lives, &columns, names)?;
    let maximum = maximise(&lives, &covariates).map_err(|why| no_maximum(&why, names))?;
    let errors: Vec<f64> = maximum.triangle.inverse_diagonal().into_iter().map(f64::sqrt).collect();
    let coefficient = |(index, covariate): (usize, &String)| {
        let coefficient = maximum.beta[index] / deviations[index];
        let standard_error = errors[index] / deviations[index];
        let half = Z_95 * standard_error;
        let z = maximum.beta[index] / errors[index];
        CoxCoefficient {
            covariate: covariate.clone(),
            coefficient,
            standard_error,
            z,
            p_value: normal_tails(z),
            hazard_ratio: ratio_of(coefficient),
            interval: Interval { low: ratio_of(coefficient - half), high: ratio_of(coefficient + half) },
        }
    };
    let likelihood_ratio = (2.0 * (maximum.log_likelihood - maximum.null_log_likelihood)).max(0.0);
    Ok(CoxFit {
        coefficients: names.iter().enumerate().map(coefficient).collect(),
        row_count: lives.len() as u64,
        event_count: lives.event_count(),
        left_out_count: lives.left_out_count,
        log_likelihood: maximum.log_likelihood,
        null_log_likelihood: maximum.null_log_likelihood,
        likelihood_ratio,
        likelihood_ratio_p_value: chi_square_tail(likelihood_ratio, names.len() as u32),
        concordance_ratio: concordance(&lives, &covariates.log_risks(&maximum.beta)),
        iteration_count: maximum.iteration_count,
        options,
    })
}

/// A ratio is a number also where a covariate of tiny unit makes it too large for one.
fn ratio_of(log: f64) -> f64 {
    libm::exp(log).min(f64::MAX)
}

fn covariate_columns<'a>(table: &'a Table, options: &CoxOptions) -> Result<Vec<&'a Column>> {
    let names = &options.covariates;
    if names.is_empty() {
        return Err(empty("the table has no column beside duration and event: there is no covariate to fit"));
    }
    if names.len() > COVARIATES_MAX {
        let message = format!("{} covariates are more than the limit {COVARIATES_MAX}", names.len());
        return Err(limit_exceeded(message));
    }
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            return Err(invalid_argument(format!("the covariate {name:?} is named twice")));
        }
        if *name == options.duration || *name == options.event {
            return Err(invalid_argument(format!("{name:?} is what is to be explained, and no covariate")));
        }
    }
    let column = |name: &String| match table.column(name)? {
        column @ (Column::Integer(_) | Column::Float(_) | Column::Bool(_)) => Ok(column),
        other => Err(type_mismatch(format!(
            "the covariate {name:?} is of type {}, where numbers or booleans are needed: give each of its values but \
             one a column of 1 and 0, or leave it out by naming the covariates",
            other.value_type()
        ))),
    };
    names.iter().map(column).collect()
}

/// The covariates with mean 0 and deviation 1, and their deviations. That keeps sums of products exact.
fn standardise(lives: &Lives, columns: &[&Column], names: &[String]) -> Result<(Covariates, Vec<f64>)> {
    let count = columns.len();
    let mut cells = vec![0.0; lives.len() * count];
    let mut deviations = Vec::with_capacity(count);
    for (index, (column, name)) in columns.iter().zip(names).enumerate() {
        let values: Vec<f64> = lives.rows.iter().map(|row| number(column, *row)).collect();
        if let Some(odd) = values.iter().find(|value| !value.is_finite()) {
            return Err(invalid_argument(format!("the covariate {name:?} is {odd} in a row: leave such rows unknown")));
        }
        let len = values.len() as f64;
        let mean = values.iter().map(|value| value / len).sum::<f64>();
        let deviation = (values.iter().map(|value| (value - mean) * (value - mean) / len).sum::<f64>()).sqrt();
        if values.iter().all(|value| *value == values[0]) || deviation == 0.0 {
            return Err(invalid_argument(format!(
                "the covariate {name:?} is {} in all {} rows: what never differs explains nothing, leave it out",
                values[0],
                values.len()
            )));
        }
        if !deviation.is_finite() {
            return Err(invalid_argument(format!(
                "the covariate {name:?} has values that are too large: scale it down"
            )));
        }
        deviations.push(deviation);
        for (life, value) in values.iter().enumerate() {
            cells[life * count + index] = (value - mean) / deviation;
        }
    }
    Ok((Covariates { count, cells }, deviations))
}

fn number(column: &Column, row: usize) -> f64 {
    match column {
        Column::Integer(values) => values.get(row).map_or(f64::NAN, |value| value as f64),
        Column::Float(values) => values.get(row).unwrap_or(f64::NAN),
        Column::Bool(values) => values.get(row).map_or(f64::NAN, |value| f64::from(u8::from(value))),
        _ => f64::NAN,
    }
}

fn no_maximum(why: &NoMaximum, names: &[String]) -> Error {
    invalid_argument(match why {
        NoMaximum::Redundant(0) => format!(
            "the covariate {:?} never differs among those at risk when an event happens: leave it out",
            names[0]
        ),
        NoMaximum::Redundant(index) => format!(
            "the covariate {:?} never differs among those at risk, or is a combination of those before it ({}): leave \
             one of them out",
            names[*index],
            names[..*index].join(", ")
        ),
        NoMaximum::Separated(index) => format!(
            "the covariate {:?} separates those with the event from those without, so that its hazard ratio is 0 or \
             infinite: leave it out, or merge its values",
            names[*index]
        ),
        NoMaximum::Unsettled(steps) => format!(
            "the fit has not settled after {steps} steps: leave out covariates that hardly differ, or nearly repeat \
             others"
        ),
    })
}

impl CoxFit {
    /// A row per covariate: `covariate`, `coefficient`, `standard_error`, `z`, `p_value`, `hazard_ratio`,
    /// `hazard_ratio_low`, `hazard_ratio_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.coefficients;
        let floats = |value: fn(&CoxCoefficient) -> f64| rows.iter().map(value).collect::<Vec<_>>();
        Table::new(rows.len())
            .with("covariate", rows.iter().map(|one| one.covariate.as_str()).collect::<Vec<_>>())?
            .with("coefficient", floats(|one| one.coefficient))?
            .with("standard_error", floats(|one| one.standard_error))?
            .with("z", floats(|one| one.z))?
            .with("p_value", floats(|one| one.p_value))?
            .with("hazard_ratio", floats(|one| one.hazard_ratio))?
            .with("hazard_ratio_low", floats(|one| one.interval.low))?
            .with("hazard_ratio_high", floats(|one| one.interval.high))
    }

    /// One row: `row_count`, `event_count`, `left_out_count`, `log_likelihood`, `null_log_likelihood`,
    /// `likelihood_ratio`, `likelihood_ratio_p_value`, `concordance_ratio`, `iteration_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("row_count", vec![self.row_count as i64])?
            .with("event_count", vec![self.event_count as i64])?
            .with("left_out_count", vec![self.left_out_count as i64])?
            .with("log_likelihood", vec![self.log_likelihood])?
            .with("null_log_likelihood", vec![self.null_log_likelihood])?
            .with("likelihood_ratio", vec![self.likelihood_ratio])?
            .with("likelihood_ratio_p_value", vec![self.likelihood_ratio_p_value])?
            .with("concordance_ratio", vec![self.concordance_ratio])?
            .with("iteration_count", vec![self.iteration_count])
    }
}
