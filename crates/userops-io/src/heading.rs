//! What columns a source has, known before its rows are read.

use userops::error::{Error, ErrorKind, Result};
use userops::ingest::{RawBatch, RawColumn, RawData, RawValue, TimeUnit};
use userops::value::ValueType;

/// What a column holds, as far as choosing types goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value at all.
    Null,
    /// Values that are all of this type.
    Typed(ValueType),
    /// Values of several types, the first of this one; each is judged for itself.
    Mixed(ValueType),
    /// A type that no event log holds, by the source's own name for it.
    Unsupported(String),
}

/// The columns of a source, or of several together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Heading {
    columns: Vec<(String, Kind)>,
}

impl Kind {
    /// What a column holds whose values are of one kind in one place and of another elsewhere.
    pub(crate) fn or(&self, later: &Self) -> Self {
        use ValueType::{Float, Integer};
        match (self, later) {
            (first, second) if first == second => first.clone(),
            (Self::Null | Self::Unsupported(_), other) => other.clone(),
            (known, Self::Null | Self::Unsupported(_)) => known.clone(),
            // Integers and floats side by side, as JSON writes them, are floats.
            (Self::Typed(Integer), Self::Typed(Float)) | (Self::Typed(Float), Self::Typed(Integer)) => {
                Self::Typed(Float)
            }
            (Self::Typed(first) | Self::Mixed(first), _) => Self::Mixed(*first),
        }
    }

    /// The type of a column of this kind where neither schema nor mapping states one.
    pub(crate) fn natural_type(&self) -> ValueType {
        match self {
            Self::Typed(value_type) | Self::Mixed(value_type) => *value_type,
            Self::Null | Self::Unsupported(_) => ValueType::Text,
        }
    }

    /// A column of one value of this kind.
    fn example<'a>(&self) -> RawColumn<'a> {
        RawColumn::new(match self {
            Self::Null | Self::Unsupported(_) => RawData::Null(1),
            Self::Typed(ValueType::Bool) => RawData::Bool(vec![false].into()),
            Self::Typed(ValueType::Integer) => RawData::Integer(vec![0].into()),
            Self::Typed(ValueType::Float) => RawData::Float(vec![0.0].into()),
            Self::Typed(ValueType::Time) => {
                RawData::Time { values: vec![0].into(), unit: TimeUnit::Micros, zoned: true }
            }
            Self::Typed(ValueType::Date) => RawData::Date(vec![0].into()),
            Self::Typed(_) => RawData::Text(vec![""].into()),
            Self::Mixed(first) => RawData::Values(vec![Some(example_value(*first))].into()),
        })
    }
}

fn example_value<'a>(value_type: ValueType) -> RawValue<'a> {
    match value_type {
        ValueType::Bool => RawValue::Bool(false),
        ValueType::Integer => RawValue::Integer(0),
        ValueType::Float => RawValue::Float(0.0),
        ValueType::Time => RawValue::Time { value: 0, unit: TimeUnit::Micros, zoned: true },
        ValueType::Date => RawValue::Date(0),
        _ => RawValue::Text(""),
    }
}

impl Heading {
    /// The heading of columns in their order.
    pub(crate) fn new(columns: Vec<(String, Kind)>) -> Self {
        Self { columns }
    }

    /// The heading of columns of text.
    pub(crate) fn of_texts(names: impl IntoIterator<Item = String>) -> Self {
        Self::new(names.into_iter().map(|name| (name, Kind::Typed(ValueType::Text))).collect())
    }

    /// The columns, in order.
    pub(crate) fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Kind)> + '_ {
        self.columns.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// Where a column is.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(known, _)| known == name)
    }

    /// What a column holds.
    pub(crate) fn kind(&self, name: &str) -> Option<&Kind> {
        self.position(name).map(|index| &self.columns[index].1)
    }

    /// Adds the columns of another source.
    pub(crate) fn join(&mut self, other: &Self) {
        for (name, kind) in &other.columns {
            match self.position(name) {
                Some(index) => self.columns[index].1 = self.columns[index].1.or(kind),
                None => self.columns.push((name.clone(), kind.clone())),
            }
        }
    }

    /// Adds a column that has no value, where there is none of this name.
    pub(crate) fn join_empty(&mut self, name: &str) {
        if self.position(name).is_none() {
            self.columns.push((name.to_owned(), Kind::Null));
        }
    }

    /// A batch with one row, from which a plan takes types and finds out what is missing.
    pub(crate) fn example<'a>(&'a self, source: &'a str) -> RawBatch<'a> {
        let mut batch = RawBatch::new(source, 1);
        for (name, kind) in &self.columns {
            batch.push(name.as_str(), kind.example());
        }
        batch
    }

    /// Refuses columns that are wanted and twice there, or of a type that cannot be read.
    ///
    /// # Errors
    /// `InvalidFormat` or `TypeMismatch`, naming the column.
    pub(crate) fn check_wanted(&self, wanted: &[String]) -> Result<()> {
        for name in wanted {
            if self.columns.iter().filter(|(known, _)| known == name).count() > 1 {
                return Err(Error::new(ErrorKind::InvalidFormat, format!("two columns are named {name:?}")));
            }
            if let Some(Kind::Unsupported(type_name)) = self.kind(name) {
                return Err(Error::new(
                    ErrorKind::TypeMismatch,
                    format!("the column {name:?} is of type {type_name}, which is no value of an event; leave it out"),
                ));
            }
        }
        Ok(())
    }
}
