//! Columns as they come, before anyone has said what they mean.

use std::borrow::Cow;

use crate::column::Bitmap;
use crate::id::UserIdRef;
use crate::time::{Day, Timestamp};
use crate::value::ValueRef;

/// Rows of one source, in columns that all have the same length.
#[derive(Debug, Clone, Default)]
pub struct RawBatch<'a> {
    source: Cow<'a, str>,
    row_count: usize,
    first_row: u64,
    row_numbers: Option<Vec<u64>>,
    columns: Vec<(Cow<'a, str>, RawColumn<'a>)>,
    faults: Vec<RawFault>,
}

/// A row of the source that could not be split into fields at all, and so is not in the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFault {
    /// The row's number in its source, from 1.
    pub row: u64,
    /// What is wrong with it.
    pub reason: super::RejectReason,
    /// The row as it stands in the source.
    pub line: String,
}

impl<'a> RawBatch<'a> {
    /// A batch of `row_count` rows of a source, numbered from 1; its columns are still to be pushed.
    #[must_use]
    pub fn new(source: impl Into<Cow<'a, str>>, row_count: usize) -> Self {
        Self { source: source.into(), row_count, first_row: 1, ..Self::default() }
    }

    /// The same batch with its first row numbered `first_row`.
    #[must_use]
    pub fn starting_at(mut self, first_row: u64) -> Self {
        self.first_row = first_row;
        self
    }

    /// The same batch with a number for each row, for sources of which some rows could not be split into fields.
    #[must_use]
    pub fn numbered(mut self, row_numbers: Vec<u64>) -> Self {
        self.row_numbers = Some(row_numbers);
        self
    }

    /// Appends a column. Pushing a batch whose columns differ in length is refused later, with their names.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, column: RawColumn<'a>) {
        self.columns.push((name.into(), column));
    }

    /// Adds a row that could not be split into fields. It counts as read and as rejected.
    pub fn push_fault(&mut self, fault: RawFault) {
        self.faults.push(fault);
    }

    /// The name of the source, such as a file's.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many rows the columns have.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// A row's number in its source.
    #[must_use]
    pub fn row_number(&self, row: usize) -> u64 {
        let numbered = self.row_numbers.as_ref().and_then(|numbers| numbers.get(row).copied());
        numbered.unwrap_or(self.first_row + row as u64)
    }

    /// The columns with their names.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &RawColumn<'a>)> + Clone + '_ {
        self.columns.iter().map(|(name, column)| (&**name, column))
    }

    /// The rows that could not be split into fields.
    #[must_use]
    pub fn faults(&self) -> &[RawFault] {
        &self.faults
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&RawColumn<'a>> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
    }
}

/// One column as it comes: its values, and which of them are there.
#[derive(Debug, Clone)]
pub struct RawColumn<'a> {
    data: RawData<'a>,
    valid: Option<Bitmap>,
}

/// The values of a column. Where a value is missing, the slot holds anything.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum RawData<'a> {
    /// Every one of so many values is missing.
    Null(usize),
    /// Booleans.
    Bool(Cow<'a, [bool]>),
    /// Signed integers.
    Integer(Cow<'a, [i64]>),
    /// Unsigned integers.
    Unsigned(Cow<'a, [u64]>),
    /// Floats, in which NaN and infinities may occur.
    Float(Cow<'a, [f64]>),
    /// Decimals: each value divided by 10 to the power of `scale`.
    Decimal {
        /// The unscaled values.
        values: Cow<'a, [i128]>,
        /// Digits after the point.
        scale: u8,
    },
    /// Texts.
    Text(Cow<'a, [&'a str]>),
    /// Texts by code; a code past the end is a missing value.
    Dictionary {
        /// Positions in `texts`.
        codes: Cow<'a, [u32]>,
        /// The texts.
        texts: Cow<'a, [&'a str]>,
    },
    /// Instants, or local times where not `zoned`.
    Time {
        /// Units since 1970-01-01T00:00:00.
        values: Cow<'a, [i64]>,
        /// What they count.
        unit: TimeUnit,
        /// Whether they count from midnight UTC; otherwise they are what a local clock shows.
        zoned: bool,
    },
    /// Dates, in days since 1970-01-01.
    Date(Cow<'a, [i32]>),
    /// Values of any types, side by side.
    Values(Cow<'a, [Option<RawValue<'a>>]>),
}

/// What a column of times counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds; what is below a microsecond is cut off.
    Nanos,
}

impl TimeUnit {
    /// This many units in microseconds, or `None` beyond 64 bits.
    #[inline]
    #[must_use]
    pub fn to_micros(self, value: i64) -> Option<i64> {
        match self {
            Self::Seconds => value.checked_mul(1_000_000),
            Self::Millis => value.checked_mul(1_000),
            Self::Micros => Some(value),
            Self::Nanos => Some(value.div_euclid(1_000)),
        }
    }
}

/// One value as it comes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RawValue<'a> {
    /// See [`RawData::Bool`].
    Bool(bool),
    /// See [`RawData::Integer`].
    Integer(i64),
    /// See [`RawData::Unsigned`].
    Unsigned(u64),
    /// See [`RawData::Float`].
    Float(f64),
    /// See [`RawData::Decimal`].
    Decimal(i128, u8),
    /// See [`RawData::Text`].
    Text(&'a str),
    /// An instant, or a local time where not zoned; in the unit given.
    Time {
        /// Units since 1970-01-01T00:00:00.
        value: i64,
        /// What they count.
        unit: TimeUnit,
        /// See [`RawData::Time`].
        zoned: bool,
    },
    /// See [`RawData::Date`].
    Date(i32),
    /// Something that is no single value, such as a list, as text.
    Other(&'a str),
}

impl From<Timestamp> for RawValue<'_> {
    fn from(instant: Timestamp) -> Self {
        Self::Time { value: instant.as_micros(), unit: TimeUnit::Micros, zoned: true }
    }
}

impl<'a> From<UserIdRef<'a>> for RawValue<'a> {
    fn from(id: UserIdRef<'a>) -> Self {
        match id {
            UserIdRef::Integer(id) => Self::Integer(id),
            UserIdRef::Text(id) => Self::Text(id),
        }
    }
}

impl<'a> From<ValueRef<'a>> for RawValue<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Float(value) => Self::Float(value),
            ValueRef::Text(value) => Self::Text(value),
            ValueRef::Time(value) => value.into(),
            ValueRef::Date(value) => Self::Date(value.0),
        }
    }
}

impl std::fmt::Display for RawValue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Unsigned(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Decimal(value, scale) => format_decimal(value, scale).fmt(f),
            Self::Text(value) | Self::Other(value) => value.fmt(f),
            Self::Time { value, unit, zoned } => match unit.to_micros(value).and_then(Timestamp::checked) {
                Some(instant) if zoned => instant.fmt(f),
                Some(instant) => instant.to_string().trim_end_matches('Z').fmt(f),
                None => write!(f, "{value} {unit:?} since 1970"),
            },
            Self::Date(days) => Day(days).fmt(f),
        }
    }
}

fn format_decimal(value: i128, scale: u8) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

impl<'a> RawColumn<'a> {
    /// A column in which every value is there.
    #[must_use]
    pub fn new(data: RawData<'a>) -> Self {
        Self { data, valid: None }
    }

    /// A column in which the values are there whose bit is set.
    #[must_use]
    pub fn with_valid(data: RawData<'a>, valid: Bitmap) -> Self {
        Self { data, valid: (valid.count_ones() < valid.len()).then_some(valid) }
    }

    /// A column of values of any types.
    pub fn values(values: impl Iterator<Item = Option<RawValue<'a>>>) -> Self {
        Self::new(RawData::Values(values.collect()))
    }

    /// The values.
    #[must_use]
    pub fn data(&self) -> &RawData<'a> {
        &self.data
    }

    /// Which values are there, or `None` where all are.
    #[must_use]
    pub fn valid(&self) -> Option<&Bitmap> {
        self.valid.as_ref()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.data {
            RawData::Null(len) => *len,
            RawData::Bool(values) => values.len(),
            RawData::Integer(values) | RawData::Time { values, .. } => values.len(),
            RawData::Unsigned(values) => values.len(),
            RawData::Float(values) => values.len(),
            RawData::Decimal { values, .. } => values.len(),
            RawData::Text(values) => values.len(),
            RawData::Dictionary { codes, .. } => codes.len(),
            RawData::Date(values) => values.len(),
            RawData::Values(values) => values.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value in a row, or `None` where it is missing.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<RawValue<'_>> {
        if self.valid.as_ref().is_some_and(|valid| !valid.get(row)) {
            return None;
        }
        match &self.data {
            RawData::Null(_) => None,
            RawData::Bool(values) => values.get(row).copied().map(RawValue::Bool),
            RawData::Integer(values) => values.get(row).copied().map(RawValue::Integer),
            RawData::Unsigned(values) => values.get(row).copied().map(RawValue::Unsigned),
            RawData::Float(values) => values.get(row).copied().map(RawValue::Float),
            RawData::Decimal { values, scale } => values.get(row).map(|value| RawValue::Decimal(*value, *scale)),
            RawData::Text(values) => values.get(row).copied().map(RawValue::Text),
            RawData::Dictionary { codes, texts } => texts.get(*codes.get(row)? as usize).copied().map(RawValue::Text),
            RawData::Time { values, unit, zoned } => {
                values.get(row).map(|value| RawValue::Time { value: *value, unit: *unit, zoned: *zoned })
            }
            RawData::Date(values) => values.get(row).copied().map(RawValue::Date),
            RawData::Values(values) => values.get(row).copied().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_in_full() {
        assert_eq!(format_decimal(1177, 2), "11.77");
        assert_eq!(format_decimal(-5, 2), "-0.05");
        assert_eq!(format_decimal(12, 0), "12");
    }
}
