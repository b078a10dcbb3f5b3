"""Cases of survival analysis: curves, log-rank tests, Cox's model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import userops as uo

from cases.case import Case
from cases.table import judge_tables

ANSWERS: dict[str, Callable[..., Any]] = {
    "curve": uo.estimate_survival,
    "log_rank": uo.compare_survival,
    "cox": uo.fit_cox,
}


def judge_survival(case: Case) -> None:
    answer, lives, options = ANSWERS[case.take("answer")], case.take("columns"), case.take("options", {})
    found = case.attempt(lambda: answer(lives, **options))
    if found is not None:
        judge_tables(case, [found.to_table(), found.to_summary_table()])
