//! Tags, one user at a time: the definition that the columns are held to.

use super::definition::{Cases, TagDefinition, TagKind};
use super::manual::{ManualTag, ManualTags};
use super::prefer::Ranking;
use super::preference::Preference;
use crate::error::Result;
use crate::profile::Interests;
use crate::rule::{Rule, Subject, UnknownFold, event_rows, judge, next_change_at, next_event_change_at, read_measure};
use crate::time::Timestamp;
use crate::value::{Value, ValueType};

/// The user's value of a tag: of a tag that is on or off true or false, of others `None` where the user lacks it.
///
/// # Errors
/// As [`TagDefinition::assign`].
pub fn tag_of(definition: &TagDefinition, subject: &Subject<'_>, manual: &ManualTags) -> Result<Option<Value>> {
    Ok(rank_tag(definition, subject, manual)?.into_iter().next())
}

/// As [`tag_of`], with the later ranks of a preference after the value.
///
/// # Errors
/// As [`TagDefinition::assign`].
pub fn rank_tag(definition: &TagDefinition, subject: &Subject<'_>, manual: &ManualTags) -> Result<Vec<Value>> {
    definition.check()?;
    let computed = definition.computed(subject).map_err(|error| error.at(definition.title()))?;
    Ok(definition.decide(computed, definition.act(subject, manual)))
}

/// The first instant after `as_of` and not after `until` at which the tag has another value, and that value, if nothing
/// happens before.
///
/// It counts with rules, cases and bands that change by time alone, and with acts of people that begin or expire. The
/// tags, segments, stages and scores that a rule names are taken as they are. Of a preference it foresees what windows let
/// go of and weights that fall below the least one; otherwise time alone does not turn its order, since all weights halve
/// together. Of a measure as it is only acts of people are foreseen.
///
/// # Errors
/// As [`TagDefinition::assign`].
pub fn next_tag_change_at(
    definition: &TagDefinition,
    subject: &Subject<'_>,
    manual: &ManualTags,
    until: Timestamp,
) -> Result<Option<(Timestamp, Option<Value>)>> {
    let now = tag_of(definition, subject, manual)?;
    let rules = definition.rules();
    let mut at = *subject;
    // Each turn is a change of some rule, preference or act, of which there are finitely many before `until`.
    loop {
        let mut next = manual.next_change_at(&definition.name, at.user(), at.as_of()).filter(|at| *at <= until);
        for rule in &rules {
            let change = next_change_at(rule, &at, until).map_err(|error| error.at(definition.title()))?;
            next = [next, change.map(|(at, _)| at)].into_iter().flatten().min();
        }
        if let TagKind::Preference(preference) = &definition.kind {
            let change = next_preference_change_at(preference, &at, until);
            next = [next, change.map_err(|error| error.at(definition.title()))?].into_iter().flatten().min();
        }
        let Some(next) = next else { return Ok(None) };
        at = subject.at(next);
        let then = tag_of(definition, &at, manual)?;
        if then != now {
            return Ok(Some((next, then)));
        }
    }
}

impl TagDefinition {
    /// What the tag is called in messages.
    pub(super) fn title(&self) -> String {
        format!("tag {:?}", self.name)
    }

    /// The rules that decide the value, bands as what they mean.
    pub(super) fn rules(&self) -> Vec<Rule> {
        match &self.kind {
            TagKind::Rule(rule) => vec![rule.clone()],
            TagKind::Cases(cases) => cases.cases.iter().map(|case| case.when.clone()).collect(),
            TagKind::Bands(bands) => bands.to_cases().cases.into_iter().map(|case| case.when).collect(),
            TagKind::Value(_) | TagKind::Preference(_) | TagKind::Manual { .. } => Vec::new(),
        }
    }

    /// The act that counts for the user.
    pub(super) fn act<'a>(&self, subject: &Subject<'_>, manual: &'a ManualTags) -> Option<&'a ManualTag> {
        manual.find(&self.name, subject.user(), subject.as_of())
    }

    /// What the rules say: nothing, a value, or the ranked values of a preference.
    pub(super) fn computed(&self, subject: &Subject<'_>) -> Result<Vec<Value>> {
        Ok(match &self.kind {
            TagKind::Rule(rule) => vec![Value::Bool(self.unknown.decide(judge(rule, subject)?))],
            TagKind::Cases(cases) => case_of(cases, self.unknown, subject)?.into_iter().collect(),
            TagKind::Bands(bands) => case_of(&bands.to_cases(), UnknownFold::Out, subject)?.into_iter().collect(),
            TagKind::Value(measure) => read_measure(measure, subject)?.into_iter().collect(),
            TagKind::Preference(preference) => {
                rank_values(preference, subject)?.into_iter().map(|(value, _)| value.into()).collect()
            }
            TagKind::Manual { .. } if self.value_type(None) == ValueType::Bool => vec![Value::Bool(false)],
            TagKind::Manual { .. } => Vec::new(),
        })
    }
}

/// The value of the first case that holds.
fn case_of(cases: &Cases, unknown: UnknownFold, subject: &Subject<'_>) -> Result<Option<Value>> {
    for case in &cases.cases {
        if unknown.decide(judge(&case.when, subject)?) {
            return Ok(Some(case.value.as_str().into()));
        }
    }
    Ok(cases.otherwise.as_deref().map(Value::from))
}

/// The values of a preference and their weights, best first; none where the events cannot be told.
pub(super) fn rank_values<'a>(preference: &'a Preference, subject: &Subject<'a>) -> Result<Vec<(&'a str, f64)>> {
    let (ranking, interests) = weigh_values(preference, subject)?;
    let mut ranked = Vec::new();
    ranking.rank_into(&interests, &mut ranked);
    Ok(ranked.iter().map(|interest| (ranking.text(interest), interest.weight)).collect())
}

fn weigh_values<'a>(preference: &'a Preference, subject: &Subject<'a>) -> Result<(Ranking<'a>, Interests)> {
    let ranking = Ranking::new(subject.log(), preference, subject.as_of())?;
    let mut interests = ranking.interests();
    ranking.weigh(event_rows(&preference.over, subject)?.unwrap_or_default(), &mut interests);
    Ok((ranking, interests))
}

/// The first instant after the subject's at which the events of a preference could be others, or a value weighs too little.
fn next_preference_change_at(
    preference: &Preference,
    subject: &Subject<'_>,
    until: Timestamp,
) -> Result<Option<Timestamp>> {
    let moves = next_event_change_at(&preference.over, subject, until)?;
    let end = moves.unwrap_or(until).min(until);
    let (_, interests) = weigh_values(preference, subject)?;
    let fall = interests.falls_below_at(preference.weight_min, subject.as_of(), end);
    Ok(fall.or(moves))
}
