//! The churn standard: after how much silence a user is lost.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::churn::{self as core, ChurnOptions};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;

/// After how much silence a user is lost, and what that rests on.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChurnStandard {
    standard: core::ChurnStandard,
}

#[pymethods]
impl ChurnStandard {
    /// The options that the standard was set with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.standard.options)
    }

    /// A user who has been silent for more than so many days is lost.
    #[getter]
    fn threshold_days(&self) -> u32 {
        self.standard.threshold_days
    }

    /// How many users are lost.
    #[getter]
    fn lost_count(&self) -> u64 {
        self.standard.lost_count
    }

    /// Users with an active day.
    #[getter]
    fn user_count(&self) -> u64 {
        self.standard.user_count
    }

    /// Why to read the standard with care.
    #[getter]
    fn weaknesses(&self) -> Vec<&'static str> {
        self.standard.weaknesses.iter().map(|weakness| weakness.name()).collect()
    }

    /// A row per number of silent days: how likely a return is after them.
    fn to_table(&self) -> Result<Table> {
        Ok(self.standard.to_table()?.into())
    }

    /// A row per threshold: the one that was picked, those of other rules, and shifted ones.
    fn to_threshold_table(&self) -> Result<Table> {
        Ok(self.standard.to_threshold_table()?.into())
    }

    /// One row: the threshold, counts, quantiles of gaps, weaknesses.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.standard.to_summary_table()?.into())
    }

    fn __repr__(&self) -> String {
        let standard = &self.standard;
        format!(
            "<ChurnStandard: lost after {} days ({}), {} of {} users as of {}>",
            standard.threshold_days, standard.options.rule, standard.lost_count, standard.user_count, standard.as_of
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.standard)?,))?)
    }

    /// The standard of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { standard: data::from_text("churn standard", text)? })
    }
}

/// The gaps between active days of some users, counted by length.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChurnGaps {
    gaps: core::ChurnGaps,
}

#[pymethods]
impl ChurnGaps {
    /// Users with an active day.
    #[getter]
    fn user_count(&self) -> u64 {
        self.gaps.user_count
    }

    /// How many users have been silent for more than so many days.
    fn lost_count(&self, threshold_days: u32) -> u64 {
        self.gaps.lost_count(threshold_days)
    }

    /// The gaps of these users and of others.
    fn merge(&self, other: &Self) -> Result<Self> {
        Ok(Self { gaps: self.gaps.merge(&other.gaps)? })
    }

    /// The churn standard of these gaps.
    #[pyo3(signature = (**options))]
    fn standard(&self, options: Option<&Bound<'_, PyDict>>) -> Result<ChurnStandard> {
        let options: ChurnOptions = data::read_options("options of a churn standard", options)?;
        Ok(ChurnStandard { standard: self.gaps.standard(options)? })
    }

    fn __repr__(&self) -> String {
        format!("<ChurnGaps: {} users as of {}>", self.gaps.user_count, self.gaps.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.gaps)?,))?)
    }

    /// The gaps of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { gaps: data::from_text("gaps", text)? })
    }
}

/// Sets the churn standard of a log.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn set_churn_standard(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<ChurnStandard> {
    let options: ChurnOptions = data::read_options("options of a churn standard", options)?;
    Ok(ChurnStandard { standard: run_on_log(log, move |frozen| core::set_churn_standard(frozen, as_of.0, options))? })
}

/// Counts the gaps between active days of a log.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn collect_gaps(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<ChurnGaps> {
    let options: ChurnOptions = data::read_options("options of a churn standard", options)?;
    Ok(ChurnGaps { gaps: run_on_log(log, move |frozen| core::ChurnGaps::collect(frozen, as_of.0, &options))? })
}
