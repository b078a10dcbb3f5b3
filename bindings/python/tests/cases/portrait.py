"""Cases of portraits: an audience and all others, counted by the values of dimensions."""

from __future__ import annotations

from datetime import date
from typing import Any

import userops as uo

from cases.case import Case, instant


def read_value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    return {"time": instant, "date": date.fromisoformat}.get(kind, lambda value: value)(value)


def read_dimension(given: dict[str, Any]) -> uo.Dimension:
    kind = given["type"]
    assert given.keys() <= {"name", "type", "zone", "cells"}
    values = []
    for side in ("audience", "outside"):
        for cell in given["cells"]:
            assert cell.keys() <= {"value", "audience", "outside"}
            values += [read_value(kind, cell.get("value"))] * cell.get(side, 0)
    return uo.Dimension(given["name"], values, type=kind, zone=given.get("zone"))


def judge_portrait(case: Case) -> None:
    audience, outside = case.take("audience"), case.take("outside")
    members = [True] * audience + [False] * outside
    dimensions, options = case.take("dimensions"), case.take("options", {})
    portrait = case.attempt(lambda: uo.build_portrait(members, list(map(read_dimension, dimensions)), **options))
    if portrait is None:
        return
    case.equal("the users", [audience, audience + outside], [portrait.audience_count, portrait.everyone_count])
    rows = case.expected("rows")
    if rows is not None:
        for expect, row in case.rows("rows", rows, portrait.rows):
            compare_row(case, expect, row)
    summaries = case.expected("summaries")
    if summaries is not None:
        for expect, summary in case.rows("summaries", summaries, portrait.summaries):
            case.compare(f"the summary of {expect['dimension']}", {"suppressed": False} | expect, summary)
            assert not summary["suppressed"] or summary["audience_mean"] is summary["audience_median"] is None
    case.rest("the portrait", {"distinctive": [row["value"] for row in portrait.most_distinctive()]})


def compare_row(case: Case, expect: dict[str, Any], row: dict[str, Any]) -> None:
    interval = row["audience_interval"] or {"low": None, "high": None}
    ratios = [row["audience_ratio"], row["audience_interval"], row["lift"]]
    if row["suppressed"]:
        assert [row["audience_count"], row["everyone_count"], row["everyone_ratio"], *ratios] == [None] * 6
    actual = row | interval | {"audience": row["audience_count"], "everyone": row["everyone_count"]}
    actual["undefined"] = ratios == [None] * 3
    case.compare(f"{row['value']!r} in {row['dimension']!r}", {"suppressed": False} | expect, actual)
