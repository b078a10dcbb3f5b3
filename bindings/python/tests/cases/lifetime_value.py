"""Cases of lifetime values: scores, forecasts with their errors, win-back, concentration."""

from __future__ import annotations

import json
from typing import Any

import userops as uo

from cases.case import Case
from cases.table import judge_tables


def answer(case: Case, name: str) -> list[Any]:
    customers, options = case.take("columns", {}), case.take("options", {})
    if name == "share_of_top":
        return [uo.share_of_top(case.take("values"), case.take("customer_ratios"))]
    if name == "forecast":
        groups = case.take("groups")
        purchases, spend = (uo.BtydFit.from_json(json.dumps(case.take(fit))) for fit in ("purchases", "spend"))
        forecast = uo.forecast_lifetime_value(customers, purchases, spend, **options)
        assert forecast.model.score(customers)["predicted_value"] == forecast.to_table()["predicted_value"]
        return [forecast.to_table(), forecast.to_group_table(customers, **groups)]
    model = uo.LifetimeValueModel.from_json(json.dumps(case.take("model")))
    assert uo.LifetimeValueModel(model.purchases, model.spend, **model.options) == model
    if name == "score":
        return [model.score(customers)]
    assert name == "win_back"
    return [model.rank_win_back(customers, **options)]


def judge_lifetime_value(case: Case) -> None:
    name = case.take("answer")
    tables = case.attempt(lambda: answer(case, name))
    if tables is not None:
        judge_tables(case, tables)
