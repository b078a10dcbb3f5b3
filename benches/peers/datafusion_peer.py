"""DataFusion: SQL over Arrow record batches."""

from __future__ import annotations

import os
from pathlib import Path

import datafusion
import pyarrow as pa

from workload import DAY_MS, END_MS, EVENTS, LOAD_COLUMNS, RECENT_DAYS, SORTED, START_MS, Log, Peer

# Of the ways to hold texts, views are the fastest to parse into.
CSV_SCHEMA = pa.schema(
    [
        ("user_id", pa.string_view()),
        ("uid", pa.int64()),
        ("ts", pa.timestamp("ms")),
        ("event", pa.string_view()),
        ("amount", pa.int64()),
        ("country", pa.string_view()),
        ("channel", pa.string_view()),
        ("device", pa.string_view()),
    ]
)
CODED = "Dictionary(Int32, Utf8)"


class DataFusion(Peer):
    """Loads keep texts as they are; warm tables hold them as codes, instants as integers."""

    def __init__(self) -> None:
        self.context = datafusion.SessionContext()
        self.batches: list[pa.RecordBatch] = []
        self.profile_batches: list[pa.RecordBatch] = []

    def drop(self) -> None:
        self.context.deregister_table("log")
        self.batches = []

    def load(self, file: Path, user: str) -> None:
        self.register_file(file)
        self.keep(f"SELECT {', '.join((user, *LOAD_COLUMNS))} FROM file")

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self.batches)

    def prepare(self, log: Log, layout: str) -> None:
        self.register_file(log.parquet)
        texts = ", ".join(
            f"arrow_cast({name}, '{CODED}') AS {name}"
            for name in ("event", "country", "channel", "device")
        )
        order = "ORDER BY uid, ts" if layout == SORTED else ""
        self.keep(f"SELECT uid, arrow_cast(ts, 'Int64') AS ts, amount, {texts} FROM file {order}")

    def rfm(self) -> list[tuple[int, ...]]:
        # rank() - 1 is the number of strictly worse buyers, as the score has it.
        scores = ", ".join(
            f"1 + 5 * (CAST(rank() OVER (ORDER BY {x}) AS BIGINT) - 1) / count(*) OVER () AS {x}s"
            for x in "rfm"
        )
        batches = self.context.sql(
            f"""WITH buyer AS (
                SELECT max(ts) AS r, count(*) AS f, sum(amount) AS m
                FROM log WHERE event = 'order_paid' GROUP BY uid
            ), score AS (SELECT {scores} FROM buyer)
            SELECT rs, fs, ms, count(*) AS users FROM score GROUP BY rs, fs, ms"""
        ).collect()
        return [tuple(row.values()) for row in pa.Table.from_batches(batches).to_pylist()]

    def profile(self) -> None:
        counts = [f"count(*) FILTER (WHERE event = '{name}') AS events_{name}" for name in EVENTS]
        counts += [
            f"count(*) FILTER (WHERE ts >= {END_MS - days * DAY_MS}) AS events_{days}d"
            for days in RECENT_DAYS
        ]
        self.profile_batches = self.context.sql(
            f"""SELECT uid, min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS events,
                       count(DISTINCT (ts - {START_MS}) / {DAY_MS}) AS active_days,
                       sum(amount) AS amount, {", ".join(counts)}
                FROM log GROUP BY uid"""
        ).collect()

    def profiles(self) -> pa.Table:
        return pa.Table.from_batches(self.profile_batches)

    def register_file(self, file: Path) -> None:
        self.context.deregister_table("file")
        if file.suffix == ".csv":
            self.context.register_csv("file", file, schema=CSV_SCHEMA)
        else:
            self.context.register_parquet("file", file)

    def keep(self, query: str) -> None:
        """Collects a query into the table `log`, one partition of adjacent batches per core."""
        self.batches = self.context.sql(query).collect()
        size = -(-len(self.batches) // (os.cpu_count() or 1))
        partitions = [
            self.batches[start : start + size] for start in range(0, len(self.batches), size)
        ]
        self.context.register_record_batches("log", partitions)
