"""Cases of funnels and sequences: rows of their tables, and what became of each user."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events


def judge_funnel(case: Case) -> None:
    log = read_events(case.take("schema", {}), case.take("events"))
    as_of, funnel = case.take("as_of"), case.take("funnel")
    conversion = case.attempt(lambda: uo.measure_conversion(log, as_of=as_of, **funnel))
    if conversion is None:
        return
    compare_rows(case, "steps", conversion.to_table())
    levels = dict(zip(conversion.user_levels()["user"], conversion.user_levels()["level"], strict=True))
    for expect in case.expected("users", []):
        user = expect.pop("user")
        traces = uo.trace_funnel(log, user, as_of=as_of, **funnel)
        case.equal(f"the level of {user!r}", max((trace["level"] for trace in traces), default=0), levels[user])
        for entry, trace in case.rows(f"entries of {user!r}", expect.pop("entries"), traces):
            trace["times"] = [event["time"] for event in trace.pop("events")]
            case.compare(f"user {user!r}", entry, trace)
        case.compare(f"user {user!r}", expect, {})


def judge_sequence(case: Case) -> None:
    log = read_events(case.take("schema", {}), case.take("events"))
    as_of, pattern, query = case.take("as_of"), case.take("pattern", None), case.take("next", None)
    if pattern is not None:
        counts = case.attempt(lambda: uo.count_sequences(log, as_of=as_of, **pattern))
        if counts is None:
            return
        compare_rows(case, "counts", counts.to_table())
        by_user = dict(zip(counts.user_counts()["user"], counts.user_counts()["match_count"], strict=True))
        for expect in case.expected("users", []):
            user = expect.pop("user")
            matches = uo.trace_sequence(log, user, as_of=as_of, **pattern)
            case.compare(f"user {user!r}", expect, {"match_count": by_user[user]})
            case.equal(f"the matches of {user!r}", by_user[user], len(matches))
    if query is not None:
        table = case.attempt(lambda: uo.next_events(log, as_of=as_of, **query))
        if table is not None:
            compare_rows(case, "next", table)


def compare_rows(case: Case, key: str, table: Any) -> None:
    expected = case.expected(key)
    if expected is None:
        return
    for index, (expect, row) in enumerate(case.rows(key, expected, table.to_dicts())):
        case.compare(f"{key} {index + 1}", expect, row)
