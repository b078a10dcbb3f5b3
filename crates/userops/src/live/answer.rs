//! Works out the answers of definitions that may be others than before.

use super::job::Moment;
use super::look::Look;
use super::node::Source;
use super::plan::{DefinitionKind, LivePlan, Stages, TagValue};
use super::slot::Slot;
use super::user::{LiveUser, look};
use super::work::{AnswerChange, LiveWork};
use crate::error::Result;
use crate::lifecycle::{Presence, Spell, step};
use crate::rule::{Truth, UnknownFold};
use crate::score::SCORE_COLUMNS_MAX;
use crate::time::Timestamp;
use crate::value::Value;

impl LiveUser {
    /// Works out the definitions that `work` says may have changed, and those that read them.
    pub(super) fn answer(&mut self, plan: &LivePlan, moment: Moment<'_>, work: &mut LiveWork) -> Result<()> {
        for (index, definition) in plan.definitions.iter().enumerate() {
            if !work.dirty.contains(index) {
                continue;
            }
            let mut fresh = std::mem::take(&mut work.fresh);
            fresh.clear();
            let found = self.answer_one(plan, index, moment, work, &mut fresh);
            if let Err(error) = found {
                work.fresh = fresh;
                work.dirty.clear();
                return Err(error);
            }
            let mut is_changed = false;
            for (column, to) in definition.columns.clone().zip(fresh.iter().copied()) {
                let from = std::mem::replace(&mut self.answers[column], to);
                if from != to {
                    is_changed = true;
                    work.changes.push(AnswerChange { column, from, to, at: moment.at });
                }
            }
            work.fresh = fresh;
            if is_changed {
                work.dirty.add_all(&definition.readers);
            }
        }
        work.dirty.clear();
        Ok(())
    }

    fn answer_one(
        &mut self,
        plan: &LivePlan,
        index: usize,
        moment: Moment<'_>,
        work: &mut LiveWork,
        fresh: &mut Vec<Slot>,
    ) -> Result<()> {
        let definition = &plan.definitions[index];
        match &definition.kind {
            DefinitionKind::Score { index, measures, population } => {
                let mut look = look(plan, self, moment, &work.texts, &mut work.scratch);
                score(&mut look, *index, measures, population.as_ref(), fresh)?;
            }
            DefinitionKind::Tag { index, value } => {
                let mut ranks = std::mem::take(&mut work.ranks);
                let mut look = look(plan, self, moment, &work.texts, &mut work.scratch);
                let found = tag(&mut look, value, &mut ranks);
                fresh.extend(&ranks);
                work.ranks = ranks;
                found?;
                self.put_by_hand(plan, *index, moment.at, work, fresh);
                fresh.resize(definition.columns.len(), Slot::Unknown);
            }
            DefinitionKind::Segment { node, unknown, include, exclude } => {
                let is_listed = |list: &[crate::id::UserId]| list.iter().any(|user| user.as_ref() == moment.id);
                let mut look = look(plan, self, moment, &work.texts, &mut work.scratch);
                let holds = unknown.decide(node.judge(&mut look)?);
                fresh.push(Slot::Bool(!is_listed(exclude) && (holds || is_listed(include))));
            }
            DefinitionKind::Stage { nodes, names } => {
                let mut look = look(plan, self, moment, &work.texts, &mut work.scratch);
                let mut target = None;
                for (position, node) in nodes.iter().enumerate() {
                    if UnknownFold::Out.decide(node.judge(&mut look)?) {
                        target = Some(position as u16);
                        break;
                    }
                }
                let column = definition.columns.start;
                let stage =
                    plan.stages.as_ref().and_then(|stages| self.stage(plan, stages, names, column, moment.at, target));
                fresh.push(stage.map_or(Slot::Unknown, |stage| Slot::Text(names[usize::from(stage)])));
            }
        }
        Ok(())
    }

    /// Since when the user is there: whether before anything is known to have happened, and the first thing that did.
    pub(super) fn arrival(&self, plan: &LivePlan, stages: &Stages) -> (bool, Option<i64>) {
        let first = Some(self.first_time).filter(|_| self.has_events());
        match stages.presence {
            Presence::Always => (true, first),
            Presence::FirstEvent => (false, first),
            Presence::Known => (self.is_known || self.attributes.iter().any(|slot| *slot != Slot::Unknown), first),
            Presence::Attribute(_) => {
                let arrived = stages.arrival.and_then(|attribute| match self.attributes[attribute] {
                    Slot::Time(instant) => Some(instant),
                    Slot::Date(day) => Some(plan.calendar.day_start(crate::time::Day(day)).as_micros()),
                    _ => None,
                });
                (false, first.into_iter().chain(arrived).min())
            }
        }
    }

    /// What guards and presence make of the target.
    fn stage(
        &mut self,
        plan: &LivePlan,
        stages: &Stages,
        names: &[u32],
        column: usize,
        at: i64,
        target: Option<u16>,
    ) -> Option<u16> {
        let (before, first) = self.arrival(plan, stages);
        let has_come = first.is_some_and(|first| first <= at);
        let Some(guards) = stages.guards.as_ref().filter(|_| has_come) else {
            return target.filter(|_| before || has_come);
        };
        let stay = self.stay.get_or_insert_default();
        match &stay.before {
            None => {
                let then = self.answers[column];
                let stood = names.iter().position(|name| Slot::Text(*name) == then).filter(|_| before);
                stay.spells =
                    stood.map(|stage| Spell { stage: stage as u16, from: None, until: None }).into_iter().collect();
                stay.before = Some((at, stay.spells.clone()));
            }
            Some((instant, spells)) if *instant == at => stay.spells.clone_from(spells),
            Some(_) => stay.before = Some((at, stay.spells.clone())),
        }
        stay.guard_end = step(guards, &mut stay.spells, at, target);
        let last = stay.spells.len().saturating_sub(1);
        stay.spells.drain(..last);
        stay.spells.last().filter(|spell| spell.until.is_none()).map(|spell| spell.stage)
    }

    /// The act that counts for a tag at an instant.
    pub(super) fn act(&self, tag: &str, at: i64) -> Option<&crate::tag::ManualTag> {
        self.acts.iter().rev().filter(|act| act.tag == tag).find(|act| act.is_visible(Timestamp::from_micros(at)))
    }

    /// Puts what a person said over what the rules say.
    fn put_by_hand(&self, plan: &LivePlan, index: usize, at: i64, work: &mut LiveWork, fresh: &mut Vec<Slot>) {
        let definition = &plan.playbook.tags[index];
        let Some(act) = self.act(&definition.name, at) else { return };
        let known = fresh.iter().filter_map(|slot| slot.value(&work.texts));
        let computed: Vec<Value> = known.map(crate::value::ValueRef::to_owned).collect();
        let decided = definition.decide(computed, Some(act));
        fresh.clear();
        fresh.extend(decided.iter().map(|value| Slot::of(value.as_ref(), &mut work.texts)));
    }

    /// Marks the tags on which people acted: an act may begin or cease to count.
    pub(super) fn mark_by_hand(&self, plan: &LivePlan, dirty: &mut super::job::Bits) {
        if self.acts.is_empty() {
            return;
        }
        for (place, definition) in plan.definitions.iter().enumerate() {
            if let DefinitionKind::Tag { index, .. } = &definition.kind
                && self.acts.iter().any(|act| act.tag == plan.playbook.tags[*index].name)
            {
                dirty.insert(place);
            }
        }
    }
}

fn score(
    look: &mut Look<'_>,
    index: usize,
    measures: &[Source],
    population: Option<&super::node::Node>,
    out: &mut Vec<Slot>,
) -> Result<()> {
    let in_population = match population {
        Some(node) => node.judge(look)? == Truth::True,
        None => true,
    };
    let mut values = [None; SCORE_COLUMNS_MAX];
    for (value, source) in values.iter_mut().zip(measures) {
        *value = look.source(*source)?.value(look.texts);
    }
    let model = &look.plan.calibration.scores[index].1;
    let mut scored = [None; SCORE_COLUMNS_MAX];
    let definition = &look.plan.playbook.scores[index];
    let len = definition.score_into(model, &values[..measures.len()], in_population, &mut scored)?;
    // The names of cells and groups are in the list since the playbook was compiled.
    out.extend(scored[..len].iter().map(|value| value.map_or(Slot::Unknown, |value| Slot::find(value, look.texts))));
    Ok(())
}

/// What the rules say of a tag: nothing, a value, or the ranked values of a preference.
fn tag(look: &mut Look<'_>, value: &TagValue, out: &mut Vec<Slot>) -> Result<()> {
    out.clear();
    match value {
        TagValue::Rule(node, unknown) => out.push(Slot::Bool(unknown.decide(node.judge(look)?))),
        TagValue::Cases { cases, otherwise, unknown } => {
            for (node, text) in cases {
                if unknown.decide(node.judge(look)?) {
                    out.push(Slot::Text(*text));
                    return Ok(());
                }
            }
            out.extend(otherwise.map(Slot::Text));
        }
        TagValue::Value(source) => {
            let slot = look.source(*source)?;
            out.extend(Some(slot).filter(|slot| *slot != Slot::Unknown));
        }
        TagValue::Ranked(job) => look.rank(*job, out),
        TagValue::Manual { is_flag } => out.extend(is_flag.then_some(Slot::Bool(false))),
    }
    Ok(())
}

impl AnswerChange {
    /// Whether it is a change that hosts are told of: of a tag, a stage or a segment, and not merely the answer "no" that
    /// every user begins with.
    pub(super) fn is_told(&self, plan: &LivePlan) -> bool {
        let is_other = self.from != self.to && (self.from.is_had() || self.to.is_had());
        is_other && plan.columns[self.column].kind.is_told()
    }
}
