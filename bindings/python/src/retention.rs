//! Retention: who of those who started together came back.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::retention::RetentionOptions;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};

/// Cohorts and their retention; parts of disjoint users merge into that of all.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retention {
    retention: userops::retention::Retention,
}

#[pymethods]
impl Retention {
    /// The instant of the answer.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.retention.as_of)
    }

    /// The options that retention was measured with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.retention.options)
    }

    /// How many users have a start.
    #[getter]
    fn user_count(&self) -> u64 {
        self.retention.user_count
    }

    /// A row per cohort and period.
    fn to_table(&self) -> Result<Table> {
        Ok(self.retention.to_table()?.into())
    }

    /// The averages over cohorts: a row per period.
    fn curve(&self) -> Result<Table> {
        Ok(self.retention.curve_table()?.into())
    }

    /// This answer and that of other users together.
    fn merge(&self, other: &Bound<'_, Self>) -> Result<Self> {
        let mut retention = self.retention.clone();
        retention.merge(other.get().retention.clone())?;
        Ok(Self { retention })
    }

    /// The answer as JSON, to be sent and merged elsewhere.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.retention)
    }

    /// Reads what `to_json` has written.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { retention: data::from_text("retention", text)? })
    }

    fn __repr__(&self) -> String {
        format!("<Retention of {} cohorts as of {}>", self.retention.cohorts.len(), self.retention.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (self.to_json()?,))?)
    }
}

/// Measures retention by cohort and period.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn measure_retention(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Retention> {
    let options: RetentionOptions = data::read_options("options of retention", options)?;
    let retention = run_on_log(log, move |frozen| userops::retention::measure_retention(frozen, as_of.0, options))?;
    Ok(Retention { retention })
}

/// Retention user by user.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn retention_of_users(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: RetentionOptions = data::read_options("options of retention", options)?;
    Ok(run_on_log(log, move |frozen| userops::retention::retention_of_users(frozen, as_of.0, options))?.into())
}
