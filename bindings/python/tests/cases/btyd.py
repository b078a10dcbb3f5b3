"""Cases of buying till you die: fits, scores, projections, draws, next purchases."""

from __future__ import annotations

from typing import Any

import userops as uo

from cases.case import Case
from cases.table import judge_tables


def answer(name: str, customers: Any, model: dict[str, Any] | None, horizons: list[float], options: Any) -> list[Any]:
    if name == "fit":
        fit = uo.fit_btyd(customers, **options)
        assert uo.BtydModel.from_json(fit.model.to_json()) == fit.model
        return [fit.to_table(), fit.to_summary_table()]
    assert model is not None
    kind: Any = model["model"]
    made = uo.BtydModel(kind, **{name: value for name, value in model.items() if name != "model"})
    if name == "score":
        return [made.score(customers, **options)]
    if name == "simulate":
        return [made.simulate(customers, **options)]
    if name == "next_purchase":
        return [made.predict_next_purchase(customers, **options)]
    if name == "review":
        return list(made.review_next_purchase(customers, **options))
    assert name == "project"
    return [made.project_new_customer(horizons)]


def judge_btyd(case: Case) -> None:
    name, customers, options = case.take("answer"), case.take("columns", {}), case.take("options", {})
    model, horizons = case.take("model", None), case.take("horizons", [])
    tables = case.attempt(lambda: answer(name, customers, model, horizons, options))
    if tables is not None:
        judge_tables(case, tables)
