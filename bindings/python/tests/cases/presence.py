"""Cases of retention, activity, sessions and lead scores: each question is answered by tables, compared row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events

Tables = dict[str, list[dict[str, Any]]]


def judge_with(case: Case, ask: Callable[..., Tables]) -> None:
    """Compares the tables of an answer with those that the case expects, as many of them as there are."""
    log = read_events(case.take("schema", {}), case.take("events"), case.take("attributes", []))
    as_of, options = case.take("as_of"), case.take("options", {})
    tables = case.attempt(lambda: ask(log, as_of=as_of, **options))
    for name, table in (tables or {}).items():
        expected = case.expected(name)
        for number, (expect, row) in enumerate(case.rows(name, expected, table) if expected is not None else []):
            for unknown in expect.pop("unknown", []):
                case.equal(f"{name} {number}: {unknown}", None, row[unknown])
            case.compare(f"{name} {number}", expect, row)


def judge_retention(case: Case) -> None:
    def ask(log: uo.EventLog, **options: Any) -> Tables:
        answer = uo.measure_retention(log, **options)
        users = uo.retention_of_users(log, **options)
        return {
            "cells": answer.to_table().to_dicts(),
            "curve": answer.curve().to_dicts(),
            "users": users.to_dicts(),
        }

    judge_with(case, ask)


def judge_active_users(case: Case) -> None:
    judge_with(case, lambda log, **options: {"days": uo.count_active_users(log, **options).to_dicts()})


def judge_stickiness(case: Case) -> None:
    judge_with(case, lambda log, **options: {"rows": uo.measure_stickiness(log, **options).to_dicts()})


def judge_active_days(case: Case) -> None:
    def ask(log: uo.EventLog, **options: Any) -> Tables:
        users, curve = uo.count_active_days(log, **options), uo.power_user_curve(log, **options)
        return {"users": users.to_dicts(), "curve": curve.to_dicts()}

    judge_with(case, ask)


def judge_session(case: Case) -> None:
    def ask(log: uo.EventLog, **options: Any) -> Tables:
        sessions = uo.find_sessions(log, **options)
        return {
            "sessions": sessions.to_table().to_dicts(),
            "days": sessions.trend().to_dicts(),
            "users": sessions.users().to_dicts(),
            "summary": [flat(sessions.summary())],
        }

    judge_with(case, ask)


def judge_lead(case: Case) -> None:
    def ask(log: uo.EventLog, as_of: str, **options: Any) -> Tables:
        scores = uo.score_leads(log, as_of=as_of, **options)
        year = scores.as_of + timedelta(days=365)
        return {
            "users": scores.to_table().to_dicts(),
            "cells": scores.cells().to_dicts(),
            "groups": scores.groups().to_dicts(),
            "points": scores.points().to_dicts(),
            "changes": scores.changes(year).to_dicts(),
            "moves": scores.moves(uo.score_leads(log, as_of=year, **options)).to_dicts(),
        }

    judge_with(case, ask)


def flat(answer: dict[str, Any]) -> dict[str, Any]:
    """The summary, with the parts of a part named after both."""
    found: dict[str, Any] = {}
    for name, value in answer.items():
        if isinstance(value, dict):
            found |= {f"{name}.{part}": number for part, number in value.items()}
        found[name] = value
    return found
