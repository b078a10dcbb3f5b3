//! How sure the parameters of a fit are, and what is weak about them.

use serde::{Deserialize, Serialize};

use super::fit::FittedParameter;
use super::newton::{LOG_MAX, Maximum, PARAMETERS_MAX, cell, cholesky, solve};
use super::options::BtydModelKind;
use crate::error::Result;
use crate::table::Table;

/// With a greater error of its logarithm a parameter may as well be seven times greater or less (95 %).
pub const LOG_ERROR_MAX: f64 = 1.0;
/// With a greater correlation of their logarithms only a combination of two parameters is known.
pub const CORRELATION_MAX: f64 = 0.99;
/// So near to a bound, in logarithms, a parameter is at it.
const BOUND_DISTANCE: f64 = 0.5;

/// What can be weak about a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FitNoteKind {
    /// No maximum was reached in the steps allowed.
    Unsettled,
    /// A parameter runs away to 0 or to infinity: the likelihood has no maximum.
    AtBound,
    /// The data say next to nothing of some combination of parameters: there are no standard errors.
    Undetermined,
    /// The data hardly say how great a parameter is.
    WideError,
    /// Two parameters can be told only together.
    Correlated,
}

impl FitNoteKind {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsettled => "unsettled",
            Self::AtBound => "at_bound",
            Self::Undetermined => "undetermined",
            Self::WideError => "wide_error",
            Self::Correlated => "correlated",
        }
    }
}

/// Something that is weak about a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitNote {
    /// What.
    pub kind: FitNoteKind,
    /// The parameter, where it is one; of two the first.
    pub parameter: Option<String>,
    /// The same in words, with the way out.
    pub message: String,
}

impl FitNote {
    /// A row per note: `kind`, `parameter`, `message`.
    pub(crate) fn table(notes: &[Self]) -> Result<Table> {
        Table::new(notes.len())
            .with("kind", notes.iter().map(|note| note.kind.name()).collect::<Vec<_>>())?
            .with("parameter", notes.iter().map(|note| note.parameter.as_deref()).collect::<Vec<_>>())?
            .with("message", notes.iter().map(|note| note.message.as_str()).collect::<Vec<_>>())
    }
}

/// All that the curvature at the maximum says.
pub(super) struct Report {
    pub(super) parameters: Vec<FittedParameter>,
    pub(super) covariance: Option<Vec<Vec<f64>>>,
    pub(super) condition: Option<f64>,
    pub(super) notes: Vec<FitNote>,
}

pub(super) fn report(maximum: &Maximum, model: BtydModelKind) -> Report {
    let names = model.parameter_names();
    let count = names.len();
    let log_covariance = inverse(maximum, count);
    let error = |index: usize| log_covariance.as_ref().map(|cells| cells[index][index].sqrt());
    let parameter = |(index, name): (usize, &&str)| FittedParameter {
        name: (*name).to_owned(),
        value: maximum.parameters[index],
        standard_error: error(index).map(|error| error * maximum.parameters[index]),
        log_standard_error: error(index),
    };
    let parameters: Vec<FittedParameter> = names.iter().enumerate().map(parameter).collect();
    let covariance = log_covariance.as_ref().map(|cells| {
        let cell =
            |row: usize, column: usize| cells[row][column] * maximum.parameters[row] * maximum.parameters[column];
        (0..count).map(|row| (0..count).map(|column| cell(row, column)).collect()).collect()
    });
    let condition = log_covariance.as_ref().and_then(|_| condition(maximum, count));
    let notes = notes(maximum, names, log_covariance.as_ref());
    Report { parameters, covariance, condition, notes }
}

type Matrix = [[f64; PARAMETERS_MAX]; PARAMETERS_MAX];

/// The covariance of the logarithms, where the curvature is that of a maximum.
fn inverse(maximum: &Maximum, count: usize) -> Option<Matrix> {
    let triangle = cholesky(&maximum.information, count)?;
    let mut found = [[0.0; PARAMETERS_MAX]; PARAMETERS_MAX];
    for (row, cells) in found.iter_mut().enumerate().take(count) {
        let mut unit = [0.0; PARAMETERS_MAX];
        unit[row] = 1.0;
        *cells = solve(&triangle, &unit, count);
    }
    let finite = found[..count].iter().all(|cells| cells[..count].iter().all(|cell| cell.is_finite()));
    finite.then_some(found)
}

/// The ratio of the greatest and the least eigenvalue of the information, by Jacobi's rotations.
fn condition(maximum: &Maximum, count: usize) -> Option<f64> {
    let mut matrix: Matrix = [[0.0; PARAMETERS_MAX]; PARAMETERS_MAX];
    for (row, cells) in matrix.iter_mut().enumerate() {
        for (column, value) in cells.iter_mut().enumerate() {
            *value = maximum.information[cell(row, column)];
        }
    }
    for _ in 0..30 {
        for p in 0..count {
            for q in p + 1..count {
                rotate(&mut matrix, p, q, count);
            }
        }
    }
    let values = (0..count).map(|row| matrix[row][row]);
    let (least, greatest) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    (least > 0.0).then(|| greatest / least)
}

/// Turns the axes p and q so that the matrix has no cell between them.
fn rotate(matrix: &mut Matrix, p: usize, q: usize, count: usize) {
    if matrix[p][q] == 0.0 {
        return;
    }
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for row in matrix.iter_mut().take(count) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    let (first, second) = (matrix[p], matrix[q]);
    matrix[p] = std::array::from_fn(|column| cosine * first[column] - sine * second[column]);
    matrix[q] = std::array::from_fn(|column| sine * first[column] + cosine * second[column]);
}

fn notes(maximum: &Maximum, names: &[&str], log_covariance: Option<&Matrix>) -> Vec<FitNote> {
    let mut notes = Vec::new();
    let mut note = |kind: FitNoteKind, parameter: Option<&str>, message: String| {
        notes.push(FitNote { kind, parameter: parameter.map(str::to_owned), message });
    };
    if !maximum.converged {
        let steps = maximum.iteration_count;
        let message = format!("no maximum after {steps} steps: allow more, or take a ridge");
        note(FitNoteKind::Unsettled, None, message);
    }
    for (index, name) in names.iter().enumerate() {
        let value = maximum.parameters[index];
        if libm::log(value).abs() > LOG_MAX - BOUND_DISTANCE {
            let message = format!("{name} runs away ({value:.0e}): the likelihood has no maximum; take a ridge");
            note(FitNoteKind::AtBound, Some(name), message);
        }
    }
    let Some(covariance) = log_covariance else {
        let message = "the data leave some combination of parameters open: there are no standard errors; take a ridge, or \
                       more customers";
        note(FitNoteKind::Undetermined, None, message.to_owned());
        return notes;
    };
    for (index, name) in names.iter().enumerate() {
        let error = covariance[index][index].sqrt();
        if error > LOG_ERROR_MAX {
            let value = maximum.parameters[index];
            let message = format!(
                "{name} is {value:.3e}, and may as well be e^{error:.1} times greater or less: the data hardly settle it"
            );
            note(FitNoteKind::WideError, Some(name), message);
        }
    }
    for (row, name) in names.iter().enumerate() {
        for (column, other) in names.iter().enumerate().skip(row + 1) {
            let correlation = covariance[row][column] / (covariance[row][row] * covariance[column][column]).sqrt();
            if correlation.abs() > CORRELATION_MAX {
                let message = format!("{name} and {other} go together ({correlation:.4}): only both at once are known");
                note(FitNoteKind::Correlated, Some(name), message);
            }
        }
    }
    notes
}
