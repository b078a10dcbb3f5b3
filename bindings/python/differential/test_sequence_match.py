"""`sequenceMatch`, `sequenceCount`, `sequenceMatchEvents` and `sequenceNextNode`, and what is asked like them.

ClickHouse sorts by time alone and leaves the order of an instant open, so an instant here has events of one name and
one `n`, whose order nobody can tell. A bound of time stands alone between two events: what ClickHouse makes of one
beside `.*` is another question, and tests of their own say which.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import userops as uo
from agreement import Question, judge
from clickhouse import SECONDS, ask, from_rows, select_by_user
from random_log import NAMES, Condition, Event, RandomLog, distinct_events, instant, randomness

USERS = 1_500
TRACED_USERS = 300
TRACED_PATTERNS = 60
NEXT_USERS = 300
NEXT_CHAINS = 80
LATE = 1_000_000
PATTERNS = 60
SHARES = (0.4, 1.0)


def repeated_events(rng: random.Random, users: int) -> list[Event]:
    """Events of each user at different instants, some of them several times."""
    events = distinct_events(rng, users, length=10)
    events += rng.choices(events, k=len(events) // 3)
    rng.shuffle(events)
    return events


def draw_pattern(rng: random.Random, conditions: int) -> str:
    """Up to five events, with nothing, `.*` or a bound of time between two."""
    pattern = ""
    for index in range(rng.randint(1, 5)):
        bound = f"(?t{rng.choice(('<=', '<', '>=', '>', '=='))}{rng.choice((0, 1, 2, 3, 5, 10))})"
        pattern += rng.choices(("", ".*", bound), (3, 3, 4))[0] if index else ""
        pattern += "." if rng.random() < 0.15 else f"(?{rng.randint(1, conditions)})"
    return pattern


def draw_question(rng: random.Random) -> dict[str, Any]:
    # ClickHouse looks at events that meet a condition, also at those whose condition the pattern does not name.
    conditions = [Condition.draw(rng) for _ in range(rng.randint(2, 4))]
    return {"pattern": draw_pattern(rng, len(conditions)), "conditions": conditions}


def counts(log: RandomLog, until: str, pattern: str, conditions: list[Condition]) -> dict[int, int]:
    patterns = [condition.pattern() for condition in conditions]
    table = uo.count_sequences(log.log, as_of=until, pattern=pattern, conditions=patterns).user_counts().to_dict()
    return dict(zip(table["user"], table["match_count"], strict=True))


def aggregate(function: str, pattern: str, conditions: list[Condition]) -> str:
    return f"{function}('{pattern}')({SECONDS}, {', '.join(condition.sql() for condition in conditions)})"


@pytest.mark.parametrize("share", SHARES)
def test_matches_and_counts_are_those_of_the_functions(share: float, tmp_path: Path) -> None:
    rng = randomness(f"sequence {share}")
    log = RandomLog.write(repeated_events(rng, USERS), tmp_path / "log.parquet")
    until = log.until(share)
    questions = []
    for _ in range(PATTERNS):
        asked = draw_question(rng)
        ours, text = counts(log, until, **asked), f"pattern {asked['pattern']} of {asked['conditions']}"
        matched = {user: int(count > 0) for user, count in ours.items()}
        questions.append(Question(text, matched, aggregate("sequenceMatch", **asked)))
        questions.append(Question(text, ours, aggregate("sequenceCount", **asked)))
    judge(log, until, questions)


def test_first_matches_are_where_sequence_match_events_has_them(tmp_path: Path) -> None:
    # It tells the instants of numbered conditions, not of `.`; without a match it tells the longest part of one, which
    # ours does not look for.
    rng = randomness("sequence events")
    log = RandomLog.write(repeated_events(rng, TRACED_USERS), tmp_path / "log.parquet")
    until, times = log.until(1.0), log.log.to_table()["time"]
    questions = []
    for _ in range(TRACED_PATTERNS):
        asked = draw_question(rng)
        asked["pattern"] = re.sub(r"\.(?!\*)", "(?1)", asked["pattern"])
        patterns = [condition.pattern() for condition in asked["conditions"]]
        counted = counts(log, until, **asked)
        ours = {}
        for user in (user for user, count in counted.items() if count > 0):
            first, *_ = uo.trace_sequence(log.log, user, as_of=until, pattern=asked["pattern"], conditions=patterns)
            ours[user] = [int(times[row].timestamp()) for row in first]
        text = f"first match of {asked['pattern']} of {asked['conditions']}"
        questions.append(Question(text, ours, aggregate("sequenceMatchEvents", **asked)))
    judge(log, until, questions)


BASES = [
    ("forward", "head"),
    ("forward", "first_match"),
    ("forward", "last_match"),
    ("backward", "tail"),
    ("backward", "first_match"),
    ("backward", "last_match"),
]


@pytest.mark.parametrize(("direction", "base"), BASES)
def test_what_comes_next_is_that_of_sequence_next_node(direction: str, base: str, tmp_path: Path) -> None:
    rng = randomness(f"next {direction} {base}")
    log = RandomLog.write(distinct_events(rng, NEXT_USERS, length=6), tmp_path / "log.parquet")
    until = log.until(1.0)
    logs = single_logs(log)
    questions = []
    for _ in range(NEXT_CHAINS):
        # A chain begins at its base, and takes one of several names: few users would have others.
        base_condition, *further = (draw_wide(rng) for _ in range(rng.choice((1, 1, 2, 3))))
        chain = [base_condition if rng.random() < 0.8 else draw_wide(rng), *further]
        query: dict[str, Any] = {
            "chain": [condition.pattern() for condition in chain],
            "base_condition": base_condition.pattern(),
            "direction": direction,
            "base": base,
        }
        ours = {user: next_event(uo.next_events(one, as_of=until, **query)) for user, one in logs.items()}
        conditions = ", ".join(condition.sql() for condition in (base_condition, *chain))
        expression = f"sequenceNextNode('{direction}', '{base}')({SECONDS}, event, {conditions})"
        questions.append(Question(f"what comes next: {query}", ours, expression, absent=None))
    judge(log, until, questions)


def draw_wide(rng: random.Random) -> Condition:
    return Condition(tuple(rng.sample(NAMES, rng.randint(2, 4)))) if rng.random() < 0.8 else Condition.draw(rng)


def single_logs(log: RandomLog) -> dict[int, uo.EventLog]:
    """A log for each user, since ours answers about a population; another one gives every name, after all others."""
    late = [{"user": -1, "time": instant(LATE), "event": name, "n": 0} for name in NAMES]
    rows: dict[int, list[dict[str, Any]]] = {}
    for user, second, name, n in log.events:
        rows.setdefault(user, []).append({"user": user, "time": instant(second), "event": name, "n": n})
    mapping = uo.mapping("user", "time", properties=["n"])
    return {user: uo.EventLog.read([*mine, *late], mapping=mapping) for user, mine in rows.items()}


def next_event(table: uo.Table) -> str | None:
    """The one name, unknown both without the chain and where it is the end, which ClickHouse does not tell apart."""
    events: list[str | None] = table.to_dict()["event"]
    return events[0] if events else None


TWO_QUESTIONS = [
    # Behind a star: ClickHouse counts from where the star ends, which bounds nothing.
    ("(?1).*(?t<=5)(?2)", 0, 1),
    # Before a star: of the event at which the star begins, be it passed over or not.
    ("(?1)(?t<=5).*(?2)", 0, 1),
]


@pytest.mark.parametrize(("pattern", "ours", "theirs"), TWO_QUESTIONS)
def test_a_bound_beside_a_star_is_another_question(pattern: str, ours: int, theirs: int, tmp_path: Path) -> None:
    log = RandomLog.write([(0, 0, "a", None), (0, 3, "c", None), (0, 10, "b", None)], tmp_path / "log.parquet")
    conditions = [Condition((name,)) for name in "abc"]
    assert counts(log, instant(10), pattern, conditions)[0] == ours
    asked = select_by_user([aggregate("sequenceCount", pattern, conditions)], from_rows(log.rows_of(0)), instant(10))
    assert ask(asked) == {0: [theirs]}


def test_two_bounds_in_a_row_are_refused_by_clickhouse_alone(tmp_path: Path) -> None:
    log = RandomLog.write([(0, 0, "a", None), (0, 3, "b", None)], tmp_path / "log.parquet")
    conditions = [Condition((name,)) for name in "ab"]
    pattern = "(?1)(?t>=1)(?t<=5)(?2)"
    assert counts(log, instant(10), pattern, conditions)[0] == 1
    with pytest.raises(RuntimeError, match="preceded by an event condition"):
        ask(select_by_user([aggregate("sequenceCount", pattern, conditions)], from_rows(log.rows_of(0)), instant(10)))
