"""Segments as sets of user ids."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import userops as uo
from userops import errors


def read(*users: Any) -> uo.EventLog:
    rows = [{"user": user, "time": "2026-01-01", "event": "view"} for user in users]
    return uo.EventLog.read(rows, mapping=uo.mapping("user", "time"))


LOG = read("ann", "bob", "cai", "dee", "eli")
FEW = uo.Segment.of_ids(LOG, ["bob", "ann"])
SOME = uo.Segment.of_ids(LOG, ["bob", "cai", "dee"])


def test_a_segment_is_a_set_of_ids() -> None:
    few, some, every = set(FEW), set(SOME), set(uo.Segment.everybody(LOG))
    assert FEW.ids() == list(FEW) == ["ann", "bob"]
    assert (len(FEW), "ann" in FEW, "cai" in FEW, "zoe" in FEW, 5 in FEW) == (2, True, False, False, False)
    assert set(FEW & SOME) == few & some
    assert set(FEW | SOME) == few | some
    assert set(FEW - SOME) == few - some
    assert set(FEW ^ SOME) == few ^ some
    assert set(~FEW) == every - few
    assert FEW.and_count(SOME) == len(few & some)
    assert FEW.or_count(SOME) == len(few | some)
    assert FEW.and_not_count(SOME) == len(few - some)
    assert FEW.xor_count(SOME) == len(few ^ some)
    assert FEW <= FEW | SOME
    assert FEW | SOME >= SOME
    assert not FEW.issubset(SOME)
    assert FEW.isdisjoint(~FEW)
    assert uo.Segment.of_ids(LOG, ["ann", "bob", "ann"]) == FEW
    assert FEW != SOME
    assert few != FEW
    assert not uo.Segment.nobody(LOG)
    assert (FEW.ratio, FEW.user_count) == (0.4, 5)
    assert FEW.to_table().to_dict() == {"user": ["ann", "bob"]}
    assert uo.Segment.at_least(2, FEW, SOME, ~SOME) == FEW
    assert uo.count_users([FEW, SOME]) == 1
    assert uo.count_users([SOME], [FEW]) == 2


def test_unknown_ids_are_refused_or_told() -> None:
    with pytest.raises(errors.UnknownNameError, match='"yan", "zoe"'):
        uo.Segment.of_ids(LOG, ["ann", "yan", "zoe"])
    found, unknown = uo.Segment.find_ids(LOG, ["ann", "zoe", 7])
    assert (set(found), unknown) == ({"ann"}, ["zoe", 7])


def test_a_segment_survives_bytes_and_pickling() -> None:
    assert uo.Segment.from_bytes(LOG, FEW.to_bytes()) == FEW
    few, some = pickle.loads(pickle.dumps((FEW, SOME)))
    assert (few, some) == (FEW, SOME)
    assert few.log is some.log, "the log is pickled once"
    assert hash(few) == hash(FEW)
    diff = SOME.diff(FEW)
    again = pickle.loads(pickle.dumps(diff))
    assert (again.entered, again.left, again.stayed) == (diff.entered, diff.left, diff.stayed)
    assert again.to_table() == diff.to_table()
    with pytest.raises(errors.InvalidFormatError):
        uo.Segment.from_bytes(LOG, b"no bitmap")


def test_segments_of_other_users_are_not_joined() -> None:
    other = uo.Segment.everybody(read("ann", "bob", "cai", "dee", "zoe"))
    for join in (
        lambda: FEW & other,
        lambda: other >= FEW,
        lambda: FEW.diff(other),
        lambda: uo.overlap({"a": FEW, "b": other}),
    ):
        with pytest.raises(errors.InvalidArgumentError, match="compare them by user id"):
            join()
    assert other != FEW
    diff = uo.diff_by_id(FEW, other)
    assert diff == {
        "entered": ["cai", "dee", "zoe"],
        "left": [],
        "stayed": ["ann", "bob"],
        "entered_new_count": 1,
        "left_gone_count": 0,
    }


def test_segments_are_compared() -> None:
    diff = FEW.diff(SOME)
    assert (set(diff.entered), set(diff.left), set(diff.stayed)) == ({"cai", "dee"}, {"ann"}, {"bob"})
    assert sorted(zip(*diff.to_table().to_dict().values(), strict=True)) == [
        ("ann", "left"),
        ("cai", "entered"),
        ("dee", "entered"),
    ]
    shared = {
        (row["segment"], row["other"]): row["shared_count"] for row in uo.overlap({"few": FEW, "some": SOME}).to_dicts()
    }
    assert shared == {("few", "few"): 2, ("few", "some"): 1, ("some", "few"): 1, ("some", "some"): 3}
