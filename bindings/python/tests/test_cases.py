"""The shared case suite: every file of `testdata`, judged through this package. No case is ever skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomllib
from cases.btyd import judge_btyd
from cases.case import Case
from cases.funnel import judge_funnel, judge_sequence
from cases.ingest import judge_event_log, judge_ingest
from cases.ladder import judge_ladder
from cases.lifetime_value import judge_lifetime_value
from cases.live import judge_live
from cases.money import judge_money
from cases.playbook import judge_playbook, judge_rule_text
from cases.portrait import judge_portrait
from cases.presence import (
    judge_active_days,
    judge_active_users,
    judge_lead,
    judge_retention,
    judge_session,
    judge_stickiness,
)
from cases.profile import judge_profile
from cases.ranking import judge_ranking
from cases.score import judge_contribution, judge_rfm, judge_rfm_scheme, judge_value_group
from cases.survival import judge_survival
from cases.table import judge_table
from cases.time import (
    judge_anniversary,
    judge_calendar,
    judge_month_arithmetic,
    judge_time_format,
    judge_time_window,
)

FOLDER = Path(__file__).parents[3] / "testdata"
JUDGES: dict[str, Callable[[Case], None]] = {
    "active_days": judge_active_days,
    "active_users": judge_active_users,
    "anniversary": judge_anniversary,
    "attribution": judge_table,
    "btyd": judge_btyd,
    "calendar": judge_calendar,
    "churn": judge_table,
    "contribution": judge_contribution,
    "driver": judge_table,
    "event_log": judge_event_log,
    "funnel": judge_funnel,
    "ingest": judge_ingest,
    "ladder": judge_ladder,
    "lead": judge_lead,
    "lifetime_value": judge_lifetime_value,
    "live": judge_live,
    "money": judge_money,
    "month_arithmetic": judge_month_arithmetic,
    "path": judge_table,
    "playbook": judge_playbook,
    "portrait": judge_portrait,
    "profile": judge_profile,
    "purchase": judge_table,
    "ranking": judge_ranking,
    "retention": judge_retention,
    "rfm": judge_rfm,
    "rfm_scheme": judge_rfm_scheme,
    "rule_text": judge_rule_text,
    "series": judge_table,
    "session": judge_session,
    "survival": judge_survival,
    "stickiness": judge_stickiness,
    "sequence": judge_sequence,
    "time_format": judge_time_format,
    "time_window": judge_time_window,
    "value_group": judge_value_group,
    "warning": judge_table,
}


def read(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The kind and the cases of a file."""
    document = tomllib.loads(text)
    kind, cases = document.pop("kind", None), document.pop("case", None)
    assert isinstance(kind, str), "states no kind"
    assert isinstance(cases, list), "has no case"
    assert cases, "has no case"
    assert not document, f"has unknown keys {sorted(document)}"
    names = [case.get("name") for case in cases]
    assert len(set(names)) == len(names), "two cases have one name"
    return kind, cases


def failures(kind: str, body: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a case."""
    body = dict(body)
    for key in ("name", "description"):
        text = body.pop(key, None)
        if not (isinstance(text, str) and text.strip()):
            return [f"states no {key}"]
    if kind not in JUDGES:
        return [f"{kind!r} is no kind of case"]
    try:
        case = Case(body)
        JUDGES[kind](case)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    return case.close()


def every_case() -> Iterator[Any]:
    """Every case of every file."""
    for path in sorted(FOLDER.glob("*.toml")):
        kind, cases = read(path.read_text(encoding="utf-8"))
        for body in cases:
            yield pytest.param(kind, body, id=f"{path.stem}-{body.get('name')}")


@pytest.mark.parametrize(("kind", "body"), list(every_case()))
def test_case(kind: str, body: dict[str, Any]) -> None:
    found = failures(kind, body)
    assert not found, "\n".join(found)


def test_every_kind_is_run() -> None:
    kinds = {read(path.read_text(encoding="utf-8"))[0] for path in FOLDER.glob("*.toml")}
    assert kinds == set(JUDGES)


def test_the_runner_is_strict() -> None:
    good: dict[str, Any] = {"name": "n", "description": "d", "day": "2025-01-31", "months": 1}
    good["expect"] = {"day": "2025-02-28"}
    assert failures("month_arithmetic", good) == []
    for change, part in (
        ({"name": ""}, "states no name"),
        ({"description": " "}, "states no description"),
        ({"month": 1}, "unknown key 'month'"),
        ({"expect": {"dya": "2025-02-28"}}, "'dya' is nothing that this kind expects"),
        ({"expect": {"day": "2025-03-03"}}, "day is datetime.date(2025, 2, 28), not '2025-03-03'"),
        ({"expect": {}}, "asserts nothing"),
        ({"expect": None}, "expects nothing"),
    ):
        assert any(part in failure for failure in failures("month_arithmetic", good | change)), part
    assert "is no kind of case" in failures("month", good)[0]
    without = {key: value for key, value in good.items() if key != "months"}
    assert "states no months" in failures("month_arithmetic", without)[0]
    for text in (
        "case = []",
        "kind = 'money'",
        "kind = 'money'\ncase = []",
        "kind = 'money'\ncases = 1\n[[case]]\nname = 'a'",
    ):
        with pytest.raises(AssertionError):
            read(text)
