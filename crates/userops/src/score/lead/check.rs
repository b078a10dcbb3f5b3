//! Refuses a lead score that contradicts itself, or names what is not there.

use super::definition::{Dimension, EventRule, LeadDefinition, PointGroup};
use super::grade::Matrix;
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::event::check_names;
use crate::rule::{PATTERNS_MAX, Vocabulary, check_query, check_rule};
use crate::time::Span;

/// The most points of one rule or event. With it a sum over every event that a log can hold is exact in floats.
pub(super) const POINTS_MAX: i64 = 10_000;

/// The most points that a limit can state.
const LIMIT_MAX: i64 = 1_000_000_000;

impl LeadDefinition {
    /// Refuses a lead score that contradicts itself.
    ///
    /// # Errors
    /// `InvalidDefinition` for names that are empty or given twice, points or limits that are out of range or order, a
    /// count or span that is not positive, events among the rules of fit, grades that nobody could be in, and a cell of the
    /// matrix in no group or in two; `UnknownName` for a cell that there is none of; `LimitExceeded` for more than 64
    /// kinds of events.
    pub fn check(&self) -> Result<()> {
        for dimension in self.dimensions() {
            check_limits("", Some(dimension.points_min), Some(dimension.points_max))
                .and_then(|()| check_dimension(&dimension))
                .map_err(|error| error.at(dimension.name))?;
            dimension.grades.check(dimension.name, dimension.points_min, dimension.points_max)?;
        }
        let events = self.event_rules().count();
        if events > PATTERNS_MAX {
            let message =
                format!("{events} rules over events are more than the limit {PATTERNS_MAX}: join some of them");
            return Err(limit_exceeded(message));
        }
        check_limits("the whole: ", self.points_min, self.points_max)?;
        if self.overrides.iter().any(|given| given.group.is_empty()) {
            return Err(invalid_definition("an override has a group with an empty name"));
        }
        Matrix::new(self).map(drop)
    }

    /// Refuses rules and events that ask for what is not there.
    ///
    /// # Errors
    /// As [`check_rule`]; the message begins with dimension, group and rule.
    pub fn check_against(&self, vocabulary: &Vocabulary) -> Result<()> {
        for dimension in self.dimensions() {
            for group in dimension.groups {
                let place = |rule: &str| format!("{}, group {:?}, rule {rule:?}", dimension.name, group.name);
                for rule in &group.rules {
                    check_rule(&rule.when, vocabulary).map_err(|error| error.at(place(&rule.name)))?;
                }
                for rule in &group.events {
                    check_query(&rule.query(), vocabulary).map_err(|error| error.at(place(&rule.name)))?;
                }
            }
        }
        let mut overrides = self.overrides.iter();
        overrides.try_for_each(|given| {
            check_rule(&given.when, vocabulary).map_err(|error| error.at(format!("override to {:?}", given.group)))
        })
    }
}

fn check_dimension(dimension: &Dimension<'_>) -> Result<()> {
    check_names("group", dimension.groups.iter().map(|group| group.name.as_str()))?;
    for group in dimension.groups {
        if let (Some(rule), "fit") = (group.events.first(), dimension.name) {
            return Err(invalid_definition(format!(
                "group {:?} gives points for each event by {:?}: fit says what someone is; move it to engagement, or ask \
                 in a rule, such as `count(\"demo\") >= 1`",
                group.name, rule.name
            )));
        }
        check_group(group).map_err(|error| error.at(format!("group {:?}", group.name)))?;
    }
    Ok(())
}

fn check_group(group: &PointGroup) -> Result<()> {
    let names = group.rules.iter().map(|rule| &rule.name).chain(group.events.iter().map(|rule| &rule.name));
    check_names("rule", names.map(String::as_str))?;
    check_limits("", group.points_min, group.points_max)?;
    let points = group.rules.iter().map(|rule| (&rule.name, rule.points));
    for (name, points) in points.chain(group.events.iter().map(|rule| (&rule.name, rule.points))) {
        if points.unsigned_abs() > POINTS_MAX.unsigned_abs() {
            return Err(invalid_definition(format!(
                "rule {name:?} gives {points} points, where {POINTS_MAX} either way are the limit"
            )));
        }
    }
    group
        .events
        .iter()
        .try_for_each(|rule| check_event(rule).map_err(|error| error.at(format!("rule {:?}", rule.name))))
}

fn check_event(rule: &EventRule) -> Result<()> {
    if rule.at_most == Some(0) {
        return Err(invalid_definition("at_most is 0: at least 1 event counts; leave it out to count all"));
    }
    for (name, span) in [("half_life", rule.half_life), ("within", rule.within)] {
        if let Some(span) = span.filter(|span| *span <= Span::default()) {
            return Err(invalid_definition(format!("{name} is {span}: a span is above zero, such as 30d")));
        }
    }
    Ok(())
}

fn check_limits(place: &str, min: Option<i64>, max: Option<i64>) -> Result<()> {
    if let Some(limit) = [min, max].into_iter().flatten().find(|limit| limit.unsigned_abs() > LIMIT_MAX.unsigned_abs())
    {
        return Err(invalid_definition(format!("{place}a limit of {limit} points is beyond {LIMIT_MAX} either way")));
    }
    match (min, max) {
        (Some(min), Some(max)) if min > max => {
            Err(invalid_definition(format!("{place}points_min {min} is above points_max {max}")))
        }
        _ => Ok(()),
    }
}
