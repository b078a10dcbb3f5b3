//! Texts and bytes that the library hands out.

use std::ffi::c_char;

use serde::Serialize;
use userops_core::error::{Error, ErrorKind};

use crate::boundary::{Outcome, guard_value};
use crate::handle::{self, find, handle};

/// Bytes of the library: a text as UTF-8, JSON, a file's contents, or a segment's bitmap.
#[derive(Debug)]
pub struct userops_bytes {
    _opaque: (),
}
handle!(userops_bytes => Terminated);

/// Bytes with a NUL byte behind them, which does not count.
pub(crate) struct Terminated(Vec<u8>);

/// A handle for bytes.
pub(crate) fn issue_bytes(bytes: impl Into<Vec<u8>>) -> *mut userops_bytes {
    let mut bytes = bytes.into();
    bytes.push(0);
    handle::issue(Terminated(bytes))
}

/// A handle for a value as JSON.
pub(crate) fn issue_json(value: &(impl Serialize + ?Sized)) -> Outcome<*mut userops_bytes> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::InvalidDefinition, format!("cannot be written as JSON: {error}")))?;
    Ok(issue_bytes(json))
}

/// Writes a handle for a value as JSON where the caller asks for one; NULL asks for none.
///
/// # Safety
/// `out` is NULL or has room for a handle.
pub(crate) unsafe fn issue_json_if_asked(
    out: *mut *mut userops_bytes,
    value: &(impl Serialize + ?Sized),
) -> Outcome<()> {
    if !out.is_null() {
        let bytes = issue_json(value)?;
        // SAFETY: it is not NULL, so that it has room, as the caller says.
        unsafe { out.write(bytes) };
    }
    Ok(())
}

/// The bytes, which live as long as the handle. A NUL byte follows them, so that a text can be used as a C string. NULL for
/// what are no bytes of this library.
#[unsafe(no_mangle)]
pub extern "C" fn userops_bytes_data(bytes: *const userops_bytes) -> *const c_char {
    guard_value(std::ptr::null(), || find(bytes, "bytes").map_or(std::ptr::null(), |bytes| bytes.0.as_ptr().cast()))
}

/// How many bytes there are, the NUL byte behind them not counted; 0 for what are no bytes of this library.
#[unsafe(no_mangle)]
pub extern "C" fn userops_bytes_len(bytes: *const userops_bytes) -> usize {
    guard_value(0, || find(bytes, "bytes").map_or(0, |bytes| bytes.0.len() - 1))
}

/// Frees bytes. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_bytes_free(bytes: *mut userops_bytes) {
    guard_value((), || handle::release(bytes));
}
