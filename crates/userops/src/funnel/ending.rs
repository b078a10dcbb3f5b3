//! Where a search ends before the events do: at the first noise, or at a step that comes again.

use super::any_order::AnyAttempt;
use super::any_search::{AnySearch, AnyWalk};
use super::definition::{EntryChoice, Noise, NoiseKind, Repetition, StepOrder, TiePolicy};
use super::plan::Plan;
use super::search::{Attempt, Search};
use super::view::View;
use crate::error::Result;

/// The place of one match of an event: for events as they arrived (event, step, 0), for steps in order (instant, step,
/// event). Steps count from 1; an event of no step is at step 0.
type Place = (i64, u8, usize);

const NOWHERE: Place = (i64::MAX, u8::MAX, usize::MAX);

/// What attempts have come to, and where first.
#[derive(Debug)]
struct Reached {
    start: Place,
    /// By slot; of steps in any order nothing.
    slots: Vec<Place>,
    /// By step, where it was complete.
    steps: Vec<Place>,
}

/// The searches that tell what was reached.
pub(crate) struct Searches<'s> {
    pub(crate) ordered: &'s mut Search,
    pub(crate) any: &'s mut AnySearch,
}

/// Leaves in the view what comes before the end of the search; returns whether there is one. The end is that of the one
/// attempt that begins at an event of the view, or of all of them.
///
/// The first match after the first start ends the search that is noise or a repetition with regard to what any attempt
/// has reached before it. Takes as long as a search from every start.
///
/// # Errors
/// Those of the search.
pub(crate) fn end_search(
    plan: &Plan<'_>,
    view: &mut View,
    only: Option<usize>,
    searches: &mut Searches<'_>,
) -> Result<bool> {
    if !plan.can_end() {
        return Ok(false);
    }
    let reached = reached(plan, view, only, searches)?;
    let mut end = NOWHERE;
    for index in 0..view.len() {
        let mask = view.masks[index];
        let steps = (1..=plan.step_count).filter(|step| mask >> (step - 1) & 1 == 1);
        for step in (mask == 0).then_some(0).into_iter().chain(steps) {
            let place = place(plan, view, index, step);
            if place < end && ends(plan, &reached, mask, step, place) {
                end = place;
            }
        }
    }
    if end == NOWHERE {
        return Ok(false);
    }
    cut(plan, view, end);
    Ok(true)
}

fn place(plan: &Plan<'_>, view: &View, index: usize, step: u8) -> Place {
    match plan.funnel.ties {
        TiePolicy::AsOrdered => (index as i64, step, 0),
        TiePolicy::StepOrder | TiePolicy::StrictlyLater => (view.times[index], step, index),
    }
}

fn reached(plan: &Plan<'_>, view: &View, only: Option<usize>, searches: &mut Searches<'_>) -> Result<Reached> {
    let steps = vec![NOWHERE; usize::from(plan.step_count)];
    let mut reached = Reached { start: NOWHERE, slots: vec![NOWHERE; plan.slots.len()], steps };
    let is_start = |index: &usize| view.masks[*index] & plan.start_mask != 0;
    let starts = only.map_or(0..view.len(), |start| start..start + 1);
    for start in starts.filter(is_start) {
        let step = (view.masks[start] & plan.start_mask).trailing_zeros() as u8 + 1;
        reached.start = reached.start.min(place(plan, view, start, step));
        if plan.funnel.order != StepOrder::Any {
            reach_in_order(plan, view, start, searches.ordered, &mut reached)?;
        } else if plan.funnel.repetition == Repetition::End {
            reach_in_any_order(plan, view, start, searches.any, &mut reached)?;
        }
        if plan.funnel.entry == EntryChoice::First {
            break;
        }
    }
    Ok(reached)
}

fn reach_in_order(
    plan: &Plan<'_>,
    view: &View,
    start: usize,
    search: &mut Search,
    reached: &mut Reached,
) -> Result<()> {
    let deadline = plan.deadline(view.times[start]);
    let mut attempt = Attempt { plan, view, deadline, open_until: i64::MIN, with_bans: true, search };
    attempt.solve(start)?;
    for (slot, index) in attempt.reached() {
        let step = plan.slots[usize::from(slot)].step;
        let place = place(plan, view, index, step + 1);
        let known = &mut reached.slots[usize::from(slot)];
        *known = place.min(*known);
        if plan.slots[usize::from(slot)].completes {
            let known = &mut reached.steps[usize::from(step)];
            *known = place.min(*known);
        }
    }
    Ok(())
}

fn reach_in_any_order(
    plan: &Plan<'_>,
    view: &View,
    start: usize,
    search: &mut AnySearch,
    reached: &mut Reached,
) -> Result<()> {
    let deadline = plan.deadline(view.times[start]);
    let (open_until, with_bans) = (i64::MIN, true);
    if plan.is_free() {
        let attempt = AnyAttempt { plan, view, deadline, open_until, with_bans };
        attempt.completed(start).for_each(|(step, event)| reached.reach(plan, view, step, event));
        return Ok(());
    }
    let mut completed = |bar: Option<(usize, usize)>| -> Result<Vec<(u8, usize)>> {
        AnyWalk { plan, view, deadline, open_until, with_bans, wants_events: false, start, bar, search }.solve()?;
        Ok(std::mem::take(&mut search.completed))
    };
    for (step, event) in completed(None)? {
        if !plan.remembers_used() || plan.funnel.steps[usize::from(step)].times == 1 {
            reached.reach(plan, view, step, event);
            continue;
        }
        // Of events of one instant the last completes the step, whichever the search has taken last.
        let of_instant = (0..view.len()).filter(|other| view.times[*other] == view.times[event]);
        for last in of_instant.filter(|other| view.masks[*other] >> step & 1 == 1) {
            let is_there = |one: &(u8, usize)| one.0 == step && view.times[one.1] == view.times[event];
            if completed(Some((usize::from(step), last)))?.iter().any(is_there) {
                reached.reach(plan, view, step, last);
                break;
            }
        }
    }
    Ok(())
}

impl Reached {
    fn reach(&mut self, plan: &Plan<'_>, view: &View, step: u8, event: usize) {
        let known = &mut self.steps[usize::from(step)];
        *known = place(plan, view, event, step + 1).min(*known);
    }
}

fn ends(plan: &Plan<'_>, reached: &Reached, mask: u64, step: u8, place: Place) -> bool {
    if reached.start >= place {
        return false;
    }
    if plan.funnel.noise == Noise::End {
        let is_out_of_turn = || {
            let furthest = reached.slots.iter().rposition(|before| *before < place).unwrap_or(0);
            match plan.funnel.noise_kind {
                // In any order every step has its turn.
                _ if plan.funnel.order == StepOrder::Any => false,
                NoiseKind::OutOfTurn => plan.slots[furthest].beyond >> (step - 1) & 1 == 1,
                NoiseKind::NoStep => false,
                NoiseKind::OtherStep => mask & plan.turn_of(furthest) == 0,
            }
        };
        if step == 0 || is_out_of_turn() {
            return true;
        }
    }
    let may_come_again = step == 0 || (step == 1 && plan.funnel.order != StepOrder::Any);
    plan.funnel.repetition == Repetition::End && !may_come_again && reached.steps[usize::from(step) - 1] < place
}

/// Leaves the matches before a place.
fn cut(plan: &Plan<'_>, view: &mut View, end: Place) {
    let mut kept = View::default();
    for index in 0..view.len() {
        let is_before = |step: &u8| place(plan, view, index, *step) < end;
        let mask = view.masks[index];
        let steps = (1..=plan.step_count).filter(|step| mask >> (step - 1) & 1 == 1).filter(is_before);
        let left = steps.fold(0, |left, step| left | 1 << (step - 1));
        if left != 0 || (mask == 0 && is_before(&0)) {
            kept.push(view, index, left);
        }
    }
    *view = kept;
}
