//! When each user first came how far.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::milestone::{AarrrEvents, Milestone, explain_milestones, summarize_milestones, summary_table};
use userops::rule::{Context, Subject};
use userops::time::Timestamp;

use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// When each user reached which milestone.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct MilestoneTable {
    log: Py<EventLog>,
    definitions: Vec<Milestone>,
    reached: Arc<userops::milestone::MilestoneTable>,
}

impl PartialEq for MilestoneTable {
    fn eq(&self, other: &Self) -> bool {
        self.reached == other.reached && self.log.get().is_same(other.log.get())
    }
}

impl MilestoneTable {
    pub(crate) fn new(
        log: Py<EventLog>,
        definitions: Vec<Milestone>,
        reached: Arc<userops::milestone::MilestoneTable>,
    ) -> Self {
        Self { log, definitions, reached }
    }

    fn reach(log: &Bound<'_, EventLog>, definitions: Vec<Milestone>, as_of: Timestamp) -> Result<Self> {
        let asked = definitions.clone();
        let reached = run_on_log(log, move |frozen| userops::milestone::reach_milestones(frozen, &asked, as_of))?;
        Ok(Self::new(log.clone().unbind(), definitions, Arc::new(reached)))
    }
}

#[pymethods]
impl MilestoneTable {
    /// The instant of the table.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.reached.as_of())
    }

    /// The names of the milestones, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.reached.columns().map(|(name, _)| name.to_owned()).collect()
    }

    /// When one user reached a milestone; nothing where it is not reached.
    fn instant<'py>(
        &self,
        py: Python<'py>,
        user: &Bound<'py, PyAny>,
        milestone: &str,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let user = value::find_user(&self.log.get().log, user)?;
        let instant = self.reached.instant(user, milestone)?;
        Ok(instant.map(|instant| time::to_datetime(py, instant)).transpose()?)
    }

    /// A row per user: the instant of each milestone.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let log = &self.log.get().log;
        Ok(py.detach(|| self.reached.to_table(log))?.into())
    }

    /// A row per milestone: how many reached it, of how many, and how long it took.
    fn summary(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| summary_table(&summarize_milestones(&self.reached)))?.into())
    }

    /// When one user reached which milestone and by what, and what the others wait for.
    fn explain(&self, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let log = &self.log.get().log;
        let (as_of, nothing) = (self.reached.as_of(), Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of));
        let subject = Subject::new(log, user, as_of, &calendar, &nothing);
        Ok(explain_milestones(&self.definitions, &subject)?.into())
    }

    fn __repr__(&self) -> String {
        format!("<MilestoneTable of {} milestones as of {}>", self.definitions.len(), self.reached.as_of())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let definitions = data::to_text(&self.definitions)?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.reached.as_of().to_string(), definitions))?)
    }

    /// The table that pickling has noted the log, instant and milestones of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, definitions: &str) -> Result<Self> {
        Self::reach(log, data::from_text("milestones", definitions)?, as_of.0)
    }
}

/// Finds when each user first came how far. A milestone is a dict of `name` and `when`.
#[pyfunction]
#[pyo3(signature = (log, milestones, *, as_of))]
pub(crate) fn reach_milestones(
    log: &Bound<'_, EventLog>,
    milestones: &Bound<'_, PyAny>,
    as_of: AsOf,
) -> Result<MilestoneTable> {
    MilestoneTable::reach(log, data::read("milestones", milestones)?, as_of.0)
}

/// The milestones of AARRR by the names of a product's own events, as dicts.
#[pyfunction]
#[pyo3(signature = (**events))]
pub(crate) fn aarrr_milestones<'py>(py: Python<'py>, events: Option<&Bound<'py, PyDict>>) -> Result<Bound<'py, PyAny>> {
    let events: AarrrEvents = data::read_options("events of AARRR", events)?;
    data::write(py, &userops::milestone::aarrr_milestones(&events)?)
}
