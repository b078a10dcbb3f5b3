"""Polars: data frames and lazy expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

import tag
from workload import (
    CODED,
    DAY_MS,
    END_MS,
    DAYS,
    EVENTS,
    FUNNEL,
    LOAD_COLUMNS,
    RECENT_DAYS,
    ROLLING_DAYS,
    SORTED,
    START_MS,
    WEEK_MS,
    WEEKS,
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

    def funnel(self) -> tuple[int, ...]:
        uid, ts, event = pl.col("uid"), pl.col("ts"), pl.col("event")
        log = self.frame.lazy().filter(event.is_in(FUNNEL)).select("uid", "ts", "event")
        if self.layout != SORTED:
            log = log.sort("uid", "ts")
        is_view, is_cart, is_order = (event == name for name in FUNNEL)

        # Filling forward over the whole frame and comparing users beats a window per user.
        def latest(start: pl.Expr, rows: pl.Expr) -> pl.Expr:
            is_own = pl.when(rows).then(uid).forward_fill() == uid
            return pl.when(is_own).then(pl.when(rows).then(start).forward_fill())

        log = log.with_columns(start=latest(ts, is_view))
        has_start = is_cart & pl.col("start").is_not_null()
        log = log.with_columns(cart_start=latest(pl.col("start"), has_start))

        def reached(rows: pl.Expr, start: str) -> pl.Expr:
            in_time = (ts - pl.col(start)) <= pl.duration(milliseconds=WEEK_MS)
            return uid.filter(rows & in_time).n_unique()

        paid = reached(is_order, "cart_start").alias("paid")
        counts = (uid.filter(is_view).n_unique(), reached(is_cart, "start").alias("cart"), paid)
        return log.select(counts).collect(engine="in-memory").row(0)

    def retention(self) -> list[tuple[int, ...]]:
        first, week = pl.col("first"), pl.col("week")
        cells = self.weeks().filter((week >= first) & has_bit(week))
        sizes = cells.group_by("first", offset=week - first).agg(pl.col("users").sum())
        return sizes.collect(engine="streaming").rows()

    def activity(self) -> list[tuple[int, ...]]:
        uid, day = pl.col("uid"), pl.col("day")
        days = self.frame.lazy().select("uid", day=DAY).unique().sort("uid", "day")
        longest = max(ROLLING_DAYS)
        own = pl.when(uid.shift(-1) == uid).then(day.shift(-1) - day)
        gaps = days.with_columns(gap=own.fill_null(longest).clip(0, longest).cast(pl.Int32))
        histogram = gaps.group_by("day", "gap").len().collect(engine="streaming").to_numpy()
        starts, lengths, users = histogram.astype(np.int64).T
        # A user counts from an active day to the next one, at most as long as the window is.
        changes = np.zeros((DAYS + longest, len(ROLLING_DAYS)), np.int64)
        for column, window in enumerate(ROLLING_DAYS):
            np.add.at(changes[:, column], starts, users)
            np.add.at(changes[:, column], starts + np.minimum(lengths, window), -users)
        totals = changes.cumsum(axis=0)[:DAYS].tolist()
        return [(number, *row) for number, row in enumerate(totals)]

    def growth(self) -> list[tuple[int, ...]]:
        week, first = pl.col("week"), pl.col("first")
        now, before = has_bit(week), (week > 0) & has_bit(week - 1)

        def users(rows: pl.Expr, name: str) -> pl.Expr:
            return pl.col("users").filter(rows).sum().alias(name)

        rows = (
            self.weeks()
            .group_by("week")
            .agg(
                users(now & (first == week), "new"),
                users(now & before, "returning"),
                users(now & ~before & (first < week), "resurrecting"),
                users(before & ~now, "dormant"),
            )
        )
        return rows.collect(engine="streaming").rows()

    def weeks(self) -> pl.LazyFrame:
        """The patterns of active weeks as bits, how many users have each, and every week beside."""
        week = ((pl.col("ts").dt.epoch("ms") - START_MS) // WEEK_MS).cast(pl.UInt32)
        bits = pl.lit(2, dtype=pl.UInt32).pow(week).cast(pl.UInt32).bitwise_or()
        users = self.frame.lazy().group_by("uid").agg(bits=bits)
        patterns = users.group_by("bits").agg(users=pl.len())
        first = pl.col("bits").bitwise_trailing_zeros().cast(pl.Int64)
        patterns = patterns.with_columns(first=first, bits=pl.col("bits").cast(pl.Int64))
        return patterns.join(pl.LazyFrame({"week": list(range(WEEKS))}), how="cross")

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


def has_bit(position: pl.Expr) -> pl.Expr:
    """Whether the pattern of weeks has this bit."""
    power = pl.lit(2, dtype=pl.Int64).pow(position.clip(0, WEEKS).cast(pl.UInt32))
    return (pl.col("bits") // power) % 2 == 1


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
