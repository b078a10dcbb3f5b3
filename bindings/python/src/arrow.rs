//! The Arrow PyCapsule interface: streams of batches in, tables out.

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::ArrowError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use userops::error::{Error, ErrorKind};
use userops::table::Table;
use userops_io::table_to_stream;

use crate::failure::{Failure, Result};

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

/// The batches of an object that speaks the interface; nothing for an object that does not. No column is copied.
///
/// # Errors
/// `InvalidFormat` where the object hands out something else than it should; whatever the object itself raises.
pub(crate) fn batches_of(object: &Bound<'_, PyAny>) -> Result<Option<Box<dyn RecordBatchReader + Send>>> {
    if let Some(method) = object.getattr_opt("__arrow_c_stream__")? {
        return Ok(Some(import_stream(&method.call0()?)?));
    }
    if let Some(method) = object.getattr_opt("__arrow_c_array__")? {
        return Ok(Some(import_array(&method.call0()?)?));
    }
    Ok(None)
}

fn import_stream(capsule: &Bound<'_, PyAny>) -> Result<Box<dyn RecordBatchReader + Send>> {
    let stream = capsule.cast::<PyCapsule>()?.pointer_checked(Some(STREAM))?;
    // SAFETY: a capsule of this name holds a valid, aligned ArrowArrayStream, which is moved out: `from_raw` leaves an
    // empty one behind, so that the capsule's destructor has nothing to release. We are attached, so nobody else does.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.cast().as_ptr()) };
    if stream.release().is_none() {
        return Err(Error::new(ErrorKind::InvalidFormat, "the Arrow stream was read before: ask for a new one").into());
    }
    Ok(Box::new(RecordBatchStreamReader::try_new(stream).map_err(arrow_error)?))
}

fn import_array(capsules: &Bound<'_, PyAny>) -> Result<Box<dyn RecordBatchReader + Send>> {
    let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) = capsules.cast::<PyTuple>()?.extract()?;
    let schema = schema.pointer_checked(Some(SCHEMA))?;
    let array = array.pointer_checked(Some(ARRAY))?;
    // SAFETY: capsules of these names hold a valid, aligned ArrowSchema and ArrowArray, which are moved out: `from_raw`
    // leaves empty ones behind, so that the capsules' destructors have nothing to release.
    let (schema, array) =
        unsafe { (FFI_ArrowSchema::from_raw(schema.cast().as_ptr()), FFI_ArrowArray::from_raw(array.cast().as_ptr())) };
    // SAFETY: the interface promises that the two describe each other, and buffers live until the array is released.
    let data = unsafe { from_ffi(array, &schema) }.map_err(arrow_error)?;
    if !matches!(data.data_type(), arrow_schema::DataType::Struct(_)) {
        let kind = data.data_type();
        return Err(Error::new(
            ErrorKind::InvalidFormat,
            format!("an Arrow array of {kind} is no table of events: give a record batch, a table or a stream"),
        )
        .into());
    }
    let batch = RecordBatch::from(StructArray::from(data));
    let schema = batch.schema();
    Ok(Box::new(RecordBatchIterator::new([Ok(batch)], schema)))
}

fn arrow_error(error: ArrowError) -> Failure {
    Error::new(ErrorKind::InvalidFormat, format!("the Arrow data cannot be read: {error}")).caused_by(error).into()
}

/// A table as a capsule with a stream of one batch.
///
/// # Errors
/// As [`table_to_stream`].
pub(crate) fn export_table<'py>(py: Python<'py>, table: &Table) -> Result<Bound<'py, PyCapsule>> {
    let stream = py.detach(|| table_to_stream(table))?;
    Ok(PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(stream)), STREAM)?)
}

/// The types of a table's columns as a capsule.
///
/// # Errors
/// As [`table_to_stream`].
pub(crate) fn export_schema<'py>(py: Python<'py>, table: &Table) -> Result<Bound<'py, PyCapsule>> {
    let schema = py.detach(|| table_to_stream(table))?.schema();
    let schema = FFI_ArrowSchema::try_from(&*schema).map_err(arrow_error)?;
    Ok(PyCapsule::new_with_value(py, schema, SCHEMA)?)
}
