"""Two answers for each user, compared; the first difference is shown with everything that makes it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from clickhouse import ask, from_file, from_rows, select_by_user
from random_log import SEED, RandomLog

# Expressions in one query: starting the other engine costs more than asking it.
BATCH = 40
# Answers that are not that about a user without events; a random test with fewer says little.
TELLING_MIN = 2_000


@dataclass(frozen=True)
class Question:
    """A question to both engines: what userops answers each user, and the aggregate that ClickHouse answers."""

    text: str
    ours: dict[int, Any]
    aggregate: str
    # What ClickHouse answers a user of whom it has no event.
    absent: Any = 0
    # A column for ClickHouse to add to the events, where the aggregate needs one.
    column: str | None = None


def judge(
    log: RandomLog,
    until: str,
    questions: list[Question],
    agrees: Callable[[Any, Any], bool] = lambda ours, theirs: bool(ours == theirs),
) -> None:
    """Asks ClickHouse all questions and compares the answers about every user."""
    telling = sum(answer != question.absent for question in questions for answer in question.ours.values())
    assert telling >= TELLING_MIN, f"only {telling} answers differ from that about nobody"
    for start in range(0, len(questions), BATCH):
        batch = questions[start : start + BATCH]
        theirs = ask(query_of(batch, from_file(log.file), until))
        assert theirs.keys() <= set(log.log.users()), "the log has lost users"
        for index, question in enumerate(batch):
            answers = {user: theirs[user][index] if user in theirs else question.absent for user in question.ours}
            wrong = [user for user, ours in question.ours.items() if not agrees(ours, answers[user])]
            if wrong:
                # The one with the fewest events is the easiest to understand.
                user = min(wrong, key=lambda user: len(log.rows_of(user)))
                rows = log.rows_of(user)
                pytest.fail(
                    f"{len(wrong)} of {len(answers)} users are answered differently, seed {SEED}\n"
                    f"question   {question.text}, as of {until}\n"
                    f"user       {user}: {rows}\n"
                    f"userops    {question.ours[user]}\n"
                    f"ClickHouse {answers[user]}\n"
                    f"query      {query_of([question], from_rows(rows), until) if rows else 'none: no events'}",
                    pytrace=False,
                )


def query_of(questions: list[Question], events: str, until: str) -> str:
    """What ClickHouse is asked."""
    columns = [question.column for question in questions if question.column is not None]
    return select_by_user([question.aggregate for question in questions], events, until, columns)
