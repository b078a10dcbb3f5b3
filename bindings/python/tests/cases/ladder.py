"""Cases of the order ladder: its rungs, and how far each user has climbed."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events


def judge_ladder(case: Case) -> None:
    log = read_events(case.take("schema", {}), case.take("events"))
    as_of, options = case.take("as_of"), case.take("options")
    ladder = case.attempt(lambda: uo.build_ladder(log, as_of=as_of, **options))
    if ladder is None:
        return
    part = uo.LadderPart.build(log, as_of=as_of, **options)
    expected = case.expected("rungs")
    if expected is not None:
        for rungs in (ladder.rungs, part.rungs()):
            for expect, rung in case.rows("rungs", expected, rungs):
                compare_rung(case, expect, rung)
    by_user = dict(zip(ladder.user_rungs()["user"], ladder.user_rungs()["rung"], strict=True))
    for expect in case.expected("users", []):
        user = expect.pop("user")
        climb = ladder.climb(user)
        assert climb["rung"] == by_user[user]
        actual = {"rung": climb["rung"], "known": climb["rung"] is not None, "order_count": climb["order_count"]}
        for key in ("day", "days_since_previous"):
            name = "days" if key == "day" else key
            actual[name] = [step[key] for step in climb["steps"]]
        case.compare(f"user {user!r}", expect, actual)


def compare_rung(case: Case, expect: dict[str, Any], rung: dict[str, Any]) -> None:
    what = f"rung {rung['number']}"
    for key in ("conversion", "share"):
        if key in expect:
            share = rung[key] or {}
            interval = share.get("interval") or {}
            found = {"of": share.get("of_count"), "ratio": share.get("ratio")}
            found |= {"low": interval.get("low"), "high": interval.get("high")}
            found["undefined"] = bool(share) and share["ratio"] is None and share["interval"] is None
            case.compare(f"{what}: {key}", expect[key], found)
    if "days" in expect:
        days = rung["days"]
        found = {"users": days["user_count"]}
        found |= {name: days[f"{name}_days"] for name in ("mean", "quartile_1", "median", "quartile_3")}
        case.compare(f"{what}: days", expect["days"], found)
    rest = {key: value for key, value in expect.items() if key not in ("conversion", "share", "days")}
    actual = {"name": rung["name"], "reached": rung["reached_count"], "standing": rung["standing_count"]}
    case.compare(what, rest, actual | {"no_days": rung["days"] is None})
