"""Cases of playbooks and rules: a few events, definitions, and what each user is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import userops as uo

from cases.case import Case
from cases.events import read_events

PLAYBOOKS = Path(__file__).parents[4] / "examples" / "playbooks"


def judge_rule_text(case: Case) -> None:
    text, tree = case.take("text", None), case.take("tree", None)
    assert (text is None) != (tree is None), "states not one of text and tree"

    def make() -> uo.Rule:
        rule = uo.Rule(tree if text is None else text)
        # Nothing is known of the data, so that any event, property and attribute passes the check.
        rule.check()
        return rule

    rule = case.attempt(make)
    if rule is None:
        return
    expected = case.expected("tree")
    if expected is not None:
        case.equal("the tree", True, rule == uo.Rule(expected))
    case.rest("the rule", {"written": str(rule)})


class Told:
    """What a playbook, or some rules in place of one, tell of the users of a log."""

    def __init__(self, case: Case) -> None:
        self.text, self.file = case.take("playbook", None), case.take("file", None)
        self.rules: dict[str, str] | None = case.take("rules", None)
        self.schema = case.take("schema", {})
        self.events, self.attributes = case.take("events", []), case.take("attributes", [])
        self.manual_tags, self.as_of = case.take("manual_tags", []), case.take("as_of", None)
        self.calibrated_at = case.take("calibrated_at", None)

    def read(self) -> uo.Playbook:
        if self.rules is not None:
            rules = {name: uo.Rule(text) for name, text in self.rules.items()}
            inside = [{"name": f"in:{name}", "when": rule} for name, rule in rules.items()]
            not_out = [{"name": f"not out:{name}", "when": rule, "unknown": "in"} for name, rule in rules.items()]
            document = {"version": 1, "name": "rules", "schema": self.schema, "segments": inside + not_out}
            return uo.Playbook.from_dict(document)
        if self.file is not None:
            return uo.Playbook.load(PLAYBOOKS / self.file)
        return uo.Playbook.parse(self.text)

    def evaluate(self) -> tuple[uo.Playbook, uo.Outcome | None]:
        playbook = self.read()
        assert playbook == uo.Playbook.parse(playbook.to_toml()) == uo.Playbook.parse(playbook.to_json(), "json")
        if self.as_of is None:
            return playbook, None
        log = read_events(playbook.schema, self.events, self.attributes)
        report = log.report
        assert report is not None
        assert report.rejected == report.attributes_rejected == 0, str(report)
        calibration = None
        if self.calibrated_at is not None:
            calibration = playbook.calibrate(log, as_of=self.calibrated_at, manual_tags=self.manual_tags)
            calibration = uo.Calibration.from_json(calibration.to_json())
        return playbook, playbook.evaluate(log, as_of=self.as_of, manual_tags=self.manual_tags, calibration=calibration)


def judge_playbook(case: Case) -> None:
    told = Told(case)
    evaluated = case.attempt(told.evaluate)
    if evaluated is None:
        return
    _, outcome = evaluated
    assert outcome is not None, "states no as_of, and is not refused"
    for user in outcome.log.users():
        outcome.explain(user)
    for name, truth in case.expected("truths", {}).items():
        judge_rule(case, told, outcome, name, truth)
    segments = {name: sorted(map(str, segment)) for name, segment in outcome.segments.items()}
    case.compare("segments", {name: sorted(ids) for name, ids in case.expected("segments", {}).items()}, segments)
    case.compare("tags", case.expected("tags", {}), by_user(outcome.tags))
    case.compare("scores", case.expected("scores", {}), by_user(outcome.scores))
    milestones = outcome.milestones
    reached = {} if milestones is None else by_user(milestones.to_table())
    case.compare("milestones", case.expected("milestones", {}), reached)
    stages = {} if outcome.stages is None else by_user(outcome.stages)["stage"]
    case.rest("the outcome", {"stages": stages})


def by_user(table: uo.Table) -> dict[str, dict[str, Any]]:
    """What users have, by column and id. A tag that is false is one that the user does not have."""
    users = list(map(str, table["user"]))
    columns = {name: zip(users, table[name], strict=True) for name in table.columns if name != "user"}
    return {
        name: {user: value for user, value in values if value is not None and value is not False}
        for name, values in columns.items()
    }


def judge_rule(case: Case, told: Told, outcome: uo.Outcome, name: str, expected: dict[str, list[str]]) -> None:
    """A rule for one user, and for all at once, under both readings of what is unknown."""
    assert told.rules is not None
    assert expected.keys() <= {"yes", "unknown"}
    rule, log = uo.Rule(told.rules[name]), outcome.log
    answers = {user: rule.judge(log, user, as_of=told.as_of, outcome=outcome) for user in log.users()}
    yes, unknown = set(expected.get("yes", [])), set(expected.get("unknown", []))
    case.equal(f"who {name} is true of", yes, {str(user) for user, answer in answers.items() if answer is True})
    case.equal(f"who {name} is unknown of", unknown, {str(user) for user, answer in answers.items() if answer is None})
    for fold, segment, members in (("out", "in", yes), ("in", "not out", yes | unknown)):
        case.equal(f"the segment {segment}:{name}", members, set(map(str, outcome.segment(f"{segment}:{name}"))))
        found = rule.segment(log, as_of=told.as_of, unknown=fold, outcome=outcome)
        case.equal(f"the segment of {name}, unknown {fold}", members, set(map(str, found)))
