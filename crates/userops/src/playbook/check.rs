//! Refuses a playbook that contradicts itself, saying where.

use super::definition::{FORMAT_VERSION, Lifecycle, Playbook};
use super::graph::{Need, Node};
use super::name::check_number;
use super::position::Path;
use crate::error::{Error, Result, invalid_definition};
use crate::event::check_names;
use crate::rule::{Vocabulary, check_measure, check_rule};
use crate::value::ValueType;

/// What is wrong, and where in the document.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: Path,
    pub(super) error: Error,
}

impl Fault {
    pub(super) fn at<'a>(path: &'a Path) -> impl FnOnce(Error) -> Self + 'a {
        |error| Self { path: path.clone(), error }
    }
}

/// Checks all that can be checked without a log.
pub(super) fn check(playbook: &Playbook) -> Result<(), Fault> {
    let vocabulary = Vocabulary::of_schema(&playbook.schema).close_listed();
    playbook.check_profile(&vocabulary)?;
    check_with(playbook, vocabulary).map(drop)
}

/// Checks rules against these names. Definitions are checked in the order in which they build on each other, which is
/// returned, and join the vocabulary one by one.
pub(super) fn check_with(playbook: &Playbook, mut vocabulary: Vocabulary) -> Result<Vec<Node>, Fault> {
    check_heads(playbook)?;
    let order = playbook.order()?;
    for name in playbook.segments.iter().map(|segment| &segment.name) {
        vocabulary = vocabulary.segment(name);
    }
    vocabulary = vocabulary.stages(playbook.stage_names());
    for &node in &order {
        let mut measure_type = None;
        for (path, need) in playbook.needs(node) {
            playbook.check_tags(&need).map_err(Fault::at(&path))?;
            match need {
                Need::Rule(rule) => check_rule(rule, &vocabulary).map_err(Fault::at(&path))?,
                Need::Measure(measure) => {
                    measure_type = check_measure(measure, &vocabulary).map_err(Fault::at(&path))?;
                    if matches!(node, Node::Score(_)) {
                        check_number(measure, measure_type).map_err(Fault::at(&path))?;
                    }
                }
            }
        }
        playbook.check_names(node, &vocabulary)?;
        vocabulary = playbook.learn(node, measure_type, vocabulary);
    }
    for (index, milestone) in playbook.milestones.iter().enumerate() {
        let path = Path::default().key("milestones").index(index).key("when");
        milestone.check().map_err(Fault::at(&path))?;
        check_rule(&milestone.when, &vocabulary).map_err(Fault::at(&path))?;
    }
    Ok(order)
}

/// Versions, names, and what each definition can tell of itself.
fn check_heads(playbook: &Playbook) -> Result<(), Fault> {
    let root = Path::default();
    if playbook.version != FORMAT_VERSION {
        let message = format!(
            "version {} of the format is not known; this library reads version {FORMAT_VERSION}",
            playbook.version
        );
        return Err(Fault { path: root.key("version"), error: invalid_definition(message) });
    }
    playbook.schema.check().map_err(Fault::at(&root.key("schema")))?;
    let names = |what: &str, key: &str, names: Vec<&String>| {
        check_names(what, names.into_iter().map(String::as_str)).map_err(Fault::at(&root.key(key)))
    };
    names("score", "scores", playbook.scores.iter().map(|score| &score.name).collect())?;
    names("tag", "tags", playbook.tags.iter().map(|tag| &tag.name).collect())?;
    names("segment", "segments", playbook.segments.iter().map(|segment| &segment.name).collect())?;
    names("milestone", "milestones", playbook.milestones.iter().map(|milestone| &milestone.name).collect())?;
    for node in playbook.nodes() {
        let checked = match node {
            Node::Score(index) => playbook.scores[index].check(),
            Node::Tag(index) => playbook.tags[index].check(),
            Node::Segment(index) => playbook.segments[index].check(),
            Node::Lifecycle => match &playbook.lifecycle {
                Some(Lifecycle::Custom(definition)) => definition.check(),
                Some(Lifecycle::Standard(given)) => given.check(),
                Some(Lifecycle::Derived { given, options }) => given.check().and_then(|()| options.check()),
                None => Ok(()),
            },
        };
        checked.map_err(Fault::at(&playbook.path(node)))?;
    }
    Ok(())
}

impl Playbook {
    /// The names of the stages that users can be in.
    pub(super) fn stage_names(&self) -> Vec<&str> {
        match &self.lifecycle {
            None => Vec::new(),
            Some(Lifecycle::Standard(_) | Lifecycle::Derived { .. }) => {
                use crate::lifecycle::{CHURN, DORMANCY, GROWTH, INTRODUCTION, MATURITY, PROSPECT, REACTIVATED};
                vec![PROSPECT, INTRODUCTION, GROWTH, MATURITY, DORMANCY, CHURN, REACTIVATED]
            }
            Some(Lifecycle::Custom(definition)) => definition.names().collect(),
        }
    }

    /// Adds what a definition brings to the names that rules may use.
    fn learn(&self, node: Node, measure_type: Option<ValueType>, vocabulary: Vocabulary) -> Vocabulary {
        match node {
            Node::Tag(index) => {
                let tag = &self.tags[index];
                vocabulary.tag(&tag.name, tag.value_type(measure_type))
            }
            Node::Score(index) => {
                let score = &self.scores[index];
                score.column_names().into_iter().fold(vocabulary, |vocabulary, (column, value_type)| {
                    let value_type = value_type.or(measure_type).unwrap_or(ValueType::Float);
                    vocabulary.score(format!("{}.{column}", score.name), value_type)
                })
            }
            Node::Lifecycle | Node::Segment(_) => vocabulary,
        }
    }
}
