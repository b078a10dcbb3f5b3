//! Sessions: visits of a user, cut out of the events.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::session::SessionOptions;
use userops::time::Timestamp;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};

/// The sessions of a log.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct Sessions {
    log: Py<EventLog>,
    sessions: Arc<userops::session::Sessions>,
}

impl PartialEq for Sessions {
    fn eq(&self, other: &Self) -> bool {
        self.sessions == other.sessions && self.log.get().is_same(other.log.get())
    }
}

impl Sessions {
    fn find(log: &Bound<'_, EventLog>, as_of: Timestamp, options: SessionOptions) -> Result<Self> {
        let sessions = run_on_log(log, move |frozen| userops::session::find_sessions(frozen, as_of, &options))?;
        Ok(Self { log: log.clone().unbind(), sessions: Arc::new(sessions) })
    }
}

#[pymethods]
impl Sessions {
    /// The instant of the answer.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.sessions.as_of())
    }

    /// The options that the sessions were found with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.sessions.options())
    }

    /// A row per session.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let log = &self.log.get().log;
        Ok(py.detach(|| self.sessions.to_table(log))?.into())
    }

    /// All sessions in a few numbers, as a dict.
    fn summary<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let summary = py.detach(|| self.sessions.summary());
        data::write(py, &summary)
    }

    /// A row per local day on which sessions began.
    fn trend(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.sessions.trend_table())?.into())
    }

    /// A row per user.
    fn users(&self, py: Python<'_>) -> Result<Table> {
        let log = &self.log.get().log;
        Ok(py.detach(|| self.sessions.user_table(log))?.into())
    }

    fn __len__(&self) -> usize {
        self.sessions.rows().len()
    }

    fn __repr__(&self) -> String {
        format!("<{} Sessions as of {}>", self.sessions.rows().len(), self.sessions.as_of())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let options = data::to_text(self.sessions.options())?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.sessions.as_of().to_string(), options))?)
    }

    /// The sessions that pickling has noted the log, instant and options of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, options: &str) -> Result<Self> {
        Self::find(log, as_of.0, data::from_text("options", options)?)
    }
}

/// Cuts events into sessions.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn find_sessions(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Sessions> {
    Sessions::find(log, as_of.0, data::read_options("options of sessions", options)?)
}
