"""ClickHouse, as chDB brings it: a query in, values for each user out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# In a process of its own: each native engine brings an allocator, and a crash of the other one is a failed test that
# shows the query, not the end of the run.
CHILD = "import sys, chdb; print(chdb.query(sys.stdin.read(), 'JSONCompact'))"
STRUCTURE = r"user Int64, time DateTime64(6, \'UTC\'), event String, n Nullable(Int64)"
SETTINGS = "output_format_json_quote_64bit_integers = 0, allow_experimental_funnel_functions = 1"
# The functions take time as unsigned numbers: windows are in microseconds here, bounds of patterns in seconds.
MICROS = "toUInt64(toUnixTimestamp64Micro(time))"
SECONDS = "toUInt64(toUnixTimestamp(time))"


def select_by_user(aggregates: list[str], events: str, until: str, columns: Sequence[str] = ()) -> str:
    """A query for aggregates of each user with an event up to an instant, over events with some columns more."""
    happened = f"SELECT * FROM {events} WHERE time <= toDateTime64('{until}', 6, 'UTC')"
    source = f"SELECT {', '.join(('*', *columns))} FROM ({happened})"
    return f"SELECT user, {', '.join(aggregates)} FROM ({source}) GROUP BY user SETTINGS {SETTINGS}"


def from_file(file: Path) -> str:
    """The events of a Parquet file, as what a query selects from."""
    path = str(file).replace("\\", "\\\\").replace("'", "\\'")
    return f"file('{path}', Parquet, '{STRUCTURE}')"


def from_rows(rows: list[tuple[int, str, str, int | None]]) -> str:
    """Events as what a query selects from, to be shown and asked anywhere."""
    # Texts of values name no zone: it is that of the column.
    values = (f"({user}, '{time.rstrip('Z')}', '{name}', {'NULL' if n is None else n})" for user, time, name, n in rows)
    return f"values('{STRUCTURE}', {', '.join(values)})"


def ask(query: str) -> dict[int, list[Any]]:
    """The rows of a query whose first column is a user."""
    done = subprocess.run([sys.executable, "-c", CHILD], input=query, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"chDB ended with {done.returncode}: {done.stderr.strip()[-2000:]}\n{query}")
    return {int(user): values for user, *values in json.loads(done.stdout)["data"]}
