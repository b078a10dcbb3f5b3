"""Every kind of error is an exception of its own, and of the built-in that fits."""

from __future__ import annotations

import builtins

import pytest
import userops as uo
from userops import _userops, errors


def test_every_kind_has_its_class() -> None:
    raised = _userops._every_error()
    assert [error.kind for error in raised if isinstance(error, uo.UseropsError)] == list(errors.BY_KIND)
    for error in raised:
        assert isinstance(error, uo.UseropsError)
        assert type(error) is errors.BY_KIND[error.kind]
        assert str(error) == error.kind, "the message is not quoted, whatever the built-in does"


@pytest.mark.parametrize("kind", errors.BY_KIND)
def test_each_class_is_a_fitting_built_in(kind: str) -> None:
    bases = [base for base in errors.BY_KIND[kind].__mro__ if base.__module__ == "builtins" and base is not Exception]
    assert any(getattr(builtins, base.__name__) is base and issubclass(base, Exception) for base in bases)


def test_a_message_names_the_value_and_the_way_out() -> None:
    with pytest.raises(errors.MissingColumnError, match=r'no column "usr".*did you mean "user"') as caught:
        uo.EventLog.read([{"user": 1, "time": "2026-01-01", "event": "x"}], mapping=uo.mapping("usr", "time"))
    assert isinstance(caught.value, KeyError)
