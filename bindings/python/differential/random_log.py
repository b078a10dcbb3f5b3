"""Random logs, one file that both engines read, and random conditions, said in the words of each."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import userops as uo

# A run is the same each time; other seeds are for looking further by hand.
SEED = os.environ.get("DIFFERENTIAL_SEED", "2026")
NAMES = ("a", "b", "c", "d", "e")
# Known by an attribute alone.
SILENT = 20
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)

Event = tuple[int, int, str, int | None]
"""User, seconds since `FIRST`, name, and the property `n`."""


def randomness(name: str) -> random.Random:
    """Random numbers of a test's own, so that a change of one test leaves the others as they are."""
    return random.Random(f"{SEED} {name}")


@dataclass(frozen=True)
class RandomLog:
    """Events in the order of arrival, where both engines read them, and the log of ours."""

    events: list[Event]
    file: Path
    log: uo.EventLog

    @classmethod
    def write(cls, events: list[Event], file: Path, zone: str = "UTC") -> RandomLog:
        """Writes the events into a file and reads it."""
        users, seconds, names, numbers = (list(column) for column in zip(*events, strict=True))
        columns = {
            "user": pa.array(users, pa.int64()),
            "time": pa.array([FIRST + timedelta(seconds=s) for s in seconds], pa.timestamp("us", "UTC")),
            "event": pa.array(names, pa.string()),
            "n": pa.array(numbers, pa.int64()),
        }
        pq.write_table(pa.table(columns), file)
        silent = [{"user": max(users) + 1 + i, "known": True} for i in range(SILENT)]
        log = uo.EventLog.read(
            file,
            mapping=uo.mapping("user", "time", properties=["n"]),
            schema={"zone": zone},
            attributes=(silent, {"user": "user"}),
        )
        return cls(events, file, log)

    def until(self, share: float) -> str:
        """An instant by which this share of the time of the log is over, to the second."""
        return instant(int(max(event[1] for event in self.events) * share))

    def rows_of(self, user: int) -> list[tuple[int, str, str, int | None]]:
        """The events of a user in the order of our log: by time, then as they arrived."""
        mine = sorted((event for event in self.events if event[0] == user), key=lambda event: event[1])
        return [(user, instant(seconds), name, n) for _, seconds, name, n in mine]


def instant(seconds: int) -> str:
    """A text that both engines read as an instant."""
    return (FIRST + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def tied_events(rng: random.Random, users: int) -> list[Event]:
    """Few events of each user in little time: ties, repeats and several matches are the rule."""
    events = []
    for user in range(users):
        span = rng.choice((3, 8, 30, 100))
        for _ in range(rng.randint(1, 12)):
            events.append((user, rng.randint(0, span), rng.choice(NAMES), rng.choice((None, 0, 1, 2, 3))))
    rng.shuffle(events)
    return events


def distinct_events(rng: random.Random, users: int, length: int = 12) -> list[Event]:
    """Events of each user at different instants."""
    events = []
    for user in range(users):
        count = rng.randint(1, length)
        seconds = rng.sample(range(count + rng.choice((0, 5, 60))), count)
        events += [(user, second, rng.choice(NAMES), rng.choice((None, 0, 1, 2, 3))) for second in seconds]
    rng.shuffle(events)
    return events


@dataclass(frozen=True)
class Condition:
    """Names, any of them (none: every event), and the least that `n` must be, where that is asked for."""

    names: tuple[str, ...]
    least: int | None = None

    @classmethod
    def draw(cls, rng: random.Random) -> Condition:
        """Mostly one name; also several, all, and a filter beside."""
        names = rng.sample(NAMES, rng.choices((0, 1, 2, 3), (1, 10, 4, 1))[0])
        return cls(tuple(names), rng.randint(1, 3) if rng.random() < 0.15 else None)

    def pattern(self) -> dict[str, Any]:
        """In the words of userops."""
        pattern: dict[str, Any] = {"events": list(self.names)}
        if self.least is not None:
            pattern["where"] = {"property": {"name": "n", "test": {"ge": self.least}}}
        return pattern

    def sql(self) -> str:
        """In the words of ClickHouse."""
        names = ", ".join(f"'{name}'" for name in self.names)
        parts = [f"event IN ({names})"] if self.names else []
        # An event without the property meets no condition on it.
        parts += [] if self.least is None else [f"ifNull(n >= {self.least}, false)"]
        return f"toUInt8({' AND '.join(parts) or 'true'})"
