//! The order ladder: how many users went from registered to the first, second and further orders.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};
use userops::analytics::ladder::{LadderOptions, LadderRules, Rung};
use userops::table::user_column;
use userops::time::Timestamp;

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// How far the users of a log have come.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct Ladder {
    log: Py<EventLog>,
    ladder: Arc<userops::analytics::ladder::Ladder>,
}

impl PartialEq for Ladder {
    fn eq(&self, other: &Self) -> bool {
        self.ladder == other.ladder && self.log.get().is_same(other.log.get())
    }
}

impl Ladder {
    fn build(log: &Bound<'_, EventLog>, as_of: Timestamp, options: LadderOptions) -> Result<Self> {
        let ladder = run_on_log(log, move |frozen| userops::analytics::ladder::build_ladder(frozen, as_of, options))?;
        Ok(Self { log: log.clone().unbind(), ladder: Arc::new(ladder) })
    }

    fn climb_of(&self, user: &Bound<'_, PyAny>) -> Result<userops::analytics::ladder::Climb> {
        let log = &self.log.get().log;
        let user = value::find_user(log, user)?;
        let rules = LadderRules::new(log, self.ladder.options().clone())?;
        Ok(userops::analytics::ladder::climb(log.events_of(user), self.ladder.as_of(), &rules))
    }
}

/// Rungs as dicts, each with its name.
fn rung_dicts<'py>(py: Python<'py>, rungs: &[Rung]) -> Result<Bound<'py, PyList>> {
    let dicts = PyList::empty(py);
    for rung in rungs {
        let dict = data::write(py, rung)?;
        dict.set_item("name", rung.name())?;
        dicts.append(dict)?;
    }
    Ok(dicts)
}

#[pymethods]
impl Ladder {
    /// The instant of the ladder.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.ladder.as_of())
    }

    /// The options that the ladder was built with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.ladder.options())
    }

    /// The rungs from registered on, as dicts.
    #[getter]
    fn rungs<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyList>> {
        rung_dicts(py, self.ladder.rungs())
    }

    /// A row per rung.
    fn to_table(&self) -> Result<Table> {
        Ok(self.ladder.to_table()?.into())
    }

    /// A row per user: the rung on which they stand, unknown where the user is not known as of the instant.
    fn user_rungs(&self) -> Result<Table> {
        let log = &self.log.get().log;
        let all = (0..log.user_count() as u32).map(userops::id::UserIx);
        let table = userops::table::Table::new(log.user_count()).with("user", user_column(log.users(), all))?;
        Ok(table.with("rung", self.ladder.user_column())?.into())
    }

    /// How far one user has come, as a dict: `rung`, `is_known`, `first_seen`, `steps`, `order_count`.
    fn climb<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let climb = self.climb_of(user)?;
        let dict = data::write(py, &climb)?;
        dict.set_item("rung", climb.rung())?;
        Ok(dict)
    }

    /// Why one user stands on a rung, and what is missing to the next, as text.
    fn explain(&self, user: &Bound<'_, PyAny>) -> Result<String> {
        Ok(self.climb_of(user)?.explain().to_string())
    }

    fn __str__(&self) -> String {
        self.ladder.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Ladder of {} rungs as of {}>", self.ladder.rungs().len(), self.ladder.as_of())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let options = data::to_text(self.ladder.options())?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.ladder.as_of().to_string(), options))?)
    }

    /// The ladder that pickling has noted the log, instant and options of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, options: &str) -> Result<Self> {
        Self::build(log, as_of.0, data::from_text("options", options)?)
    }
}

/// Builds the order ladder of a log.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn build_ladder(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Ladder> {
    Ladder::build(log, as_of.0, data::read_options("options of the ladder", options)?)
}

/// The ladder of some users; parts of disjoint users merge into that of all.
#[pyclass(frozen, module = "userops")]
#[derive(Debug, Clone)]
pub(crate) struct LadderPart {
    part: userops::analytics::ladder::LadderPart,
}

#[pymethods]
impl LadderPart {
    /// The part of all users of a log.
    #[classmethod]
    #[pyo3(signature = (log, *, as_of, **options))]
    fn build(
        _class: &Bound<'_, PyType>,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let options: LadderOptions = data::read_options("options of the ladder", options)?;
        let part = run_on_log(log, move |frozen| {
            let rules = LadderRules::new(frozen, options)?;
            Ok(userops::analytics::ladder::LadderPart::build(frozen, as_of.0, &rules))
        })?;
        Ok(Self { part })
    }

    /// This part and another one of other users together.
    fn merge(&self, other: &Bound<'_, Self>) -> Result<Self> {
        let mut part = self.part.clone();
        part.merge(other.get().part.clone())?;
        Ok(Self { part })
    }

    /// The rungs from registered on, as dicts.
    fn rungs<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyList>> {
        rung_dicts(py, &self.part.clone().rungs())
    }

    /// The part as JSON, to be sent and merged elsewhere.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.part)
    }

    /// Reads what `to_json` has written.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { part: data::from_text("part of a ladder", text)? })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (self.to_json()?,))?)
    }
}
