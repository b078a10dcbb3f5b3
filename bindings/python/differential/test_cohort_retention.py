"""`retention` over a flag for each period, and retention user by user.

The function tells which flags were ever set, beside the first one, whatever the order of the events. A return is later
than its start, so each flag asks for that too. Calendars take part: periods are counted in a zone whose clocks change
within the log.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import userops as uo
from agreement import Question, judge
from random_log import NAMES, Condition, Event, RandomLog, randomness

ZONE = "America/New_York"
DAY = 86_400
# From January over the second Sunday of March, when clocks are set forward.
DAYS = 100
USERS = 1_200
SHARES = (0.5, 1.0)
PERIODS: list[Any] = ["day", {"week": {}}, "month", {"rolling": "1d"}, {"rolling": "36h"}]
MEASURES = {"on": "= {low}", "on_or_after": ">= {low}", "on_or_before": "<= {low}"}
BRACKETS = {"on": ">= {low} AND {since} < {high}", "on_or_after": ">= {low}", "on_or_before": "< {high}"}


@dataclass(frozen=True)
class Numbering:
    """How ClickHouse numbers periods: one for each start, by the calendar or by time elapsed."""

    period: Any

    def of(self, time: str) -> str:
        """The number of the calendar period of an instant; of its day where periods roll."""
        if self.period == "month":
            return f"toInt64(toYear({time}, '{ZONE}') * 12 + toMonth({time}, '{ZONE}'))"
        if self.period == {"week": {}}:
            return f"intDiv(toInt64(toMonday({time}, '{ZONE}')), 7)"
        return f"toInt64(toDate({time}, '{ZONE}'))"

    def of_cohort(self, day: date) -> int:
        """The same of the first day of a cohort."""
        if self.period == "month":
            return day.year * 12 + day.month
        days = (day - date(1970, 1, 1)).days
        return days // 7 if self.period == {"week": {}} else days

    def since(self, start: str) -> str:
        """How many periods after a start an event is."""
        if isinstance(self.period, dict) and "rolling" in self.period:
            seconds = {"1d": DAY, "36h": 36 * 3_600}[self.period["rolling"]]
            return f"intDiv(toUnixTimestamp64Micro(time) - toUnixTimestamp64Micro({start}), {seconds * 1_000_000})"
        return f"({self.of('time')} - {self.of(start)})"


def draw_events(rng: random.Random) -> list[Event]:
    """Events of each user around some days, a third of them at the instant of another."""
    events: list[Event] = []
    for user in range(USERS):
        days = [rng.randrange(DAYS - 14) + rng.choice((0, 0, 1, 2, 7, 13)) for _ in range(3)]
        mine = [(user, rng.choice(days) * DAY + rng.randrange(DAY)) for _ in range(rng.randint(1, 10))]
        mine += rng.choices(mine, k=len(mine) // 2)
        events += [(user, second, rng.choice(NAMES), rng.choice((None, 1, 2, 3))) for user, second in mine]
    rng.shuffle(events)
    return events


def flags(numbering: Numbering, start: str, returns: Condition, measure: str, bounds: list[int], wide: bool) -> str:
    """`retention` of a start, and of a return in each period or bracket."""
    since = numbering.since(start)
    form = "{since} " + (BRACKETS if wide else MEASURES)[measure]
    columns = [
        f"time > {start} AND {returns.sql()} AND {form.format(since=since, low=low, high=high)}"
        for low, high in pairwise(bounds)
    ]
    return f"retention(time = {start}, {', '.join(columns)})"


def flags_of(row: dict[str, Any], measure: str) -> list[int | None]:
    """Our answer as flags; a period that has not begun has no return, but one before it counts as on or before it."""
    open_flag = None if measure == "on_or_before" else 0
    columns = [value for name, value in row.items() if name.startswith("period_")]
    return [1, *(open_flag if value is None else int(value) for value in columns)]


def agree(ours: list[int | None], theirs: list[int]) -> bool:
    """Whether flags are the same where ours are known."""
    return len(ours) == len(theirs) and all(mine in (None, other) for mine, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("period", PERIODS, ids=str)
@pytest.mark.parametrize("share", SHARES)
def test_users_are_retained_where_retention_says_so(period: Any, share: float, tmp_path: Path) -> None:
    rng = randomness(f"retention {period} {share}")
    log = RandomLog.write(draw_events(rng), tmp_path / "log.parquet", zone=ZONE)
    until, numbering = log.until(share), Numbering(period)
    questions: list[Question] = []
    for _ in range(12):
        start, returns = Condition.draw(rng), Condition.draw(rng)
        measure, is_wide, is_recurring = rng.choice(list(MEASURES)), rng.random() < 0.4, rng.random() < 0.5
        bounds = [0, 1, 2, 5, 9] if is_wide else list(range(7))
        options: dict[str, Any] = {
            "period": period,
            "start": {"recurring" if is_recurring else "first_match": start.pattern()},
            "returns": returns.pattern(),
            "measure": measure,
            **({"brackets": bounds} if is_wide else {"period_last": bounds[-2]}),
        }
        rows = uo.retention_of_users(log.log, as_of=until, **options).to_dicts()
        cohorts = sorted({row["cohort"] for row in rows})
        for cohort in rng.sample(cohorts, min(4, len(cohorts))) if is_recurring else [None]:
            mine = [row for row in rows if cohort in (None, row["cohort"])]
            condition = start.sql()
            if cohort is not None:
                condition += f" AND {numbering.of('time')} = {numbering.of_cohort(cohort)}"
            name = f"start{len(questions)}"
            column = f"minIf(time, {condition}) OVER (PARTITION BY user) AS {name}"
            aggregate = flags(numbering, name, returns, measure, bounds, is_wide)
            nothing = [0] * len(bounds)
            answers: dict[Any, Any] = dict.fromkeys(log.log.users(), nothing)
            answers |= {row["user"]: flags_of(row, measure) for row in mine}
            text = f"retention {options}" + (f" of those who started in {cohort}" if cohort else "")
            questions.append(Question(text, answers, aggregate, nothing, column))
    judge(log, until, questions, agree)
