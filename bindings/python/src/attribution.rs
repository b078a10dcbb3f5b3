//! Attribution: which channels conversions are owed to.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::attribution::AttributionOptions;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;

/// What each channel is credited with.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribution {
    attribution: userops::attribution::Attribution,
}

#[pymethods]
impl Attribution {
    /// The options that conversions were attributed with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.attribution.options)
    }

    /// How many conversions count.
    #[getter]
    fn conversion_count(&self) -> u64 {
        self.attribution.conversion_count
    }

    /// How many of them no touch precedes.
    #[getter]
    fn unattributed_count(&self) -> u64 {
        self.attribution.unattributed_count
    }

    /// The amounts of all conversions that count, in minor units.
    #[getter]
    fn value_minor(&self) -> i64 {
        self.attribution.value_minor
    }

    /// Journeys that came to no conversion.
    #[getter]
    fn ended_count(&self) -> u64 {
        self.attribution.ended_count
    }

    /// Journeys that may yet come to one.
    #[getter]
    fn open_count(&self) -> u64 {
        self.attribution.open_count
    }

    /// A dict for each model and channel.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.attribution.rows)
    }

    /// A row per model and channel.
    fn to_table(&self) -> Result<Table> {
        Ok(self.attribution.to_table()?.into())
    }

    /// One row: the conversions and journeys of all channels.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.attribution.to_summary_table()?.into())
    }

    fn __repr__(&self) -> String {
        format!("<Attribution of {} conversions as of {}>", self.attribution.conversion_count, self.attribution.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.attribution)?,))?)
    }

    /// The attribution of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { attribution: data::from_text("attribution", text)? })
    }
}

/// Shares conversions out over channels, by one model or several.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn attribute_conversions(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Attribution> {
    let options: AttributionOptions = data::read_options("options of attribution", options)?;
    let attribution =
        run_on_log(log, move |frozen| userops::attribution::attribute_conversions(frozen, as_of.0, options))?;
    Ok(Attribution { attribution })
}
