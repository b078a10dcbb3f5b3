//! Single values and ids of users between Python and the engine.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use userops::error::ErrorKind;
use userops::id::{UserId, UserIdRef, UserIx};
use userops::log::EventLog;
use userops::value::{Value, ValueRef};

use crate::failure::{Result, refuse};
use crate::time;

/// A value as Python has it: instants as `datetime` in UTC, dates as `date`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: ValueRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        ValueRef::Bool(value) => Ok(PyBool::new(py, value).to_owned().into_any()),
        ValueRef::Integer(value) => Ok(value.into_pyobject(py)?.into_any()),
        ValueRef::Float(value) => Ok(PyFloat::new(py, value).into_any()),
        ValueRef::Text(value) => Ok(PyString::new(py, value).into_any()),
        ValueRef::Time(value) => time::to_datetime(py, value),
        ValueRef::Date(value) => time::to_date(py, value),
        other => Ok(PyString::new(py, &other.to_string()).into_any()),
    }
}

/// A value of a rule's test or of a tag.
///
/// # Errors
/// `TypeMismatch` for an object of another class, `InvalidTime` for a time without a zone.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<Value> {
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Value::from(value.is_true()));
    }
    if let Ok(value) = object.cast::<PyInt>() {
        return Ok(Value::from(value.extract::<i64>()?));
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(Value::from(value.value()));
    }
    if let Ok(value) = object.cast::<PyString>() {
        return Ok(Value::from(value.to_str()?));
    }
    if time::instant_of(object)?.is_some() {
        return Ok(Value::from(time::instant(object)?));
    }
    if let Some(day) = time::day_of(object)? {
        return Ok(Value::from(day));
    }
    Err(refuse(
        ErrorKind::TypeMismatch,
        format!("{} is no value: give a bool, a number, a text, a date or a datetime with a zone", object.repr()?),
    ))
}

/// An external id as Python has it.
pub(crate) fn id_to_python<'py>(py: Python<'py>, id: UserIdRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    match id {
        UserIdRef::Integer(id) => Ok(id.into_pyobject(py)?.into_any()),
        UserIdRef::Text(id) => Ok(PyString::new(py, id).into_any()),
    }
}

/// An external id: an integer or a text.
///
/// # Errors
/// `TypeMismatch` for anything else.
pub(crate) fn user_id(object: &Bound<'_, PyAny>) -> Result<UserId> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_str()?.into());
    }
    if object.cast::<PyBool>().is_err()
        && let Ok(id) = object.extract::<i64>()
    {
        return Ok(id.into());
    }
    let shown = object.repr()?;
    Err(refuse(ErrorKind::TypeMismatch, format!("{shown} is no user id: ids are integers of 64 bits or texts")))
}

/// The user of this id in the log.
///
/// # Errors
/// `UnknownName` where the log has no such user; as [`user_id`].
pub(crate) fn find_user(log: &EventLog, object: &Bound<'_, PyAny>) -> Result<UserIx> {
    let id = user_id(object)?;
    log.users().find(&id).ok_or_else(|| {
        let ids = match log.users().integers() {
            Some(_) => "integers",
            None => "texts",
        };
        refuse(ErrorKind::UnknownName, format!("the log knows no user {}; its ids are {ids}", object))
    })
}
