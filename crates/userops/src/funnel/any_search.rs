//! The exact search in any order under options that bind an event to the one taken before it: every way there is.
//!
//! What can still become of an attempt depends on the event that it took last, on how many events each step has, and on
//! what it took at that very instant. One answer for each such state is enough; there may be as many of them as ways to
//! leave steps out, so their number has a limit.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::definition::{EntryChoice, EventUse, Noise, NoiseKind, TiePolicy};
use super::plan::Plan;
use super::search::Outcome;
use super::view::View;
use crate::error::{Result, limit_exceeded};

/// The most states of one attempt.
const STATES_MAX: usize = 1 << 20;
/// The end of an outcome whose level was reached before the state it is asked of; sooner than every instant.
const REACHED: i64 = i64::MIN;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    /// The event that was taken last; under `step_order` the first one of its instant.
    event: u32,
    /// The step that took it, where noise depends on that; else 0.
    step: u8,
    /// How many events each step has, as digits, see [`AnySearch::weights`].
    counts: u64,
    /// The same when the attempt came to this event, or under `step_order` to this instant; 0 where events serve once.
    before: u64,
    /// Under `step_order` with events that serve once, which events of this instant are taken.
    used: u64,
    /// The exclusions that tell at this very instant: nothing later may follow until they are over.
    tight: u64,
}

/// What becomes of an attempt at best from a state on.
#[derive(Debug, Clone)]
struct Best {
    outcome: Outcome,
    /// The events to come of the steps that are complete in the end, by slot; kept only where they are asked for.
    events: Vec<(u8, usize)>,
}

/// What a search needs, kept from start to start.
#[derive(Debug, Default)]
pub(crate) struct AnySearch {
    memo: HashMap<State, Best, RandomState>,
    /// The instants of the events of each exclusion, ascending.
    bans: Vec<Vec<i64>>,
    /// What one event of each step adds to a state's counts: the product of how many the steps before it can have.
    weights: Vec<u64>,
    /// The first slot of each step.
    slots: Vec<u8>,
    /// The step that the start serves.
    start_step: usize,
    /// Every step and event with which an attempt completed it.
    pub(crate) completed: Vec<(u8, usize)>,
}

/// One attempt in any order; the fields are those of [`Attempt`](super::search::Attempt).
pub(crate) struct AnyWalk<'s, 'p> {
    pub(crate) plan: &'s Plan<'p>,
    pub(crate) view: &'s View,
    pub(crate) deadline: i64,
    pub(crate) open_until: i64,
    pub(crate) with_bans: bool,
    /// Whether the events of the best attempt are wanted.
    pub(crate) wants_events: bool,
    pub(crate) start: usize,
    /// A step and an event behind which, at its instant, the step takes none.
    pub(crate) bar: Option<(usize, usize)>,
    pub(crate) search: &'s mut AnySearch,
}

impl AnyWalk<'_, '_> {
    /// The outcome of the attempt that begins at the start, and its events by slot where they are wanted.
    ///
    /// # Errors
    /// `LimitExceeded` where there are too many ways to look at.
    pub(crate) fn solve(&mut self) -> Result<(Outcome, Vec<(u8, usize)>)> {
        self.prepare();
        let mut best = Best { outcome: self.level_of(0), events: Vec::new() };
        for step in self.steps_of(self.start) {
            if self.is_barred(step, self.start) {
                continue;
            }
            // Which events of the start's instant are free depends on what the start serves.
            self.search.memo.clear();
            self.search.start_step = step;
            let state = self.state_after(None, step, self.start)?;
            let Some(state) = state else { continue };
            let next = self.through(0, step, self.start, state)?;
            better(&mut best, next);
        }
        if best.outcome.level == 0 {
            best.outcome.end = i64::MAX;
        }
        Ok((best.outcome, best.events))
    }

    fn prepare(&mut self) {
        let search = &mut *self.search;
        search.memo.clear();
        search.completed.clear();
        search.weights.clear();
        search.slots.clear();
        let (mut weight, mut slot) = (1u64, 0);
        for step in &self.plan.funnel.steps {
            search.weights.push(weight);
            search.slots.push(slot);
            // At most 64 events in all: the last product is 2⁶⁴ at most, and no step asks for it.
            weight = weight.wrapping_mul(u64::from(step.times) + 1);
            slot += step.times as u8;
        }
        let count = if self.with_bans { self.plan.bans.len() } else { 0 };
        search.bans.resize_with(count, Vec::new);
        for (index, times) in search.bans.iter_mut().enumerate() {
            times.clear();
            let banned = self.view.times.iter().zip(&self.view.bans).filter(|(_, bans)| **bans >> index & 1 == 1);
            times.extend(banned.map(|(time, _)| *time));
        }
    }

    fn steps_of(&self, event: usize) -> impl Iterator<Item = usize> + use<> {
        let mask = self.view.masks[event];
        (0..usize::from(self.plan.step_count)).filter(move |step| mask >> step & 1 == 1)
    }

    fn times_of(&self, step: usize) -> u64 {
        u64::from(self.plan.funnel.steps[step].times)
    }

    /// How many events of a step there are in such counts.
    fn count(&self, counts: u64, step: usize) -> u64 {
        counts / self.search.weights[step] % (self.times_of(step) + 1)
    }

    /// How many steps have begun, and how many are complete.
    fn progress(&self, counts: u64) -> (u32, u32) {
        let count = |step: usize| self.count(counts, step);
        let steps = 0..usize::from(self.plan.step_count);
        let begun = steps.clone().filter(|step| count(*step) > 0).count();
        let done = steps.filter(|step| count(*step) == self.times_of(*step)).count();
        (begun as u32, done as u32)
    }

    /// The outcome of who goes no further: as many steps as are complete, and all where only optional ones are missing.
    fn level_of(&self, counts: u64) -> Outcome {
        let is_missing = |step: &usize| self.count(counts, *step) < self.times_of(*step);
        let steps = 0..usize::from(self.plan.step_count);
        let is_whole = !steps.clone().any(|step| is_missing(&step) && !self.plan.funnel.steps[step].optional);
        let done = self.plan.step_count - steps.filter(is_missing).count() as u8;
        let level = if is_whole { self.plan.step_count } else { done };
        Outcome { level, end: REACHED, done_count: 0, is_open: false }
    }

    /// The best that can become of a state.
    fn outcome(&mut self, state: State) -> Result<Best> {
        if let Some(known) = self.search.memo.get(&state) {
            return Ok(known.clone());
        }
        if self.search.memo.len() >= STATES_MAX {
            return Err(limit_exceeded(format!(
                "an attempt at a funnel in any order can stand in more than {STATES_MAX} ways: take away gaps, optional \
                 steps, `times`, `strictly_later` or the window from `previous`, or ask for fewer steps"
            )));
        }
        let mut best = Best { outcome: self.level_of(state.counts), events: Vec::new() };
        best.outcome.is_open = self.could_go_on(state);
        for (step, event, next) in self.successors(state)? {
            let next = self.through(state.counts, step, event, next)?;
            better(&mut best, next);
        }
        self.search.memo.insert(state, best.clone());
        Ok(best)
    }

    /// What becomes of an attempt that takes an event for a step and so comes to a state.
    fn through(&mut self, counts: u64, step: usize, event: usize, next: State) -> Result<Best> {
        let mut best = self.outcome(next)?;
        let (had, needed) = (self.count(counts, step), self.times_of(step));
        let completes = had + 1 == needed;
        if best.outcome.end == REACHED && self.level_of(next.counts).level > self.level_of(counts).level {
            best.outcome.end = self.view.times[event];
        }
        best.outcome.done_count += u8::from(completes);
        if completes && !self.search.completed.contains(&(step as u8, event)) {
            self.search.completed.push((step as u8, event));
        }
        if self.wants_events {
            let first = self.search.slots[step];
            let last = first + needed as u8 - 1;
            if completes || best.events.iter().any(|(slot, _)| *slot == last) {
                best.events.push((first + had as u8, event));
                best.events.sort_unstable();
            }
        }
        Ok(best)
    }

    /// Every step and event that may come next, with the state that they lead to.
    fn successors(&self, state: State) -> Result<Vec<(usize, usize, State)>> {
        let View { times, .. } = self.view;
        let time = times[state.event as usize];
        let (event_limit, time_limit) = self.limit(state);
        let missing = |step: &usize| self.count(state.counts, *step) < self.times_of(*step);
        let steps = (0..usize::from(self.plan.step_count)).filter(missing);
        let gap_max = steps.map(|step| self.slot(step).gap_max).max().unwrap_or(0);
        let last = time.saturating_add(gap_max).min(self.deadline).min(time_limit);
        let mut successors = Vec::new();
        let first = self.first_candidate(state);
        let len = times[first..].partition_point(|instant| *instant <= last);
        let end = (first + len).min(event_limit.saturating_add(1));
        for (index, instant) in times.iter().enumerate().take(end).skip(first) {
            let gap = instant.saturating_sub(time);
            for step in self.steps_of(index).filter(missing) {
                let slot = self.slot(step);
                let fits = gap >= slot.gap_min && gap <= slot.gap_max;
                if !fits || self.is_barred(step, index) || !self.may_serve(state, step, index) {
                    continue;
                }
                if let Some(next) = self.state_after(Some(state), step, index)? {
                    successors.push((step, index, next));
                }
            }
        }
        Ok(successors)
    }

    fn slot(&self, step: usize) -> &super::plan::Slot {
        &self.plan.slots[usize::from(self.search.slots[step])]
    }

    fn first_candidate(&self, state: State) -> usize {
        let times = &self.view.times;
        let event = state.event as usize;
        match self.plan.funnel.ties {
            TiePolicy::AsOrdered => event + usize::from(self.plan.funnel.event_use == EventUse::Once),
            TiePolicy::StepOrder => self.instant_start(event).max(self.first_seen()),
            TiePolicy::StrictlyLater => times.partition_point(|other| *other <= times[event]),
        }
    }

    /// The first event that may be taken. Where arrival does not matter all of the start's instant may be behind it, but
    /// not what the entry before has left, nor what the attempt's own end does not look at.
    fn first_seen(&self) -> usize {
        let funnel = self.plan.funnel;
        let ends_apart = self.plan.is_narrow() && self.plan.can_end();
        if funnel.ties == TiePolicy::StepOrder && funnel.entry != EntryChoice::Every && !ends_apart {
            self.instant_start(self.start)
        } else {
            self.start
        }
    }

    fn is_barred(&self, step: usize, index: usize) -> bool {
        let times = &self.view.times;
        self.bar.is_some_and(|(barred, last)| barred == step && index > last && times[index] == times[last])
    }

    fn instant_start(&self, event: usize) -> usize {
        let times = &self.view.times;
        times.partition_point(|time| *time < times[event])
    }

    /// Whether an event is still free for a step. Where it serves every step that it matches, only which events come first
    /// matters: of one instant they are taken as they arrived.
    fn may_serve(&self, state: State, step: usize, index: usize) -> bool {
        let funnel = self.plan.funnel;
        if funnel.event_use == EventUse::Once || funnel.ties == TiePolicy::StrictlyLater {
            return true;
        }
        let taken = self.count(state.counts, step) - self.count(state.before, step);
        if funnel.ties == TiePolicy::AsOrdered {
            return index != state.event as usize || taken == 0;
        }
        let View { times, masks, .. } = self.view;
        let is_same = times[index] == times[state.event as usize];
        let serves_start = step == self.search.start_step && times[index] == times[self.start];
        let first = if serves_start { self.start } else { self.instant_start(index).max(self.first_seen()) };
        let before = masks[first..index.max(first)].iter().filter(|mask| **mask >> step & 1 == 1).count() as u64;
        index >= first && before == if is_same { taken } else { 0 }
    }

    /// The state behind one more event; `None` where an exclusion or its being taken forbids that.
    fn state_after(&self, from: Option<State>, step: usize, index: usize) -> Result<Option<State>> {
        let funnel = self.plan.funnel;
        let times = &self.view.times;
        let counts = from.map_or(0, |state| state.counts) + self.search.weights[step];
        let same_instant = from.filter(|state| times[state.event as usize] == times[index]);
        let before = match (funnel.event_use, funnel.ties) {
            (EventUse::Once, _) | (_, TiePolicy::StrictlyLater) => 0,
            (_, TiePolicy::StepOrder) => {
                same_instant.map_or(from.map_or(0, |state| state.counts), |state| state.before)
            }
            (_, TiePolicy::AsOrdered) => {
                let same_event = from.filter(|state| state.event as usize == index);
                same_event.map_or(from.map_or(0, |state| state.counts), |state| state.before)
            }
        };
        let mut used = 0;
        if self.plan.remembers_used() {
            let bit = self.used_bit(index)?;
            used = same_instant.map_or(0, |state| state.used);
            if used & bit != 0 {
                return Ok(None);
            }
            used |= bit;
        }
        let Some(tight) = self.tight_after(from, counts, times[index]) else { return Ok(None) };
        let tells_step = funnel.noise == Noise::Restart && funnel.noise_kind == NoiseKind::OtherStep;
        let event = if funnel.ties == TiePolicy::StepOrder { self.instant_start(index) } else { index };
        let step = if tells_step { step as u8 } else { 0 };
        Ok(Some(State { event: event as u32, step, counts, before, used, tight }))
    }

    fn used_bit(&self, index: usize) -> Result<u64> {
        let first = self.instant_start(index);
        let before = self.view.masks[first..index].iter().filter(|mask| **mask != 0).count();
        1u64.checked_shl(before as u32).ok_or_else(|| {
            limit_exceeded(
                "more than 64 events of one instant match steps of a funnel in any order: take the ties `as_ordered`, or \
                 give the events finer instants",
            )
        })
    }

    /// The first instant after this one that an exclusion tells at; the greatest number where there is none.
    fn next_ban(&self, index: usize, time: i64) -> i64 {
        let times = &self.search.bans[index];
        times.get(times.partition_point(|ban| *ban <= time)).copied().unwrap_or(i64::MAX)
    }

    /// Which exclusions tell at the instant of the next event, or `None` where one comes between.
    fn tight_after(&self, from: Option<State>, counts: u64, instant: i64) -> Option<u64> {
        let mut tight = 0;
        if !self.with_bans || self.plan.bans.is_empty() {
            return Some(tight);
        }
        let (begun, done) = self.progress(counts);
        for (index, ban) in self.plan.bans.iter().enumerate() {
            let (first, last) = (u32::from(ban.from), u32::from(ban.until));
            let holds = |(begun, done): (u32, u32)| begun >= first && done < last;
            let still_holds = holds((begun, done));
            let Some(state) = from.filter(|state| holds(self.progress(state.counts))) else {
                if still_holds && ban.from_included && self.search.bans[index].binary_search(&instant).is_ok() {
                    tight |= 1 << index;
                }
                continue;
            };
            let time = self.view.times[state.event as usize];
            let is_tight = state.tight >> index & 1 == 1;
            if time == instant {
                tight |= u64::from(is_tight && still_holds) << index;
                continue;
            }
            let banned = if is_tight { time } else { self.next_ban(index, time) };
            if banned < instant || (banned == instant && ban.until_included) {
                return None;
            }
            tight |= u64::from(banned == instant && still_holds) << index;
        }
        Some(tight)
    }

    /// The last event and the last instant up to which noise lets an attempt look for its next event.
    fn limit(&self, state: State) -> (usize, i64) {
        let View { times, masks, .. } = self.view;
        let mut limit = (usize::MAX, i64::MAX);
        if self.plan.funnel.noise != Noise::Restart {
            return limit;
        }
        let event = state.event as usize;
        let (by_event, later) =
            (event + 1..times.len(), times.partition_point(|time| *time <= times[event])..times.len());
        let ties = self.plan.funnel.ties;
        if self.plan.funnel.noise_kind == NoiseKind::OtherStep {
            let is_other = |index: &usize| masks[*index] >> state.step & 1 == 0;
            match ties {
                TiePolicy::StepOrder => limit.1 = later.clone().find(is_other).map_or(i64::MAX, |index| times[index]),
                _ => limit.0 = by_event.clone().find(is_other).unwrap_or(usize::MAX),
            }
        } else {
            let is_noise = |index: &usize| masks[*index] == 0;
            match ties {
                TiePolicy::AsOrdered => limit.0 = by_event.clone().find(is_noise).unwrap_or(usize::MAX),
                // Noise comes first in its instant.
                _ => limit.1 = later.clone().find(is_noise).map_or(i64::MAX, |index| times[index].saturating_sub(1)),
            }
        }
        limit
    }

    /// Whether an event after `as_of` could carry the attempt on from here, and others then to the end.
    fn could_go_on(&self, state: State) -> bool {
        let soon = self.plan.as_of.saturating_add(1);
        if soon > self.open_until || self.limit(state) != (usize::MAX, i64::MAX) {
            return false;
        }
        let time = self.view.times[state.event as usize];
        let (begun, done) = self.progress(state.counts);
        let is_kept = |(index, ban): (usize, &super::plan::Ban)| {
            let holds = self.with_bans && begun >= u32::from(ban.from) && done < u32::from(ban.until);
            !holds || (state.tight >> index & 1 == 0 && self.next_ban(index, time) >= soon)
        };
        if !self.plan.bans.iter().enumerate().all(is_kept) {
            return false;
        }
        let later = i64::from(self.plan.funnel.ties == TiePolicy::StrictlyLater);
        let gap = |step: usize| i128::from(self.slot(step).gap_min.max(later));
        let left = |step: usize| self.times_of(step) - self.count(state.counts, step);
        let is_sure = |step: &usize| !self.plan.funnel.steps[*step].optional;
        let steps = 0..usize::from(self.plan.step_count);
        let rest: i128 = steps.clone().filter(is_sure).map(|step| gap(step) * i128::from(left(step))).sum();
        steps.filter(|step| left(*step) > 0).any(|step| {
            let slot = self.slot(step);
            let instant = soon.max(time.saturating_add(slot.gap_min));
            let others = rest - if is_sure(&step) { gap(step) } else { 0 };
            instant <= time.saturating_add(slot.gap_max) && i128::from(instant) + others <= i128::from(self.open_until)
        })
    }
}

/// Takes the other where it is better: by outcome, then by events, step by step; what is open in either stays open.
fn better(best: &mut Best, other: Best) {
    let is_open = best.outcome.is_open || other.outcome.is_open;
    // At the first difference the one with the lower slot has an event where the other has none.
    let first = |best: &Best, other: &Best| {
        let pair = other.events.iter().zip(&best.events).find(|(other, best)| other != best);
        pair.map_or(other.events.len() > best.events.len(), |(other, best)| other < best)
    };
    let (rank, known) = (other.outcome.rank(), best.outcome.rank());
    if rank > known || (rank == known && first(best, &other)) {
        *best = other;
    }
    best.outcome.is_open = is_open;
}
