//! Why a rule holds for a user or does not, and what would change it.

mod evidence;
mod phrase;

use super::condition::{Definition, Rule};
use super::measure::Measure;
use super::scalar::{
    first_anniversary, judge, kind_of, match_sequence, origin_of, range_of, read_measure, resolve, select,
};
use super::sequence::Sequence;
use super::subject::Subject;
use super::test::Test;
use super::truth::Truth;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::time::{Anniversary, LeapDayPolicy};

/// The tree of a rule for one user: what was observed, what was asked for, which events bear witness, what would change
/// the answer.
///
/// A node's `value` is the answer: `true`, `false` or `unknown`. Its label is the name of the rule or measure (`all`,
/// `not`, `count`, `days_since_last`, `sequence`). A condition has these parts, where there is something to say:
///
/// - `observed`: the value measured, money in minor units with the major ones in the text;
/// - `threshold`: what the test asks for;
/// - `window`: the instants looked at;
/// - `reason`: why there is nothing to measure: `never`, `not_in_window`, `too_young`, or `unknown`;
/// - `events`: how many there are and up to three of them, each an `event` with its instant;
/// - `change`: what the user would have to do for it to hold;
/// - `next_change`: the instant within a year at which time alone changes the answer. A rule made of others has it too.
///
/// # Errors
/// As [`judge`].
pub fn explain_rule(rule: &Rule, subject: &Subject<'_>) -> Result<Explanation> {
    let node = explain(rule, subject)?;
    if rule.parts().is_empty() {
        return Ok(node);
    }
    Ok(node.parts(evidence::next_change(rule, judge(rule, subject)?, subject)?))
}

fn explain(rule: &Rule, subject: &Subject<'_>) -> Result<Explanation> {
    let truth = judge(rule, subject)?;
    let node = |label: &str, text: String| Explanation::new(label).value(name_of(truth)).text(text);
    let parts = |node: Explanation| -> Result<Explanation> {
        let parts: Vec<Explanation> = rule.parts().iter().map(|rule| explain(rule, subject)).collect::<Result<_>>()?;
        Ok(node.parts(parts))
    };
    match rule {
        Rule::All(rules) => parts(node("all", format!("all of {} hold", rules.len()))),
        Rule::Any(rules) => parts(node("any", format!("at least one of {} holds", rules.len()))),
        Rule::AtLeast { count, of } => parts(node("at_least", format!("at least {count} of {} hold", of.len()))),
        Rule::Not(_) => parts(node("not", "this does not hold".to_owned())),
        Rule::Measure { measure, test } => explain_measure(rule, truth, measure, test, subject),
        Rule::Sequence(sequence) => {
            let changes = evidence::next_change(rule, truth, subject)?;
            Ok(explain_sequence(sequence, truth, subject)?.parts(changes))
        }
        Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
            let text = format!(
                "the day is at most {days_before} days before or {days_after} days after an anniversary of {attribute:?}"
            );
            let day = explain_anniversary(attribute, *leap_day, subject)?;
            Ok(node("anniversary", text).part(day).parts(evidence::next_change(rule, truth, subject)?))
        }
        Rule::In(definition) => Ok(match definition {
            Definition::Tag(name) => node("in_tag", format!("the user has the tag {name:?}")),
            Definition::Segment(name) => node("in_segment", format!("the user is in the segment {name:?}")),
            Definition::Stage(name) => {
                let stage = subject.context().stages()?.get(subject.user().index());
                let observed = match stage {
                    Some(stage) => Explanation::new("observed").value(stage),
                    None => Explanation::new("observed").text("the user is in no stage"),
                };
                node("in_stage", format!("the user is in the stage {name:?}")).part(observed)
            }
        }),
        Rule::Users(users) => Ok(node("users", format!("the user is on a list of {}", users.len()))),
    }
}

/// The truth as programs read it.
fn name_of(truth: Truth) -> &'static str {
    match truth {
        Truth::False => "false",
        Truth::Unknown => "unknown",
        Truth::True => "true",
    }
}

fn explain_measure(
    rule: &Rule,
    truth: Truth,
    measure: &Measure,
    test: &Test,
    subject: &Subject<'_>,
) -> Result<Explanation> {
    let (log, currency) = (subject.log(), subject.log().currency());
    let kind = kind_of(measure, log, subject.context())?;
    let resolved = resolve(test, kind, log, subject.calendar())?;
    let value = read_measure(measure, subject)?;
    let selection = measure.over().map(|over| select(over, subject)).transpose()?;
    let written = value.as_ref().map_or_else(|| "unknown".to_owned(), |value| phrase::value(value, kind, currency));
    let needs = phrase::needs(&resolved, |value| phrase::value(value, kind, currency));
    let text = format!("{} is {written}; needed: {needs}", phrase::measure(measure, currency));
    let observed = match &value {
        Some(value) => Explanation::new("observed").value(value.clone()),
        None => Explanation::new("observed"),
    };
    let threshold = match test.values().as_ref() {
        [one] => Explanation::new("threshold").value(one.clone()),
        _ => Explanation::new("threshold"),
    };
    let mut node = Explanation::new(phrase::label(measure))
        .value(name_of(truth))
        .text(text)
        .part(observed.text(written))
        .part(threshold.text(needs));
    if let Some(over) = measure.over() {
        node = node.parts(evidence::window(&over.window, range_of(&over.window, subject)?));
    }
    node = node.parts(evidence::reason(measure, value.as_ref(), selection.as_ref(), subject)?);
    if let Some(super::scalar::Selection::Rows(rows, _)) = &selection {
        node = node.parts(evidence::events(measure, rows, log));
    }
    if truth != Truth::True {
        node = node.parts(evidence::missing(measure, &resolved, kind, value.as_ref(), subject));
    }
    Ok(node.parts(evidence::next_change(rule, truth, subject)?))
}

fn explain_sequence(sequence: &Sequence, truth: Truth, subject: &Subject<'_>) -> Result<Explanation> {
    let (log, count) = (subject.log(), sequence.steps.len());
    let range = range_of(&sequence.window, subject)?;
    let text = phrase::join(&format!("{count} steps in order"), &phrase::window(&sequence.window));
    let mut node = Explanation::new("sequence").value(name_of(truth)).text(text);
    node = node.parts(evidence::window(&sequence.window, range));
    if range.is_none() {
        let text = "the attribute from which the window is reckoned is not known";
        return Ok(node.part(Explanation::new("reason").value("unknown").text(text)));
    }
    // The longest beginning of the sequence that happened.
    let mut reached = Vec::new();
    for steps in (1..=count).rev() {
        let beginning = Sequence { steps: sequence.steps[..steps].to_vec(), ..sequence.clone() };
        if let Some(rows) = match_sequence(&beginning, subject)? {
            reached = rows;
            break;
        }
    }
    let steps = reached.iter().map(|row| {
        let event = evidence::event(*row, log);
        Explanation { label: "step".to_owned(), ..event }
    });
    node = node.part(Explanation::new("steps").value(reached.len() as i64).text(format!("of {count}")).parts(steps));
    let Some(missing) = sequence.steps.get(reached.len()) else { return Ok(node) };
    let what = phrase::pattern(&missing.events, missing.filter.as_ref(), 1, log.currency());
    let after = match reached.last() {
        Some(row) => format!(" after {}", evidence::time_of(*row, log)),
        None => String::new(),
    };
    let text = format!("step {} is missing: no {what}{after} that keeps the gaps", reached.len() + 1);
    Ok(node.part(Explanation::new("reason").value("step_missing").text(text)))
}

fn explain_anniversary(attribute: &str, leap_day: LeapDayPolicy, subject: &Subject<'_>) -> Result<Explanation> {
    let observed = Explanation::new("observed");
    let Some(origin) = origin_of(attribute, subject)? else {
        return Ok(observed.text(format!("the attribute {attribute:?} is not known")));
    };
    let today = subject.calendar().day(subject.as_of());
    Ok(match first_anniversary(Anniversary { origin, leap_day }, today) {
        Some(next) => observed.value(origin).text(format!("the day is {today}; the next anniversary is {next}")),
        None => observed.value(origin).text(format!("the day is {today}")),
    })
}
