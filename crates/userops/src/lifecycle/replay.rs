//! The replay: what a history of targets makes of guards and moves.

use serde::{Deserialize, Serialize};

use super::definition::LifecycleDefinition;
use super::presence::Arrival;
use crate::error::Result;
use crate::time::Timestamp;

/// What the rules say at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Target {
    /// The first stage whose rule is true.
    pub(super) stage: Option<u16>,
    /// The next instant at which time alone can change that, up to the one that was asked for.
    pub(super) next_change: Option<Timestamp>,
}

/// A stay in one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spell {
    /// The stage's position.
    pub(crate) stage: u16,
    /// When it was entered; `None` before anything is known of the user.
    pub(crate) from: Option<i64>,
    /// When it was left; `None` where it is the stage at the end of the replay.
    pub(crate) until: Option<i64>,
}

/// Guards and moves by position.
#[derive(Debug, Clone)]
pub(crate) struct Guards {
    dwell_min: Vec<Option<i64>>,
    /// For each stage whether each other may be entered from it; `None` where all may.
    moves: Vec<Option<Vec<bool>>>,
}

impl Guards {
    pub(crate) fn new(definition: &LifecycleDefinition) -> Self {
        let stages = &definition.stages;
        let moves_of = |moves: &Vec<String>| definition.names().map(|name| moves.iter().any(|to| to == name)).collect();
        Self {
            dwell_min: stages.iter().map(|stage| stage.dwell_min.map(|dwell| dwell.as_micros())).collect(),
            moves: stages.iter().map(|stage| stage.moves.as_ref().map(moves_of)).collect(),
        }
    }

    /// Until when a spell is guarded, where its stage has a guard. A spell without beginning has outlasted any.
    pub(super) fn guarded_until(&self, spell: &Spell) -> Option<i64> {
        let dwell_min = self.dwell_min[usize::from(spell.stage)]?;
        Some(spell.from?.saturating_add(dwell_min))
    }

    /// Whether the moves of a stage let a user go on to the target; no stage may always be entered.
    pub(super) fn may_move(&self, from: u16, to: Option<u16>) -> bool {
        match (&self.moves[usize::from(from)], to) {
            (Some(moves), Some(to)) => moves.get(usize::from(to)).copied().unwrap_or(false),
            _ => true,
        }
    }
}

/// The spells of one user up to `until`, which itself counts.
///
/// `times` are the instants of the user's events, ascending. `target_at` is asked at ascending instants: just before
/// the arrival where the user was there before it, at the arrival, at every event, whenever time alone changes the
/// target, and when a guard runs out. Its second argument says up to when a change by time alone matters.
pub(super) fn replay(
    guards: &Guards,
    arrival: Arrival,
    times: &[i64],
    until: Timestamp,
    mut target_at: impl FnMut(Timestamp, Timestamp) -> Result<Target>,
) -> Result<Vec<Spell>> {
    let mut spells = Vec::new();
    let until = until.as_micros();
    let Some(first) = arrival.first.filter(|first| *first <= until) else {
        // Nothing is known to have happened: the stage is the target, since nobody knows when.
        if arrival.before {
            let until = Timestamp::from_micros(until);
            let target = target_at(until, until)?;
            spells.extend(target.stage.map(|stage| Spell { stage, from: None, until: None }));
        }
        return Ok(spells);
    };
    if arrival.before {
        let before = Timestamp::from_micros(first.saturating_sub(1));
        let target = target_at(before, before)?;
        spells.extend(target.stage.map(|stage| Spell { stage, from: None, until: None }));
    }
    let mut at = first;
    let mut event = 0;
    loop {
        while times.get(event).is_some_and(|time| *time <= at) {
            event += 1;
        }
        let by_event = times.get(event).copied();
        let horizon = by_event.map_or(until, |next| until.min(next - 1));
        let target = target_at(Timestamp::from_micros(at), Timestamp::from_micros(horizon))?;
        let by_guard = step(guards, &mut spells, at, target.stage);
        let by_time = target.next_change.map(Timestamp::as_micros);
        let next = [by_event, by_time, by_guard].into_iter().flatten().filter(|next| *next > at).min();
        match next {
            Some(next) if next <= until => at = next,
            _ => return Ok(spells),
        }
    }
}

/// Moves the user to the target where guards and moves allow it. Returns when a guard that holds the user runs out.
pub(crate) fn step(guards: &Guards, spells: &mut Vec<Spell>, at: i64, target: Option<u16>) -> Option<i64> {
    if let Some(current) = spells.last_mut().filter(|spell| spell.until.is_none()) {
        if target == Some(current.stage) || !guards.may_move(current.stage, target) {
            return None;
        }
        if let Some(end) = guards.guarded_until(current).filter(|end| at < *end) {
            return Some(end);
        }
        current.until = Some(at);
    }
    spells.extend(target.map(|stage| Spell { stage, from: Some(at), until: None }));
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lifecycle::StageDefinition;
    use crate::rule::Rule;
    use crate::time::Span;

    /// The state instant by instant: the obviously right replay, which looks at every instant there is.
    fn naive(guards: &Guards, start: i64, until: i64, targets: &[Option<u16>]) -> Vec<Option<u16>> {
        let (mut stage, mut since): (Option<u16>, i64) = (None, 0);
        (0..=until)
            .map(|at| {
                let target = targets[at as usize];
                let free = match stage {
                    _ if at < start => false,
                    None => true,
                    Some(stage) => {
                        let dwell = guards.dwell_min[usize::from(stage)].unwrap_or(0);
                        at >= since + dwell && guards.may_move(stage, target)
                    }
                };
                if free && target != stage {
                    (stage, since) = (target, at);
                }
                stage
            })
            .collect()
    }

    fn stage_at(spells: &[Spell], at: i64) -> Option<u16> {
        let spell = spells.iter().rfind(|spell| spell.from.is_none_or(|from| from <= at))?;
        spell.until.is_none_or(|until| at < until).then_some(spell.stage)
    }

    prop_compose! {
        fn definitions()(
            dwell in prop::collection::vec(prop::option::of(1i64..12), 3),
            moves in prop::collection::vec(prop::option::of(prop::collection::vec(any::<bool>(), 3)), 3),
        ) -> LifecycleDefinition {
            let names = ["a", "b", "c"];
            let stages = names.iter().zip(dwell.into_iter().zip(moves)).map(|(name, (dwell, moves))| StageDefinition {
                name: (*name).to_owned(),
                when: Rule::All(Vec::new()),
                dwell_min: dwell.map(Span::from_micros),
                moves: moves.map(|moves| {
                    let allowed = names.iter().zip(moves).filter(|(_, allowed)| *allowed);
                    allowed.map(|(name, _)| (*name).to_owned()).collect()
                }),
            });
            LifecycleDefinition::new(stages.collect())
        }
    }

    proptest! {
        #[test]
        fn a_replay_of_changes_equals_a_look_at_every_instant(
            definition in definitions(),
            runs in prop::collection::vec((prop::option::of(0u16..3), 1usize..8, any::<bool>()), 1..20),
            start in 0i64..5,
        ) {
            let guards = Guards::new(&definition);
            // Targets change at events or by time alone.
            let (mut targets, mut events, mut changes) = (Vec::new(), Vec::new(), Vec::new());
            for (target, length, by_event) in runs {
                if by_event { events.push(targets.len() as i64) } else { changes.push(targets.len() as i64) }
                targets.extend(std::iter::repeat_n(target, length));
            }
            let until = targets.len() as i64 - 1;
            let ask = |at: Timestamp, horizon: Timestamp| {
                let next = changes.iter().find(|change| **change > at.as_micros());
                let next_change = next.copied().map(Timestamp::from_micros).filter(|next| *next <= horizon);
                Ok(Target { stage: targets[at.as_micros() as usize], next_change })
            };
            let arrival = Arrival { before: false, first: Some(start) };
            let expected = naive(&guards, start, until, &targets);
            for until in 0..=until {
                let spells = replay(&guards, arrival, &events, Timestamp::from_micros(until), ask).unwrap();
                let found: Vec<_> = (0..=until).map(|at| stage_at(&spells, at)).collect();
                prop_assert_eq!(&found[..], &expected[..=until as usize], "a shorter replay sees the same past");
            }
        }
    }

    #[test]
    fn a_stage_without_beginning_has_outlasted_its_guard() {
        let stages = vec![
            StageDefinition::new("b", Rule::All(Vec::new())),
            StageDefinition::new("a", Rule::All(Vec::new())).dwell_min(Span::from_micros(100)),
        ];
        let guards = Guards::new(&LifecycleDefinition::new(stages));
        let ask = |at: Timestamp, _| Ok(Target { stage: Some(u16::from(at.as_micros() < 5)), next_change: None });
        let arrival = Arrival { before: true, first: Some(5) };
        let spells = |until| replay(&guards, arrival, &[5], Timestamp::from_micros(until), ask).unwrap();
        let before = Spell { stage: 1, from: None, until: None };
        assert_eq!(spells(4), [before]);
        assert_eq!(spells(9), [Spell { until: Some(5), ..before }, Spell { stage: 0, from: Some(5), until: None }]);
    }
}
