//! What series are split by: the most frequent values of a property or an attribute, and the rest.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::column::{Column, Packed};
use crate::error::{Result, invalid_argument, type_mismatch};

/// Values that have a line of their own unless asked otherwise: more lines in one chart cannot be told apart.
pub const SPLIT_VALUES: u16 = 5;
/// The most of them.
pub const SPLIT_VALUES_MAX: u16 = 1_000;

/// Where the values of a split are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// A property of events.
    Property(String),
    /// An attribute of users, as it is now: attributes have no history.
    Attribute(String),
}

/// What series are split by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesSplit {
    /// A property or attribute of texts, integers or booleans.
    pub by: SplitBy,
    /// How many values have a line of their own, 1 to [`SPLIT_VALUES_MAX`]: those of the most counted events, equals by
    /// value. Others share a line, and so do events of which the value is unknown.
    #[serde(default = "split_values")]
    pub values_max: u16,
}

fn split_values() -> u16 {
    SPLIT_VALUES
}

impl SeriesSplit {
    /// The most frequent values of a property.
    #[must_use]
    pub fn property(name: impl Into<String>) -> Self {
        Self { by: SplitBy::Property(name.into()), values_max: SPLIT_VALUES }
    }

    /// The most frequent values of an attribute.
    #[must_use]
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { by: SplitBy::Attribute(name.into()), values_max: SPLIT_VALUES }
    }

    /// The same with this many values.
    #[must_use]
    pub fn values_max(mut self, values_max: u16) -> Self {
        self.values_max = values_max;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check_values_max(self.values_max)
    }
}

pub(super) fn check_values_max(values_max: u16) -> Result<()> {
    if !(1..=SPLIT_VALUES_MAX).contains(&values_max) {
        return Err(invalid_argument(format!("values_max = {values_max} is not in the range 1 to {SPLIT_VALUES_MAX}")));
    }
    Ok(())
}

/// What the value of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitKind {
    /// A value.
    Value,
    /// All values that have no line of their own.
    Other,
    /// The value is not known.
    Unknown,
}

impl SplitKind {
    /// The stable name of the kind, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// The value of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitValue {
    /// What it is.
    pub kind: SplitKind,
    /// How it is written; `(other)` and `(unknown)` for what is no value.
    pub value: String,
}

/// The distinct values of a column as codes in ascending order of value.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) of_row: Packed<u32>,
    pub(crate) labels: Vec<String>,
}

impl Codes {
    /// # Errors
    /// `TypeMismatch` for a column of floats, instants or dates.
    pub(crate) fn new(name: &str, column: &Column) -> Result<Self> {
        match column {
            Column::Text(texts) => {
                Ok(Self { of_row: texts.codes.to_wide(), labels: texts.dictionary.iter().map(str::to_owned).collect() })
            }
            Column::Bool(values) => {
                Ok(Self { of_row: values.map(u32::from), labels: ["false", "true"].map(str::to_owned).to_vec() })
            }
            Column::Integer(values) => {
                let mut distinct = values.values().to_vec();
                distinct.sort_unstable();
                distinct.dedup();
                let code = |value: i64| distinct.partition_point(|known| *known < value) as u32;
                Ok(Self { of_row: values.map(code), labels: distinct.iter().map(i64::to_string).collect() })
            }
            Column::Float(_) | Column::Time(_) | Column::Date(_) => Err(type_mismatch(format!(
                "{name:?} is of type {}, where text, integer or bool is needed to tell its values apart",
                column.value_type()
            ))),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The lines for the most counted values. `counts` are by code, that of unknown values last.
    pub(super) fn slots(&self, counts: &[u64], values_max: u16) -> Slots {
        let mut ranked: Vec<usize> = (0..self.len()).filter(|code| counts[*code] > 0).collect();
        ranked.sort_by_key(|code| (Reverse(counts[*code]), *code));
        let shown = ranked.len().min(usize::from(values_max));
        let mut values: Vec<SplitValue> = Vec::new();
        let mut of_code = vec![shown as u16; self.len()];
        for (slot, code) in ranked[..shown].iter().enumerate() {
            of_code[*code] = slot as u16;
            values.push(SplitValue { kind: SplitKind::Value, value: self.labels[*code].clone() });
        }
        if ranked.len() > shown {
            values.push(SplitValue { kind: SplitKind::Other, value: "(other)".to_owned() });
        }
        let unknown = values.len() as u16;
        if counts.get(self.len()).is_some_and(|count| *count > 0) {
            values.push(SplitValue { kind: SplitKind::Unknown, value: "(unknown)".to_owned() });
        }
        Slots { of_row: self.of_row.map(|code| of_code[code as usize]), unknown, values }
    }
}

/// The line of each row of a column.
#[derive(Debug)]
pub(super) struct Slots {
    pub(super) of_row: Packed<u16>,
    /// The line of rows whose value is unknown.
    pub(super) unknown: u16,
    pub(super) values: Vec<SplitValue>,
}
