"""What can go wrong, as exceptions: one class for each kind of error that the engine has.

Each class is a `UseropsError`, and also the built-in exception that fits it best, so that both can be caught. The
message names the bad value, the place, the limit and the way out.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BY_KIND",
    "CancelledError",
    "EmptyError",
    "FileError",
    "InvalidArgumentError",
    "InvalidDefinitionError",
    "InvalidFormatError",
    "InvalidMoneyError",
    "InvalidTimeError",
    "LimitExceededError",
    "MissingColumnError",
    "TypeMismatchError",
    "UnknownNameError",
    "UseropsError",
]


class UseropsError(Exception):
    """Anything that userops refuses or fails at."""

    kind: ClassVar[str] = ""
    """The stable name of the kind, the same in every language; empty for this base class alone."""

    def __str__(self) -> str:
        """The message as it is: `KeyError` would quote it."""
        return str(self.args[0]) if self.args else ""


class InvalidArgumentError(UseropsError, ValueError):
    """An option or argument has a value that no computation can use."""

    kind = "invalid_argument"


class InvalidTimeError(UseropsError, ValueError):
    """Something is not an instant, date, time zone or span, has no zone where it needs one, or is out of range."""

    kind = "invalid_time"


class InvalidMoneyError(UseropsError, ValueError):
    """A text or number is not an amount of the expected currency, or a currency is unknown."""

    kind = "invalid_money"


class TypeMismatchError(UseropsError, TypeError):
    """A value or column has another type than the schema or the operation asks for."""

    kind = "type_mismatch"


class MissingColumnError(UseropsError, KeyError):
    """A column that the mapping names is not in the input."""

    kind = "missing_column"


class UnknownNameError(UseropsError, KeyError):
    """An event, property, attribute, user or definition is asked for by a name that does not exist."""

    kind = "unknown_name"


class InvalidDefinitionError(UseropsError, ValueError):
    """The definition of a schema, rule, model or playbook contradicts itself or cannot be read."""

    kind = "invalid_definition"


class LimitExceededError(UseropsError, OverflowError):
    """A stated limit (rows, users, names, text length, rejections, totals) would be exceeded."""

    kind = "limit_exceeded"


class EmptyError(UseropsError, ValueError):
    """There is nothing to compute from, where an answer needs at least one user or event."""

    kind = "empty"


class InvalidFormatError(UseropsError, ValueError):
    """The bytes of a file or stream are not what its format asks for."""

    kind = "invalid_format"


class FileError(UseropsError, OSError):
    """The operating system refused to read or write."""

    kind = "io"


class CancelledError(UseropsError, RuntimeError):
    """The host asked to stop."""

    kind = "cancelled"


BY_KIND: dict[str, type[UseropsError]] = {
    error.kind: error
    for error in (
        InvalidArgumentError,
        InvalidTimeError,
        InvalidMoneyError,
        TypeMismatchError,
        MissingColumnError,
        UnknownNameError,
        InvalidDefinitionError,
        LimitExceededError,
        EmptyError,
        InvalidFormatError,
        FileError,
        CancelledError,
    )
}
"""The class of each kind by its name."""
