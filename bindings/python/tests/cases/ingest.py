"""Cases of logs: from the texts of a file with a mapping, and from events as plain data."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events

COUNTS = (
    *("read", "accepted", "duplicate", "conflicting", "rejected", "late"),
    *("attributes_read", "attributes_rejected"),
)


def texts(columns: list[str], rows: list[list[str]]) -> dict[str, list[str]]:
    assert all(len(row) == len(columns) for row in rows), "a row has another number of texts than columns"
    assert len(set(columns)) == len(columns), "two columns have one name"
    return {name: [row[index] for row in rows] for index, name in enumerate(columns)}


def judge_ingest(case: Case) -> None:
    schema, mapping = case.take("schema", {}), case.take("mapping")
    rows = texts(case.take("columns"), case.take("rows"))
    attributes: list[Any] = []
    for table in case.take("attributes", []):
        assert table.keys() == {"mapping", "columns", "rows"}
        attributes.append((texts(table["columns"], table["rows"]), table["mapping"]))
    judge_log(case, lambda: uo.EventLog.read(rows, mapping=mapping, schema=schema, attributes=attributes), None)


def judge_event_log(case: Case) -> None:
    schema, events = case.take("schema", {}), case.take("events")
    judge_log(case, lambda: read_events(schema, events), case.take("as_of", None))


def judge_log(case: Case, make: Any, as_of: str | None) -> None:
    log = case.attempt(make)
    if log is None:
        return
    report = log.report
    assert report.read == report.accepted + report.duplicate + report.rejected, str(report)
    actual: dict[str, Any] = {name: getattr(report, name) for name in COUNTS}
    keys = ("row", "field", "reason", "text")
    actual["rejections"] = [{key: rejection[key] for key in keys} for rejection in report.rejections]
    actual |= {"users": log.users(), "event_names": log.event_names}
    rows = [{name: value for name, value in row.items() if value is not None} for row in log.attributes().to_dicts()]
    actual["attributes"] = rows
    expected = case.expected("events")
    if expected is not None:
        events = [event for user in log.users() for event in log.events_of(user, as_of=as_of)]
        for index, (expect, event) in enumerate(case.rows("events", expected, events)):
            case.compare(f"event {index}", expect, {"amount_minor": None, "id": None} | event)
    case.rest("the log", actual)
