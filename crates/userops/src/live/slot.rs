//! One value in the state of a user: small, of a fixed size, its text a code.

use serde::{Deserialize, Serialize};

use crate::column::Interner;
use crate::time::{Day, Timestamp};
use crate::value::{ValueRef, ValueType};

/// A value or that it is not known. Texts are codes of the engine's own list of texts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) enum Slot {
    #[default]
    Unknown,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(u32),
    Time(i64),
    Date(i32),
}

impl Slot {
    pub(super) fn of(value: ValueRef<'_>, texts: &mut Interner) -> Self {
        match value {
            ValueRef::Text(text) => Self::Text(texts.intern(text)),
            other => Self::find(other, texts),
        }
    }

    /// As [`Slot::of`], for a value whose text is in the list; unknown where it is not.
    pub(super) fn find(value: ValueRef<'_>, texts: &Interner) -> Self {
        match value {
            ValueRef::Text(text) => texts.find(text).map_or(Self::Unknown, Self::Text),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Float(value) => Self::Float(value),
            ValueRef::Time(instant) => Self::Time(instant.as_micros()),
            ValueRef::Date(day) => Self::Date(day.0),
        }
    }

    pub(super) fn value(self, texts: &Interner) -> Option<ValueRef<'_>> {
        Some(match self {
            Self::Unknown => return None,
            Self::Bool(value) => ValueRef::Bool(value),
            Self::Integer(value) => ValueRef::Integer(value),
            Self::Float(value) => ValueRef::Float(value),
            Self::Text(code) => ValueRef::Text(texts.texts().text(code as usize)),
            Self::Time(micros) => ValueRef::Time(Timestamp::from_micros(micros)),
            Self::Date(day) => ValueRef::Date(Day(day)),
        })
    }

    /// Whether a user with this value of a tag has the tag.
    pub(super) fn is_had(self) -> bool {
        !matches!(self, Self::Unknown | Self::Bool(false))
    }

    /// The value as a word of a row; its type is known from the field.
    pub(super) fn to_word(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Bool(value) => u64::from(value),
            Self::Integer(value) | Self::Time(value) => value as u64,
            Self::Float(value) => value.to_bits(),
            Self::Text(code) => u64::from(code),
            Self::Date(day) => i64::from(day) as u64,
        }
    }

    pub(super) fn of_word(word: u64, value_type: ValueType) -> Self {
        match value_type {
            ValueType::Bool => Self::Bool(word != 0),
            ValueType::Integer => Self::Integer(word as i64),
            ValueType::Float => Self::Float(f64::from_bits(word)),
            ValueType::Text => Self::Text(word as u32),
            ValueType::Time => Self::Time(word as i64),
            ValueType::Date => Self::Date(word as i64 as i32),
        }
    }
}
