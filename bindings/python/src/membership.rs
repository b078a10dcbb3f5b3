//! Segments by definition, without a playbook: who is in, why, and why users moved.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use userops::rule::Subject;
use userops::segment::{Movement, SegmentDefinition, diff_segments};

use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::rule::Known;
use crate::segment::Segment;
use crate::time::AsOf;
use crate::value;

fn definition(definition: &Bound<'_, PyAny>) -> Result<SegmentDefinition> {
    data::read("segment", definition)
}

/// The users who are in a segment by its definition: a rule, and lists of users by hand.
#[pyfunction]
#[pyo3(signature = (log, segment, *, as_of, outcome = None))]
pub(crate) fn assign_segment(
    log: &Bound<'_, EventLog>,
    segment: &Bound<'_, PyAny>,
    as_of: AsOf,
    outcome: Option<&Bound<'_, Outcome>>,
) -> Result<Segment> {
    let (segment, known) = (definition(segment)?, Known::of(outcome));
    let members = run_on_log(log, move |frozen| segment.build(frozen, as_of.0, known.context()))?;
    Ok(Segment::new(&log.clone().unbind(), members))
}

/// Why one user is in a segment or not.
#[pyfunction]
#[pyo3(signature = (log, segment, user, *, as_of, outcome = None))]
pub(crate) fn explain_segment(
    log: &Bound<'_, EventLog>,
    segment: &Bound<'_, PyAny>,
    user: &Bound<'_, PyAny>,
    as_of: AsOf,
    outcome: Option<&Bound<'_, Outcome>>,
) -> Result<Explanation> {
    let (segment, known, log) = (definition(segment)?, Known::of(outcome), &log.get().log);
    let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
    let subject = Subject::new(log, user, as_of.0, &calendar, known.context());
    Ok(segment.explain(&subject)?.into())
}

/// Why users entered and left a segment between two instants: a dict for each, at most so many.
#[pyfunction]
#[pyo3(signature = (log, segment, *, before, after, outcome_before = None, outcome_after = None, users_max = 100))]
#[allow(clippy::too_many_arguments, reason = "keywords of Python, not positions")]
pub(crate) fn explain_moves<'py>(
    log: &Bound<'py, EventLog>,
    segment: &Bound<'py, PyAny>,
    before: AsOf,
    after: AsOf,
    outcome_before: Option<&Bound<'py, Outcome>>,
    outcome_after: Option<&Bound<'py, Outcome>>,
    users_max: usize,
) -> Result<Bound<'py, PyList>> {
    let (py, segment) = (log.py(), definition(segment)?);
    let (known_before, known_after) = (Known::of(outcome_before), Known::of(outcome_after));
    let moves = run_on_log(log, move |frozen| {
        let (then, now) = (known_before.context(), known_after.context());
        let diff = diff_segments(&segment.build(frozen, before.0, then)?, &segment.build(frozen, after.0, now)?)?;
        let (earlier, later) = (frozen.calendar(before.0), frozen.calendar(after.0));
        let subject_before = |user| Subject::new(frozen, user, before.0, &earlier, then);
        let subject_after = |user| Subject::new(frozen, user, after.0, &later, now);
        userops::segment::explain_moves(&diff, (&segment, subject_before), (&segment, subject_after), users_max)
    })?;
    let users = log.get().log.users();
    let list = PyList::empty(py);
    for reason in moves {
        let dict = PyDict::new(py);
        dict.set_item("user", users.id(reason.user).map(|id| value::id_to_python(py, id)).transpose()?)?;
        dict.set_item("movement", Movement::name(reason.movement))?;
        dict.set_item("before", Explanation::from(reason.before))?;
        dict.set_item("after", Explanation::from(reason.after))?;
        list.append(dict)?;
    }
    Ok(list)
}
