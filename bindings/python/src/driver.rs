//! Drivers: what users who reached a target had done before.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::driver::DriverOptions;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;

/// Candidates beside a target, ranked.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drivers {
    drivers: userops::driver::Drivers,
}

#[pymethods]
impl Drivers {
    /// The options that the drivers were looked for with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.drivers.options)
    }

    /// How many users count, how many of them reached the target, and how many are left out why.
    #[getter]
    fn population<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.drivers.population)
    }

    /// Candidates that are left out because all users have them, or none.
    #[getter]
    fn constant_count(&self) -> u64 {
        self.drivers.constant_count
    }

    /// A dict for each candidate, in order of rank.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.drivers.rows)
    }

    /// A row per candidate, in order of rank.
    fn to_table(&self) -> Result<Table> {
        Ok(self.drivers.to_table()?.into())
    }

    /// One row: how many users count, how many of them reached the target, and how many are left out why.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.drivers.to_summary_table()?.into())
    }

    fn __len__(&self) -> usize {
        self.drivers.rows.len()
    }

    fn __repr__(&self) -> String {
        let (rows, users) = (self.drivers.rows.len(), self.drivers.population.user_count);
        format!("<Drivers: {rows} candidates of {users} users as of {}>", self.drivers.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.drivers)?,))?)
    }

    /// The drivers of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { drivers: data::from_text("drivers", text)? })
    }
}

/// What users who reached a target had done before, and others had not.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn find_drivers(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Drivers> {
    let options: DriverOptions = data::read_options("options of drivers", options)?;
    Ok(Drivers { drivers: run_on_log(log, move |frozen| userops::driver::find_drivers(frozen, as_of.0, options))? })
}
