//! Columns: bitmaps, text arenas, dictionaries and typed columns in which a missing value takes no room.

mod bitmap;
mod codes;
mod line;
mod packed;
mod text;

pub(crate) use bitmap::ones_of_words;
pub use bitmap::{Bitmap, BitmapBuilder};
pub use codes::{Codes, CodesCursor};
pub(crate) use line::read_lines;
pub(crate) use packed::PackedRows;
pub use packed::{Packed, PackedCursor};
pub use text::{Dictionary, Interner, TextArena};

use serde::{Deserialize, Serialize};

use crate::time::{Day, Timestamp};
use crate::value::{Value, ValueRef, ValueType};

/// A column of one type, in which any value may be unknown.
///
/// An unknown value is not an empty one: a text column may hold `""`, which is known and empty.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// True or false.
    Bool(Packed<bool>),
    /// 64-bit integers.
    Integer(Packed<i64>),
    /// 64-bit floats; never NaN or infinite, which are rejected where data come in.
    Float(Packed<f64>),
    /// Texts, as codes into a sorted dictionary of distinct values.
    Text(TextColumn),
    /// Instants, in microseconds UTC.
    Time(Packed<i64>),
    /// Calendar dates, in days since 1970-01-01.
    Date(Packed<i32>),
}

/// A text column: a code per value into a sorted dictionary.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "CodesAndTexts")]
pub struct TextColumn {
    /// The codes, each an index into `dictionary`.
    pub codes: Codes,
    /// The distinct texts, ascending.
    pub dictionary: Dictionary,
}

/// What serde reads, before it is known that every code has a text.
#[derive(Deserialize)]
#[serde(rename = "TextColumn")]
struct CodesAndTexts {
    codes: Packed<u32>,
    dictionary: Dictionary,
}

impl TryFrom<CodesAndTexts> for TextColumn {
    type Error = String;

    fn try_from(CodesAndTexts { codes, dictionary }: CodesAndTexts) -> Result<Self, String> {
        match codes.values().iter().find(|code| **code as usize >= dictionary.len()) {
            Some(code) => Err(format!("the code {code} is past the {} texts of its dictionary", dictionary.len())),
            None => Ok(Self::new(codes, dictionary)),
        }
    }
}

impl TextColumn {
    /// A column from codes, each an index into the dictionary.
    #[must_use]
    pub fn new(codes: Packed<u32>, dictionary: Dictionary) -> Self {
        Self { codes: Codes::new(codes, dictionary.len()), dictionary }
    }

    /// How many rows have each text of the dictionary.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        self.codes.counts(self.dictionary.len())
    }

    /// The text in this row, or `None` where it is unknown or out of range.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.codes.get(row).and_then(|code| self.dictionary.get(code))
    }
}

impl<'a> FromIterator<Option<&'a str>> for TextColumn {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Self {
        let mut interner = Interner::default();
        let codes: Vec<Option<u32>> = texts.into_iter().map(|text| text.map(|text| interner.intern(text))).collect();
        let (dictionary, sorted_code) = interner.into_sorted();
        let codes = codes.into_iter().map(|code| code.map(|code| sorted_code[code as usize])).collect();
        Self::new(codes, dictionary)
    }
}

impl Column {
    /// A column of this type in which every one of `len` values is unknown.
    #[must_use]
    pub fn unknown(value_type: ValueType, len: usize) -> Self {
        match value_type {
            ValueType::Bool => Self::Bool(Packed::unknown(len)),
            ValueType::Integer => Self::Integer(Packed::unknown(len)),
            ValueType::Float => Self::Float(Packed::unknown(len)),
            ValueType::Text => Self::Text(TextColumn::new(Packed::unknown(len), Dictionary::default())),
            ValueType::Time => Self::Time(Packed::unknown(len)),
            ValueType::Date => Self::Date(Packed::unknown(len)),
        }
    }

    /// A text column, from texts in row order.
    pub fn texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self::Text(texts.into_iter().collect())
    }

    /// How many rows there are, known or not.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::Integer(values) | Self::Time(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Text(column) => column.codes.len(),
            Self::Date(values) => values.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
            Self::Text(_) => ValueType::Text,
            Self::Time(_) => ValueType::Time,
            Self::Date(_) => ValueType::Date,
        }
    }

    /// The value in this row, or `None` where it is unknown or out of range.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<ValueRef<'_>> {
        match self {
            Self::Bool(values) => values.get(row).map(ValueRef::Bool),
            Self::Integer(values) => values.get(row).map(ValueRef::Integer),
            Self::Float(values) => values.get(row).map(ValueRef::Float),
            Self::Text(column) => column.get(row).map(ValueRef::Text),
            Self::Time(values) => values.get(row).map(|micros| ValueRef::Time(Timestamp::from_micros(micros))),
            Self::Date(values) => values.get(row).map(|days| ValueRef::Date(Day(days))),
        }
    }

    /// Whether the value in this row is known; not where it is out of range.
    #[must_use]
    pub fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Bool(values) => values.is_known(row),
            Self::Integer(values) | Self::Time(values) => values.is_known(row),
            Self::Float(values) => values.is_known(row),
            Self::Text(column) => column.codes.is_known(row),
            Self::Date(values) => values.is_known(row),
        }
    }

    /// How many values are known.
    #[must_use]
    pub fn known_count(&self) -> usize {
        match self {
            Self::Bool(values) => values.known_count(),
            Self::Integer(values) | Self::Time(values) => values.known_count(),
            Self::Float(values) => values.known_count(),
            Self::Text(column) => column.codes.known_count(),
            Self::Date(values) => values.known_count(),
        }
    }

    /// A column of this type from owned values; one of another type becomes unknown.
    ///
    /// Callers check types first: this is the last step of every row-wise way in.
    pub(crate) fn from_values(value_type: ValueType, values: &[Option<Value>]) -> Self {
        macro_rules! pick {
            ($column:ident, $value:ident, $map:expr) => {
                Self::$column(
                    values
                        .iter()
                        .map(|value| match value {
                            #[allow(clippy::redundant_closure_call)]
                            Some(Value::$value(value)) => Some($map(value)),
                            _ => None,
                        })
                        .collect(),
                )
            };
        }
        match value_type {
            ValueType::Bool => pick!(Bool, Bool, |v: &bool| *v),
            ValueType::Integer => pick!(Integer, Integer, |v: &i64| *v),
            ValueType::Float => pick!(Float, Float, |v: &f64| *v),
            ValueType::Time => pick!(Time, Time, |v: &Timestamp| v.as_micros()),
            ValueType::Date => pick!(Date, Date, |v: &Day| v.0),
            ValueType::Text => Self::texts(values.iter().map(|value| match value {
                Some(Value::Text(text)) => Some(&**text),
                _ => None,
            })),
        }
    }
}
