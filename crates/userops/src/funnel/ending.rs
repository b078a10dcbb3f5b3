//! Where the search of a user ends before the events do: at the first noise, or at a step that comes again.

use super::definition::{EntryChoice, Noise, NoiseKind, Repetition, StepOrder, TiePolicy};
use super::plan::Plan;
use super::search::{Attempt, Search};
use super::view::View;
use crate::error::Result;

/// The place of one match of an event: for events as they arrived (event, step, 0), for steps in order (instant, step,
/// event). Steps count from 1; an event of no step is at step 0.
type Place = (i64, u8, usize);

const NOWHERE: Place = (i64::MAX, u8::MAX, usize::MAX);

/// Leaves in the view what comes before the end of the search; returns whether there is one.
///
/// The first match after the first start ends the search that is noise or a repetition with regard to the slots that
/// any attempt has reached before it. Takes as long as a search from every start.
///
/// # Errors
/// Those of the search.
pub(crate) fn end_search(plan: &Plan<'_>, view: &mut View, search: &mut Search) -> Result<bool> {
    if !plan.can_end() {
        return Ok(false);
    }
    let reached = match plan.funnel.order {
        StepOrder::Any => vec![first_start_in_any_order(plan, view)],
        _ => first_reached(plan, view, search)?,
    };
    let mut end = NOWHERE;
    for index in 0..view.len() {
        let mask = view.masks[index];
        let steps = (1..=plan.step_count).filter(|step| mask >> (step - 1) & 1 == 1);
        for step in (mask == 0).then_some(0).into_iter().chain(steps) {
            let place = place(plan, view, index, step);
            if place < end && ends(plan, &reached, step, place) {
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

/// For each slot where an attempt first reaches it.
fn first_reached(plan: &Plan<'_>, view: &View, search: &mut Search) -> Result<Vec<Place>> {
    let mut reached = vec![NOWHERE; plan.slots.len()];
    for start in (0..view.len()).filter(|index| view.masks[*index] & 1 == 1) {
        let deadline = plan.deadline(view.times[start]);
        let mut attempt = Attempt { plan, view, deadline, open_until: i64::MIN, with_bans: true, search };
        attempt.solve(start)?;
        for (slot, index) in attempt.reached() {
            let step = plan.slots[usize::from(slot)].step + 1;
            let known = &mut reached[usize::from(slot)];
            *known = place(plan, view, index, step).min(*known);
        }
        if plan.funnel.entry == EntryChoice::First {
            break;
        }
    }
    Ok(reached)
}

fn first_start_in_any_order(plan: &Plan<'_>, view: &View) -> Place {
    let starts = (0..view.len()).filter(|index| view.masks[*index] != 0);
    starts.map(|index| place(plan, view, index, view.masks[index].trailing_zeros() as u8 + 1)).min().unwrap_or(NOWHERE)
}

fn ends(plan: &Plan<'_>, reached: &[Place], step: u8, place: Place) -> bool {
    if reached[0] >= place {
        return false;
    }
    if plan.funnel.noise == Noise::End {
        let is_out_of_turn = || {
            let furthest = reached.iter().rposition(|before| *before < place).unwrap_or(0);
            plan.funnel.order != StepOrder::Any
                && plan.funnel.noise_kind == NoiseKind::OutOfTurn
                && plan.beyond(furthest as u8) >> (step - 1) & 1 == 1
        };
        if step == 0 || is_out_of_turn() {
            return true;
        }
    }
    let slot_of = |step: u8| plan.slots.iter().position(|slot| slot.step + 1 == step);
    plan.funnel.repetition == Repetition::End
        && step > 1
        && slot_of(step).is_some_and(|slot| reached.get(slot).is_some_and(|before| *before < place))
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
