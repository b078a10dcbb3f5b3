//! The check of rules against what is known of the data: names, types, and questions that answer themselves.
//!
//! ```
//! use userops::rule::{Rule, Vocabulary, check_rule};
//! use userops::value::ValueType;
//!
//! let vocabulary = Vocabulary::new().events(["order"]).attribute("city", ValueType::Text);
//! assert!(check_rule(&Rule::parse(r#"count("order") >= 2 && user.city == "Berlin""#)?, &vocabulary).is_ok());
//!
//! let error = check_rule(&Rule::parse(r#"count("oder") >= 2"#)?, &vocabulary).unwrap_err();
//! assert!(error.to_string().contains(r#"did you mean "order"?"#));
//! let error = check_rule(&Rule::parse(r#"count("order") < 0"#)?, &vocabulary).unwrap_err();
//! assert!(error.to_string().contains("never"));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod kind;
mod measure;
mod test;
mod vocabulary;

pub(crate) use measure::check_query;
pub use vocabulary::Vocabulary;

use super::condition::{Definition, Rule};
use super::event_query::Filter;
use super::measure::Measure;
use crate::error::{Result, invalid_definition};
use crate::value::ValueType;

/// An anniversary that covers this many days covers every day of a common year.
const ANNIVERSARY_DAYS_MAX: u64 = 365;

/// Refuses a rule that asks for something unknown, compares what does not compare, or answers itself.
///
/// # Errors
/// `UnknownName` with the nearest name; `TypeMismatch` naming the measure, its type and the value; `InvalidDefinition` or
/// `InvalidArgument` for a count or window that cannot be; `InvalidMoney` for an amount with too many decimals. The
/// message begins with the part of the rule that is meant, as text.
pub fn check_rule(rule: &Rule, vocabulary: &Vocabulary) -> Result<()> {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.iter().try_for_each(|rule| check_rule(rule, vocabulary)),
        Rule::Not(rule) => check_rule(rule, vocabulary),
        Rule::AtLeast { count, of } => {
            if *count == 0 || *count as usize > of.len() {
                return Err(invalid_definition(format!(
                    "at_least({count}, …) of {} conditions: the number is from 1 to how many there are",
                    of.len()
                )));
            }
            of.iter().try_for_each(|rule| check_rule(rule, vocabulary))
        }
        Rule::Measure { measure, test } => {
            check_comparison(measure, test, vocabulary).map_err(|error| error.at(place(rule)))
        }
        Rule::Sequence(sequence) => {
            measure::check_sequence(sequence, vocabulary).map_err(|error| error.at(place(rule)))
        }
        Rule::Anniversary { attribute, days_before, days_after, .. } => {
            let days = u64::from(*days_before) + u64::from(*days_after) + 1;
            if days >= ANNIVERSARY_DAYS_MAX {
                return Err(invalid_definition(format!(
                    "{}: {days_before} days before and {days_after} after an anniversary are the whole year",
                    place(rule)
                )));
            }
            measure::check_dated(attribute, "an anniversary", vocabulary).map_err(|error| error.at(place(rule)))
        }
        Rule::In(Definition::Tag(name)) => vocabulary.tag_type(name).map(drop),
        Rule::In(Definition::Segment(name)) => vocabulary.check_segment(name),
        Rule::In(Definition::Stage(name)) => vocabulary.check_stage(name),
        Rule::Users(_) => Ok(()),
    }
}

/// Refuses a measure as [`check_rule`] does, and gives the type of its values; `None` where the vocabulary leaves it open.
///
/// Money is an integer of minor units, its mean a float.
///
/// # Errors
/// As [`check_rule`].
pub fn check_measure(measure: &Measure, vocabulary: &Vocabulary) -> Result<Option<ValueType>> {
    let kind = measure::check(measure, vocabulary).map_err(|error| error.at(quoted(&measure.to_string())))?;
    Ok(match (kind, measure) {
        (kind::Kind::Money, Measure::Mean { .. }) => Some(ValueType::Float),
        (kind, _) => kind.value_type(),
    })
}

fn check_comparison(measure: &Measure, by: &super::test::Test, vocabulary: &Vocabulary) -> Result<()> {
    let kind = measure::check(measure, vocabulary)?;
    test::check(kind, &|| measure.to_string(), by, vocabulary)?;
    if let Some(bounds) = test::Bounds::of(measure) {
        bounds.check(measure, by)?;
    }
    if let (Measure::Stage, super::test::Test::Eq(_) | super::test::Test::Ne(_) | super::test::Test::OneOf(_)) =
        (measure, by)
    {
        for value in by.values().iter() {
            if let crate::value::Value::Text(stage) = value {
                vocabulary.check_stage(stage)?;
            }
        }
    }
    Ok(())
}

/// Refuses a filter as [`check_rule`] does.
fn check_filter(filter: &Filter, vocabulary: &Vocabulary) -> Result<()> {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => {
            filters.iter().try_for_each(|filter| check_filter(filter, vocabulary))
        }
        Filter::Not(filter) => check_filter(filter, vocabulary),
        Filter::Property { name, test: by } => {
            let kind = vocabulary.property_kind(name)?;
            test::check(kind, &|| format!("event.{name}"), by, vocabulary)
        }
    }
}

fn place(rule: &Rule) -> String {
    quoted(&rule.to_string())
}

/// A part of a rule in a message, not too much of it.
fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}
