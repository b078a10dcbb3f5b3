//! One Arrow array as a raw column.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType, TimeUnit as ArrowUnit};
use userops::column::Bitmap;
use userops::error::{Error, ErrorKind, Result};
use userops::ingest::{RawColumn, RawData, TimeUnit};

const MILLIS_PER_DAY: i64 = 86_400_000;
/// A code that no dictionary reaches: a missing value.
const NO_CODE: u32 = u32::MAX;

/// The values of an array.
///
/// # Errors
/// `TypeMismatch`, naming the column and the type, where an event log has no such values.
pub(super) fn to_raw<'a>(name: &str, array: &'a ArrayRef) -> Result<RawColumn<'a>> {
    let data = match array.data_type() {
        DataType::Null => return Ok(RawColumn::new(RawData::Null(array.len()))),
        DataType::Boolean => RawData::Bool(array.as_boolean().values().iter().collect()),
        DataType::Int64 => RawData::Integer(Cow::Borrowed(array.as_primitive::<Int64Type>().values())),
        DataType::Int8 => widened::<Int8Type>(array),
        DataType::Int16 => widened::<Int16Type>(array),
        DataType::Int32 => widened::<Int32Type>(array),
        DataType::UInt8 => widened::<UInt8Type>(array),
        DataType::UInt16 => widened::<UInt16Type>(array),
        DataType::UInt32 => widened::<UInt32Type>(array),
        DataType::UInt64 => RawData::Unsigned(Cow::Borrowed(array.as_primitive::<UInt64Type>().values())),
        DataType::Float64 => RawData::Float(Cow::Borrowed(array.as_primitive::<Float64Type>().values())),
        DataType::Float32 => {
            RawData::Float(array.as_primitive::<Float32Type>().values().iter().map(|value| shortest(*value)).collect())
        }
        DataType::Decimal128(_, scale) => decimals(name, array.as_primitive::<Decimal128Type>().values(), *scale)?,
        DataType::Decimal64(_, scale) => decimals_from::<Decimal64Type>(name, array, *scale)?,
        DataType::Decimal32(_, scale) => decimals_from::<Decimal32Type>(name, array, *scale)?,
        DataType::Date32 => RawData::Date(Cow::Borrowed(array.as_primitive::<Date32Type>().values())),
        DataType::Date64 => {
            RawData::Date(array.as_primitive::<Date64Type>().values().iter().map(|ms| day_of(*ms)).collect())
        }
        DataType::Timestamp(unit, zone) => times(array, *unit, zone.is_some()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => RawData::Text(texts(array).into()),
        DataType::Dictionary(keys, _) => dictionary(name, array, keys)?,
        other => return Err(unreadable(name, other)),
    };
    Ok(match array.nulls() {
        Some(nulls) if nulls.null_count() > 0 => RawColumn::with_valid(data, bitmap(nulls)),
        _ => RawColumn::new(data),
    })
}

fn unreadable(name: &str, data_type: &DataType) -> Error {
    let message = format!("the column {name:?} is of type {data_type}, which is no value of an event; leave it out");
    Error::new(ErrorKind::TypeMismatch, message)
}

fn bitmap(nulls: &NullBuffer) -> Bitmap {
    Bitmap::from_words(nulls.inner().bit_chunks().iter_padded().collect(), nulls.len())
}

fn widened<T: ArrowPrimitiveType>(array: &ArrayRef) -> RawData<'_>
where
    T::Native: Into<i64>,
{
    RawData::Integer(array.as_primitive::<T>().values().iter().map(|value| (*value).into()).collect())
}

/// The float that is written like this one: 0.1 of 32 bits is 0.1 of 64, so that amounts are not off by the rounding.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The day of an instant in milliseconds; beyond the range of days, one that no log takes.
fn day_of(millis: i64) -> i32 {
    let days = millis.div_euclid(MILLIS_PER_DAY);
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
}

fn decimals<'a>(name: &str, values: &'a [i128], scale: i8) -> Result<RawData<'a>> {
    let Ok(scale) = u8::try_from(scale) else {
        let factor = 10i128.checked_pow(u32::from(scale.unsigned_abs()));
        let scaled = values.iter().map(|value| value.checked_mul(factor?)).collect::<Option<Vec<i128>>>();
        let scaled = scaled.ok_or_else(|| {
            let message = format!("the column {name:?} of decimals of scale {scale} holds a number above 128 bits");
            Error::new(ErrorKind::TypeMismatch, message)
        })?;
        return Ok(RawData::Decimal { values: scaled.into(), scale: 0 });
    };
    Ok(RawData::Decimal { values: Cow::Borrowed(values), scale })
}

fn decimals_from<'a, T: ArrowPrimitiveType>(name: &str, array: &'a ArrayRef, scale: i8) -> Result<RawData<'a>>
where
    T::Native: Into<i128>,
{
    let values: Vec<i128> = array.as_primitive::<T>().values().iter().map(|value| (*value).into()).collect();
    Ok(match decimals(name, &values, scale)? {
        RawData::Decimal { values, scale } => RawData::Decimal { values: values.into_owned().into(), scale },
        _ => RawData::Null(array.len()),
    })
}

fn times(array: &ArrayRef, unit: ArrowUnit, zoned: bool) -> RawData<'_> {
    let (values, unit): (&[i64], _) = match unit {
        ArrowUnit::Second => (array.as_primitive::<TimestampSecondType>().values(), TimeUnit::Seconds),
        ArrowUnit::Millisecond => (array.as_primitive::<TimestampMillisecondType>().values(), TimeUnit::Millis),
        ArrowUnit::Microsecond => (array.as_primitive::<TimestampMicrosecondType>().values(), TimeUnit::Micros),
        ArrowUnit::Nanosecond => (array.as_primitive::<TimestampNanosecondType>().values(), TimeUnit::Nanos),
    };
    RawData::Time { values: Cow::Borrowed(values), unit, zoned }
}

/// The texts of an array of any layout; a null is an empty one.
fn texts(array: &ArrayRef) -> Vec<&str> {
    macro_rules! collect {
        ($array:expr) => {
            match $array {
                array if array.null_count() == 0 => (0..array.len()).map(|row| array.value(row)).collect(),
                array => array.iter().map(|text| text.unwrap_or_default()).collect(),
            }
        };
    }
    match array.data_type() {
        DataType::LargeUtf8 => collect!(array.as_string::<i64>()),
        DataType::Utf8View => collect!(array.as_string_view()),
        DataType::Utf8 => collect!(array.as_string::<i32>()),
        _ => Vec::new(),
    }
}

fn dictionary<'a>(name: &str, array: &'a ArrayRef, keys: &DataType) -> Result<RawData<'a>> {
    let values = array.as_any_dictionary().values();
    if !matches!(values.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Err(unreadable(name, array.data_type()));
    }
    let codes = match keys {
        DataType::UInt32 => Cow::Borrowed(&array.as_dictionary::<UInt32Type>().keys().values()[..]),
        DataType::Int8 => codes::<Int8Type>(array),
        DataType::Int16 => codes::<Int16Type>(array),
        DataType::Int32 => codes::<Int32Type>(array),
        DataType::Int64 => codes::<Int64Type>(array),
        DataType::UInt8 => codes::<UInt8Type>(array),
        DataType::UInt16 => codes::<UInt16Type>(array),
        DataType::UInt64 => codes::<UInt64Type>(array),
        _ => return Err(unreadable(name, array.data_type())),
    };
    let codes = match values.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => codes.iter().map(|code| known_code(*code, nulls)).collect(),
        None => codes,
    };
    Ok(RawData::Dictionary { codes, texts: texts(values).into() })
}

/// A code, unless the dictionary's text of it is null.
fn known_code(code: u32, nulls: &NullBuffer) -> u32 {
    let index = code as usize;
    if index < nulls.len() && nulls.is_null(index) { NO_CODE } else { code }
}

fn codes<K: ArrowDictionaryKeyType>(array: &ArrayRef) -> Cow<'_, [u32]> {
    let keys = array.as_dictionary::<K>().keys().values();
    keys.iter().map(|key| key.to_usize().and_then(|code| u32::try_from(code).ok()).unwrap_or(NO_CODE)).collect()
}
