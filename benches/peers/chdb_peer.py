"""chDB: ClickHouse inside the process."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
from chdb import session

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
    WEEK_MS,
    WEEKS,
    Log,
    Peer,
)

CODE = "LowCardinality(String)"


def column_types(text: str) -> dict[str, str]:
    """Types of the file's columns, with the given type for texts of few values."""
    return {
        "user_id": "String",
        "uid": "Int64",
        "ts": "DateTime64(3, 'UTC')",
        "event": text,
        "amount": "Nullable(Int64)",
        "country": text,
        "channel": text,
        "device": text,
    }


def instant(ms: int) -> str:
    return f"fromUnixTimestamp64Milli({ms}, 'UTC')"


def declaration(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_name}" for name, type_name in types.items())


class ChDb(Peer):
    """Tables of the engine `Memory`; coded and warm ones hold texts of few values as codes."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="chdb-")
        self.session = session.Session(self.folder)
        self.session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")

    def close(self) -> None:
        self.session.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def drop(self) -> None:
        self.run("DROP TABLE IF EXISTS bench.log SYNC")

    def load(self, file: Path, user: str, layout: str) -> None:
        self.fill(file, user, CODE if layout == CODED else "String", "")

    def table(self) -> pa.Table:
        return self.arrow("SELECT * FROM bench.log")

    def prepare(self, log: Log, layout: str) -> None:
        self.fill(log.parquet, "uid", CODE, "ORDER BY uid, ts" if layout == SORTED else "")

    def rfm(self) -> list[tuple[int, ...]]:
        # quantilesExact(q) is the value at position floor(q × N) of the sorted ones. A level just
        # below i / 5 makes that the ceil(i × N / 5)-th smallest, also where 5 divides i × N.
        levels = ", ".join(f"{i / 5 - 1e-9:.9f}" for i in (1, 2, 3, 4))
        arrays = ", ".join(
            f"groupArray({x}) AS {x}s, quantilesExact({levels})({x}) AS q{x}" for x in "rfm"
        )

        def score(x: str) -> str:
            return "1 + " + " + ".join(f"({x} > q{x}[{i}])" for i in (1, 2, 3, 4))

        return self.rows(
            f"""WITH buyer AS (
                SELECT max(ts) AS r, count() AS f, sum(amount) AS m
                FROM bench.log WHERE event = 'order_paid' GROUP BY uid
            ), population AS (SELECT {arrays} FROM buyer)
            SELECT {score("r")} AS r_score, {score("f")} AS f_score, {score("m")} AS m_score,
                   count() AS users
            FROM population ARRAY JOIN rs AS r, fs AS f, ms AS m
            GROUP BY r_score, f_score, m_score"""
        )

    def profile(self) -> None:
        counts = [f"countIf(event = '{name}') AS events_{name}" for name in EVENTS]
        counts += [
            f"countIf(ts >= {instant(END_MS - days * DAY_MS)}) AS events_{days}d"
            for days in RECENT_DAYS
        ]
        # Active days as three words of bits: faster here than uniqExact(day).
        words = [
            f"groupBitOr(bitShiftLeft(toUInt64(intDiv(day, 64) = {i}), bitAnd(day, 63))) AS word{i}"
            for i in range(3)
        ]
        self.run("DROP TABLE IF EXISTS bench.profile SYNC")
        self.run(
            f"""CREATE TABLE bench.profile ENGINE = Memory AS
            SELECT * EXCEPT (word0, word1, word2),
                   bitCount(word0) + bitCount(word1) + bitCount(word2) AS active_days
            FROM (
                SELECT uid, min(ts) AS first_ts, max(ts) AS last_ts, count() AS events,
                       ifNull(sum(amount), 0) AS amount, {", ".join(counts + words)}
                FROM (
                    SELECT *, toUInt8(intDiv(toUnixTimestamp64Milli(ts) - {START_MS}, {DAY_MS}))
                           AS day
                    FROM bench.log
                )
                GROUP BY uid
            )"""
        )

    def profiles(self) -> pa.Table:
        return self.arrow("SELECT * FROM bench.profile")

    def funnel(self) -> list[int]:
        steps = ", ".join(f"event = '{name}'" for name in FUNNEL)
        names = ", ".join(f"'{name}'" for name in FUNNEL)
        levels = f"""(
            SELECT windowFunnel({WEEK_MS})(toUInt64(toUnixTimestamp64Milli(ts)), {steps}) AS level
            FROM bench.log WHERE event IN ({names}) GROUP BY uid
        )"""
        return self.row([f"countIf(level > {step})" for step in range(len(FUNNEL))], levels)

    def retention(self) -> list[tuple[int, ...]]:
        return self.rows(
            f"""SELECT first, week - first AS offset, sum(users) AS n
            FROM ({self.weeks()}) ARRAY JOIN range({WEEKS}) AS week
            WHERE week >= first AND bitTest(bits, week) GROUP BY first, offset"""
        )

    def activity(self) -> list[tuple[int, ...]]:
        # A user counts from an active day to the next one, at most as long as the window is.
        return self.rows(
            f"""WITH gap AS (
                SELECT day, toInt64(least(next - day, 30)) AS gap, toInt64(count()) AS n
                FROM (
                    SELECT arraySort(groupUniqArray(
                        toUInt8(intDiv(toUnixTimestamp64Milli(ts) - {START_MS}, {DAY_MS})))) AS days
                    FROM bench.log GROUP BY uid
                )
                ARRAY JOIN days AS day, arrayPushBack(arrayPopFront(days), 255) AS next
                GROUP BY day, gap
            ), change AS (
                SELECT change.1 AS day,
                       sum(change.2) AS dau, sum(change.3) AS wau, sum(change.4) AS mau
                FROM (
                    SELECT arrayJoin([
                        (toInt64(day), n, n, n), (toInt64(day) + 1, -n, 0, 0),
                        (toInt64(day) + least(gap, 7), 0, -n, 0), (toInt64(day) + gap, 0, 0, -n)
                    ]) AS change FROM gap
                ) GROUP BY day
            )
            SELECT * FROM (
                SELECT day, sum(dau) OVER days, sum(wau) OVER days, sum(mau) OVER days
                FROM change WINDOW days AS (ORDER BY day ROWS UNBOUNDED PRECEDING)
            ) WHERE day < {DAYS}"""
        )

    def growth(self) -> list[tuple[int, ...]]:
        return self.rows(
            f"""SELECT week, sumIf(users, now AND first = week), sumIf(users, now AND before),
                   sumIf(users, now AND NOT before AND first < week),
                   sumIf(users, before AND NOT now)
            FROM (
                SELECT week, users, first, bitTest(bits, week) AS now,
                       week > 0 AND bitTest(bits, greatest(week, 1) - 1) AS before
                FROM ({self.weeks()}) ARRAY JOIN range({WEEKS}) AS week
            ) GROUP BY week"""
        )

    @staticmethod
    def weeks() -> str:
        """The patterns of active weeks as bits, the first of them, and how many users have each."""
        return f"""SELECT bits, count() AS users,
                   bitCount(toUInt32(bitAnd(toInt64(bits), -toInt64(bits)) - 1)) AS first
            FROM (
                SELECT groupBitOr(bitShiftLeft(toUInt32(1),
                    toUInt8(intDiv(toUnixTimestamp64Milli(ts) - {START_MS}, {WEEK_MS})))) AS bits
                FROM bench.log GROUP BY uid
            ) GROUP BY bits"""

    def tags(self) -> list[int]:
        conditions = (*tag.NAMES, *tag.triples_sql())
        counts = [f"countIf({condition})" for condition in conditions]
        return self.row(counts, f"({self.user_tags()})")

    def prepare_tags(self) -> None:
        bitmaps = ", ".join(f"groupBitmapStateIf(user, {name}) AS {name}" for name in tag.NAMES)
        self.run(
            f"""CREATE TABLE bench.bitmap ENGINE = Memory AS SELECT {bitmaps}
            FROM (SELECT *, toUInt32(rowNumberInAllBlocks()) AS user FROM ({self.user_tags()}))"""
        )

    def algebra(self) -> list[int]:
        # All triples in one query take a third of the time of one query for each.
        counts = [
            f"bitmapAndnotCardinality(bitmapAnd({tag.NAMES[a]}, {tag.NAMES[b]}), {tag.NAMES[c]})"
            for a, b, c in tag.TRIPLES
        ]
        return self.row(counts, "bench.bitmap")

    @staticmethod
    def user_tags() -> str:
        return tag.tags_sql(
            lambda condition: f"countIf({condition})",
            lambda condition: f"sumIf(ifNull(amount, 0), {condition or 'true'})",
            "any(country)",
            instant,
            "bench.log",
        )

    def rows(self, query: str) -> list[tuple[int, ...]]:
        return [tuple(row.values()) for row in self.arrow(query).to_pylist()]

    def row(self, numbers: list[str], table: str) -> list[int]:
        """The one row of a query, as numbers."""
        columns = ", ".join(f"{number} AS n{i}" for i, number in enumerate(numbers))
        [row] = self.arrow(f"SELECT {columns} FROM {table}").to_pylist()
        return list(row.values())

    def fill(self, file: Path, user: str, text: str, order: str) -> None:
        types = column_types(text)
        # Texts of CSV become codes on their way into the table, in a third of the time that parsing
        # them as codes takes. Dictionaries of Parquet are best read as codes.
        file_types = column_types("String") if file.suffix == ".csv" else types
        structure = declaration(file_types).replace("'", "\\'")
        columns = (user, *LOAD_COLUMNS)
        table = declaration({name: types[name] for name in columns})
        file_format = "CSVWithNames" if file.suffix == ".csv" else "Parquet"
        self.run(f"CREATE TABLE bench.log ({table}) ENGINE = Memory")
        self.run(
            f"""INSERT INTO bench.log SELECT {", ".join(columns)}
            FROM file('{file}', {file_format}, '{structure}') {order}
            SETTINGS date_time_input_format = 'basic'"""
        )

    def run(self, query: str) -> None:
        self.session.query(query, "Null")

    def arrow(self, query: str) -> pa.Table:
        return self.session.query(query, "ArrowTable")
