//! Errors of files and formats as the core's errors.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use userops::error::{Error, ErrorKind};

/// A file or stream whose bytes are not what its format asks for.
pub(crate) fn invalid_format(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidFormat, message)
}

/// A failure of the operating system, or of a decompressor, which reports what is wrong with its input as one.
pub(crate) fn from_io(error: io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::new(ErrorKind::Io, format!("cannot be read: {error}")).caused_by(error);
    }
    let message = match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the compressed data end too early: {error}"),
        _ => format!("the compressed data are damaged: {error}"),
    };
    invalid_format(message).caused_by(error)
}

/// Puts the source's name before a message, unless it is there already.
pub(crate) fn at_source(error: Error, source: &str) -> Error {
    if error.to_string().starts_with(source) { error } else { error.at(source) }
}

/// Locks a mutex. A panic elsewhere does not matter here: it ends the whole read.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
