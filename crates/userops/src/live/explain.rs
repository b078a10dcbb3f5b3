//! Why an engine answers as it does of one user, and what time alone will change.

use super::change::{Change, told};
use super::engine::Engine;
use super::job::Moment;
use super::look::Look;
use super::node::{Node, Source};
use super::plan::{DefinitionKind, LiveDefinition, TagValue};
use super::user::look;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::id::UserId;
use crate::rule::Rule;
use crate::tag::{TagDefinition, TagKind};
use crate::time::{Span, Timestamp};
use crate::value::ValueRef;

/// How far ahead an explanation looks: a year.
const LOOKAHEAD: Span = Span::from_days(365);
/// Instants at which a user is looked at again, at the most, while looking ahead: a tag of days since changes each day.
const LOOKS_MAX: usize = 10_000;

impl Engine {
    /// What will change of a user up to an instant, if nothing happens before: in order of time, to the microsecond.
    ///
    /// # Errors
    /// `UnknownName` for a user of whom nothing was heard; `InvalidTime` for an instant that the engine's clock does not cover.
    pub fn forecast(&self, user: &UserId, until: Timestamp) -> Result<Vec<Change>> {
        self.plan.check_instant(until)?;
        let mut state = self.user(user)?.clone();
        let mut work = self.work.clone();
        for _ in 0..LOOKS_MAX {
            if state.next_at() > until.as_micros() {
                break;
            }
            let at = state.next_at();
            state.wake(&self.plan, user.as_ref(), at, &mut work)?;
        }
        let changes = work.changes.iter();
        Ok(changes.filter_map(|change| told(&self.plan, &work.texts, change, user, change.at)).collect())
    }

    /// Why the engine answers as it does of a user: the stage, tags, segments and scores, each with the rules that decide it, what was
    /// observed, and when time alone will change it within a year. Shaped as
    /// [`Playbook::explain`](crate::playbook::Playbook::explain); since an engine does not keep events for their own sake, none are quoted.
    ///
    /// # Errors
    /// `UnknownName` for a user of whom nothing was heard; `LimitExceeded` for a sum that does not fit.
    pub fn explain(&self, user: &UserId) -> Result<Explanation> {
        let state = self.user(user)?;
        let mut scratch = self.work.scratch.clone();
        scratch.begin(&self.plan);
        let moment = Moment { id: user.as_ref(), at: state.at, today: state.today };
        let mut look = look(&self.plan, state, moment, &self.work.texts, &mut scratch);
        let ahead = Timestamp::from_micros(self.as_of).plus(LOOKAHEAD).min(self.plan.last_instant());
        let coming = self.forecast(user, ahead)?;
        let (mut stage, mut tags, mut segments, mut scores) = (None, Vec::new(), Vec::new(), Vec::new());
        for definition in &self.plan.definitions {
            let node = self.explain_one(definition, &mut look, &coming)?;
            match &definition.kind {
                DefinitionKind::Stage { .. } => stage = Some(node),
                DefinitionKind::Tag { .. } => tags.push(node),
                DefinitionKind::Segment { .. } => segments.push(node),
                DefinitionKind::Score { .. } => scores.push(node),
            }
        }
        let text =
            format!("by the playbook {:?} as of {}", self.plan.playbook.name, Timestamp::from_micros(self.as_of));
        let root = Explanation::new("user").value(user.to_string()).text(text).parts(stage);
        let sections = [("tags", tags), ("segments", segments), ("scores", scores)];
        let sections = sections.into_iter().filter(|(_, parts)| !parts.is_empty());
        Ok(root.parts(sections.map(|(label, parts)| Explanation::new(label).parts(parts))))
    }

    fn explain_one(&self, definition: &LiveDefinition, look: &mut Look<'_>, coming: &[Change]) -> Result<Explanation> {
        let place = definition.columns.start;
        let column = &self.plan.columns[place];
        let value = look.user.answers[place].value(look.texts);
        let label = match &definition.kind {
            DefinitionKind::Score { index, .. } => &self.plan.playbook.scores[*index].name,
            _ => &*column.name,
        };
        let mut node = Explanation::new(label);
        node = match value {
            Some(value) => node.value(value.to_owned()),
            None => node.text("none"),
        };
        let rule = |rule: &Rule, compiled: &Node, look: &mut Look<'_>| explain_rule(rule, compiled, look);
        match &definition.kind {
            DefinitionKind::Score { measures, .. } => {
                for column in definition.columns.clone().skip(1) {
                    let name = self.plan.columns[column].title.rsplit('.').next().unwrap_or_default();
                    let value = look.user.answers[column].value(look.texts).map(ValueRef::to_owned);
                    node = node.part(value.map_or_else(
                        || Explanation::new(name).text("unknown"),
                        |value| Explanation::new(name).value(value),
                    ));
                }
                for source in measures {
                    node = node.part(observed(*source, look)?);
                }
            }
            DefinitionKind::Tag { index, value } => {
                let tag = &self.plan.playbook.tags[*index];
                if let Some(act) = look.user.act(&tag.name, look.moment.at) {
                    let text = format!("{:?} by {} at {}", act.action, act.author, act.at);
                    node = node.part(Explanation::new("manual").text(text));
                }
                for (case, compiled) in rules_of(tag, value) {
                    let part = rule(&case.1, compiled, look)?;
                    node = node.part(Explanation::new(case.0).part(part));
                }
                if let TagValue::Value(source) = value {
                    node = node.part(observed(*source, look)?);
                }
            }
            DefinitionKind::Segment { node: compiled, .. } => {
                let segment = self.plan.playbook.segments.iter().find(|segment| *segment.name == *column.name);
                if let Some(segment) = segment {
                    node = node.part(Explanation::new("rule").part(rule(&segment.when, compiled, look)?));
                }
            }
            DefinitionKind::Stage { nodes, .. } => {
                let stages = self.plan.calibration.stages.iter().flat_map(|stages| &stages.definition.stages);
                for (stage, compiled) in stages.zip(nodes) {
                    let part = rule(&stage.when, compiled, look)?;
                    node = node.part(Explanation::new(stage.name.clone()).part(part));
                }
            }
        }
        let next = coming.iter().find(|change| change.is_of(column.kind, &column.name));
        Ok(node.parts(next.map(|change| {
            let text = format!("then, if nothing happens before: {}", change.now());
            Explanation::new("next_change").value(change.effective_at).text(text)
        })))
    }
}

/// The rules of a tag with what they are called, beside their compiled forms.
fn rules_of<'v>(tag: &TagDefinition, value: &'v TagValue) -> Vec<((String, Rule), &'v Node)> {
    match (&tag.kind, value) {
        (TagKind::Rule(rule), TagValue::Rule(node, _)) => vec![(("rule".to_owned(), rule.clone()), node)],
        (TagKind::Cases(cases), TagValue::Cases { cases: nodes, .. }) => {
            let cases = cases.cases.iter().map(|case| (case.value.clone(), case.when.clone()));
            cases.zip(nodes.iter().map(|(node, _)| node)).collect()
        }
        (TagKind::Bands(bands), TagValue::Cases { cases: nodes, .. }) => {
            let cases = bands.to_cases().cases.into_iter().map(|case| (case.value, case.when));
            cases.zip(nodes.iter().map(|(node, _)| node)).collect()
        }
        _ => Vec::new(),
    }
}

/// The tree of a rule: its text, its truth, and what was observed.
fn explain_rule(rule: &Rule, node: &Node, look: &mut Look<'_>) -> Result<Explanation> {
    let truth = match node.judge(look)? {
        crate::rule::Truth::True => "true",
        crate::rule::Truth::False => "false",
        crate::rule::Truth::Unknown => "unknown",
    };
    let label = match node {
        Node::All(_) => "all",
        Node::Any(_) => "any",
        Node::Not(_) => "not",
        Node::AtLeast(..) => "at_least",
        Node::Test(..) => "test",
        Node::Holds(_) => "holds",
        Node::Has(_) | Node::Is(..) => "in",
        Node::Users(_) => "users",
    };
    let explained = Explanation::new(label).value(truth).text(rule.to_string());
    let parts: Vec<&Node> = match node {
        Node::All(nodes) | Node::Any(nodes) | Node::AtLeast(_, nodes) => nodes.iter().collect(),
        Node::Not(node) => vec![node],
        Node::Test(source, _) => return Ok(explained.part(observed(*source, look)?)),
        _ => Vec::new(),
    };
    let parts = rule.parts().iter().zip(parts).map(|(rule, node)| explain_rule(rule, node, look));
    let parts: Vec<Explanation> = parts.collect::<Result<_>>()?;
    Ok(explained.parts(parts))
}

fn observed(source: Source, look: &mut Look<'_>) -> Result<Explanation> {
    let slot = look.source(source)?;
    let node = Explanation::new("observed");
    Ok(match slot.value(look.texts) {
        Some(value) => node.value(value.to_owned()),
        None => node.text("unknown"),
    })
}
