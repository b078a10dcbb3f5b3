//! Which of a user's events a query is about.

use std::ops::Range;

use super::compare::{passes, resolve};
use super::kind::{Kind, instant_column};
use crate::column::{Column, Packed};
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::event_query::{EventPattern, EventQuery, EventWindow, Filter, Observed};
use crate::rule::measure::AMOUNT;
use crate::rule::subject::Subject;
use crate::rule::test::Test;
use crate::rule::truth::Truth;
use crate::time::{Calendar, TimeRange, Timestamp};
use crate::value::{ValueRef, ValueType};

/// The values of a property or of the money, by row of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PropertyColumn<'a> {
    Amount(&'a Packed<i64>),
    Plain(&'a Column),
}

impl<'a> PropertyColumn<'a> {
    pub(crate) fn find(log: &'a EventLog, name: &str) -> Result<Self> {
        Ok(if name == AMOUNT { Self::Amount(log.amount_minor()) } else { Self::Plain(log.property(name)?) })
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Amount(_) => Kind::Money,
            Self::Plain(column) => Kind::Plain(column.value_type()),
        }
    }

    /// Whether the values are floats.
    pub(super) fn is_float(self) -> bool {
        self.kind() == Kind::Plain(ValueType::Float)
    }

    /// The value in a row of the log; money in minor units.
    pub(crate) fn get(self, row: usize) -> Option<ValueRef<'a>> {
        match self {
            Self::Amount(amount) => amount.get(row).map(ValueRef::Integer),
            Self::Plain(column) => column.get(row),
        }
    }
}

/// A filter with its columns found and its tests resolved.
#[derive(Debug)]
enum Condition<'a> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Property { column: PropertyColumn<'a>, test: Test },
}

impl<'a> Condition<'a> {
    fn new(filter: &Filter, log: &'a EventLog, calendar: &Calendar) -> Result<Self> {
        let each = |filters: &[Filter]| -> Result<Vec<Self>> {
            filters.iter().map(|filter| Self::new(filter, log, calendar)).collect()
        };
        Ok(match filter {
            Filter::All(filters) => Self::All(each(filters)?),
            Filter::Any(filters) => Self::Any(each(filters)?),
            Filter::Not(filter) => Self::Not(Box::new(Self::new(filter, log, calendar)?)),
            Filter::Property { name, test } => {
                let column = PropertyColumn::find(log, name)?;
                let test = resolve(test, column.kind(), log, calendar).map_err(|error| error.at(name))?;
                Self::Property { column, test }
            }
        })
    }

    fn judge(&self, row: usize) -> Truth {
        match self {
            Self::All(parts) => parts.iter().fold(Truth::True, |all, part| all.and(part.judge(row))),
            Self::Any(parts) => parts.iter().fold(Truth::False, |any, part| any.or(part.judge(row))),
            Self::Not(part) => !part.judge(row),
            Self::Property { column, test } => passes(test, column.get(row)),
        }
    }
}

/// Tells which events of a log match a pattern.
#[derive(Debug)]
pub(crate) struct Matcher<'a> {
    log: &'a EventLog,
    /// The codes of the names that match, or `None` for every name.
    codes: Option<Vec<u16>>,
    filter: Option<Condition<'a>>,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(
        events: &[String],
        filter: Option<&Filter>,
        log: &'a EventLog,
        calendar: &Calendar,
    ) -> Result<Self> {
        let code = |name: &String| log.names().code(name).and_then(|code| u16::try_from(code).ok());
        let codes = (!events.is_empty()).then(|| events.iter().filter_map(code).collect());
        let filter = filter.map(|filter| Condition::new(filter, log, calendar)).transpose()?;
        Ok(Self { log, codes, filter })
    }

    pub(super) fn of_pattern(pattern: &EventPattern, log: &'a EventLog, calendar: &Calendar) -> Result<Self> {
        Self::new(&pattern.events, pattern.filter.as_ref(), log, calendar)
    }

    /// Whether the event in this row of the log matches.
    pub(crate) fn matches(&self, row: usize) -> bool {
        let named = self.codes.as_ref().is_none_or(|codes| codes.contains(&self.log.name_codes()[row]));
        named && self.filter.as_ref().is_none_or(|filter| filter.judge(row).is_true())
    }
}

/// The events of a query, or why it cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Rows of the log, ascending, and the window that they lie in.
    Rows(Vec<usize>, TimeRange),
    /// The window hangs on an attribute that is not known.
    UnknownWindow,
    /// The user was not there for the whole window.
    TooYoung(TimeRange),
}

/// The events of a query.
pub(crate) fn select(query: &EventQuery, subject: &Subject<'_>) -> Result<Selection> {
    let matcher = Matcher::new(&query.events, query.filter.as_ref(), subject.log(), subject.calendar())?;
    let Some(range) = range_of(&query.window, subject)? else { return Ok(Selection::UnknownWindow) };
    let known_since = subject.events().time(0);
    // All of history has no start, so that everybody was there for it.
    let asks = query.observed == Observed::Window && !query.window.is_all();
    if asks && known_since.is_none_or(|since| since > range.start) {
        return Ok(Selection::TooYoung(range));
    }
    Ok(Selection::Rows(rows_in(range, subject).filter(|row| matcher.matches(*row)).collect(), range))
}

/// The instants of a window, or `None` where it hangs on an attribute that is not known.
pub(crate) fn range_of(window: &EventWindow, subject: &Subject<'_>) -> Result<Option<TimeRange>> {
    window.check_in(subject.log())?;
    match window {
        EventWindow::Window(window) => window.range(subject.as_of(), subject.calendar()).map(Some),
        EventWindow::Attribute { attribute, from, until } => {
            let column = instant_column(subject.log(), attribute, "a window")?;
            let origin = match column.get(subject.user().index()) {
                Some(ValueRef::Time(instant)) => instant,
                Some(ValueRef::Date(day)) => subject.calendar().day_start(day),
                _ => return Ok(None),
            };
            let after = Timestamp::from_micros(subject.as_of().as_micros().saturating_add(1));
            Ok(Some(TimeRange { start: origin.plus(*from), end: origin.plus(*until).min(after) }))
        }
    }
}

/// The rows of the user's visible events in a range of instants.
pub(crate) fn rows_in(range: TimeRange, subject: &Subject<'_>) -> Range<usize> {
    let events = subject.events();
    let before = |instant: Timestamp| events.time_micros().partition_point(|time| *time < instant.as_micros());
    let (start, end) = (before(range.start), before(range.end));
    let first = events.rows().start;
    first + start..first + end.max(start)
}
