//! Where the rules and events of a lead score stand in a playbook.

use super::check::Fault;
use super::graph::Need;
use super::position::Path;
use crate::rule::{Vocabulary, check_query};
use crate::score::lead::{LeadDefinition, PointGroup};

/// The rules of a lead score, each with the way to it.
pub(super) fn lead_needs<'a>(path: &Path, lead: &'a LeadDefinition) -> Vec<(Path, Need<'a>)> {
    let mut needs = Vec::new();
    for (path, group) in groups(path, lead) {
        let rules = group.rules.iter().enumerate();
        needs.extend(rules.map(|(index, rule)| (path.key("rules").index(index).key("when"), Need::Rule(&rule.when))));
    }
    let overrides = lead.overrides.iter().enumerate();
    let at = |index| path.key("overrides").index(index).key("when");
    needs.extend(overrides.map(|(index, given)| (at(index), Need::Rule(&given.when))));
    needs
}

/// Refuses an event or property that a lead score counts and there is none of.
pub(super) fn check_lead_events(lead: &LeadDefinition, path: &Path, vocabulary: &Vocabulary) -> Result<(), Fault> {
    for (path, group) in groups(path, lead) {
        for (index, rule) in group.events.iter().enumerate() {
            let path = path.key("events").index(index);
            for (index, name) in rule.events.iter().enumerate() {
                vocabulary.check_event(name).map_err(Fault::at(&path.key("events").index(index)))?;
            }
            check_query(&rule.query(), vocabulary).map_err(Fault::at(&path.key("where")))?;
        }
    }
    Ok(())
}

/// The groups of points of both dimensions, each with the way to it.
fn groups<'a>(path: &Path, lead: &'a LeadDefinition) -> Vec<(Path, &'a PointGroup)> {
    let mut found = Vec::new();
    for dimension in lead.dimensions() {
        let path = path.key(dimension.name).key("groups");
        found.extend(dimension.groups.iter().enumerate().map(|(index, group)| (path.index(index), group)));
    }
    found
}
