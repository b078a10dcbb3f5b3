"""DataFusion: SQL over Arrow record batches."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import datafusion
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
    SORTED,
    START_MS,
    TEXTS,
    WEEK_MS,
    WEEKS,
    Log,
    Peer,
)

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
# Texts are parsed right into codes, which takes less than a cast does.
CODED_CSV_SCHEMA = pa.schema(
    pa.field(x.name, pa.dictionary(pa.int32(), pa.string())) if x.name in TEXTS else x
    for x in CSV_SCHEMA
)
CODE = "Dictionary(Int32, Utf8)"


class DataFusion(Peer):
    """Plain loads keep texts as they are; warm tables hold codes, and instants as integers."""

    def __init__(self) -> None:
        self.context = datafusion.SessionContext()
        self.batches: list[pa.RecordBatch] = []
        self.profile_batches: list[pa.RecordBatch] = []

    def drop(self) -> None:
        self.context.deregister_table("log")
        self.batches = []

    def load(self, file: Path, user: str, layout: str) -> None:
        self.register_file(file, CODED_CSV_SCHEMA if layout == CODED else CSV_SCHEMA)
        casts = layout == CODED and file.suffix != ".csv"
        columns = [code(name) if casts and name in TEXTS else name for name in LOAD_COLUMNS]
        self.keep(f"SELECT {', '.join((user, *columns))} FROM file")

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self.batches)

    def prepare(self, log: Log, layout: str) -> None:
        self.register_file(log.parquet)
        texts = ", ".join(map(code, TEXTS))
        order = "ORDER BY uid, ts" if layout == SORTED else ""
        self.keep(f"SELECT uid, arrow_cast(ts, 'Int64') AS ts, amount, {texts} FROM file {order}")

    def rfm(self) -> list[tuple[int, ...]]:
        # rank() - 1 is the number of strictly worse buyers, as the score has it.
        scores = ", ".join(
            f"1 + 5 * (CAST(rank() OVER (ORDER BY {x}) AS BIGINT) - 1) / count(*) OVER () AS {x}s"
            for x in "rfm"
        )
        return self.rows(
            f"""WITH buyer AS (
                SELECT max(ts) AS r, count(*) AS f, sum(amount) AS m
                FROM log WHERE event = 'order_paid' GROUP BY uid
            ), score AS (SELECT {scores} FROM buyer)
            SELECT rs, fs, ms, count(*) AS users FROM score GROUP BY rs, fs, ms"""
        )

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

    def funnel(self) -> tuple[int, ...]:
        view, cart, order = FUNNEL
        rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        so_far = f"OVER (PARTITION BY uid ORDER BY ts {rows})"
        # The latest view before each event, and of each order that of the latest cart before it.
        [row] = self.rows(
            f"""WITH viewed AS (
                SELECT uid, ts, event, max(CASE WHEN event = '{view}' THEN ts END) {so_far} AS start
                FROM log WHERE event IN ('{view}', '{cart}', '{order}')
            ), carted AS (
                SELECT uid, ts, event, start,
                       max(CASE WHEN event = '{cart}' THEN start END) {so_far} AS cart_start
                FROM viewed WHERE event <> '{view}' AND start IS NOT NULL
            ), reached AS (
                SELECT uid, max(CAST(event = '{cart}' AND ts - start <= {WEEK_MS} AS INT)) AS cart,
                       max(CAST(event = '{order}' AND ts - cart_start <= {WEEK_MS} AS INT)) AS paid
                FROM carted GROUP BY uid
            )
            SELECT (SELECT count(DISTINCT uid) FROM log WHERE event = '{view}') AS a,
                   sum(cart) AS b, sum(paid) AS c FROM reached"""
        )
        return row

    def retention(self) -> list[tuple[int, ...]]:
        return self.rows(
            f"""{self.weeks()}
            SELECT first, week - first AS offset, sum(users) AS n FROM pattern CROSS JOIN week
            WHERE week >= first AND ((bits >> week) & 1) = 1 GROUP BY 1, 2"""
        )

    def activity(self) -> list[tuple[int, ...]]:
        # A user counts from an active day to the next one, at most as long as the window is.
        return self.rows(
            f"""WITH active AS (SELECT DISTINCT uid, (ts - {START_MS}) / {DAY_MS} AS day FROM log
            ), gap AS (
                SELECT day, least(coalesce(next - day, 30), 30) AS gap FROM (
                    SELECT day, lead(day) OVER (PARTITION BY uid ORDER BY day) AS next FROM active
                )
            ), histogram AS (SELECT day, gap, count(*) AS n FROM gap GROUP BY 1, 2
            ), change AS (
                SELECT day, n AS dau, n AS wau, n AS mau FROM histogram
                UNION ALL SELECT day + 1, -n, 0, 0 FROM histogram
                UNION ALL SELECT day + least(gap, 7), 0, -n, 0 FROM histogram
                UNION ALL SELECT day + gap, 0, 0, -n FROM histogram
            ), total AS (
                SELECT day, sum(dau) AS dau, sum(wau) AS wau, sum(mau) AS mau
                FROM change GROUP BY day
            )
            SELECT * FROM (
                SELECT day, sum(dau) OVER (ORDER BY day) AS dau,
                       sum(wau) OVER (ORDER BY day) AS wau,
                       sum(mau) OVER (ORDER BY day) AS mau FROM total
            ) WHERE day < {DAYS}"""
        )

    def growth(self) -> list[tuple[int, ...]]:
        kinds = (
            "now = 1 AND first = week",
            "now = 1 AND before = 1",
            "now = 1 AND before = 0 AND first < week",
            "now = 0 AND before = 1",
        )
        sums = ", ".join(
            f"coalesce(sum(users) FILTER (WHERE {kind}), 0) AS kind{position}"
            for position, kind in enumerate(kinds)
        )
        return self.rows(
            f"""{self.weeks()}, cell AS (
                SELECT week, users, first, (bits >> week) & 1 AS now,
                       CASE WHEN week > 0 THEN (bits >> (week - 1)) & 1 ELSE 0 END AS before
                FROM pattern CROSS JOIN week
            )
            SELECT week, {sums} FROM cell GROUP BY week"""
        )

    @staticmethod
    def weeks() -> str:
        """The patterns of active weeks as bits, the first of them, and how many users have each.

        The number of the lowest bit is the logarithm of a power of two.
        """
        return f"""WITH pattern AS (
            SELECT bits, count(*) AS users,
                   CAST(round(log(2.0, CAST((bits & (-bits)) AS DOUBLE))) AS BIGINT) AS first
            FROM (
                SELECT bit_or(CAST(1 AS BIGINT) << ((ts - {START_MS}) / {WEEK_MS})) AS bits
                FROM log GROUP BY uid
            ) GROUP BY bits
        ), week AS (SELECT unnest(range(0, {WEEKS})) AS week)"""

    def rows(self, query: str) -> list[tuple[int, ...]]:
        batches = self.context.sql(query).collect()
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

    def tags(self) -> list[int]:
        conditions = (*tag.NAMES, *tag.triples_sql())
        return self.counts(f"({self.user_tags()})", conditions)

    def prepare_tags(self) -> None:
        batches = self.context.sql(self.user_tags()).collect()
        self.context.register_record_batches("user_tag", partitions(batches))

    def algebra(self) -> list[int]:
        # One pass for all triples takes a third of the time of one query for each.
        return self.counts("user_tag", tag.triples_sql())

    @staticmethod
    def user_tags() -> str:
        # min(country): faster here than first_value, and a user has one country.
        return tag.tags_sql(
            lambda condition: f"count(*) FILTER (WHERE {condition})",
            lambda condition: f"coalesce(sum(amount) FILTER (WHERE {condition or 'true'}), 0)",
            "min(country)",
            str,
        )

    def counts(self, table: str, conditions: Iterable[str]) -> list[int]:
        """The number of rows that meet each condition."""
        columns = ", ".join(
            f"count(*) FILTER (WHERE {condition}) AS count{position}"
            for position, condition in enumerate(conditions)
        )
        [row] = self.context.sql(f"SELECT {columns} FROM {table} AS t").to_pylist()
        return list(row.values())

    def register_file(self, file: Path, csv_schema: pa.Schema = CSV_SCHEMA) -> None:
        self.context.deregister_table("file")
        if file.suffix == ".csv":
            self.context.register_csv("file", file, schema=csv_schema)
        else:
            self.context.register_parquet("file", file)

    def keep(self, query: str) -> None:
        """Collects a query into the table `log`, one partition of adjacent batches per core."""
        self.batches = self.context.sql(query).collect()
        self.context.register_record_batches("log", partitions(self.batches))


def partitions(batches: list[pa.RecordBatch]) -> list[list[pa.RecordBatch]]:
    """One list of adjacent batches per core."""
    size = -(-len(batches) // (os.cpu_count() or 1))
    return [batches[start : start + size] for start in range(0, len(batches), size)]


def code(name: str) -> str:
    return f"arrow_cast({name}, '{CODE}') AS {name}"
