//! Cases of playbooks: a few events, a playbook or single rules, and what each user is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use userops::error::Result;
use userops::event::EventSchema;
use userops::id::UserIx;
use userops::log::EventLog;
use userops::playbook::{Calibration, EvaluateOptions, Outcome, Playbook};
use userops::rule::{Rule, Subject, Truth, UnknownFold, judge};
use userops::segment::SegmentDefinition;
use userops::tag::ManualTag;
use userops::time::Timestamp;
use userops::value::ValueRef;

use super::ingest::{EventInput, read_log};
use super::{Judge, Verdict};

/// Events and attributes, an instant, and what a playbook or some rules say of the users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaybookCase {
    /// The document as text.
    playbook: Option<String>,
    /// The name of a file of examples/playbooks.
    file: Option<String>,
    /// Rules by name, in place of a playbook.
    rules: Option<BTreeMap<String, String>>,
    /// Of the log where there are rules; a playbook brings its own.
    #[serde(default)]
    schema: EventSchema,
    #[serde(default)]
    events: Vec<EventInput>,
    #[serde(default)]
    attributes: Vec<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    manual_tags: Vec<ManualTag>,
    as_of: Option<Timestamp>,
    /// The instant of the population that is calibrated on; `as_of` unless stated.
    calibrated_at: Option<Timestamp>,
    expect: PlaybookExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaybookExpect {
    /// By rule: for whom it is true, and for whom unknown; it is false for all others.
    #[serde(default)]
    truths: BTreeMap<String, TruthExpect>,
    /// By tag or rank of a preference: the values by user; nobody else has it.
    #[serde(default)]
    tags: BTreeMap<String, BTreeMap<String, toml::Value>>,
    /// By segment: its members.
    #[serde(default)]
    segments: BTreeMap<String, BTreeSet<String>>,
    /// By user: the stage; all others have none.
    stages: Option<BTreeMap<String, String>>,
    /// By milestone: the instants by user; nobody else has reached it.
    #[serde(default)]
    milestones: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// By score and column: the values by user; nobody else has one.
    #[serde(default)]
    scores: BTreeMap<String, BTreeMap<String, toml::Value>>,
    refused: Option<String>,
    /// Parts of what the message says.
    #[serde(default)]
    message: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TruthExpect {
    #[serde(default)]
    yes: BTreeSet<String>,
    #[serde(default)]
    unknown: BTreeSet<String>,
}

impl Judge for PlaybookCase {
    fn judge(self, verdict: &mut Verdict) {
        let answered = self.answer();
        if let Err(error) = &answered {
            let message = error.to_string();
            for part in &self.expect.message {
                verdict.equal(&format!("whether {message:?} says {part:?}"), Some(true), message.contains(part));
            }
        }
        let Some((playbook, log, outcome)) = verdict.result(self.expect.refused.as_deref(), answered) else { return };
        let (Some(log), Some(outcome)) = (log, outcome) else {
            return verdict.fail("states no as_of, and is not refused");
        };
        let judged = Judged { log: &log, outcome: &outcome, users: users_of(&log) };
        for (name, expected) in &self.expect.truths {
            judged.rule(&playbook, name, expected, verdict);
        }
        judged.answers(&self.expect, verdict);
        let options = EvaluateOptions::new().manual_tags(self.manual_tags);
        for user in 0..log.user_count() {
            if let Err(error) = playbook.explain(&log, &outcome, UserIx(user as u32), &options) {
                verdict.fail(format!("user {user} cannot be explained: {error}"));
            }
        }
    }
}

/// The two segments that a rule makes: who is in it where unknown counts as no, and where it counts as yes.
const IN: &str = "in:";
const NOT_OUT: &str = "not out:";

impl PlaybookCase {
    fn read(&self) -> Result<Playbook> {
        match (&self.playbook, &self.file, &self.rules) {
            (Some(text), None, None) => Playbook::from_toml(text),
            (None, Some(file), None) => {
                let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/playbooks");
                Playbook::from_toml(&std::fs::read_to_string(folder.join(file)).unwrap())
            }
            (None, None, Some(rules)) => {
                let mut playbook = Playbook::new("rules");
                playbook.schema = self.schema.clone();
                for (name, text) in rules {
                    let rule = Rule::parse(text).map_err(|error| error.at(name))?;
                    playbook.segments.push(SegmentDefinition::new(format!("{IN}{name}"), rule.clone()));
                    let not_out = SegmentDefinition::new(format!("{NOT_OUT}{name}"), rule);
                    playbook.segments.push(not_out.unknown(UnknownFold::In));
                }
                playbook.check().map(|()| playbook)
            }
            _ => panic!("states not one of playbook, file and rules"),
        }
    }

    fn answer(&self) -> Result<(Playbook, Option<EventLog>, Option<Outcome>)> {
        let playbook = self.read()?;
        let Some(as_of) = self.as_of else { return Ok((playbook, None, None)) };
        let log = read_log(playbook.schema.clone(), &self.events, &self.attributes)?;
        let mut options = EvaluateOptions::new().manual_tags(self.manual_tags.clone());
        if let Some(at) = self.calibrated_at {
            let calibration = playbook.calibrate(&log, at, &options)?;
            options = options.calibration(Calibration::from_json(&calibration.to_json()?)?);
        }
        let outcome = playbook.evaluate(&log, as_of, &options)?;
        Ok((playbook, Some(log), Some(outcome)))
    }
}

/// The users of a log by id, in order of the directory.
fn users_of(log: &EventLog) -> Vec<String> {
    log.users().iter().map(|id| id.to_string()).collect()
}

struct Judged<'a> {
    log: &'a EventLog,
    outcome: &'a Outcome,
    users: Vec<String>,
}

impl Judged<'_> {
    /// A rule for one user, and for all at once, under both readings of what is unknown.
    fn rule(&self, playbook: &Playbook, name: &str, expected: &TruthExpect, verdict: &mut Verdict) {
        let Some(definition) = playbook.segments.iter().find(|segment| segment.name == format!("{IN}{name}")) else {
            return verdict.fail(format!("there is no rule {name:?}"));
        };
        let calendar = self.log.calendar(self.outcome.as_of);
        let of_user = |user: usize| {
            let context = &self.outcome.context;
            let subject = Subject::new(self.log, UserIx(user as u32), self.outcome.as_of, &calendar, context);
            judge(&definition.when, &subject).unwrap()
        };
        let those = |truth: Truth| {
            let users = self.users.iter().enumerate().filter(|(user, _)| of_user(*user) == truth);
            users.map(|(_, id)| id.clone()).collect::<BTreeSet<_>>()
        };
        verdict.equal(&format!("who {name} is true of"), Some(&expected.yes), &those(Truth::True));
        verdict.equal(&format!("who {name} is unknown of"), Some(&expected.unknown), &those(Truth::Unknown));
        self.segment(&format!("{IN}{name}"), &expected.yes, verdict);
        self.segment(&format!("{NOT_OUT}{name}"), &expected.yes | &expected.unknown, verdict);
    }

    fn segment(&self, name: &str, expected: impl std::borrow::Borrow<BTreeSet<String>>, verdict: &mut Verdict) {
        match self.outcome.segment(name) {
            Ok(segment) => {
                let members = segment.iter().map(|user| self.users[user.index()].clone()).collect();
                verdict.equal(&format!("the segment {name}"), Some(expected.borrow()), &members);
            }
            Err(error) => verdict.fail(error.to_string()),
        }
    }

    /// What users have, by id.
    fn known<'v>(&self, value: impl Fn(usize) -> Option<ValueRef<'v>>) -> BTreeMap<String, toml::Value> {
        let users = self.users.iter().enumerate();
        users.filter_map(|(user, id)| Some((id.clone(), toml_value(value(user)?)))).collect()
    }

    fn answers(&self, expect: &PlaybookExpect, verdict: &mut Verdict) {
        for (name, expected) in &expect.segments {
            self.segment(name, expected, verdict);
        }
        for (name, expected) in &expect.tags {
            let (tag, rank) = match name.rsplit_once('.').map(|(tag, rank)| (tag, rank.parse::<usize>())) {
                Some((tag, Ok(rank))) => (tag, rank),
                _ => (name.as_str(), 1),
            };
            let column = match self.outcome.tag(tag) {
                Ok(column) if rank == 1 => column.values(),
                Ok(column) if rank - 2 < column.ranks().len() => &column.ranks()[rank - 2],
                Ok(_) => return verdict.fail(format!("there is no rank {name}")),
                Err(error) => return verdict.fail(error.to_string()),
            };
            // A tag that is false is one that the user does not have.
            let known = self.known(|user| column.get(user).filter(|value| *value != ValueRef::Bool(false)));
            verdict.equal(&format!("the tag {name}"), Some(expected), &known);
        }
        let stages = self.users.iter().enumerate().filter_map(|(user, id)| {
            let stage = self.outcome.stage(UserIx(user as u32))?;
            Some((id.clone(), stage.to_owned()))
        });
        verdict.equal("the stages", expect.stages.as_ref(), &stages.collect());
        for (name, expected) in &expect.milestones {
            let Some(table) = &self.outcome.milestones else { return verdict.fail("there are no milestones") };
            let instant = |user: usize| table.instant(UserIx(user as u32), name).unwrap();
            let users = self.users.iter().enumerate();
            let reached = users.filter_map(|(user, id)| Some((id.clone(), instant(user)?))).collect();
            verdict.equal(&format!("the milestone {name}"), Some(expected), &reached);
        }
        for (name, expected) in &expect.scores {
            let Some(column) = self.outcome.context.scores.get(name) else {
                return verdict.fail(format!("there is no score {name:?}"));
            };
            verdict.equal(&format!("the score {name}"), Some(expected), &self.known(|user| column.get(user)));
        }
    }
}

/// Instants and dates are written as texts.
fn toml_value(value: ValueRef<'_>) -> toml::Value {
    match value {
        ValueRef::Bool(value) => value.into(),
        ValueRef::Integer(value) => value.into(),
        ValueRef::Float(value) => value.into(),
        other => toml::Value::String(other.to_string()),
    }
}
