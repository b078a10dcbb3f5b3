//! Tests against the kind of what they test, and against the numbers that it can have.

use std::cmp::Ordering;

use super::Vocabulary;
use super::kind::Kind;
use crate::error::{Error, ErrorKind, Result, invalid_definition, invalid_money, type_mismatch};
use crate::money::Currency;
use crate::rule::event_query::{EventWindow, Observed};
use crate::rule::measure::Measure;
use crate::rule::test::Test;
use crate::time::{Day, Timestamp};
use crate::value::{Value, ValueType};

/// Refuses a test that something of this kind cannot be put to. `name` says what is tested.
pub(super) fn check(kind: Kind, name: &dyn Fn() -> String, test: &Test, vocabulary: &Vocabulary) -> Result<()> {
    let mismatch = |what: &str| Err(type_mismatch(format!("`{}` is of type {kind}, {what}", name())));
    match test {
        Test::Known | Test::Unknown => Ok(()),
        Test::Empty if kind.is_text() => Ok(()),
        Test::Empty => mismatch("and only a text can be empty: use is_null for what is missing"),
        Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) if kind.is_text() => Ok(()),
        Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) => {
            mismatch("and startsWith, endsWith and contains are asked of texts")
        }
        Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) if kind == Kind::Value(ValueType::Bool) => {
            mismatch("which has no order: use == or !=")
        }
        Test::Eq(_) | Test::Ne(_) | Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) | Test::OneOf(_) => {
            test.values().iter().try_for_each(|value| check_value(kind, name, value, vocabulary))
        }
    }
}

fn check_value(kind: Kind, name: &dyn Fn() -> String, value: &Value, vocabulary: &Vocabulary) -> Result<()> {
    if let Value::Float(number) = value
        && !number.is_finite()
    {
        return Err(invalid_definition(format!("`{}` is compared with {number}, which is no number", name())));
    }
    let fits = match (kind, value) {
        (Kind::Open, _) => true,
        (Kind::Money, Value::Integer(_) | Value::Float(_)) => return check_amount(value, vocabulary.money()),
        (Kind::Value(ValueType::Integer | ValueType::Float), Value::Integer(_) | Value::Float(_)) => true,
        (Kind::Value(ValueType::Bool), Value::Bool(_)) => true,
        (Kind::Value(ValueType::Text), Value::Text(_)) => true,
        (Kind::Value(ValueType::Time), Value::Time(_) | Value::Date(_)) => true,
        (Kind::Value(ValueType::Date), Value::Date(_)) => true,
        (Kind::Value(ValueType::Time), Value::Text(text)) => {
            text.parse::<Timestamp>().is_ok() || text.parse::<Day>().is_ok()
        }
        (Kind::Value(ValueType::Date), Value::Text(text)) => text.parse::<Day>().is_ok(),
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(mismatch(kind, name, value)),
    }
}

fn mismatch(kind: Kind, name: &dyn Fn() -> String, value: &Value) -> Error {
    let way_out = match kind {
        Kind::Value(ValueType::Bool) => "compare it with true or false",
        Kind::Value(ValueType::Text) => "compare it with a text in quotes",
        Kind::Value(ValueType::Date) => "compare it with a date, as in date(\"2026-01-31\")",
        Kind::Value(ValueType::Time) => {
            "compare it with an instant, as in timestamp(\"2026-01-31T09:30:00Z\"), or a date"
        }
        _ => "compare it with a number",
    };
    let message = match value {
        Value::Text(text) => format!("`{}` is of type {kind}, not text such as {text:?}: {way_out}", name()),
        _ => format!("`{}` is of type {kind}, not {} such as {value}: {way_out}", name(), value.value_type()),
    };
    Error::new(ErrorKind::TypeMismatch, message)
}

/// Refuses amounts that no number of minor units is.
fn check_amount(value: &Value, currency: Option<Currency>) -> Result<()> {
    let Some(currency) = currency else { return Ok(()) };
    // `Display` of a float is its shortest decimal, without an exponent.
    let written = value.to_string();
    let (whole, decimals) = written.split_once('.').unwrap_or((&written, ""));
    let allowed = usize::from(currency.decimals());
    if decimals.len() > allowed && decimals.bytes().any(|digit| digit != b'0') {
        return Err(invalid_money(format!(
            "{written} has {} decimals, and {currency} has {allowed}: round the amount",
            decimals.len()
        )));
    }
    let minor = whole.parse::<i64>().ok().and_then(|whole| whole.checked_mul(currency.minor_per_major()));
    match minor {
        Some(minor) if minor.unsigned_abs() < i64::MAX.unsigned_abs() - currency.minor_per_major().unsigned_abs() => {
            Ok(())
        }
        _ => Err(invalid_money(format!("{written} {currency} is more than an amount can be"))),
    }
}

/// The whole numbers that a measure can be.
pub(super) struct Bounds {
    low: i64,
    high: Option<i64>,
    /// Nobody's value is unknown, so that a test that holds of all numbers holds of all users.
    known: bool,
}

impl Bounds {
    /// The bounds of a measure, where it has any.
    pub(super) fn of(measure: &Measure) -> Option<Self> {
        match measure {
            Measure::Count(over) | Measure::ActiveDays(over) | Measure::Distinct { over, .. } => {
                let known = over.observed == Observed::Any && matches!(over.window, EventWindow::Window(_));
                Some(Self { low: 0, high: None, known })
            }
            Measure::DaysSinceFirst(_) | Measure::DaysSinceLast(_) | Measure::DaysSinceReturn { .. } => {
                Some(Self { low: 0, high: None, known: false })
            }
            Measure::Bucket(bucket) => {
                Some(Self { low: 0, high: Some(i64::from(bucket.buckets.saturating_sub(1))), known: true })
            }
            _ => None,
        }
    }

    /// Refuses a test that never holds, or that holds of everybody.
    pub(super) fn check(&self, measure: &Measure, test: &Test) -> Result<()> {
        let holds = match test {
            Test::Lt(value) => self.below(value, false),
            Test::Le(value) => self.below(value, true),
            Test::Ge(value) => self.below(value, false).map(|holds| !holds),
            Test::Gt(value) => self.below(value, true).map(|holds| !holds),
            Test::Eq(value) => (!self.can_be(value)).then_some(false),
            Test::Ne(value) => (!self.can_be(value)).then_some(true),
            Test::OneOf(values) => (!values.iter().any(|value| self.can_be(value))).then_some(false),
            _ => None,
        };
        let numbers = match self.high {
            Some(high) => format!("a whole number from {} to {high}", self.low),
            None => "a whole number, 0 or more".to_owned(),
        };
        match holds {
            Some(false) => Err(invalid_definition(format!("this never holds: `{measure}` is {numbers}"))),
            Some(true) if self.known => Err(invalid_definition(format!(
                "this holds of everybody: `{measure}` is {numbers}; leave it out, or write `true`"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether all numbers are less than the value (or equal to it); `None` where some are and some are not.
    fn below(&self, value: &Value, or_equal: bool) -> Option<bool> {
        let is_below = |number: i64| match compare(number, value) {
            Some(Ordering::Less) => Some(true),
            Some(Ordering::Equal) => Some(or_equal),
            Some(Ordering::Greater) => Some(false),
            None => None,
        };
        match (is_below(self.low)?, self.high) {
            (false, _) => Some(false),
            (true, Some(high)) if is_below(high)? => Some(true),
            (true, _) => None,
        }
    }

    /// Whether one of the numbers equals the value.
    fn can_be(&self, value: &Value) -> bool {
        let whole = match value {
            Value::Float(number) => number.fract() == 0.0,
            _ => true,
        };
        let at_least = compare(self.low, value).is_none_or(|order| order != Ordering::Greater);
        let at_most = self.high.and_then(|high| compare(high, value)).is_none_or(|order| order != Ordering::Less);
        whole && at_least && at_most
    }
}

/// A whole number against a value; `None` where that is no number. The bounds are small, so that floats hold them exactly.
fn compare(number: i64, value: &Value) -> Option<Ordering> {
    match value {
        Value::Integer(value) => Some(number.cmp(value)),
        Value::Float(value) => (number as f64).partial_cmp(value),
        _ => None,
    }
}
