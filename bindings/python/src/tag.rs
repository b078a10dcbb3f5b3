//! Tags by themselves, without a playbook: assigned from definitions, and explained.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};
use userops::rule::{Context, Subject};
use userops::tag::{ManualReport, ManualTag, ManualTags, TagDefinition, TagTable, build_tags, tag_changes};
use userops::time::Timestamp;

use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduce};
use crate::rule::Known;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// What the tags were asked for with.
#[derive(Debug, Clone)]
struct Request {
    definitions: Vec<TagDefinition>,
    acts: Vec<ManualTag>,
    known_only: bool,
}

/// The tags of all users, by definitions alone.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct Tags {
    log: Py<EventLog>,
    outcome: Option<Py<Outcome>>,
    request: Request,
    manual: Arc<ManualTags>,
    report: ManualReport,
    /// What the tags see, and the tags.
    context: Context,
    tags: Arc<TagTable>,
}

impl Tags {
    fn assign(
        log: &Bound<'_, EventLog>,
        as_of: Timestamp,
        outcome: Option<&Bound<'_, Outcome>>,
        request: Request,
    ) -> Result<Self> {
        let Request { definitions, acts, known_only } = request.clone();
        let known = Known::of(outcome);
        let (manual, report, context, tags) = run_on_log(log, move |frozen| {
            let (manual, report) = match known_only {
                true => ManualTags::of_known(&definitions, frozen.users(), &acts)?,
                false => (ManualTags::new(&definitions, frozen.users(), &acts)?, ManualReport::default()),
            };
            let mut context = known.context().clone();
            let tags = build_tags(frozen, &definitions, as_of, &mut context, &manual)?;
            Ok((manual, report, context, tags))
        })?;
        let (log, outcome) = (log.clone().unbind(), outcome.map(|outcome| outcome.clone().unbind()));
        Ok(Self { log, outcome, request, manual: Arc::new(manual), report, context, tags: Arc::new(tags) })
    }
}

#[pymethods]
impl Tags {
    /// The instant of the tags.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.tags.as_of())
    }

    /// The names of the tags, in order.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.tags.tags().iter().map(|tag| tag.name()).collect()
    }

    /// The acts of people that were left out: their places in the list, with the `users` or `tags` that are not known.
    #[getter]
    fn left_out<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let users = self.report.unknown_users.iter();
        let users = users.map(|(place, user)| Ok((*place, value::id_to_python(py, user.as_ref())?)));
        let left_out = PyDict::new(py);
        left_out.set_item("users", users.collect::<PyResult<Vec<_>>>()?)?;
        left_out.set_item("tags", self.report.unknown_tags.clone())?;
        Ok(left_out)
    }

    /// A row per user: a column per tag, and per further rank of a preference.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let users = self.log.get().log.users();
        Ok(py.detach(|| self.tags.to_table(users))?.into())
    }

    /// A row per tag and value: how many users have it.
    fn counts(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.tags.to_count_table())?.into())
    }

    /// The tags of one user with their values.
    fn tags_of<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let user = value::find_user(&self.log.get().log, user)?;
        let tags = PyDict::new(py);
        for (name, known) in self.tags.tags_of(user) {
            tags.set_item(name, value::to_python(py, known)?)?;
        }
        Ok(tags)
    }

    /// Why one user has a tag or not.
    fn explain(&self, user: &Bound<'_, PyAny>, tag: &str) -> Result<Explanation> {
        let log = &self.log.get().log;
        self.tags.tag(tag)?;
        let definition = self.request.definitions.iter().find(|definition| definition.name == tag);
        let definition = definition.ok_or_else(|| invalid_argument(format!("there is no tag {tag:?}")))?;
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(self.tags.as_of()));
        let subject = Subject::new(log, user, self.tags.as_of(), &calendar, &self.context);
        Ok(definition.explain(&subject, &self.manual)?.into())
    }

    /// Who gained, lost and changed tags since earlier ones: a row per user and tag.
    fn changes(&self, since: &Bound<'_, Self>) -> Result<Table> {
        let log = Arc::clone(&self.log.get().log);
        let (before, after) = (Arc::clone(&since.get().tags), Arc::clone(&self.tags));
        let changes = move || tag_changes(&before, &after)?.to_table(log.users());
        Ok(run(since.py(), self.tags.user_count(), changes)??.into())
    }

    fn __repr__(&self) -> String {
        format!("<Tags {} as of {}>", self.names().join(", "), self.tags.as_of())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let Request { definitions, acts, known_only } = &self.request;
        let request = (data::to_text(definitions)?, data::to_text(acts)?, *known_only);
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.tags.as_of().to_string(), &self.outcome, request))?)
    }

    /// The tags that pickling has noted the log, instant and definitions of.
    #[classmethod]
    fn _rebuild(
        _class: &Bound<'_, PyType>,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
        request: (String, String, bool),
    ) -> Result<Self> {
        let (definitions, acts, known_only) = request;
        let (definitions, acts) = (data::from_text("tags", &definitions)?, data::from_text("manual_tags", &acts)?);
        Self::assign(log, as_of.0, outcome, Request { definitions, acts, known_only })
    }
}

/// Assigns tags to all users of a log, from a list of definitions.
#[pyfunction]
#[pyo3(signature = (log, tags, *, as_of, outcome = None, manual_tags = None, known_only = false))]
pub(crate) fn assign_tags(
    log: &Bound<'_, EventLog>,
    tags: &Bound<'_, PyAny>,
    as_of: AsOf,
    outcome: Option<&Bound<'_, Outcome>>,
    manual_tags: Option<&Bound<'_, PyList>>,
    known_only: bool,
) -> Result<Tags> {
    let definitions: Vec<TagDefinition> = data::read("tags", tags)?;
    let acts = manual_tags.map_or(Ok(Vec::new()), |acts| data::read("manual_tags", acts.as_any()))?;
    Tags::assign(log, as_of.0, outcome, Request { definitions, acts, known_only })
}
