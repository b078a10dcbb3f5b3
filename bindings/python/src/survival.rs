//! Survival analysis: how long lives last, whether groups differ, and what raises the risk.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::error::{Error, ErrorKind};
use userops::survival::{self as core, CoxOptions, LogRankOptions, SurvivalCurve, SurvivalOptions};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;

/// The share of lives that is left after each time, by group.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Survival {
    survival: core::Survival,
}

impl Survival {
    /// The curve of a group; of all rows where there are no groups.
    fn curve(&self, group: Option<&str>) -> Result<&SurvivalCurve> {
        let mut groups = self.survival.groups.iter();
        let found = groups.find(|one| one.group.as_deref() == group);
        found.map(|one| &one.curve).ok_or_else(|| {
            let known: Vec<&str> = self.survival.groups.iter().filter_map(|one| one.group.as_deref()).collect();
            let message = format!("there is no group {group:?}; known: {known:?}");
            Error::new(ErrorKind::UnknownName, message).into()
        })
    }
}

#[pymethods]
impl Survival {
    /// The options that the curves were estimated with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.survival.options)
    }

    /// The groups, in order; one that is None where all rows are one.
    #[getter]
    fn groups(&self) -> Vec<Option<String>> {
        self.survival.groups.iter().map(|one| one.group.clone()).collect()
    }

    /// Rows that are left out because something is unknown of them.
    #[getter]
    fn left_out_count(&self) -> u64 {
        self.survival.left_out_count
    }

    /// A row per group and time.
    fn to_table(&self) -> Result<Table> {
        Ok(self.survival.to_table()?.into())
    }

    /// A row per group: counts, median and quartiles, restricted mean.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.survival.to_summary_table()?.into())
    }

    /// The share that lasts longer than a time.
    #[pyo3(signature = (time, group=None))]
    fn survival_at(&self, time: f64, group: Option<&str>) -> Result<Option<f64>> {
        Ok(self.curve(group)?.survival_at(time))
    }

    /// When a share of lives has ended, with its interval.
    #[pyo3(signature = (ratio, group=None))]
    fn quantile<'py>(&self, py: Python<'py>, ratio: f64, group: Option<&str>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.curve(group)?.quantile(ratio))
    }

    /// The mean of lives that are cut off at a time, with its error and interval.
    #[pyo3(signature = (until, group=None))]
    fn restricted_mean<'py>(&self, py: Python<'py>, until: f64, group: Option<&str>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.curve(group)?.restricted_mean(until)?)
    }

    fn __repr__(&self) -> String {
        let rows: u64 = self.survival.groups.iter().map(|one| one.curve.row_count).sum();
        format!("<Survival: {rows} lives in {} groups>", self.survival.groups.len())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.survival)?,))?)
    }

    /// The curves of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { survival: data::from_text("survival", text)? })
    }
}

/// Whether groups differ in how long they last.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRank {
    test: core::LogRank,
}

#[pymethods]
impl LogRank {
    /// The options of the test.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.test.options)
    }

    /// The statistic.
    #[getter]
    fn chi_square(&self) -> f64 {
        self.test.chi_square
    }

    /// Its degrees of freedom.
    #[getter]
    fn degrees(&self) -> u32 {
        self.test.degrees
    }

    /// The probability of such a statistic or a greater one where the groups are alike.
    #[getter]
    fn p_value(&self) -> Option<f64> {
        self.test.p_value
    }

    /// Rows that are left out because something is unknown of them.
    #[getter]
    fn left_out_count(&self) -> u64 {
        self.test.left_out_count
    }

    /// A row per group: events as they are, and as they would be if all were alike.
    fn to_table(&self) -> Result<Table> {
        Ok(self.test.to_table()?.into())
    }

    /// One row: the statistic, its degrees of freedom, its p-value.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.test.to_summary_table()?.into())
    }

    fn __repr__(&self) -> String {
        let test = &self.test;
        format!("<LogRank: chi² {} of {} degrees, p {:?}>", test.chi_square, test.degrees, test.p_value)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.test)?,))?)
    }

    /// The test of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { test: data::from_text("log-rank test", text)? })
    }
}

/// By how much covariates raise or lower the risk.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CoxFit {
    fit: core::CoxFit,
}

#[pymethods]
impl CoxFit {
    /// The options that the model was fitted with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.options)
    }

    /// A dict for each covariate.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.coefficients)
    }

    /// The logarithm of the partial likelihood.
    #[getter]
    fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood
    }

    /// How often the life with the greater risk is the shorter.
    #[getter]
    fn concordance_ratio(&self) -> Option<f64> {
        self.fit.concordance_ratio
    }

    /// Rows that are left out because something is unknown of them.
    #[getter]
    fn left_out_count(&self) -> u64 {
        self.fit.left_out_count
    }

    /// A row per covariate.
    fn to_table(&self) -> Result<Table> {
        Ok(self.fit.to_table()?.into())
    }

    /// One row: counts, likelihoods, concordance.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.fit.to_summary_table()?.into())
    }

    fn __len__(&self) -> usize {
        self.fit.coefficients.len()
    }

    fn __repr__(&self) -> String {
        let fit = &self.fit;
        format!(
            "<CoxFit: {} covariates, {} events in {} lives>",
            fit.coefficients.len(),
            fit.event_count,
            fit.row_count
        )
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

/// Estimates how many lives last longer than each time.
#[pyfunction]
#[pyo3(signature = (lives, **options))]
pub(crate) fn estimate_survival(lives: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<Survival> {
    let options: SurvivalOptions = data::read_options("options of survival", options)?;
    let table = Table::read(lives)?;
    Ok(Survival { survival: run(lives.py(), table.row_count(), move || core::estimate_survival(&table, options))?? })
}

/// Asks whether groups differ in how long they last.
#[pyfunction]
#[pyo3(signature = (lives, **options))]
pub(crate) fn compare_survival(lives: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<LogRank> {
    let options: LogRankOptions = data::read_options("options of a log-rank test", options)?;
    let table = Table::read(lives)?;
    Ok(LogRank { test: run(lives.py(), table.row_count(), move || core::compare_survival(&table, options))?? })
}

/// Fits Cox's proportional hazards.
#[pyfunction]
#[pyo3(signature = (lives, **options))]
pub(crate) fn fit_cox(lives: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<CoxFit> {
    let options: CoxOptions = data::read_options("options of a fit", options)?;
    let table = Table::read(lives)?;
    Ok(CoxFit { fit: run(lives.py(), table.row_count(), move || core::fit_cox(&table, options))?? })
}
