//! Series of measures, and of who the users are, by calendar period.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use userops::series::{PortraitSeriesOptions, SeriesOptions};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::AsOf;

/// Measures of events per calendar period, with what was to be expected.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn build_series(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: SeriesOptions = data::read_options("options of series", options)?;
    let table = run_on_log(log, move |frozen| userops::series::build_series(frozen, as_of.0, options)?.to_table())?;
    Ok(table.into())
}

/// Who the active users of each calendar period are, by an attribute.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn build_portrait_series(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: PortraitSeriesOptions = data::read_options("options of portraits over time", options)?;
    let table =
        run_on_log(log, move |frozen| userops::series::build_portrait_series(frozen, as_of.0, options)?.to_table())?;
    Ok(table.into())
}
