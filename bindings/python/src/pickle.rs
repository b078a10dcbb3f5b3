//! What answers are pickled as: the call that works them out again.

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// What `__reduce__` returns: a callable and its arguments.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// A class method and its arguments.
pub(crate) fn reduce<'py, C: PyTypeInfo>(
    py: Python<'py>,
    method: &str,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<Reduced<'py>> {
    Ok((py.get_type::<C>().getattr(method)?, arguments.into_pyobject(py)?))
}
