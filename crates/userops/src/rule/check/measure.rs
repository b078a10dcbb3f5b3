//! Measures, events and windows: whether they can be, and of what kind they are.

use super::kind::Kind;
use super::{Vocabulary, check_filter};
use crate::error::{Result, invalid_definition, type_mismatch};
use crate::rule::event_query::{EventPattern, EventQuery, EventWindow};
use crate::rule::measure::Measure;
use crate::rule::sequence::Sequence;
use crate::value::ValueType;

/// Refuses a measure that cannot be taken, and says of what kind it is.
pub(super) fn check(measure: &Measure, vocabulary: &Vocabulary) -> Result<Kind> {
    if let Some(over) = measure.over() {
        check_query(over, vocabulary)?;
    }
    let integer = Kind::Value(ValueType::Integer);
    match measure {
        Measure::Attribute(name) => vocabulary.attribute_kind(name),
        Measure::Age { attribute, .. } => check_dated(attribute, "an age", vocabulary).map(|()| integer),
        Measure::Sum { property, .. } => wanted(property, vocabulary, "a sum", "numbers or money", Kind::is_number),
        Measure::Mean { property, .. } => {
            let kind = wanted(property, vocabulary, "a mean", "numbers or money", Kind::is_number)?;
            Ok(if kind == Kind::Money { kind } else { Kind::Value(ValueType::Float) })
        }
        Measure::Min { property, .. } | Measure::Max { property, .. } => {
            let ordered = |kind: Kind| kind.is_number() || kind.is_dated();
            wanted(property, vocabulary, "the least or greatest", "numbers, money, dates or instants", ordered)
        }
        Measure::Distinct { property, .. } => vocabulary.property_kind(property).map(|_| integer),
        Measure::Latest { property, .. } => vocabulary.property_kind(property),
        Measure::FirstTime(_) | Measure::LastTime(_) => Ok(Kind::Value(ValueType::Time)),
        Measure::DaysSinceReturn { silence_days: 0, .. } => {
            Err(invalid_definition("a return comes after at least 1 day of silence, not 0"))
        }
        Measure::Score(name) => vocabulary.score_type(name).map(Kind::Value),
        Measure::Tag(name) => vocabulary.tag_type(name).map(Kind::Value),
        Measure::Stage => vocabulary.check_lifecycle().map(|()| Kind::Value(ValueType::Text)),
        Measure::Bucket(bucket) if bucket.buckets == 0 => Err(invalid_definition("there is at least 1 bucket, not 0")),
        Measure::Count(_)
        | Measure::ActiveDays(_)
        | Measure::DaysSinceFirst(_)
        | Measure::DaysSinceLast(_)
        | Measure::DaysSinceReturn { .. }
        | Measure::Bucket(_) => Ok(integer),
    }
}

/// The kind of a property, which a measure wants to be of some kinds.
fn wanted(property: &str, vocabulary: &Vocabulary, what: &str, of: &str, fits: impl Fn(Kind) -> bool) -> Result<Kind> {
    match vocabulary.property_kind(property)? {
        kind if fits(kind) => Ok(kind),
        kind => Err(type_mismatch(format!("{what} is of {of}, and the property {property:?} is of type {kind}"))),
    }
}

/// Refuses an attribute that is neither date nor instant.
pub(super) fn check_dated(attribute: &str, what: &str, vocabulary: &Vocabulary) -> Result<()> {
    match vocabulary.attribute_kind(attribute)? {
        kind if kind.is_dated() => Ok(()),
        kind => Err(type_mismatch(format!(
            "{what} is counted from a date or instant, and the attribute {attribute:?} is of type {kind}"
        ))),
    }
}

/// Refuses events, a filter or a window that cannot be.
pub(crate) fn check_query(over: &EventQuery, vocabulary: &Vocabulary) -> Result<()> {
    check_events(&over.events, over.filter.as_ref(), vocabulary)?;
    check_window(&over.window, vocabulary)
}

fn check_events(
    events: &[String],
    filter: Option<&crate::rule::event_query::Filter>,
    vocabulary: &Vocabulary,
) -> Result<()> {
    events.iter().try_for_each(|event| vocabulary.check_event(event))?;
    filter.map_or(Ok(()), |filter| check_filter(filter, vocabulary))
}

fn check_window(window: &EventWindow, vocabulary: &Vocabulary) -> Result<()> {
    window.check()?;
    match window {
        EventWindow::Attribute { attribute, .. } => check_dated(attribute, "a window around an attribute", vocabulary),
        EventWindow::Window(_) => Ok(()),
    }
}

/// Refuses a sequence that cannot be.
pub(super) fn check_sequence(sequence: &Sequence, vocabulary: &Vocabulary) -> Result<()> {
    sequence.check()?;
    check_window(&sequence.window, vocabulary)?;
    for step in &sequence.steps {
        check_events(&step.events, step.filter.as_ref(), vocabulary)?;
        for EventPattern { events, filter } in &step.without {
            check_events(events, filter.as_ref(), vocabulary)?;
        }
    }
    Ok(())
}
