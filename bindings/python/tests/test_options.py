"""Options that are misspelt: type checkers refuse them where they are written, and the engine when they are used.

Each `type: ignore` is a check of its own: mypy warns of one that is not needed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import userops as uo
from userops import errors

LOG = uo.EventLog.read([{"user": 1, "time": "2026-01-01", "event": "view"}], mapping=uo.mapping("user", "time"))
AS_OF = "2026-02-01T00:00:00Z"
PAY = {"events": ["view"]}
LIVES: dict[str, list[object]] = {"duration": [1.0, 2.0], "event": [True, False], "group": ["a", "b"], "age": [30, 40]}
MEASURES = {"recency": [1, 2], "frequency": [1, 2], "monetary": [10, 20]}
MODEL = uo.BtydModel("bg_nbd", r=0.24, alpha=4.4, a=0.79, b=2.4)
SPEND = uo.BtydModel("gamma_gamma", p=6.25, q=3.74, v=15.4)
MISSPELT: dict[str, Callable[[], object]] = {
    "profiles": lambda: uo.build_profiles(LOG, as_of=AS_OF, window_days=[7]),  # type: ignore[call-arg]
    "retention": lambda: uo.measure_retention(LOG, as_of=AS_OF, period="day", last=3),  # type: ignore[call-arg]
    "a measure": lambda: uo.measure_retention(LOG, as_of=AS_OF, period="day", measure="in"),  # type: ignore[arg-type]
    "growth": lambda: uo.account_growth(LOG, as_of=AS_OF, period="day", activities=["view"]),  # type: ignore[call-arg]
    "a period": lambda: uo.account_growth(LOG, as_of=AS_OF, period="year"),  # type: ignore[arg-type]
    "active users": lambda: uo.count_active_users(LOG, as_of=AS_OF, windows=[1]),  # type: ignore[call-arg]
    "active days": lambda: uo.count_active_days(LOG, as_of=AS_OF, day=7),  # type: ignore[call-arg]
    "stickiness": lambda: uo.measure_stickiness(LOG, as_of=AS_OF),  # type: ignore[call-arg]
    "sessions": lambda: uo.find_sessions(LOG, as_of=AS_OF, gaps="30m"),  # type: ignore[call-arg]
    "a funnel": lambda: uo.measure_conversion(LOG, as_of=AS_OF, steps=["view"], windw="1d"),  # type: ignore[call-arg]
    "an order": lambda: uo.trace_funnel(LOG, 1, as_of=AS_OF, steps=["view"], order="some"),  # type: ignore[arg-type]
    "paths": lambda: uo.count_transitions(LOG, as_of=AS_OF, gap="30m"),  # type: ignore[call-arg]
    "a tree": lambda: uo.build_path_tree(LOG, as_of=AS_OF, deep=3),  # type: ignore[call-arg]
    "drivers": lambda: uo.find_drivers(LOG, as_of=AS_OF, target=PAY, count=[1]),  # type: ignore[call-arg]
    "attribution": lambda: uo.attribute_conversions(LOG, as_of=AS_OF, conversion=PAY, touch={}),  # type: ignore[call-arg]
    "a ladder": lambda: uo.build_ladder(LOG, as_of=AS_OF, orders=["view"], rungs=3),  # type: ignore[call-arg]
    "a churn standard": lambda: uo.set_churn_standard(LOG, as_of=AS_OF, horizon=30),  # type: ignore[call-arg]
    "a rule": lambda: uo.set_churn_standard(LOG, as_of=AS_OF, rule="elbow"),  # type: ignore[arg-type]
    "gaps": lambda: uo.collect_gaps(LOG, as_of=AS_OF, step=7),  # type: ignore[call-arg]
    "survival": lambda: uo.estimate_survival(LIVES, interval="log"),  # type: ignore[arg-type]
    "a comparison": lambda: uo.compare_survival(LIVES, by="group"),  # type: ignore[call-arg]
    "a Cox fit": lambda: uo.fit_cox(LIVES, covariate=["age"]),  # type: ignore[call-arg]
    "RFM": lambda: uo.RfmModel.fit(MEASURES, nested=True),  # type: ignore[call-arg]
    "eight groups": lambda: uo.EightGroupScheme.fit(MEASURES, threshold="median"),  # type: ignore[call-arg]
    "contribution": lambda: uo.ContributionModel.fit({"posts": [1.0]}, core=0.1),  # type: ignore[call-arg]
    "lead scores": lambda: uo.score_leads(LOG, as_of=AS_OF, fits={}),  # type: ignore[call-arg]
    "purchases": lambda: uo.summarise_purchases(LOG, as_of=AS_OF, unit=7),  # type: ignore[call-arg]
    "a fit": lambda: uo.fit_btyd({"x": [1]}, model="bg_nbd", ridges=1.0),  # type: ignore[call-arg]
    "the next purchase": lambda: MODEL.predict_next_purchase({"x": [1]}, horizon=1, day=3),  # type: ignore[call-arg]
    "values": lambda: uo.LifetimeValueModel(MODEL, SPEND, periods=3),  # type: ignore[call-arg]
    "win-back": lambda: uo.LifetimeValueModel(MODEL, SPEND).rank_win_back({"x": [1]}, silent=1),  # type: ignore[call-arg]
    "a warning": lambda: uo.fit_warning(LOG, as_of=AS_OF, horizon=30),  # type: ignore[call-arg]
    "features": lambda: uo.read_warning_features(LOG, as_of=AS_OF, recent=7),  # type: ignore[call-arg]
    "an evaluation": lambda: uo.evaluate_ranking({"score": [0.5]}, bins=5),  # type: ignore[call-arg]
    "a logistic fit": lambda: uo.fit_logistic({"y": [0, 1]}, outcome="y", alpha=1),  # type: ignore[call-arg]
    "samples": lambda: uo.sample_log(user=3),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_option_is_refused(name: str) -> None:
    with pytest.raises(errors.InvalidDefinitionError):
        MISSPELT[name]()
