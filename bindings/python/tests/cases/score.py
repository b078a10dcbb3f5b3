"""Cases of scores: contribution, RFM, schemes of cells, and the eight value groups."""

from __future__ import annotations

from collections import Counter
from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events

MEASURES = ("recency", "frequency", "monetary")


def judge_contribution(case: Case) -> None:
    columns, rules = case.take("dimensions"), case.take("rules")
    periods, cost = case.take("active_periods", None), case.take("cost", None)
    newcomers = case.take("newcomers", [])
    model = case.attempt(lambda: uo.ContributionModel.fit(columns, active_periods=periods, cost=cost, **rules))
    if model is None:
        return
    table = model.score_columns(columns, active_periods=periods, cost=cost)

    def score(row: int) -> dict[str, Any]:
        values = [columns[dimension["name"]][row] for dimension in model.rules["dimensions"]]
        of_row = {"active_periods": periods and periods[row], "cost": None if cost is None else cost[row]}
        model.explain(values, **of_row)
        return model.score(values, **of_row)

    by_user = [score(row) for row in range(len(table))]
    assert [user["tier"] for user in by_user] == table["tier"]
    assert [user["score"] for user in by_user] == table["score"]
    names = model.tier_names()
    actual = {"tiers": table["tier"], "chinese": [names[tier] for tier in table["tier"]], "scores": table["score"]}
    actual |= {"contributors": model.contributor_count, "core_cut": model.core_cut, "middle_cut": model.middle_cut}
    actual["newcomers"] = [model.score(**user)["tier"] for user in newcomers]
    case.rest("the model", actual)


def judge_rfm(case: Case) -> None:
    measures: Any = case.take("measures", None)
    options = case.take("options", None)
    newcomers = case.take("newcomers", [])
    schema, events = case.take("schema", {}), case.take("events", None)
    as_of, buyer_options = case.take("as_of", None), case.take("buyers", None)
    assert (measures is None) == (events is not None), "states neither measures nor events, as_of and buyers"
    actual: dict[str, Any] = {}

    def fit() -> tuple[Any, uo.RfmModel]:
        if events is None:
            return measures, uo.RfmModel.fit(measures, **(options or {}))
        buyers = uo.measure_buyers(read_events(schema, events), as_of=as_of, **buyer_options)
        columns = {name: buyers.to_table()[name] for name in MEASURES}
        actual.update(users=buyers.users(), measures=columns)
        case.compare("the buyers", {key: case.expect.pop(key) for key in list(actual) if key in case.expect}, actual)
        return columns, uo.RfmModel.fit(buyers, **(options or {}))

    fitted = case.attempt(fit)
    if fitted is None:
        return
    columns, model = fitted
    scores = model.score_columns(columns)
    users = list(zip(*(columns[name] for name in MEASURES), strict=True))
    assert [model.score(*user) for user in users] == scores
    scheme = uo.CellScheme.ten_segments()
    actual["scores"] = [str(score) for score in scores]
    if "segments" in case.expect:
        actual["segments"] = scheme.segments(scores)
        assert actual["segments"] == [scheme.segment(score) for score in scores]
    actual["newcomers"] = [str(model.score(**user)) for user in newcomers]
    for name in ("frequency_measure", "monetary_measure"):
        actual[name] = model.options[name]
    judge_cuts(case, model)
    case.rest("the model", actual)
    backwards = {name: columns[name][::-1] for name in MEASURES}
    again = uo.RfmModel.fit(backwards, **model.options)
    case.equal(
        "whether the order of users plays no part",
        (True, scores[::-1]),
        (again == model, again.score_columns(backwards)),
    )
    assert uo.RfmModel.from_json(model.to_json()) == model == uo.RfmModel.from_dict(model.to_dict())


def cut_values(cuts: dict[str, Any]) -> list[float]:
    ((_, values),) = cuts["values"].items()
    return list(values)


def judge_cuts(case: Case, model: uo.RfmModel) -> None:
    cuts = {"recency": model.recency_cuts, "frequency": model.frequency_cuts(), "monetary": model.monetary_cuts()}
    case.compare("the cuts", case.expected("cuts", {}), {name: cut_values(of) for name, of in cuts.items()})
    levels = len(cut_values(model.recency_cuts)) + 1
    nested_frequency, nested_monetary = case.expected("nested_frequency_cuts"), case.expected("nested_monetary_cuts")
    recencies = range(1, levels + 1)
    if nested_frequency is not None:
        found = [cut_values(model.frequency_cuts(recency)) for recency in recencies]
        case.equal("the nested cuts of frequency", nested_frequency, found)
    if nested_monetary is not None:
        frequencies = {recency: len(cut_values(model.frequency_cuts(recency))) + 1 for recency in recencies}
        of = {
            recency: [cut_values(model.monetary_cuts(recency, frequency)) for frequency in range(1, count + 1)]
            for recency, count in frequencies.items()
        }
        case.equal("the nested cuts of money", nested_monetary, list(of.values()))


def read_score(text: str) -> uo.RfmScore:
    parts = text.split("-") if "-" in text else list(text)
    recency, frequency, monetary = map(int, parts)
    return uo.RfmScore(recency, frequency, monetary)


def judge_rfm_scheme(case: Case) -> None:
    given = case.take("scheme")

    def make() -> uo.CellScheme:
        if given == "ten_segments":
            return uo.CellScheme.ten_segments()
        return uo.CellScheme(**given)

    scheme = case.attempt(make)
    if scheme is None:
        return
    for text, segment in case.expected("segments", {}).items():
        score = read_score(text)
        case.equal(f"the segment of {text}", [segment, segment], [scheme.segment(score), scheme.segments([score])[0]])
        scheme.explain(score)
    for text in case.expected("outside", []):
        try:
            kind = scheme.segment(read_score(text))
        except uo.errors.InvalidArgumentError as error:
            kind = error.kind
        case.equal(f"the segment of {text}", "invalid_argument", kind)
    recencies, frequencies, _ = scheme.bins
    cells = Counter(
        scheme.segment(uo.RfmScore(recency, frequency, 1))
        for recency in range(1, recencies + 1)
        for frequency in range(1, frequencies + 1)
    )
    case.rest("the scheme", {"names": scheme.names, "cells": dict(cells)})


def judge_value_group(case: Case) -> None:
    measures, options = case.take("measures"), case.take("options", {})
    newcomers = case.take("newcomers", [])
    scheme = case.attempt(lambda: uo.EightGroupScheme.fit(measures, **options))
    if scheme is None:
        return
    groups = scheme.groups(measures)
    users = zip(*(measures[name] for name in MEASURES), strict=True)
    assert [scheme.group(*user) for user in users] == groups
    names = scheme.group_names()
    thresholds = {name: float(value) for name, value in scheme.thresholds.items()}
    expected = {name: float(value) for name, value in case.expected("thresholds", {}).items()}
    case.compare("the thresholds", expected, thresholds)
    actual = {"groups": groups, "chinese": [names[group] for group in groups]}
    actual["newcomers"] = [scheme.group(**user) for user in newcomers]
    case.rest("the scheme", actual)
    backwards = {name: measures[name][::-1] for name in MEASURES}
    assert uo.EightGroupScheme.fit(backwards, **options) == scheme
    assert uo.EightGroupScheme.from_json(scheme.to_json()) == scheme
