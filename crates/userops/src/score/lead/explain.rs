//! Why a lead stands where it stands, and what would move it.

use super::definition::{Dimension, EventRule, LeadDefinition, PointGroup};
use super::next_change::next_lead_change_at;
use super::scalar::{LeadGroupPoints, LeadPart, LeadRulePoints, LeadScore, score_lead};
use crate::error::Result;
use crate::explanation::Explanation;
use crate::rule::{Subject, explain_rule};
use crate::time::Span;

/// How far ahead an explanation looks for a change by time alone.
const HORIZON: Span = Span::from_days(365);

/// Why one user's lead score is what it is.
///
/// The root `lead` has the group as its value and the cell in its text. Its parts:
///
/// - `override`: the rule that put the user into the group, where one did;
/// - `fit` and `engagement`: the points, with a part for each `group` (its points, and whether a limit cut them), in which
///   each `rule` has its points and why it holds or not, and each `events` how many events count and what they are worth;
/// - `next_grade`: in each of the two, the points that are missing to the next better grade;
/// - `next_change`: the instant within a year at which time alone puts the user into another cell or group.
///
/// # Errors
/// As [`score_lead`].
pub fn explain_lead(definition: &LeadDefinition, subject: &Subject<'_>) -> Result<Explanation> {
    let score = score_lead(definition, subject)?;
    let mut root = Explanation::new("lead").value(score.group.clone()).text(format!(
        "cell {}, {} points of fit and engagement together",
        score.cell,
        shown(score.points)
    ));
    if let Some(given) = score.override_index.and_then(|index| definition.overrides.get(index)) {
        let node = Explanation::new("override").value(given.group.clone());
        root = root.part(
            node.text("this rule puts the user there, whatever the grades").part(explain_rule(&given.when, subject)?),
        );
    }
    let [fit, engagement] = definition.dimensions();
    root = root.part(explain_part(&fit, &score.fit, subject)?);
    root = root.part(explain_part(&engagement, &score.engagement, subject)?);
    let change = next_lead_change_at(definition, subject, subject.as_of().plus(HORIZON))?;
    Ok(root.parts(change.map(|(instant, then)| {
        let LeadScore { cell, group, .. } = then;
        let text = format!("time alone puts the user into cell {cell}, group {group:?}, if nothing happens before");
        Explanation::new("next_change").value(instant).text(text)
    })))
}

fn explain_part(dimension: &Dimension<'_>, part: &LeadPart, subject: &Subject<'_>) -> Result<Explanation> {
    let mut node = Explanation::new(dimension.name)
        .value(number(part.points))
        .text(format!("grade {}; points run from {} to {}", part.grade, dimension.points_min, dimension.points_max));
    for (group, points) in dimension.groups.iter().zip(&part.groups) {
        node = node.part(explain_group(group, points, subject)?);
    }
    let place = dimension.grades.place(part.points);
    Ok(node.parts(place.checked_sub(1).map(|better| {
        let cut = dimension.grades.cuts[better];
        let name = dimension.grades.name(better);
        Explanation::new("next_grade")
            .value(number(cut as f64 - part.points))
            .text(format!("so many points more make grade {name}, which begins at {cut}"))
    })))
}

fn explain_group(group: &PointGroup, points: &LeadGroupPoints, subject: &Subject<'_>) -> Result<Explanation> {
    let limit = match points.points.total_cmp(&points.sum) {
        std::cmp::Ordering::Less => format!("; {} cut down to the most it gives", shown(points.sum)),
        std::cmp::Ordering::Greater => format!("; {} raised to the least it gives", shown(points.sum)),
        std::cmp::Ordering::Equal => String::new(),
    };
    let mut node = Explanation::new("group").value(number(points.points)).text(format!("{:?}{limit}", group.name));
    for (rule, given) in group.rules.iter().zip(&points.rules) {
        let text = format!("{:?}: {} points while this holds", rule.name, rule.points);
        let part = Explanation::new("rule").value(number(given.points)).text(text);
        node = node.part(part.part(explain_rule(&rule.when, subject)?));
    }
    let events = group.events.iter().zip(&points.rules[group.rules.len()..]);
    Ok(node.parts(events.map(|(rule, given)| explain_events(rule, given))))
}

fn explain_events(rule: &EventRule, given: &LeadRulePoints) -> Explanation {
    let mut text = format!("{:?}: {} points for each event", rule.name, rule.points);
    if let Some(count) = rule.at_most {
        text.push_str(&format!(", at most {count} of them"));
    }
    if let Some(span) = rule.within {
        text.push_str(&format!(", of the last {span}"));
    }
    if let Some(span) = rule.half_life {
        text.push_str(&format!(", half of it after {span}"));
    }
    let count = i64::try_from(given.event_count.unwrap_or_default()).unwrap_or(i64::MAX);
    let observed = Explanation::new("observed").value(count).text("events that count");
    Explanation::new("events").value(number(given.points)).text(text).part(observed)
}

/// Points as a value: whole where they are.
fn number(points: f64) -> crate::value::Value {
    if points.fract() == 0.0 { (points as i64).into() } else { points.into() }
}

/// Points for people: two decimals, where there are any.
fn shown(points: f64) -> String {
    if points.fract() == 0.0 { format!("{points}") } else { format!("{points:.2}") }
}
