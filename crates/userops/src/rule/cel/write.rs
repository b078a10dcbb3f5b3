//! From rules and measures in normal form to text.

use std::fmt::{Formatter, Result, Write};

use super::query::WEEK_STARTS;
use super::read::{AGE_UNITS, HASHES, LEAP_DAYS};
use crate::id::UserId;
use crate::rule::bucket::BucketHash;
use crate::rule::condition::{Definition, Rule};
use crate::rule::event_query::{EventPattern, EventQuery, EventWindow, Filter, Observed};
use crate::rule::measure::Measure;
use crate::rule::sequence::{Sequence, Step};
use crate::rule::test::Test;
use crate::time::{LeapDayPolicy, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, Span, WeekStart, Window};
use crate::value::Value;

/// Units of a span with their functions, longest first.
const UNITS: [(&str, i64); 6] = [
    ("days", MICROS_PER_DAY),
    ("hours", MICROS_PER_HOUR),
    ("minutes", 60 * MICROS_PER_SECOND),
    ("seconds", MICROS_PER_SECOND),
    ("milliseconds", 1_000),
    ("microseconds", 1),
];
/// Words that cannot follow a dot.
const WORDS: [&str; 4] = ["in", "true", "false", "null"];

/// Writes a rule.
pub(super) fn rule(f: &mut Formatter<'_>, whole: &Rule) -> Result {
    match whole {
        Rule::All(rules) => joined(f, rules, " && ", "true", rule_part),
        Rule::Any(rules) => joined(f, rules, " || ", "false", rule_part),
        Rule::Not(inner) => {
            f.write_char('!')?;
            if is_tight(inner) { rule(f, inner) } else { parenthesised(f, &**inner, rule) }
        }
        Rule::AtLeast { count, of } => {
            write!(f, "at_least({count}")?;
            for inner in of {
                f.write_str(", ")?;
                rule(f, inner)?;
            }
            f.write_char(')')
        }
        Rule::Measure { measure: subject, test: by } => test(f, by, |f| measure(f, subject)),
        Rule::Sequence(steps) => sequence(f, steps),
        Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
            f.write_str("anniversary(")?;
            name_of(f, "user", attribute)?;
            let stated = *leap_day != LeapDayPolicy::default();
            if stated || *days_before > 0 || *days_after > 0 {
                write!(f, ", {days_before}, {days_after}")?;
            }
            if stated {
                write!(f, ", \"{}\"", choice(&LEAP_DAYS, leap_day))?;
            }
            f.write_char(')')
        }
        Rule::In(Definition::Tag(name)) => call(f, "has_tag", name),
        Rule::In(Definition::Segment(name)) => call(f, "in_segment", name),
        Rule::In(Definition::Stage(name)) => call(f, "in_stage", name),
        Rule::Users(users) => {
            f.write_str("is_user(")?;
            list(f, users, |f, user| match user {
                UserId::Integer(id) => write!(f, "{id}"),
                UserId::Text(id) => text(f, id),
            })?;
            f.write_char(')')
        }
    }
}

/// Whether the rule is one word to `!`: a call or a constant.
fn is_tight(rule: &Rule) -> bool {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.is_empty(),
        Rule::Measure { test, .. } => is_call(test),
        _ => true,
    }
}

fn is_call(test: &Test) -> bool {
    matches!(
        test,
        Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) | Test::Known | Test::Unknown | Test::Empty
    )
}

fn rule_part(f: &mut Formatter<'_>, part: &Rule) -> Result {
    match part {
        Rule::All(rules) | Rule::Any(rules) if !rules.is_empty() => parenthesised(f, part, rule),
        _ => rule(f, part),
    }
}

/// Writes a filter.
pub(super) fn filter(f: &mut Formatter<'_>, whole: &Filter) -> Result {
    match whole {
        Filter::All(filters) => joined(f, filters, " && ", "true", filter_part),
        Filter::Any(filters) => joined(f, filters, " || ", "false", filter_part),
        Filter::Not(inner) => {
            f.write_char('!')?;
            let tight = match &**inner {
                Filter::All(filters) | Filter::Any(filters) => filters.is_empty(),
                Filter::Property { test, .. } => is_call(test),
                Filter::Not(_) => true,
            };
            if tight { filter(f, inner) } else { parenthesised(f, &**inner, filter) }
        }
        Filter::Property { name, test: by } => test(f, by, |f| name_of(f, "event", name)),
    }
}

fn filter_part(f: &mut Formatter<'_>, part: &Filter) -> Result {
    match part {
        Filter::All(filters) | Filter::Any(filters) if !filters.is_empty() => parenthesised(f, part, filter),
        _ => filter(f, part),
    }
}

fn parenthesised<T>(f: &mut Formatter<'_>, inner: &T, write: fn(&mut Formatter<'_>, &T) -> Result) -> Result {
    f.write_char('(')?;
    write(f, inner)?;
    f.write_char(')')
}

fn joined<T>(
    f: &mut Formatter<'_>,
    parts: &[T],
    by: &str,
    none: &str,
    write: fn(&mut Formatter<'_>, &T) -> Result,
) -> Result {
    if parts.is_empty() {
        return f.write_str(none);
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(by)?;
        }
        write(f, part)?;
    }
    Ok(())
}

fn list<T>(f: &mut Formatter<'_>, parts: &[T], write: fn(&mut Formatter<'_>, &T) -> Result) -> Result {
    joined(f, parts, ", ", "", write)
}

/// Writes a measure.
pub(super) fn measure(f: &mut Formatter<'_>, whole: &Measure) -> Result {
    match whole {
        Measure::Attribute(name) => name_of(f, "user", name),
        Measure::Age { attribute, unit } => {
            f.write_str("age(")?;
            name_of(f, "user", attribute)?;
            write!(f, ", \"{}\")", choice(&AGE_UNITS, unit))
        }
        Measure::Count(over) => over_events(f, "count", over),
        Measure::ActiveDays(over) => over_events(f, "active_days", over),
        Measure::FirstTime(over) => over_events(f, "first_time", over),
        Measure::LastTime(over) => over_events(f, "last_time", over),
        Measure::DaysSinceFirst(over) => over_events(f, "days_since_first", over),
        Measure::DaysSinceLast(over) => over_events(f, "days_since_last", over),
        Measure::Sum { property, over } => over_property(f, "sum", property, over),
        Measure::Min { property, over } => over_property(f, "min", property, over),
        Measure::Max { property, over } => over_property(f, "max", property, over),
        Measure::Mean { property, over } => over_property(f, "mean", property, over),
        Measure::Distinct { property, over } => over_property(f, "distinct", property, over),
        Measure::Latest { property, over } => over_property(f, "latest", property, over),
        Measure::DaysSinceReturn { silence_days, over } => {
            write!(f, "days_since_return({silence_days}")?;
            arguments(f, true, over)
        }
        Measure::Score(name) => call(f, "score", name),
        Measure::Tag(name) => call(f, "tag", name),
        Measure::Stage => f.write_str("stage()"),
        Measure::Bucket(bucket) => {
            f.write_str("bucket(")?;
            text(f, &bucket.salt)?;
            write!(f, ", {}", bucket.buckets)?;
            if bucket.hash != BucketHash::default() {
                write!(f, ", \"{}\"", choice(&HASHES, &bucket.hash))?;
            }
            f.write_char(')')
        }
    }
}

fn over_events(f: &mut Formatter<'_>, function: &str, over: &EventQuery) -> Result {
    write!(f, "{function}(")?;
    arguments(f, false, over)
}

fn over_property(f: &mut Formatter<'_>, function: &str, property: &str, over: &EventQuery) -> Result {
    write!(f, "{function}(")?;
    name_of(f, "event", property)?;
    arguments(f, true, over)
}

/// Puts commas between arguments, of which each may be there or not.
struct Separated {
    begun: bool,
}

impl Separated {
    fn next(&mut self, f: &mut Formatter<'_>) -> Result {
        if std::mem::replace(&mut self.begun, true) { f.write_str(", ") } else { Ok(()) }
    }

    fn events(&mut self, f: &mut Formatter<'_>, events: &[String], by: Option<&Filter>) -> Result {
        for event in events {
            self.next(f)?;
            text(f, event)?;
        }
        if let Some(by) = by {
            self.next(f)?;
            f.write_str("where(")?;
            filter(f, by)?;
            f.write_char(')')?;
        }
        Ok(())
    }

    fn window(&mut self, f: &mut Formatter<'_>, window: &EventWindow) -> Result {
        if window.is_all() {
            return Ok(());
        }
        self.next(f)?;
        event_window(f, window)
    }
}

/// The events of a measure, and the bracket that closes it.
fn arguments(f: &mut Formatter<'_>, begun: bool, over: &EventQuery) -> Result {
    let mut separated = Separated { begun };
    separated.events(f, &over.events, over.filter.as_ref())?;
    separated.window(f, &over.window)?;
    if over.observed == Observed::Window {
        separated.next(f)?;
        f.write_str("observed()")?;
    }
    f.write_char(')')
}

fn event_window(f: &mut Formatter<'_>, window: &EventWindow) -> Result {
    match window {
        EventWindow::Attribute { attribute, from, until } => {
            f.write_str("around(")?;
            name_of(f, "user", attribute)?;
            f.write_str(", ")?;
            span(f, *from)?;
            f.write_str(", ")?;
            span(f, *until)?;
            f.write_char(')')
        }
        EventWindow::Window(Window::Rolling { span: back }) => {
            f.write_str("last(")?;
            span(f, *back)?;
            f.write_char(')')
        }
        EventWindow::Window(Window::CalendarDays { n, include_today }) => calendar(f, "days", *n, *include_today, None),
        EventWindow::Window(Window::CalendarWeeks { n, include_current, week_start }) => {
            calendar(f, "weeks", *n, *include_current, Some(*week_start))
        }
        EventWindow::Window(Window::CalendarMonths { n, include_current }) => {
            calendar(f, "months", *n, *include_current, None)
        }
        EventWindow::Window(Window::Since { start }) => write!(f, "since(\"{start}\")"),
        EventWindow::Window(Window::Between { start, end }) => write!(f, "between(\"{start}\", \"{end}\")"),
        EventWindow::Window(Window::All) => Ok(()),
    }
}

fn calendar(f: &mut Formatter<'_>, unit: &str, n: u32, current: bool, week_start: Option<WeekStart>) -> Result {
    write!(f, "calendar_{unit}({n}")?;
    let week_start = week_start.filter(|day| *day != WeekStart::default());
    if current || week_start.is_some() {
        write!(f, ", {current}")?;
    }
    if let Some(day) = week_start {
        write!(f, ", \"{}\"", choice(&WEEK_STARTS, &day))?;
    }
    f.write_char(')')
}

fn sequence(f: &mut Formatter<'_>, whole: &Sequence) -> Result {
    f.write_str("sequence(")?;
    let mut separated = Separated { begun: false };
    for part in &whole.steps {
        separated.next(f)?;
        step(f, part)?;
    }
    separated.window(f, &whole.window)?;
    if let Some(within) = whole.within {
        separated.next(f)?;
        spanned(f, "total", within)?;
    }
    if whole.strictly_later {
        separated.next(f)?;
        f.write_str("strictly_later()")?;
    }
    f.write_char(')')
}

fn step(f: &mut Formatter<'_>, whole: &Step) -> Result {
    f.write_str("step(")?;
    let mut separated = Separated { begun: false };
    separated.events(f, &whole.events, whole.filter.as_ref())?;
    for (function, gap) in [("after", whole.gap_min), ("within", whole.gap_max)] {
        if let Some(gap) = gap {
            separated.next(f)?;
            spanned(f, function, gap)?;
        }
    }
    for EventPattern { events, filter } in &whole.without {
        separated.next(f)?;
        f.write_str("without(")?;
        Separated { begun: false }.events(f, events, filter.as_ref())?;
        f.write_char(')')?;
    }
    f.write_char(')')
}

fn spanned(f: &mut Formatter<'_>, function: &str, length: Span) -> Result {
    write!(f, "{function}(")?;
    span(f, length)?;
    f.write_char(')')
}

fn span(f: &mut Formatter<'_>, length: Span) -> Result {
    let micros = length.as_micros();
    let (unit, size) = UNITS.into_iter().find(|(_, size)| micros % size == 0).unwrap_or(("microseconds", 1));
    write!(f, "{unit}({})", micros / size)
}

fn test(f: &mut Formatter<'_>, by: &Test, subject: impl Fn(&mut Formatter<'_>) -> Result) -> Result {
    let compared = |f: &mut Formatter<'_>, operator: &str, to: &Value| {
        subject(f)?;
        write!(f, " {operator} ")?;
        value(f, to)
    };
    let method = |f: &mut Formatter<'_>, name: &str, part: &str| {
        subject(f)?;
        f.write_char('.')?;
        call(f, name, part)
    };
    let predicate = |f: &mut Formatter<'_>, name: &str| {
        write!(f, "{name}(")?;
        subject(f)?;
        f.write_char(')')
    };
    match by {
        Test::Eq(to) => compared(f, "==", to),
        Test::Ne(to) => compared(f, "!=", to),
        Test::Lt(to) => compared(f, "<", to),
        Test::Le(to) => compared(f, "<=", to),
        Test::Gt(to) => compared(f, ">", to),
        Test::Ge(to) => compared(f, ">=", to),
        Test::OneOf(values) => {
            subject(f)?;
            f.write_str(" in [")?;
            list(f, values, value)?;
            f.write_char(']')
        }
        Test::StartsWith(part) => method(f, "startsWith", part),
        Test::EndsWith(part) => method(f, "endsWith", part),
        Test::Contains(part) => method(f, "contains", part),
        Test::Known => predicate(f, "is_set"),
        Test::Unknown => predicate(f, "is_null"),
        Test::Empty => predicate(f, "is_empty"),
    }
}

fn value(f: &mut Formatter<'_>, value: &Value) -> Result {
    match value {
        Value::Bool(value) => write!(f, "{value}"),
        Value::Integer(value) => write!(f, "{value}"),
        Value::Float(value) => write!(f, "{value:?}"),
        Value::Text(value) => text(f, value),
        Value::Time(value) => write!(f, "timestamp(\"{value}\")"),
        Value::Date(value) => write!(f, "date(\"{value}\")"),
    }
}

fn call(f: &mut Formatter<'_>, function: &str, argument: &str) -> Result {
    write!(f, "{function}(")?;
    text(f, argument)?;
    f.write_char(')')
}

/// `of.name`, or `of["name"]` where the name is not a word of its own.
fn name_of(f: &mut Formatter<'_>, of: &str, name: &str) -> Result {
    f.write_str(of)?;
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && !WORDS.contains(&name);
    if is_word {
        return write!(f, ".{name}");
    }
    f.write_char('[')?;
    text(f, name)?;
    f.write_char(']')
}

/// A text in double quotes, as CEL reads it back.
fn text(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// The text of a choice.
fn choice<'a, T: PartialEq>(choices: &[(&'a str, T)], chosen: &T) -> &'a str {
    choices.iter().find(|(_, value)| value == chosen).map_or("", |(name, _)| name)
}
