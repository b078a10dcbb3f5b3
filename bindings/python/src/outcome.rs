//! What a playbook says of the users of a log, as of an instant.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::id::UserIx;
use userops::playbook::EvaluateOptions;
use userops::table::user_column;
use userops::time::Timestamp;

use crate::calibration::Calibration;
use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::{run, run_on_log};
use crate::lifecycle::Lifecycle;
use crate::log::EventLog;
use crate::milestone::MilestoneTable;
use crate::pickle::{Reduced, reduce};
use crate::playbook::Playbook;
use crate::profile::ProfileTable;
use crate::segment::{Segment, SegmentDiff};
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// Everything that a playbook says of the users of a log, as of an instant.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct Outcome {
    playbook: Py<Playbook>,
    log: Py<EventLog>,
    options: EvaluateOptions,
    /// Without profiles and milestones, which are beside it, so that they are handed out without a copy.
    pub(crate) outcome: Arc<userops::playbook::Outcome>,
    profiles: Option<Arc<userops::profile::ProfileTable>>,
    milestones: Option<Arc<userops::milestone::MilestoneTable>>,
}

impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        self.outcome == other.outcome
            && (&self.profiles, &self.milestones) == (&other.profiles, &other.milestones)
            && self.log.get().is_same(other.log.get())
    }
}

impl Outcome {
    pub(crate) fn evaluate(
        playbook: &Bound<'_, Playbook>,
        log: &Bound<'_, EventLog>,
        as_of: Timestamp,
        options: EvaluateOptions,
    ) -> Result<Self> {
        let (document, given) = (Arc::clone(&playbook.get().playbook), options.clone());
        let mut outcome = run_on_log(log, move |frozen| document.evaluate(frozen, as_of, &given))?;
        let (profiles, milestones) = (outcome.profiles.take().map(Arc::new), outcome.milestones.take().map(Arc::new));
        let (playbook, log) = (playbook.clone().unbind(), log.clone().unbind());
        Ok(Self { playbook, log, options, outcome: Arc::new(outcome), profiles, milestones })
    }

    fn log(&self) -> &userops::log::EventLog {
        &self.log.get().log
    }

    /// A table that begins with the ids of all users.
    fn user_table(&self) -> userops::error::Result<userops::table::Table> {
        let users = self.log().users();
        let all = (0..users.len() as u32).map(UserIx);
        userops::table::Table::new(users.len()).with("user", user_column(users, all))
    }
}

#[pymethods]
impl Outcome {
    /// The playbook that was evaluated.
    #[getter]
    fn playbook(&self, py: Python<'_>) -> Py<Playbook> {
        self.playbook.clone_ref(py)
    }

    /// The log that it was evaluated over.
    #[getter(log)]
    fn py_log(&self, py: Python<'_>) -> Py<EventLog> {
        self.log.clone_ref(py)
    }

    /// The instant of the outcome.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.outcome.as_of)
    }

    /// The fingerprint of the playbook.
    #[getter]
    fn fingerprint(&self) -> &str {
        &self.outcome.fingerprint
    }

    /// How many users there are.
    #[getter]
    fn user_count(&self) -> usize {
        self.outcome.user_count()
    }

    /// A row per user: a column per score, tag, stage and segment.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.outcome.to_table(self.log().users()))?.into())
    }

    /// A row per tag value, stage and segment: how many users, and their share.
    fn summary(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.outcome.summary())?.into())
    }

    /// The profiles, unless they were left out.
    #[getter]
    fn profiles(&self, py: Python<'_>) -> Option<ProfileTable> {
        self.profiles.clone().map(|profiles| ProfileTable::new(self.log.clone_ref(py), profiles))
    }

    /// A row per user: a column per column of each score, such as `rfm.recency`.
    #[getter]
    fn scores(&self) -> Result<Table> {
        let mut table = self.user_table()?;
        for (name, score) in &self.outcome.scores {
            for (column, values) in &score.columns {
                table.push(format!("{name}.{column}"), values.clone())?;
            }
        }
        Ok(table.into())
    }

    /// What was fitted for a score, as dicts.
    fn score_model<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.outcome.score(name)?.model)
    }

    /// A row per user: a column per tag, and per further rank of a preference.
    #[getter]
    fn tags(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.outcome.tags.to_table(self.log().users()))?.into())
    }

    /// A row per tag and value: how many users have it.
    fn tag_counts(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.outcome.tags.to_count_table())?.into())
    }

    /// The tags of one user with their values.
    fn tags_of<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let user = value::find_user(self.log(), user)?;
        let tags = PyDict::new(py);
        for (name, known) in self.outcome.tags.tags_of(user) {
            tags.set_item(name, value::to_python(py, known)?)?;
        }
        Ok(tags)
    }

    /// Who gained, lost and changed tags since an earlier outcome: a row per user and tag.
    fn tag_changes(&self, since: &Bound<'_, Self>) -> Result<Table> {
        let (before, after, users) = (&since.get().outcome.tags, &self.outcome.tags, self.log().users());
        Ok(since.py().detach(|| userops::tag::tag_changes(before, after)?.to_table(users))?.into())
    }

    /// The segments by name.
    #[getter]
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let segments = PyDict::new(py);
        for (name, segment) in &self.outcome.segments {
            segments.set_item(name, Segment::new(&self.log, segment.clone()).into_pyobject(py)?)?;
        }
        Ok(segments)
    }

    /// A segment by name.
    fn segment(&self, name: &str) -> Result<Segment> {
        Ok(Segment::new(&self.log, self.outcome.segment(name)?.clone()))
    }

    /// A row per user: the stage; nothing where the playbook has no lifecycle.
    #[getter]
    fn stages(&self) -> Result<Option<Table>> {
        let Some(stages) = &self.outcome.context.stage else { return Ok(None) };
        Ok(Some(self.user_table()?.with("stage", stages.clone())?.into()))
    }

    /// The stage of one user.
    fn stage(&self, user: &Bound<'_, PyAny>) -> Result<Option<String>> {
        let user = value::find_user(self.log(), user)?;
        Ok(self.outcome.stage(user).map(str::to_owned))
    }

    /// How many users are in each stage, in the order of the lifecycle.
    fn stage_counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (stage, count) in self.outcome.stage_counts() {
            counts.set_item(stage, count)?;
        }
        Ok(counts)
    }

    /// The lifecycle by which users were placed, with its thresholds settled.
    #[getter]
    fn lifecycle(&self) -> Option<Lifecycle> {
        self.outcome.stages.as_ref().map(|stages| stages.definition.clone().into())
    }

    /// How the thresholds were derived from the log, where they were, as dicts.
    #[getter]
    fn derived_thresholds<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let derived = self.outcome.stages.as_ref().and_then(|stages| stages.derived.as_ref());
        derived.map(|derived| data::write(py, derived)).transpose()
    }

    /// When each user reached which milestone; nothing where the playbook has none.
    #[getter]
    fn milestones(&self, py: Python<'_>) -> Option<MilestoneTable> {
        let definitions = &self.playbook.get().playbook.milestones;
        let reached = self.milestones.clone()?;
        Some(MilestoneTable::new(self.log.clone_ref(py), definitions.clone(), reached))
    }

    /// What the outcome rests on, to evaluate others by.
    fn calibration(&self) -> Calibration {
        self.outcome.calibration().into()
    }

    /// Why one user is where they are: stage, tags, segments, scores and milestones.
    fn explain(&self, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let log = self.log();
        let playbook = &self.playbook.get().playbook;
        Ok(playbook.explain(log, &self.outcome, value::find_user(log, user)?, &self.options)?.into())
    }

    /// Why one user moved from this outcome to another: at another instant, or of another playbook.
    fn explain_move(&self, after: &Bound<'_, Self>, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let (log, later) = (self.log(), after.get());
        let other = (&*later.playbook.get().playbook, &*later.outcome);
        let user = value::find_user(log, user)?;
        let playbook = &self.playbook.get().playbook;
        Ok(playbook.explain_move(log, &self.outcome, other, user, &self.options)?.into())
    }

    /// Who moved where from this outcome to another.
    fn compare(before: &Bound<'_, Self>, after: &Bound<'_, Self>) -> Result<Comparison> {
        let outcomes = [before, after].map(|outcome| Arc::clone(&outcome.get().outcome));
        let compare = move || userops::playbook::compare(&outcomes[0], &outcomes[1]);
        let comparison = run(before.py(), before.get().outcome.user_count(), compare)??;
        Ok(Comparison { before: before.clone().unbind(), after: after.clone().unbind(), comparison })
    }

    fn __repr__(&self) -> String {
        let outcome = &self.outcome;
        format!("<Outcome of {:?} for {} users as of {}>", outcome.playbook, outcome.user_count(), outcome.as_of)
    }

    /// An outcome is pickled as what it was evaluated from, and evaluated again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let EvaluateOptions { manual_tags, calibration, without_profiles } = &self.options;
        let calibration = calibration.as_ref().map(userops::playbook::Calibration::to_json).transpose()?;
        let options = (data::to_text(manual_tags)?, calibration, *without_profiles);
        Ok(reduce::<Self>(py, "_rebuild", (&self.playbook, &self.log, self.outcome.as_of.to_string(), options))?)
    }

    /// The outcome that pickling has noted the playbook, log, instant and options of.
    #[classmethod]
    fn _rebuild(
        _class: &Bound<'_, PyType>,
        playbook: &Bound<'_, Playbook>,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        options: (String, Option<String>, bool),
    ) -> Result<Self> {
        let (manual_tags, calibration, without_profiles) = options;
        let manual_tags = data::from_text("manual_tags", &manual_tags)?;
        let calibration = calibration.as_deref().map(userops::playbook::Calibration::from_json).transpose()?;
        let options = EvaluateOptions { manual_tags, calibration, without_profiles };
        Self::evaluate(playbook, log, as_of.0, options)
    }
}

/// What differs between two outcomes over the same users.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct Comparison {
    before: Py<Outcome>,
    after: Py<Outcome>,
    comparison: userops::playbook::Comparison,
}

#[pymethods]
impl Comparison {
    /// A row per user and definition that differ: `kind`, `name`, `user`, `before`, `after`.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let users = self.before.get().log().users();
        Ok(py.detach(|| self.comparison.to_table(users))?.into())
    }

    /// Who entered, left and stayed, by segment.
    #[getter]
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let segments = PyDict::new(py);
        for (name, diff) in &self.comparison.segments {
            segments.set_item(name, SegmentDiff::new(&self.before.get().log, diff.clone()).into_pyobject(py)?)?;
        }
        Ok(segments)
    }

    /// How many users went from which stage to which, where both outcomes have a lifecycle.
    #[getter]
    fn stages(&self) -> Result<Option<Table>> {
        let stages = self.comparison.stages.as_ref();
        Ok(stages.map(|stages| stages.to_table()).transpose()?.map(Table::from))
    }

    /// A comparison is pickled as its two outcomes, and made again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Outcome>(py, "compare", (&self.before, &self.after))?)
    }
}
