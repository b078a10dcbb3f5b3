//! Activity: how many users are there on each day, and how often they come.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use userops::activity::{ActiveDayCounts, ActiveDayOptions, ActiveUserOptions, StickinessOptions};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::AsOf;

/// Users who were active on any of the last days, day by day.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn count_active_users(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: ActiveUserOptions = data::read_options("options of active users", options)?;
    let active = run_on_log(log, move |frozen| userops::activity::count_active_users(frozen, as_of.0, &options))?;
    Ok(active.to_table()?.into())
}

/// Users of each week or month by the number of days on which they were active.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn measure_stickiness(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    let options: StickinessOptions = data::read_options("options of stickiness", options)?;
    let stickiness = run_on_log(log, move |frozen| userops::activity::measure_stickiness(frozen, as_of.0, options))?;
    Ok(stickiness.to_table()?.into())
}

fn day_counts(log: &Bound<'_, EventLog>, as_of: AsOf, options: Option<&Bound<'_, PyDict>>) -> Result<ActiveDayCounts> {
    let options: ActiveDayOptions = data::read_options("options of active days", options)?;
    run_on_log(log, move |frozen| userops::activity::count_active_days(frozen, as_of.0, &options))
}

/// On how many of the last days each user was active.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn count_active_days(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    Ok(day_counts(log, as_of, options)?.to_table(log.get().log.users())?.into())
}

/// Users by the number of the last days on which they were active.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn power_user_curve(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Table> {
    Ok(day_counts(log, as_of, options)?.power_curve_table()?.into())
}
