//! The value of a measure for one user.

use std::cmp::Ordering;

use super::compare::compare;
use super::kind::{instant_column, kind_of};
use super::local_day;
use super::select::{PropertyColumn, Selection, select};
use crate::error::{Result, limit_exceeded};
use crate::rule::event_query::EventQuery;
use crate::rule::measure::{AgeUnit, Measure};
use crate::rule::subject::Subject;
use crate::time::{Anniversary, Day, LeapDayPolicy, Timestamp};
use crate::value::{Value, ValueRef};

/// The value of the measure for the user; `None` where it is not known. Money is in minor units: an integer, of a mean a
/// float.
///
/// A sum of floats is added in the order of the log, so that every way of computing it gives the same bits.
///
/// # Errors
/// As [`judge`](super::judge).
pub fn read_measure(measure: &Measure, subject: &Subject<'_>) -> Result<Option<Value>> {
    kind_of(measure, subject.log(), subject.context())?;
    let user = subject.user().index();
    let owned = |value: Option<ValueRef<'_>>| value.map(ValueRef::to_owned);
    if let Some(over) = measure.over() {
        return read_over_events(measure, over, subject);
    }
    Ok(match measure {
        Measure::Attribute(name) => owned(subject.log().attributes().column(name)?.get(user)),
        Measure::Age { attribute, unit } => {
            let today = subject.calendar().day(subject.as_of());
            origin_of(attribute, subject)?.map(|origin| age(origin, today, *unit).into())
        }
        Measure::Score(name) => owned(subject.context().score(name)?.get(user)),
        Measure::Tag(name) => owned(subject.context().tag(name)?.get(user)),
        Measure::Stage => subject.context().stages()?.get(user).map(Value::from),
        Measure::Bucket(bucket) => subject.events().user_id().map(|id| bucket.of(&id).into()),
        _ => None,
    })
}

fn read_over_events(measure: &Measure, over: &EventQuery, subject: &Subject<'_>) -> Result<Option<Value>> {
    let Selection::Rows(rows, _) = select(over, subject)? else { return Ok(None) };
    let log = subject.log();
    let time = |row: &usize| Timestamp::from_micros(log.time_micros()[*row]);
    let day = |row: &usize| subject.calendar().day(time(row));
    let today = subject.calendar().day(subject.as_of());
    let since = |row: &usize| Value::from(i64::from(today.0) - i64::from(day(row).0));
    if let Some(property) = measure.property() {
        return read_property(measure, PropertyColumn::find(log, property)?, &rows);
    }
    Ok(match measure {
        Measure::Count(_) => Some((rows.len() as i64).into()),
        Measure::ActiveDays(_) => {
            let mut days: Vec<Day> = rows.iter().map(day).collect();
            days.sort_unstable();
            days.dedup();
            Some((days.len() as i64).into())
        }
        Measure::FirstTime(_) => rows.first().map(|row| time(row).into()),
        Measure::LastTime(_) => rows.last().map(|row| time(row).into()),
        Measure::DaysSinceFirst(_) => rows.first().map(since),
        Measure::DaysSinceLast(_) => rows.last().map(since),
        Measure::DaysSinceReturn { silence_days, .. } => {
            let returns =
                |pair: &&[usize]| i64::from(day(&pair[1]).0) - i64::from(day(&pair[0]).0) > i64::from(*silence_days);
            rows.windows(2).rfind(returns).map(|pair| since(&pair[1]))
        }
        _ => None,
    })
}

fn read_property(measure: &Measure, column: PropertyColumn<'_>, rows: &[usize]) -> Result<Option<Value>> {
    let values = || rows.iter().filter_map(|row| column.get(*row));
    let least = |wanted: Ordering| {
        values().reduce(|best, value| if compare(value, best) == Some(wanted) { value } else { best })
    };
    let owned = |value: Option<ValueRef<'_>>| value.map(ValueRef::to_owned);
    Ok(match measure {
        Measure::Sum { .. } if column.is_float() => Some(float_sum(values()).into()),
        Measure::Sum { property, .. } => {
            let sum = integer_sum(values());
            let fits = i64::try_from(sum).map_err(|_| {
                limit_exceeded(format!("the sum {sum} of {property:?} is more than a 64-bit integer holds"))
            })?;
            Some(fits.into())
        }
        Measure::Mean { .. } => {
            let count = values().count();
            let sum = if column.is_float() { float_sum(values()) } else { integer_sum(values()) as f64 };
            (count > 0).then(|| (sum / count as f64).into())
        }
        Measure::Min { .. } => owned(least(Ordering::Less)),
        Measure::Max { .. } => owned(least(Ordering::Greater)),
        Measure::Distinct { .. } => {
            let mut distinct: Vec<ValueRef<'_>> = values().collect();
            distinct.sort_by(|a, b| compare(*a, *b).unwrap_or(Ordering::Equal));
            distinct.dedup_by(|a, b| compare(*a, *b) == Some(Ordering::Equal));
            Some((distinct.len() as i64).into())
        }
        Measure::Latest { .. } => owned(rows.last().and_then(|row| column.get(*row))),
        _ => None,
    })
}

fn integer_sum<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> i128 {
    values.map(|value| if let ValueRef::Integer(value) = value { i128::from(value) } else { 0 }).sum()
}

fn float_sum<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> f64 {
    values.fold(0.0, |sum, value| if let ValueRef::Float(value) = value { sum + value } else { sum })
}

/// The local day of a time or date attribute of the user, where it is known.
pub(crate) fn origin_of(attribute: &str, subject: &Subject<'_>) -> Result<Option<Day>> {
    let column = instant_column(subject.log(), attribute, "an age or anniversary")?;
    Ok(column.get(subject.user().index()).and_then(|value| local_day(value, subject.calendar())))
}

/// Whole units from the origin to a day; negative before it.
pub(crate) fn age(origin: Day, today: Day, unit: AgeUnit) -> i64 {
    match unit {
        AgeUnit::Years => Anniversary { origin, leap_day: LeapDayPolicy::March1 }.years_on(today).into(),
        AgeUnit::Months => {
            let months = today.month().0 - origin.month().0;
            i64::from(months) - i64::from(origin.plus_months(months) > today)
        }
        AgeUnit::Days => i64::from(today.0) - i64::from(origin.0),
    }
}

/// The day on which an age reaches so many units, where the calendar has it.
pub(crate) fn age_origin(origin: Day, units: i64, unit: AgeUnit) -> Option<i64> {
    match unit {
        AgeUnit::Years => {
            let year = i32::try_from(i64::from(super::year_of(origin)).checked_add(units)?).ok()?;
            let birthday = Anniversary { origin, leap_day: LeapDayPolicy::March1 }.in_year(year)?;
            Some(birthday.0.into())
        }
        AgeUnit::Months => Some(origin.plus_months(i32::try_from(units).ok()?).0.into()),
        AgeUnit::Days => i64::from(origin.0).checked_add(units),
    }
}
