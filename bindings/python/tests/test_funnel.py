"""Funnels and sequences: every function once, on a log small enough to count by hand."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import Any

import pytest
import userops as uo

AS_OF = "2026-03-10T00:00:00Z"
STEPS: dict[str, Any] = {"steps": ["view", "order"], "window": "1d"}


@pytest.fixture(scope="module")
def log() -> uo.EventLog:
    # Ann orders after an hour, Bob after two days, Cai looked within the last day.
    rows = [
        ("ann", "2026-03-01T10:00:00Z", "view", "web"),
        ("ann", "2026-03-01T11:00:00Z", "order", "app"),
        ("bob", "2026-03-01T10:00:00Z", "view", "app"),
        ("bob", "2026-03-03T10:00:00Z", "order", "app"),
        ("cai", "2026-03-09T10:00:00Z", "view", "web"),
    ]
    events = [dict(zip(("user", "time", "event", "place"), row, strict=True)) for row in rows]
    return uo.EventLog.read(events, mapping=uo.mapping("user", "time", properties=["place"]))


def test_conversion_with_and_without_pending_users(log: uo.EventLog) -> None:
    conversion = uo.measure_conversion(log, as_of=AS_OF, **STEPS)
    assert (conversion.entry_count, conversion.pending_count) == (3, 1)
    assert conversion.converted["ratio"] == pytest.approx(1 / 3)
    assert conversion.converted_of_settled["ratio"] == 0.5
    assert list(conversion.to_table()["count"]) == [3, 1]
    assert conversion.user_levels().to_dict() == {"user": ["ann", "bob", "cai"], "level": [2, 1, 1]}
    assert conversion.funnel["ties"] == "as_ordered"
    assert pickle.loads(pickle.dumps(conversion)) == conversion
    [trace] = uo.trace_funnel(log, "bob", as_of=AS_OF, **STEPS)
    assert (trace["status"], trace["reason"], len(trace["events"])) == ("dropped", "too_late", 1)


def test_trend_breakdown_times_and_comparison(log: uo.EventLog) -> None:
    trend = uo.trend_conversion(log, as_of=AS_OF, period="day", **STEPS)
    assert list(trend["count"])[:2] == [2, 1]
    by_place = uo.break_down_conversion(log, as_of=AS_OF, by={"first": "place"}, **STEPS).to_dicts()
    assert [(row["value"], row["count"]) for row in by_place] == [("app", 1), ("app", 0), ("web", 2), ("web", 1)]
    times = uo.time_conversion(log, as_of=AS_OF, **STEPS)
    assert list(times.to_table()["median_seconds"]) == [3600.0, 3600.0]
    assert list(times.histogram(timedelta(minutes=30))["count"]) == [0, 0, 1]
    assert times.curve().to_dicts()[0]["at_risk_count"] == 3
    assert pickle.loads(pickle.dumps(times)) == times
    first, second = (uo.Segment.of_ids(log, [user]) for user in ("ann", "bob"))
    compared = uo.compare_conversion(log, first, second, as_of=AS_OF, **STEPS).to_dicts()[1]
    assert (compared["difference"], compared["test"]) == (1.0, "fisher_exact")
    with pytest.raises(uo.UseropsError, match="in common"):
        uo.compare_conversion(log, first, first, as_of=AS_OF, **STEPS)


def test_presets_are_keywords(log: uo.EventLog) -> None:
    funnel = uo.funnel_preset("clickhouse_strict_order", ["view", "order"], "7d")
    assert funnel["noise"] == "end"
    assert list(uo.measure_conversion(log, as_of=AS_OF, **funnel).to_table()["count"]) == [3, 2]
    with pytest.raises(uo.UseropsError, match="no preset"):
        uo.funnel_preset("clickhouse_strict", ["view"], "7d")


def test_sequences_and_what_comes_next(log: uo.EventLog) -> None:
    pattern: dict[str, Any] = {
        "pattern": "(?1)(?t<=1h)(?2)",
        "conditions": [{"events": ["view"]}, {"events": ["order"]}],
    }
    counts = uo.count_sequences(log, as_of=AS_OF, **pattern)
    assert (counts.match_count, counts.users["of_count"]) == (1, 3)
    assert list(counts.user_counts()["match_count"]) == [1, 0, 0]
    assert pickle.loads(pickle.dumps(counts)) == counts
    assert uo.trace_sequence(log, "ann", as_of=AS_OF, **pattern) == [[0, 1]]
    following = uo.next_events(log, as_of=AS_OF, chain=[{"events": ["view"]}]).to_dicts()
    assert [(row["event"], row["user_count"]) for row in following] == [("order", 2), (None, 1)]
