"""pyarrow: Arrow tables, the common ground of notebooks. It takes part in loads only."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from workload import LOAD_COLUMNS, Peer

TEXTS = ["event", "country", "channel", "device"]
CSV_TYPES = {
    "user_id": pa.string(),
    "uid": pa.int64(),
    "ts": pa.timestamp("ms"),
    "amount": pa.int64(),
    **{name: pa.string() for name in TEXTS},
}
CSV_BLOCK_BYTES = 8 << 20


class PyArrow(Peer):
    """Parquet dictionaries are kept; CSV texts stay as they are, which is faster than coding."""

    def __init__(self) -> None:
        self.loaded = pa.table({})

    def drop(self) -> None:
        self.loaded = pa.table({})

    def load(self, file: Path, user: str) -> None:
        columns = [user, *LOAD_COLUMNS]
        if file.suffix == ".csv":
            convert = pc.ConvertOptions(
                include_columns=columns, column_types=CSV_TYPES, timestamp_parsers=[pc.ISO8601]
            )
            read = pc.ReadOptions(block_size=CSV_BLOCK_BYTES)
            self.loaded = pc.read_csv(file, read_options=read, convert_options=convert)
        else:
            self.loaded = pq.read_table(file, columns=columns, read_dictionary=TEXTS)

    def table(self) -> pa.Table:
        return self.loaded
