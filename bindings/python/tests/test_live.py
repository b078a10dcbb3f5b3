"""Live engines: the changes at their instants, the same answers as a batch, and what a folder keeps."""

from __future__ import annotations

import _thread
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import sleep
from typing import Any

import polars as pl
import pytest
import userops as uo
from userops import errors

PLAYBOOKS = Path(__file__).parents[3] / "examples" / "playbooks"
UTC = timezone.utc
START = datetime(2025, 3, 1, 12, tzinfo=UTC)
TEXT = """
version = 1
name = "live"

[schema]
events = ["visit", "pay"]
properties = [{ name = "page", type = "text" }]
attributes = [{ name = "plan", type = "text" }]

[[tags]]
name = "active"
kind = { rule = 'count("visit", last(hours(24))) >= 2' }

[[tags]]
name = "noted"
kind = { manual = {} }

[[segments]]
name = "pro_active"
when = 'has_tag("active") && user.plan == "pro"'
"""


@pytest.fixture
def playbook() -> uo.Playbook:
    return uo.Playbook.parse(TEXT)


def visit(user: str, hours: float, **more: Any) -> dict[str, Any]:
    return {"user": user, "time": START + timedelta(hours=hours), "event": "visit", **more}


def told(changes: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(change["user"], change["name"], change.get("to", change.get("entered"))) for change in changes]


def test_a_tag_is_gained_at_the_event_and_lost_at_its_instant(playbook: uo.Playbook) -> None:
    engine = uo.LiveEngine(playbook)
    assert engine.as_of is None
    assert engine.observe(visit("ann", 0)) == []
    assert engine.observe(visit("ann", 1, properties={"page": "home"})) == [
        {
            "user": "ann",
            "kind": "tag",
            "name": "active",
            "from": None,
            "to": True,
            "effective_at": START + timedelta(hours=1),
            "recorded_at": START + timedelta(hours=1),
        }
    ]
    assert engine.tagged("active") == ["ann"]
    state = engine.state("ann")
    assert (state["tags"], state["stage"], state["segments"], state["scores"]) == ({"active": True}, None, [], {})
    lost_at = state["next_look_at"]
    assert engine.advance_to(lost_at - timedelta(microseconds=1)) == []
    (lost,) = engine.advance_to(START + timedelta(hours=30))
    assert (lost["from"], lost["to"], lost["effective_at"]) == (True, None, lost_at)
    assert lost["recorded_at"] == engine.as_of == START + timedelta(hours=30)
    assert abs(lost_at - (START + timedelta(hours=24))) <= timedelta(microseconds=1)
    assert engine.user_count == 1
    assert engine.memory_bytes() > 0
    assert "active" in str(engine.explain("ann"))
    assert repr(engine) == '<LiveEngine of "live": 1 users as of 2025-03-02T18:00:00Z>'


def test_late_events_and_second_copies(playbook: uo.Playbook) -> None:
    engine = uo.LiveEngine(playbook, lateness="2h")
    assert engine.observe([visit("ann", 0, id="a"), visit("bob", 1.5)]) == []
    (change,) = engine.observe(visit("ann", 1, id="b"))
    assert change["effective_at"] == START + timedelta(hours=1)
    assert change["recorded_at"] == START + timedelta(hours=1.5)
    assert engine.observe(visit("bob", 1, id="b")) == []
    assert engine.tagged("active") == ["ann"]
    with pytest.raises(errors.LimitExceededError, match="`lateness` is 2h"):
        engine.observe(visit("bob", -1))
    near = uo.LiveEngine(playbook, ahead_max=timedelta(minutes=5))
    near.observe(visit("ann", 0))
    with pytest.raises(errors.LimitExceededError, match=r"event 2: .*`ahead_max`"):
        near.observe([visit("bob", 0), visit("ann", 1)])
    assert near.user_count == 1


def test_attributes_and_tags_by_hand(playbook: uo.Playbook) -> None:
    engine = uo.LiveEngine(playbook)
    with pytest.raises(errors.InvalidArgumentError, match="advance it first"):
        engine.set_attributes("ann", {"plan": "pro"})
    engine.observe([visit("ann", 0), visit("ann", 1)])
    assert told(engine.set_attributes("ann", {"plan": "pro"})) == [("ann", "pro_active", True)]
    assert engine.membership("pro_active") == ["ann"]
    act = {"user": "ann", "tag": "noted", "author": "eve", "at": START}
    assert told(engine.tag_by_hand(act)) == [("ann", "noted", True)]
    with pytest.raises(errors.UnknownNameError, match="notde"):
        engine.tag_by_hand({**act, "tag": "notde"})
    with pytest.raises(errors.UnknownNameError, match="plam"):
        engine.set_attributes("ann", {"plam": "pro"})


def test_what_is_no_event_is_told(playbook: uo.Playbook) -> None:
    engine = uo.LiveEngine(playbook)
    with pytest.raises(errors.InvalidArgumentError, match="an event has no 'name'"):
        engine.observe({"user": "ann", "time": START, "name": "visit"})
    with pytest.raises(errors.InvalidArgumentError, match='event 2: the event has no "time"'):
        engine.observe([visit("ann", 0), {"user": "ann", "event": "visit"}])
    with pytest.raises(errors.InvalidTimeError, match="no time zone"):
        engine.observe({**visit("ann", 0), "time": START.replace(tzinfo=None)})
    with pytest.raises(errors.UnknownNameError, match="vist"):
        engine.observe({**visit("ann", 0), "event": "vist"})
    with pytest.raises(errors.UnknownNameError, match="nothing was heard of the user ann"):
        engine.state("ann")
    with pytest.raises(errors.UnknownNameError, match="no segment"):
        engine.membership("pro")
    with pytest.raises(errors.InvalidArgumentError, match="before the engine knows the time"):
        engine.verify(uo.sample_log(users=2, days=2))
    assert engine.user_count == 0


def of_active(differences: list[dict[str, Any]], log: uo.EventLog, as_of: datetime) -> list[dict[str, Any]]:
    """Those of users who have done something; who is in the log without that is nobody whom an engine has heard of."""
    return [difference for difference in differences if log.events_of(difference["user"], as_of=as_of)]


def test_the_answers_are_those_of_a_batch() -> None:
    playbook = uo.Playbook.load(PLAYBOOKS / "content_app.toml")
    log = uo.sample_log("content_app", users=120, days=90, zone="Asia/Shanghai")
    assert log.time_span is not None
    middle, end = log.time_span[0] + timedelta(days=60), log.time_span[1] + timedelta(hours=1)
    calibration = playbook.calibrate(log, as_of=middle)
    engine = uo.LiveEngine.from_log(log, playbook, as_of=middle, calibration=calibration)
    assert of_active(engine.verify(log), log, middle) == []
    engine = pickle.loads(pickle.dumps(engine))
    events = [event for user in log.users() for event in log.events_of(user) if event["time"] > middle]
    engine.observe(sorted(events, key=lambda event: (event["time"], event["user"])))
    engine.advance_to(end)
    assert of_active(engine.verify(log), log, end) == []
    outcome = playbook.evaluate(log, as_of=end, calibration=calibration)
    live, batch = engine.to_table(), outcome.to_table()
    assert live.columns == batch.columns
    of_batch = {row["user"]: row for row in batch.to_dicts()}
    assert all(row == of_batch[row["user"]] for row in live.to_dicts())
    other = uo.LiveEngine.from_log(log, playbook, as_of=middle, calibration=calibration)
    other.advance_to(end)
    differences = of_active(other.verify(log), log, end)
    assert {difference["user"] for difference in differences} <= {event["user"] for event in events}
    assert set(differences[0]) == {"user", "column", "live", "batch"}


def many_visits() -> list[dict[str, Any]]:
    return [visit(f"u{number % 200}", number / 100_000, id=str(number)) for number in range(100_000)]


def interrupted(events: list[dict[str, Any]], observe: Callable[[Iterable[dict[str, Any]]], object]) -> None:
    """Tells events, with Ctrl-C soon after the last of them was read."""
    ctrl_c = threading.Timer(0.01, _thread.interrupt_main)

    def then_interrupt() -> Iterator[dict[str, Any]]:
        yield from events
        ctrl_c.start()

    def observe_and_wait() -> None:
        observe(then_interrupt())
        # Where the call was over before.
        ctrl_c.join()
        sleep(1)

    with pytest.raises(KeyboardInterrupt):
        observe_and_wait()
    ctrl_c.join()


def test_after_ctrl_c_a_list_is_sent_again(playbook: uo.Playbook) -> None:
    events, engine, whole = many_visits(), uo.LiveEngine(playbook), uo.LiveEngine(playbook)
    whole.observe(events)
    interrupted(events, engine.observe)
    engine.observe(events)
    assert engine.to_table() == whole.to_table()
    assert engine.as_of == whole.as_of


def test_after_ctrl_c_a_batch_is_on_disk_as_a_whole(playbook: uo.Playbook, tmp_path: Path) -> None:
    events = many_visits()
    with uo.DurableLiveEngine.open(tmp_path, playbook) as engine:
        interrupted(events, engine.observe)
        assert {fate["fate"] for fate in engine.observe(events)["fates"]} in ({"taken"}, {"duplicate"})
        assert engine.user_count == 200


def test_what_time_alone_will_change_is_foreseen(playbook: uo.Playbook, tmp_path: Path) -> None:
    memory = uo.LiveEngine(playbook)
    with uo.DurableLiveEngine.open(tmp_path, playbook) as durable:
        for engine in (memory, durable):
            engine.observe([visit("ann", 0), visit("ann", 1)])
            (change,) = engine.forecast("ann", START + timedelta(days=1))
            assert told([change]) == [("ann", "active", None)]
            assert change["effective_at"] == change["recorded_at"] == START + timedelta(days=1)
            assert engine.forecast("ann", START + timedelta(hours=23)) == []
            assert engine.tagged("active") == ["ann"], "nothing has happened yet"
            with pytest.raises(errors.UnknownNameError, match="bob"):
                engine.forecast("bob", START)


def test_bytes_are_an_engine(playbook: uo.Playbook) -> None:
    engine = uo.LiveEngine(playbook)
    engine.observe([visit("ann", 0), visit("ann", 1)])
    again = uo.LiveEngine.from_bytes(engine.to_bytes())
    assert again.to_table() == engine.to_table()
    later = START + timedelta(days=2)
    assert again.advance_to(later) == engine.advance_to(later) != []
    with pytest.raises(errors.UseropsError, match="snapshot cannot be read"):
        uo.LiveEngine.from_bytes(b"\xff\xff")


def test_a_folder_keeps_an_engine(playbook: uo.Playbook, tmp_path: Path) -> None:
    folder = tmp_path / "live"
    with uo.DurableLiveEngine.open(folder, playbook) as engine:
        start = engine.subscribe("mailer")
        answer = engine.observe([visit("ann", 0, id="a"), visit("ann", 1), visit("ann", -48), visit("ann", 0, id="a")])
        assert [fate["fate"] for fate in answer["fates"]] == ["taken", "taken", "refused", "duplicate"]
        assert [fate.get("sequence") for fate in answer["fates"]] == [1, 2, None, 1]
        assert isinstance(answer["fates"][2]["error"], errors.LimitExceededError)
        assert told(answer["changes"]) == [("ann", "active", True)]
        with pytest.raises(errors.LimitExceededError, match="lateness"):
            engine.observe(visit("ann", -48))
        with pytest.raises(errors.UseropsError, match=r"live.*open"):
            uo.DurableLiveEngine.open(folder, playbook)
        engine.set_attributes("ann", {"plan": "pro"})
        engine.tag_by_hand({"user": "ann", "tag": "noted", "author": "eve", "at": START})
        table = engine.to_table()
    assert engine.is_closed
    assert "closed" in repr(engine)
    with pytest.raises(errors.InvalidArgumentError, match="the engine is closed"):
        engine.state("ann")

    engine = uo.DurableLiveEngine.open(folder, playbook)
    assert engine.to_table() == table
    assert (engine.membership("pro_active"), engine.tagged("noted")) == (["ann"], ["ann"])
    assert engine.verify() == []
    assert engine.state("ann")["tags"] == {"active": True, "noted": True}
    assert engine.explain("ann").parts != []
    changes = engine.changes_after(start)
    assert told(changes) == [("ann", "active", True), ("ann", "pro_active", True), ("ann", "noted", True)]
    assert engine.changes_after(start, limit=1) == changes[:1]
    engine.acknowledge("mailer", changes[1]["cursor"])
    assert engine.subscribe("mailer") == changes[1]["cursor"]
    assert engine.changes_after(changes[1]["cursor"]) == changes[2:]
    engine.snapshot()
    log = engine.to_event_log()
    assert (log.event_count, log.attributes_of("ann")) == (2, {"plan": "pro"})
    assert engine.export_parquet(tmp_path / "events.parquet") == tmp_path / "events.attributes.parquet"
    assert len(uo.Table(pl.read_parquet(tmp_path / "events.parquet"))) == 2
    engine.close()
    engine.close()


def test_another_version_takes_over(playbook: uo.Playbook, tmp_path: Path) -> None:
    with uo.DurableLiveEngine.open(tmp_path, playbook) as engine:
        engine.observe(visit("ann", 0))
    second = uo.Playbook.parse(TEXT.replace(">= 2", ">= 1"))
    with pytest.raises(errors.InvalidDefinitionError, match="made for a playbook"):
        uo.DurableLiveEngine.open(tmp_path, second)
    with uo.DurableLiveEngine.reopen(tmp_path) as engine:
        assert told(engine.replace(second)) == [("ann", "active", True)]
        assert engine.as_of == START
        assert engine.user_count == 1
        assert told(engine.advance_to(START + timedelta(days=3))) == [("ann", "active", None)]
