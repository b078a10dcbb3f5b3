"""Polars: data frames and lazy expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

import tag
from workload import (
    CODED,
    DAY_MS,
    END_MS,
    EVENTS,
    LOAD_COLUMNS,
    RECENT_DAYS,
    SORTED,
    START_MS,
    Log,
    Peer,
)

CSV_TYPES = {
    "user_id": pl.String,
    "uid": pl.Int64,
    "ts": pl.String,
    "event": pl.String,
    "amount": pl.Int64,
    "country": pl.String,
    "channel": pl.String,
    "device": pl.String,
}
CODES = {
    "event": pl.Enum(EVENTS),
    "country": pl.Categorical,
    "channel": pl.Categorical,
    "device": pl.Categorical,
}
INSTANT = pl.Datetime("ms", "UTC")
DAY = ((pl.col("ts").dt.epoch("ms") - START_MS) // DAY_MS).cast(pl.Int16)


class Polars(Peer):
    """Plain loads keep texts as they are; coded and warm frames hold an enum and categories."""

    def __init__(self) -> None:
        self.frame = pl.DataFrame()
        self.profile_frame = pl.DataFrame()
        self.tag_frame = pl.DataFrame()
        self.layout = ""

    def drop(self) -> None:
        self.frame = pl.DataFrame()

    def load(self, file: Path, user: str, layout: str) -> None:
        columns = [user, *LOAD_COLUMNS]
        if file.suffix == ".csv":
            # This way to write the format takes a quarter of the time of "%S%.3f", which has no
            # fast path, and half of that of a declared type.
            ts = pl.col("ts").str.to_datetime("%Y-%m-%d %H:%M:%S.%3f", time_unit="ms", cache=False)
            # Parsing right into codes is faster than a cast.
            types = CSV_TYPES | CODES if layout == CODED else CSV_TYPES
            scan = pl.scan_csv(file, schema=types).select(columns).with_columns(ts)
            self.frame = scan.collect(engine="streaming")
        elif layout == CODED:
            self.frame = scan_coded(file, columns).collect(engine="streaming")
        else:
            self.frame = pl.read_parquet(file, columns=columns)

    def table(self) -> pa.Table:
        return self.frame.to_arrow()

    def prepare(self, log: Log, layout: str) -> None:
        self.layout = layout
        self.frame = scan_coded(log.parquet, ["uid", *LOAD_COLUMNS]).collect(engine="streaming")
        if layout == SORTED:
            self.frame = self.frame.sort("uid", "ts")

    def rfm(self) -> list[tuple[int, ...]]:
        buyers = (
            self.frame.lazy()
            .filter(pl.col("event") == "order_paid")
            .group_by("uid")
            .agg(r=pl.col("ts").max(), f=pl.len().cast(pl.Int64), m=pl.col("amount").sum())
            .collect(engine="streaming")
        )
        # The ceil(i × N / 5)-th smallest values: more than one of them is one point more.
        positions = [-(-i * buyers.height // 5) - 1 for i in (1, 2, 3, 4)]

        def score(name: str) -> pl.Expr:
            thresholds = buyers[name].sort().gather(positions)
            return 1 + sum((pl.col(name) > value).cast(pl.Int32) for value in thresholds)

        return (
            buyers.lazy()
            .select(r=score("r"), f=score("f"), m=score("m"))
            .group_by("r", "f", "m")
            .agg(pl.len())
            .collect()
            .rows()
        )

    def profile(self) -> None:
        log = self.frame.lazy().with_columns(day=DAY)
        if self.layout == SORTED:
            active_days = pl.col("day").n_unique()
            profile = log.group_by("uid").agg(active_days=active_days, **aggregates())
        else:
            # Rows of a user lie far apart: fewer groups to visit a second time beat n_unique.
            days = log.group_by("uid", "day").agg(**aggregates())
            totals = pl.exclude("uid", "day", "first_ts", "last_ts").sum()
            profile = days.group_by("uid").agg(
                totals, pl.col("first_ts").min(), pl.col("last_ts").max(), active_days=pl.len()
            )
        self.profile_frame = profile.collect(engine="streaming")

    def profiles(self) -> pa.Table:
        return self.profile_frame.to_arrow()

    def tags(self) -> tuple[int, ...]:
        counts = [pl.col(name).sum() for name in tag.NAMES]
        counts += [
            triple.sum().alias(f"triple{position}")
            for position, triple in enumerate(triples(pl.col))
        ]
        engine = "in-memory" if self.layout == SORTED else "streaming"
        return self.user_tags().select(counts).collect(engine=engine).row(0)

    def prepare_tags(self) -> None:
        self.tag_frame = self.user_tags().collect(engine="streaming")

    def algebra(self) -> list[int]:
        # Columns at once, which are bitmaps here: faster than a query for any number of triples.
        return [triple.sum() for triple in triples(self.tag_frame.get_column)]

    def user_tags(self) -> pl.LazyFrame:
        """One row per user, with a truth value per tag."""
        users = (
            self.frame.lazy()
            .group_by("uid")
            .agg(
                first_ts=pl.col("ts").min(),
                last_ts=pl.col("ts").max(),
                country=pl.col("country").first(),
                **{measure.name: aggregate(measure) for measure in tag.MEASURES},
            )
        )
        rules = zip(tag.NAMES, tag.RULES, strict=True)
        return users.select(**{name: tag.holds(rule, pl.col, instant) for name, rule in rules})


def scan_coded(file: Path, columns: list[str]) -> pl.LazyFrame:
    codes = (pl.col(name).cast(code) for name, code in CODES.items())
    return pl.scan_parquet(file).select(columns).with_columns(*codes)


def instant(ms: int) -> pl.Expr:
    return pl.lit(ms).cast(INSTANT)


def aggregate(measure: tag.Measure) -> pl.Expr:
    conditions = [pl.col("event") == measure.event] if measure.event else []
    conditions += [pl.col("ts") >= instant(tag.Ago(measure.days).ms)] if measure.days else []
    if measure.sums:
        amount = pl.col("amount")
        return pl.when(*conditions).then(amount).sum() if conditions else amount.sum()
    return reduce(and_, conditions).sum()


def triples(column: Callable[[str], Any]) -> list[Any]:
    names = [[tag.NAMES[position] for position in triple] for triple in tag.TRIPLES]
    return [column(a) & column(b) & ~column(c) for a, b, c in names]


def aggregates() -> dict[str, pl.Expr]:
    """The columns of a profile that can be made per day first."""
    ts, event = pl.col("ts"), pl.col("event")
    starts = {days: instant(END_MS - days * DAY_MS) for days in RECENT_DAYS}
    return {
        "first_ts": ts.min(),
        "last_ts": ts.max(),
        "events": pl.len(),
        "amount": pl.col("amount").sum(),
        **{f"events_{name}": (event == name).sum() for name in EVENTS},
        **{f"events_{days}d": (ts >= start).sum() for days, start in starts.items()},
    }
