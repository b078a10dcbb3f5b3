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
from workload import (
    ALGEBRA,
    DAY_MS,
    DAYS,
    END_MS,
    EVENTS,
    FUNNEL,
    JOB,
    LOADS,
    QUERIES,
    RECENT_DAYS,
    ROLLING_DAYS,
    START_MS,
    WEEK_MS,
    WEEKS,
    Log,
)

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
    return digest.of_rows([*cell, size] for cell, size in zip(cells, sizes, strict=True))


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


def funnel(table: pa.Table) -> list[int]:
    """User by user, event by event: the latest start from which each step was reached in time."""
    steps = table.filter(pc.is_in(table["event"], pa.array(FUNNEL)))
    uid, ts, event = digest.numbers(steps["uid"]), digest.numbers(steps["ts"]), steps["event"]
    order = np.lexsort((np.arange(len(uid)), ts, uid))
    levels = [0] * len(FUNNEL)
    user, reached, starts = -1, 0, [0] * len(FUNNEL)
    events = event.to_numpy(zero_copy_only=False)[order]
    for row_user, row_ts, name in zip(uid[order].tolist(), ts[order].tolist(), events, strict=True):
        if row_user != user:
            levels[:] = [count + (reached > level) for level, count in enumerate(levels)]
            user, reached, starts = row_user, 0, [-WEEK_MS] * len(FUNNEL)
        step = FUNNEL.index(name)
        start = row_ts if step == 0 else starts[step - 1]
        if row_ts - start <= WEEK_MS:
            starts[step] = start
            reached = max(reached, step + 1)
    return [count + (reached > level) for level, count in enumerate(levels)]


def periods(table: pa.Table, length_ms: int, count: int) -> np.ndarray:
    """For each user and each period whether the user has an event in it."""
    uid, user = np.unique(digest.numbers(table["uid"]), return_inverse=True)
    active = np.zeros((len(uid), count), bool)
    active[user, (digest.numbers(table["ts"]) - START_MS) // length_ms] = True
    return active


def retention(table: pa.Table) -> list[list[int]]:
    """A cohort is the users of one first week; cells without users are left out."""
    active = periods(table, WEEK_MS, WEEKS)
    first = active.argmax(axis=1)
    cells = [
        [cohort, offset, int(active[first == cohort, cohort + offset].sum())]
        for cohort in range(WEEKS)
        for offset in range(WEEKS - cohort)
    ]
    return [cell for cell in cells if cell[2]]


def activity(table: pa.Table) -> list[list[int]]:
    """The users with an event on one of the last days up to each day."""
    active = periods(table, DAY_MS, DAYS)
    windows = ((day, [max(0, day + 1 - days) for days in ROLLING_DAYS]) for day in range(DAYS))
    return [
        [day, *(int(active[:, start : day + 1].any(axis=1).sum()) for start in starts)]
        for day, starts in windows
    ]


def growth(table: pa.Table) -> list[list[int]]:
    """New, returning, resurrecting and dormant users of each week."""
    active = periods(table, WEEK_MS, WEEKS)
    first = active.argmax(axis=1)
    before = np.hstack([np.zeros((len(active), 1), bool), active[:, :-1]])
    rows = []
    for week in range(WEEKS):
        now, then, is_new = active[:, week], before[:, week], first == week
        kinds = (now & is_new, now & then, now & ~then & ~is_new, then & ~now)
        rows.append([week, *(int(kind.sum()) for kind in kinds)])
    return rows


def job(table: pa.Table) -> list[list]:
    """The answers of all queries."""
    judges = (rfm, profile, funnel, retention, activity, growth, tags)
    by_name = {judge.__name__: judge for judge in judges}
    return [by_name[query](table) for query in QUERIES]


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
    judge |= {"rfm": rfm, "profile": profile, "funnel": funnel, "retention": retention}
    judge |= {"activity": activity, "growth": growth, "tags": tags, ALGEBRA: algebra, JOB: job}
    print(json.dumps({name: judge[name](table) for name in arguments.workloads}))


if __name__ == "__main__":
    main()
