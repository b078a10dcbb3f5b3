//! A single typed value: of an attribute, a property, or a cell.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Day, Timestamp};

/// The types that attributes and properties can have.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// True or false.
    Bool,
    /// A 64-bit integer.
    Integer,
    /// A 64-bit float, never NaN or infinite.
    Float,
    /// A text.
    Text,
    /// An instant.
    Time,
    /// A calendar date.
    Date,
}

impl ValueType {
    /// The stable name of the type, as playbooks and messages spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Text => "text",
            Self::Time => "time",
            Self::Date => "date",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A known value. "Unknown" is `None` of an `Option<Value>`, and differs from an empty text.
///
/// Serde writes the bare JSON value; instants and dates are strings and come back as texts, so a reader who needs
/// them asks the schema for the type.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// See [`ValueType::Bool`].
    Bool(bool),
    /// See [`ValueType::Integer`].
    Integer(i64),
    /// See [`ValueType::Float`].
    Float(f64),
    /// See [`ValueType::Text`].
    Text(Box<str>),
    /// See [`ValueType::Time`].
    Time(Timestamp),
    /// See [`ValueType::Date`].
    Date(Day),
}

impl Value {
    /// The same value, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::Time(value) => ValueRef::Time(*value),
            Self::Date(value) => ValueRef::Date(*value),
        }
    }

    /// The type of the value.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        self.as_ref().value_type()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

value_from! {
    bool => Bool, i64 => Integer, i32 => Integer, u32 => Integer, f64 => Float, &str => Text, String => Text,
    Timestamp => Time, Day => Date,
}

/// A borrowed [`Value`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// See [`ValueType::Bool`].
    Bool(bool),
    /// See [`ValueType::Integer`].
    Integer(i64),
    /// See [`ValueType::Float`].
    Float(f64),
    /// See [`ValueType::Text`].
    Text(&'a str),
    /// See [`ValueType::Time`].
    Time(Timestamp),
    /// See [`ValueType::Date`].
    Date(Day),
}

impl ValueRef<'_> {
    /// The type of the value.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
            Self::Text(_) => ValueType::Text,
            Self::Time(_) => ValueType::Time,
            Self::Date(_) => ValueType::Date,
        }
    }

    /// The same value, owned.
    #[must_use]
    pub fn to_owned(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(value) => Value::Text(value.into()),
            Self::Time(value) => Value::Time(value),
            Self::Date(value) => Value::Date(value),
        }
    }
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => f.pad(value),
            Self::Time(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
        }
    }
}
