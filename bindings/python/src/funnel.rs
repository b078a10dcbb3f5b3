//! Funnels: how many users come how far through some steps, and how long it takes them.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::funnel::{self as core, Breakdown, Funnel, FunnelPreset, FunnelStep};
use userops::time::{Span, Timestamp};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::segment::Segment;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// How many come how far.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct Conversion {
    log: Py<EventLog>,
    conversion: Arc<core::Conversion>,
}

impl PartialEq for Conversion {
    fn eq(&self, other: &Self) -> bool {
        self.conversion == other.conversion && self.log.get().is_same(other.log.get())
    }
}

impl Conversion {
    fn measure(log: &Bound<'_, EventLog>, as_of: Timestamp, funnel: Funnel) -> Result<Self> {
        let conversion = run_on_log(log, move |frozen| core::measure_conversion(frozen, as_of, &funnel))?;
        Ok(Self { log: log.clone().unbind(), conversion: Arc::new(conversion) })
    }
}

#[pymethods]
impl Conversion {
    /// The instant of evaluation.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.conversion.as_of)
    }

    /// The funnel, as a dict.
    #[getter]
    fn funnel<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.conversion.funnel)
    }

    /// How many entries there are.
    #[getter]
    fn entry_count(&self) -> u64 {
        self.conversion.entry_count()
    }

    /// How many of them are still open.
    #[getter]
    fn pending_count(&self) -> u64 {
        self.conversion.pending_count()
    }

    /// The share that converted, as a dict.
    #[getter]
    fn converted<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.conversion.converted())
    }

    /// The share that converted of those that are not pending, as a dict.
    #[getter]
    fn converted_of_settled<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.conversion.converted_of_settled())
    }

    /// A row per step.
    fn to_table(&self) -> Result<Table> {
        Ok(self.conversion.to_table()?.into())
    }

    /// A row per user: the level of the best entry.
    fn user_levels(&self) -> Result<Table> {
        Ok(self.conversion.user_table(&self.log.get().log)?.into())
    }

    fn __repr__(&self) -> String {
        let converted = self.conversion.converted();
        let steps = self.conversion.funnel.steps.len();
        format!("<Conversion of {} in {} through {steps} steps>", converted.count, converted.of_count)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let funnel = data::to_text(&self.conversion.funnel)?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.conversion.as_of.to_string(), funnel))?)
    }

    /// The conversion that pickling has noted the log, instant and funnel of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, funnel: &str) -> Result<Self> {
        Self::measure(log, as_of.0, data::from_text("funnel", funnel)?)
    }
}

/// Counts how many users come how far through a funnel.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **funnel))]
pub(crate) fn measure_conversion(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    funnel: Option<&Bound<'_, PyDict>>,
) -> Result<Conversion> {
    Conversion::measure(log, as_of.0, data::read_options("funnel", funnel)?)
}

/// The entries of one user, as dicts.
#[pyfunction]
#[pyo3(signature = (log, user, *, as_of, **funnel))]
pub(crate) fn trace_funnel<'py>(
    log: &Bound<'py, EventLog>,
    user: &Bound<'py, PyAny>,
    as_of: AsOf,
    funnel: Option<&Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let funnel: Funnel = data::read_options("funnel", funnel)?;
    let frozen = &log.get().log;
    let user = value::find_user(frozen, user)?;
    data::write(log.py(), &core::trace_funnel(frozen, user, as_of.0, &funnel)?)
}

/// Conversion by the calendar period in which entries began.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, period, **funnel))]
pub(crate) fn trend_conversion(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    period: &Bound<'_, PyAny>,
    funnel: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let (period, funnel): (_, Funnel) = (data::read("period", period)?, data::read_options("funnel", funnel)?);
    let trend = run_on_log(log, move |frozen| core::trend_conversion(frozen, as_of.0, &funnel, period))?;
    Ok(trend.to_table()?.into())
}

/// Conversion by the value of an attribute or property.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, by, **funnel))]
pub(crate) fn break_down_conversion(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    by: &Bound<'_, PyAny>,
    funnel: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let (by, funnel): (Breakdown, Funnel) = (data::read("by", by)?, data::read_options("funnel", funnel)?);
    let broken = run_on_log(log, move |frozen| core::break_down_conversion(frozen, as_of.0, &funnel, &by))?;
    Ok(broken.to_table()?.into())
}

/// Compares how two segments come through a funnel.
#[pyfunction]
#[pyo3(signature = (log, first, second, *, as_of, **funnel))]
pub(crate) fn compare_conversion(
    log: &Bound<'_, EventLog>,
    first: &Bound<'_, Segment>,
    second: &Bound<'_, Segment>,
    as_of: AsOf,
    funnel: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let funnel: Funnel = data::read_options("funnel", funnel)?;
    let (first, second) = (first.get().segment.to_bitmap(), second.get().segment.to_bitmap());
    let compare = move |frozen: &_| core::compare_conversion(frozen, as_of.0, &funnel, &first, &second);
    let comparison = run_on_log(log, compare)?;
    Ok(comparison.to_table()?.into())
}

/// A funnel that means what that of another tool means, as a dict of keywords.
#[pyfunction]
pub(crate) fn funnel_preset<'py>(
    py: Python<'py>,
    name: &str,
    steps: &Bound<'py, PyAny>,
    window: &Bound<'py, PyAny>,
) -> Result<Bound<'py, PyAny>> {
    let steps: Vec<FunnelStep> = data::read("steps", steps)?;
    let window: Span = data::read("window", window)?;
    data::write(py, &name.parse::<FunnelPreset>()?.funnel(steps, window))
}

/// How long conversion takes.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct ConversionTimes {
    log: Py<EventLog>,
    times: Arc<core::ConversionTimes>,
}

impl PartialEq for ConversionTimes {
    fn eq(&self, other: &Self) -> bool {
        self.times == other.times && self.log.get().is_same(other.log.get())
    }
}

impl ConversionTimes {
    fn measure(log: &Bound<'_, EventLog>, as_of: Timestamp, funnel: Funnel) -> Result<Self> {
        let times = run_on_log(log, move |frozen| core::time_conversion(frozen, as_of, &funnel))?;
        Ok(Self { log: log.clone().unbind(), times: Arc::new(times) })
    }
}

#[pymethods]
impl ConversionTimes {
    /// A row for the whole and for each step but the first: count and quantiles.
    fn to_table(&self) -> Result<Table> {
        Ok(self.times.to_table()?.into())
    }

    /// How many entries took how long, in bins of one length.
    fn histogram(&self, bin: &Bound<'_, PyAny>) -> Result<Table> {
        Ok(self.times.histogram(data::read::<Span>("bin", bin)?)?.into())
    }

    /// The share that has converted by each time since the start.
    fn curve(&self) -> Result<Table> {
        Ok(self.times.curve_table()?.into())
    }

    fn __repr__(&self) -> String {
        format!("<ConversionTimes of {} entries>", self.times.whole_micros.len())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let funnel = data::to_text(&self.times.funnel)?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.times.as_of.to_string(), funnel))?)
    }

    /// The times that pickling has noted the log, instant and funnel of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, funnel: &str) -> Result<Self> {
        Self::measure(log, as_of.0, data::from_text("funnel", funnel)?)
    }
}

/// How long the entries of a funnel took.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **funnel))]
pub(crate) fn time_conversion(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    funnel: Option<&Bound<'_, PyDict>>,
) -> Result<ConversionTimes> {
    ConversionTimes::measure(log, as_of.0, data::read_options("funnel", funnel)?)
}
