//! Early warning: who is about to leave, how likely, why, and what it will cost.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::warning::{
    self as core, EvaluationOptions, LogisticOptions, UserFeatures, WarningOptions, WarningRanking,
    WarningScoreOptions, WatchListOptions,
};

use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;
use crate::value;

/// A model that warns: all that is needed to score a user.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WarningModel {
    model: core::WarningModel,
}

#[pymethods]
impl WarningModel {
    /// What is warned of.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.model.options)
    }

    /// A row per user at risk: probability, value, expected loss, reasons.
    #[pyo3(signature = (log, *, as_of, **options))]
    fn score(&self, log: &Bound<'_, EventLog>, as_of: AsOf, options: Option<&Bound<'_, PyDict>>) -> Result<Table> {
        let options: WarningScoreOptions = data::read_options("options of scores", options)?;
        let model = self.model.clone();
        Ok(run_on_log(log, move |frozen| model.score(frozen, as_of.0, options)?.to_table(frozen))?.into())
    }

    /// The users to look after first, and one row of totals.
    #[pyo3(signature = (log, *, as_of, capacity, order = "expected_loss", **options))]
    fn watch_list(
        &self,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        capacity: u64,
        order: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<(Table, Table)> {
        let options: WarningScoreOptions = data::read_options("options of scores", options)?;
        let list = WatchListOptions { capacity, order: data::from_value("order", order.into())? };
        let model = self.model.clone();
        let (table, summary) = run_on_log(log, move |frozen| {
            let list = model.score(frozen, as_of.0, options)?.watch_list(list)?;
            Ok((list.to_table(frozen)?, list.to_summary_table()?))
        })?;
        Ok((table.into(), summary.into()))
    }

    /// The features of one user; None for one who is not at risk.
    #[pyo3(signature = (log, user, *, as_of))]
    fn read_user<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        user: &Bound<'py, PyAny>,
        as_of: AsOf,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let frozen = &log.get().log;
        let features = self.model.read_user(frozen, as_of.0, value::find_user(frozen, user)?)?;
        features.map(|features| data::write(log.py(), &features)).transpose()
    }

    /// The probability of being lost, given one user's features.
    fn probability(&self, features: &Bound<'_, PyAny>) -> Result<f64> {
        Ok(self.model.probability(&data::read::<UserFeatures>("features", features)?))
    }

    /// Why the probability is what it is, given one user's features.
    fn explain(&self, features: &Bound<'_, PyAny>) -> Result<Explanation> {
        Ok(self.model.explain(&data::read::<UserFeatures>("features", features)?).into())
    }

    /// The model as JSON.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.model)
    }

    /// The model of a JSON text.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        let model: core::WarningModel = data::from_text("model", text)?;
        model.check()?;
        Ok(Self { model })
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.model.coefficients.iter().map(|one| one.feature.name()).collect();
        format!("<WarningModel: {} days ahead by {}>", self.model.options.horizon_days, names.join(", "))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (data::to_text(&self.model)?,))?)
    }
}

/// A model that was fitted to a log's past, and how well it did afterwards.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WarningFit {
    fit: core::WarningFit,
}

#[pymethods]
impl WarningFit {
    /// The model.
    #[getter]
    fn model(&self) -> WarningModel {
        WarningModel { model: self.fit.model.clone() }
    }

    /// Whether the fit came to a maximum.
    #[getter]
    fn converged(&self) -> bool {
        self.fit.converged
    }

    /// What is weak: a dict for each.
    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.notes)
    }

    /// A row for the intercept and for each feature.
    fn to_table(&self) -> Result<Table> {
        Ok(self.fit.to_table()?.into())
    }

    /// A row per instant of the past.
    fn to_cut_table(&self) -> Result<Table> {
        Ok(self.fit.to_cut_table()?.into())
    }

    /// A row per ranking: how well it did on held-out users.
    fn to_evaluation_table(&self) -> Result<Table> {
        Ok(self.fit.to_evaluation_table()?.into())
    }

    /// A row per ranking and share of its first places.
    fn to_top_table(&self) -> Result<Table> {
        Ok(self.fit.to_top_table()?.into())
    }

    /// A row per bin: what the model foretold and what was observed.
    fn to_calibration_table(&self) -> Result<Table> {
        Ok(self.fit.to_calibration_table()?.into())
    }

    /// A row for each thing that is weak.
    fn to_note_table(&self) -> Result<Table> {
        Ok(self.fit.to_note_table()?.into())
    }

    fn __repr__(&self) -> String {
        let auc = self.fit.evaluation(WarningRanking::Model).and_then(|one| one.auc);
        let auc = auc.map_or("no AUC".to_owned(), |auc| format!("AUC {auc:.4} on held-out users"));
        format!("<WarningFit: as of {}, {auc}, {} notes>", self.fit.as_of, self.fit.notes.len())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.fit)?,))?)
    }

    /// The fit of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { fit: data::from_text("fit", text)? })
    }
}

/// Learns from a log's own past who will be lost.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn fit_warning(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<WarningFit> {
    let options: WarningOptions = data::read_options("options of a warning", options)?;
    Ok(WarningFit { fit: run_on_log(log, move |frozen| core::fit_warning(frozen, as_of.0, options))? })
}

/// The features of everyone at risk.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn read_warning_features(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: WarningOptions = data::read_options("options of a warning", options)?;
    let read = move |frozen: &userops::log::EventLog| core::read_features(frozen, as_of.0, options)?.to_table(frozen);
    Ok(run_on_log(log, read)?.into())
}

/// How well a ranking did.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RankingEvaluation {
    evaluation: core::RankingEvaluation,
}

#[pymethods]
impl RankingEvaluation {
    /// How many users were ranked.
    #[getter]
    fn user_count(&self) -> u64 {
        self.evaluation.user_count
    }

    /// How many had the outcome.
    #[getter]
    fn positive_count(&self) -> u64 {
        self.evaluation.positive_count
    }

    /// The chance that of two users the one with the outcome has the higher score.
    #[getter]
    fn auc(&self) -> Option<f64> {
        self.evaluation.auc
    }

    /// The mean precision over those with the outcome.
    #[getter]
    fn average_precision(&self) -> Option<f64> {
        self.evaluation.average_precision
    }

    /// The mean squared distance of the probability from the outcome.
    #[getter]
    fn brier_score(&self) -> Option<f64> {
        self.evaluation.brier_score
    }

    /// The mean of −ln of the probability of what came true.
    #[getter]
    fn log_loss(&self) -> Option<f64> {
        self.evaluation.log_loss
    }

    /// The mean distance of what was foretold from what was observed.
    #[getter]
    fn expected_calibration_error(&self) -> Option<f64> {
        self.evaluation.expected_calibration_error
    }

    /// One row: all figures.
    fn to_table(&self) -> Result<Table> {
        Ok(self.evaluation.to_table()?.into())
    }

    /// A row per share of the first places.
    fn to_top_table(&self) -> Result<Table> {
        Ok(self.evaluation.to_top_table()?.into())
    }

    /// A row per bin: what was foretold and what was observed.
    fn to_calibration_table(&self) -> Result<Table> {
        Ok(self.evaluation.to_calibration_table()?.into())
    }

    fn __repr__(&self) -> String {
        let auc = self.evaluation.auc.map_or("none".to_owned(), |auc| format!("{auc:.4}"));
        format!("<RankingEvaluation: {} users, AUC {auc}>", self.evaluation.user_count)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.evaluation)?,))?)
    }

    /// The evaluation of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { evaluation: data::from_text("evaluation", text)? })
    }
}

/// Holds the scores of a table against its outcomes.
#[pyfunction]
#[pyo3(signature = (ranking, **options))]
pub(crate) fn evaluate_ranking(
    ranking: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<RankingEvaluation> {
    let options: EvaluationOptions = data::read_options("options of an evaluation", options)?;
    let table = Table::read(ranking)?;
    let rows = table.row_count();
    let evaluate = move || core::evaluate_ranking_table(&table, &options);
    Ok(RankingEvaluation { evaluation: run(ranking.py(), rows, evaluate)?? })
}

/// A logistic regression that was fitted to a table.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogisticFit {
    fit: core::LogisticFit,
}

#[pymethods]
impl LogisticFit {
    /// A dict for the intercept and for each column.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.coefficients)
    }

    /// Whether the fit came to a maximum.
    #[getter]
    fn converged(&self) -> bool {
        self.fit.converged
    }

    /// Whether the columns tell the outcomes apart without an error.
    #[getter]
    fn separated(&self) -> bool {
        self.fit.separated
    }

    /// The logarithm of the likelihood.
    #[getter]
    fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood
    }

    /// The probability of the outcome for each row.
    fn score(&self, table: &Bound<'_, PyAny>) -> Result<Table> {
        let (fit, read) = (self.fit.clone(), Table::read(table)?);
        Ok(run(table.py(), read.row_count(), move || fit.score(&read))??.into())
    }

    /// A row per coefficient.
    fn to_table(&self) -> Result<Table> {
        Ok(self.fit.to_table()?.into())
    }

    /// One row: likelihood, counts, whether it settled.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.fit.to_summary_table()?.into())
    }

    /// The fit as JSON.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.fit)
    }

    /// The fit of a JSON text.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { fit: data::from_text("fit", text)? })
    }

    fn __repr__(&self) -> String {
        let (fit, columns) = (&self.fit, self.fit.coefficients.len().saturating_sub(1));
        format!("<LogisticFit: {} from {columns} columns, {} rows>", fit.options.outcome, fit.row_count)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (data::to_text(&self.fit)?,))?)
    }
}

/// Fits a logistic regression to the rows of a table.
#[pyfunction]
#[pyo3(signature = (table, **options))]
pub(crate) fn fit_logistic(table: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<LogisticFit> {
    let options: LogisticOptions = data::read_options("options of a fit", options)?;
    let read = Table::read(table)?;
    Ok(LogisticFit { fit: run(table.py(), read.row_count(), move || core::fit_logistic(&read, &options))?? })
}
