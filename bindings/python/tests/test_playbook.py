"""Playbooks and what they say of users: tags, segments, stages, scores, milestones, and why."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import userops as uo
from userops import errors

PLAYBOOKS = Path(__file__).parents[3] / "examples" / "playbooks"
UTC = timezone.utc
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
TEXT = """
version = 1
name = "shop"

[[tags]]
name = "regular"
kind = { rule = 'count("post_answer", last(days(30))) >= 2' }

[[tags]]
name = "noted"
kind = { manual = {} }

[[segments]]
name = "win_back"
when = '!has_tag("regular") && count("post_answer") >= 2'

[lifecycle.standard]
activity = ["post_answer"]

[[milestones]]
name = "first"
when = 'count("post_answer") >= 1'

[[scores]]
name = "posts"
kind = { value = { measure = 'count("post_answer")' } }
"""


@pytest.fixture(scope="module")
def log() -> uo.EventLog:
    return uo.sample_log(users=120, days=180)


@pytest.fixture(scope="module")
def playbook() -> uo.Playbook:
    return uo.Playbook.parse(TEXT)


@pytest.fixture(scope="module")
def outcome(playbook: uo.Playbook, log: uo.EventLog) -> uo.Outcome:
    return playbook.evaluate(log, as_of=AS_OF)


def test_a_playbook_reads_what_it_writes(playbook: uo.Playbook) -> None:
    forms = [
        uo.Playbook.parse(playbook.to_toml()),
        uo.Playbook.parse(playbook.to_json(), "json"),
        uo.Playbook.from_dict(playbook.to_dict()),
        pickle.loads(pickle.dumps(playbook)),
    ]
    for again in forms:
        assert again == playbook
        assert hash(again) == hash(playbook)
        assert again.fingerprint == playbook.fingerprint
    assert (playbook.name, playbook.description, playbook.schema["zone"]) == ("shop", "", "UTC")
    assert uo.Playbook.json_schema()["title"] == "Playbook"


def test_the_examples_are_read() -> None:
    for path in sorted(PLAYBOOKS.glob("*.toml")):
        assert uo.Playbook.load(path).name


def test_a_fault_is_told_by_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(TEXT.replace("count(", "cuont(", 1))
    with pytest.raises(
        errors.InvalidDefinitionError, match=r'broken\.toml: line 7, column \d+: .*cuont.*did you mean "count"'
    ):
        uo.Playbook.load(path)
    with pytest.raises(errors.FileError, match=r"missing\.toml"):
        uo.Playbook.load(tmp_path / "missing.toml")
    with pytest.raises(errors.InvalidDefinitionError, match="playbook: "):
        uo.Playbook.from_dict({"version": 1})
    with pytest.raises(errors.InvalidArgumentError, match='"yaml" is no format of playbooks'):
        uo.Playbook.parse("", "yaml")


def test_an_outcome_answers_for_every_user(outcome: uo.Outcome, log: uo.EventLog) -> None:
    table = outcome.to_table()
    assert table.columns == ["user", "score.posts.value", "tag.regular", "tag.noted", "stage", "segment.win_back"]
    assert len(table) == outcome.user_count == log.user_count
    members = {row["user"] for row in table.to_dicts() if row["segment.win_back"]}
    assert set(outcome.segment("win_back")) == set(outcome.segments["win_back"]) == members != set()
    for row in table.to_dicts()[:20]:
        user = row["user"]
        assert outcome.stage(user) == row["stage"]
        assert bool(outcome.tags_of(user).get("regular")) == bool(row["tag.regular"])
    assert outcome.stages is not None
    assert outcome.stages["stage"] == table["stage"]
    counts = outcome.stage_counts()
    assert {stage: table["stage"].count(stage) for stage in counts} == counts
    assert outcome.scores["posts.value"] == table["score.posts.value"]
    assert outcome.score_model("posts") == "value"
    assert outcome.tags.columns[0] == "user"
    assert outcome.profiles == uo.build_profiles(log, as_of=AS_OF, **outcome.playbook.to_dict()["profile"])
    assert outcome.milestones is not None
    assert outcome.milestones.names == ["first"]
    summary = {(row["kind"], row["name"], row["value"]): row["users"] for row in outcome.summary().to_dicts()}
    assert summary["segment", "win_back", ""] == len(members)
    assert len(outcome.tag_counts()) >= 1
    assert outcome.as_of == AS_OF
    assert outcome.derived_thresholds is None
    assert outcome.lifecycle is not None
    assert "churn" in outcome.lifecycle.names
    assert outcome.playbook.evaluate(log, as_of=AS_OF, profiles=False).profiles is None
    with pytest.raises(errors.UnknownNameError, match='did you mean "win_back"'):
        outcome.segment("winback")


def test_an_outcome_explains_itself_and_is_compared(outcome: uo.Outcome, log: uo.EventLog) -> None:
    user = next(iter(outcome.segment("win_back")))
    explanation = outcome.explain(user)
    segments = explanation.find("segments")
    assert segments is not None
    win_back = segments.find("win_back")
    assert win_back is not None
    assert win_back.value is True
    assert pickle.loads(pickle.dumps(explanation)) == explanation
    earlier = outcome.playbook.evaluate(log, as_of=AS_OF - timedelta(days=45))
    comparison = earlier.compare(outcome)
    again = pickle.loads(pickle.dumps(comparison))
    assert again.to_table() == comparison.to_table()
    assert set(again.segments) == set(comparison.segments)
    diff = comparison.segments["win_back"]
    assert set(diff.entered) == set(outcome.segment("win_back") - earlier.segment("win_back"))
    moved = {row["user"] for row in comparison.to_table().to_dicts() if row["kind"] == "stage"}
    assert moved == {user for user in log.users() if earlier.stage(user) != outcome.stage(user)}
    assert comparison.stages is not None
    assert len(outcome.tag_changes(earlier)) >= 1
    mover = next(iter(moved))
    assert earlier.explain_move(outcome, mover).find("after") is not None


def test_people_may_put_tags_on_by_hand(playbook: uo.Playbook, log: uo.EventLog) -> None:
    user = log.users()[0]
    act = {"user": user, "tag": "noted", "author": "eve", "at": AS_OF - timedelta(days=1), "reason": "called"}
    outcome = playbook.evaluate(log, as_of=AS_OF, manual_tags=[act])
    assert outcome.tags_of(user)["noted"] is True
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    with pytest.raises(errors.UnknownNameError, match="nobody"):
        playbook.evaluate(log, as_of=AS_OF, manual_tags=[act | {"user": "nobody"}])
    with pytest.raises(errors.InvalidDefinitionError, match="is for the time zone"):
        uo.Playbook.parse(TEXT + '[schema]\nzone = "Asia/Shanghai"\n').evaluate(log, as_of=AS_OF)


def test_a_lifecycle_has_a_past_and_a_future(log: uo.EventLog) -> None:
    lifecycle = uo.Lifecycle.standard(activity=["post_answer"])
    assert uo.Lifecycle(lifecycle.to_dict()) == lifecycle == pickle.loads(pickle.dumps(lifecycle))
    ends = uo.period_ends(log, "month", first="2025-01-15T00:00:00Z", last=AS_OF)
    assert ends[0] == datetime(2025, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    series = lifecycle.stages(log, ends)
    assert (len(series), series.instants) == (len(ends), ends)
    table = series.to_table()
    for user, stage in zip(table["user"][:15], table[table.columns[-1]][:15], strict=True):
        assert lifecycle.stage_of(log, user, as_of=ends[-1]) == stage
        assert lifecycle.explain(log, user, as_of=ends[-1]).parts
    assert len(series.mix()) >= len(ends)
    for matrix in (series.transitions(), series.transitions(0, 1), series.pooled_transitions()):
        assert len(matrix) > 0
    assert len(series.forecast(3)) > 0
    assert len(series.forecast(3, newcomers="none")) > 0
    assert len(series.back_test(2)) > 0
    assert pickle.loads(pickle.dumps(series)).to_table() == table
    with pytest.raises(errors.InvalidArgumentError, match="there is no instant 99"):
        series.transitions(99)
    histories = lifecycle.histories(log, until=AS_OF)
    user = table["user"][0]
    assert histories.spans(user) == lifecycle.history(log, user, until=AS_OF)
    assert pickle.loads(pickle.dumps(histories)) == histories
    assert len(histories.furthest()) == log.user_count
    assert len(histories.dwell_times()) > 0
    assert len(histories.to_table()) >= len([user for user in log.users() if histories.spans(user)])
    derived, how = uo.Lifecycle.derive(log, as_of=AS_OF, given={"activity": ["post_answer"]})
    assert how["thresholds"]["churn_days"] > how["thresholds"]["dormant_days"]
    assert derived == uo.Lifecycle.standard(**how["thresholds"])


RFM = """
[[scores]]
name = "rfm"
[scores.kind.rfm]
recency = 'days_since_last("post_answer")'
frequency = 'active_days("post_answer")'
monetary = 'count("view")'
"""


def test_a_calibration_is_taken_once_and_kept(log: uo.EventLog) -> None:
    text = TEXT.replace("[lifecycle.standard]\nactivity", "[lifecycle.derived.given]\nactivity") + RFM
    playbook = uo.Playbook.parse(text)
    now = playbook.evaluate(log, as_of=AS_OF)
    calibration = playbook.calibrate(log, as_of=AS_OF)
    assert calibration == now.calibration()
    assert playbook.evaluate(log, as_of=AS_OF, calibration=calibration) == now
    assert (calibration.playbook, calibration.fingerprint) == (playbook.name, playbook.fingerprint)
    assert calibration.as_of == AS_OF
    assert calibration.lifecycle == now.lifecycle
    assert calibration.derived_thresholds == now.derived_thresholds is not None
    assert calibration.score_models == {"posts": "value", "rfm": now.score_model("rfm")}
    assert repr(calibration) == '<Calibration of "shop" as of 2025-06-01T00:00:00Z>'
    assert uo.Calibration.from_json(calibration.to_json()) == calibration == pickle.loads(pickle.dumps(calibration))
    playbook.check_calibration(calibration)

    month_ago = AS_OF - timedelta(days=30)
    before = playbook.evaluate(log, as_of=month_ago, calibration=calibration)
    assert before.calibration() == calibration != playbook.calibrate(log, as_of=month_ago)
    assert before.lifecycle == now.lifecycle
    assert pickle.loads(pickle.dumps(before)) == before

    other = uo.Playbook.parse(text.replace(">= 2'", ">= 3'"))
    for refuse in (
        lambda: other.check_calibration(calibration),
        lambda: other.evaluate(log, as_of=AS_OF, calibration=calibration),
    ):
        with pytest.raises(errors.InvalidArgumentError, match="the calibration is of another playbook"):
            refuse()
    with pytest.raises(errors.InvalidDefinitionError, match="calibration: line 1"):
        uo.Calibration.from_json("{}")


def test_a_playbook_that_takes_nothing_calibrates_itself(playbook: uo.Playbook, log: uo.EventLog) -> None:
    own = playbook.own_calibration()
    assert own == playbook.calibrate(log, as_of=AS_OF)
    assert own.as_of is None
    assert own.lifecycle is not None
    assert own.derived_thresholds is None
    assert repr(own) == '<Calibration of "shop" of no population>'
    with pytest.raises(errors.InvalidDefinitionError, match='score "rfm"'):
        uo.Playbook.parse(TEXT + RFM).own_calibration()


def test_a_score_may_ask_for_a_tag_by_hand(log: uo.EventLog) -> None:
    playbook = uo.Playbook.parse(TEXT + RFM + "population = 'has_tag(\"noted\")'\n")
    user = next(iter(log.users()))
    tags: list[Any] = [{"user": user, "tag": "noted", "author": "ann", "at": AS_OF - timedelta(days=1)}]
    noted = playbook.calibrate(log, as_of=AS_OF, manual_tags=tags)
    assert noted == playbook.evaluate(log, as_of=AS_OF, manual_tags=tags).calibration()
    assert playbook.calibrate(log, as_of=AS_OF).score_models["rfm"]["rfm"]["model"] is None


def test_milestones_are_reached_once(log: uo.EventLog) -> None:
    milestones: list[dict[str, Any]] = [
        {"name": "one", "when": uo.count("post_answer") >= 1},
        {"name": "ten", "when": 'count("post_answer") >= 10'},
    ]
    reached = uo.reach_milestones(log, milestones, as_of=AS_OF)
    assert pickle.loads(pickle.dumps(reached)) == reached
    assert reached.to_table().columns == ["user", "one", "ten"]
    for row in reached.to_table().to_dicts()[:10]:
        assert reached.instant(row["user"], "one") == row["one"]
        assert row["ten"] is None or row["one"] <= row["ten"]
    assert reached.summary()["milestone"] == ["one", "ten"]
    assert uo.aarrr_milestones(acquisition=["sign_up"], revenue=["order"])[0]["name"] == "acquisition"
