"""Cases of answers that come as tables: paths, series, drivers, attribution, churn, purchases, early warning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events


def path_tree(log: uo.EventLog, **asked: Any) -> list[Any]:
    tree = uo.build_path_tree(log, **asked)
    assert len(tree) == len(tree.nodes) == len(tree.to_table())
    return [tree.to_table(), tree.to_flow_table()]


def drivers(log: uo.EventLog, **asked: Any) -> list[Any]:
    found = uo.find_drivers(log, **asked)
    assert len(found) == len(found.rows)
    return [found.to_table(), [found.population | {"constant_count": found.constant_count}]]


def attribution(log: uo.EventLog, **asked: Any) -> list[Any]:
    found = uo.attribute_conversions(log, **asked)
    names = ("conversion_count", "unattributed_count", "value_minor", "ended_count", "open_count")
    return [found.to_table(), [{name: getattr(found, name) for name in names}]]


def features(log: uo.EventLog, **asked: Any) -> list[Any]:
    return [uo.read_warning_features(log, **asked)]


def fit(log: uo.EventLog, **asked: Any) -> list[Any]:
    found = uo.fit_warning(log, **asked)
    assert uo.WarningModel.from_json(found.model.to_json()) == found.model
    return [found.to_cut_table(), found.to_note_table()]


def watch_list(log: uo.EventLog, *, as_of: str, **asked: Any) -> list[Any]:
    model, score = uo.WarningModel.from_json(json.dumps(asked["model"])), asked["score"]
    for row in model.score(log, as_of=as_of, **score).to_dicts():
        known = model.read_user(log, row["user"], as_of=as_of)
        assert known is not None
        assert model.probability(known) == model.explain(known).value == row["probability"]
    return list(model.watch_list(log, as_of=as_of, **asked["list"], **score))


def churn_standard(log: uo.EventLog, **asked: Any) -> list[Any]:
    standard = uo.set_churn_standard(log, **asked)
    options = {name: option for name, option in asked.items() if name != "as_of"}
    assert uo.collect_gaps(log, **asked).standard(**options) == standard
    assert standard.to_summary_table()[0]["threshold_days"] == standard.threshold_days
    return [standard.to_table(), standard.to_summary_table()]


ANSWERS: dict[str, Callable[..., list[Any]]] = {
    "purchases": lambda log, **asked: list(uo.summarise_purchases(log, **asked)),
    "transitions": lambda log, **asked: [uo.count_transitions(log, **asked)],
    "path_tree": path_tree,
    "series": lambda log, **asked: [uo.build_series(log, **asked)],
    "portrait_series": lambda log, **asked: [uo.build_portrait_series(log, **asked)],
    "drivers": drivers,
    "attribution": attribution,
    "churn_standard": churn_standard,
    "features": features,
    "fit": fit,
    "watch_list": watch_list,
    "churn_thresholds": lambda log, **asked: [uo.set_churn_standard(log, **asked).to_threshold_table()],
}


def judge_table(case: Case) -> None:
    log = read_events(case.take("schema", {}), case.take("events"), case.take("attributes", None))
    answer, as_of, options = ANSWERS[case.take("answer")], case.take("as_of"), case.take("options")
    tables = case.attempt(lambda: answer(log, as_of=as_of, **options))
    if tables is not None:
        judge_tables(case, tables)


def judge_tables(case: Case, tables: list[Any]) -> None:
    """Compares the rows of both tables, where the case expects them."""
    for name, number in (("rows", 0), ("second", 1)):
        expected = case.expected(name)
        if expected is None:
            continue
        found = tables[number]
        rows = found if isinstance(found, list) else found.to_dicts()
        for index, (expect, row) in enumerate(case.rows(name, expected, rows)):
            unknown = dict.fromkeys(expect.pop("unknown", []))
            case.compare(f"row {index} of {name}", expect | unknown, row)
