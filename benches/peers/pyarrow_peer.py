"""pyarrow: Arrow tables, the common ground of notebooks. It takes part in loads only."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from workload import CODED, LOAD_COLUMNS, TEXTS, Peer

CSV_TYPES = {
    "user_id": pa.string(),
    "uid": pa.int64(),
    "ts": pa.timestamp("ms"),
    "amount": pa.int64(),
    **{name: pa.string() for name in TEXTS},
}
CODED_CSV_TYPES = CSV_TYPES | dict.fromkeys(TEXTS, pa.dictionary(pa.int32(), pa.string()))
CSV_BLOCK_BYTES = 8 << 20


class PyArrow(Peer):
    """Plain loads keep the dictionaries of Parquet, each with its part of the rows, and CSV texts.

    Both are the fastest to read. Coded loads have one dictionary per column.
    """

    def __init__(self) -> None:
        self.loaded = pa.table({})

    def drop(self) -> None:
        self.loaded = pa.table({})

    def load(self, file: Path, user: str, layout: str) -> None:
        columns = [user, *LOAD_COLUMNS]
        if file.suffix == ".csv":
            convert = pc.ConvertOptions(
                include_columns=columns,
                column_types=CODED_CSV_TYPES if layout == CODED else CSV_TYPES,
                timestamp_parsers=[pc.ISO8601],
            )
            read = pc.ReadOptions(block_size=CSV_BLOCK_BYTES)
            self.loaded = pc.read_csv(file, read_options=read, convert_options=convert)
        else:
            self.loaded = pq.read_table(file, columns=columns, read_dictionary=list(TEXTS))
        if layout == CODED:
            self.loaded = self.loaded.unify_dictionaries()

    def table(self) -> pa.Table:
        return self.loaded
