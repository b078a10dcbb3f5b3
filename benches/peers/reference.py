"""The answers by numpy, written for plainness: the judge of all engines.

    python reference.py --data DIR --n N WORKLOAD...

Prints one JSON object: the answer of each workload.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import digest
import tag
from workload import ALGEBRA, DAY_MS, END_MS, EVENTS, LOADS, RECENT_DAYS, START_MS, Log

QUINTILES = 5


def load(table: pa.Table) -> list[int]:
    return digest.of_load(table)


def rfm(table: pa.Table) -> list[list[int]]:
    """Score = 1 + floor(5 × number of strictly worse buyers / buyers), for each of R, F, M."""
    orders = table.filter(pc.equal(table["event"], "order_paid"))
    _, buyer = np.unique(digest.numbers(orders["uid"]), return_inverse=True)
    last_ts = np.zeros(buyer.max() + 1, np.int64)
    np.maximum.at(last_ts, buyer, digest.numbers(orders["ts"]))
    scores = [score(last_ts), score(np.bincount(buyer)), score(sums(buyer, orders["amount"]))]
    cells, sizes = np.unique(np.stack(scores, axis=1), axis=0, return_counts=True)
    return digest.of_rfm([*cell, size] for cell, size in zip(cells, sizes, strict=True))


def score(values: np.ndarray) -> np.ndarray:
    worse = np.searchsorted(np.sort(values), values, side="left")
    return 1 + QUINTILES * worse // len(values)


def profile(table: pa.Table) -> list[int]:
    """One row per user; a day is active when it has an event of the user, in UTC."""
    uid, user = np.unique(digest.numbers(table["uid"]), return_inverse=True)
    ts = digest.numbers(table["ts"])
    event = table["event"].to_numpy()

    def count(rows: np.ndarray | slice) -> np.ndarray:
        return np.bincount(user[rows], minlength=len(uid))

    first_ts = np.full(len(uid), END_MS)
    np.minimum.at(first_ts, user, ts)
    last_ts = np.zeros(len(uid), np.int64)
    np.maximum.at(last_ts, user, ts)
    user_days = np.unique(np.stack([user, (ts - START_MS) // DAY_MS], axis=1), axis=0)

    columns = {
        "uid": uid,
        "first_ts": first_ts,
        "last_ts": last_ts,
        "events": count(slice(None)),
        "active_days": np.bincount(user_days[:, 0]),
        "amount": sums(user, table["amount"]),
    }
    columns |= {f"events_{name}": count(event == name) for name in EVENTS}
    columns |= {f"events_{days}d": count(ts >= END_MS - days * DAY_MS) for days in RECENT_DAYS}
    return digest.of_profiles(pa.table(columns))


def tags(table: pa.Table) -> list[int]:
    """The number of users of each tag, then of each triple."""
    return [int(truth.sum()) for truth in user_tags(table)] + algebra(table)


def algebra(table: pa.Table) -> list[int]:
    """The number of users who have A and B but not C, of each triple of tags."""
    truths = user_tags(table)
    return [int((truths[a] & truths[b] & ~truths[c]).sum()) for a, b, c in tag.TRIPLES]


def user_tags(table: pa.Table) -> list[np.ndarray]:
    """For each tag, whether each user has it."""
    uid, first_row, user = np.unique(
        digest.numbers(table["uid"]), return_index=True, return_inverse=True
    )
    ts = digest.numbers(table["ts"])
    event = table["event"].to_numpy()
    first_ts = np.full(len(uid), END_MS)
    np.minimum.at(first_ts, user, ts)
    last_ts = np.zeros(len(uid), np.int64)
    np.maximum.at(last_ts, user, ts)
    country = table["country"].to_numpy()
    if not (country == country[first_row][user]).all():
        raise ValueError("a user has two countries, of which the tags know one")

    columns = {"first_ts": first_ts, "last_ts": last_ts, "country": country[first_row]}
    for measure in tag.MEASURES:
        matches = np.full(table.num_rows, True)
        if measure.event:
            matches &= event == measure.event
        if measure.days:
            matches &= ts >= END_MS - measure.days * DAY_MS
        total = np.zeros(len(uid), np.int64)
        ones = np.ones(table.num_rows, np.int64)
        values = digest.numbers(table["amount"]) if measure.sums else ones
        np.add.at(total, user[matches], values[matches])
        columns[measure.name] = total
    return [tag.holds(rule, columns.__getitem__, int) for rule in tag.RULES]


def sums(group: np.ndarray, amounts: pa.ChunkedArray) -> np.ndarray:
    total = np.zeros(group.max() + 1, np.int64)
    np.add.at(total, group, digest.numbers(amounts))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("workloads", nargs="+")
    arguments = parser.parse_args()

    table = pq.read_table(Log(arguments.data, arguments.n).parquet)
    judge: dict[str, Callable[[pa.Table], list]] = {name: load for name in LOADS}
    judge |= {"rfm": rfm, "profile": profile, "tags": tags, ALGEBRA: algebra}
    print(json.dumps({name: judge[name](table) for name in arguments.workloads}))


if __name__ == "__main__":
    main()
