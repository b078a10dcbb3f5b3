"""Answers as lists of whole numbers, the same for every engine that computed the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workload import CHANNELS, COUNTRIES, DEVICES, EVENTS, PROFILE_COLUMNS, START_MS, Rows

# A prime: sums of (column % MODULUS) * (uid % MODULUS) tell apart tables whose plain sums agree.
MODULUS = 1009


def of_load(table: pa.Table) -> list[int]:
    """Rows, amounts, sums, products with the user, and counts of each text, in listed order."""
    uid = users(table)
    offset = numbers(table["ts"]) - START_MS
    amount = numbers(table["amount"])
    answer = [table.num_rows, table.num_rows - table["amount"].null_count]
    answer += [int(column.sum()) for column in (uid, offset, amount)]
    answer += [paired_sum(column, uid) for column in (offset, amount)]
    for name, values in (
        ("event", EVENTS),
        ("country", COUNTRIES),
        ("channel", CHANNELS),
        ("device", DEVICES),
    ):
        answer += counts(table[name], values)
    return answer


def of_rows(rows: Rows) -> list[list[int]]:
    """Rows of whole numbers, in order."""
    return sorted([int(value) for value in row] for row in rows)


def of_counts(counts: Iterable[int]) -> list[int]:
    """Numbers of users, in the order given."""
    return [int(count) for count in counts]


def of_profiles(table: pa.Table) -> list[int]:
    """Number of users, the sum of each column, the product of each column with the user."""
    uid = users(table)
    columns = [numbers(table[name]) for name in PROFILE_COLUMNS]
    sums = [int(column.sum()) for column in columns]
    return [table.num_rows, *sums, *(paired_sum(column, uid) for column in columns)]


def paired_sum(column: np.ndarray, uid: np.ndarray) -> int:
    return int(((column % MODULUS) * (uid % MODULUS)).sum())


def users(table: pa.Table) -> np.ndarray:
    """The number of each row's user, from its text where the table has no other."""
    if "uid" in table.column_names:
        return numbers(table["uid"])
    texts = pc.utf8_slice_codeunits(table["user_id"].cast(pa.string()), 1)
    return numbers(texts.cast(pa.int64()))


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column as int64: instants in milliseconds since 1970, nulls as 0."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", column.type.tz))
    return pc.fill_null(column.cast(pa.int64()), 0).to_numpy()


def counts(column: pa.ChunkedArray, values: Sequence[str]) -> list[int]:
    """How often each value occurs; another value is an error."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = {str(pair["values"]): pair["counts"] for pair in pc.value_counts(column).to_pylist()}
    unknown = found.keys() - set(values)
    if unknown:
        raise ValueError(f"unexpected values {sorted(unknown)}")
    return [found.get(value, 0) for value in values]
