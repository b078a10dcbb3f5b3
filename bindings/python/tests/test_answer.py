"""Answers about users and populations beside the case suite: pickling, tables, samples."""

from __future__ import annotations

import pickle
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import userops as uo
from userops import errors

AS_OF = datetime(2025, 6, 1, tzinfo=timezone.utc)
LIVES: dict[str, list[Any]] = {"duration": [1, 2, 3, 4], "event": [True, True, True, False], "x": [0, 1, 1, 0]}
RANKING: dict[str, list[Any]] = {"score": [0.2, 0.8], "outcome": [False, True]}
CUSTOMERS: dict[str, list[Any]] = {"x": [0, 1, 2, 0], "t_x": [0, 9, 3, 0], "T": [20, 15, 30, 9]}
LEADS = {
    "groups": [{"name": "all", "events": [{"name": "any", "points": 3, "half_life": "30d"}]}],
}
TOUCHES = {"patterns": [{"channel": "content", "events": ["view"]}]}


@pytest.fixture(scope="module")
def log() -> uo.EventLog:
    return uo.sample_log("community", users=150, days=200, seed=7)


def test_samples_are_the_same_everywhere(log: uo.EventLog) -> None:
    assert uo.sample_log(users=150, days=200, seed=7) == log
    assert uo.sample_users(users=150, days=200, seed=7)["user"] == log.users()
    start = uo.sample_log("content_app", users=20, days=30, start=date(2024, 2, 29), zone="Asia/Shanghai").time_span
    assert start is not None
    assert start[0] >= datetime(2024, 2, 28, 16, tzinfo=timezone.utc)
    with pytest.raises(errors.UseropsError, match="comunity"):
        uo.sample_log("comunity")
    with pytest.raises(errors.InvalidDefinitionError, match="unknown field `user`"):
        uo.sample_log(user=3)  # type: ignore[call-arg]


def test_every_answer_survives_pickling(log: uo.EventLog) -> None:
    event = log.event_names[0]
    buyers = uo.measure_buyers(log, as_of=AS_OF, orders=[event])
    model = uo.RfmModel.fit(buyers)
    columns = {"posts": [3.0, 0.0, 9.0], "likes": [1, 0, 2]}
    dimensions: list[dict[str, Any]] = [{"name": "posts", "weight": 2.0}, {"name": "likes"}]
    contribution = uo.ContributionModel.fit(columns, dimensions=dimensions, active_periods_min=0)
    portrait = uo.build_portrait(uo.Segment.everybody(log), uo.Dimension.attributes(log))
    equal = [
        uo.build_profiles(log, as_of=AS_OF, orders=[event], windows_days=[7]),
        uo.build_ladder(log, as_of=AS_OF, orders=[event]),
        model,
        model.score(1, 2, 3),
        uo.CellScheme.ten_segments(),
        uo.EightGroupScheme.fit(buyers),
        contribution,
        portrait,
        uo.build_path_tree(log, as_of=AS_OF, anchor={"events": [event]}, within=uo.days(2)),
        uo.find_drivers(log, as_of=AS_OF, target={"events": [event]}, attributes=["city"]),
        uo.attribute_conversions(log, as_of=AS_OF, conversion={"events": ["pay"]}, touches=TOUCHES),
        uo.set_churn_standard(log, as_of=AS_OF, step_days=1, days_max=60, horizon_days=14),
        uo.collect_gaps(log, as_of=AS_OF),
        uo.estimate_survival(LIVES),
        uo.compare_survival(LIVES, group="x"),
        uo.fit_cox(LIVES),
        uo.fit_btyd(CUSTOMERS, model="mbg_nbd", ridge=0.1),
        uo.BtydModel("pareto_nbd", r=0.55, alpha=10.6, s=0.6, beta=11.7),
        uo.fit_warning(log, as_of=AS_OF, horizon_days=10, silence_days_max=20),
        uo.fit_warning(log, as_of=AS_OF, horizon_days=10, silence_days_max=20).model,
        uo.evaluate_ranking(RANKING),
        uo.fit_logistic({"x": [1, 2, 3], "y": [0, 1, 0]}, outcome="y", ridge=1.0),
        uo.measure_retention(log, as_of=AS_OF, period="month"),
        uo.find_sessions(log, as_of=AS_OF),
        uo.score_leads(log, as_of=AS_OF, engagement=LEADS),
        uo.Currency("JPY"),
        uo.Calendar("Asia/Shanghai"),
        uo.Step("a", gap_max="1h"),
    ]
    for answer in equal:
        assert pickle.loads(pickle.dumps(answer)) == answer, answer
    again = pickle.loads(pickle.dumps(buyers))
    assert (len(again), again.to_table(), again.options) == (len(buyers), buyers.to_table(), buyers.options)
    assert again.users() == buyers.users()
    dimension = uo.Dimension("x", [1, None], zone="Asia/Shanghai")
    assert repr(pickle.loads(pickle.dumps(dimension))) == repr(dimension)
    part = uo.LadderPart.build(log, as_of=AS_OF, orders=[event])
    assert pickle.loads(pickle.dumps(part)).rungs() == part.rungs()
    assert uo.share_by_tier(["core", "outer"], [3, 1])[0]["sum"] == 3


def test_answers_are_immutable(log: uo.EventLog) -> None:
    with pytest.raises(AttributeError):
        log.zone = "UTC"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        log.note = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        type("Log", (uo.EventLog,), {})


def test_ladders_merge_by_parts(log: uo.EventLog) -> None:
    event = log.event_names[0]
    users = log.users()
    table = log.to_table().to_dicts()
    mapping = uo.mapping("user", "time")
    parts = []
    for half in (set(users[::2]), set(users[1::2])):
        rows = [row for row in table if row["user"] in half]
        known = ([row for row in log.attributes().to_dicts() if row["user"] in half], {"user": "user"})
        some = uo.EventLog.read(rows, mapping=mapping, schema=log.schema, attributes=known)
        parts.append(uo.LadderPart.build(some, as_of=AS_OF, orders=[event]))
    ladder = uo.build_ladder(log, as_of=AS_OF, orders=[event])
    assert parts[0].merge(parts[1]).rungs() == parts[1].merge(parts[0]).rungs() == ladder.rungs
    assert len(ladder.to_table()) == len(ladder.rungs)
    assert ladder.explain(users[0])


def test_scores_come_from_frames_as_from_lists(log: uo.EventLog) -> None:
    buyers = uo.measure_buyers(log, as_of=AS_OF, orders=[log.event_names[0]])
    table = buyers.to_table()
    model = uo.RfmModel.fit(buyers)
    frames: list[Any] = [table, table.to_polars(), table.to_arrow(), table.to_dict()]
    for measures in frames:
        assert uo.RfmModel.fit(measures, **buyers.rfm_options) == model
        assert model.score_columns(measures) == model.score_columns(buyers)
    assert model.score_table(buyers)["recency"] == [score.recency for score in model.score_columns(buyers)]
    row = table[0]
    assert "recency" in str(model.explain(row["recency"], row["frequency"], row["monetary"]))
    assert uo.CellScheme.ten_segments().explain(model.score_columns(buyers)[0]).label
    with pytest.raises(errors.InvalidArgumentError, match='"recency" is unknown for some rows'):
        uo.RfmModel.fit({"recency": [1, None], "frequency": [1, 1], "monetary": [1, 1]})
    with pytest.raises(errors.InvalidArgumentError, match='the measure "monetary" is missing'):
        uo.RfmModel.fit({"recency": [1], "frequency": [1]})
    with pytest.raises(errors.TypeMismatchError, match="not of numbers"):
        uo.RfmModel.fit({"recency": ["a"], "frequency": [1], "monetary": [1]})


def test_growth_is_accounted_for(log: uo.EventLog) -> None:
    table = uo.account_growth(log, as_of=AS_OF, period="month")
    assert len(table) >= 5
    weeks = uo.account_growth(log, as_of=AS_OF, period={"week": {}})
    assert len(weeks) > len(table)
    months = uo.count_active_months(log, [log.event_names[0]], as_of=AS_OF, months=3)
    assert len(months) == log.user_count
    assert set(months) <= {0, 1, 2, 3}


def test_retention_merges_by_parts(log: uo.EventLog) -> None:
    options: dict[str, Any] = {"as_of": AS_OF, "period": {"week": {}}, "period_last": 4, "revenue": "from_start"}
    whole = uo.measure_retention(log, **options)
    rows, mapping = log.to_table().to_dicts(), uo.mapping("user", "time")
    parts = []
    for half in (set(log.users()[::2]), set(log.users()[1::2])):
        some = [{key: row[key] for key in ("user", "time", "event")} for row in rows if row["user"] in half]
        parts.append(uo.measure_retention(uo.EventLog.read(some, mapping=mapping, schema=log.schema), **options))
    merged = parts[0].merge(parts[1])
    assert merged == parts[1].merge(parts[0])
    assert merged.to_table()["retained_count"] == whole.to_table()["retained_count"]
    assert (merged.user_count, whole.as_of) == (whole.user_count, AS_OF)
    assert len(whole.curve()) == 5
    assert whole.options["period"] == {"week": {"week_start": "monday"}}
    with pytest.raises(errors.InvalidArgumentError, match="do not merge"):
        whole.merge(uo.measure_retention(log, as_of=AS_OF, period="day"))
    users = uo.retention_of_users(log, **options)
    assert len(users) == whole.user_count
    with pytest.raises(errors.InvalidDefinitionError, match="are both given"):
        uo.measure_retention(log, brackets=[0, 1], **options)


def test_activity_agrees_with_itself(log: uo.EventLog) -> None:
    days = uo.count_active_users(log, as_of=AS_OF, windows_days=[1, 28])
    last = uo.count_active_days(log, as_of=AS_OF)
    assert sum(count > 0 for count in last["active_day_count"]) == days["active_28d_count"][-1]
    assert uo.power_user_curve(log, as_of=AS_OF)["at_least_count"][0] == days["active_28d_count"][-1]
    months = uo.measure_stickiness(log, as_of=AS_OF, period="month").to_dicts()
    assert sum(row["exactly_count"] * row["day_count"] for row in months) == sum(days["active_1d_count"])


def test_sessions_hold_every_event(log: uo.EventLog) -> None:
    sessions = uo.find_sessions(log, as_of=AS_OF, gap="1h")
    summary = sessions.summary()
    assert len(sessions) == summary["session_count"] == len(sessions.to_table())
    assert sum(sessions.to_table()["event_count"]) == summary["event_count"]
    assert sum(sessions.trend()["session_count"]) == sum(sessions.users()["session_count"]) == len(sessions)
    assert (sessions.options["gap"], sessions.as_of) == ("1h", AS_OF)


def test_a_lead_score_adds_up(log: uo.EventLog) -> None:
    scores = uo.score_leads(log, as_of=AS_OF, engagement=LEADS)
    rows = scores.to_table().to_dicts()
    assert len(scores) == len(rows) == sum(scores.cells()["user_count"]) == sum(scores.groups()["user_count"])
    assert [row["group"] for row in scores.groups().to_dicts()] == scores.group_names
    points = scores.points()["engagement.all.any"]
    assert [row["engagement_points"] for row in rows] == [min(points, 100.0) for points in points]
    for row in rows[:20]:
        score = scores.score(row["user"])
        assert (score["cell"], score["engagement"]["points"]) == (row["cell"], row["engagement_points"])
        assert scores.explain(row["user"]).value == row["group"]
    later = uo.score_leads(log, as_of=AS_OF + timedelta(days=90), engagement=LEADS)
    assert sum(scores.moves(later)["user_count"]) == len(scores)
    for change in scores.changes(later.as_of).to_dicts()[:20]:
        assert scores.as_of < change["next_change_at"] <= later.as_of
    assert scores.definition["engagement"]["grades"]["names"] == ["1", "2", "3", "4"]


def test_a_portrait_tells_what_is_different(log: uo.EventLog) -> None:
    posts = uo.count(log.event_names[0]).values(log, as_of=AS_OF)
    dimension = uo.Dimension.of_table(uo.Table({"posts": posts["value"]}), "posts")
    audience = uo.Rule(uo.count(log.event_names[0]) >= 3).segment(log, as_of=AS_OF)
    portrait = uo.build_portrait(audience, [dimension, *uo.Dimension.attributes(log)], bins=3)
    assert portrait.audience_count == len(audience)
    assert portrait.most_distinctive(1)[0]["dimension"] == "posts"
    assert len(portrait.to_table()) == len(portrait.rows)
    assert len(portrait.to_summary_table()) == len(portrait.summaries)
    with pytest.raises(errors.InvalidArgumentError, match="are of type text, not integer"):
        uo.Dimension("x", ["a"], type="integer")


def test_what_comes_in_goes_out(log: uo.EventLog) -> None:
    rows = uo.count_transitions(log, as_of=AS_OF, session_gap=uo.hours(1)).to_dicts()
    for node in {row["source"] for row in rows} - {"(start)"}:
        into = sum(row["count"] for row in rows if row["target"] == node)
        assert into == sum(row["count"] for row in rows if row["source"] == node) > 0
    with pytest.raises(errors.InvalidDefinitionError, match="unknown field `gap`"):
        uo.count_transitions(log, as_of=AS_OF, gap="1h")  # type: ignore[call-arg]


def test_a_portrait_over_time_adds_up(log: uo.EventLog) -> None:
    active = uo.build_series(log, as_of=AS_OF, period="month", events=[{"name": "any"}], measures=["user_count"])
    by_city = uo.build_portrait_series(log, as_of=AS_OF, period="month", attribute="city").to_dicts()
    for row in active.to_dicts():
        of_month = [part for part in by_city if part["first_day"] == row["first_day"]]
        assert sum(part["user_count"] for part in of_month) == of_month[0]["active_count"] == row["value"]


def test_a_churn_standard_shows_what_hangs_on_it(log: uo.EventLog) -> None:
    options: dict[str, Any] = {"rule": {"percentile": {"ratio": 0.9}}, "step_days": 1, "days_max": 60}
    standard = uo.set_churn_standard(log, as_of=AS_OF, **options)
    rows = standard.to_threshold_table().to_dicts()
    assert (rows[0]["threshold_days"], rows[0]["lost_count"]) == (standard.threshold_days, standard.lost_count)
    assert [row["rule"] for row in rows[-2:]] == ["threshold - 7 days", "threshold + 7 days"]
    gaps = uo.collect_gaps(log, as_of=AS_OF)
    assert gaps.standard(**options) == standard
    assert gaps.lost_count(standard.threshold_days) == standard.lost_count
    assert gaps.merge(gaps).user_count == 2 * gaps.user_count == 2 * standard.user_count
    assert standard.options["horizon_days"] == 90
    assert f"lost after {standard.threshold_days} days" in repr(standard)
    assert set(standard.weaknesses) <= {"few_gaps", "most_never_returned", "short_history", "at_the_edge"}
    _, derived = uo.Lifecycle.derive(log, as_of=AS_OF, churn_rule=options["rule"])
    assert derived["thresholds"]["churn_days"] == standard.threshold_days + 1 or derived["churn_raised"]
    with pytest.raises(errors.InvalidArgumentError, match="step_days is 0"):
        uo.set_churn_standard(log, as_of=AS_OF, step_days=0)


def test_survival_takes_any_table() -> None:
    survival = uo.estimate_survival(LIVES)
    assert uo.estimate_survival(uo.Table(LIVES)) == uo.estimate_survival(uo.Table(LIVES).to_polars()) == survival
    assert (survival.survival_at(2), survival.quantile(0.5)["time"], survival.groups) == (0.5, 2.0, [None])
    assert survival.restricted_mean(4)["mean"] == 1 + 0.75 + 0.5 + 0.25
    by_x = uo.estimate_survival(LIVES, group="x")
    assert (by_x.groups, by_x.survival_at(2.5, "1"), by_x.left_out_count) == (["0", "1"], 0.5, 0)
    with pytest.raises(errors.UnknownNameError, match="no group"):
        by_x.survival_at(1)
    test = uo.compare_survival(LIVES, group="x")
    assert test.to_summary_table()[0]["chi_square"] == test.chi_square
    assert (test.degrees, len(test.to_table()), "chi²" in repr(test)) == (1, 2, True)
    fit = uo.fit_cox(LIVES)
    assert len(fit) == len(fit.coefficients) == 1
    assert fit.to_summary_table()[0]["log_likelihood"] == fit.log_likelihood
    assert fit.options["covariates"] == ["x"]
    with pytest.raises(errors.InvalidDefinitionError, match="unknown field `covariate`"):
        uo.fit_cox(LIVES, covariate=["x"])  # type: ignore[call-arg]


def test_drivers_and_attribution_account_for_everybody(log: uo.EventLog) -> None:
    drivers = uo.find_drivers(log, as_of=AS_OF, target={}, target_absent=True, counts=[1, 3], days=[1, 7])
    left_out = ("open_count", "absent_count", "early_count")
    assert drivers.population["user_count"] + sum(drivers.population[name] for name in left_out) == len(log.users())
    assert len(drivers) == len(drivers.to_table()) > 0
    assert "candidates" in repr(drivers)
    answer = uo.attribute_conversions(log, as_of=AS_OF, conversion={"events": ["pay"]}, touches=TOUCHES)
    credit = sum(row["conversion_credit"] for row in answer.rows if row["model"] == "linear")
    assert credit == pytest.approx(answer.conversion_count)
    assert answer.options["models"][0] == "first"


def test_values_are_told_with_their_formula(log: uo.EventLog) -> None:
    pay: Any = {"events": ["pay"]}
    customers, _ = uo.summarise_purchases(log, as_of=AS_OF, purchases=pay, unit_days=7)
    purchases = uo.fit_btyd(customers, model="mbg_nbd", ridge=0.01, time_unit="week")
    assert uo.BtydFit.from_json(purchases.to_json()) == purchases
    spend = uo.fit_btyd(customers, model="gamma_gamma", ridge=0.01)
    forecast = uo.forecast_lifetime_value(customers, purchases, spend, period_count=12, margin_ratio=0.3)
    assert forecast.formula == "0.3 · expected spend · expected purchases within 12 periods of 1 week"
    assert forecast.formula in repr(forecast)
    assert len(forecast) == len(customers) == len(forecast.to_table())
    assert len(forecast.notes) == len(forecast.to_note_table())
    cohorts = forecast.to_group_table(customers, by="first_day", period="month")
    total = forecast.to_summary_table()[0]["predicted_value"]
    assert sum(cohorts["predicted_value"]) == pytest.approx(total)
    model = forecast.model
    assert model == uo.LifetimeValueModel(purchases.model, spend.model, **model.options)
    lost = model.rank_win_back(customers, silent_at_least=2, capacity=3)
    assert lost["expected_value"] == sorted(lost["expected_value"], reverse=True)
    shares = uo.share_of_top(forecast.to_table()["predicted_value"], [0.1, 1.0])
    assert 0.1 < shares[0]["value_ratio"] < shares[1]["value_ratio"] == 1
    for answer in (forecast, model):
        assert pickle.loads(pickle.dumps(answer)) == answer
    with pytest.raises(errors.InvalidArgumentError, match="the model of spend is mbg_nbd; it is gamma_gamma"):
        uo.LifetimeValueModel(purchases.model, purchases.model)


def test_a_fit_scores_customers_and_says_what_is_weak(log: uo.EventLog) -> None:
    pay: Any = {"events": ["pay"]}
    customers, summary = uo.summarise_purchases(log, as_of=AS_OF, purchases=pay, unit_days=7)
    assert summary[0]["customer_count"] == len(customers) > 10
    fit = uo.fit_btyd(customers, model="mbg_nbd", ridge=0.01, time_unit="week")
    model = fit.model
    assert (model.kind, list(model.parameters)) == ("mbg_nbd", ["r", "alpha", "a", "b"])
    assert [one["value"] for one in fit.parameters] == list(model.parameters.values())
    assert (fit.options["time_unit"], fit.customer_count, fit.left_out_count) == ("week", len(customers), 0)
    assert fit.converged
    assert len(fit.covariance or []) == 4
    assert len(fit.to_covariance_table()) == 16
    scores = model.score(customers, horizon=4)
    assert len(scores) == len(customers)
    assert all(0 < chance <= 1 for chance in scores["alive_probability"])
    assert scores == uo.BtydModel.from_json(model.to_json()).score(customers, horizon=4)
    drawn = model.simulate(customers, seed=3, horizon=4)
    assert drawn == model.simulate({"T": customers["T"]}, seed=3, horizon=4) != model.simulate(customers, horizon=4)
    assert model.project_new_customer([0, 4])["expected_purchases"][0] == 0
    told = model.predict_next_purchase(customers, horizon=4, last_day="2026-03-01", unit_days=7)
    times = zip(told["lower"], told["median"], told["upper"], strict=True)
    assert all(low < middle < high <= 4 for low, middle, high in times)
    assert {"lower_day", "median_day", "upper_day"} <= set(told.columns)
    single: dict[str, list[Any]] = {"x": [3], "t_x": [20.0], "T": [30.0]}
    one = uo.fit_btyd(single, model="bg_nbd")
    assert one.notes
    assert len(one.to_note_table()) == len(one.notes)
    with pytest.raises(errors.InvalidArgumentError, match="none of 2 customers has bought again"):
        uo.fit_btyd({"x": [0, 0], "t_x": [0, 0], "T": [9, 9]}, model="bg_nbd")
    with pytest.raises(errors.InvalidDefinitionError, match="unknown variant"):
        uo.fit_btyd(customers, model="bgnbd")  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidDefinitionError, match="missing field `b`"):
        uo.BtydModel("bg_nbd", r=1.0, alpha=2.0, a=1.0)


def test_a_warning_says_who_why_and_how_well(log: uo.EventLog) -> None:
    fit = uo.fit_warning(log, as_of=AS_OF, horizon_days=10, silence_days_max=20)
    assert fit.converged
    assert [row["kind"] for row in fit.to_cut_table().to_dicts()] == ["training", "calibration", "test"]
    rankings = [row["ranking"] for row in fit.to_evaluation_table().to_dicts()]
    assert (rankings[0], rankings[-1]) == ("model", "base_ratio")
    assert len(fit.to_top_table()) == 4 * len(rankings)
    user_count = fit.to_evaluation_table()[0]["user_count"]
    assert sum(row["user_count"] for row in fit.to_calibration_table().to_dicts()) == user_count
    assert len(fit.to_note_table()) == len(fit.notes)
    assert fit.to_table()["feature"][0] == "intercept"

    model = uo.WarningModel.from_json(fit.model.to_json())
    assert model == fit.model
    assert model.options["horizon_days"] == 10
    scores = model.score(log, as_of=AS_OF)
    features = uo.read_warning_features(log, as_of=AS_OF, horizon_days=10, silence_days_max=20)
    assert scores["user"] == features["user"]
    user = scores["user"][0]
    known = model.read_user(log, user, as_of=AS_OF)
    assert known is not None
    assert known["silence_days"] == features["silence_days"][0]
    assert model.probability(known) == scores["probability"][0]
    assert model.explain(known).value == scores["probability"][0]

    first, summary = model.watch_list(log, as_of=AS_OF, capacity=3, reason_count=1)
    assert first["rank"] == [1, 2, 3]
    assert summary[0]["at_risk_count"] == len(scores)
    by_chance, _ = model.watch_list(log, as_of=AS_OF, capacity=10_000, order="probability")
    assert by_chance["probability"] == sorted(scores["probability"], reverse=True)
    with pytest.raises(errors.InvalidArgumentError, match="capacity is 0"):
        model.watch_list(log, as_of=AS_OF, capacity=0)
    with pytest.raises(errors.InvalidDefinitionError, match="unknown variant"):
        model.watch_list(log, as_of=AS_OF, capacity=1, order="loss")  # type: ignore[arg-type]
    with pytest.raises(errors.EmptyError, match="three horizons of 3000 days"):
        uo.fit_warning(log, as_of=AS_OF, horizon_days=3_000)


def test_rankings_and_logistic_fits_work_on_any_table() -> None:
    ranking: dict[str, list[Any]] = {"score": [0.9, 0.6, 0.6, 0.2, 0.2], "outcome": [1, 1, 0, 1, 0]}
    found = uo.evaluate_ranking(ranking, bin_count=2)
    assert found.auc == pytest.approx(4 / 6)
    assert (found.user_count, found.positive_count) == (5, 3)
    assert found.average_precision is not None
    assert found.to_table()[0]["brier_score"] == found.brier_score
    assert found.to_table()[0]["log_loss"] == found.log_loss
    assert found.expected_calibration_error == pytest.approx(0.1)
    assert (len(found.to_top_table()), len(found.to_calibration_table())) == (4, 2)
    silences: dict[str, list[Any]] = {"score": [3, 40], "outcome": [False, True]}
    days = uo.evaluate_ranking(silences, probabilities=False)
    assert (days.auc, days.brier_score) == (1, None)

    table: dict[str, list[Any]] = {"x": [1.0, 2.0, 3.0, None], "left": [False, True, False, True]}
    fit = uo.fit_logistic(table, outcome="left", ridge=1.0)
    assert fit.converged
    assert not fit.separated
    assert [one["name"] for one in fit.coefficients] == ["intercept", "x"]
    assert fit.log_likelihood < 0
    assert fit.score(table)["probability"][3] is None
    assert uo.LogisticFit.from_json(fit.to_json()) == fit
    assert (len(fit.to_table()), fit.to_summary_table()[0]["left_out_count"]) == (2, 1)
