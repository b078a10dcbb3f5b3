"""Cases of live engines: what a host tells, step by step, and what it is told at each."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import userops as uo

from cases.case import Case
from cases.table import judge_tables

Engine = uo.LiveEngine | uo.DurableLiveEngine
KINDS = ("event", "advance", "attributes", "manual_tag")


def judge_live(case: Case) -> None:
    playbook = uo.Playbook.parse(case.take("playbook"))
    options = {name: case.given.pop(name) for name in ("lateness", "ahead_max") if name in case.given}
    steps, asked = case.take("steps"), case.take("forecast", None)
    expect = deepcopy(case.expect)
    engine: Engine = uo.LiveEngine(playbook, **options)
    engine, _ = judge_steps(case, engine, steps, lambda engine: pickle.loads(pickle.dumps(engine)))
    judge_end(case, engine, asked)
    # The same in a folder, which is closed and opened in the middle.
    case.expect = expect
    with TemporaryDirectory() as folder:

        def open_again(engine: Engine) -> Engine:
            assert isinstance(engine, uo.DurableLiveEngine)
            engine.snapshot()
            engine.close()
            return uo.DurableLiveEngine.open(folder, playbook)

        first = uo.DurableLiveEngine.open(Path(folder), playbook, **options)
        durable, told = judge_steps(case, first, steps, open_again)
        assert isinstance(durable, uo.DurableLiveEngine)
        with durable:
            judge_end(case, durable, asked)
            case.equal("what a batch says otherwise", [], durable.verify())
            case.equal("what a subscriber is told", told, durable.changes_after(durable.subscribe("judge")))


def judge_steps(
    case: Case, engine: Engine, steps: list[dict[str, Any]], restore: Callable[[Engine], Engine]
) -> tuple[Engine, list[dict[str, Any]]]:
    """The engine after the steps, written out and read again in the middle, and all that it has told."""
    all_told: list[dict[str, Any]] = []
    for index, step in enumerate(steps):
        if index == len(steps) // 2:
            engine = restore(engine)
        step, what = dict(step), f"step {index + 1}"
        changes, refused, arrival = step.pop("changes", []), step.pop("refused", None), step.pop("arrival", None)
        before = engine.as_of
        try:
            told, fate = tell(engine, step)
        except uo.UseropsError as error:
            case.equal(f"{what}: the error", refused, error.kind)
            case.equal(f"{what}: the instant", before, engine.as_of)
            continue
        case.equal(f"{what}: the error", refused, None)
        if arrival is not None and fate is not None:
            case.equal(f"{what}: the fate", "duplicate" if arrival == "duplicate" else "taken", fate)
        judge_changes(case, what, changes, told)
        all_told += told
    return engine, all_told


def tell(engine: Engine, step: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Tells an engine what a step says: the changes, and of an event in a folder what became of it."""
    (kind,) = step
    assert kind in KINDS, f"{kind!r} is none of {KINDS}"
    said = step[kind]
    if kind == "advance":
        return engine.advance_to(said), None
    if kind == "manual_tag":
        return engine.tag_by_hand(said), None
    if kind == "attributes":
        return engine.set_attributes(said["user"], said["attributes"]), None
    names = {"name": "event", "amount": "amount_minor"}
    answer = engine.observe({names.get(key, key): value for key, value in said.items()})
    if isinstance(answer, dict):
        (fate,) = answer["fates"]
        return answer["changes"], fate["fate"]
    return answer, None


def judge_changes(case: Case, what: str, expected: list[dict[str, Any]], told: list[dict[str, Any]]) -> None:
    """All changes in order; what is left out of one is not there, or as `effective_at`."""
    for number, (expect, change) in enumerate(case.rows(f"changes of {what}", expected, told)):
        name = f"change {number} of {what}"
        case.compare(name, {"recorded_at": expect["effective_at"]} | expect, change)
        others = change.keys() - expect.keys() - {"recorded_at", "cursor"}
        case.equal(f"{name}: what else there is", {}, {key: change[key] for key in others if change[key] is not None})


def judge_end(case: Case, engine: Engine, asked: dict[str, Any] | None) -> None:
    judge_tables(case, [engine.to_table()])
    if asked is not None:
        judge_changes(case, "the forecast", case.expected("forecast"), engine.forecast(asked["user"], asked["until"]))
