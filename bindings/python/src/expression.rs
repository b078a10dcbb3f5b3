//! The words that rules are made of in Python: measures, and rules that are no comparison of one.

use pyo3::prelude::*;
use pyo3::types::PyType;
use userops::error::ErrorKind;
use userops::id::UserId;
use userops::rule::{
    AgeUnit, Bucket, EventPattern, EventQuery, EventWindow, Measure as CoreMeasure, Rule as CoreRule, Sequence,
    Step as CoreStep,
};
use userops::time::Window;

use crate::data;
use crate::failure::{Result, refuse};
use crate::filter::read_filter;
use crate::pickle::{Reduced, reduce};
use crate::rule::{Measure, Rule, read_rule};
use crate::time;
use crate::value;

/// The events that a measure is taken over.
#[derive(Clone, Copy)]
struct Over<'a, 'py> {
    filter: Option<&'a Bound<'py, PyAny>>,
    last: Option<&'a Bound<'py, PyAny>>,
    window: Option<&'a Bound<'py, PyAny>>,
    around: Option<&'a Bound<'py, PyAny>>,
    observed: Option<&'a Bound<'py, PyAny>>,
}

/// At most one of the three ways to say when.
fn event_window(
    last: Option<&Bound<'_, PyAny>>,
    window: Option<&Bound<'_, PyAny>>,
    around: Option<&Bound<'_, PyAny>>,
) -> Result<Option<EventWindow>> {
    Ok(match (last, window, around) {
        (None, None, None) => None,
        (Some(last), None, None) => Some(Window::Rolling { span: time::span(last)? }.into()),
        (None, Some(window), None) => Some(data::read::<Window>("window", window)?.into()),
        (None, None, Some(around)) => {
            let around = serde_json::json!({ "attribute": data::to_json(around)? });
            Some(data::from_value("around", around)?)
        }
        _ => return Err(refuse(ErrorKind::InvalidArgument, "last, window and around exclude each other")),
    })
}

impl Over<'_, '_> {
    fn query(self, events: Vec<String>) -> Result<EventQuery> {
        let mut query = EventQuery::new(events);
        query.filter = self.filter.map(read_filter).transpose()?;
        if let Some(window) = event_window(self.last, self.window, self.around)? {
            query.window = window;
        }
        if let Some(observed) = self.observed {
            query.observed = data::read("observed", observed)?;
        }
        Ok(query)
    }
}

macro_rules! measures_of_events {
    ($($(#[doc = $doc:literal])* $name:ident => $variant:ident;)*) => {$(
        $(#[doc = $doc])*
        #[pyfunction]
        #[pyo3(signature = (*events, r#where = None, last = None, window = None, around = None, observed = None))]
        pub(crate) fn $name(
            events: Vec<String>,
            r#where: Option<&Bound<'_, PyAny>>,
            last: Option<&Bound<'_, PyAny>>,
            window: Option<&Bound<'_, PyAny>>,
            around: Option<&Bound<'_, PyAny>>,
            observed: Option<&Bound<'_, PyAny>>,
        ) -> Result<Measure> {
            let over = Over { filter: r#where, last, window, around, observed };
            Ok(CoreMeasure::$variant(over.query(events)?).into())
        }
    )*};
}

measures_of_events! {
    /// How many events.
    count => Count;
    /// On how many local days there was an event.
    active_days => ActiveDays;
    /// The instant of the first event.
    first_time => FirstTime;
    /// The instant of the last event.
    last_time => LastTime;
    /// Local days since the first event.
    days_since_first => DaysSinceFirst;
    /// Local days since the last event.
    days_since_last => DaysSinceLast;
}

macro_rules! measures_of_properties {
    ($($(#[doc = $doc:literal])* $name:ident => $variant:ident;)*) => {$(
        $(#[doc = $doc])*
        #[pyfunction]
        #[pyo3(signature = (
            property, *events, r#where = None, last = None, window = None, around = None, observed = None
        ))]
        pub(crate) fn $name(
            property: String,
            events: Vec<String>,
            r#where: Option<&Bound<'_, PyAny>>,
            last: Option<&Bound<'_, PyAny>>,
            window: Option<&Bound<'_, PyAny>>,
            around: Option<&Bound<'_, PyAny>>,
            observed: Option<&Bound<'_, PyAny>>,
        ) -> Result<Measure> {
            let over = Over { filter: r#where, last, window, around, observed };
            Ok(CoreMeasure::$variant { property, over: over.query(events)? }.into())
        }
    )*};
}

measures_of_properties! {
    /// The sum of a property.
    sum => Sum;
    /// The least value of a property.
    min => Min;
    /// The greatest value of a property.
    max => Max;
    /// The mean of a property.
    mean => Mean;
    /// How many different values of a property.
    distinct => Distinct;
    /// The property of the latest event.
    latest => Latest;
}

/// Local days since the user last came back after a silence.
#[pyfunction]
#[pyo3(signature = (
    silence_days, *events, r#where = None, last = None, window = None, around = None, observed = None
))]
pub(crate) fn days_since_return(
    silence_days: u32,
    events: Vec<String>,
    r#where: Option<&Bound<'_, PyAny>>,
    last: Option<&Bound<'_, PyAny>>,
    window: Option<&Bound<'_, PyAny>>,
    around: Option<&Bound<'_, PyAny>>,
    observed: Option<&Bound<'_, PyAny>>,
) -> Result<Measure> {
    let over = Over { filter: r#where, last, window, around, observed };
    Ok(CoreMeasure::DaysSinceReturn { silence_days, over: over.query(events)? }.into())
}

/// A user attribute.
#[pyfunction]
pub(crate) fn attribute(name: &str) -> Measure {
    CoreMeasure::attribute(name).into()
}

/// The age of a date or time attribute, in `"years"`, `"months"` or `"days"`.
#[pyfunction]
#[pyo3(signature = (attribute, unit = None))]
pub(crate) fn age(attribute: String, unit: Option<&Bound<'_, PyAny>>) -> Result<Measure> {
    let unit = unit.map_or(Ok(AgeUnit::Years), |unit| data::read("unit", unit))?;
    Ok(CoreMeasure::Age { attribute, unit }.into())
}

/// A column of a score by name, such as `rfm.recency`.
#[pyfunction]
pub(crate) fn score(name: String) -> Measure {
    CoreMeasure::Score(name).into()
}

/// The value of a tag.
#[pyfunction]
pub(crate) fn tag(name: String) -> Measure {
    CoreMeasure::Tag(name).into()
}

/// The lifecycle stage.
#[pyfunction]
pub(crate) fn stage() -> Measure {
    CoreMeasure::Stage.into()
}

/// The user's place among hash buckets, from 0 on.
#[pyfunction]
#[pyo3(signature = (salt, buckets, hash = None))]
pub(crate) fn bucket(salt: String, buckets: u32, hash: Option<&Bound<'_, PyAny>>) -> Result<Measure> {
    let hash = hash.map_or(Ok(Default::default()), |hash| data::read("hash", hash))?;
    Ok(CoreMeasure::Bucket(Bucket { salt, buckets, hash }).into())
}

/// The user has the tag.
#[pyfunction]
pub(crate) fn has_tag(name: &str) -> Rule {
    CoreRule::tag(name).into()
}

/// The user is in the segment.
#[pyfunction]
pub(crate) fn in_segment(name: &str) -> Rule {
    CoreRule::segment(name).into()
}

/// The user is in the lifecycle stage.
#[pyfunction]
pub(crate) fn in_stage(name: &str) -> Rule {
    CoreRule::stage(name).into()
}

/// The user is one of these.
#[pyfunction]
pub(crate) fn is_user(ids: &Bound<'_, PyAny>) -> Result<Rule> {
    let ids: Vec<UserId> = ids.try_iter()?.map(|id| value::user_id(&id?)).collect::<Result<_>>()?;
    Ok(CoreRule::Users(ids).into())
}

/// The anniversary of a date attribute is near.
#[pyfunction]
#[pyo3(signature = (attribute, *, days_before = 0, days_after = 0, leap_day = None))]
pub(crate) fn anniversary(
    attribute: String,
    days_before: u32,
    days_after: u32,
    leap_day: Option<&Bound<'_, PyAny>>,
) -> Result<Rule> {
    let leap_day = leap_day.map_or(Ok(Default::default()), |name| data::read("leap_day", name))?;
    Ok(CoreRule::Anniversary { attribute, days_before, days_after, leap_day }.into())
}

/// At least so many of the rules hold.
#[pyfunction]
#[pyo3(signature = (count, *rules))]
pub(crate) fn at_least(count: u32, rules: Vec<Bound<'_, PyAny>>) -> Result<Rule> {
    Ok(CoreRule::AtLeast { count, of: rules.iter().map(read_rule).collect::<Result<_>>()? }.into())
}

/// A step of a sequence.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    step: CoreStep,
}

#[pymethods]
impl Step {
    /// One of these events, at least and at most so long after the step before, without others in between.
    #[new]
    #[pyo3(signature = (*events, r#where = None, gap_min = None, gap_max = None, without = None))]
    fn new(
        events: Vec<String>,
        r#where: Option<&Bound<'_, PyAny>>,
        gap_min: Option<&Bound<'_, PyAny>>,
        gap_max: Option<&Bound<'_, PyAny>>,
        without: Option<Vec<Bound<'_, PyAny>>>,
    ) -> Result<Self> {
        let mut step = CoreStep::new(events);
        step.filter = r#where.map(read_filter).transpose()?;
        step.gap_min = gap_min.map(time::span).transpose()?;
        step.gap_max = gap_max.map(time::span).transpose()?;
        for pattern in without.into_iter().flatten() {
            step.without.push(match pattern.extract::<String>() {
                Ok(event) => EventPattern::new([event]),
                Err(_) => data::read("without", &pattern)?,
            });
        }
        Ok(Self { step })
    }

    /// The step as a tree of dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.step)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.step)?,))?)
    }

    /// The step of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { step: data::from_text("step", text)? })
    }
}

/// Events in order, each step by the name of its event or as a `Step`.
#[pyfunction]
#[pyo3(signature = (*steps, last = None, window = None, around = None, within = None, strictly_later = false))]
pub(crate) fn sequence(
    steps: Vec<Bound<'_, PyAny>>,
    last: Option<&Bound<'_, PyAny>>,
    window: Option<&Bound<'_, PyAny>>,
    around: Option<&Bound<'_, PyAny>>,
    within: Option<&Bound<'_, PyAny>>,
    strictly_later: bool,
) -> Result<Rule> {
    let step = |step: &Bound<'_, PyAny>| -> Result<CoreStep> {
        match (step.cast::<Step>(), step.extract::<String>()) {
            (Ok(step), _) => Ok(step.get().step.clone()),
            (_, Ok(event)) => Ok(CoreStep::new([event])),
            _ => data::read("step", step),
        }
    };
    let mut sequence = Sequence::new(steps.iter().map(step).collect::<Result<_>>()?);
    if let Some(window) = event_window(last, window, around)? {
        sequence.window = window;
    }
    sequence.within = within.map(time::span).transpose()?;
    sequence.strictly_later = strictly_later;
    sequence.check()?;
    Ok(CoreRule::from(sequence).into())
}
