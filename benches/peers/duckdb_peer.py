"""DuckDB: an in-memory database and SQL."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

import tag
from workload import (
    CODED,
    COUNTRIES,
    DAY_MS,
    END_MS,
    DAYS,
    EVENTS,
    FUNNEL,
    LOAD_COLUMNS,
    RECENT_DAYS,
    SORTED,
    START_MS,
    WEEK_MS,
    WEEKS,
    Log,
    Peer,
)

CSV_TYPES = {
    "user_id": "VARCHAR",
    "uid": "BIGINT",
    "ts": "TIMESTAMP",
    "event": "VARCHAR",
    "amount": "BIGINT",
    "country": "VARCHAR",
    "channel": "VARCHAR",
    "device": "VARCHAR",
}


class DuckDb(Peer):
    """Coded loads hold events as an enum; warm tables also countries, and instants as integers.

    The short texts that are left lie in the columns themselves, as good to queries as codes.
    """

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        for name, values in (("event_name", EVENTS), ("country_name", COUNTRIES)):
            texts = ", ".join(f"'{value}'" for value in values)
            self.connection.execute(f"CREATE TYPE {name} AS ENUM ({texts})")

    def drop(self) -> None:
        self.connection.execute("DROP TABLE IF EXISTS log")

    def load(self, file: Path, user: str, layout: str) -> None:
        source = f"read_parquet('{file}')"
        if file.suffix == ".csv":
            source = f"read_csv('{file}', header = true, columns = {CSV_TYPES})"
        columns = ", ".join((user, *LOAD_COLUMNS))
        if layout == CODED:
            # A cast is no slower than an enum as the declared type of the CSV column.
            columns = columns.replace("event", "event::event_name AS event")
        self.connection.execute(f"CREATE TABLE log AS SELECT {columns} FROM {source}")

    def table(self) -> pa.Table:
        return self.connection.execute("FROM log").to_arrow_table()

    def prepare(self, log: Log, layout: str) -> None:
        order = "ORDER BY uid, ts" if layout == SORTED else ""
        self.connection.execute(
            f"""CREATE TABLE log AS
            SELECT uid, epoch_ms(ts) AS ts, event::event_name AS event, amount,
                   country::country_name AS country, channel, device
            FROM read_parquet('{log.parquet}') {order}"""
        )

    def rfm(self) -> list[tuple[int, ...]]:
        # quantile_disc(x, q) is the ceil(q × N)-th smallest value. More than it means at least
        # ceil(q × N) buyers are strictly worse, which is what the score counts.
        quantiles = ", ".join(f"quantile_disc({x}, [.2, .4, .6, .8]) AS q{x}" for x in "rfm")

        def score(x: str) -> str:
            return "1 + " + " + ".join(f"({x} > q{x}[{i}])::INT" for i in (1, 2, 3, 4))

        return self.connection.execute(
            f"""WITH buyer AS MATERIALIZED (
                SELECT max(ts) AS r, count(*) AS f, sum(amount)::BIGINT AS m
                FROM log WHERE event = 'order_paid' GROUP BY uid
            ), threshold AS (SELECT {quantiles} FROM buyer)
            SELECT {score("r")} AS rs, {score("f")} AS fs, {score("m")} AS ms, count(*)
            FROM buyer, threshold GROUP BY ALL"""
        ).fetchall()

    def profile(self) -> None:
        counts = [f"count(*) FILTER (event = '{name}') AS events_{name}" for name in EVENTS]
        counts += [
            f"count(*) FILTER (ts >= {END_MS - days * DAY_MS}) AS events_{days}d"
            for days in RECENT_DAYS
        ]
        # Active days as three words of bits: faster here than count(DISTINCT day).
        words = [
            f"""bit_or(CASE WHEN day BETWEEN {64 * i} AND {64 * i + 63}
                THEN 1::UBIGINT << (day - {64 * i})::UBIGINT ELSE 0 END) AS word{i}"""
            for i in range(3)
        ]
        self.connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE profile AS
            SELECT * EXCLUDE (word0, word1, word2),
                   bit_count(word0)::INT + bit_count(word1)::INT + bit_count(word2)::INT
                   AS active_days
            FROM (
                SELECT uid, min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS events,
                       coalesce(sum(amount), 0)::BIGINT AS amount, {", ".join(counts + words)}
                FROM (SELECT *, (ts - {START_MS}) // {DAY_MS} AS day FROM log)
                GROUP BY uid
            )"""
        )

    def profiles(self) -> pa.Table:
        return self.connection.execute("FROM profile").to_arrow_table()

    def funnel(self) -> tuple[int, ...]:
        view, cart, order = FUNNEL
        # An ASOF join finds the latest view before each cart, and of each order the latest cart.
        return self.connection.execute(
            f"""WITH cart AS MATERIALIZED (
                SELECT cart.uid, cart.ts, view.ts AS start
                FROM log AS cart ASOF JOIN (SELECT uid, ts FROM log WHERE event = '{view}') AS view
                ON cart.uid = view.uid AND cart.ts >= view.ts WHERE cart.event = '{cart}'
            ), paid AS (
                SELECT paid.uid, paid.ts, cart.start FROM log AS paid ASOF JOIN cart
                ON paid.uid = cart.uid AND paid.ts >= cart.ts WHERE paid.event = '{order}'
            )
            SELECT (SELECT count(DISTINCT uid) FROM log WHERE event = '{view}'),
                   (SELECT count(DISTINCT uid) FROM cart WHERE ts - start <= {WEEK_MS}),
                   (SELECT count(DISTINCT uid) FROM paid WHERE ts - start <= {WEEK_MS})"""
        ).fetchone()

    def retention(self) -> list[tuple[int, ...]]:
        return self.connection.execute(
            f"""{self.weeks()}
            SELECT first, weeks - first, sum(users)::BIGINT
            FROM pattern, range({WEEKS}) AS week(weeks)
            WHERE weeks >= first AND (bits >> weeks) & 1 = 1 GROUP BY ALL"""
        ).fetchall()

    def activity(self) -> list[tuple[int, ...]]:
        # A user counts from an active day to the next one, at most as long as the window is: a sum
        # of what begins and ends each day, from a histogram of the gaps.
        return self.connection.execute(
            f"""WITH gap AS (
                SELECT day, least(coalesce(lead(day) OVER user_days - day, 30), 30) AS gap
                FROM (SELECT DISTINCT uid, ((ts - {START_MS}) // {DAY_MS})::INT AS day FROM log)
                WINDOW user_days AS (PARTITION BY uid ORDER BY day)
            ), histogram AS (SELECT day, gap, count(*) AS n FROM gap GROUP BY ALL
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
                SELECT day, sum(dau) OVER days, sum(wau) OVER days, sum(mau) OVER days
                FROM total WINDOW days AS (ORDER BY day)
            ) WHERE day < {DAYS}"""
        ).fetchall()

    def growth(self) -> list[tuple[int, ...]]:
        return self.connection.execute(
            f"""{self.weeks()}, cell AS (
                SELECT week, users, first, (bits >> week) & 1 = 1 AS now,
                       week > 0 AND (bits >> greatest(week - 1, 0)) & 1 = 1 AS before
                FROM pattern, range({WEEKS}) AS number(week)
            )
            SELECT week, coalesce(sum(users) FILTER (now AND first = week), 0)::BIGINT,
                   coalesce(sum(users) FILTER (now AND before), 0)::BIGINT,
                   coalesce(sum(users) FILTER (now AND NOT before AND first < week), 0)::BIGINT,
                   coalesce(sum(users) FILTER (before AND NOT now), 0)::BIGINT
            FROM cell GROUP BY week"""
        ).fetchall()

    @staticmethod
    def weeks() -> str:
        """The patterns of active weeks as bits, the first of them, and how many users have each."""
        return f"""WITH pattern AS (
            SELECT bits, count(*) AS users, bit_count((bits & -bits) - 1)::INT AS first FROM (
                SELECT bit_or(1::UINTEGER << ((ts - {START_MS}) // {WEEK_MS})::UINTEGER)::BIGINT
                    AS bits
                FROM log GROUP BY uid
            ) GROUP BY bits
        )"""

    def counts(self, table: str, conditions: Iterable[str]) -> tuple[int, ...]:
        """The number of rows that meet each condition."""
        columns = ", ".join(f"countif({condition})" for condition in conditions)
        return self.connection.execute(f"SELECT {columns} FROM {table}").fetchone()

    def tags(self) -> tuple[int, ...]:
        return self.counts(f"({self.user_tags()})", (*tag.NAMES, *tag.triples_sql()))

    def prepare_tags(self) -> None:
        self.connection.execute(f"CREATE TABLE user_tag AS {self.user_tags()}")

    def algebra(self) -> tuple[int, ...]:
        # One pass for all triples takes half of the time of one query for each.
        return self.counts("user_tag", tag.triples_sql())

    @staticmethod
    def user_tags() -> str:
        # countif: faster here than count(*) FILTER.
        return tag.tags_sql(
            lambda condition: f"countif({condition})",
            lambda condition: f"coalesce(sum(amount) FILTER ({condition or 'true'}), 0)",
            "any_value(country)",
            str,
        )
