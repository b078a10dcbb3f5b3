//! The naive judge: rules answered for one user from a plain list of events, definition by definition.
//!
//! It shares the rule's data types with the crate and nothing of how the crate computes: windows, days and ages are
//! worked out with chrono alone.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use userops::column::Column;
use userops::event::Event;
use userops::rule::{
    AMOUNT, AgeUnit, Context, Definition, EventPattern, EventQuery, EventWindow, Filter, Measure, Observed, Rule,
    Sequence, Step, Test, Truth,
};
use userops::time::{Day, LeapDayPolicy, Timestamp, Window};
use userops::value::Value;

use super::generate::Case;

/// One user as the naive judge sees them.
#[derive(Debug, Clone)]
pub(crate) struct Naive<'a> {
    zone: Tz,
    context: &'a Context,
    user: usize,
    id: userops::id::UserId,
    attributes: &'a BTreeMap<&'static str, Value>,
    /// In order of the log, none after the instant of evaluation that the judge was made with.
    events: Vec<&'a Event>,
    as_of: i64,
}

impl<'a> Naive<'a> {
    /// The user by position in the log, at the case's `as_of`.
    pub(crate) fn new(case: &'a Case, user: usize) -> Self {
        Self::as_of(case, user, case.as_of)
    }

    /// The user at another instant, which sees what has happened until then.
    pub(crate) fn as_of(case: &'a Case, user: usize, as_of: Timestamp) -> Self {
        let mut events: Vec<&Event> =
            case.events.iter().filter(|event| event.user == case.users[user] && event.time <= as_of).collect();
        events.sort_by_key(|event| event.time);
        Self {
            zone: case.log.zone().name().parse().unwrap(),
            context: &case.context,
            user,
            id: case.users[user].clone(),
            attributes: &case.attributes[user],
            events,
            as_of: as_of.as_micros(),
        }
    }

    /// The same user later, as if nothing had happened since.
    pub(crate) fn waiting_until(&self, instant: Timestamp) -> Self {
        Self { as_of: instant.as_micros(), ..self.clone() }
    }

    pub(crate) fn judge(&self, rule: &Rule) -> Truth {
        match rule {
            Rule::All(rules) => rules.iter().map(|rule| self.judge(rule)).min().unwrap_or(Truth::True),
            Rule::Any(rules) => rules.iter().map(|rule| self.judge(rule)).max().unwrap_or(Truth::False),
            Rule::Not(rule) => negated(self.judge(rule)),
            Rule::AtLeast { count, of } => {
                let truths: Vec<Truth> = of.iter().map(|rule| self.judge(rule)).collect();
                let with_unknown_as = |other: Truth| {
                    let holding = truths.iter().filter(|truth| **truth == Truth::True || **truth == other).count();
                    holding >= *count as usize
                };
                match (with_unknown_as(Truth::True), with_unknown_as(Truth::Unknown)) {
                    (true, _) => Truth::True,
                    (_, false) => Truth::False,
                    _ => Truth::Unknown,
                }
            }
            Rule::Measure { measure, test } => {
                let money = measure.property() == Some(AMOUNT) && !matches!(measure, Measure::Distinct { .. });
                self.test(test, self.measure(measure), money)
            }
            Rule::Sequence(sequence) => match self.window(&sequence.window) {
                None => Truth::Unknown,
                Some(_) => Truth::from(!self.sequences(sequence).is_empty()),
            },
            Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
                let Some(origin) = self.attributes.get(attribute.as_str()).map(|value| self.date_of(value)) else {
                    return Truth::Unknown;
                };
                let today = self.date(self.as_of);
                let (first, last) = (-i64::from(*days_after), i64::from(*days_before));
                let near = (first..=last).map(|days| today + TimeDelta::days(days));
                Truth::from(near.into_iter().any(|day| is_anniversary(origin, day, *leap_day)))
            }
            Rule::In(Definition::Tag(name)) => {
                match (&self.context.tags[name], self.column(&self.context.tags[name])) {
                    (Column::Bool(_), None) => Truth::Unknown,
                    (_, Some(Value::Bool(has))) => Truth::from(has),
                    (_, value) => Truth::from(value.is_some()),
                }
            }
            Rule::In(Definition::Segment(name)) => self.context.segments[name].get(self.user),
            Rule::In(Definition::Stage(name)) => {
                Truth::from(self.measure(&Measure::Stage) == Some(Value::from(name.as_str())))
            }
            Rule::Users(users) => Truth::from(users.contains(&self.id)),
            other => unreachable!("a new rule: {other:?}"),
        }
    }

    pub(crate) fn measure(&self, measure: &Measure) -> Option<Value> {
        match measure {
            Measure::Attribute(name) => self.attributes.get(name.as_str()).cloned(),
            Measure::Age { attribute, unit } => {
                let origin = self.date_of(self.attributes.get(attribute.as_str())?);
                Some(age(origin, self.date(self.as_of), *unit).into())
            }
            Measure::Score(name) => self.column(&self.context.scores[name]),
            Measure::Tag(name) => self.column(&self.context.tags[name]),
            Measure::Stage => self.context.stage.as_ref().unwrap().get(self.user).map(Value::from),
            Measure::Bucket(bucket) => Some(bucket.of(&self.id.as_ref()).into()),
            over_events => self.measure_events(over_events),
        }
    }

    fn measure_events(&self, measure: &Measure) -> Option<Value> {
        let events = self.matching(measure.over().unwrap())?;
        let values =
            |property: &str| -> Vec<Value> { events.iter().filter_map(|event| value(event, property)).collect() };
        let today = self.date(self.as_of);
        let since = |event: &&Event| Value::from((today - self.date(event.time.as_micros())).num_days());
        match measure {
            Measure::Count(_) => Some((events.len() as i64).into()),
            Measure::ActiveDays(_) => {
                let mut days: Vec<NaiveDate> = events.iter().map(|event| self.date(event.time.as_micros())).collect();
                days.sort();
                days.dedup();
                Some((days.len() as i64).into())
            }
            Measure::Sum { property, .. } => {
                let is_float = property == "weight";
                let (mut whole, mut fraction) = (0i64, 0.0f64);
                for value in values(property) {
                    match value {
                        Value::Integer(value) => whole += value,
                        Value::Float(value) => fraction += value,
                        other => unreachable!("{other:?} has no sum"),
                    }
                }
                Some(if is_float { fraction.into() } else { whole.into() })
            }
            Measure::Mean { property, .. } => {
                let values = values(property);
                let sum = match values.first()? {
                    Value::Float(_) => values.iter().fold(0.0, |sum, value| sum + float(value)),
                    _ => values.iter().map(|value| i128::from(integer(value))).sum::<i128>() as f64,
                };
                Some((sum / values.len() as f64).into())
            }
            Measure::Min { property, .. } => values(property).into_iter().min_by(order),
            Measure::Max { property, .. } => values(property).into_iter().max_by(order),
            Measure::Distinct { property, .. } => {
                let mut values = values(property);
                values.sort_by(order);
                values.dedup_by(|a, b| order(a, b).is_eq());
                Some((values.len() as i64).into())
            }
            Measure::Latest { property, .. } => value(events.last()?, property),
            Measure::FirstTime(_) => Some(events.first()?.time.into()),
            Measure::LastTime(_) => Some(events.last()?.time.into()),
            Measure::DaysSinceFirst(_) => events.first().map(since),
            Measure::DaysSinceLast(_) => events.last().map(since),
            Measure::DaysSinceReturn { silence_days, .. } => {
                let day = |event: &&Event| self.date(event.time.as_micros());
                let returned = |pair: &&[&Event]| (day(&pair[1]) - day(&pair[0])).num_days() > i64::from(*silence_days);
                events.windows(2).rfind(returned).map(|pair| since(&pair[1]))
            }
            other => unreachable!("a new measure: {other:?}"),
        }
    }

    /// The events of a query, or `None` where it cannot be judged.
    pub(crate) fn matching(&self, query: &EventQuery) -> Option<Vec<&'a Event>> {
        let (start, _) = self.window(&query.window)?;
        // All of history has no start, so that everybody was there for it.
        let has_start = query.window != EventWindow::default();
        if query.observed == Observed::Window && has_start && self.events.first()?.time.as_micros() > start {
            return None;
        }
        let pattern = EventPattern { events: query.events.clone(), filter: query.filter.clone() };
        Some(self.within(&query.window)?.into_iter().filter(|event| self.fits(event, &pattern)).collect())
    }

    fn within(&self, window: &EventWindow) -> Option<Vec<&'a Event>> {
        let (start, end) = self.window(window)?;
        let inside = |event: &&&Event| start <= event.time.as_micros() && event.time.as_micros() < end;
        Some(self.events.iter().filter(inside).copied().collect())
    }

    fn fits(&self, event: &Event, pattern: &EventPattern) -> bool {
        let named = pattern.events.is_empty() || pattern.events.contains(&event.name);
        named && pattern.filter.as_ref().is_none_or(|filter| self.filter(filter, event) == Truth::True)
    }

    fn filter(&self, filter: &Filter, event: &Event) -> Truth {
        match filter {
            Filter::All(filters) => {
                filters.iter().map(|filter| self.filter(filter, event)).min().unwrap_or(Truth::True)
            }
            Filter::Any(filters) => {
                filters.iter().map(|filter| self.filter(filter, event)).max().unwrap_or(Truth::False)
            }
            Filter::Not(filter) => negated(self.filter(filter, event)),
            Filter::Property { name, test } => self.test(test, value(event, name), name == AMOUNT),
            other => unreachable!("a new filter: {other:?}"),
        }
    }

    fn test(&self, test: &Test, value: Option<Value>, money: bool) -> Truth {
        match (test, &value) {
            (Test::Known, _) => return Truth::from(value.is_some()),
            (Test::Unknown, _) => return Truth::from(value.is_none()),
            _ => {}
        }
        let Some(value) = value else { return Truth::Unknown };
        let compare = |literal: &Value| order(&value, &self.spelt(literal, &value, money));
        Truth::from(match test {
            Test::Eq(literal) => compare(literal).is_eq(),
            Test::Ne(literal) => compare(literal).is_ne(),
            Test::Lt(literal) => compare(literal).is_lt(),
            Test::Le(literal) => compare(literal).is_le(),
            Test::Gt(literal) => compare(literal).is_gt(),
            Test::Ge(literal) => compare(literal).is_ge(),
            Test::OneOf(literals) => literals.iter().any(|literal| compare(literal).is_eq()),
            Test::StartsWith(part) => text(&value).starts_with(part),
            Test::EndsWith(part) => text(&value).ends_with(part),
            Test::Contains(part) => text(&value).contains(part),
            Test::Empty => text(&value).is_empty(),
            other => unreachable!("a new test: {other:?}"),
        })
    }

    /// The literal as what it stands for beside this value.
    fn spelt(&self, literal: &Value, value: &Value, money: bool) -> Value {
        match (value, literal) {
            (_, Value::Integer(major)) if money => Value::Integer(major * 100),
            (_, Value::Float(major)) if money => Value::Integer((major * 100.0).round() as i64),
            (Value::Time(_), Value::Date(day)) => self.first_instant(day.to_chrono()).into(),
            (Value::Time(_), Value::Text(text)) => match text.parse::<Day>() {
                Ok(day) => self.first_instant(day.to_chrono()).into(),
                Err(_) => text.parse::<Timestamp>().unwrap().into(),
            },
            (Value::Date(_), Value::Text(text)) => text.parse::<Day>().unwrap().into(),
            _ => literal.clone(),
        }
    }

    /// `[start, end)` in microseconds, or `None` where the attribute is unknown.
    fn window(&self, window: &EventWindow) -> Option<(i64, i64)> {
        let after = self.as_of + 1;
        let today = self.date(self.as_of);
        let start_of = |day: NaiveDate| self.first_instant(day).as_micros();
        let window = match window {
            EventWindow::Attribute { attribute, from, until } => {
                let origin = match self.attributes.get(attribute.as_str())? {
                    Value::Time(instant) => instant.as_micros(),
                    Value::Date(day) => start_of(day.to_chrono()),
                    other => unreachable!("{other:?} is no time"),
                };
                return Some((origin + from.as_micros(), after.min(origin + until.as_micros())));
            }
            EventWindow::Window(window) => window,
            other => unreachable!("a new window: {other:?}"),
        };
        Some(match *window {
            Window::All => (i64::MIN, after),
            Window::Rolling { span } => (self.as_of - span.as_micros() + 1, after),
            Window::CalendarDays { n, include_today } => {
                let past = |days: u64| start_of(today - Days::new(days));
                let n = u64::from(n);
                if include_today { (past(n - 1), after) } else { (past(n), past(0)) }
            }
            Window::CalendarWeeks { n, include_current, week_start } => {
                let monday_is_zero = |day: NaiveDate| day.weekday().num_days_from_monday();
                let mut first = today;
                while monday_is_zero(first) != week_start as u32 {
                    first = first - Days::new(1);
                }
                let past = |weeks: u64| start_of(first - Days::new(7 * weeks));
                let n = u64::from(n);
                if include_current { (past(n - 1), after) } else { (past(n), past(0)) }
            }
            Window::CalendarMonths { n, include_current } => {
                let first = today.with_day(1).unwrap();
                let past = |months: u32| start_of(first - Months::new(months));
                if include_current { (past(n - 1), after) } else { (past(n), past(0)) }
            }
            Window::Since { start } => (start.as_micros(), after),
            Window::Between { start, end } => (start.as_micros(), after.min(end.as_micros())),
            _ => unreachable!("a new window: {window:?}"),
        })
    }

    /// All ways in which the sequence happened: positions among the user's visible events.
    pub(crate) fn sequences(&self, sequence: &Sequence) -> Vec<Vec<usize>> {
        let mut found: Vec<Vec<usize>> = vec![Vec::new()];
        for step in &sequence.steps {
            let longer = |path: &Vec<usize>| {
                let next = (0..self.events.len()).filter(|row| self.may_follow(path, *row, step, sequence));
                next.map(|row| [path.as_slice(), &[row]].concat()).collect::<Vec<_>>()
            };
            found = found.iter().flat_map(longer).collect();
        }
        found
    }

    fn may_follow(&self, path: &[usize], row: usize, step: &Step, sequence: &Sequence) -> bool {
        let event = self.events[row];
        let Some((start, end)) = self.window(&sequence.window) else { return false };
        let pattern = EventPattern { events: step.events.clone(), filter: step.filter.clone() };
        if event.time.as_micros() < start || event.time.as_micros() >= end || !self.fits(event, &pattern) {
            return false;
        }
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return true };
        let gap = event.time.since(self.events[*last].time);
        row > *last
            && (!sequence.strictly_later || event.time > self.events[*last].time)
            && step.gap_min.is_none_or(|gap_min| gap >= gap_min)
            && step.gap_max.is_none_or(|gap_max| gap <= gap_max)
            && sequence.within.is_none_or(|within| event.time.since(self.events[*first].time) <= within)
            && !(last + 1..row).any(|between| step.without.iter().any(|not| self.fits(self.events[between], not)))
    }

    fn column(&self, column: &Column) -> Option<Value> {
        column.get(self.user).map(|value| value.to_owned())
    }

    /// The date that the local clock shows.
    fn date(&self, micros: i64) -> NaiveDate {
        let utc: DateTime<Utc> = DateTime::from_timestamp_micros(micros).unwrap();
        utc.with_timezone(&self.zone).date_naive()
    }

    fn date_of(&self, value: &Value) -> NaiveDate {
        match value {
            Value::Time(instant) => self.date(instant.as_micros()),
            Value::Date(day) => day.to_chrono(),
            other => unreachable!("{other:?} is no date"),
        }
    }

    /// Midnight, or the first minute after it that the local clock shows.
    fn first_instant(&self, day: NaiveDate) -> Timestamp {
        let midnight = day.and_hms_opt(0, 0, 0).unwrap();
        let minutes = (0..1_440).map(|minute| midnight + TimeDelta::minutes(minute));
        let first = minutes.into_iter().find_map(|local| self.zone.from_local_datetime(&local).earliest()).unwrap();
        first.with_timezone(&Utc).into()
    }
}

fn negated(truth: Truth) -> Truth {
    match truth {
        Truth::True => Truth::False,
        Truth::Unknown => Truth::Unknown,
        Truth::False => Truth::True,
    }
}

fn value(event: &Event, property: &str) -> Option<Value> {
    if property == AMOUNT {
        return event.amount.map(|amount| amount.minor().into());
    }
    event.properties.get(property).cloned()
}

fn integer(value: &Value) -> i64 {
    if let Value::Integer(value) = value { *value } else { unreachable!("{value:?} is no integer") }
}

fn float(value: &Value) -> f64 {
    if let Value::Float(value) = value { *value } else { unreachable!("{value:?} is no float") }
}

fn text(value: &Value) -> &str {
    if let Value::Text(value) = value { value } else { unreachable!("{value:?} is no text") }
}

/// The order of two values of one kind; integers and floats compare as the numbers that they are.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b).unwrap(),
        (Value::Integer(a), Value::Float(b)) => order_exactly(*a, *b),
        (Value::Float(a), Value::Integer(b)) => order_exactly(*b, *a).reverse(),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        _ => unreachable!("{a:?} does not compare with {b:?}"),
    }
}

/// A float is a whole number and a fraction in `[0, 1)`; beyond 2^100 it is beyond any integer.
fn order_exactly(a: i64, b: f64) -> Ordering {
    if b.abs() > 2f64.powi(100) {
        return if b > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let whole = b.floor();
    i128::from(a).cmp(&(whole as i128)).then(if b > whole { Ordering::Less } else { Ordering::Equal })
}

/// Whole units from the origin: the greatest number of them after which the day has not passed yet.
fn age(origin: NaiveDate, today: NaiveDate, unit: AgeUnit) -> i64 {
    let years = i64::from(today.year() - origin.year());
    let reached = |count: i64| match unit {
        AgeUnit::Days => origin + TimeDelta::days(count),
        AgeUnit::Months if count < 0 => origin - Months::new(count.unsigned_abs() as u32),
        AgeUnit::Months => origin + Months::new(count as u32),
        AgeUnit::Years => {
            let year = origin.year() + count as i32;
            let same = NaiveDate::from_ymd_opt(year, origin.month(), origin.day());
            same.unwrap_or_else(|| NaiveDate::from_ymd_opt(year, 3, 1).unwrap())
        }
    };
    let around = match unit {
        AgeUnit::Days => (today - origin).num_days(),
        AgeUnit::Months => 12 * years + i64::from(today.month0()) - i64::from(origin.month0()),
        AgeUnit::Years => years,
    };
    (around - 2..=around + 2).rfind(|count| reached(*count) <= today).unwrap()
}

fn is_anniversary(origin: NaiveDate, day: NaiveDate, leap_day: LeapDayPolicy) -> bool {
    let (month, of_month) = (origin.month(), origin.day());
    let has_leap_day = NaiveDate::from_ymd_opt(day.year(), 2, 29).is_some();
    let kept = match ((month, of_month), leap_day) {
        ((2, 29), LeapDayPolicy::Skip) if !has_leap_day => return false,
        ((2, 29), LeapDayPolicy::February28) if !has_leap_day => (2, 28),
        ((2, 29), LeapDayPolicy::March1) if !has_leap_day => (3, 1),
        same => same.0,
    };
    (day.month(), day.day()) == kept
}
