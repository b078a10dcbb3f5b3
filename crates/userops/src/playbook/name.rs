//! Events, properties and attributes that a playbook names outside its rules.

use super::check::Fault;
use super::definition::{Lifecycle, Playbook};
use super::graph::Node;
use super::lead::check_lead_events;
use super::position::Path;
use crate::error::{Result, type_mismatch};
use crate::lifecycle::{LifecycleDefinition, Presence};
use crate::rule::{Measure, Vocabulary, check_query};
use crate::score::ScoreKind;
use crate::tag::{Preference, TagKind};
use crate::value::ValueType;

const NUMBERS: &[ValueType] = &[ValueType::Integer, ValueType::Float];
const INSTANTS: &[ValueType] = &[ValueType::Date, ValueType::Time];

impl Playbook {
    /// Refuses what a definition names outside its rules and measures, where there is no such thing or it is of a type that
    /// is of no use there.
    pub(super) fn check_names(&self, node: Node, vocabulary: &Vocabulary) -> Result<(), Fault> {
        let path = self.path(node);
        match node {
            Node::Segment(_) => Ok(()),
            Node::Score(index) => match &self.scores[index].kind {
                ScoreKind::Lead(lead) => check_lead_events(lead, &path.key("kind").key("lead"), vocabulary),
                _ => Ok(()),
            },
            Node::Tag(index) => match &self.tags[index].kind {
                TagKind::Preference(preference) => {
                    check_preference(preference, &path.key("kind").key("preference"), vocabulary)
                }
                _ => Ok(()),
            },
            Node::Lifecycle => match &self.lifecycle {
                None => Ok(()),
                Some(Lifecycle::Standard(given)) => {
                    check_events(&given.activity, &path.key("standard").key("activity"), vocabulary)
                }
                Some(Lifecycle::Derived { given, .. }) => {
                    check_events(&given.activity, &path.key("derived").key("given").key("activity"), vocabulary)
                }
                Some(Lifecycle::Custom(definition)) => {
                    check_presence(definition, &path.key("custom").key("presence"), vocabulary)
                }
            },
        }
    }

    /// The same of what profiles hold.
    pub(super) fn check_profile(&self, vocabulary: &Vocabulary) -> Result<(), Fault> {
        let path = Path::default().key("profile");
        check_events(&self.profile.orders, &path.key("orders"), vocabulary)?;
        for (key, property) in [("channel", &self.profile.channel), ("category", &self.profile.category)] {
            if let Some(name) = property {
                let checked = check_property(name, &[ValueType::Text], "in profiles", vocabulary);
                checked.map_err(Fault::at(&path.key(key)))?;
            }
        }
        Ok(())
    }
}

/// Refuses a measure that is graded or is a score, and no number.
pub(super) fn check_number(measure: &Measure, value_type: Option<ValueType>) -> Result<()> {
    check_type(&format!("the measure {measure}"), value_type, NUMBERS, "for a score")
}

fn check_events(names: &[String], path: &Path, vocabulary: &Vocabulary) -> Result<(), Fault> {
    let mut names = names.iter().enumerate();
    names.try_for_each(|(index, name)| vocabulary.check_event(name).map_err(Fault::at(&path.index(index))))
}

fn check_preference(preference: &Preference, path: &Path, vocabulary: &Vocabulary) -> Result<(), Fault> {
    check_query(&preference.over, vocabulary).map_err(Fault::at(&path.key("over")))?;
    let ranked = check_property(&preference.property, &[ValueType::Text], "for a preference", vocabulary);
    ranked.map_err(Fault::at(&path.key("property")))?;
    let weight = preference.weight.iter();
    let mut weighed = weight.map(|name| check_property(name, NUMBERS, "to weigh a preference by", vocabulary));
    weighed.try_for_each(|checked| checked.map_err(Fault::at(&path.key("weight"))))
}

fn check_presence(definition: &LifecycleDefinition, path: &Path, vocabulary: &Vocabulary) -> Result<(), Fault> {
    let Presence::Attribute(name) = &definition.presence else { return Ok(()) };
    let checked = vocabulary.attribute_type(name).and_then(|found| {
        check_type(&format!("the attribute {name:?}"), found, INSTANTS, "to say from when on a user is there")
    });
    checked.map_err(Fault::at(&path.key("attribute")))
}

fn check_property(name: &str, wanted: &[ValueType], purpose: &str, vocabulary: &Vocabulary) -> Result<()> {
    check_type(&format!("the property {name:?}"), vocabulary.property_type(name)?, wanted, purpose)
}

/// Refuses what is of none of the wanted types; what the vocabulary leaves open passes.
fn check_type(what: &str, found: Option<ValueType>, wanted: &[ValueType], purpose: &str) -> Result<()> {
    match found {
        Some(found) if !wanted.contains(&found) => {
            let wanted: Vec<&str> = wanted.iter().map(|wanted| wanted.name()).collect();
            Err(type_mismatch(format!("{what} is of type {found}, where {} is needed {purpose}", wanted.join(" or "))))
        }
        _ => Ok(()),
    }
}
