//! Tests of one value.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::kind::Kind;
use crate::error::{Error, ErrorKind, Result, invalid_definition, invalid_time, type_mismatch};
use crate::log::EventLog;
use crate::money::{AmountFault, AmountReader, AmountUnit, Rounding};
use crate::rule::test::Test;
use crate::rule::truth::Truth;
use crate::time::{Calendar, Day, TimeFormat};
use crate::value::{Value, ValueRef, ValueType};

/// The test with every literal written as values of this kind are: money in minor units, instants as instants.
///
/// # Errors
/// `TypeMismatch` for a test or literal that does not fit, `InvalidMoney`, `InvalidTime` and `InvalidDefinition` for a
/// literal that is no value of the kind.
pub(crate) fn resolve(test: &Test, kind: Kind, log: &EventLog, calendar: &Calendar) -> Result<Test> {
    let literal = |value: &Value| resolve_literal(value, kind, log, calendar);
    let refuse = |what: &str| Err(type_mismatch(format!("{what}, and this value is of type {}", kind.name())));
    let is_text = kind == Kind::Plain(ValueType::Text);
    let is_bool = kind == Kind::Plain(ValueType::Bool);
    Ok(match test {
        Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) if is_bool => {
            return refuse("true and false have no order: test with `eq` or `ne`");
        }
        Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) if !is_text => {
            return refuse("only a text starts with, ends with or contains a text");
        }
        Test::Empty if !is_text => return refuse("only a text can be empty: test with `known` or `unknown`"),
        Test::Eq(value) => Test::Eq(literal(value)?),
        Test::Ne(value) => Test::Ne(literal(value)?),
        Test::Lt(value) => Test::Lt(literal(value)?),
        Test::Le(value) => Test::Le(literal(value)?),
        Test::Gt(value) => Test::Gt(literal(value)?),
        Test::Ge(value) => Test::Ge(literal(value)?),
        Test::OneOf(values) => Test::OneOf(values.iter().map(literal).collect::<Result<_>>()?),
        other => other.clone(),
    })
}

fn resolve_literal(value: &Value, kind: Kind, log: &EventLog, calendar: &Calendar) -> Result<Value> {
    if matches!(value, Value::Float(value) if value.is_nan()) {
        return Err(invalid_definition("NaN is no number: nothing equals it and nothing is above or below it"));
    }
    match (kind, value) {
        (Kind::Money, Value::Integer(_) | Value::Float(_)) => minor_units(value, log).map(Value::Integer),
        (Kind::Plain(ValueType::Time), Value::Date(day)) => Ok(calendar.day_start(*day).into()),
        (Kind::Plain(ValueType::Time), Value::Text(text)) => match TimeFormat::Date.parse_text(text, calendar) {
            Some(start) => Ok(start.into()),
            None => TimeFormat::Rfc3339.parse_text(text, calendar).map(Value::Time).ok_or_else(|| {
                invalid_time(format!(
                    "{text:?} is neither an instant such as 2026-03-01T09:30:00Z nor a date such as 2026-03-01"
                ))
            }),
        },
        (Kind::Plain(ValueType::Date), Value::Text(text)) => text.parse::<Day>().map(Value::Date),
        (Kind::Plain(ValueType::Integer | ValueType::Float), Value::Integer(_) | Value::Float(_)) => Ok(value.clone()),
        (Kind::Plain(value_type), value) if value.value_type() == value_type => Ok(value.clone()),
        _ => Err(type_mismatch(format!(
            "{value} is of type {} and cannot be compared with a value of type {}",
            value.value_type(),
            kind.name()
        ))),
    }
}

/// A literal in major units as minor units, exactly: a float stands for the shortest decimal that reads as it.
fn minor_units(value: &Value, log: &EventLog) -> Result<i64> {
    let currency = log.currency();
    let reader = AmountReader::new(currency, AmountUnit::Major, Rounding::Refuse);
    reader.read_text(&value.to_string()).map_err(|fault| {
        let why = match fault {
            AmountFault::TooFine => format!("is finer than {currency}, which has {} decimals", currency.decimals()),
            AmountFault::TooLarge => format!("is more than 64 bits of minor units of {currency} hold"),
            AmountFault::NotFinite | AmountFault::NotANumber => "is no amount".to_owned(),
        };
        Error::new(ErrorKind::InvalidMoney, format!("{value} {why}"))
    })
}

/// What a resolved test says of a value.
pub(crate) fn passes(test: &Test, value: Option<ValueRef<'_>>) -> Truth {
    match test {
        Test::Known => return Truth::from(value.is_some()),
        Test::Unknown => return Truth::from(value.is_none()),
        _ => {}
    }
    let Some(value) = value else { return Truth::Unknown };
    let is = |literal: &Value, fits: fn(Ordering) -> bool| compare(value, literal.as_ref()).is_some_and(fits);
    let text = || match value {
        ValueRef::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    };
    Truth::from(match test {
        Test::Eq(literal) => is(literal, Ordering::is_eq),
        Test::Ne(literal) => is(literal, Ordering::is_ne),
        Test::Lt(literal) => is(literal, Ordering::is_lt),
        Test::Le(literal) => is(literal, Ordering::is_le),
        Test::Gt(literal) => is(literal, Ordering::is_gt),
        Test::Ge(literal) => is(literal, Ordering::is_ge),
        Test::OneOf(literals) => literals.iter().any(|literal| is(literal, Ordering::is_eq)),
        Test::StartsWith(part) => text().starts_with(part.as_str()),
        Test::EndsWith(part) => text().ends_with(part.as_str()),
        Test::Contains(part) => text().contains(part.as_str()),
        Test::Empty => text().is_empty(),
        Test::Known | Test::Unknown => true,
    })
}

/// The order of two values: numbers as numbers, texts by bytes. `None` for values that have none.
pub(crate) fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Option<Ordering> {
    match (a, b) {
        (ValueRef::Bool(a), ValueRef::Bool(b)) => Some(a.cmp(&b)),
        (ValueRef::Integer(a), ValueRef::Integer(b)) => Some(a.cmp(&b)),
        (ValueRef::Float(a), ValueRef::Float(b)) => a.partial_cmp(&b),
        (ValueRef::Integer(a), ValueRef::Float(b)) => compare_numbers(a, b),
        (ValueRef::Float(a), ValueRef::Integer(b)) => compare_numbers(b, a).map(Ordering::reverse),
        (ValueRef::Text(a), ValueRef::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (ValueRef::Time(a), ValueRef::Time(b)) => Some(a.cmp(&b)),
        (ValueRef::Date(a), ValueRef::Date(b)) => Some(a.cmp(&b)),
        _ => None,
    }
}

/// An integer against a float without rounding either.
fn compare_numbers(integer: i64, float: f64) -> Option<Ordering> {
    /// 2^63: the first float above every `i64`.
    const ABOVE_ALL: f64 = 9_223_372_036_854_775_808.0;
    match () {
        () if float.is_nan() => None,
        () if float >= ABOVE_ALL => Some(Ordering::Less),
        () if float < -ABOVE_ALL => Some(Ordering::Greater),
        // The integer part is in range, so that the conversion is exact; what is cut off only breaks a tie.
        () => Some(integer.cmp(&(float.trunc() as i64)).then(0.0f64.partial_cmp(&float.fract())?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_exactly() {
        use Ordering::{Equal, Greater, Less};
        for (integer, float, order) in [
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Equal),
            (i64::MIN, f64::NEG_INFINITY, Greater),
            (-1, -1.5, Greater),
            (-2, -1.5, Less),
            (1, 1.5, Less),
            (0, -0.0, Equal),
        ] {
            assert_eq!(compare_numbers(integer, float), Some(order), "{integer} {float}");
        }
        assert_eq!(compare_numbers(0, f64::NAN), None);
    }
}
