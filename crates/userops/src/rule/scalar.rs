//! Rules, one user at a time: the definition that every faster way is held to.

mod compare;
mod kind;
mod measure;
mod select;
mod sequence;

pub use measure::read_measure;
pub use sequence::match_sequence;

pub(crate) use compare::{passes, resolve};
pub(crate) use kind::{Kind, kind_of};
pub(super) use measure::origin_of;
pub(crate) use measure::{age, age_origin};
pub(super) use select::{Matcher, Selection, range_of, rows_in, select};

use super::condition::{Definition, Rule};
use super::subject::Subject;
use super::truth::Truth;
use crate::column::Column;
use crate::error::Result;
use crate::time::{Anniversary, Calendar, Day};
use crate::value::{Value, ValueRef};

/// Years in which a 29 February is sure to come: from 1896 to 1904 it is eight.
const LEAP_YEARS_APART_MAX: i32 = 8;

/// Whether the rule holds for the user. Every part is looked at, so that an error shows whatever the others say.
///
/// # Errors
/// `UnknownName` for a property, attribute, tag, segment or score that there is not, or a stage without a lifecycle; an
/// event name that no event has merely matches none. `TypeMismatch` for a test that does not fit what it tests,
/// `InvalidMoney` for an amount finer than the currency, `InvalidTime` for a text that is no instant,
/// `InvalidDefinition` or `InvalidArgument` for a window or sequence that cannot be, `LimitExceeded` for an integer sum
/// beyond 64 bits.
pub fn judge(rule: &Rule, subject: &Subject<'_>) -> Result<Truth> {
    match rule {
        Rule::All(rules) => rules.iter().try_fold(Truth::True, |all, rule| Ok(all.and(judge(rule, subject)?))),
        Rule::Any(rules) => rules.iter().try_fold(Truth::False, |any, rule| Ok(any.or(judge(rule, subject)?))),
        Rule::Not(rule) => Ok(!judge(rule, subject)?),
        Rule::AtLeast { count, of } => {
            let truths: Vec<Truth> = of.iter().map(|rule| judge(rule, subject)).collect::<Result<_>>()?;
            Ok(Truth::at_least(*count as usize, truths))
        }
        Rule::Measure { measure, test } => {
            let kind = kind_of(measure, subject.log(), subject.context())?;
            let test = resolve(test, kind, subject.log(), subject.calendar())?;
            Ok(passes(&test, read_measure(measure, subject)?.as_ref().map(Value::as_ref)))
        }
        Rule::Sequence(sequence) => {
            let found = match_sequence(sequence, subject)?;
            let told = range_of(&sequence.window, subject)?.is_some();
            Ok(Truth::from(told.then_some(found.is_some())))
        }
        Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
            let Some(origin) = origin_of(attribute, subject)? else { return Ok(Truth::Unknown) };
            let today = subject.calendar().day(subject.as_of());
            let anniversary = Anniversary { origin, leap_day: *leap_day };
            let earliest = Day(today.0.saturating_sub_unsigned(*days_after));
            let latest = Day(today.0.saturating_add_unsigned(*days_before));
            Ok(Truth::from(first_anniversary(anniversary, earliest).is_some_and(|day| day <= latest)))
        }
        Rule::In(definition) => judge_definition(definition, subject),
        Rule::Users(users) => {
            Ok(Truth::from(subject.events().user_id().is_some_and(|id| users.iter().any(|user| user.as_ref() == id))))
        }
    }
}

fn judge_definition(definition: &Definition, subject: &Subject<'_>) -> Result<Truth> {
    let (context, user) = (subject.context(), subject.user().index());
    match definition {
        Definition::Tag(name) => Ok(has_tag(context.tag(name)?, user)),
        Definition::Segment(name) => Ok(context.segment(name)?.get(user)),
        Definition::Stage(name) => Ok(Truth::from(context.stages()?.get(user) == Some(name.as_str()))),
    }
}

fn has_tag(tag: &Column, user: usize) -> Truth {
    match (tag, tag.get(user)) {
        (Column::Bool(_), value) => Truth::from(value.map(|value| value == ValueRef::Bool(true))),
        (_, value) => Truth::from(value.is_some()),
    }
}

/// The first anniversary on or after a day, where there is one among the years of the calendar.
pub(crate) fn first_anniversary(anniversary: Anniversary, day: Day) -> Option<Day> {
    let year = year_of(day);
    (year..=year.saturating_add(LEAP_YEARS_APART_MAX))
        .filter_map(|year| anniversary.in_year(year))
        .find(|candidate| *candidate >= day)
}

fn year_of(day: Day) -> i32 {
    day.month().0.div_euclid(12)
}

/// The local day of the instant of evaluation, as a number.
pub(super) fn local_day_number(subject: &Subject<'_>) -> i64 {
    subject.calendar().day(subject.as_of()).0.into()
}

/// The local day of a value that is an instant or a date.
fn local_day(value: ValueRef<'_>, calendar: &Calendar) -> Option<Day> {
    match value {
        ValueRef::Time(instant) => Some(calendar.day(instant)),
        ValueRef::Date(day) => Some(day),
        _ => None,
    }
}
