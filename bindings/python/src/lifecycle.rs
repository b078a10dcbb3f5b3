//! Stages that users are in, have been in, and will be in.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::column::TextColumn;
use userops::id::UserIx;
use userops::lifecycle::{
    self as core, LifecycleDefinition, LifecycleThresholds, Newcomers, TransitionMatrix, derive_thresholds,
};
use userops::rule::{Context, Subject};
use userops::table::user_column;
use userops::time::Timestamp;

use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduce};
use crate::rule::context_of;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// Stages in order, each with its rule.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lifecycle {
    definition: Arc<LifecycleDefinition>,
}

impl From<LifecycleDefinition> for Lifecycle {
    fn from(definition: LifecycleDefinition) -> Self {
        Self { definition: Arc::new(definition) }
    }
}

#[pymethods]
impl Lifecycle {
    /// Stages of one's own, as dicts.
    #[new]
    fn new(definition: &Bound<'_, PyAny>) -> Result<Self> {
        let definition: LifecycleDefinition = data::read("lifecycle", definition)?;
        definition.check()?;
        Ok(definition.into())
    }

    /// The default template by thresholds that are given.
    #[classmethod]
    #[pyo3(signature = (**thresholds))]
    fn standard(_class: &Bound<'_, PyType>, thresholds: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let thresholds: LifecycleThresholds = data::read_options("thresholds", thresholds)?;
        Ok(LifecycleDefinition::standard(&thresholds)?.into())
    }

    /// The default template by thresholds that are derived from the log's own gaps, and how they were derived.
    #[classmethod]
    #[pyo3(signature = (log, *, as_of, given = None, **options))]
    fn derive<'py>(
        class: &Bound<'py, PyType>,
        log: &Bound<'py, EventLog>,
        as_of: AsOf,
        given: Option<&Bound<'py, PyAny>>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> Result<(Self, Bound<'py, PyAny>)> {
        let given = given.map_or(Ok(LifecycleThresholds::default()), |given| data::read("given", given))?;
        let options = data::read_options("options of derived thresholds", options)?;
        let derived = run_on_log(log, move |frozen| derive_thresholds(frozen, as_of.0, &given, options))?;
        Ok((LifecycleDefinition::standard(&derived.thresholds)?.into(), data::write(class.py(), &derived)?))
    }

    /// The names of the stages, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.definition.names().map(str::to_owned).collect()
    }

    /// The stages of all users at some instants.
    fn stages(&self, log: &Bound<'_, EventLog>, instants: Vec<AsOf>) -> Result<StageSeries> {
        let instants: Vec<Timestamp> = instants.into_iter().map(|instant| instant.0).collect();
        let (stages, at) = (Arc::clone(&self.definition), instants.clone());
        let columns = run_on_log(log, move |frozen| core::stage_columns(frozen, &stages, &at))?;
        let (log, definition) = (log.clone().unbind(), Arc::clone(&self.definition));
        Ok(StageSeries { log, definition, instants, columns: Arc::new(columns) })
    }

    /// The stages one user has been in up to an instant, as dicts.
    #[pyo3(signature = (log, user, *, until))]
    fn history<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        user: &Bound<'py, PyAny>,
        until: AsOf,
    ) -> Result<Bound<'py, PyAny>> {
        let frozen = &log.get().log;
        let user = value::find_user(frozen, user)?;
        data::write(log.py(), &core::stage_history(frozen, &self.definition, user, until.0)?)
    }

    /// The stages that all users have been in up to an instant.
    #[pyo3(signature = (log, *, until))]
    fn histories(&self, log: &Bound<'_, EventLog>, until: AsOf) -> Result<StageHistories> {
        let definition = Arc::clone(&self.definition);
        let stages = Arc::clone(&definition);
        let histories = run_on_log(log, move |frozen| core::stage_histories(frozen, &stages, until.0))?;
        Ok(StageHistories { log: log.clone().unbind(), definition, histories: Arc::new(histories) })
    }

    /// The stage of one user by the scalar definition; nothing where there is none.
    #[pyo3(signature = (log, user, *, as_of, outcome = None))]
    fn stage_of(
        &self,
        log: &Bound<'_, EventLog>,
        user: &Bound<'_, PyAny>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Option<String>> {
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        Ok(core::stage_of(&self.definition, &subject)?.map(str::to_owned))
    }

    /// Why one user is in the stage, and what would change it.
    #[pyo3(signature = (log, user, *, as_of, outcome = None))]
    fn explain(
        &self,
        log: &Bound<'_, EventLog>,
        user: &Bound<'_, PyAny>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Explanation> {
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        Ok(core::explain_stage(&self.definition, &subject)?.into())
    }

    /// The lifecycle as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &*self.definition)
    }

    fn __repr__(&self) -> String {
        format!("<Lifecycle: {}>", self.names().join(", "))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&*self.definition)?,))?)
    }

    /// The lifecycle of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(data::from_text::<LifecycleDefinition>("lifecycle", text)?.into())
    }
}

/// The stages of all users at some instants, one after the other.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct StageSeries {
    log: Py<EventLog>,
    definition: Arc<LifecycleDefinition>,
    instants: Vec<Timestamp>,
    columns: Arc<Vec<TextColumn>>,
}

impl StageSeries {
    fn column(&self, position: usize) -> Result<&TextColumn> {
        self.columns.get(position).ok_or_else(|| {
            invalid_argument(format!("there is no instant {position}: there are {}, from 0 on", self.columns.len()))
        })
    }
}

#[pymethods]
impl StageSeries {
    /// The instants, in the order given.
    #[getter]
    fn instants<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.instants.iter().map(|instant| time::to_datetime(py, *instant)).collect()
    }

    fn __len__(&self) -> usize {
        self.instants.len()
    }

    /// A row per user: a column of stages per instant, named by it.
    fn to_table(&self) -> Result<Table> {
        let users = self.log.get().log.users();
        let all = (0..users.len() as u32).map(UserIx);
        let mut table = userops::table::Table::new(users.len()).with("user", user_column(users, all))?;
        for (instant, column) in self.instants.iter().zip(&*self.columns) {
            table.push(instant.to_string(), column.clone().into())?;
        }
        Ok(table.into())
    }

    /// A row per instant and stage: how many users are in it.
    fn mix(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| core::mix_over_time(&self.definition, &self.instants, &self.columns)?.to_table())?.into())
    }

    /// How many users went from which stage to which: between two of the instants, the first and the last by default.
    #[pyo3(signature = (before = 0, after = None))]
    fn transitions(&self, py: Python<'_>, before: usize, after: Option<usize>) -> Result<Table> {
        let after = after.unwrap_or(self.columns.len().saturating_sub(1));
        let (before, after) = (self.column(before)?, self.column(after)?);
        Ok(py.detach(|| TransitionMatrix::between(&self.definition, before, after)?.to_table())?.into())
    }

    /// The transitions between consecutive instants, all periods together.
    fn pooled_transitions(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| core::pool_transitions(&self.definition, &self.columns)?.matrix.to_table())?.into())
    }

    /// The mix of so many periods after the last instant, by the pooled transitions of all.
    #[pyo3(signature = (periods, *, newcomers = None))]
    fn forecast(&self, py: Python<'_>, periods: u32, newcomers: Option<&Bound<'_, PyAny>>) -> Result<Table> {
        let newcomers = newcomers.map_or(Ok(Newcomers::default()), |newcomers| data::read("newcomers", newcomers))?;
        let (pooled, mixes) = py.detach(|| -> userops::error::Result<_> {
            let pooled = core::pool_transitions(&self.definition, &self.columns)?;
            Ok((pooled, core::mix_over_time(&self.definition, &self.instants, &self.columns)?.mixes))
        })?;
        let Some(last) = mixes.last() else { return Err(invalid_argument("there is no instant to go on from")) };
        Ok(core::forecast_mix(&pooled, last, periods, newcomers)?.to_table()?.into())
    }

    /// How far a forecast of so many periods, made before the last ones, would have been off.
    #[pyo3(signature = (periods, *, newcomers = None))]
    fn back_test(&self, py: Python<'_>, periods: u32, newcomers: Option<&Bound<'_, PyAny>>) -> Result<Table> {
        let newcomers = newcomers.map_or(Ok(Newcomers::default()), |newcomers| data::read("newcomers", newcomers))?;
        let test = || core::back_test(&self.definition, &self.instants, &self.columns, periods, newcomers)?.to_table();
        Ok(py.detach(test)?.into())
    }

    fn __repr__(&self) -> String {
        format!("<StageSeries of {} instants>", self.instants.len())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let lifecycle = Lifecycle { definition: Arc::clone(&self.definition) };
        let instants: Vec<String> = self.instants.iter().map(Timestamp::to_string).collect();
        Ok(reduce::<Self>(py, "_rebuild", (lifecycle, &self.log, instants))?)
    }

    /// The stages that pickling has noted the lifecycle, log and instants of.
    #[classmethod]
    fn _rebuild(
        _class: &Bound<'_, PyType>,
        lifecycle: &Bound<'_, Lifecycle>,
        log: &Bound<'_, EventLog>,
        instants: Vec<AsOf>,
    ) -> Result<Self> {
        lifecycle.get().stages(log, instants)
    }
}

/// The stages that all users have been in, stay by stay.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct StageHistories {
    log: Py<EventLog>,
    definition: Arc<LifecycleDefinition>,
    histories: Arc<core::StageHistories>,
}

impl PartialEq for StageHistories {
    fn eq(&self, other: &Self) -> bool {
        self.histories == other.histories && self.log.get().is_same(other.log.get())
    }
}

#[pymethods]
impl StageHistories {
    /// The instant up to which the histories go.
    #[getter]
    fn until<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.histories.until())
    }

    /// The stays of one user, as dicts.
    fn spans<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let log = &self.log.get().log;
        data::write(py, &self.histories.spans(log, value::find_user(log, user)?))
    }

    /// A row per stay: `user`, `stage`, from when, until when and why.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let log = &self.log.get().log;
        Ok(py.detach(|| self.histories.to_table(log))?.into())
    }

    /// A row per user: the furthest stage on the lifecycle's ladder.
    fn furthest(&self) -> Result<Table> {
        let users = self.log.get().log.users();
        let all = (0..users.len() as u32).map(UserIx);
        let table = userops::table::Table::new(users.len()).with("user", user_column(users, all))?;
        Ok(table.with("stage", self.histories.furthest())?.into())
    }

    /// A row per stage: how long users stay.
    fn dwell_times(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| core::dwell_table(&core::dwell_times(&self.histories)))?.into())
    }

    fn __repr__(&self) -> String {
        format!("<StageHistories of {} users until {}>", self.histories.user_count(), self.histories.until())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let lifecycle = Lifecycle { definition: Arc::clone(&self.definition) };
        Ok(reduce::<Self>(py, "_rebuild", (lifecycle, &self.log, self.histories.until().to_string()))?)
    }

    /// The histories that pickling has noted the lifecycle, log and instant of.
    #[classmethod]
    fn _rebuild(
        _class: &Bound<'_, PyType>,
        lifecycle: &Bound<'_, Lifecycle>,
        log: &Bound<'_, EventLog>,
        until: AsOf,
    ) -> Result<Self> {
        lifecycle.get().histories(log, until)
    }
}
