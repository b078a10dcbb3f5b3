//! When time alone changes an answer.

use std::cell::OnceCell;

use super::condition::Rule;
use super::event_query::{EventQuery, EventWindow, Observed};
use super::measure::Measure;
use super::scalar::{
    Matcher, age_origin, first_anniversary, judge, local_day_number, origin_of, range_of, read_measure, rows_in,
};
use super::sequence::Sequence;
use super::subject::Subject;
use super::test::Test;
use super::truth::Truth;
use crate::error::Result;
use crate::time::{Anniversary, Calendar, Day, MICROS_PER_DAY, Span, Timestamp, Window};
use crate::value::Value;

/// A local day is never further from another than the clock can be set back, so two days past are past for good.
const SET_BACK_MICROS_MAX: i64 = 2 * MICROS_PER_DAY;

/// The first instant after `as_of` and not after `until` at which the answer is another, and that answer, if nothing
/// happens before; `None` where it stays.
///
/// Exact to the microsecond. Events after `as_of` stay hidden, and attributes and the context are taken as they are. The
/// rule is judged anew at each instant at which a window or a day could make a difference, so the cost is that of one
/// answer times the events that leave rolling windows, the days on which calendar windows move while events are left in
/// them, and the thresholds of ages and days since.
///
/// # Errors
/// As [`judge`].
pub fn next_change_at(rule: &Rule, subject: &Subject<'_>, until: Timestamp) -> Result<Option<(Timestamp, Truth)>> {
    let truth = judge(rule, subject)?;
    let clock = Clock::new(subject, until);
    let mut waiting = *subject;
    while let Some(instant) = candidate(rule, &waiting, &clock)?.filter(|instant| *instant <= clock.until) {
        waiting = subject.at(instant);
        let then = judge(rule, &waiting)?;
        if then != truth {
            return Ok(Some((instant, then)));
        }
    }
    Ok(None)
}

/// The first instant after `as_of` and not after `until` at which a query could be over other events, or come to be known or
/// unknown, if nothing happens before; `None` where there is none.
///
/// # Errors
/// As [`judge`].
pub(crate) fn next_event_change_at(
    query: &EventQuery,
    subject: &Subject<'_>,
    until: Timestamp,
) -> Result<Option<Timestamp>> {
    let clock = Clock::new(subject, until);
    Ok(of_query(query, subject, &clock)?.filter(|instant| *instant <= clock.until))
}

/// The first instant after the subject's at which a part of the rule could change.
fn candidate(rule: &Rule, subject: &Subject<'_>, clock: &Clock<'_>) -> Result<Option<Timestamp>> {
    match rule {
        Rule::Measure { measure, test } => of_measure(measure, test, subject, clock),
        Rule::Sequence(sequence) => of_sequence(sequence, subject, clock),
        Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
            let Some(origin) = origin_of(attribute, subject)? else { return Ok(None) };
            let anniversary = Anniversary { origin, leap_day: *leap_day };
            let today = subject.calendar().day(subject.as_of());
            let (before, after) = (i64::from(*days_before), i64::from(*days_after));
            let from = |day: i64| Some(i64::from(first_anniversary(anniversary, saturating_day(day))?.0));
            let begins = from(i64::from(today.0) + before + 1).map(|day| day - before);
            let ends = from(i64::from(today.0) - after).map(|day| day + after + 1);
            let days = [begins, ends, Some(i64::from(today.0))];
            Ok(days.into_iter().flatten().filter_map(|day| clock.crossing(subject.as_of(), day)).min())
        }
        rule => {
            let mut first = None;
            for part in rule.parts() {
                first = earlier(first, candidate(part, subject, clock)?);
            }
            Ok(first)
        }
    }
}

fn of_measure(measure: &Measure, test: &Test, subject: &Subject<'_>, clock: &Clock<'_>) -> Result<Option<Timestamp>> {
    let now = subject.as_of();
    let moves = match measure.over() {
        Some(over) => of_query(over, subject, clock)?,
        None => None,
    };
    let passes = match measure {
        Measure::DaysSinceFirst(_) | Measure::DaysSinceLast(_) | Measure::DaysSinceReturn { .. } => {
            let Some(Value::Integer(days)) = read_measure(measure, subject)? else { return Ok(moves) };
            let origin = local_day_number(subject) - days;
            earliest(thresholds(test).filter_map(|days| clock.crossing(now, origin.checked_add(days)?)))
        }
        Measure::Age { attribute, unit } => {
            let Some(origin) = origin_of(attribute, subject)? else { return Ok(moves) };
            earliest(thresholds(test).filter_map(|units| clock.crossing(now, age_origin(origin, units, *unit)?)))
        }
        _ => None,
    };
    Ok(earlier(moves, passes))
}

/// The whole numbers on reaching which a growing count can begin or cease to pass the test.
pub(crate) fn thresholds(test: &Test) -> impl Iterator<Item = i64> {
    // A float beyond 64 bits becomes the first or last integer, which no count reaches.
    let floor = |value: &Value| match value {
        Value::Integer(value) => Some(*value),
        Value::Float(value) => Some(value.floor() as i64),
        _ => None,
    };
    let ceiling = move |value: &Value| match value {
        Value::Float(value) => Some(value.ceil() as i64),
        other => floor(other),
    };
    let values = test.values().into_owned();
    values.into_iter().flat_map(move |value| {
        let reached = match test {
            Test::Le(_) | Test::Gt(_) => None,
            _ => ceiling(&value),
        };
        let passed = match test {
            Test::Lt(_) | Test::Ge(_) => None,
            _ => floor(&value).map(|floor| floor.saturating_add(1)),
        };
        reached.into_iter().chain(passed)
    })
}

fn of_query(query: &EventQuery, subject: &Subject<'_>, clock: &Clock<'_>) -> Result<Option<Timestamp>> {
    let matcher = Matcher::new(&query.events, query.filter.as_ref(), subject.log(), subject.calendar())?;
    let moves = of_window(&query.window, subject, clock, |row| matcher.matches(row))?;
    let observed = match (&query.window, query.observed, subject.events().time(0)) {
        (EventWindow::Window(Window::Rolling { span }), Observed::Window, Some(known_since)) => {
            // The window starts one microsecond after what it looks back to.
            let seen = known_since.plus(*span).plus(Span::from_micros(-1));
            Some(seen).filter(|seen| *seen > subject.as_of())
        }
        _ => None,
    };
    Ok(earlier(moves, observed))
}

fn of_sequence(sequence: &Sequence, subject: &Subject<'_>, clock: &Clock<'_>) -> Result<Option<Timestamp>> {
    let (log, calendar) = (subject.log(), subject.calendar());
    let steps = sequence.steps.iter().map(|step| Matcher::new(&step.events, step.filter.as_ref(), log, calendar));
    let steps: Vec<Matcher<'_>> = steps.collect::<Result<_>>()?;
    of_window(&sequence.window, subject, clock, |row| steps.iter().any(|step| step.matches(row)))
}

/// The first instant at which the window lets go of an event that matters, or takes one in.
///
/// Windows with fixed ends never do: nothing that can be seen lies ahead.
fn of_window(
    window: &EventWindow,
    subject: &Subject<'_>,
    clock: &Clock<'_>,
    matters: impl Fn(usize) -> bool,
) -> Result<Option<Timestamp>> {
    let (Some(range), EventWindow::Window(window)) = (range_of(window, subject)?, window) else { return Ok(None) };
    let Some(last) = subject.events().time_micros().last() else { return Ok(None) };
    let is_past = range.start.as_micros().saturating_sub(SET_BACK_MICROS_MAX) > *last;
    let today = subject.calendar().day(subject.as_of());
    let (period, next) = match *window {
        Window::Rolling { span } => {
            let leaves = |row: usize| Timestamp::from_micros(subject.log().time_micros()[row]).plus(span);
            return Ok(rows_in(range, subject).find(|row| matters(*row)).map(leaves));
        }
        _ if is_past => return Ok(None),
        Window::CalendarDays { .. } => (today, today.0.saturating_add(1)),
        Window::CalendarWeeks { week_start, .. } => {
            let week = today.week_start(week_start);
            (week, week.0.saturating_add(7))
        }
        Window::CalendarMonths { .. } => {
            let first = today.month().first_day();
            (first, first.plus_months(1).0)
        }
        Window::All | Window::Since { .. } | Window::Between { .. } => return Ok(None),
    };
    let crossing = |day: i32| clock.crossing(subject.as_of(), i64::from(day));
    Ok(earlier(crossing(period.0), crossing(next)))
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    earliest([a, b].into_iter().flatten())
}

fn earliest(instants: impl Iterator<Item = Timestamp>) -> Option<Timestamp> {
    instants.min()
}

fn saturating_day(day: i64) -> Day {
    Day(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
}

/// The local clock from the subject's instant to the horizon, made when it is first asked.
#[derive(Debug)]
struct Clock<'a> {
    subject: Subject<'a>,
    until: Timestamp,
    calendar: OnceCell<Calendar>,
}

impl<'a> Clock<'a> {
    fn new(subject: &Subject<'a>, until: Timestamp) -> Self {
        Self { subject: *subject, until: until.min(Timestamp::MAX), calendar: OnceCell::new() }
    }

    /// The first instant after `after` at which the local date comes to be `day` or later, or, where a clock is set back
    /// over midnight, earlier than `day` again; `None` where neither is before the horizon.
    fn crossing(&self, after: Timestamp, day: i64) -> Option<Timestamp> {
        let calendar = self.calendar.get_or_init(|| {
            let zone = self.subject.calendar().zone();
            Calendar::new(zone, self.subject.as_of(), self.until.max(self.subject.as_of()))
        });
        calendar.crossing(after, day, self.until)
    }
}
