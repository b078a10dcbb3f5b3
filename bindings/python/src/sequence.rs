//! Sequences: how often events come in a pattern, and what comes next.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::sequence::{self as core, NextQuery, Pattern};
use userops::time::Timestamp;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// How often a pattern is matched.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct SequenceCounts {
    log: Py<EventLog>,
    counts: Arc<core::SequenceCounts>,
}

impl PartialEq for SequenceCounts {
    fn eq(&self, other: &Self) -> bool {
        self.counts == other.counts && self.log.get().is_same(other.log.get())
    }
}

impl SequenceCounts {
    fn count(log: &Bound<'_, EventLog>, as_of: Timestamp, pattern: Pattern) -> Result<Self> {
        let counts = run_on_log(log, move |frozen| core::count_sequences(frozen, as_of, &pattern))?;
        Ok(Self { log: log.clone().unbind(), counts: Arc::new(counts) })
    }
}

#[pymethods]
impl SequenceCounts {
    /// The instant of evaluation.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.counts.as_of)
    }

    /// All matches of all users.
    #[getter]
    fn match_count(&self) -> u64 {
        self.counts.match_count
    }

    /// The users with a match, of those with an event, as a dict.
    #[getter]
    fn users<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.counts.users)
    }

    /// How many users have how many matches.
    fn to_table(&self) -> Result<Table> {
        Ok(self.counts.to_table()?.into())
    }

    /// A row per user: the number of matches.
    fn user_counts(&self) -> Result<Table> {
        Ok(self.counts.user_table(&self.log.get().log)?.into())
    }

    fn __repr__(&self) -> String {
        format!("<SequenceCounts of {} matches of {} users>", self.counts.match_count, self.counts.users.count)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let pattern = data::to_text(&self.counts.pattern)?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.counts.as_of.to_string(), pattern))?)
    }

    /// The counts that pickling has noted the log, instant and pattern of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, pattern: &str) -> Result<Self> {
        Self::count(log, as_of.0, data::from_text("pattern", pattern)?)
    }
}

/// Counts the matches of a pattern that do not overlap, by user.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **pattern))]
pub(crate) fn count_sequences(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    pattern: Option<&Bound<'_, PyDict>>,
) -> Result<SequenceCounts> {
    SequenceCounts::count(log, as_of.0, data::read_options("pattern", pattern)?)
}

/// The rows of the events of each match of one user.
#[pyfunction]
#[pyo3(signature = (log, user, *, as_of, **pattern))]
pub(crate) fn trace_sequence(
    log: &Bound<'_, EventLog>,
    user: &Bound<'_, PyAny>,
    as_of: AsOf,
    pattern: Option<&Bound<'_, PyDict>>,
) -> Result<Vec<Vec<u64>>> {
    let pattern: Pattern = data::read_options("pattern", pattern)?;
    let frozen = &log.get().log;
    let user = value::find_user(frozen, user)?;
    Ok(core::trace_sequence(frozen, user, as_of.0, &pattern)?)
}

/// What users do right after a chain of events, or did right before it.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **query))]
pub(crate) fn next_events(log: &Bound<'_, EventLog>, as_of: AsOf, query: Option<&Bound<'_, PyDict>>) -> Result<Table> {
    let query: NextQuery = data::read_options("query", query)?;
    let next = run_on_log(log, move |frozen| core::next_events(frozen, as_of.0, &query))?;
    Ok(next.to_table()?.into())
}
