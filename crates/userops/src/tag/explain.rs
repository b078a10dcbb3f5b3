//! Why a user has a tag or lacks it, and what would change it.

use super::definition::{Band, Bands, Cases, ManualPolicy, TagDefinition, TagKind};
use super::judge::{next_tag_change_at, rank_values};
use super::manual::{ManualAction, ManualTag, ManualTags};
use super::preference::Preference;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::rule::{Subject, Test, UnknownFold, explain_rule, judge, read_measure};
use crate::time::{Span, Timestamp};
use crate::value::Value;

/// How far ahead an explanation looks for a change by time alone: the anniversaries of any day come round in a year.
pub const LOOKAHEAD: Span = Span::from_days(366);

/// Why the user has the tag or lacks it.
///
/// The root is named after the tag and holds its value. Its parts are what a person did (`manual`, with author, instant,
/// reason and expiry), what the rules say (`rule`, or a `case` each up to the one that holds and `otherwise`, or a `band`
/// and the `next_band`, or `measure`, or a `rank` each), and `next_change`: the instant within [`LOOKAHEAD`] at which
/// time alone changes the value, or that there is none, or that it is not foreseen.
///
/// # Errors
/// As [`TagDefinition::assign`].
pub fn explain_tag(definition: &TagDefinition, subject: &Subject<'_>, manual: &ManualTags) -> Result<Explanation> {
    definition.check()?;
    definition.explain_kind(subject, manual).map_err(|error| error.at(definition.title()))
}

impl TagDefinition {
    /// As [`explain_tag`].
    ///
    /// # Errors
    /// As [`TagDefinition::assign`].
    pub fn explain(&self, subject: &Subject<'_>, manual: &ManualTags) -> Result<Explanation> {
        explain_tag(self, subject, manual)
    }

    fn explain_kind(&self, subject: &Subject<'_>, manual: &ManualTags) -> Result<Explanation> {
        let computed = self.computed(subject)?;
        let act = self.act(subject, manual);
        let by_rules = computed.first().cloned();
        let value = self.decide(computed, act).into_iter().next();
        let mut root = Explanation::new(self.name.clone());
        root = match &value {
            Some(value) => root.value(value.clone()),
            None => root.text("the user does not have it"),
        };
        if let Some(act) = act {
            root = root.part(explain_act(act, self.manual, by_rules.as_ref()));
        }
        let parts = match &self.kind {
            TagKind::Rule(rule) => vec![fold_note(
                Explanation::new("rule").part(explain_rule(rule, subject)?),
                judge(rule, subject)?,
                self.unknown,
            )],
            TagKind::Cases(cases) => explain_cases(cases, self.unknown, subject)?,
            TagKind::Bands(bands) => explain_bands(bands, subject)?,
            TagKind::Value(measure) => {
                vec![Explanation::new("measure").part(explain_rule(&measure.clone().is(Test::Known), subject)?)]
            }
            TagKind::Preference(preference) => explain_preference(preference, subject)?,
            TagKind::Manual { .. } if act.is_none() => {
                vec![Explanation::new("manual").text("only people put this tag on, and nobody did")]
            }
            TagKind::Manual { .. } => Vec::new(),
        };
        Ok(root.parts(parts).part(self.explain_change(subject, manual)?))
    }

    fn explain_change(&self, subject: &Subject<'_>, manual: &ManualTags) -> Result<Explanation> {
        let node = Explanation::new("next_change");
        let until = subject.as_of().plus(LOOKAHEAD);
        if let Some((at, then)) = next_tag_change_at(self, subject, manual, until)? {
            let then = then.map_or_else(|| "the user does not have it".to_owned(), |value| value.to_string());
            return Ok(node.value(at).text(format!("then, if nothing happens before: {then}")));
        }
        Ok(node.text(match self.kind {
            TagKind::Value(_) => "changes of a measure by time alone are not foreseen",
            TagKind::Preference(_) => {
                "time alone does not change it within a year: all weights halve together, which keeps their order"
            }
            _ => "time alone does not change it within a year",
        }))
    }
}

fn explain_act(act: &ManualTag, policy: ManualPolicy, by_rules: Option<&Value>) -> Explanation {
    let done = match act.action {
        ManualAction::Add => "put on",
        ManualAction::Remove => "taken off",
    };
    let until = act.expires.map_or_else(|| "for good".to_owned(), |expires| format!("until {expires}"));
    let rules_say = by_rules.is_some_and(|value| *value != Value::Bool(false));
    let order = match (policy, rules_say) {
        (ManualPolicy::ManualFirst, _) => "a person's word comes before the rules",
        (ManualPolicy::RuleFirst, true) => "without effect: the rules give a value, and come first",
        (ManualPolicy::RuleFirst, false) => "the rules give no value, so a person's word counts",
    };
    let instant = |label: &str, at: Timestamp| Explanation::new(label).value(at);
    let mut node = Explanation::new("manual")
        .text(format!("{done} by {}, {until}; {order}", act.author))
        .part(Explanation::new("author").value(act.author.as_str()))
        .part(instant("at", act.at));
    if let Some(value) = &act.value {
        node = node.part(Explanation::new("value").value(value.clone()));
    }
    if !act.reason.is_empty() {
        node = node.part(Explanation::new("reason").value(act.reason.as_str()));
    }
    match act.expires {
        Some(expires) => node.part(instant("expires", expires)),
        None => node,
    }
}

/// The node with what was decided about a rule that is unknown.
fn fold_note(node: Explanation, truth: crate::rule::Truth, unknown: UnknownFold) -> Explanation {
    match (truth, unknown) {
        (crate::rule::Truth::Unknown, UnknownFold::Out) => node.text("unknown, which counts as no"),
        (crate::rule::Truth::Unknown, UnknownFold::In) => node.text("unknown, which counts as yes"),
        _ => node,
    }
}

fn explain_cases(cases: &Cases, unknown: UnknownFold, subject: &Subject<'_>) -> Result<Vec<Explanation>> {
    let mut parts = Vec::new();
    for case in &cases.cases {
        let truth = judge(&case.when, subject)?;
        let node = Explanation::new("case").value(case.value.as_str()).part(explain_rule(&case.when, subject)?);
        let holds = unknown.decide(truth);
        let node = fold_note(node.text(if holds { "holds" } else { "does not hold" }), truth, unknown);
        parts.push(node);
        if holds {
            return Ok(parts);
        }
    }
    let node = Explanation::new("otherwise").text("no case holds");
    parts.push(match &cases.otherwise {
        Some(value) => node.value(value.as_str()),
        None => node,
    });
    Ok(parts)
}

fn explain_bands(bands: &Bands, subject: &Subject<'_>) -> Result<Vec<Explanation>> {
    let is_from = |band: &Band| judge(&bands.measure.clone().is(Test::Ge(band.from.clone())), subject);
    let mut reached = None;
    for (index, band) in bands.bands.iter().enumerate() {
        if is_from(band)?.is_true() {
            reached = Some(index);
        }
    }
    let observed = explain_rule(&bands.measure.clone().is(Test::Known), subject)?;
    if read_measure(&bands.measure, subject)?.is_none() {
        return Ok(vec![Explanation::new("band").text("the number is unknown, so it lies in no band").part(observed)]);
    }
    let band = match reached {
        Some(index) => {
            let band = &bands.bands[index];
            let end = bands.bands.get(index + 1).map_or_else(String::new, |next| format!(" to below {}", next.from));
            Explanation::new("band").value(band.label.as_str()).text(format!("from {}{end}", band.from))
        }
        None => {
            let node = Explanation::new("band");
            let first = bands.bands.first().map_or_else(String::new, |band| format!(" {}", band.from));
            match &bands.below {
                Some(below) => node.value(below.as_str()).text(format!("below{first}")),
                None => node.text(format!("none: below{first}")),
            }
        }
    };
    let next = bands.bands.get(reached.map_or(0, |index| index + 1));
    let next =
        next.map(|next| Explanation::new("next_band").value(next.label.as_str()).text(format!("from {}", next.from)));
    Ok(std::iter::once(band.part(observed)).chain(next).collect())
}

fn explain_preference(preference: &Preference, subject: &Subject<'_>) -> Result<Vec<Explanation>> {
    let ranks = rank_values(preference, subject)?;
    if ranks.is_empty() {
        return Ok(vec![Explanation::new("rank").text(format!(
            "no event of the query has the property {:?} with a weight above 0 and of at least {}",
            preference.property, preference.weight_min
        ))]);
    }
    let rank = |(index, (value, weight)): (usize, (&str, f64))| {
        let halves = preference.half_life;
        Explanation::new("rank")
            .value(value)
            .text(format!("rank {}, weight {weight:.3}; an event's weight halves in {halves}", index + 1))
    };
    Ok(ranks.into_iter().enumerate().map(rank).collect())
}
