"""Cases of profiles: what a user has done, by the scalar definition, in columns, and brought up to date."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events


def judge_profile(case: Case) -> None:
    schema, events = case.take("schema", {}), case.take("events")
    as_of, options, earlier = case.take("as_of"), case.take("options", {}), case.take("earlier", None)
    log = read_events(schema, events)
    table = case.attempt(lambda: uo.build_profiles(log, as_of=as_of, **options))
    if table is None:
        return
    ways: dict[str, Any] = {
        "by itself": lambda user: uo.build_profile(log, user, as_of=as_of, **options),
        "in columns": table.profile,
    }
    if earlier is not None:
        before = uo.build_profiles(read_events(schema, events[: earlier["events"]]), as_of=earlier["as_of"], **options)
        ways["brought up to date"] = before.update(log, as_of=as_of).profile
    for expect in case.expected("profiles", []):
        user = expect["user"]
        for way, profile in ways.items():
            compare_profile(case, f"user {user!r} {way}", expect, profile(user))


def compare_profile(case: Case, what: str, expect: dict[str, Any], profile: dict[str, Any]) -> None:
    orders, habits = profile["orders"], profile["habits"]
    for part in expect.get("unknown", []):
        case.equal(f"{what}: whether {part} is unknown", True, is_unknown(part, profile))
    nested = {"user", "unknown", "windows", "events", "gaps", "orders", "interests"}
    by_hour = {str(hour): count for hour, count in enumerate(habits["by_hour"]) if count}
    plain = ("event_count", "first_seen", "last_seen", "active_days", "days_since_last", "channel")
    actual = {name: profile[name] for name in plain}
    actual |= {"amount_minor": profile["amount"], "by_hour": by_hour, "by_weekday": habits["by_weekday"]}
    case.compare(what, {key: value for key, value in expect.items() if key not in nested}, actual)
    case.compare(f"{what}: gaps", expect.get("gaps", {}), profile["gaps"])
    if "windows" in expect:
        for window, found in case.rows("windows", expect["windows"], profile["windows"]):
            revenue = {"order_count": found["orders"]["order_count"], "revenue_minor": found["orders"]["revenue"]}
            case.compare(f"{what}: window of {window['days']} days", window, found | revenue)
    if "events" in expect:
        for event, found in case.rows("names", expect["events"], profile["events"]):
            case.compare(f"{what}: {event['name']}", event, found | {"amount_minor": found["amount"]})
    if "interests" in expect:
        for interest, (category, weight) in case.rows("interests", expect["interests"], profile["interests"]):
            case.compare(f"{what}: interests", interest, {"category": category, "weight": weight})
    if "orders" in expect:
        gaps = expect["orders"].get("gaps", {})
        case.compare(f"{what}: gaps of orders", gaps, orders["gaps"])
        rest = {key: value for key, value in expect["orders"].items() if key != "gaps"}
        case.compare(f"{what}: orders", rest, orders | {"revenue_minor": orders["revenue"]})


def is_unknown(part: str, profile: dict[str, Any]) -> bool:
    for key in part.split("."):
        profile = profile[key]
    return profile is None or (part.endswith("gaps") and all(value is None for value in profile.values()))
