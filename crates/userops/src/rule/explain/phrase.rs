//! Measures, windows and tests in English.

use crate::money::{Currency, Money};
use crate::rule::event_query::{EventQuery, EventWindow, Filter};
use crate::rule::measure::{AMOUNT, AgeUnit, Measure};
use crate::rule::scalar::Kind;
use crate::rule::test::Test;
use crate::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Span, Window};
use crate::value::Value;

/// The name of a measure for programs: that of its serde form.
pub(super) fn label(measure: &Measure) -> &'static str {
    match measure {
        Measure::Attribute(_) => "attribute",
        Measure::Age { .. } => "age",
        Measure::Count(_) => "count",
        Measure::ActiveDays(_) => "active_days",
        Measure::Sum { .. } => "sum",
        Measure::Min { .. } => "min",
        Measure::Max { .. } => "max",
        Measure::Mean { .. } => "mean",
        Measure::Distinct { .. } => "distinct",
        Measure::Latest { .. } => "latest",
        Measure::FirstTime(_) => "first_time",
        Measure::LastTime(_) => "last_time",
        Measure::DaysSinceFirst(_) => "days_since_first",
        Measure::DaysSinceLast(_) => "days_since_last",
        Measure::DaysSinceReturn { .. } => "days_since_return",
        Measure::Score(_) => "score",
        Measure::Tag(_) => "tag",
        Measure::Stage => "stage",
        Measure::Bucket(_) => "bucket",
    }
}

/// A measure, as the subject of a sentence.
pub(super) fn measure(measure: &Measure, currency: Currency) -> String {
    let events = measure.over().map(|over| query(over, currency)).unwrap_or_default();
    let property = measure.property().map(name_of).unwrap_or_default();
    match measure {
        Measure::Attribute(name) => format!("the attribute {name:?}"),
        Measure::Age { attribute, unit } => {
            let unit = match unit {
                AgeUnit::Years => "years",
                AgeUnit::Months => "months",
                AgeUnit::Days => "days",
            };
            format!("the age since {attribute:?} in {unit}")
        }
        Measure::Count(_) => format!("the number of {events}"),
        Measure::ActiveDays(_) => format!("the number of days with {events}"),
        Measure::Sum { .. } => format!("the sum of {property} over {events}"),
        Measure::Min { .. } => format!("the least {property} of {events}"),
        Measure::Max { .. } => format!("the greatest {property} of {events}"),
        Measure::Mean { .. } => format!("the mean {property} of {events}"),
        Measure::Distinct { .. } => format!("the number of different values of {property} over {events}"),
        Measure::Latest { .. } => format!("the {property} of the latest of {events}"),
        Measure::FirstTime(_) => format!("the instant of the first of {events}"),
        Measure::LastTime(_) => format!("the instant of the last of {events}"),
        Measure::DaysSinceFirst(_) => format!("the number of days since the first of {events}"),
        Measure::DaysSinceLast(_) => format!("the number of days since the last of {events}"),
        Measure::DaysSinceReturn { silence_days, .. } => {
            format!("the number of days since the latest return, after more than {silence_days} days without {events}")
        }
        Measure::Score(name) => format!("the score {name:?}"),
        Measure::Tag(name) => format!("the tag {name:?}"),
        Measure::Stage => "the lifecycle stage".to_owned(),
        Measure::Bucket(bucket) => format!("the bucket of {} by the salt {:?}", bucket.buckets, bucket.salt),
    }
}

/// A property by name; the money goes without quotation marks.
fn name_of(property: &str) -> String {
    if property == AMOUNT { property.to_owned() } else { format!("{property:?}") }
}

fn query(over: &EventQuery, currency: Currency) -> String {
    join(&pattern(&over.events, over.filter.as_ref(), 2, currency), &window(&over.window))
}

/// Both with a space between, where there is something of both.
pub(super) fn join(a: &str, b: &str) -> String {
    if b.is_empty() { a.to_owned() } else { format!("{a} {b}") }
}

/// `"order" or "refund" events where amount is at least 10 USD`, of this number.
pub(super) fn pattern(events: &[String], filter: Option<&Filter>, count: i128, currency: Currency) -> String {
    let noun = if count == 1 { "event" } else { "events" };
    let names: Vec<String> = events.iter().map(|name| format!("{name:?}")).collect();
    let named = if names.is_empty() { noun.to_owned() } else { format!("{} {noun}", names.join(" or ")) };
    filter.map_or(named.clone(), |filter| format!("{named} where {}", condition(filter, currency)))
}

fn condition(filter: &Filter, currency: Currency) -> String {
    let each = |filters: &[Filter], word: &str, none: &str| match filters {
        [] => none.to_owned(),
        filters => {
            let parts: Vec<String> = filters.iter().map(|filter| nested(filter, currency)).collect();
            parts.join(word)
        }
    };
    match filter {
        Filter::All(filters) => each(filters, " and ", "anything holds"),
        Filter::Any(filters) => each(filters, " or ", "nothing holds"),
        Filter::Not(filter) => format!("not ({})", condition(filter, currency)),
        Filter::Property { name, test } => {
            let written = |value: &Value| match value {
                Value::Text(text) => format!("{text:?}"),
                number if name == AMOUNT => format!("{number} {currency}"),
                other => other.to_string(),
            };
            format!("{} is {}", name_of(name), needs(test, written))
        }
    }
}

fn nested(filter: &Filter, currency: Currency) -> String {
    let text = condition(filter, currency);
    match filter {
        Filter::All(parts) | Filter::Any(parts) if parts.len() > 1 => format!("({text})"),
        _ => text,
    }
}

/// What a test asks for, after "is" or "needed:".
pub(super) fn needs(test: &Test, written: impl Fn(&Value) -> String) -> String {
    match test {
        Test::Eq(value) => written(value),
        Test::Ne(value) => format!("other than {}", written(value)),
        Test::Lt(value) => format!("below {}", written(value)),
        Test::Le(value) => format!("at most {}", written(value)),
        Test::Gt(value) => format!("above {}", written(value)),
        Test::Ge(value) => format!("at least {}", written(value)),
        Test::OneOf(values) if values.is_empty() => "one of no values".to_owned(),
        Test::OneOf(values) => {
            let values: Vec<String> = values.iter().map(written).collect();
            format!("one of {}", values.join(", "))
        }
        Test::StartsWith(part) => format!("a text that starts with {part:?}"),
        Test::EndsWith(part) => format!("a text that ends with {part:?}"),
        Test::Contains(part) => format!("a text that contains {part:?}"),
        Test::Known => "any known value".to_owned(),
        Test::Unknown => "unknown".to_owned(),
        Test::Empty => "the empty text".to_owned(),
    }
}

/// A value as people write it: money in major units with its currency, texts in quotation marks.
pub(super) fn value(value: &Value, kind: Kind, currency: Currency) -> String {
    match (kind, value) {
        (Kind::Money, Value::Integer(minor)) => money(*minor, currency),
        (Kind::Money, Value::Float(minor)) => {
            let major = minor / currency.minor_per_major() as f64;
            format!("{major:.*} {currency}", usize::from(currency.decimals()))
        }
        (_, Value::Text(text)) => format!("{text:?}"),
        (_, other) => other.to_string(),
    }
}

pub(super) fn money(minor: i64, currency: Currency) -> String {
    format!("{} {currency}", currency.format(Money::from_minor(minor)))
}

/// The window, to be put after events; nothing for all of history.
pub(super) fn window(window: &EventWindow) -> String {
    match window {
        EventWindow::Attribute { attribute, from, until } => {
            format!("from {} until {}", shifted(attribute, *from), shifted(attribute, *until))
        }
        EventWindow::Window(window) => match *window {
            Window::All => String::new(),
            Window::Rolling { span } => format!("in the last {}", length(span)),
            Window::CalendarDays { n, include_today } => periods(n, include_today, "today", "yesterday", "day"),
            Window::CalendarWeeks { n, include_current, .. } => {
                periods(n, include_current, "this week", "last week", "week")
            }
            Window::CalendarMonths { n, include_current } => {
                periods(n, include_current, "this month", "last month", "month")
            }
            Window::Since { start } => format!("since {start}"),
            Window::Between { start, end } => format!("from {start} until {end}"),
        },
    }
}

fn periods(n: u32, includes_current: bool, this: &str, last: &str, unit: &str) -> String {
    match (n, includes_current) {
        (1, true) => this.to_owned(),
        (1, false) => last.to_owned(),
        (_, true) => format!("in the last {n} calendar {unit}s, {this} included"),
        (_, false) => format!("in the {n} calendar {unit}s before {this}"),
    }
}

fn shifted(attribute: &str, span: Span) -> String {
    match span.as_micros() {
        0 => format!("{attribute:?}"),
        micros if micros < 0 => format!("{} before {attribute:?}", length(Span::from_micros(micros.saturating_neg()))),
        _ => format!("{} after {attribute:?}", length(span)),
    }
}

/// `30 days`, `12 hours`; anything finer as serde writes it.
pub(super) fn length(span: Span) -> String {
    let counted = |unit_micros: i64, unit: &str| {
        let count = span.as_micros() / unit_micros;
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    };
    match span.as_micros() {
        MICROS_PER_DAY => "24 hours".to_owned(),
        micros if micros % MICROS_PER_DAY == 0 => counted(MICROS_PER_DAY, "day"),
        micros if micros % MICROS_PER_HOUR == 0 => counted(MICROS_PER_HOUR, "hour"),
        _ => span.to_string(),
    }
}
