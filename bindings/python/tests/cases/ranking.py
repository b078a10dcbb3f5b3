"""Cases of rankings and logistic regressions."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.table import judge_tables


def answer(name: str, columns: Any, options: dict[str, Any]) -> list[Any]:
    if name == "logistic":
        fit = uo.fit_logistic(columns, **options)
        assert uo.LogisticFit.from_json(fit.to_json()) == fit
        return [fit.to_table(), fit.score(columns)]
    found = uo.evaluate_ranking(columns, **options)
    assert name in ("top", "bins")
    return [found.to_table(), found.to_top_table() if name == "top" else found.to_calibration_table()]


def judge_ranking(case: Case) -> None:
    name, columns, options = case.take("answer"), case.take("columns"), case.take("options", {})
    tables = case.attempt(lambda: answer(name, columns, options))
    if tables is not None:
        judge_tables(case, tables)
