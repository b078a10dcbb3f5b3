//! What kind of value something has, as far as comparisons go.

use std::fmt;

use crate::value::ValueType;

/// A type, money, or one that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Value(ValueType),
    /// Compared in major units, held in minor units.
    Money,
    /// The vocabulary knows no type.
    Open,
}

impl Kind {
    pub(super) fn of(value_type: Option<ValueType>) -> Self {
        value_type.map_or(Self::Open, Self::Value)
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Money | Self::Open | Self::Value(ValueType::Integer | ValueType::Float))
    }

    pub(super) fn is_dated(self) -> bool {
        matches!(self, Self::Open | Self::Value(ValueType::Time | ValueType::Date))
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Open | Self::Value(ValueType::Text))
    }

    /// The type of a column of such values.
    pub(super) fn value_type(self) -> Option<ValueType> {
        match self {
            Self::Value(value_type) => Some(value_type),
            Self::Money => Some(ValueType::Integer),
            Self::Open => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value_type) => value_type.fmt(f),
            Self::Money => f.write_str("money"),
            Self::Open => f.write_str("unknown type"),
        }
    }
}
