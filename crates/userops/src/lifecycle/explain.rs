//! One user's stage, and why.

use super::definition::{LifecycleDefinition, StageDefinition};
use super::presence::{Arrival, Arrivals};
use super::replay::{Guards, Spell, replay};
use super::target::target_of;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::rule::{Subject, explain_rule};
use crate::time::{Span, Timestamp};

/// How far an explanation looks ahead for a change by time alone.
pub const NEXT_CHANGE_HORIZON: Span = Span::from_days(366);

/// The stage of one user: what [`assign_stages`](super::assign_stages) says in columns. `None` where the user is in
/// none.
///
/// # Errors
/// As [`LifecycleDefinition::check`]; `InvalidDefinition` where a lifecycle with guards reads tags, segments or scores;
/// as judging the rules.
pub fn stage_of<'a>(definition: &'a LifecycleDefinition, subject: &Subject<'_>) -> Result<Option<&'a str>> {
    let standing = Standing::of(definition, subject, subject.as_of())?;
    Ok(standing.current().map(|spell| name(definition, spell.stage)))
}

/// Why a user is in the stage that [`stage_of`] says.
///
/// The value is the stage. The parts, where there is something to say:
///
/// - `since`: when the user entered it; without a value where that was before anything is known;
/// - `rule`: the rule of the stage;
/// - `held_back`: the target, where a guard or the allowed moves keep the user from it, with its rule;
/// - `not`: the stages of higher precedence that do not hold, each with its rule;
/// - `furthest`: the furthest stage reached on the ladder;
/// - `next_change`: the first instant within [`NEXT_CHANGE_HORIZON`] at which time alone moves the user, and where to.
///
/// `since` and `furthest` need a history, which a lifecycle that reads tags, segments or scores does not have.
///
/// # Errors
/// As [`stage_of`].
pub fn explain_stage(definition: &LifecycleDefinition, subject: &Subject<'_>) -> Result<Explanation> {
    let as_of = subject.as_of();
    let standing = Standing::of(definition, subject, as_of.plus(NEXT_CHANGE_HORIZON))?;
    let mut root = Explanation::new("stage");
    if !standing.is_there {
        root = root.text("not there yet: nothing has happened by which the user would be known");
        return Ok(root.parts(standing.next_change(definition)));
    }
    let current = standing.current();
    root = match current {
        Some(spell) => root.value(name(definition, spell.stage)).parts(standing.since(spell)),
        None => root.text("in no stage: no rule holds"),
    };
    let target = target_of(definition, subject, as_of)?.stage.map(usize::from);
    let stage = current.map(|spell| usize::from(spell.stage));
    if let Some(stage) = stage {
        let text = if target == Some(stage) { "holds" } else { "does not decide now" };
        root = root.part(rule_of("rule", &definition.stages[stage], subject)?.text(text));
    }
    if stage != target {
        root = root.part(standing.held_back(definition, subject, target)?);
    }
    let higher = &definition.stages[..target.unwrap_or(definition.stages.len())];
    let not: Vec<Explanation> =
        higher.iter().map(|higher| rule_of(&higher.name, higher, subject)).collect::<Result<_>>()?;
    if !not.is_empty() {
        root = root.part(Explanation::new("not").text("of higher precedence, but not true").parts(not));
    }
    Ok(root.parts(standing.furthest(definition)).parts(standing.next_change(definition)))
}

fn rule_of(label: &str, stage: &StageDefinition, subject: &Subject<'_>) -> Result<Explanation> {
    let rule = explain_rule(&stage.when, subject).map_err(|error| error.at(format_args!("stage {:?}", stage.name)))?;
    Ok(Explanation::new(label).part(rule))
}

fn name(definition: &LifecycleDefinition, stage: u16) -> &str {
    definition.stages.get(usize::from(stage)).map_or("", |stage| stage.name.as_str())
}

/// Where one user stands, with the past where there is one, and the future in which nothing happens.
#[derive(Debug)]
struct Standing {
    as_of: Timestamp,
    is_there: bool,
    /// Whether the spells begin with the user's history; otherwise with the instant of evaluation.
    has_history: bool,
    spells: Vec<Spell>,
    guards: Guards,
}

impl Standing {
    fn of(definition: &LifecycleDefinition, subject: &Subject<'_>, horizon: Timestamp) -> Result<Self> {
        definition.check()?;
        let history = definition.check_history();
        if definition.is_guarded() {
            history?;
            return Self::follow(definition, subject, horizon, true);
        }
        Self::follow(definition, subject, horizon, history.is_ok())
    }

    fn follow(
        definition: &LifecycleDefinition,
        subject: &Subject<'_>,
        horizon: Timestamp,
        has_history: bool,
    ) -> Result<Self> {
        let (as_of, events) = (subject.as_of(), subject.events());
        let arrival = Arrivals::new(subject.log(), definition, subject.calendar())?.of(&events);
        let is_there = arrival.is_there(as_of);
        let happened = arrival.first.is_some_and(|first| first <= as_of.as_micros());
        let has_history = has_history && (happened || !is_there);
        // Without a past, the user is looked at from now on.
        let arrival = match has_history {
            true => Arrival { before: arrival.before && is_there, ..arrival },
            false => Arrival { before: false, first: is_there.then_some(as_of.as_micros()) },
        };
        let guards = Guards::new(definition);
        let spells = replay(&guards, arrival, events.time_micros(), horizon, |at, horizon| {
            target_of(definition, &subject.at(at), horizon)
        })?;
        Ok(Self { as_of, is_there, has_history, spells, guards })
    }

    fn current(&self) -> Option<&Spell> {
        let as_of = self.as_of.as_micros();
        let spell = self.spells.iter().rfind(|spell| spell.from.is_none_or(|from| from <= as_of))?;
        spell.until.is_none_or(|until| as_of < until).then_some(spell)
    }

    fn since(&self, spell: &Spell) -> Option<Explanation> {
        let node = Explanation::new("since");
        match spell.from {
            _ if !self.has_history => None,
            Some(from) => Some(node.value(Timestamp::from_micros(from))),
            None => Some(node.text("before anything is known to have happened")),
        }
    }

    /// The target that guards or moves keep the user from.
    fn held_back(
        &self,
        definition: &LifecycleDefinition,
        subject: &Subject<'_>,
        target: Option<usize>,
    ) -> Result<Explanation> {
        let to = target.and_then(|target| definition.stages.get(target));
        let Some(current) = self.current() else { return Ok(Explanation::new("held_back")) };
        let from = name(definition, current.stage);
        let why = match self.guards.guarded_until(current).map(Timestamp::from_micros) {
            _ if !self.guards.may_move(current.stage, target.map(|target| target as u16)) => {
                format!("the moves of {from} do not lead there")
            }
            Some(until) => format!("whoever enters {from} stays until {until} at least"),
            None => format!("{from} is left at the next event or change"),
        };
        match to {
            Some(stage) => Ok(rule_of("held_back", stage, subject)?.value(stage.name.as_str()).text(why)),
            None => Ok(Explanation::new("held_back").text(format!("no rule holds, but {why}"))),
        }
    }

    fn furthest(&self, definition: &LifecycleDefinition) -> Option<Explanation> {
        let as_of = self.as_of.as_micros();
        let past = || self.spells.iter().filter(|spell| spell.from.is_none_or(|from| from <= as_of));
        let reached = |stage: &&String| past().any(|spell| name(definition, spell.stage) == **stage);
        let furthest = definition.ladder.iter().rfind(reached).filter(|_| self.has_history)?;
        Some(Explanation::new("furthest").value(furthest.as_str()))
    }

    /// The first spell that begins, or the end of the present one, by time alone.
    fn next_change(&self, definition: &LifecycleDefinition) -> Option<Explanation> {
        let as_of = self.as_of.as_micros();
        let next = self.spells.iter().find(|spell| spell.from.is_some_and(|from| from > as_of));
        let left = self.current().and_then(|spell| spell.until);
        let at = next.and_then(|spell| spell.from).into_iter().chain(left).min()?;
        let to = match next.filter(|spell| spell.from == Some(at)) {
            Some(spell) => {
                format!("to {} by time alone, unless something happens before", name(definition, spell.stage))
            }
            None => "to no stage by time alone, unless something happens before".to_owned(),
        };
        Some(Explanation::new("next_change").value(Timestamp::from_micros(at)).text(to))
    }
}
