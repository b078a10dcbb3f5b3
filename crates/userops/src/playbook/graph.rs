//! Which definitions build on which, and an order to work them out in.

use std::collections::BTreeSet;

use super::check::Fault;
use super::definition::{Lifecycle, Playbook};
use super::lead::lead_needs;
use super::position::Path;
use crate::error::{Error, invalid_definition};
use crate::event::unknown;
use crate::lifecycle::LifecycleDefinition;
use crate::rule::{Measure, Reference, Rule};
use crate::score::ScoreKind;

/// One definition of a playbook, by its place in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Score(usize),
    Tag(usize),
    Lifecycle,
    Segment(usize),
}

/// A rule or measure of a definition, and where it stands.
pub(super) enum Need<'a> {
    Rule(&'a Rule),
    Measure(&'a Measure),
}

impl Playbook {
    /// All definitions, in the order of the document.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let scores = (0..self.scores.len()).map(Node::Score);
        let tags = (0..self.tags.len()).map(Node::Tag);
        let lifecycle = self.lifecycle.iter().map(|_| Node::Lifecycle);
        let segments = (0..self.segments.len()).map(Node::Segment);
        scores.chain(tags).chain(lifecycle).chain(segments).collect()
    }

    /// What a definition is called in messages.
    pub(crate) fn title(&self, node: Node) -> String {
        match node {
            Node::Score(index) => format!("score {:?}", self.scores[index].name),
            Node::Tag(index) => format!("tag {:?}", self.tags[index].name),
            Node::Lifecycle => "the lifecycle".to_owned(),
            Node::Segment(index) => format!("segment {:?}", self.segments[index].name),
        }
    }

    /// The way to a definition in the document.
    pub(super) fn path(&self, node: Node) -> Path {
        let root = Path::default();
        match node {
            Node::Score(index) => root.key("scores").index(index),
            Node::Tag(index) => root.key("tags").index(index),
            Node::Lifecycle => root.key("lifecycle"),
            Node::Segment(index) => root.key("segments").index(index),
        }
    }

    /// The rules and measures of a definition, each with the way to it. The standard lifecycle has none before it is
    /// made for a log: its rules name events alone.
    pub(super) fn needs(&self, node: Node) -> Vec<(Path, Need<'_>)> {
        let path = self.path(node);
        match node {
            Node::Score(index) => match &self.scores[index].kind {
                ScoreKind::Lead(lead) => lead_needs(&path.key("kind").key("lead"), lead),
                _ => {
                    let (rules, measures) = self.scores[index].needs();
                    needs_at(&path.key("kind"), rules, measures)
                }
            },
            Node::Tag(index) => {
                let (rules, measures) = self.tags[index].needs();
                needs_at(&path.key("kind"), rules, measures)
            }
            Node::Segment(index) => needs_at(&path.key("when"), vec![&self.segments[index].when], Vec::new()),
            Node::Lifecycle => match &self.lifecycle {
                Some(Lifecycle::Custom(definition)) => lifecycle_needs(&path.key("custom").key("stages"), definition),
                _ => Vec::new(),
            },
        }
    }

    fn find(&self, reference: &Reference) -> Option<Node> {
        match reference {
            Reference::Tag(name) => self.tags.iter().position(|tag| tag.name == *name).map(Node::Tag),
            Reference::Segment(name) => {
                self.segments.iter().position(|segment| segment.name == *name).map(Node::Segment)
            }
            Reference::Lifecycle => self.lifecycle.as_ref().map(|_| Node::Lifecycle),
            Reference::Score(name) => {
                let score = name.split_once('.').map_or(name.as_str(), |(score, _)| score);
                self.scores.iter().position(|known| known.name == score).map(Node::Score)
            }
        }
    }

    /// The definitions that one builds on, each with the way to where it is named.
    pub(super) fn parents(&self, node: Node) -> Vec<(Path, Node)> {
        let mut parents = Vec::new();
        for (path, need) in self.needs(node) {
            parents
                .extend(references(&need).iter().filter_map(|reference| Some((path.clone(), self.find(reference)?))));
        }
        parents
    }

    /// Refuses a tag that there is none of, by the nearest one: a definition that misspells a tag does not come after it, and so
    /// the vocabulary does not know the tag yet.
    pub(super) fn check_tags(&self, need: &Need<'_>) -> Result<(), Error> {
        let mut references = references(need).into_iter();
        references.try_for_each(|reference| match &reference {
            Reference::Tag(name) if self.find(&reference).is_none() => {
                Err(unknown("tag", name, self.tags.iter().map(|tag| tag.name.as_str())))
            }
            _ => Ok(()),
        })
    }

    /// An order in which every definition comes after those it builds on, otherwise that of the document.
    pub(super) fn order(&self) -> Result<Vec<Node>, Fault> {
        let mut order = Vec::new();
        for node in self.nodes() {
            self.visit(node, &mut Vec::new(), &mut order)?;
        }
        Ok(order)
    }

    fn visit(&self, node: Node, trail: &mut Vec<Node>, order: &mut Vec<Node>) -> Result<(), Fault> {
        if order.contains(&node) {
            return Ok(());
        }
        trail.push(node);
        for (path, parent) in self.parents(node) {
            if let Some(start) = trail.iter().position(|known| *known == parent) {
                let mut titles: Vec<String> = trail[start..].iter().map(|node| self.title(*node)).collect();
                titles.push(self.title(parent));
                let message = format!("definitions build on each other in a circle: {}", titles.join(" → "));
                return Err(Fault { path, error: invalid_definition(message) });
            }
            self.visit(parent, trail, order)?;
        }
        trail.pop();
        order.push(node);
        Ok(())
    }
}

/// The definitions that a rule or measure names.
fn references(need: &Need<'_>) -> BTreeSet<Reference> {
    match need {
        Need::Rule(rule) => rule.references(),
        Need::Measure(measure) => measure.reference().into_iter().collect(),
    }
}

fn needs_at<'a>(path: &Path, rules: Vec<&'a Rule>, measures: Vec<&'a Measure>) -> Vec<(Path, Need<'a>)> {
    let rules = rules.into_iter().map(Need::Rule);
    let measures = measures.into_iter().map(Need::Measure);
    rules.chain(measures).map(|need| (path.clone(), need)).collect()
}

fn lifecycle_needs<'a>(path: &Path, definition: &'a LifecycleDefinition) -> Vec<(Path, Need<'a>)> {
    let stages = definition.stages.iter().enumerate();
    stages.map(|(index, stage)| (path.index(index).key("when"), Need::Rule(&stage.when))).collect()
}
