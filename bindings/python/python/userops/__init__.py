"""User operations as a library: an event log in; profiles, tags, segments, lifecycle stages and scores out.

A log is read from files, data frames or plain rows, and frozen. Every answer about it is a function of the log and the
instant `as_of`; there is no hidden clock and no guessed time zone. Answers are tables that any data frame library
takes over through Arrow, or plain dicts, and come with their explanations.

    import userops as uo

    log = uo.EventLog.read("orders.csv", mapping=uo.mapping("customer", "paid_at", amount="total"))
    print(log.report)
"""

from __future__ import annotations

import warnings as _warnings

from userops import errors
from userops._userops import (
    _IS_DEBUG_BUILD,
    Calendar,
    EventLog,
    Explanation,
    IngestReport,
    Table,
    __version__,
    anniversary_in_year,
    is_anniversary_within,
    mapping,
    plus_months,
    week_start,
    years_on,
)
from userops.errors import UseropsError
from userops.progress import Progress

__all__ = [
    "Calendar",
    "EventLog",
    "Explanation",
    "IngestReport",
    "Progress",
    "Table",
    "UseropsError",
    "__version__",
    "anniversary_in_year",
    "errors",
    "is_anniversary_within",
    "mapping",
    "plus_months",
    "week_start",
    "years_on",
]

if _IS_DEBUG_BUILD:
    _warnings.warn(
        "userops was built without optimization and is many times slower: build a wheel with `cargo xtask wheel`",
        RuntimeWarning,
        stacklevel=2,
    )
