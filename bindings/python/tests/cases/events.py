"""Logs that cases start from: events as plain data."""

from __future__ import annotations

from typing import Any

import userops as uo


def read_events(
    schema: dict[str, Any], events: list[dict[str, Any]], attributes: list[dict[str, Any]] | None = None
) -> uo.EventLog:
    """A log of events as plain data, in the order in which they arrived."""
    known = {"user", "time", "event", "amount", "id", "properties"}
    for event in events:
        assert event.keys() <= known, f"an event has a key that is none of {sorted(known)}: {event}"
    names = sorted({name for event in events for name in event.get("properties", {})})
    columns: dict[str, list[Any]] = {
        "user": [event["user"] for event in events],
        "time": [event["time"] for event in events],
        "event": [event["event"] for event in events],
        "amount": [event.get("amount") for event in events],
        "id": [event.get("id") for event in events],
    }
    for name in names:
        columns[f"properties.{name}"] = [event.get("properties", {}).get(name) for event in events]
    properties = [{"column": f"properties.{name}", "name": name} for name in names]
    mapping = uo.mapping("user", "time", amount="amount", id="id", properties=properties)
    users = (attributes, {"user": "user"}) if attributes else None
    return uo.EventLog.read(columns, mapping=mapping, schema=schema, attributes=users)
