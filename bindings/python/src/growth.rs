//! Growth accounting, calendar periods, intervals of shares, and invented logs.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use userops::analytics::growth::GrowthOptions;
use userops::sample::SampleKind;

use crate::data;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{self, AsOf};

/// New, returning, resurrecting and dormant users by calendar period.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn account_growth(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: GrowthOptions = data::read_options("options of growth", options)?;
    let growth = run_on_log(log, move |frozen| userops::analytics::growth::account_growth(frozen, as_of.0, options))?;
    Ok(growth.to_table()?.into())
}

/// The last instants of the calendar periods from the one of `first` to the one of `last`, in the log's zone.
#[pyfunction]
#[pyo3(signature = (log, period, *, first, last))]
pub(crate) fn period_ends<'py>(
    log: &Bound<'py, EventLog>,
    period: &Bound<'py, PyAny>,
    first: AsOf,
    last: AsOf,
) -> Result<Vec<Bound<'py, PyAny>>> {
    let period = data::read("period", period)?;
    let calendar = log.get().log.calendar(last.0);
    let ends = userops::analytics::period::period_ends(period, first.0, last.0, &calendar)?;
    Ok(ends.into_iter().map(|end| time::to_datetime(log.py(), end)).collect::<PyResult<_>>()?)
}

/// Wilson's 95 % interval of a share; nothing where it is of nobody.
#[pyfunction]
pub(crate) fn wilson_interval(count: u64, of_count: u64) -> Result<Option<(f64, f64)>> {
    if count > of_count {
        return Err(invalid_argument(format!("{count} is more than the {of_count} that it is a share of")));
    }
    let interval = userops::analytics::interval::wilson_interval(count, of_count);
    Ok(interval.map(|interval| (interval.low, interval.high)))
}

/// An invented log, the same to the last bit on every machine.
#[pyfunction]
#[pyo3(signature = (kind = "community", **options))]
pub(crate) fn sample_log(py: Python<'_>, kind: &str, options: Option<&Bound<'_, PyDict>>) -> Result<EventLog> {
    let (kind, options) = (kind.parse::<SampleKind>()?, data::read_options("options of samples", options)?);
    Ok(run(py, usize::MAX, move || userops::sample::log(kind, options))??.into())
}

/// The users of an invented log and their attributes, a row per user.
#[pyfunction]
#[pyo3(signature = (kind = "community", **options))]
pub(crate) fn sample_users(py: Python<'_>, kind: &str, options: Option<&Bound<'_, PyDict>>) -> Result<Table> {
    let (kind, options) = (kind.parse::<SampleKind>()?, data::read_options("options of samples", options)?);
    Ok(run(py, usize::MAX, move || userops::sample::users(kind, options))??.into())
}
