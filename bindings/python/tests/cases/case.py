"""One case of the suite: what it gives, what it expects, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import userops as uo

T = TypeVar("T")
TOLERANCE = 1e-12
"""Decimal fractions are no floats: numbers agree to one part in 10¹²."""
REQUIRED = object()


class Case:
    """A case that is being judged. Keys are taken out as they are read, so that one that nobody reads is noticed."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        """Begins with the case's table, without its name and description."""
        self.given = dict(body)
        expect = self.given.pop("expect", None)
        if not isinstance(expect, dict):
            raise AssertionError("expects nothing")
        self.expect: dict[str, Any] = dict(expect)
        self.asserted = 0
        self.failures: list[str] = []

    def take(self, key: str, default: Any = REQUIRED) -> Any:
        """An input of the case."""
        if key not in self.given and default is REQUIRED:
            raise AssertionError(f"states no {key}")
        return self.given.pop(key, default)

    def expected(self, key: str, default: Any = None) -> Any:
        """What the case expects under a key."""
        return self.expect.pop(key, default)

    def fail(self, message: str) -> None:
        """Notes that the case does not hold, or makes no sense."""
        self.failures.append(message)

    def equal(self, what: str, expected: Any, actual: Any) -> None:
        """Compares, floats to the tolerance; whole numbers and floats are not the same."""
        self.asserted += 1
        if not is_equal(expected, actual):
            self.failures.append(f"{what} is {actual!r}, not {expected!r}")

    def compare(self, what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
        """Compares what is expected by key; a key that the kind does not have is a failure."""
        for key, value in expected.items():
            if key not in actual:
                self.fail(f"{what}: {key!r} is nothing that this kind expects")
            else:
                self.equal(f"{what}: {key}", value, actual[key])

    def rest(self, what: str, actual: Mapping[str, Any]) -> None:
        """Compares everything that is left of what the case expects."""
        self.compare(what, self.expect, actual)
        self.expect.clear()

    def rows(self, what: str, expected: Iterable[T], actual: Iterable[Any]) -> list[tuple[T, Any]]:
        """Pairs of rows, of which there must be the same number."""
        expected, actual = list(expected), list(actual)
        self.equal(f"the number of {what}", len(expected), len(actual))
        return list(zip(expected, actual, strict=False))

    def attempt(self, make: Callable[[], T]) -> T | None:
        """What comes out, where the case does not expect a refusal; else the kind and message of the error."""
        refused, message = self.expected("refused"), self.expected("message", [])
        try:
            made = make()
        except uo.UseropsError as error:
            if refused is None:
                self.fail(f"refused as {error.kind}: {error}")
            else:
                self.equal("the kind of the error", refused, error.kind)
                for part in [message] if isinstance(message, str) else message:
                    self.equal(f"whether {str(error)!r} says {part!r}", True, part in str(error))
            return None
        if refused is not None:
            self.fail(f"not refused, which {refused} was to be")
            return None
        return made

    def close(self) -> list[str]:
        """Everything that is wrong with the case."""
        for name, keys in (("key", self.given), ("expectation", self.expect)):
            # A case that was refused as expected has no more to show.
            self.failures.extend(f"has an unknown {name} {key!r}" for key in keys)
        if not self.asserted and not self.failures:
            self.failures.append("asserts nothing")
        return self.failures


def is_equal(expected: Any, actual: Any) -> bool:
    """Whether the two are the same, instants and dates being written as texts."""
    if isinstance(expected, str) and isinstance(actual, datetime):
        return instant(expected) == actual
    if isinstance(expected, str) and isinstance(actual, date):
        return date.fromisoformat(expected) == actual
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, float) and isinstance(actual, float):
        return abs(actual - expected) <= TOLERANCE * abs(expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(is_equal, expected, actual))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(is_equal(expected[key], actual[key]) for key in expected)
    return type(expected) is type(actual) and bool(expected == actual)


def instant(text: str) -> datetime:
    """The instant that an RFC 3339 text stands for."""
    found = uo.Calendar("UTC").parse("rfc3339", text)
    if found is None:
        raise AssertionError(f"{text!r} is no instant")
    return found
