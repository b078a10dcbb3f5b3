//! Lead scores: points for fit and engagement, two grades, and the group of leads that both lead to.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::rule::Subject;
use userops::score::lead::{
    LeadDefinition, explain_lead, list_lead_changes, list_lead_points, score_lead, score_leads as score_all,
};
use userops::time::Timestamp;

use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduce};
use crate::rule::Known;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// The lead scores of all users of a log.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct LeadScores {
    log: Py<EventLog>,
    outcome: Option<Py<Outcome>>,
    scores: Arc<userops::score::lead::LeadScores>,
}

impl PartialEq for LeadScores {
    fn eq(&self, other: &Self) -> bool {
        self.scores == other.scores && self.log.get().is_same(other.log.get())
    }
}

impl LeadScores {
    fn score_all(
        log: &Bound<'_, EventLog>,
        as_of: Timestamp,
        outcome: Option<&Bound<'_, Outcome>>,
        definition: LeadDefinition,
    ) -> Result<Self> {
        let known = Known::of(outcome);
        let scores = run_on_log(log, move |frozen| score_all(frozen, &definition, as_of, known.context()))?;
        let (log, outcome) = (log.clone().unbind(), outcome.map(|outcome| outcome.clone().unbind()));
        Ok(Self { log, outcome, scores: Arc::new(scores) })
    }

    /// What rules may ask of other definitions.
    fn known(&self, py: Python<'_>) -> Known {
        Known::of(self.outcome.as_ref().map(|outcome| outcome.bind(py)))
    }
}

#[pymethods]
impl LeadScores {
    /// The instant of the scores.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.scores.as_of)
    }

    /// The definition, with everything that it left to the defaults.
    #[getter]
    fn definition<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.scores.definition)
    }

    /// The groups of leads, in order of definition, those of overrides alone last.
    #[getter]
    fn group_names(&self) -> Vec<String> {
        self.scores.group_names.clone()
    }

    /// A row per user.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let users = self.log.get().log.users();
        Ok(py.detach(|| self.scores.to_table(users))?.into())
    }

    /// A row per cell of the matrix.
    fn cells(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.scores.cell_table())?.into())
    }

    /// A row per group of leads.
    fn groups(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.scores.group_table())?.into())
    }

    /// What each rule gave each user: a row per user, a column per rule.
    fn points(&self, py: Python<'_>) -> Result<Table> {
        let (known, scores) = (self.known(py), Arc::clone(&self.scores));
        let list = move |log: &userops::log::EventLog| {
            list_lead_points(log, &scores.definition, scores.as_of, known.context())
        };
        Ok(run_on_log(self.log.bind(py), list)?.into())
    }

    /// Who is in another cell or group by time alone, no later than `until`: a row per user.
    fn changes(&self, py: Python<'_>, until: AsOf) -> Result<Table> {
        let (known, scores) = (self.known(py), Arc::clone(&self.scores));
        let list = move |log: &userops::log::EventLog| {
            list_lead_changes(log, &scores.definition, scores.as_of, until.0, known.context())
        };
        Ok(run_on_log(self.log.bind(py), list)?.into())
    }

    /// How many users went from which group into which, from these scores to later ones.
    fn moves(&self, later: &Bound<'_, Self>) -> Result<Table> {
        let (before, after) = (Arc::clone(&self.scores), Arc::clone(&later.get().scores));
        Ok(run(later.py(), before.len(), move || before.move_table(&after))??.into())
    }

    /// The score of one user with what each rule gave, as a dict.
    fn score<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let (log, known) = (&self.log.get().log, self.known(py));
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(self.scores.as_of));
        let subject = Subject::new(log, user, self.scores.as_of, &calendar, known.context());
        data::write(py, &score_lead(&self.scores.definition, &subject)?)
    }

    /// Why one user has the score, and what would move the user.
    fn explain(&self, py: Python<'_>, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let (log, known) = (&self.log.get().log, self.known(py));
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(self.scores.as_of));
        let subject = Subject::new(log, user, self.scores.as_of, &calendar, known.context());
        Ok(explain_lead(&self.scores.definition, &subject)?.into())
    }

    fn __len__(&self) -> usize {
        self.scores.len()
    }

    fn __repr__(&self) -> String {
        format!("<LeadScores of {} users as of {}>", self.scores.len(), self.scores.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let definition = data::to_text(&self.scores.definition)?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.scores.as_of.to_string(), &self.outcome, definition))?)
    }

    /// The scores that pickling has noted the log, instant and definition of.
    #[classmethod]
    fn _rebuild(
        _class: &Bound<'_, PyType>,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
        definition: &str,
    ) -> Result<Self> {
        Self::score_all(log, as_of.0, outcome, data::from_text("lead score", definition)?)
    }
}

/// Scores all users of a log as leads.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, outcome = None, **definition))]
pub(crate) fn score_leads(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    outcome: Option<&Bound<'_, Outcome>>,
    definition: Option<&Bound<'_, PyDict>>,
) -> Result<LeadScores> {
    LeadScores::score_all(log, as_of.0, outcome, data::read_options("lead score", definition)?)
}
