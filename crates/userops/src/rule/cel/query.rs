//! Events, windows, filters and sequences: the arguments of measures over events.

use ::cel::common::ast::operators::{LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR};
use ::cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::arguments::{Arguments, name_of, text};
use super::function::misplaced;
use super::literal::test;
use super::syntax::Source;
use crate::error::Result;
use crate::rule::event_query::{EventPattern, EventQuery, EventWindow, Filter, Observed};
use crate::rule::sequence::{Sequence, Step};
use crate::rule::test::Test;
use crate::time::{Timestamp, WeekStart, Window};
use crate::value::Value;

/// Days of the week as texts, the default first.
pub(super) const WEEK_STARTS: [(&str, WeekStart); 7] = [
    ("monday", WeekStart::Monday),
    ("tuesday", WeekStart::Tuesday),
    ("wednesday", WeekStart::Wednesday),
    ("thursday", WeekStart::Thursday),
    ("friday", WeekStart::Friday),
    ("saturday", WeekStart::Saturday),
    ("sunday", WeekStart::Sunday),
];

/// Puts a value where there was none.
fn once<T>(call: &Arguments<'_>, node: &IdedExpr, place: &mut Option<T>, what: &str, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(call.source.fail(node, format!("`{}` takes one {what} only", call.name))),
    }
}

/// The rest of a call as events: names, a window, a filter, whom they can be judged for.
pub(super) fn query(mut call: Arguments<'_>) -> Result<EventQuery> {
    let (mut events, mut filter, mut range, mut observed) = (Vec::new(), None, None, None);
    while let Some(node) = call.next() {
        if let Some(name) = text(node) {
            events.push(name.to_owned());
        } else if let Some(wanted) = named(&call, node, "where") {
            once(&call, node, &mut filter, "where(…): join conditions by `&&`", where_of(wanted)?)?;
        } else if let Some(wanted) = named(&call, node, "observed") {
            wanted.end()?;
            once(&call, node, &mut observed, "observed()", Observed::Window)?;
        } else if let Some(found) = window(call.source, node)? {
            once(&call, node, &mut range, "window", found)?;
        } else {
            return Err(unfit(&call, node, "an event's name, a window, `where(…)` or `observed()`"));
        }
    }
    Ok(EventQuery { events, filter, window: range.unwrap_or_default(), observed: observed.unwrap_or_default() })
}

fn named<'a>(call: &Arguments<'a>, node: &'a IdedExpr, name: &str) -> Option<Arguments<'a>> {
    Arguments::of(call.source, node).filter(|inner| inner.name == name)
}

fn unfit(call: &Arguments<'_>, node: &IdedExpr, wanted: &str) -> crate::error::Error {
    match Arguments::of(call.source, node) {
        Some(inner) if inner.name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            misplaced(call.source, node, inner.name, wanted)
        }
        _ => call.source.fail(node, format!("`{}` takes {wanted} here", call.name)),
    }
}

/// The filter in `where(…)`.
fn where_of(mut call: Arguments<'_>) -> Result<Filter> {
    let Some(node) = call.next() else { return Err(call.fail("lacks a condition on the event")) };
    call.end()?;
    filter(call.source, node)
}

/// The window that a node stands for, where it is one.
fn window(source: &Source<'_>, node: &IdedExpr) -> Result<Option<EventWindow>> {
    let Some(mut call) = Arguments::of(source, node) else { return Ok(None) };
    let window = match call.name {
        "last" => EventWindow::Window(Window::Rolling { span: call.span()? }),
        "calendar_days" => Window::CalendarDays {
            n: call.count("how many days")?,
            include_today: call.flag("whether today counts: true or false")?,
        }
        .into(),
        "calendar_weeks" => Window::CalendarWeeks {
            n: call.count("how many weeks")?,
            include_current: call.flag("whether this week counts: true or false")?,
            week_start: call.choice("the day on which a week begins", &WEEK_STARTS)?,
        }
        .into(),
        "calendar_months" => Window::CalendarMonths {
            n: call.count("how many months")?,
            include_current: call.flag("whether this month counts: true or false")?,
        }
        .into(),
        "since" => Window::Since { start: instant(&mut call)? }.into(),
        "between" => Window::Between { start: instant(&mut call)?, end: instant(&mut call)? }.into(),
        "around" => {
            EventWindow::Attribute { attribute: call.name_of("user")?, from: call.span()?, until: call.span()? }
        }
        _ => return Ok(None),
    };
    call.end()?;
    Ok(Some(window))
}

/// An instant as text, with or without `timestamp(…)` around it.
fn instant(call: &mut Arguments<'_>) -> Result<Timestamp> {
    let wrapped = call.rest.first().and_then(|node| named(call, node, "timestamp"));
    if let Some(mut inner) = wrapped {
        call.next();
        let instant = instant(&mut inner)?;
        inner.end()?;
        return Ok(instant);
    }
    let place = call.rest.first();
    let text = call.text("an instant such as \"2026-01-31T09:30:00Z\"")?;
    text.parse().map_err(|error| call.source.at(place.unwrap_or(call.node), error))
}

/// A condition on an event.
pub(super) fn filter(source: &Source<'_>, node: &IdedExpr) -> Result<Filter> {
    if let Expr::Call(CallExpr { func_name, target: None, args }) = &node.expr {
        match (func_name.as_str(), args.as_slice()) {
            (LOGICAL_AND, [a, b]) => return Ok(Filter::All(vec![filter(source, a)?, filter(source, b)?])),
            (LOGICAL_OR, [a, b]) => return Ok(Filter::Any(vec![filter(source, a)?, filter(source, b)?])),
            (LOGICAL_NOT, [a]) => return Ok(Filter::Not(Box::new(filter(source, a)?))),
            _ => {}
        }
    }
    if let Expr::Literal(LiteralValue::Boolean(flag)) = &node.expr {
        return Ok(if *flag.inner() { Filter::All(Vec::new()) } else { Filter::Any(Vec::new()) });
    }
    if let Some((subject, test)) = test(source, node)? {
        return Ok(Filter::property(property(source, subject)?, test));
    }
    Ok(Filter::property(property(source, node)?, Test::Eq(Value::Bool(true))))
}

/// The name of a property of the event.
fn property(source: &Source<'_>, node: &IdedExpr) -> Result<String> {
    let example = "as in `event.amount >= 100`";
    name_of(node, "event").ok_or_else(|| match (&node.expr, Arguments::of(source, node)) {
        (Expr::Ident(name), _) => {
            source.fail(node, format!("a property of the event is written `event.{name}`, {example}"))
        }
        (_, Some(call)) if call.name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let wanted = format!("a condition on the event, {example},");
            misplaced(source, node, call.name, &wanted)
        }
        _ => source.fail(node, format!("inside `where(…)` stand conditions on the event's properties, {example}")),
    })
}

/// `sequence(…)`.
pub(super) fn sequence(mut call: Arguments<'_>) -> Result<Sequence> {
    let (mut steps, mut range, mut within, mut strictly_later) = (Vec::new(), None, None, None);
    while let Some(node) = call.next() {
        if let Some(inner) = named(&call, node, "step") {
            steps.push(step(inner)?);
        } else if let Some(mut inner) = named(&call, node, "total") {
            once(&call, node, &mut within, "total(…)", inner.span()?)?;
            inner.end()?;
        } else if let Some(inner) = named(&call, node, "strictly_later") {
            inner.end()?;
            once(&call, node, &mut strictly_later, "strictly_later()", true)?;
        } else if let Some(found) = window(call.source, node)? {
            once(&call, node, &mut range, "window", found)?;
        } else {
            return Err(unfit(&call, node, "`step(…)`, a window, `total(…)` or `strictly_later()`"));
        }
    }
    Ok(Sequence {
        steps,
        window: range.unwrap_or_default(),
        within,
        strictly_later: strictly_later.unwrap_or_default(),
    })
}

fn step(mut call: Arguments<'_>) -> Result<Step> {
    let mut step = Step::default();
    while let Some(node) = call.next() {
        if let Some(name) = text(node) {
            step.events.push(name.to_owned());
        } else if let Some(inner) = named(&call, node, "where") {
            once(&call, node, &mut step.filter, "where(…): join conditions by `&&`", where_of(inner)?)?;
        } else if let Some(mut inner) = named(&call, node, "within") {
            once(&call, node, &mut step.gap_max, "within(…)", inner.span()?)?;
            inner.end()?;
        } else if let Some(mut inner) = named(&call, node, "after") {
            once(&call, node, &mut step.gap_min, "after(…)", inner.span()?)?;
            inner.end()?;
        } else if let Some(inner) = named(&call, node, "without") {
            step.without.push(pattern(inner)?);
        } else {
            return Err(unfit(&call, node, "an event's name, `where(…)`, `within(…)`, `after(…)` or `without(…)`"));
        }
    }
    Ok(step)
}

fn pattern(mut call: Arguments<'_>) -> Result<EventPattern> {
    let mut pattern = EventPattern::default();
    while let Some(node) = call.next() {
        if let Some(name) = text(node) {
            pattern.events.push(name.to_owned());
        } else if let Some(inner) = named(&call, node, "where") {
            once(&call, node, &mut pattern.filter, "where(…): join conditions by `&&`", where_of(inner)?)?;
        } else {
            return Err(unfit(&call, node, "an event's name or `where(…)`"));
        }
    }
    Ok(pattern)
}
