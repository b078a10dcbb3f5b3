"""Rules as expressions, as text and as trees."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import userops as uo
from userops import errors

UTC = timezone.utc
AS_OF = "2026-02-01T00:00:00Z"

EXPRESSIONS: list[tuple[Callable[[], Any], str]] = [
    (lambda: uo.count("order", last=uo.days(30)) >= 2, 'count("order", last(days(30))) >= 2'),
    (lambda: uo.count("a", "b", window={"calendar_days": {"n": 7, "include_today": True}}) == 0, "count("),
    (lambda: (uo.attribute("city") == "Berlin") & ~uo.has_tag("vip"), 'user.city == "Berlin" && !has_tag("vip")'),
    (lambda: uo.in_segment("a") | uo.in_stage("b") | uo.is_user([1, 2]), 'in_segment("a") || in_stage("b") || '),
    (lambda: uo.sum("amount", "order", where=uo.Property("category") == "books") > 99.5, "sum(event.amount"),
    (lambda: uo.attribute("city").one_of(["a", "b"]), 'user.city in ["a", "b"]'),
    (lambda: uo.attribute("born") < date(1990, 1, 1), 'user.born < date("1990-01-01")'),
    (lambda: uo.last_time() >= datetime(2026, 1, 1, tzinfo=UTC), 'timestamp("2026-01-01T00:00:00Z")'),
    (lambda: uo.days_since_last("order", observed="window", last="90d") > 60, "days_since_last("),
    (lambda: uo.at_least(2, uo.has_tag("a"), 'has_tag("b")', {"in": {"tag": "c"}}), "at_least(2, "),
    (lambda: uo.sequence("view", uo.Step("order", gap_max=timedelta(hours=1), without=["refund"])), "sequence("),
    (lambda: uo.anniversary("born", days_before=3), "anniversary("),
    (lambda: uo.age("born") >= 18, 'age(user.born, "years") >= 18'),
    (lambda: uo.bucket("salt", 100) < 10, 'bucket("salt", 100) < 10'),
    (lambda: uo.score("rfm.recency") <= 2, 'score("rfm.recency") <= 2'),
    (lambda: uo.stage() != "churn", 'stage() != "churn"'),
    (lambda: uo.tag("level").is_known(), "level"),
    (lambda: uo.days_since_return(30, "login") <= 7, "days_since_return("),
    (lambda: uo.distinct("category").is_unknown() | uo.latest("plan").starts_with("p"), "latest(event.plan"),
    (lambda: uo.attribute("name").ends_with("x") & uo.attribute("name").contains("y"), "user.name.endsWith"),
]


@pytest.mark.parametrize(("make", "part"), EXPRESSIONS)
def test_an_expression_a_text_and_a_tree_are_the_same(make: Callable[[], uo.Rule], part: str) -> None:
    rule = make()
    assert part in str(rule)
    assert uo.Rule(rule.to_dict()) == rule
    assert str(uo.Rule(str(rule))) == str(rule)
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_filters_are_joined_and_negated() -> None:
    dear = (uo.Property("amount") >= 99.5) & ~(uo.Property("category").one_of(["a"]) | uo.Property("note").is_known())
    assert str(uo.Filter(dear.to_dict())) == str(dear)
    assert pickle.loads(pickle.dumps(dear)) == dear
    texts = [uo.Property("p").contains("x"), uo.Property("p").starts_with("x"), uo.Property("p").ends_with("x")]
    assert len({str(each) for each in [*texts, uo.Property("p").is_empty(), uo.Property("p").is_unknown()]}) == 5


def test_python_s_own_and_or_not_are_refused() -> None:
    rule, measure = uo.has_tag("a"), uo.count()
    for make in (
        lambda: rule and rule,
        lambda: rule or rule,
        lambda: not rule,
        lambda: 1 < measure < 3,
        lambda: bool(uo.Property("p")),
        lambda: bool(uo.Property("p") == 1),
    ):
        with pytest.raises(errors.TypeMismatchError, match=r"join with & \| ~"):
            make()


def test_what_no_rule_holds_is_refused() -> None:
    with pytest.raises(errors.InvalidTimeError, match="has no time zone"):
        _ = uo.last_time() >= datetime(2026, 1, 1)
    with pytest.raises(errors.TypeMismatchError, match="is no value"):
        _ = uo.count() >= [1]  # type: ignore[operator]
    with pytest.raises(errors.InvalidArgumentError, match="last, window and around exclude each other"):
        uo.count("order", last="1d", window="all")
    with pytest.raises(errors.UnknownNameError, match='did you mean "count"'):
        uo.Rule('cuont("order") >= 1')
    with pytest.raises(errors.InvalidDefinitionError, match="rule: "):
        uo.Rule({"al": []})
    with pytest.raises(errors.TypeMismatchError, match="of type integer"):
        uo.Rule('count("order") >= "two"').check()
    with pytest.raises(errors.UnknownNameError, match="oder"):
        uo.Rule('count("oder") >= 1').check(schema={"events": ["order"]})
    assert uo.count().check() == "integer"


@pytest.fixture
def log() -> uo.EventLog:
    rows: list[dict[str, Any]] = [
        {"user": "ann", "time": "2026-01-20T10:00:00Z", "event": "order", "amount": 12.5, "city": "Berlin"},
        {"user": "ann", "time": "2026-01-28T10:00:00Z", "event": "order", "amount": 7, "city": "Paris"},
        {"user": "bob", "time": "2025-12-02T10:00:00Z", "event": "order", "amount": 3},
        {"user": "cai", "time": "2026-01-30T10:00:00Z", "event": "view"},
    ]
    users = [{"user": "ann", "born": date(1990, 2, 2)}, {"user": "bob", "born": date(2001, 1, 1)}]
    mapping = uo.mapping("user", "time", amount="amount", properties=["city"])
    return uo.EventLog.read(rows, mapping=mapping, attributes=(users, {"user": "user"}))


def test_a_rule_is_asked_of_one_user_and_of_all(log: uo.EventLog) -> None:
    rule = uo.count("order", last=uo.days(30)) >= 2
    assert [rule.judge(log, user, as_of=AS_OF) for user in log.users()] == [True, False, False]
    assert list(rule.segment(log, as_of=AS_OF)) == ["ann"]
    old = uo.age("born") >= 30
    assert [old.judge(log, user, as_of=AS_OF) for user in log.users()] == [True, False, None]
    assert list(old.segment(log, as_of=AS_OF, unknown="in")) == ["ann", "cai"]
    assert "count" in str(rule.explain(log, "ann", as_of=AS_OF))
    change = rule.next_change(log, "ann", as_of=AS_OF, until="2026-12-31T00:00:00Z")
    assert change == (datetime(2026, 2, 19, 10, tzinfo=UTC), False)
    assert rule.next_change(log, "bob", as_of=AS_OF, until="2026-12-31T00:00:00Z") is None
    with pytest.raises(errors.UnknownNameError, match="no user dee"):
        rule.judge(log, "dee", as_of=AS_OF)
    ordr, vip = uo.count("ordr") > 1, uo.has_tag("vip")
    for ask in (
        lambda: ordr.segment(log, as_of=AS_OF),
        lambda: ordr.judge(log, "ann", as_of=AS_OF),
        lambda: ordr.explain(log, "ann", as_of=AS_OF),
        lambda: uo.count("ordr").values(log, as_of=AS_OF),
    ):
        with pytest.raises(errors.UnknownNameError, match='no event "ordr"'):
            ask()
    with pytest.raises(errors.UnknownNameError, match='no tag "vip"'):
        vip.segment(log, as_of=AS_OF)
    playbook = uo.Playbook.parse('version = 1\nname = "p"\n[[tags]]\nname = "vip"\nkind = { rule = "count() >= 2" }\n')
    outcome = playbook.evaluate(log, as_of=AS_OF)
    assert list(vip.segment(log, as_of=AS_OF, outcome=outcome)) == ["ann"]
    assert vip.judge(log, "ann", as_of=AS_OF, outcome=outcome) is True


def test_a_measure_is_taken_of_one_user_and_of_all(log: uo.EventLog) -> None:
    spent = uo.sum("amount", "order")
    assert spent.value(log, "ann", as_of=AS_OF) == 1950, "money is in minor units"
    assert spent.values(log, as_of=AS_OF).to_dict() == {"user": ["ann", "bob", "cai"], "value": [1950, 300, 0]}
    assert uo.latest("city").value(log, "bob", as_of=AS_OF) is None
    assert uo.last_time("order").value(log, "bob", as_of=AS_OF) == datetime(2025, 12, 2, 10, tzinfo=UTC)
    assert uo.attribute("born").value(log, "ann", as_of=AS_OF) == date(1990, 2, 2)
    assert str(uo.Measure(str(spent))) == str(uo.Measure(spent.to_dict())) == str(pickle.loads(pickle.dumps(spent)))
