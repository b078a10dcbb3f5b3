//! Arrow's C stream interface, as the header shows it.

use arrow_array::RecordBatchReader;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use userops_core::error::{Error, ErrorKind};

use crate::boundary::Outcome;

/// A stream of Arrow record batches, as the Arrow C stream interface defines it.
pub type ArrowArrayStream = FFI_ArrowArrayStream;

/// Takes over a stream of the caller, whose own struct is released then.
///
/// # Safety
/// `stream` points to a stream that obeys the Arrow C stream interface, and whose callbacks may be called from any thread,
/// though never from two at a time.
pub(crate) unsafe fn take_stream(stream: *mut ArrowArrayStream) -> Outcome<impl RecordBatchReader + Send + 'static> {
    // SAFETY: the caller of this function says that it is such a stream.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
    Ok(RecordBatchStreamReader::try_new(stream).map_err(|error| {
        Error::new(ErrorKind::InvalidFormat, format!("the Arrow stream gives no schema: {error}")).caused_by(error)
    })?)
}
