"""Threads: the interpreter goes on while the engine works, and answers do not depend on who asks."""

from __future__ import annotations

import _thread
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic

import pytest
import userops as uo

AS_OF = datetime(2025, 12, 1, tzinfo=timezone.utc)


def test_the_interpreter_goes_on_while_the_engine_works() -> None:
    log = uo.sample_log(users=4_000, days=200)
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        uo.build_profiles(log, as_of=AS_OF)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait()
    turns = 0
    # Without the lock released, the first look after the start would find the work done.
    while not done.is_set():
        turns += 1
    worker.join()
    assert turns > 100


def test_threads_share_frozen_objects() -> None:
    log = uo.sample_log(users=300, days=120)
    playbook = uo.Playbook.parse('version = 1\nname = "p"\n[[segments]]\nname = "s"\nwhen = "count() >= 3"\n')
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: playbook.evaluate(log, as_of=AS_OF), range(12)))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    with ThreadPoolExecutor(4) as pool:
        sizes = set(pool.map(lambda outcome: len(outcome.segment("s") & outcomes[0].segment("s")), outcomes))
    assert sizes == {len(outcomes[0].segment("s"))}


def test_a_python_stream_may_be_read_from_any_thread() -> None:
    pa = pytest.importorskip("pyarrow")
    schema = pa.schema({"user": pa.int64(), "time": pa.timestamp("us", "UTC"), "event": pa.string()})

    def batches() -> object:
        for user in range(50):
            yield pa.record_batch([[user] * 10, [AS_OF] * 10, ["view"] * 10], schema=schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    assert uo.EventLog.read(reader, mapping=uo.mapping("user", "time")).event_count == 500

    def failing() -> object:
        yield from batches()  # type: ignore[misc]
        raise ValueError("the source broke")

    reader = pa.RecordBatchReader.from_batches(schema, failing())
    with pytest.raises(uo.UseropsError, match="the source broke"):
        uo.EventLog.read(reader, mapping=uo.mapping("user", "time"))


def test_ctrl_c_is_heard_in_a_long_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,time,event\n" + "ann,2026-01-01T00:00:00Z,view\n" * 200_000)
    told = 0

    def interrupt(progress: uo.Progress) -> None:
        nonlocal told
        told += 1
        if told == 3:
            signal.raise_signal(signal.SIGINT)

    mapping = uo.mapping("user", "time")
    with pytest.raises(KeyboardInterrupt):
        uo.EventLog.read(path, mapping=mapping, progress=interrupt, block_bytes=4096)
    assert told < 50, "the read went on"


@pytest.fixture(scope="module")
def big_log() -> uo.EventLog:
    return uo.sample_log(users=15_000, days=240)


def work_for_long(log: uo.EventLog) -> uo.Conversion:
    steps = ["view", "view", "like", "view", "pay"]
    return uo.measure_conversion(log, as_of=AS_OF, steps=steps, window="60d", order="any")


def test_ctrl_c_is_heard_in_a_long_kernel(big_log: uo.EventLog) -> None:
    begun = monotonic()
    answer = work_for_long(big_log)
    whole = monotonic() - begun

    ctrl_c = threading.Timer(0.05, _thread.interrupt_main)
    ctrl_c.start()
    begun = monotonic()
    with pytest.raises(KeyboardInterrupt):
        work_for_long(big_log)
    assert monotonic() - begun < 0.05 + whole / 2, "the call went on to its end"
    ctrl_c.join()
    assert work_for_long(big_log) == answer, "an interrupt leaves the log as it was"


def test_another_thread_is_not_interrupted(big_log: uo.EventLog) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(work_for_long, big_log)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert asked.result().entry_count > 0
