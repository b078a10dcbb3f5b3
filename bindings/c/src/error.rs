//! The error object, and what version of the library this is.

use std::ffi::{CString, c_char};

use crate::boundary::{Failure, guard_value};
use crate::handle::{self, find, handle};
use crate::status::userops_status;

/// Why a call did not succeed: a status, and a message that names the bad value, the place, the limit and the way out.
#[derive(Debug)]
pub struct userops_error {
    _opaque: (),
}
handle!(userops_error => ErrorText);

/// What an error object stands for.
pub(crate) struct ErrorText {
    status: userops_status,
    message: CString,
}

impl From<Failure> for ErrorText {
    fn from(failure: Failure) -> Self {
        // A message may quote the caller's own text, and that may hold a NUL byte.
        let message = CString::new(failure.message.replace('\0', "\u{fffd}")).unwrap_or_default();
        Self { status: failure.status, message }
    }
}

/// The status that came with the error; USEROPS_STATUS_INVALID_HANDLE for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn userops_error_status(error: *const userops_error) -> userops_status {
    guard_value(userops_status::USEROPS_STATUS_PANIC, || find(error, "error").map_or_else(|e| e.status, |e| e.status))
}

/// The stable name of the error's status, such as "unknown_name", as every language of the library spells it. It lives as
/// long as the library. NULL for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn userops_error_kind(error: *const userops_error) -> *const c_char {
    guard_value(std::ptr::null(), || {
        find(error, "error").map_or(std::ptr::null(), |error| error.status.name().as_ptr())
    })
}

/// What went wrong, as UTF-8 that ends with a NUL byte. It lives as long as the error. NULL for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn userops_error_message(error: *const userops_error) -> *const c_char {
    guard_value(std::ptr::null(), || find(error, "error").map_or(std::ptr::null(), |error| error.message.as_ptr()))
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_error_free(error: *mut userops_error) {
    guard_value((), || handle::release(error));
}

/// The version of the library, such as "0.1.0". It lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn userops_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of this ABI that a program was compiled against: compare it with what userops_abi_version() returns.
pub const USEROPS_ABI_VERSION: u32 = 1;

/// The version of the ABI that the loaded library has. It goes up when a function of this header changes or goes, not when
/// one is added.
#[unsafe(no_mangle)]
pub extern "C" fn userops_abi_version() -> u32 {
    USEROPS_ABI_VERSION
}

/// How many handles there are that were not freed yet, errors among them: 0 at the end of a program that leaks none.
#[unsafe(no_mangle)]
pub extern "C" fn userops_handle_count() -> usize {
    guard_value(0, handle::count)
}
