//! An engine as bytes.

use userops::error::{Error, ErrorKind, Result};
use userops::live::Engine;

/// An engine as bytes, in the form of [postcard](https://postcard.jamesmunns.com/wire-format): numbers take as many bytes as they need.
///
/// # Errors
/// `InvalidFormat` for a playbook that cannot be written.
pub fn write_snapshot(engine: &Engine) -> Result<Vec<u8>> {
    postcard::to_allocvec(engine)
        .map_err(|error| Error::new(ErrorKind::InvalidFormat, format!("the snapshot cannot be written: {error}")))
}

/// The engine of some bytes.
///
/// # Errors
/// `InvalidFormat` for bytes that are no snapshot, or one of another form.
pub fn read_snapshot(bytes: &[u8]) -> Result<Engine> {
    postcard::from_bytes(bytes)
        .map_err(|error| Error::new(ErrorKind::InvalidFormat, format!("the snapshot cannot be read: {error}")))
}
