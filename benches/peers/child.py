"""One engine, one workload, one layout, in a process of its own.

    python child.py --peer duckdb --workload rfm --layout warm-s --data DIR --n N --reps R

Prints one JSON line: the time of each repetition, the peak of memory up to the last of them, and
the answer, which is computed after that peak is read.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import digest
from workload import ALGEBRA, ARRIVAL, JOB, LOADS, QUERIES, Log, Peer, layouts, user_column

PEERS = {
    "duckdb": ("duckdb_peer", "DuckDb"),
    "polars": ("polars_peer", "Polars"),
    "chdb": ("chdb_peer", "ChDb"),
    "datafusion": ("datafusion_peer", "DataFusion"),
    "pyarrow": ("pyarrow_peer", "PyArrow"),
}
LOADS_ONLY = ("pyarrow",)


def measure(peer: Peer, workload: str, layout: str, log: Log, reps: int) -> dict[str, Any]:
    """Runs a workload `reps` times; only the workload itself is timed."""
    if workload in LOADS:
        file, user = log.file_of(workload), user_column(workload)
        times, _ = repeat(lambda: peer.load(file, user, layout), peer.drop, reps)
        peak = peak_rss_kb()
        prepare_ms = 0.0
        answer: list = digest.of_load(peer.table())
    elif workload == JOB:
        times, results = repeat(lambda: whole_job(peer, log, layout), peer.drop, reps)
        peak = peak_rss_kb()
        prepare_ms = 0.0
        answer = [answer_of(peer, *query) for query in zip(QUERIES, results, strict=True)]
    else:
        [prepare_ms], _ = repeat(lambda: prepare(peer, workload, layout, log), lambda: None, 1)
        times, result = repeat(getattr(peer, workload), lambda: None, reps)
        peak = peak_rss_kb()
        answer = answer_of(peer, workload, result)
    return {
        "workload": workload,
        "prepare_ms": prepare_ms,
        "reps_ms": times,
        "peak_rss_kb": peak,
        "answer": answer,
    }


def whole_job(peer: Peer, log: Log, layout: str) -> list[Any]:
    """Reads the log into the layout, and asks all queries."""
    peer.prepare(log, layout)
    return [getattr(peer, query)() for query in QUERIES]


def answer_of(peer: Peer, query: str, result: Any) -> list:
    """What a query returned, in the form that all engines share."""
    if query == "profile":
        return digest.of_profiles(peer.profiles())
    if query in ("funnel", "tags", ALGEBRA):
        return digest.of_counts(result)
    return digest.of_rows(result)


def prepare(peer: Peer, workload: str, layout: str, log: Log) -> None:
    """Makes the table that a query reads, and the tags where it is about tags."""
    if workload == ALGEBRA:
        peer.prepare(log, ARRIVAL)
        peer.prepare_tags()
    else:
        peer.prepare(log, layout)


def repeat(
    run: Callable[[], Any], before: Callable[[], None], reps: int
) -> tuple[list[float], Any]:
    """The time of each repetition in ms, and what the last one returned."""
    times = []
    for _ in range(reps):
        before()
        start = time.perf_counter()
        result = run()
        times.append(round((time.perf_counter() - start) * 1e3, 3))
    return times, result


def peak_rss_kb() -> int:
    """The high-water mark of this process's resident memory (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/status has no line VmHWM")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--layout", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--reps", type=int, required=True)
    arguments = parser.parse_args()
    if arguments.layout not in layouts(arguments.workload):
        parser.error(f"{arguments.workload} has no layout {arguments.layout}")

    module, name = PEERS[arguments.peer]
    peer = getattr(importlib.import_module(module), name)()
    log = Log(arguments.data, arguments.n)
    try:
        result = measure(peer, arguments.workload, arguments.layout, log, arguments.reps)
    finally:
        peer.close()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
