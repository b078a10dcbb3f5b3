//! Measures: one number per user, whole or with decimals, of which more is better or less is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument, type_mismatch};
use crate::value::{Value, ValueType};

/// Which end of a measure is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better: orders, revenue, posts.
    #[default]
    HigherIsBetter,
    /// Less is better: days since the last purchase.
    LowerIsBetter,
}

/// One user's measure. Serde writes the bare number; `3` is whole, `3.0` is not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MeasureValue {
    /// Days, counts, minor units.
    Integer(i64),
    /// Means and other numbers with decimals; a NaN or an infinity is refused by whatever takes the value.
    Float(f64),
}

impl MeasureValue {
    /// The type of the value.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
        }
    }

    /// The value as a float, rounded to the nearest where it has more than 53 bits.
    #[must_use]
    pub fn as_float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The value, or `InvalidArgument` where it is NaN or infinite.
    pub(crate) fn check_finite(self) -> Result<Self> {
        if self.as_float().is_finite() {
            return Ok(self);
        }
        Err(invalid_argument(format!("{self} is not a measure; a measure is a finite number")))
    }

    /// Whether the value is greater than zero.
    pub(crate) fn is_positive(self) -> bool {
        match self {
            Self::Integer(value) => value > 0,
            Self::Float(value) => value > 0.0,
        }
    }

    /// Whether the value is less than zero.
    pub(crate) fn is_negative(self) -> bool {
        match self {
            Self::Integer(value) => value < 0,
            Self::Float(value) => value < 0.0,
        }
    }
}

impl fmt::Display for MeasureValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
        }
    }
}

impl From<i64> for MeasureValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for MeasureValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<MeasureValue> for Value {
    fn from(value: MeasureValue) -> Self {
        match value {
            MeasureValue::Integer(value) => Self::Integer(value),
            MeasureValue::Float(value) => Self::Float(value),
        }
    }
}

/// A measure of many users: a borrowed column with a value for every user, none unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeasureValues<'a> {
    /// Days, counts, minor units.
    Integer(&'a [i64]),
    /// Means and other numbers with decimals, all finite.
    Float(&'a [f64]),
}

impl MeasureValues<'_> {
    /// How many users there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
        }
    }

    /// The value in this row, or `None` where it is out of range.
    #[must_use]
    pub fn get(self, row: usize) -> Option<MeasureValue> {
        match self {
            Self::Integer(values) => values.get(row).copied().map(MeasureValue::Integer),
            Self::Float(values) => values.get(row).copied().map(MeasureValue::Float),
        }
    }

    /// `InvalidArgument`, naming the first row and its value, where the column holds a NaN or an infinity.
    pub(crate) fn check_finite(self, name: &str) -> Result<()> {
        let Self::Float(values) = self else { return Ok(()) };
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(row) => Err(invalid_argument(format!(
                "measure {name:?} is {} in row {row}; a measure is a finite number in every row: leave such users out, \
                 or give them a value",
                values[row]
            ))),
        }
    }

    /// `InvalidArgument`, naming the first row and its value, where a value is below zero.
    pub(crate) fn check_not_negative(self, name: &str) -> Result<()> {
        let row = match self {
            Self::Integer(values) => values.iter().position(|value| *value < 0),
            Self::Float(values) => values.iter().position(|value| *value < 0.0),
        };
        match row.and_then(|row| Some((row, self.get(row)?))) {
            None => Ok(()),
            Some((row, value)) => Err(invalid_argument(format!(
                "measure {name:?} is {value} in row {row}; it must be zero or more: what a user gives back can bring \
                 it down to zero, not below"
            ))),
        }
    }

    /// `InvalidArgument` where the column has another number of rows.
    pub(crate) fn check_len(self, name: &str, len: usize) -> Result<()> {
        if self.len() == len {
            return Ok(());
        }
        Err(invalid_argument(format!("measure {name:?} has {} rows where the others have {len}", self.len())))
    }
}

/// `TypeMismatch` for a measure that is not of the type which a model was fitted on.
pub(crate) fn check_type(fitted: ValueType, given: ValueType) -> Result<()> {
    if fitted == given {
        return Ok(());
    }
    Err(type_mismatch(format!(
        "the measure is of type {given} where the model was fitted on type {fitted}; convert the measure, or fit again"
    )))
}

macro_rules! measure_values_from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl<'a> From<&'a $type> for MeasureValues<'a> {
            fn from(values: &'a $type) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}

measure_values_from! { [i64] => Integer, Vec<i64> => Integer, [f64] => Float, Vec<f64> => Float }

impl<'a, const N: usize> From<&'a [i64; N]> for MeasureValues<'a> {
    fn from(values: &'a [i64; N]) -> Self {
        Self::Integer(values)
    }
}

impl<'a, const N: usize> From<&'a [f64; N]> for MeasureValues<'a> {
    fn from(values: &'a [f64; N]) -> Self {
        Self::Float(values)
    }
}
