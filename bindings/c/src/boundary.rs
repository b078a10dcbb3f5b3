//! What every entry point stands on: arguments in, answers out, and no panic across.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;
use userops_core::error::Error;
use userops_core::time::Timestamp;

use crate::error::userops_error;
use crate::handle;
use crate::status::userops_status::{self, *};

/// Why a call did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: userops_status,
    pub(crate) message: String,
}

/// What a step of a call came to.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: userops_status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(userops_status::of_kind(error.kind()), error.to_string())
    }
}

/// The arguments that must not be NULL, by name.
macro_rules! required {
    ($($argument:ident),* $(,)?) => { &[$((stringify!($argument), $argument.is_null())),*] };
}
pub(crate) use required;

/// Runs the body of an entry point, after seeing that the required arguments are there. A failure, a panic among them,
/// becomes a status, and an error object where the caller wants one.
///
/// # Safety
/// `out_error` is NULL or can be written.
pub(crate) unsafe fn guard(
    out_error: *mut *mut userops_error,
    required: &[(&str, bool)],
    body: impl FnOnce() -> Outcome,
) -> userops_status {
    // What a panic leaves half done is behind a lock that it poisons, or is dropped here.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        panic_if_asked();
        match required.iter().find(|(_, is_null)| *is_null) {
            Some((name, _)) => Err(Failure::new(USEROPS_STATUS_NULL_ARGUMENT, format!("{name} is NULL"))),
            None => body(),
        }
    }));
    let failure = match outcome {
        Ok(Ok(())) => return USEROPS_STATUS_OK,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(USEROPS_STATUS_PANIC, format!("the library panicked: {}", panic_text(&*panic))),
    };
    let status = failure.status;
    if !out_error.is_null() {
        // SAFETY: the caller says that a pointer that is not NULL can be written.
        unsafe { out_error.write(handle::issue::<userops_error>(failure.into())) };
    }
    status
}

/// Runs the body of a function without a status; `fallback` is its answer where the body panics.
pub(crate) fn guard_value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(|| {
        panic_if_asked();
        body()
    }))
    .unwrap_or(fallback)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

#[cfg(feature = "panic-hook")]
mod hook {
    use std::cell::Cell;

    thread_local!(static ASKED: Cell<bool> = const { Cell::new(false) });

    /// Makes the next call on this thread panic inside.
    #[unsafe(no_mangle)]
    pub(crate) extern "C" fn userops_test_panic_next() {
        ASKED.set(true);
    }

    pub(super) fn panic_if_asked() {
        assert!(!ASKED.take(), "a panic was asked for");
    }
}

#[cfg(feature = "panic-hook")]
use hook::panic_if_asked;

#[cfg(not(feature = "panic-hook"))]
fn panic_if_asked() {}

/// Bytes of the caller. NULL is refused; see [`optional_bytes`].
///
/// # Safety
/// `data` is NULL or points to `len` bytes, which nobody changes before the call returns.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str) -> Outcome<&'a [u8]> {
    if data.is_null() {
        return Err(Failure::new(USEROPS_STATUS_NULL_ARGUMENT, format!("{name} is NULL")));
    }
    if isize::try_from(len).is_err() {
        let message = format!("{name} cannot be {len} bytes long; is a negative number meant?");
        return Err(Failure::new(USEROPS_STATUS_INVALID_ARGUMENT, message));
    }
    // SAFETY: not NULL, no longer than memory can be, and the caller says that the bytes are there.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// A text of the caller.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize, name: &str) -> Outcome<&'a str> {
    // SAFETY: the caller of this function keeps what that one asks for.
    let bytes = unsafe { bytes(data.cast(), len, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("{name} is not valid UTF-8 at byte {}", error.valid_up_to());
        Failure::new(USEROPS_STATUS_INVALID_UTF8, message)
    })
}

/// A text of the caller, or none where it is NULL.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn optional_text<'a>(data: *const c_char, len: usize, name: &str) -> Outcome<Option<&'a str>> {
    if data.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller of this function keeps what that one asks for.
    unsafe { text(data, len, name) }.map(Some)
}

/// A definition of the caller, as JSON.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn json<T: DeserializeOwned>(data: *const c_char, len: usize, name: &str) -> Outcome<T> {
    // SAFETY: the caller of this function keeps what that one asks for.
    read_json(unsafe { text(data, len, name) }?, name)
}

/// A definition of the caller, as JSON, or the default where it is NULL.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn optional_json<T: DeserializeOwned + Default>(
    data: *const c_char,
    len: usize,
    name: &str,
) -> Outcome<T> {
    // SAFETY: the caller of this function keeps what that one asks for.
    unsafe { optional_text(data, len, name) }?.map_or_else(|| Ok(T::default()), |text| read_json(text, name))
}

fn read_json<T: DeserializeOwned>(text: &str, name: &str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(USEROPS_STATUS_INVALID_DEFINITION, format!("{name} cannot be read as JSON: {error}"))
    })
}

/// Items of the caller, one after the other.
///
/// # Safety
/// `data` is NULL or points to `len` items, which nobody changes before the call returns.
pub(crate) unsafe fn items<'a, T>(data: *const T, len: usize, name: &str) -> Outcome<&'a [T]> {
    if data.is_null() {
        return Err(Failure::new(USEROPS_STATUS_NULL_ARGUMENT, format!("{name} is NULL")));
    }
    let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| isize::try_from(bytes).is_ok());
    if !fits || !data.is_aligned() {
        let message = format!("{name} cannot be {len} items at {data:?}; is a negative number meant?");
        return Err(Failure::new(USEROPS_STATUS_INVALID_ARGUMENT, message));
    }
    // SAFETY: not NULL, aligned, no longer than memory can be, and the caller says that the items are there.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// An instant of the caller, in microseconds UTC.
pub(crate) fn instant(micros: i64, name: &str) -> Outcome<Timestamp> {
    Timestamp::checked(micros).ok_or_else(|| {
        let message = format!("{name} is {micros} microseconds since 1970, which is outside the years 1 to 9999");
        Failure::new(USEROPS_STATUS_INVALID_TIME, message)
    })
}
