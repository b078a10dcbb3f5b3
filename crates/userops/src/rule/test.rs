//! What a value is judged by.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Value;

/// A test of one value. Numbers compare as numbers, integer or not; texts compare by their bytes.
///
/// A test of an unknown value is unknown, except for [`Test::Known`] and [`Test::Unknown`], which always know.
///
/// Where the value is an instant or a date, a text that spells one stands for it, so that JSON has them too.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// The value equals this one.
    Eq(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value differs from this one.
    Ne(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value is less.
    Lt(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value is less or equal.
    Le(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value is greater.
    Gt(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value is greater or equal.
    Ge(
        #[serde(with = "literal")]
        #[schemars(with = "literal::Literal")]
        Value,
    ),
    /// The value equals one of these; none of them is never true.
    OneOf(
        #[serde(with = "literals")]
        #[schemars(with = "Vec<literal::Literal>")]
        Vec<Value>,
    ),
    /// The text begins so.
    StartsWith(String),
    /// The text ends so.
    EndsWith(String),
    /// The text holds this part.
    Contains(String),
    /// There is a value: `is_set`.
    Known,
    /// There is no value: `is_null`.
    Unknown,
    /// There is a value, and it is the empty text: `is_empty`.
    Empty,
}

impl Test {
    /// The values that the test compares with.
    #[must_use]
    pub fn values(&self) -> Cow<'_, [Value]> {
        match self {
            Self::Eq(value)
            | Self::Ne(value)
            | Self::Lt(value)
            | Self::Le(value)
            | Self::Gt(value)
            | Self::Ge(value) => Cow::Borrowed(std::slice::from_ref(value)),
            Self::OneOf(values) => Cow::Borrowed(values),
            Self::StartsWith(text) | Self::EndsWith(text) | Self::Contains(text) => {
                Cow::Owned(vec![Value::from(text.as_str())])
            }
            Self::Known | Self::Unknown | Self::Empty => Cow::Borrowed(&[]),
        }
    }
}

/// One value as `true`, `3`, `1.5`, `"text"`, `{time = "2026-01-01T00:00:00Z"}` or `{date = "2026-01-01"}`.
mod literal {
    use schemars::JsonSchema;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::time::{Day, Timestamp};
    use crate::value::Value;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    pub(super) enum Literal {
        Time { time: Timestamp },
        Date { date: Day },
        Plain(Value),
    }

    impl From<&Value> for Literal {
        fn from(value: &Value) -> Self {
            match value {
                Value::Time(time) => Self::Time { time: *time },
                Value::Date(date) => Self::Date { date: *date },
                plain => Self::Plain(plain.clone()),
            }
        }
    }

    impl From<Literal> for Value {
        fn from(literal: Literal) -> Self {
            match literal {
                Literal::Time { time } => Self::Time(time),
                Literal::Date { date } => Self::Date(date),
                Literal::Plain(value) => value,
            }
        }
    }

    pub(super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        Literal::from(value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Literal::deserialize(deserializer).map(Value::from)
    }
}

mod literals {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::literal::Literal;
    use crate::value::Value;

    pub(super) fn serialize<S: Serializer>(values: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(Literal::from))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
        Ok(Vec::<Literal>::deserialize(deserializer)?.into_iter().map(Value::from).collect())
    }
}
