//! Rules: questions about one user that are true, false or unknown.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyString, PyType};
use serde::de::DeserializeOwned;
use userops::error::{Error, ErrorKind};
use userops::event::EventSchema;
use userops::rule::{Context, Measure as CoreMeasure, Plan, Rule as CoreRule, Subject, Truth, UnknownFold, Vocabulary};
use userops::table::user_column;

use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Failure, Result, refuse};
use crate::filter;
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduce};
use crate::segment::Segment;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// A question about one user.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) rule: CoreRule,
}

impl From<CoreRule> for Rule {
    fn from(rule: CoreRule) -> Self {
        Self { rule }
    }
}

/// Reads a rule or measure that is written as text or as a tree.
fn read_form<T: DeserializeOwned>(
    what: &str,
    object: &Bound<'_, PyAny>,
    parse: fn(&str) -> Result<T, Error>,
) -> Result<T> {
    match object.cast::<PyString>() {
        Ok(text) => Ok(parse(text.to_str()?)?),
        Err(_) => data::read(what, object),
    }
}

/// A rule argument: a `Rule`, its text or its tree.
///
/// # Errors
/// As [`CoreRule::parse`] and [`data::read`].
pub(crate) fn read_rule(object: &Bound<'_, PyAny>) -> Result<CoreRule> {
    match object.cast::<Rule>() {
        Ok(rule) => Ok(rule.get().rule.clone()),
        Err(_) => read_form("rule", object, CoreRule::parse),
    }
}

/// What rules know of other definitions: that of an outcome, or nothing.
pub(crate) fn context_of<'a>(outcome: Option<&'a Bound<'_, Outcome>>, nothing: &'a Context) -> &'a Context {
    outcome.map_or(nothing, |outcome| &outcome.get().outcome.context)
}

/// The same, held by work that outlives the call.
#[derive(Debug, Default)]
pub(crate) struct Known {
    outcome: Option<Arc<userops::playbook::Outcome>>,
    nothing: Context,
}

impl Known {
    pub(crate) fn of(outcome: Option<&Bound<'_, Outcome>>) -> Self {
        Self { outcome: outcome.map(|outcome| Arc::clone(&outcome.get().outcome)), nothing: Context::default() }
    }

    pub(crate) fn context(&self) -> &Context {
        self.outcome.as_ref().map_or(&self.nothing, |outcome| &outcome.context)
    }
}

/// What a rule may speak of: what the log or the schema has, or anything; and what the outcome has an answer for.
fn vocabulary(
    log: Option<&Bound<'_, EventLog>>,
    schema: Option<&Bound<'_, PyAny>>,
    outcome: Option<&Bound<'_, Outcome>>,
) -> Result<Vocabulary> {
    let data = match (log, schema) {
        (Some(log), None) => {
            let log = &log.get().log;
            Vocabulary::of_log(log).events(log.schema().events.iter().cloned()).close()
        }
        (None, Some(schema)) => Vocabulary::of_schema(&data::read::<EventSchema>("schema", schema)?),
        (None, None) => Vocabulary::new(),
        (Some(_), Some(_)) => {
            return Err(refuse(ErrorKind::InvalidArgument, "give a log or a schema to check against, not both"));
        }
    };
    Ok(data.answers(context_of(outcome, &Context::default())))
}

fn truth(truth: Truth) -> Option<bool> {
    match truth {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

#[pymethods]
impl Rule {
    /// A rule from its text, its tree or another rule.
    #[new]
    fn new(rule: &Bound<'_, PyAny>) -> Result<Self> {
        read_rule(rule).map(Self::from)
    }

    /// Refuses a rule that asks for what a log or schema does not have, that compares types which do not go together,
    /// or that answers itself.
    #[pyo3(signature = (*, log = None, schema = None, outcome = None))]
    fn check(
        &self,
        log: Option<&Bound<'_, EventLog>>,
        schema: Option<&Bound<'_, PyAny>>,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<()> {
        Ok(userops::rule::check_rule(&self.rule, &vocabulary(log, schema, outcome)?)?)
    }

    /// Whether it holds for one user; `None` where that is unknown.
    #[pyo3(signature = (log, user, *, as_of, outcome = None))]
    fn judge(
        &self,
        log: &Bound<'_, EventLog>,
        user: &Bound<'_, PyAny>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Option<bool>> {
        self.check(Some(log), None, outcome)?;
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        Ok(truth(userops::rule::judge(&self.rule, &subject)?))
    }

    /// The users for whom it holds, and those for whom it is unknown where `unknown` is `"in"`.
    #[pyo3(signature = (log, *, as_of, unknown = None, outcome = None))]
    fn segment(
        &self,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        unknown: Option<&Bound<'_, PyAny>>,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Segment> {
        let unknown: UnknownFold = unknown.map_or(Ok(UnknownFold::default()), |name| data::read("unknown", name))?;
        self.check(Some(log), None, outcome)?;
        let (rule, known) = (self.rule.clone(), Known::of(outcome));
        let segment = run_on_log(log, move |frozen| {
            let plan = Plan::new(frozen, [&rule], [])?;
            let truths = userops::rule::measure_users(frozen, &plan, as_of.0)?.evaluate(&rule, known.context())?;
            Ok(userops::segment::Segment::from_truths(&truths, unknown))
        })?;
        Ok(Segment::new(&log.clone().unbind(), segment))
    }

    /// Why it holds for one user or not.
    #[pyo3(signature = (log, user, *, as_of, outcome = None))]
    fn explain(
        &self,
        log: &Bound<'_, EventLog>,
        user: &Bound<'_, PyAny>,
        as_of: AsOf,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Explanation> {
        self.check(Some(log), None, outcome)?;
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        Ok(userops::rule::explain_rule(&self.rule, &subject)?.into())
    }

    /// The first instant up to `until` at which time alone changes the answer for one user, and the answer then.
    #[pyo3(signature = (log, user, *, as_of, until, outcome = None))]
    fn next_change<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        user: &Bound<'py, PyAny>,
        as_of: AsOf,
        until: AsOf,
        outcome: Option<&Bound<'py, Outcome>>,
    ) -> Result<Option<(Bound<'py, PyAny>, Option<bool>)>> {
        let py = log.py();
        self.check(Some(log), None, outcome)?;
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        let change = userops::rule::next_change_at(&self.rule, &subject, until.0)?;
        Ok(change.map(|(at, then)| Ok::<_, PyErr>((time::to_datetime(py, at)?, truth(then)))).transpose()?)
    }

    /// Both hold.
    fn __and__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(self.rule.clone().and(read_rule(other)?).into())
    }

    /// Both hold.
    fn __rand__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(read_rule(other)?.and(self.rule.clone()).into())
    }

    /// One of the two holds, or both.
    fn __or__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(self.rule.clone().or(read_rule(other)?).into())
    }

    /// One of the two holds, or both.
    fn __ror__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(read_rule(other)?.or(self.rule.clone()).into())
    }

    /// It does not hold.
    fn __invert__(&self) -> Self {
        (!self.rule.clone()).into()
    }

    fn __bool__(&self) -> Result<bool> {
        Err(no_truth("a rule"))
    }

    fn __str__(&self) -> String {
        self.rule.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Rule({:?})", self.rule.to_string())
    }

    /// The rule as a tree of dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.rule)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.rule)?,))?)
    }

    /// The rule of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { rule: data::from_text("rule", text)? })
    }
}

/// Python's `and`, `or` and `not` cannot be taken over, and would silently drop a part.
pub(crate) fn no_truth(what: &str) -> Failure {
    let message = format!("{what} has no truth of its own: join with & | ~ in place of and, or, not, in parentheses");
    refuse(ErrorKind::TypeMismatch, message)
}

/// Something that is measured of one user.
#[pyclass(frozen, module = "userops")]
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) measure: CoreMeasure,
}

impl From<CoreMeasure> for Measure {
    fn from(measure: CoreMeasure) -> Self {
        Self { measure }
    }
}

impl Measure {
    fn is(&self, test: userops::rule::Test) -> Rule {
        self.measure.clone().is(test).into()
    }
}

#[pymethods]
impl Measure {
    /// A measure from its text or its tree.
    #[new]
    fn new(measure: &Bound<'_, PyAny>) -> Result<Self> {
        match measure.cast::<Self>() {
            Ok(measure) => Ok(measure.get().clone()),
            Err(_) => read_form("measure", measure, CoreMeasure::parse).map(Self::from),
        }
    }

    /// Refuses a measure of what a log or schema does not have; the type of its values where that is known.
    #[pyo3(signature = (*, log = None, schema = None, outcome = None))]
    fn check(
        &self,
        log: Option<&Bound<'_, EventLog>>,
        schema: Option<&Bound<'_, PyAny>>,
        outcome: Option<&Bound<'_, Outcome>>,
    ) -> Result<Option<&'static str>> {
        let value_type = userops::rule::check_measure(&self.measure, &vocabulary(log, schema, outcome)?)?;
        Ok(value_type.map(|value_type| value_type.name()))
    }

    /// The value of one user; `None` where it is unknown.
    #[pyo3(signature = (log, user, *, as_of, outcome = None))]
    fn value<'py>(
        &self,
        log: &Bound<'py, EventLog>,
        user: &Bound<'py, PyAny>,
        as_of: AsOf,
        outcome: Option<&Bound<'py, Outcome>>,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let py = log.py();
        self.check(Some(log), None, outcome)?;
        let (log, nothing) = (&log.get().log, Context::default());
        let (user, calendar) = (value::find_user(log, user)?, log.calendar(as_of.0));
        let subject = Subject::new(log, user, as_of.0, &calendar, context_of(outcome, &nothing));
        let read = userops::rule::read_measure(&self.measure, &subject)?;
        Ok(read.map(|read| value::to_python(py, read.as_ref())).transpose()?)
    }

    /// The values of all users: a table of `user` and `value`.
    #[pyo3(signature = (log, *, as_of, outcome = None))]
    fn values(&self, log: &Bound<'_, EventLog>, as_of: AsOf, outcome: Option<&Bound<'_, Outcome>>) -> Result<Table> {
        self.check(Some(log), None, outcome)?;
        let (measure, known) = (self.measure.clone(), Known::of(outcome));
        let table = run_on_log(log, move |frozen| {
            let plan = Plan::new(frozen, [], [&measure])?;
            let column = userops::rule::measure_users(frozen, &plan, as_of.0)?.column(&measure, known.context())?;
            let all = (0..frozen.user_count() as u32).map(userops::id::UserIx);
            userops::table::Table::new(frozen.user_count())
                .with("user", user_column(frozen.users(), all))?
                .with("value", column)
        })?;
        Ok(table.into())
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> Result<Rule> {
        Ok(self.is(filter::compare(operator, other)?))
    }

    /// It is one of the values.
    fn one_of(&self, values: &Bound<'_, PyAny>) -> Result<Rule> {
        Ok(self.is(filter::one_of(values)?))
    }

    /// There is a value.
    fn is_known(&self) -> Rule {
        self.is(userops::rule::Test::Known)
    }

    /// There is no value.
    fn is_unknown(&self) -> Rule {
        self.is(userops::rule::Test::Unknown)
    }

    /// It is the empty text.
    fn is_empty(&self) -> Rule {
        self.is(userops::rule::Test::Empty)
    }

    /// It begins with the text.
    fn starts_with(&self, text: String) -> Rule {
        self.is(userops::rule::Test::StartsWith(text))
    }

    /// It ends with the text.
    fn ends_with(&self, text: String) -> Rule {
        self.is(userops::rule::Test::EndsWith(text))
    }

    /// It has the text within.
    fn contains(&self, text: String) -> Rule {
        self.is(userops::rule::Test::Contains(text))
    }

    fn __bool__(&self) -> Result<bool> {
        Err(no_truth("a measure"))
    }

    fn __str__(&self) -> String {
        self.measure.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Measure({:?})", self.measure.to_string())
    }

    /// The measure as a tree of dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.measure)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.measure)?,))?)
    }

    /// The measure of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { measure: data::from_text("measure", text)? })
    }
}
