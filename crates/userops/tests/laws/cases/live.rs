//! Cases of live engines: what a host tells, step by step, and what it is told at each.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::error::Result;
use userops::event::Event;
use userops::id::UserId;
use userops::live::{Arrival, Change, ChangeKind, Engine, LiveOptions};
use userops::playbook::Playbook;
use userops::tag::ManualTag;
use userops::time::{Span, Timestamp};
use userops::value::Value;

use super::table::judge_rows;
use super::{Judge, Verdict};

/// A playbook, and what an engine of it is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LiveCase {
    /// The document as text.
    playbook: String,
    lateness: Option<Span>,
    ahead_max: Option<Span>,
    steps: Vec<Step>,
    /// Whose forecast is asked for at the end.
    forecast: Option<Forecast>,
    expect: LiveExpect,
}

/// One thing that the host tells, and what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    event: Option<Event>,
    advance: Option<Timestamp>,
    attributes: Option<Attributes>,
    manual_tag: Option<ManualTag>,
    arrival: Option<Arrival>,
    /// All of them, in order.
    #[serde(default)]
    changes: Vec<ExpectedChange>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    user: UserId,
    attributes: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forecast {
    user: UserId,
    until: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveExpect {
    /// All rows of the engine's table, in order; of each the columns that are named.
    rows: Vec<toml::Table>,
    forecast: Option<Vec<ExpectedChange>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedChange {
    user: UserId,
    kind: String,
    name: Option<String>,
    from: Option<Value>,
    to: Option<Value>,
    entered: Option<bool>,
    effective_at: Timestamp,
    /// As `effective_at` unless stated.
    recorded_at: Option<Timestamp>,
}

impl Judge for LiveCase {
    fn judge(self, verdict: &mut Verdict) {
        // An engine that is written out and read again after each step tells the same as one that goes on.
        for is_restored in [false, true] {
            let mut engine = self.engine().unwrap();
            for (index, step) in self.steps.iter().enumerate() {
                step.judge(&mut engine, &format!("step {}", index + 1), verdict);
                if is_restored {
                    engine = serde_json::from_str(&serde_json::to_string(&engine).unwrap()).unwrap();
                }
            }
            judge_rows(verdict, &engine.to_table().unwrap(), &self.expect.rows);
            let expected = self.expect.forecast.as_deref().map(changes_of);
            let found = self.forecast.as_ref().map(|asked| engine.forecast(&asked.user, asked.until).unwrap());
            verdict.equal("the forecast", Some(expected), found);
        }
    }
}

impl LiveCase {
    fn engine(&self) -> Result<Engine> {
        let mut options = LiveOptions { ahead_max: self.ahead_max, ..LiveOptions::default() };
        options.lateness = self.lateness.unwrap_or(options.lateness);
        Engine::new(&Playbook::from_toml(&self.playbook)?, options)
    }
}

impl Step {
    fn judge(&self, engine: &mut Engine, what: &str, verdict: &mut Verdict) {
        let before = engine.as_of();
        let told = verdict.result(self.refused.as_deref(), self.tell(engine));
        let Some((arrival, changes)) = told else {
            return verdict.equal(&format!("{what}: the engine's instant"), Some(before), engine.as_of());
        };
        verdict.equal(&format!("{what}: the arrival"), self.arrival.map(Some), arrival);
        verdict.equal(&format!("{what}: the changes"), Some(changes_of(&self.changes)), changes);
    }

    fn tell(&self, engine: &mut Engine) -> Result<(Option<Arrival>, Vec<Change>)> {
        match (&self.event, self.advance, &self.attributes, &self.manual_tag) {
            (Some(event), None, None, None) => {
                let observed = engine.observe(event)?;
                Ok((Some(observed.arrival), observed.changes))
            }
            (None, Some(instant), None, None) => Ok((None, engine.advance_to(instant)?)),
            (None, None, Some(told), None) => Ok((None, engine.set_attributes(&told.user, &told.attributes)?)),
            (None, None, None, Some(act)) => Ok((None, engine.tag_by_hand(act)?)),
            _ => panic!("states not one of event, advance, attributes and manual_tag"),
        }
    }
}

fn changes_of(expected: &[ExpectedChange]) -> Vec<Change> {
    expected.iter().cloned().map(ExpectedChange::change).collect()
}

impl ExpectedChange {
    fn change(self) -> Change {
        let text = |value: Option<Value>| match value {
            None => None,
            Some(Value::Text(text)) => Some(text),
            Some(other) => panic!("{other} is no stage"),
        };
        let what = match (&*self.kind, self.name, self.entered) {
            ("tag", Some(name), None) => ChangeKind::Tag { name: name.into(), from: self.from, to: self.to },
            ("stage", None, None) => ChangeKind::Stage { from: text(self.from), to: text(self.to) },
            ("segment", Some(name), Some(entered)) if self.from.is_none() && self.to.is_none() => {
                ChangeKind::Segment { name: name.into(), entered }
            }
            (kind, ..) => panic!("no change of the kind {kind:?} is of this shape"),
        };
        let recorded_at = self.recorded_at.unwrap_or(self.effective_at);
        Change { user: self.user, what, effective_at: self.effective_at, recorded_at }
    }
}
