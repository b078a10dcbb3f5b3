//! One raw value as a user id, instant, amount or property: the rules, value by value.

use std::fmt::Write as _;

use super::raw::{RawColumn, RawData, RawValue};
use super::report::RejectReason;
use crate::column::Interner;
use crate::error::{Result, type_mismatch};
use crate::money::{AmountFault, AmountReader};
use crate::time::{Calendar, Day, MICROS_PER_DAY, TimeFormat, Timestamp};
use crate::value::{Value, ValueRef, ValueType};

/// 0001-01-01 and 9999-12-31, between which dates have four-digit years.
const DAY_MIN: i32 = Timestamp::MIN.as_micros().div_euclid(MICROS_PER_DAY) as i32;
const DAY_MAX: i32 = Timestamp::MAX.as_micros().div_euclid(MICROS_PER_DAY) as i32;
/// Floats up to here hold integers exactly: 2^53.
const FLOAT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

pub(crate) type Coerced<T> = Result<T, RejectReason>;

/// An integer: as it is, from a float without fraction, or from a text of digits.
pub(super) fn to_integer(value: RawValue<'_>) -> Coerced<i64> {
    match value {
        RawValue::Integer(value) => Ok(value),
        RawValue::Unsigned(value) => i64::try_from(value).map_err(|_| RejectReason::WrongType),
        RawValue::Float(value) if !value.is_finite() => Err(RejectReason::NotFinite),
        RawValue::Float(value) if value.fract() == 0.0 && value.abs() <= FLOAT_INTEGER_MAX => Ok(value as i64),
        RawValue::Decimal(value, 0) => i64::try_from(value).map_err(|_| RejectReason::WrongType),
        RawValue::Text(text) => text.trim_ascii().parse().map_err(|_| RejectReason::WrongType),
        _ => Err(RejectReason::WrongType),
    }
}

/// A finite float, from any number or a text that is one.
pub(super) fn to_float(value: RawValue<'_>) -> Coerced<f64> {
    let float = match value {
        RawValue::Float(value) => value,
        RawValue::Integer(value) => value as f64,
        RawValue::Unsigned(value) => value as f64,
        RawValue::Decimal(value, scale) => value as f64 / 10f64.powi(i32::from(scale)),
        RawValue::Text(text) => text.trim_ascii().parse().map_err(|_| RejectReason::WrongType)?,
        _ => return Err(RejectReason::WrongType),
    };
    if float.is_finite() { Ok(float) } else { Err(RejectReason::NotFinite) }
}

/// True or false: as it is, from 0 and 1, or from `true`, `false`, `yes`, `no`, in any case.
pub(super) fn to_bool(value: RawValue<'_>) -> Coerced<bool> {
    match value {
        RawValue::Bool(value) => Ok(value),
        RawValue::Integer(0) | RawValue::Unsigned(0) => Ok(false),
        RawValue::Integer(1) | RawValue::Unsigned(1) => Ok(true),
        RawValue::Text(text) => match text.trim_ascii().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(RejectReason::WrongType),
        },
        _ => Err(RejectReason::WrongType),
    }
}

/// How a column of instants is read.
#[derive(Debug, Clone)]
pub(crate) struct TimeReader {
    pub(super) format: TimeFormat,
    /// The zone of times that state none.
    pub(super) calendar: Calendar,
}

impl TimeReader {
    /// An instant of a property: as the event's own, or a text in ISO 8601 whatever the format of the event's.
    pub(super) fn read_property(&self, value: RawValue<'_>) -> Coerced<i64> {
        match value {
            RawValue::Text(text) => match TimeFormat::Auto.parse_text(text, &self.calendar) {
                Some(instant) => Ok(instant.as_micros()),
                None => self.read(value),
            },
            value => self.read(value),
        }
    }

    /// An instant in microseconds.
    pub(super) fn read(&self, value: RawValue<'_>) -> Coerced<i64> {
        let instant = match value {
            RawValue::Time { value, unit, zoned } => {
                let micros = unit.to_micros(value).ok_or(RejectReason::TimeOutOfRange)?;
                let micros = Timestamp::checked(micros).ok_or(RejectReason::TimeOutOfRange)?.as_micros();
                if zoned { Timestamp::from_micros(micros) } else { self.calendar.instant_of_local(micros) }
            }
            RawValue::Date(days) => self.calendar.day_start(Day(days)),
            RawValue::Text(text) => {
                return match self.format.parse_text(text, &self.calendar) {
                    Some(instant) => Ok(instant.as_micros()),
                    None if text.trim_ascii().is_empty() => Err(RejectReason::Missing),
                    None => Err(RejectReason::NotAnInstant),
                };
            }
            RawValue::Float(value) if !value.is_finite() => return Err(RejectReason::NotFinite),
            // Seconds with a fraction are how scripts write instants.
            RawValue::Float(value) if self.format == TimeFormat::EpochSeconds && value.abs() < 1e12 => {
                Timestamp::from_micros((value * 1e6).round() as i64)
            }
            RawValue::Integer(_) | RawValue::Unsigned(_) | RawValue::Float(_) | RawValue::Decimal(..) => {
                let number = to_integer(value).map_err(|_| RejectReason::NotAnInstant)?;
                return match self.format.parse_integer(number, &self.calendar) {
                    Some(instant) => Ok(instant.as_micros()),
                    None => Err(RejectReason::NotAnInstant),
                };
            }
            _ => return Err(RejectReason::WrongType),
        };
        let checked = Timestamp::checked(instant.as_micros()).ok_or(RejectReason::TimeOutOfRange)?;
        Ok(checked.as_micros())
    }
}

/// A date: as it is, from the local day of an instant, or from `YYYY-MM-DD`.
pub(super) fn to_date(value: RawValue<'_>, times: &TimeReader) -> Coerced<i32> {
    match value {
        RawValue::Date(days) if !(DAY_MIN..=DAY_MAX).contains(&days) => Err(RejectReason::TimeOutOfRange),
        RawValue::Date(days) => Ok(days),
        RawValue::Text(text) => {
            text.trim_ascii().parse::<Day>().map(|day| day.0).map_err(|_| RejectReason::NotAnInstant)
        }
        RawValue::Time { .. } => Ok(times.calendar.day(Timestamp::from_micros(times.read(value)?)).0),
        _ => Err(RejectReason::WrongType),
    }
}

/// One value as the type of its property or attribute; `None` for an empty text that is no text.
pub(crate) fn coerce_value(
    value: ValueRef<'_>,
    value_type: ValueType,
    times: &TimeReader,
    bytes_max: u64,
) -> Coerced<Option<Value>> {
    let raw = RawValue::from(value);
    if matches!(raw, RawValue::Text("")) && value_type != ValueType::Text {
        return Ok(None);
    }
    Ok(Some(match value_type {
        ValueType::Bool => to_bool(raw)?.into(),
        ValueType::Integer => to_integer(raw)?.into(),
        ValueType::Float => to_float(raw)?.into(),
        ValueType::Time => Timestamp::from_micros(times.read_property(raw)?).into(),
        ValueType::Date => Day(to_date(raw, times)?).into(),
        ValueType::Text => match raw {
            RawValue::Text(text) if text.len() as u64 > bytes_max => return Err(RejectReason::TooLong),
            other => Value::from(other.to_string()),
        },
    }))
}

/// An amount in minor units; `None` for an empty text.
pub(super) fn to_amount(value: RawValue<'_>, reader: AmountReader) -> Coerced<Option<i64>> {
    let minor = match value {
        RawValue::Integer(value) => reader.read_decimal(i128::from(value), 0),
        RawValue::Unsigned(value) => reader.read_decimal(i128::from(value), 0),
        RawValue::Decimal(value, scale) => reader.read_decimal(value, u32::from(scale)),
        RawValue::Float(value) => reader.read_float(value),
        RawValue::Text(text) if text.trim_ascii().is_empty() => return Ok(None),
        RawValue::Text(text) => reader.read_text(text),
        _ => return Err(RejectReason::WrongType),
    };
    minor.map(Some).map_err(|fault| match fault {
        AmountFault::NotANumber => RejectReason::NotAnAmount,
        AmountFault::NotFinite => RejectReason::NotFinite,
        AmountFault::TooFine => RejectReason::AmountTooFine,
        AmountFault::TooLarge => RejectReason::AmountTooLarge,
    })
}

/// The text of a value; numbers, dates and the like are written out into `buffer`.
pub(super) fn to_text<'a>(value: RawValue<'a>, buffer: &'a mut String) -> Coerced<&'a str> {
    match value {
        RawValue::Text(text) => Ok(text),
        RawValue::Other(_) => Err(RejectReason::WrongType),
        RawValue::Float(value) if !value.is_finite() => Err(RejectReason::NotFinite),
        value => {
            buffer.clear();
            write!(buffer, "{value}").map_err(|_| RejectReason::WrongType)?;
            Ok(buffer)
        }
    }
}

/// The code of each row's text, where the column is a dictionary of which every row has a text that is accepted.
///
/// Each text that is used is looked at once, each row costs one look into a small table.
pub(super) fn dictionary_codes<'c>(
    column: &'c RawColumn<'_>,
    interner: &mut Interner,
    accept: impl Fn(&str) -> Coerced<()>,
) -> Option<(Vec<u32>, &'c [u32])> {
    let (RawData::Dictionary { codes, texts }, None) = (column.data(), column.valid()) else { return None };
    let mut used = vec![false; texts.len()];
    for code in codes.iter() {
        *used.get_mut(*code as usize)? = true;
    }
    let accepted = used.iter().zip(texts.iter()).all(|(used, text)| !used || accept(text).is_ok());
    accepted.then(|| {
        let table = used.iter().zip(texts.iter()).map(|(used, text)| if *used { interner.intern(text) } else { 0 });
        (table.collect(), &**codes)
    })
}

/// Hands `push` the code of each row's text, none where it is missing, or the reason against it.
///
/// `accept` sees each text of a dictionary column once, and each row's of any other.
pub(super) fn text_codes(
    column: &RawColumn<'_>,
    interner: &mut Interner,
    accept: impl Fn(&str) -> Coerced<()>,
    mut push: impl FnMut(usize, Coerced<Option<u32>>),
) {
    match (column.data(), column.valid()) {
        (RawData::Dictionary { codes, texts }, valid) => {
            let mut known: Vec<Option<Coerced<u32>>> = vec![None; texts.len()];
            for (row, code) in codes.iter().enumerate() {
                let code = *code as usize;
                if code >= texts.len() || valid.is_some_and(|valid| !valid.get(row)) {
                    push(row, Ok(None));
                    continue;
                }
                let code =
                    known[code].get_or_insert_with(|| accept(texts[code]).map(|()| interner.intern(texts[code])));
                push(row, code.map(Some));
            }
        }
        (RawData::Text(texts), valid) => {
            let mut recent = RecentTexts::default();
            for (row, text) in texts.iter().enumerate() {
                if valid.is_some_and(|valid| !valid.get(row)) {
                    push(row, Ok(None));
                    continue;
                }
                let code = recent.code(text, || accept(text).map(|()| interner.intern(text)));
                push(row, code.map(Some));
            }
        }
        _ => {
            let mut buffer = String::new();
            for row in 0..column.len() {
                let Some(value) = column.get(row) else {
                    push(row, Ok(None));
                    continue;
                };
                let text = to_text(value, &mut buffer);
                push(row, text.and_then(|text| accept(text).map(|()| Some(interner.intern(text)))));
            }
        }
    }
}

/// How many texts [`RecentTexts`] holds: 6 KiB, a fraction of the first-level cache.
const RECENT_TEXTS: usize = 256;

/// Texts seen lately with their codes, each in a slot of its own: in a column of few distinct texts nearly every one
/// is found at once, without hashing.
struct RecentTexts<'a> {
    slots: [(&'a str, u32); RECENT_TEXTS],
}

impl Default for RecentTexts<'_> {
    fn default() -> Self {
        // An empty text is never looked up, so that it marks a free slot.
        Self { slots: [("", 0); RECENT_TEXTS] }
    }
}

impl<'a> RecentTexts<'a> {
    /// The code of a text; `find` gives it where the text was not seen lately.
    #[inline]
    fn code(&mut self, text: &'a str, find: impl FnOnce() -> Coerced<u32>) -> Coerced<u32> {
        let bytes = text.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return find() };
        // Length, both ends and the middle set most names apart; those that collide take turns.
        let mix =
            usize::from(*first) * 7 + usize::from(*last) * 31 + usize::from(bytes[bytes.len() / 2]) * 3 + bytes.len();
        let slot = &mut self.slots[mix % RECENT_TEXTS];
        if slot.0 == text {
            return Ok(slot.1);
        }
        let code = find()?;
        *slot = (text, code);
        Ok(code)
    }
}

/// The type that a column has by itself; a column without any value counts as text.
pub(super) fn natural_type(column: &RawColumn<'_>) -> ValueType {
    let of_value = |value: RawValue<'_>| match value {
        RawValue::Bool(_) => ValueType::Bool,
        RawValue::Integer(_) | RawValue::Unsigned(_) => ValueType::Integer,
        RawValue::Float(_) | RawValue::Decimal(..) => ValueType::Float,
        RawValue::Time { .. } => ValueType::Time,
        RawValue::Date(_) => ValueType::Date,
        RawValue::Text(_) | RawValue::Other(_) => ValueType::Text,
    };
    match column.data() {
        RawData::Null(_) | RawData::Text(_) | RawData::Dictionary { .. } => ValueType::Text,
        RawData::Bool(_) => ValueType::Bool,
        RawData::Integer(_) | RawData::Unsigned(_) => ValueType::Integer,
        RawData::Float(_) | RawData::Decimal { .. } => ValueType::Float,
        RawData::Time { .. } => ValueType::Time,
        RawData::Date(_) => ValueType::Date,
        // Integers and floats side by side, as JSON writes them, are floats.
        RawData::Values(values) => {
            let mut types = values.iter().flatten().map(|value| of_value(*value));
            match types.next() {
                Some(ValueType::Integer) if types.any(|other| other == ValueType::Float) => ValueType::Float,
                first => first.unwrap_or(ValueType::Text),
            }
        }
    }
}

/// Refuses a typed column that could not be read as `value_type` in any row, before its rows are rejected one by one.
///
/// # Errors
/// `TypeMismatch`, naming the column, its type and the types that would do.
pub(super) fn check_readable(name: &str, column: &RawColumn<'_>, role: &str, readable: &[ValueType]) -> Result<()> {
    if matches!(column.data(), RawData::Null(_) | RawData::Values(_)) || readable.contains(&natural_type(column)) {
        return Ok(());
    }
    let readable: Vec<&str> = readable.iter().map(|value_type| value_type.name()).collect();
    Err(type_mismatch(format!(
        "the column {name:?} is of type {}, but as {role} it must be one of {}",
        natural_type(column),
        readable.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{TimeFormat, Zone};

    #[test]
    fn integers_come_from_whole_numbers_only() {
        assert_eq!(to_integer(RawValue::Float(3.0)), Ok(3));
        assert_eq!(to_integer(RawValue::Text(" -7 ")), Ok(-7));
        for value in [
            RawValue::Float(3.5),
            RawValue::Float(1e300),
            RawValue::Unsigned(u64::MAX),
            RawValue::Text("7.0"),
            RawValue::Text(""),
            RawValue::Bool(true),
            RawValue::Other("[7]"),
        ] {
            assert_eq!(to_integer(value), Err(RejectReason::WrongType), "{value:?}");
        }
        assert_eq!(to_float(RawValue::Text("inf")), Err(RejectReason::NotFinite));
    }

    #[test]
    fn local_times_are_read_in_the_mapping_s_zone() {
        let zone: Zone = "Asia/Shanghai".parse().unwrap();
        let reader = TimeReader {
            format: TimeFormat::EpochSeconds,
            calendar: Calendar::new(zone, Timestamp::from_micros(0), Timestamp::from_micros(0)),
        };
        let unit = super::super::TimeUnit::Seconds;
        let eight_hours = 8 * 3_600;
        assert_eq!(reader.read(RawValue::Time { value: eight_hours, unit, zoned: false }), Ok(0));
        assert_eq!(reader.read(RawValue::Time { value: 0, unit, zoned: true }), Ok(0));
        assert_eq!(reader.read(RawValue::Float(0.25)), Ok(250_000));
        assert_eq!(reader.read(RawValue::Date(1)), Ok(16 * 3_600 * 1_000_000));
        assert_eq!(
            reader.read(RawValue::Time { value: i64::MAX, unit, zoned: true }),
            Err(RejectReason::TimeOutOfRange)
        );
    }
}
