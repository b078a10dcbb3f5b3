//! The exact search: the best attempt from one start, under any options, by dynamic programming over slots and events.
//!
//! What can still become of an attempt depends on its slot, its event, and two small facts about the instant it stands
//! at: which exclusions already tell at that very instant, and which events of it are taken. So one answer for each
//! such state is enough, and a start takes O(slots · events²) steps at most. The states are more than slots · events
//! only where events of one instant match several steps each.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::definition::{EventUse, Noise, NoiseKind, StepOrder, TiePolicy};
use super::plan::Plan;
use super::view::View;
use crate::error::{Result, limit_exceeded};

/// The most states of one attempt; see the head of this file for what makes them many.
const STATES_MAX: usize = 1 << 22;
/// The end of an outcome whose level was reached before the state it is asked of; sooner than every instant.
const REACHED: i64 = i64::MIN;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    slot: u8,
    event: u32,
    /// The exclusions that tell at this very instant: nothing later may follow until they are over.
    tight: u64,
    /// Which of the events of this instant that match several steps are taken.
    used: u64,
}

/// What becomes of an attempt at best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Steps completed; 0 where not even the first is.
    pub(crate) level: u8,
    /// When the last of them was, in microseconds.
    pub(crate) end: i64,
    /// How many steps were done, optional ones included.
    pub(crate) done_count: u8,
    /// Whether events yet to come could still convert it.
    pub(crate) is_open: bool,
}

impl Outcome {
    /// Not even a first step.
    pub(crate) const NONE: Self = Self { level: 0, end: i64::MAX, done_count: 0, is_open: false };

    /// Higher is better, then sooner, then with more steps done.
    pub(crate) fn rank(&self) -> (u8, std::cmp::Reverse<i64>, u8) {
        (self.level, std::cmp::Reverse(self.end), self.done_count)
    }
}

/// Up to where an attempt may look for its next event.
#[derive(Debug, Clone, Copy)]
struct Limit {
    event: usize,
    time: i64,
}

/// What a search needs, kept from start to start.
#[derive(Debug, Default)]
pub(crate) struct Search {
    memo: HashMap<State, Outcome, RandomState>,
    /// The instants of the events of each exclusion, ascending.
    bans: Vec<Vec<i64>>,
    /// Successors that are being looked at, of all levels of the recursion.
    stack: Vec<State>,
    /// The steps taken by the last attempt that was asked for: slot and event.
    pub(crate) witness: Vec<(u8, usize)>,
}

/// One search: the plan, the events that are seen, and when everything must be over.
pub(crate) struct Attempt<'s, 'p> {
    pub(crate) plan: &'s Plan<'p>,
    pub(crate) view: &'s View,
    /// The last instant for an event, by the window from the first.
    pub(crate) deadline: i64,
    /// The last instant that an event to come could have.
    pub(crate) open_until: i64,
    /// Whether exclusions count.
    pub(crate) with_bans: bool,
    pub(crate) search: &'s mut Search,
}

impl Attempt<'_, '_> {
    /// The outcome of the attempt that begins at this event of the view, which is of the first step.
    ///
    /// # Errors
    /// `LimitExceeded` where events of one instant leave too many ways to look at.
    pub(crate) fn solve(&mut self, start: usize) -> Result<Outcome> {
        Ok(self.best_beginning(start)?.map_or(Outcome::NONE, |(_, outcome)| outcome))
    }

    /// As [`Attempt::solve`], and leaves the events of the best attempt in `search.witness`.
    pub(crate) fn solve_with_witness(&mut self, start: usize) -> Result<Outcome> {
        let Some((mut state, whole)) = self.best_beginning(start)? else { return Ok(Outcome::NONE) };
        let mut rest = whole;
        self.search.witness.clear();
        self.search.witness.push((state.slot, state.event as usize));
        loop {
            let slot = &self.plan.slots[usize::from(state.slot)];
            if rest.level == 0 || rest.rank() == self.own_outcome(state).rank() {
                return Ok(whole);
            }
            rest.done_count -= u8::from(slot.completes);
            if slot.completes && slot.step == self.plan.last_required {
                rest.end = REACHED;
            }
            let from = self.search.stack.len();
            self.push_successors(state)?;
            let mut next = None;
            for index in from..self.search.stack.len() {
                let successor = self.search.stack[index];
                if next.is_none() && self.outcome(successor)?.rank() == rest.rank() {
                    next = Some(successor);
                }
            }
            self.search.stack.truncate(from);
            let Some(successor) = next else { return Ok(whole) };
            self.search.witness.push((successor.slot, successor.event as usize));
            state = successor;
        }
    }

    /// Every slot and event that the attempt of the last [`Attempt::solve`] can come to.
    pub(crate) fn reached(&self) -> impl Iterator<Item = (u8, usize)> + '_ {
        self.search.memo.keys().map(|state| (state.slot, state.event as usize))
    }

    /// Where the best attempt from an event stands first, and its outcome; of equals the earlier step.
    fn best_beginning(&mut self, start: usize) -> Result<Option<(State, Outcome)>> {
        self.search.memo.clear();
        self.search.stack.clear();
        self.load_bans();
        let mut best: Option<(State, Outcome)> = None;
        let mut is_open = false;
        for slot in 0..self.plan.slots.len() {
            let step = self.plan.slots[slot].step;
            if self.plan.start_mask >> step & 1 == 0 {
                break;
            }
            let is_repeat = slot > 0 && self.plan.slots[slot - 1].step == step;
            if is_repeat || self.view.masks[start] >> step & 1 == 0 {
                continue;
            }
            let state = self.begin(slot as u8, start)?;
            let outcome = self.outcome(state)?;
            is_open |= outcome.is_open;
            if best.is_none_or(|(_, known)| outcome.rank() > known.rank()) {
                best = Some((state, outcome));
            }
        }
        Ok(best.map(|(state, outcome)| (state, Outcome { is_open, ..outcome })))
    }

    fn begin(&mut self, slot: u8, start: usize) -> Result<State> {
        let time = self.view.times[start];
        let mut tight = 0;
        for (index, ban) in self.bans() {
            if ban.from <= slot && slot < ban.until && ban.from_included && self.is_banned(index, time) {
                tight |= 1 << index;
            }
        }
        let used = if self.plan.remembers_used() { self.used_bit(start)? } else { 0 };
        Ok(State { slot, event: start as u32, tight, used })
    }

    fn load_bans(&mut self) {
        let count = if self.with_bans { self.plan.bans.len() } else { 0 };
        self.search.bans.resize_with(count, Vec::new);
        for (index, times) in self.search.bans.iter_mut().enumerate() {
            times.clear();
            let banned = self.view.times.iter().zip(&self.view.bans).filter(|(_, bans)| **bans >> index & 1 == 1);
            times.extend(banned.map(|(time, _)| *time));
        }
    }

    fn bans(&self) -> impl Iterator<Item = (usize, super::plan::Ban)> + use<> {
        let bans = if self.with_bans { self.plan.bans.clone() } else { Vec::new() };
        bans.into_iter().enumerate()
    }

    fn is_banned(&self, index: usize, time: i64) -> bool {
        self.search.bans[index].binary_search(&time).is_ok()
    }

    /// The first instant after this one that the exclusion tells at; the greatest number where there is none.
    fn next_ban(&self, index: usize, time: i64) -> i64 {
        let times = &self.search.bans[index];
        times.get(times.partition_point(|ban| *ban <= time)).copied().unwrap_or(i64::MAX)
    }

    /// The best that can become of a state.
    fn outcome(&mut self, state: State) -> Result<Outcome> {
        if let Some(known) = self.search.memo.get(&state) {
            return Ok(*known);
        }
        if self.search.memo.len() >= STATES_MAX {
            return Err(limit_exceeded(format!(
                "an attempt at a funnel can stand in more than {STATES_MAX} ways, because many events of one instant \
                 match several of its steps: take the ties `as_ordered`, or give the events finer instants"
            )));
        }
        let slot = &self.plan.slots[usize::from(state.slot)];
        let time = self.view.times[state.event as usize];
        let mut best = self.own_outcome(state);
        best.is_open = self.could_go_on(state);
        let from = self.search.stack.len();
        self.push_successors(state)?;
        for index in from..self.search.stack.len() {
            let mut next = self.outcome(self.search.stack[index])?;
            if next.level > 0 {
                next.done_count += u8::from(slot.completes);
            }
            if next.end == REACHED && slot.step == self.plan.last_required {
                next.end = time;
            }
            let is_open = best.is_open || next.is_open;
            if next.rank() > best.rank() {
                best = next;
            }
            best.is_open = is_open;
        }
        self.search.stack.truncate(from);
        self.search.memo.insert(state, best);
        Ok(best)
    }

    /// The outcome of an attempt that goes no further. Where only optional steps are left all is done, and further ones
    /// do not move the end.
    fn own_outcome(&self, state: State) -> Outcome {
        let slot = &self.plan.slots[usize::from(state.slot)];
        if !slot.completes {
            return Outcome::NONE;
        }
        let is_done = slot.step >= self.plan.last_required;
        let level = if is_done { self.plan.step_count } else { slot.step + 1 };
        let time = self.view.times[state.event as usize];
        let end = if slot.step > self.plan.last_required { REACHED } else { time };
        Outcome { level, end, done_count: 1, is_open: false }
    }

    /// Puts every state that may follow on the stack, ascending by slot and event.
    fn push_successors(&mut self, state: State) -> Result<()> {
        let plan = self.plan;
        let event = state.event as usize;
        let time = self.view.times[event];
        let step = plan.slots[usize::from(state.slot)].step;
        let limit = self.limit(state);
        for next in &plan.slots[usize::from(state.slot)].nexts {
            let slot = &plan.slots[usize::from(*next)];
            let is_repeat = slot.step == step;
            let last = time.saturating_add(slot.gap_max).min(self.deadline).min(limit.time);
            let earliest = time.saturating_add(slot.gap_min);
            let first = self.first_candidate(event, is_repeat);
            let first = first + self.view.times[first..].partition_point(|other| *other < earliest);
            for index in first..self.view.len().min(limit.event.saturating_add(1)) {
                let instant = self.view.times[index];
                if instant > last {
                    break;
                }
                if self.view.masks[index] >> slot.step & 1 == 0 || !self.may_serve(event, index, is_repeat) {
                    continue;
                }
                let Some(used) = self.used_after(state, index)? else { continue };
                let Some(tight) = self.tight_after(state, *next, instant) else { continue };
                self.search.stack.push(State { slot: *next, event: index as u32, tight, used });
            }
        }
        Ok(())
    }

    /// The first event that could follow an event, by the order alone.
    fn first_candidate(&self, event: usize, is_repeat: bool) -> usize {
        let times = &self.view.times;
        match self.plan.funnel.ties {
            TiePolicy::AsOrdered => event + usize::from(is_repeat || self.plan.funnel.event_use == EventUse::Once),
            TiePolicy::StepOrder => times[..event].partition_point(|time| *time < times[event]),
            TiePolicy::StrictlyLater => event + times[event..].partition_point(|time| *time <= times[event]),
        }
    }

    /// Whether an event of the same instant may serve behind another.
    fn may_serve(&self, event: usize, next: usize, is_repeat: bool) -> bool {
        if self.plan.funnel.ties != TiePolicy::StepOrder || self.view.times[event] != self.view.times[next] {
            return true;
        }
        if is_repeat { next > event } else { next != event || self.plan.funnel.event_use == EventUse::Reuse }
    }

    fn used_after(&self, state: State, index: usize) -> Result<Option<u64>> {
        if !self.plan.remembers_used() {
            return Ok(Some(0));
        }
        let bit = self.used_bit(index)?;
        let is_same = self.view.times[state.event as usize] == self.view.times[index];
        let used = if is_same { state.used } else { 0 };
        Ok((used & bit == 0).then_some(used | bit))
    }

    /// A bit for an event among those of its instant that match several steps; none where it matches one.
    fn used_bit(&self, index: usize) -> Result<u64> {
        let View { times, masks, .. } = self.view;
        if masks[index].count_ones() < 2 {
            return Ok(0);
        }
        let first = times[..index].partition_point(|time| *time < times[index]);
        let before = masks[first..index].iter().filter(|mask| mask.count_ones() > 1).count();
        1u64.checked_shl(before as u32).ok_or_else(|| {
            limit_exceeded(
                "more than 64 events of one instant match several steps of a funnel: take the ties `as_ordered`, or \
                 give the events finer instants",
            )
        })
    }

    /// Which exclusions tell at the instant of the next slot, or `None` where one comes between.
    fn tight_after(&self, state: State, next: u8, instant: i64) -> Option<u64> {
        let mut tight = 0;
        if !self.with_bans {
            return Some(tight);
        }
        let time = self.view.times[state.event as usize];
        for (index, ban) in self.plan.bans.iter().enumerate() {
            let bit = 1u64 << index;
            let is_tight = state.tight & bit != 0;
            if ban.from <= state.slot && state.slot < ban.until {
                let banned = if is_tight { time } else { self.next_ban(index, time) };
                if next >= ban.until {
                    if banned < instant || (banned == instant && ban.until_included) {
                        return None;
                    }
                } else if banned < instant {
                    return None;
                } else if banned == instant {
                    tight |= bit;
                }
            }
            let begins = state.slot < ban.from && ban.from <= next && next < ban.until;
            if begins && ban.from_included && self.is_banned(index, instant) {
                tight |= bit;
            }
        }
        Some(tight)
    }

    /// Up to where noise, or the rule that nothing comes between, lets an attempt look for its next event.
    fn limit(&self, state: State) -> Limit {
        let funnel = self.plan.funnel;
        let event = state.event as usize;
        let View { times, masks, .. } = self.view;
        let mut limit = Limit { event: usize::MAX, time: i64::MAX };
        // What is past the deadline has no say: nothing could follow it in time.
        let end = times.partition_point(|time| *time <= self.deadline);
        // In order of steps nothing is between at the instants of the events that are taken.
        let later = times.partition_point(|time| *time <= times[event])..end;
        if funnel.order == StepOrder::Strict {
            let sees = |index: &usize| funnel.noise != Noise::Ignore || masks[*index] != 0;
            if funnel.ties == TiePolicy::StepOrder {
                limit.time = later.into_iter().find(sees).map_or(i64::MAX, |index| times[index]);
            } else {
                limit.event = (event + 1..end).find(sees).unwrap_or(usize::MAX);
            }
            return limit;
        }
        if funnel.noise != Noise::Restart {
            return limit;
        }
        if funnel.noise_kind == NoiseKind::OtherStep {
            let step = self.plan.slots[usize::from(state.slot)].step;
            let is_other = |index: &usize| masks[*index] >> step & 1 == 0;
            if funnel.ties == TiePolicy::StepOrder {
                limit.time = later.into_iter().find(is_other).map_or(i64::MAX, |index| times[index]);
            } else {
                limit.event = (event..end).find(is_other).unwrap_or(usize::MAX);
            }
            return limit;
        }
        let beyond = self.plan.beyond(state.slot);
        if funnel.ties == TiePolicy::AsOrdered {
            let is_noise = |index: &usize| masks[*index] & beyond != 0 || masks[*index] == 0;
            limit.event = (event..end).find(is_noise).unwrap_or(usize::MAX);
            return limit;
        }
        // In order of steps noise of no step comes first in its instant, and steps out of turn come last.
        let first = times[..event].partition_point(|time| *time < times[event]);
        for index in first..end {
            if times[index] > limit.time {
                break;
            }
            if masks[index] & beyond != 0 {
                limit.time = times[index];
            } else if masks[index] == 0 && times[index] > times[event] {
                limit.time = times[index].saturating_sub(1);
            }
        }
        limit
    }

    /// Whether an event after `as_of` could carry the attempt on from here, and others then to the end.
    fn could_go_on(&self, state: State) -> bool {
        let plan = self.plan;
        let soon = plan.as_of.saturating_add(1);
        if soon > self.open_until {
            return false;
        }
        let limit = self.limit(state);
        if limit.event != usize::MAX || limit.time != i64::MAX {
            return false;
        }
        let time = self.view.times[state.event as usize];
        plan.slots[usize::from(state.slot)].nexts.iter().any(|next| {
            let slot = &plan.slots[usize::from(*next)];
            let instant = soon.max(time.saturating_add(slot.gap_min));
            instant <= time.saturating_add(slot.gap_max)
                && instant.saturating_add(slot.rest_min) <= self.open_until
                && self.tight_after(state, *next, instant).is_some()
        })
    }
}
