//! What an explanation points at: events, reasons, and what would make a difference.

use super::phrase;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::log::EventLog;
use crate::rule::condition::Rule;
use crate::rule::event_query::{EventQuery, EventWindow};
use crate::rule::measure::Measure;
use crate::rule::next_change::next_change_at;
use crate::rule::scalar::{Kind, Matcher, Selection};
use crate::rule::subject::Subject;
use crate::rule::test::Test;
use crate::rule::truth::Truth;
use crate::time::{Span, TimeRange, Timestamp};
use crate::value::Value;

/// Witness events that are shown; the rest is counted.
const EVENTS_SHOWN_MAX: usize = 3;
/// How far ahead an explanation looks for the next change: a year and a day, so that every date comes once.
const HORIZON_DAYS: i64 = 367;

/// The events that a measure was taken over: the oldest of them where the first decides, else the newest.
pub(super) fn events(measure: &Measure, rows: &[usize], log: &EventLog) -> Option<Explanation> {
    if rows.is_empty() {
        return None;
    }
    let oldest_first = matches!(measure, Measure::FirstTime(_) | Measure::DaysSinceFirst(_));
    let shown: Vec<usize> = if oldest_first {
        rows.iter().copied().take(EVENTS_SHOWN_MAX).collect()
    } else {
        rows.iter().rev().copied().take(EVENTS_SHOWN_MAX).collect()
    };
    let order = if oldest_first { "oldest first" } else { "newest first" };
    let text = match rows.len() - shown.len() {
        0 => order.to_owned(),
        more => format!("{order}, and {more} more"),
    };
    let events = Explanation::new("events").value(rows.len() as i64).text(text);
    Some(events.parts(shown.into_iter().map(|row| event(row, log))))
}

/// One event by its instant, name and money.
pub(super) fn event(row: usize, log: &EventLog) -> Explanation {
    let name = log.names().get(u32::from(log.name_codes()[row])).unwrap_or_default();
    let text = match log.amount_minor().get(row) {
        Some(minor) => format!("{name}, {}", phrase::money(minor, log.currency())),
        None => name.to_owned(),
    };
    Explanation::new("event").value(time_of(row, log)).text(text)
}

pub(super) fn time_of(row: usize, log: &EventLog) -> Timestamp {
    Timestamp::from_micros(log.time_micros()[row])
}

/// The instants that the window holds, where it is not all of history.
pub(super) fn window(window: &EventWindow, range: Option<TimeRange>) -> Option<Explanation> {
    let range = range.filter(|_| !window.is_all())?;
    let text = if range.is_empty() {
        format!("no instant yet: it starts at {}", range.start)
    } else {
        format!("from {} on, before {}", range.start, range.end)
    };
    Some(Explanation::new("window").text(text))
}

/// Why there is nothing to measure: `never`, `not_in_window`, `too_young` or `unknown`, told apart.
pub(super) fn reason(
    measure: &Measure,
    value: Option<&Value>,
    selection: Option<&Selection>,
    subject: &Subject<'_>,
) -> Result<Option<Explanation>> {
    let reason = |name: &str, text: String| Some(Explanation::new("reason").value(name).text(text));
    let Some((over, selection)) = measure.over().zip(selection) else {
        return Ok(if value.is_some() { None } else { reason("unknown", unknown_source(measure)) });
    };
    Ok(match selection {
        Selection::UnknownWindow => {
            let attribute = match &over.window {
                EventWindow::Attribute { attribute, .. } => attribute.as_str(),
                EventWindow::Window(_) => "",
            };
            reason("unknown", format!("the attribute {attribute:?}, from which the window is reckoned, is not known"))
        }
        Selection::TooYoung(range) => match subject.events().time(0) {
            Some(since) => {
                reason("too_young", format!("known since {since}, and the window starts at {}", range.start))
            }
            None => reason("too_young", format!("nothing has happened yet, and the window starts at {}", range.start)),
        },
        Selection::Rows(rows, range) if rows.is_empty() => match last_before(over, *range, subject)? {
            Some(last) => reason("not_in_window", format!("the last was at {last}, before the window")),
            None if happened(over, subject)? => reason("not_in_window", "there are some after the window".to_owned()),
            None => reason("never", "it has never happened".to_owned()),
        },
        Selection::Rows(..) if value.is_none() => reason("unknown", unknown_source(measure)),
        Selection::Rows(..) => None,
    })
}

fn unknown_source(measure: &Measure) -> String {
    match measure {
        Measure::Attribute(name) | Measure::Age { attribute: name, .. } => {
            format!("the attribute {name:?} is not known")
        }
        Measure::Latest { property, .. } => format!("the latest of the events has no {property:?}"),
        Measure::DaysSinceReturn { silence_days, .. } => {
            format!("there was no event after a silence of more than {silence_days} days")
        }
        Measure::Score(name) => format!("the user has no score {name:?}"),
        Measure::Tag(name) => format!("the user has no tag {name:?}"),
        Measure::Stage => "the user is in no stage".to_owned(),
        measure => match measure.property() {
            Some(property) => format!("none of the events has {property:?}"),
            None => "it is not known".to_owned(),
        },
    }
}

/// The last visible event of the query before its window.
fn last_before(over: &EventQuery, range: TimeRange, subject: &Subject<'_>) -> Result<Option<Timestamp>> {
    let mut rows = matching(over, subject)?;
    rows.retain(|row| time_of(*row, subject.log()) < range.start);
    Ok(rows.last().map(|row| time_of(*row, subject.log())))
}

fn happened(over: &EventQuery, subject: &Subject<'_>) -> Result<bool> {
    Ok(!matching(over, subject)?.is_empty())
}

/// All visible events of a query, in whatever window.
fn matching(over: &EventQuery, subject: &Subject<'_>) -> Result<Vec<usize>> {
    let matcher = Matcher::new(&over.events, over.filter.as_ref(), subject.log(), subject.calendar())?;
    Ok(subject.events().rows().filter(|row| matcher.matches(*row)).collect())
}

/// What the user would have to do for the condition to hold, where events can bring it about.
pub(super) fn missing(
    measure: &Measure,
    test: &Test,
    kind: Kind,
    value: Option<&Value>,
    subject: &Subject<'_>,
) -> Option<Explanation> {
    let currency = subject.log().currency();
    let over = measure.over()?;
    let events = |count: i128| phrase::pattern(&over.events, over.filter.as_ref(), count, currency);
    let within = phrase::window(&over.window);
    let text = match (measure, value) {
        (Measure::Count(_), Some(Value::Integer(has))) => {
            let needs = needed(test, *has)?;
            let more = needs - i128::from(*has);
            format!("{}: needs {needs}, has {has}", phrase::join(&format!("{more} more {}", events(more)), &within))
        }
        (Measure::ActiveDays(_), Some(Value::Integer(has))) => {
            let needs = needed(test, *has)?;
            let more = needs - i128::from(*has);
            let days = if more == 1 { "day" } else { "days" };
            let what = phrase::join(&format!("{} on {more} more {days}", events(2)), &within);
            format!("{what}: needs {needs}, has {has}")
        }
        (Measure::Sum { property, .. }, Some(Value::Integer(has))) => {
            let needs = i64::try_from(needed(test, *has)?).ok()?;
            let more = needs.checked_sub(*has)?;
            let write = |number: i64| phrase::value(&Value::Integer(number), kind, currency);
            let what = phrase::join(&format!("{} more of {property:?} by {}", write(more), events(2)), &within);
            format!("{what}: needs {}, has {}", write(needs), write(*has))
        }
        (Measure::DaysSinceLast(_), value) if holds_at_zero(test) => {
            let another = if value.is_some() { "another" } else { "a first" };
            phrase::join(&format!("{another} {}", events(1)), &within)
        }
        _ => return None,
    };
    Some(Explanation::new("change").text(text))
}

/// The least number above what there is that passes, where more is what is asked for; none where 64 bits do not hold it.
fn needed(test: &Test, has: i64) -> Option<i128> {
    let ceiling = |value: &Value| match value {
        Value::Integer(value) => Some(i128::from(*value)),
        Value::Float(value) => Some(value.ceil() as i128),
        _ => None,
    };
    let needs = match test {
        Test::Ge(value) | Test::Eq(value) => ceiling(value)?,
        Test::Gt(Value::Float(value)) => (value.floor() as i128).saturating_add(1),
        Test::Gt(value) => ceiling(value)?.saturating_add(1),
        _ => return None,
    };
    let whole = !matches!(test, Test::Eq(Value::Float(value)) if value.fract() != 0.0);
    let reachable = i128::from(has) + 1..=i128::from(i64::MAX);
    (whole && reachable.contains(&needs)).then_some(needs)
}

/// Whether the test holds on the day of an event itself.
fn holds_at_zero(test: &Test) -> bool {
    crate::rule::scalar::passes(test, Some(Value::Integer(0).as_ref())).is_true()
}

/// When time alone changes the answer, within the horizon.
pub(super) fn next_change(rule: &Rule, truth: Truth, subject: &Subject<'_>) -> Result<Option<Explanation>> {
    let until = subject.as_of().plus(Span::from_days(HORIZON_DAYS));
    let Some((instant, then)) = next_change_at(rule, subject, until)? else { return Ok(None) };
    let unless = unless(rule);
    let text = match (truth, then) {
        (Truth::True, _) => format!("lapses then, unless {unless}"),
        (_, Truth::True) => format!("holds from then on, unless {unless}"),
        (_, then) => format!("becomes {} then, unless {unless}", super::name_of(then)),
    };
    Ok(Some(Explanation::new("next_change").value(instant).text(text)))
}

fn unless(rule: &Rule) -> String {
    match rule {
        Rule::Measure { measure, .. } => match measure.over() {
            Some(over) if over.filter.is_none() && !over.events.is_empty() => {
                let names: Vec<String> = over.events.iter().map(|name| format!("{name:?}")).collect();
                format!("{} happens before", names.join(" or "))
            }
            Some(_) => "something happens before".to_owned(),
            None => "the attribute changes before".to_owned(),
        },
        Rule::Anniversary { .. } => "the attribute changes before".to_owned(),
        _ => "something happens before".to_owned(),
    }
}
