//! Errors of the engine as Python exceptions, each kind as its own class.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};
use userops::error::{Error, ErrorKind};

/// What a function of this module fails with: the engine's own error, or Python's.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Becomes a subclass of `UseropsError`.
    Engine(Error),
    /// Is raised as it is.
    Python(PyErr),
}

/// The result of everything that Python calls.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// The same failure with its place before the message.
    pub(crate) fn at(self, place: impl std::fmt::Display) -> Self {
        match self {
            Self::Engine(error) => Self::Engine(error.at(place)),
            other => other,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<pyo3::CastError<'_, '_>> for Failure {
    fn from(error: pyo3::CastError<'_, '_>) -> Self {
        Self::Python(error.into())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Engine(error) => Python::attach(|py| exception(py, &error).unwrap_or_else(|error| error)),
            Failure::Python(error) => error,
        }
    }
}

/// A refusal by this wrapper itself, in the terms of the engine.
pub(crate) fn refuse(kind: ErrorKind, message: impl Into<String>) -> Failure {
    Failure::Engine(Error::new(kind, message))
}

/// Shorthand for the commonest refusal.
pub(crate) fn invalid_argument(message: impl Into<String>) -> Failure {
    refuse(ErrorKind::InvalidArgument, message)
}

/// The exception of an error. The classes are Python's own, in `userops.errors`, where each states its kind.
fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let classes = CLASSES.import(py, "userops.errors", "BY_KIND")?;
    let name = error.kind().name();
    let message = error.to_string();
    Ok(match classes.get_item(name)? {
        Some(class) => PyErr::from_value(class.call1((message,))?),
        None => PyRuntimeError::new_err(format!("userops.errors has no class for {name:?}: {message}")),
    })
}

/// An exception of every kind that the engine has, raised as any error is; for the test that none is forgotten.
#[pyfunction]
pub(crate) fn _every_error(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let errors = ErrorKind::ALL.map(|kind| {
        let error = PyErr::from(refuse(kind, kind.name()));
        error.into_value(py)
    });
    PyList::new(py, errors)
}
