"""Tags and segments by definitions alone, beside the playbook that says the same."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import userops as uo
from userops import errors

AS_OF = "2026-03-31T00:00:00Z"
EVENTS = [
    {"user": "ann", "time": "2026-03-01", "event": "view"},
    {"user": "ann", "time": "2026-03-20", "event": "order", "amount": "10.50"},
    {"user": "ann", "time": "2026-03-20", "event": "order", "amount": "4.50"},
    {"user": "bob", "time": "2026-01-05", "event": "order", "amount": "99"},
    {"user": "cai", "time": "2026-03-30", "event": "view"},
]
TAGS: list[dict[str, Any]] = [
    {"name": "buyer", "kind": {"rule": 'count("order") >= 1'}},
    {"name": "recent_buyer", "kind": {"rule": 'has_tag("buyer") && count("order", last(days(30))) >= 1'}},
    {"name": "noted", "kind": {"manual": {}}},
]
SEGMENT = {"name": "recent", "when": "count(last(days(30))) >= 1", "exclude": ["cai"]}
NOTE = {"user": "cai", "tag": "noted", "action": "add", "author": "eve", "at": "2026-03-01T00:00:00Z", "reason": "met"}


@pytest.fixture(scope="module")
def log() -> uo.EventLog:
    return uo.EventLog.read(EVENTS, mapping=uo.mapping("user", "time", amount="amount"))


@pytest.fixture(scope="module")
def outcome(log: uo.EventLog) -> uo.Outcome:
    document = {"version": 1, "name": "p", "tags": TAGS, "segments": [SEGMENT]}
    return uo.Playbook.from_dict(document).evaluate(log, as_of=AS_OF, manual_tags=[NOTE])


def test_tags_are_those_of_a_playbook(log: uo.EventLog, outcome: uo.Outcome) -> None:
    tags = uo.assign_tags(log, TAGS, as_of=AS_OF, manual_tags=[NOTE])
    assert tags.names == ["buyer", "recent_buyer", "noted"]
    assert tags.as_of == outcome.as_of
    assert tags.to_table() == outcome.tags
    assert tags.counts() == outcome.tag_counts()
    assert tags.tags_of("ann") == {"buyer": True, "recent_buyer": True}
    assert tags.tags_of("bob") == {"buyer": True}
    assert tags.tags_of("cai") == {"noted": True}
    assert str(tags.explain("bob", "recent_buyer")) in str(outcome.explain("bob")).replace("\n    ", "\n")
    assert tags.left_out == {"users": [], "tags": []}
    assert pickle.loads(pickle.dumps(tags)).to_table() == tags.to_table()


def test_tags_build_on_an_outcome(log: uo.EventLog, outcome: uo.Outcome) -> None:
    buyers_in_segment = [{"name": "both", "kind": {"rule": 'has_tag("buyer") && in_segment("recent")'}}]
    tags = uo.assign_tags(log, buyers_in_segment, as_of=AS_OF, outcome=outcome)
    assert tags.to_table()["both"] == [True, False, False]
    assert pickle.loads(pickle.dumps(tags)).to_table() == tags.to_table()
    with pytest.raises(errors.UnknownNameError, match='tag "both"'):
        uo.assign_tags(log, buyers_in_segment, as_of=AS_OF)


def test_who_gained_and_lost_tags_is_told(log: uo.EventLog) -> None:
    before = uo.assign_tags(log, TAGS, as_of="2026-01-10T00:00:00Z")
    after = uo.assign_tags(log, TAGS, as_of=AS_OF)
    changes = after.changes(before)
    moved = set(zip(changes["user"], changes["tag"], changes["change"], strict=True))
    assert moved == {("ann", "buyer", "gained"), ("ann", "recent_buyer", "gained"), ("bob", "recent_buyer", "lost")}


def test_acts_on_what_is_unknown_are_refused_or_left_out(log: uo.EventLog) -> None:
    acts = [NOTE, NOTE | {"user": "zoe"}, NOTE | {"tag": "other"}]
    with pytest.raises(errors.UnknownNameError, match="zoe"):
        uo.assign_tags(log, TAGS, as_of=AS_OF, manual_tags=acts)
    tags = uo.assign_tags(log, TAGS, as_of=AS_OF, manual_tags=acts, known_only=True)
    assert tags.left_out == {"users": [(1, "zoe")], "tags": [(2, "other")]}
    assert tags.tags_of("cai") == {"noted": True}


def test_faults_in_definitions_name_the_tag(log: uo.EventLog) -> None:
    with pytest.raises(errors.UnknownNameError, match=r'tag "vip": .*there is no property "price"'):
        uo.assign_tags(log, [{"name": "vip", "kind": {"value": 'sum(event.price, "order")'}}], as_of=AS_OF)
    with pytest.raises(errors.InvalidDefinitionError, match="unknown field"):
        uo.assign_tags(log, [{"name": "vip", "knd": {}}], as_of=AS_OF)


def test_a_segment_is_that_of_a_playbook(log: uo.EventLog, outcome: uo.Outcome) -> None:
    segment = uo.assign_segment(log, SEGMENT, as_of=AS_OF)
    assert segment == outcome.segment("recent")
    assert segment.ids() == ["ann"]
    explained = uo.explain_segment(log, SEGMENT, "cai", as_of=AS_OF)
    assert "kept out by hand" in str(explained)
    by_tag = {"name": "buyers", "when": 'has_tag("buyer")'}
    assert uo.assign_segment(log, by_tag, as_of=AS_OF, outcome=outcome).ids() == ["ann", "bob"]
    with pytest.raises(errors.UnknownNameError, match="buyer"):
        uo.assign_segment(log, by_tag, as_of=AS_OF)


def test_moves_are_explained_on_both_sides(log: uo.EventLog) -> None:
    moves = uo.explain_moves(log, SEGMENT, before="2026-01-10T00:00:00Z", after=AS_OF)
    assert [(move["user"], move["movement"]) for move in moves] == [("ann", "entered"), ("bob", "left")]
    ann = moves[0]
    assert ann["before"] == uo.explain_segment(log, SEGMENT, "ann", as_of="2026-01-10T00:00:00Z")
    assert ann["after"] == uo.explain_segment(log, SEGMENT, "ann", as_of=AS_OF)
    assert len(uo.explain_moves(log, SEGMENT, before="2026-01-10T00:00:00Z", after=AS_OF, users_max=1)) == 1


def test_orders_are_totalled(log: uo.EventLog) -> None:
    table = uo.total_orders(log, ["order"], as_of=AS_OF, purchase_days=True)
    assert table.columns == ["user", "last_order", "order_count", "purchase_days", "revenue_minor"]
    assert (table["user"], table["order_count"], table["purchase_days"]) == (["ann", "bob"], [2, 1], [1, 1])
    assert table["revenue_minor"] == [1500, 9900]
    assert "purchase_days" not in uo.total_orders(log, ["order"], as_of=AS_OF).columns
    with pytest.raises(errors.InvalidArgumentError, match="no event is named"):
        uo.total_orders(log, [], as_of=AS_OF)


def test_an_interval_is_the_published_one() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263, and 0 of 20.
    low, high = uo.wilson_interval(81, 263) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = uo.wilson_interval(0, 20) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.0, 0.1611)
    assert uo.wilson_interval(0, 0) is None
    with pytest.raises(errors.InvalidArgumentError, match="3 is more than the 2"):
        uo.wilson_interval(3, 2)


def test_milestones_are_explained(log: uo.EventLog) -> None:
    reached = uo.reach_milestones(log, [{"name": "bought", "when": 'count("order") >= 1'}], as_of=AS_OF)
    assert "2026-01-05" in str(reached.explain("bob"))
    assert "not reached" in str(reached.explain("cai"))


def test_summaries_are_tables(log: uo.EventLog) -> None:
    drivers = uo.find_drivers(log, as_of=AS_OF, target={"events": ["order"]})
    assert len(drivers.to_summary_table()) == 1
    touches = {"patterns": [{"channel": "a", "events": ["view"]}]}
    attribution = uo.attribute_conversions(log, as_of=AS_OF, conversion={"events": ["order"]}, touches=touches)
    assert attribution.to_summary_table()["conversion_count"] == [attribution.conversion_count]
