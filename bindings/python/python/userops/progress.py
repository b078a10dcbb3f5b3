"""How far a read has come: what a progress callback is called with, and a line for those who have none."""

from __future__ import annotations

import sys
from typing import NamedTuple

__all__ = ["Bar", "Progress"]


class Progress(NamedTuple):
    """How far a read has come. No number ever goes down."""

    bytes_read: int
    """Bytes that were read, of all files and bytes in memory; Arrow streams count for none."""
    bytes_total: int
    """Bytes there are."""
    rows_read: int
    """Rows that were read."""
    source: str
    """The source that is being read."""


class Bar:
    """A line on standard error that says how far a read has come: what `progress=True` stands for."""

    def __call__(self, progress: Progress) -> None:
        """Writes the line anew; the last one ends it."""
        share = f" {progress.bytes_read / progress.bytes_total:4.0%}" if progress.bytes_total else ""
        done = bool(progress.bytes_total) and progress.bytes_read >= progress.bytes_total
        sys.stderr.write(f"\r{progress.source}:{share} {progress.rows_read:,} rows" + ("\n" if done else ""))
        sys.stderr.flush()
