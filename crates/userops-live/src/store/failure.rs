//! Errors of the embedded database and of the file system as the core's errors, with the folder and the way out.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use userops::error::{Error, ErrorKind, Result};

/// Bytes that are not what was written.
pub(super) fn damaged(what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidFormat,
        format!(
            "the store is damaged: {what}; put back a copy of the folder from before, and send again what came after"
        ),
    )
}

/// An argument that cannot be used.
pub(super) fn invalid_argument(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// A refusal of the operating system.
pub(super) fn from_io(error: io::Error) -> Error {
    let way_out = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make room, then open the store again: what was acknowledged is there"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; a store needs a folder that this process may write to"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; a store needs a folder of its own, not a file"
        }
        _ => "",
    };
    Error::new(ErrorKind::Io, format!("cannot be read or written: {error}{way_out}")).caused_by(error)
}

/// A failure of the database.
pub(super) fn from_redb(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Corrupted(what) => damaged(what),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => damaged(error),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => damaged(error),
        redb::Error::Io(error) => from_io(error),
        redb::Error::DatabaseAlreadyOpen => already_open(),
        redb::Error::UpgradeRequired(version) => Error::new(
            ErrorKind::InvalidFormat,
            format!(
                "the database file is of format {version}, which this version cannot read: export it with the version that wrote it"
            ),
        ),
        redb::Error::PreviousIo => {
            Error::new(ErrorKind::Io, "an earlier write failed; open the store again: what was acknowledged is there")
        }
        redb::Error::ValueTooLarge(size) => Error::new(
            ErrorKind::LimitExceeded,
            format!("{size} bytes are more than one value of the database may have"),
        ),
        error @ (redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }) => damaged(error),
        error => Error::new(ErrorKind::Io, format!("the database refuses: {error}")).caused_by(error),
    }
}

/// Somebody else has the store.
pub(super) fn already_open() -> Error {
    Error::new(
        ErrorKind::Io,
        "the store is open already, in this process or another: close it there, or use a folder of its own for each",
    )
}

/// Runs work on the database, with the folder's name before its errors, and a panic as the error that it stands for.
///
/// The database trusts pages that it wrote, and may panic on some that were changed behind its back. They are found when a store is
/// opened, unless that is switched off; what happens to the file later can only be met here.
pub(super) fn guard<T>(folder: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    let done = done.unwrap_or_else(|_| Err(damaged("its pages contradict each other")));
    done.map_err(|error| error.at(folder.display()))
}
