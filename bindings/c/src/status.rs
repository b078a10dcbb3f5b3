//! What a call came to, as a number that never changes its meaning.

use userops_core::error::ErrorKind;

/// What a call came to. A number never changes its meaning; later versions may add numbers, so treat one that you do not
/// know as a failure like any other.
///
/// 1 to 99 are the kinds of errors that the library has in every language; from 100 on they are about the call itself.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum userops_status {
    /// The call succeeded, and all outputs are written.
    USEROPS_STATUS_OK = 0,
    /// An option or argument has a value that no computation can use.
    USEROPS_STATUS_INVALID_ARGUMENT = 1,
    /// A text or number is not an instant, date, time zone or duration, or lies outside the supported range.
    USEROPS_STATUS_INVALID_TIME = 2,
    /// A text or number is not an amount of the expected currency, or a currency is unknown.
    USEROPS_STATUS_INVALID_MONEY = 3,
    /// A value or column has another type than the schema or the operation asks for.
    USEROPS_STATUS_TYPE_MISMATCH = 4,
    /// A column that the mapping names is not in the input.
    USEROPS_STATUS_MISSING_COLUMN = 5,
    /// An event, property, attribute, user or measure is asked for by a name that does not exist.
    USEROPS_STATUS_UNKNOWN_NAME = 6,
    /// The definition of a schema, model or scheme contradicts itself, or is no JSON of the expected form.
    USEROPS_STATUS_INVALID_DEFINITION = 7,
    /// A stated limit (rows, users, names, text length, rejections, totals) would be exceeded.
    USEROPS_STATUS_LIMIT_EXCEEDED = 8,
    /// There is nothing to compute from, where an answer needs at least one user or event.
    USEROPS_STATUS_EMPTY = 9,
    /// The bytes of a file or stream are not what its format asks for.
    USEROPS_STATUS_INVALID_FORMAT = 10,
    /// The operating system refused to read or write.
    USEROPS_STATUS_IO = 11,
    /// The host asked to stop, through a progress callback.
    USEROPS_STATUS_CANCELLED = 12,
    /// A pointer that has to be given is NULL.
    USEROPS_STATUS_NULL_ARGUMENT = 100,
    /// A handle is none of this library, is of another type, or was freed.
    USEROPS_STATUS_INVALID_HANDLE = 101,
    /// A builder has done its work, or a panic came in the middle of it: it can only be freed.
    USEROPS_STATUS_USED_UP = 102,
    /// A text is not valid UTF-8.
    USEROPS_STATUS_INVALID_UTF8 = 103,
    /// The library has a defect: a panic inside it was caught. Frozen handles stay as they were.
    USEROPS_STATUS_PANIC = 104,
}

use userops_status::*;

impl userops_status {
    /// The status of a kind of error of the core.
    pub(crate) fn of_kind(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument => USEROPS_STATUS_INVALID_ARGUMENT,
            ErrorKind::InvalidTime => USEROPS_STATUS_INVALID_TIME,
            ErrorKind::InvalidMoney => USEROPS_STATUS_INVALID_MONEY,
            ErrorKind::TypeMismatch => USEROPS_STATUS_TYPE_MISMATCH,
            ErrorKind::MissingColumn => USEROPS_STATUS_MISSING_COLUMN,
            ErrorKind::UnknownName => USEROPS_STATUS_UNKNOWN_NAME,
            ErrorKind::InvalidDefinition => USEROPS_STATUS_INVALID_DEFINITION,
            ErrorKind::LimitExceeded => USEROPS_STATUS_LIMIT_EXCEEDED,
            ErrorKind::Empty => USEROPS_STATUS_EMPTY,
            ErrorKind::InvalidFormat => USEROPS_STATUS_INVALID_FORMAT,
            ErrorKind::Io => USEROPS_STATUS_IO,
            ErrorKind::Cancelled => USEROPS_STATUS_CANCELLED,
            // A test holds that every kind there is has its own number.
            _ => USEROPS_STATUS_PANIC,
        }
    }

    /// The stable name: of a kind of error the one it has in every language.
    pub(crate) fn name(self) -> &'static std::ffi::CStr {
        match self {
            USEROPS_STATUS_OK => c"ok",
            USEROPS_STATUS_INVALID_ARGUMENT => c"invalid_argument",
            USEROPS_STATUS_INVALID_TIME => c"invalid_time",
            USEROPS_STATUS_INVALID_MONEY => c"invalid_money",
            USEROPS_STATUS_TYPE_MISMATCH => c"type_mismatch",
            USEROPS_STATUS_MISSING_COLUMN => c"missing_column",
            USEROPS_STATUS_UNKNOWN_NAME => c"unknown_name",
            USEROPS_STATUS_INVALID_DEFINITION => c"invalid_definition",
            USEROPS_STATUS_LIMIT_EXCEEDED => c"limit_exceeded",
            USEROPS_STATUS_EMPTY => c"empty",
            USEROPS_STATUS_INVALID_FORMAT => c"invalid_format",
            USEROPS_STATUS_IO => c"io",
            USEROPS_STATUS_CANCELLED => c"cancelled",
            USEROPS_STATUS_NULL_ARGUMENT => c"null_argument",
            USEROPS_STATUS_INVALID_HANDLE => c"invalid_handle",
            USEROPS_STATUS_USED_UP => c"used_up",
            USEROPS_STATUS_INVALID_UTF8 => c"invalid_utf8",
            USEROPS_STATUS_PANIC => c"panic",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_own_number_and_name() {
        // The order of declaration is the order of numbers, and neither ever changes.
        for (number, kind) in (1..).zip(ErrorKind::ALL) {
            let status = userops_status::of_kind(kind);
            assert_eq!(status as i32, number, "{kind}");
            assert_eq!(status.name().to_str(), Ok(kind.name()));
        }
    }
}
