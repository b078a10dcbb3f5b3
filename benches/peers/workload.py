"""What is measured: the log, the workloads, the layouts, and the shape of a peer.

README.md defines each workload and its answer in words; the constants here are its letter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

EVENTS = (
    "register",
    "login",
    "view",
    "search",
    "favorite",
    "add_to_cart",
    "order_paid",
    "share",
    "invite",
    "post",
    "like",
    "checkin",
)
COUNTRIES = ("CN", "US", "JP", "ID", "VN", "TH", "MY", "SG")
CHANNELS = ("organic", "ads_douyin", "ads_wechat", "referral", "seo", "push")
DEVICES = ("android", "ios", "miniapp", "web")

DAY_MS = 86_400_000
START_MS = 1_736_121_600_000  # 2025-01-06 00:00 UTC
DAYS = 180
END_MS = START_MS + DAYS * DAY_MS  # 2025-07-05 00:00 UTC
WEEK_MS = 7 * DAY_MS
WEEKS = -(-DAYS // 7)  # the last of them is not whole
ROLLING_DAYS = (1, 7, 30)
FUNNEL = ("view", "add_to_cart", "order_paid")
RECENT_DAYS = (7, 30, 90)

# Columns of a loaded table after the user column, which is "uid" or "user_id".
LOAD_COLUMNS = ("ts", "event", "amount", "country", "channel", "device")
# Those of them that are texts of few values, which the coded layout holds as codes.
TEXTS = ("event", "country", "channel", "device")
# Columns of a profile after "uid".
PROFILE_COLUMNS = (
    "first_ts",
    "last_ts",
    "events",
    "active_days",
    *(f"events_{name}" for name in EVENTS),
    "amount",
    *(f"events_{days}d" for days in RECENT_DAYS),
)

LOADS = ("load_parquet", "load_parquet_string", "load_csv", "load_csv_string")
QUERIES = ("rfm", "profile", "funnel", "retention", "activity", "growth", "tags")
ALGEBRA = "algebra"
# Loading a Parquet file and then all queries, in this order.
JOB = "job"
WORKLOADS = (*LOADS, *QUERIES, ALGEBRA, JOB)

Rows = Iterable[Sequence[int]]

PLAIN = "plain"
CODED = "coded"
ARRIVAL = "warm-u"
SORTED = "warm-s"
TAGGED = "tagged"


def layouts(workload: str) -> tuple[str, ...]:
    """The layouts in which peers run a workload."""
    if workload in LOADS:
        return PLAIN, CODED
    return (TAGGED,) if workload == ALGEBRA else (ARRIVAL, SORTED)


def user_column(workload: str) -> str:
    """The name of the user column that a workload loads."""
    return "user_id" if workload.endswith("_string") else "uid"


@dataclass(frozen=True)
class Log:
    """The files of a generated log."""

    folder: Path
    events: int

    @property
    def parquet(self) -> Path:
        return self.folder / f"ev_{self.events}.parquet"

    @property
    def csv(self) -> Path:
        return self.folder / f"ev_{self.events}.csv"

    def file_of(self, workload: str) -> Path:
        """The file that a workload reads."""
        return self.csv if "csv" in workload else self.parquet


class Peer(ABC):
    """An engine that holds one table of events in its own memory.

    `load` and the methods with the names of queries are measured; the rest is not, but in the job,
    which begins with `prepare`.
    """

    def close(self) -> None:
        """Removes what the engine leaves outside of its process."""

    @abstractmethod
    def drop(self) -> None:
        """Frees the table that `load` made."""

    @abstractmethod
    def load(self, file: Path, user: str, layout: str) -> None:
        """Loads a Parquet or CSV file, in any row order, as fast as the engine can.

        Texts are held as the engine reads them fastest, or as codes, by the layout.
        """

    @abstractmethod
    def table(self) -> pa.Table:
        """The loaded table."""

    def prepare(self, log: Log, layout: str) -> None:
        """Makes the table of a warm layout, in the column types that its queries like best."""
        raise NotImplementedError

    def rfm(self) -> list[tuple[int, ...]]:
        """Scores the buyers; returns rows of R, F, M, number of users."""
        raise NotImplementedError

    def profile(self) -> None:
        """Makes the table of profiles, in the engine's own memory."""
        raise NotImplementedError

    def profiles(self) -> pa.Table:
        """The table that `profile` made."""
        raise NotImplementedError

    def funnel(self) -> Sequence[int]:
        """The number of users at each step of `FUNNEL` or beyond, within a week of its start."""
        raise NotImplementedError

    def retention(self) -> Rows:
        """Rows of first week, weeks since then, active users of that first week."""
        raise NotImplementedError

    def activity(self) -> Rows:
        """Rows of day, and users active in the last 1, 7 and 30 days up to it."""
        raise NotImplementedError

    def growth(self) -> Rows:
        """Rows of week, and new, returning, resurrecting and dormant users."""
        raise NotImplementedError

    def tags(self) -> Sequence[int]:
        """The number of users of each tag, then of each triple."""
        raise NotImplementedError

    def prepare_tags(self) -> None:
        """Makes the tags of all users, in the form that `algebra` likes best."""
        raise NotImplementedError

    def algebra(self) -> Sequence[int]:
        """The number of users of each triple, from prepared tags."""
        raise NotImplementedError
