//! Measures of users as columns of whole numbers or of floats.

use pyo3::prelude::*;
use pyo3::types::PyFloat;
use userops::column::Column;
use userops::error::{Error, ErrorKind};
use userops::score::{MeasureValue, MeasureValues};

use crate::failure::{Failure, Result, refuse};
use crate::rows;

/// A column of measures without gaps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    Integer(Vec<i64>),
    Float(Vec<f64>),
}

impl Numbers {
    /// The numbers of an iterable; integers among floats are floats.
    ///
    /// # Errors
    /// As [`Numbers::of_column`].
    pub(crate) fn read(name: &str, values: &Bound<'_, PyAny>) -> Result<Self> {
        let column = rows::read_column(name, values)?;
        Ok(match column.is_empty() {
            true => Self::Integer(Vec::new()),
            false => Self::of_column(name, &column)?,
        })
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// `TypeMismatch` where they are no numbers, `InvalidArgument` where one is unknown.
    pub(crate) fn of_column(name: &str, column: &Column) -> Result<Self, Error> {
        if column.known_count() < column.len() {
            let message = format!("the measure {name:?} is unknown for some rows: leave these users out");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        match column {
            Column::Integer(values) => Ok(Self::Integer(values.values().to_vec())),
            Column::Float(values) => Ok(Self::Float(values.values().to_vec())),
            other => {
                let message = format!("the measure {name:?} is of type {}, not of numbers", other.value_type());
                Err(Error::new(ErrorKind::TypeMismatch, message))
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.values().len()
    }

    /// The numbers as the engine takes them.
    pub(crate) fn values(&self) -> MeasureValues<'_> {
        match self {
            Self::Integer(values) => values.into(),
            Self::Float(values) => values.into(),
        }
    }
}

/// The numbers of a column of the engine.
pub(crate) fn to_column(values: MeasureValues<'_>) -> Column {
    match values {
        MeasureValues::Integer(values) => values.to_vec().into(),
        MeasureValues::Float(values) => values.to_vec().into(),
    }
}

/// One measure of one user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured(pub(crate) MeasureValue);

impl<'a, 'py> FromPyObject<'a, 'py> for Measured {
    type Error = Failure;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self> {
        if let Ok(value) = object.cast::<PyFloat>() {
            return Ok(Self(value.value().into()));
        }
        match object.extract::<i64>() {
            Ok(value) => Ok(Self(value.into())),
            Err(_) => Err(refuse(ErrorKind::TypeMismatch, format!("{} is no measure: give a number", object.repr()?))),
        }
    }
}

/// A measure as Python has it.
pub(crate) fn to_python<'py>(py: Python<'py>, value: MeasureValue) -> PyResult<Bound<'py, PyAny>> {
    match value {
        MeasureValue::Integer(value) => Ok(value.into_pyobject(py)?.into_any()),
        MeasureValue::Float(value) => Ok(PyFloat::new(py, value).into_any()),
    }
}
