//! What each user has done, as of an instant.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::error::ErrorKind;
use userops::profile::{Profile, ProfileOptions, ProfileRules, count_active_months as count_months};
use userops::time::Timestamp;

use crate::data;
use crate::failure::{Result, refuse};
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// A profile per user.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug)]
pub(crate) struct ProfileTable {
    log: Py<EventLog>,
    profiles: Arc<userops::profile::ProfileTable>,
}

impl PartialEq for ProfileTable {
    fn eq(&self, other: &Self) -> bool {
        self.profiles == other.profiles && self.log.get().is_same(other.log.get())
    }
}

impl ProfileTable {
    pub(crate) fn new(log: Py<EventLog>, profiles: Arc<userops::profile::ProfileTable>) -> Self {
        Self { log, profiles }
    }

    fn build(log: &Bound<'_, EventLog>, as_of: Timestamp, options: ProfileOptions) -> Result<Self> {
        let profiles = run_on_log(log, move |frozen| userops::profile::build_profiles(frozen, as_of, options))?;
        Ok(Self::new(log.clone().unbind(), Arc::new(profiles)))
    }
}

#[pymethods]
impl ProfileTable {
    /// The instant of the profiles.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time::to_datetime(py, self.profiles.as_of())
    }

    /// The options that the profiles were built with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.profiles.rules().options())
    }

    fn __len__(&self) -> usize {
        self.profiles.len()
    }

    /// A row per user.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let log = &self.log.get().log;
        Ok(py.detach(|| self.profiles.to_table(log))?.into())
    }

    /// The profile of one user, as dicts.
    fn profile<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let log = &self.log.get().log;
        profile_dict(py, &self.profiles.profile(log, value::find_user(log, user)?)?)
    }

    /// The profiles as of a later instant over a log that holds every event of this one; equal to a rebuild.
    #[pyo3(signature = (log, *, as_of))]
    fn update(&self, log: &Bound<'_, EventLog>, as_of: AsOf) -> Result<Self> {
        let (profiles, previous) = (Arc::clone(&self.profiles), Arc::clone(&self.log.get().log));
        let profiles = run_on_log(log, move |later| profiles.update(&previous, later, as_of.0))?;
        Ok(Self::new(log.clone().unbind(), Arc::new(profiles)))
    }

    fn __repr__(&self) -> String {
        format!("<ProfileTable of {} users as of {}>", self.profiles.len(), self.profiles.as_of())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let options = data::to_text(self.profiles.rules().options())?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.profiles.as_of().to_string(), options))?)
    }

    /// The profiles that pickling has noted the log, instant and options of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, options: &str) -> Result<Self> {
        Self::build(log, as_of.0, data::from_text("options", options)?)
    }
}

/// A profile as dicts, with the mean of its orders.
fn profile_dict<'py>(py: Python<'py>, profile: &Profile) -> Result<Bound<'py, PyAny>> {
    let dict = data::write(py, profile)?;
    dict.get_item("orders")?.set_item("average_order_minor", profile.orders.average_order_minor())?;
    Ok(dict)
}

/// Builds the profiles of all users.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn build_profiles(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<ProfileTable> {
    ProfileTable::build(log, as_of.0, data::read_options("options of profiles", options)?)
}

/// The profile of one user by the scalar definition, as dicts.
#[pyfunction]
#[pyo3(signature = (log, user, *, as_of, **options))]
pub(crate) fn build_profile<'py>(
    log: &Bound<'py, EventLog>,
    user: &Bound<'py, PyAny>,
    as_of: AsOf,
    options: Option<&Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>> {
    let frozen = &log.get().log;
    let user = value::find_user(frozen, user)?;
    let rules = ProfileRules::new(frozen, data::read_options("options of profiles", options)?)?;
    let calendar = frozen.calendar(as_of.0);
    profile_dict(log.py(), &userops::profile::build_profile(frozen.events_of(user), as_of.0, &rules, &calendar))
}

/// The codes of events that count; at least one is named.
fn codes_of(log: &userops::log::EventLog, events: &[String]) -> Result<Vec<u16>> {
    if events.is_empty() {
        return Err(refuse(ErrorKind::InvalidArgument, "no event is named: name those that count"));
    }
    Ok(events.iter().map(|name| log.name_code(name)).collect::<userops::error::Result<_>>()?)
}

/// What each buyer has ordered: a row per user with an order.
#[pyfunction]
#[pyo3(signature = (log, orders, *, as_of, purchase_days = false))]
pub(crate) fn total_orders(
    log: &Bound<'_, EventLog>,
    orders: Vec<String>,
    as_of: AsOf,
    purchase_days: bool,
) -> Result<Table> {
    let codes = codes_of(&log.get().log, &orders)?;
    let table = run_on_log(log, move |frozen| {
        let calendar = purchase_days.then(|| frozen.calendar(as_of.0));
        userops::profile::total_orders(frozen, as_of.0, &codes, calendar.as_ref()).to_table(frozen.users())
    })?;
    Ok(table.into())
}

/// In how many of the last calendar months each user did one of the events: a list in the order of the log's users.
#[pyfunction]
#[pyo3(signature = (log, events, *, as_of, months))]
pub(crate) fn count_active_months(
    log: &Bound<'_, EventLog>,
    events: Vec<String>,
    as_of: AsOf,
    months: u32,
) -> Result<Vec<i64>> {
    let codes = codes_of(&log.get().log, &events)?;
    run_on_log(log, move |frozen| count_months(frozen, as_of.0, &codes, months))
}
