//! Definitions, options and answers as plain Python data: dicts, lists, numbers, texts, instants.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use userops::error::{Error, ErrorKind};

use crate::failure::{Failure, Result, refuse};
use crate::time;

/// Deeper nesting than any definition needs, and less than the stack holds.
const DEPTH_MAX: usize = 200;

/// Reads a definition; `what` names it in messages. `None` is read as an empty dict, which is the default of options.
///
/// # Errors
/// `InvalidDefinition` where the data is not such a definition; as [`to_json`].
pub(crate) fn read<T: DeserializeOwned>(what: &str, object: &Bound<'_, PyAny>) -> Result<T> {
    let json = if object.is_none() { Value::Object(Map::new()) } else { to_json(object)? };
    from_value(what, json)
}

/// Reads options that were given as keywords.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_options<T: DeserializeOwned>(what: &str, options: Option<&Bound<'_, PyDict>>) -> Result<T> {
    let json = options.map_or(Ok(Value::Object(Map::new())), |options| to_json(options.as_any()))?;
    from_value(what, json)
}

/// Reads a definition from JSON.
///
/// # Errors
/// `InvalidDefinition` where the data is not such a definition.
pub(crate) fn from_value<T: DeserializeOwned>(what: &str, json: Value) -> Result<T> {
    serde_json::from_value(json).map_err(|error| definition_error(what, error))
}

/// Reads the JSON text of something that was written by [`to_text`].
///
/// # Errors
/// `InvalidDefinition` where the text is not that.
pub(crate) fn from_text<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| definition_error(what, error))
}

fn invalid_definition(message: String) -> Failure {
    refuse(ErrorKind::InvalidDefinition, message)
}

fn definition_error(what: &str, error: serde_json::Error) -> Failure {
    Error::new(ErrorKind::InvalidDefinition, format!("{what}: {error}")).caused_by(error).into()
}

/// The JSON text of an answer or definition.
///
/// # Errors
/// `InvalidDefinition` for what JSON cannot hold.
pub(crate) fn to_text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| definition_error("as JSON", error))
}

/// An answer or definition as dicts and lists, in the order of its fields. Instants and dates are texts.
///
/// # Errors
/// As [`to_text`].
pub(crate) fn write<'py, T: Serialize>(py: Python<'py>, value: &T) -> Result<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(LOADS.import(py, "json", "loads")?.call1((to_text(value)?,))?)
}

/// Python data as JSON. Instants, dates, spans and zones become the texts that the engine reads.
///
/// # Errors
/// `InvalidTime` for a local time without a zone, `InvalidDefinition` for what has no place in a definition.
pub(crate) fn to_json(object: &Bound<'_, PyAny>) -> Result<Value> {
    to_json_within(object, 0)
}

fn to_json_within(object: &Bound<'_, PyAny>, depth: usize) -> Result<Value> {
    if depth > DEPTH_MAX {
        return Err(refuse(ErrorKind::LimitExceeded, format!("nested deeper than {DEPTH_MAX} levels")));
    }
    let list = |items: Vec<Bound<'_, PyAny>>| -> Result<Value> {
        Ok(Value::Array(items.iter().map(|item| to_json_within(item, depth + 1)).collect::<Result<_>>()?))
    };
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Value::Bool(value.is_true()));
    }
    if let Ok(value) = object.cast::<PyString>() {
        return Ok(Value::String(value.to_str()?.to_owned()));
    }
    if let Ok(value) = object.cast::<PyInt>() {
        return integer(value);
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return float(value.value());
    }
    if let Ok(items) = object.cast::<PyDict>() {
        return dict(items, depth);
    }
    if let Ok(items) = object.cast::<PyList>() {
        return list(items.iter().collect());
    }
    if let Ok(items) = object.cast::<PyTuple>() {
        return list(items.iter().collect());
    }
    if let Ok(items) = object.cast::<PySet>() {
        // Without an order of its own, so that equal sets make equal definitions.
        let mut items: Vec<Value> = items.iter().map(|item| to_json_within(&item, depth + 1)).collect::<Result<_>>()?;
        items.sort_by_key(ToString::to_string);
        return Ok(Value::Array(items));
    }
    if let Some(text) = time::text_of(object)? {
        return Ok(Value::String(text));
    }
    foreign(object, depth)
}

/// What states its own data: rules and other parts of definitions by `to_dict`, scalars of arrays by `item`.
fn foreign(object: &Bound<'_, PyAny>, depth: usize) -> Result<Value> {
    for method in ["to_dict", "item"] {
        if let Some(method) = object.getattr_opt(method)?.filter(Bound::is_callable) {
            return to_json_within(&method.call0()?, depth + 1);
        }
    }
    let (kind, shown) = (object.get_type().name()?, object.repr()?);
    Err(invalid_definition(format!(
        "{shown} is of type {kind}, which no definition holds: give dicts, lists, numbers, texts, dates, instants or spans"
    )))
}

fn integer(value: &Bound<'_, PyInt>) -> Result<Value> {
    if let Ok(value) = value.extract::<i64>() {
        return Ok(value.into());
    }
    value.extract::<u64>().map(Value::from).map_err(|_| invalid_definition(format!("{value} is beyond 64 bits")))
}

fn float(value: f64) -> Result<Value> {
    let number = Number::from_f64(value).map(Value::Number);
    number.ok_or_else(|| invalid_definition(format!("{value} is no finite number: leave out what is unknown")))
}

fn dict(items: &Bound<'_, PyDict>, depth: usize) -> Result<Value> {
    let mut map = Map::new();
    for (key, value) in items {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(invalid_definition(format!("the key {} is no text", key.repr()?)));
        };
        map.insert(key.to_str()?.to_owned(), to_json_within(&value, depth + 1)?);
    }
    Ok(Value::Object(map))
}
