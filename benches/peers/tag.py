"""The twenty tags of the workloads `tags` and `algebra`, as data and as SQL.

README.md says them in words. A tag is a rule over measures of a user: each of its tests holds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from workload import DAY_MS, END_MS


class Measure(NamedTuple):
    """A number per user: of the events that match, or the sum of their amounts."""

    name: str
    event: str = ""
    days: int = 0
    sums: bool = False


class Ago(NamedTuple):
    """The instant so many days before the end of the log."""

    days: int

    @property
    def ms(self) -> int:
        return END_MS - self.days * DAY_MS


class Test(NamedTuple):
    """A comparison of a measure, or of `first_ts`, `last_ts` or `country`, with a value."""

    name: str
    comparison: str
    value: int | str | Ago


MEASURES = (
    Measure("events_7d", days=7),
    Measure("events_30d", days=30),
    Measure("events_90d", days=90),
    Measure("orders", "order_paid"),
    Measure("orders_7d", "order_paid", 7),
    Measure("orders_30d", "order_paid", 30),
    Measure("orders_90d", "order_paid", 90),
    Measure("logins_7d", "login", 7),
    Measure("views_30d", "view", 30),
    Measure("carts_7d", "add_to_cart", 7),
    Measure("spent", sums=True),
    Measure("spent_30d", days=30, sums=True),
    Measure("invites", "invite"),
    Measure("posts", "post"),
    Measure("likes_30d", "like", 30),
    Measure("checkins_30d", "checkin", 30),
    Measure("favorites", "favorite"),
    Measure("shares", "share"),
)
RULES = (
    (Test("orders_30d", ">=", 2), Test("logins_7d", "=", 0)),
    (Test("spent", ">=", 100_000),),
    (Test("first_ts", ">=", Ago(7)),),
    (Test("last_ts", "<", Ago(30)),),
    (Test("last_ts", ">=", Ago(30)), Test("last_ts", "<", Ago(7))),
    (Test("orders", "=", 0), Test("views_30d", ">=", 10)),
    (Test("carts_7d", ">=", 1), Test("orders_7d", "=", 0)),
    (Test("orders", "=", 1),),
    (Test("orders", ">=", 5),),
    (Test("spent_30d", ">=", 50_000),),
    (Test("invites", ">=", 1),),
    (Test("posts", ">=", 3),),
    (Test("likes_30d", ">=", 20),),
    (Test("checkins_30d", ">=", 7),),
    (Test("events_7d", ">=", 50),),
    (Test("events_30d", "=", 0), Test("events_90d", ">=", 20)),
    (Test("orders_90d", ">=", 1), Test("orders_30d", "=", 0)),
    (Test("favorites", ">=", 3), Test("orders", "=", 0)),
    (Test("country", "=", "CN"), Test("spent", ">=", 20_000)),
    (Test("shares", ">=", 1), Test("events_30d", ">=", 10), Test("orders", ">=", 1)),
)
# Positions of the tags A, B and C in the number of users who have A and B but not C.
TRIPLES = (
    (8, 9, 0),
    (1, 4, 10),
    (5, 14, 17),
    (6, 12, 18),
    (7, 3, 16),
    (1, 8, 3),
    (13, 12, 14),
    (19, 18, 0),
    (17, 5, 2),
    (11, 12, 6),
)
NAMES = tuple(f"tag{position}" for position in range(len(RULES)))
COMPARISONS = {">=": operator.ge, "<": operator.lt, "=": operator.eq}


def holds(
    rule: tuple[Test, ...], column: Callable[[str], Any], instant: Callable[[int], Any]
) -> Any:
    """The rule over columns that compare with values and combine by `&`."""
    values = [
        COMPARISONS[test.comparison](
            column(test.name), instant(test.value.ms) if isinstance(test.value, Ago) else test.value
        )
        for test in rule
    ]
    return reduce(operator.and_, values)


def tags_sql(
    count: Callable[[str], str],
    total: Callable[[str], str],
    country: str,
    instant: Callable[[int], str],
    log: str = "log",
) -> str:
    """Table of events → one row per user, with a truth value per tag.

    `count` and `total` make the number of the events that match a condition, which may be empty,
    and the sum of their amounts; `instant` the literal of milliseconds since 1970.
    """
    measures = []
    for measure in MEASURES:
        conditions = [f"event = '{measure.event}'"] if measure.event else []
        conditions += [f"ts >= {instant(Ago(measure.days).ms)}"] if measure.days else []
        aggregate = total if measure.sums else count
        measures.append(f"{aggregate(' AND '.join(conditions))} AS {measure.name}")
    tags = zip(RULES, NAMES, strict=True)
    columns = [f"{rule_sql(rule, instant)} AS {name}" for rule, name in tags]
    return f"""SELECT {", ".join(columns)} FROM (
        SELECT min(ts) AS first_ts, max(ts) AS last_ts, {country} AS country, {", ".join(measures)}
        FROM {log} GROUP BY uid
    )"""


def rule_sql(rule: tuple[Test, ...], instant: Callable[[int], str]) -> str:
    def literal(value: int | str | Ago) -> str:
        if isinstance(value, Ago):
            return instant(value.ms)
        return f"'{value}'" if isinstance(value, str) else str(value)

    return "(" + " AND ".join(f"{x.name} {x.comparison} {literal(x.value)}" for x in rule) + ")"


def triples_sql() -> list[str]:
    """The conditions of the triples over the columns of tags."""
    return [f"{NAMES[a]} AND {NAMES[b]} AND NOT {NAMES[c]}" for a, b, c in TRIPLES]
