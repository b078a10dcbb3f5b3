//! Attempts whose steps come in any order: as many steps as the events from a start on can serve.

use super::definition::{EventUse, Noise, TiePolicy};
use super::plan::Plan;
use super::search::Outcome;
use super::view::View;

/// No event or step.
const NONE: usize = usize::MAX;

/// One attempt in any order; the fields are those of [`Attempt`](super::search::Attempt).
pub(crate) struct AnyAttempt<'s, 'p> {
    pub(crate) plan: &'s Plan<'p>,
    pub(crate) view: &'s View,
    pub(crate) deadline: i64,
    pub(crate) open_until: i64,
    pub(crate) with_bans: bool,
}

impl AnyAttempt<'_, '_> {
    /// The outcome of the attempt that begins at this event. Takes O(events · steps), or O(events · steps²) where one
    /// event serves one step.
    pub(crate) fn solve(&self, start: usize) -> Outcome {
        let (end, is_stopped) = self.range_end(start);
        let (mut level, mut completed) = (0u8, i64::MAX);
        let mut shared = Matching::new(self.plan.step_count);
        let mut counts = [0u32; 64];
        for index in start..end {
            let mask = self.view.masks[index];
            let grown = match self.plan.funnel.event_use {
                EventUse::Once => u8::from(shared.add(mask)),
                EventUse::Reuse => self.count(mask, &mut counts),
            };
            if grown > 0 {
                level += grown;
                completed = self.view.times[index];
            }
        }
        let soon = self.plan.as_of.saturating_add(1);
        let is_open = level < self.plan.step_count && !is_stopped && soon <= self.open_until;
        Outcome { level, end: completed, done_count: level, is_open }
    }

    /// Every step that an attempt from this event can complete, with the first event at which one does.
    pub(crate) fn completed(&self, start: usize) -> impl Iterator<Item = (u8, usize)> + use<'_> {
        let (end, _) = self.range_end(start);
        self.plan.funnel.steps.iter().enumerate().flat_map(move |(step, definition)| {
            // Of the events of one instant any may complete it, and the one of the start is taken.
            let matches = (start..end).filter(move |index| self.view.masks[*index] >> step & 1 == 1);
            matches.skip(definition.times as usize - 1).take(1).map(move |event| (step as u8, event))
        })
    }

    /// The events that serve, by slot: of all ways to the outcome the one with the earliest event of step 1, then of
    /// step 2, and so on; a step that is left out comes last.
    pub(crate) fn witness(&self, start: usize, outcome: &Outcome, witness: &mut Vec<(u8, usize)>) {
        witness.clear();
        let (end, _) = self.range_end(start);
        let events: Vec<usize> = (start..end).filter(|index| self.view.times[*index] <= outcome.end).collect();
        match self.plan.funnel.event_use {
            EventUse::Reuse => self.earliest_of_each(&events, witness),
            EventUse::Once => self.earliest_shared(&events, usize::from(outcome.level), witness),
        }
    }

    fn earliest_of_each(&self, events: &[usize], witness: &mut Vec<(u8, usize)>) {
        let mut first_slot = 0;
        for (step, definition) in self.plan.funnel.steps.iter().enumerate() {
            let matches = events.iter().filter(|index| self.view.masks[**index] >> step & 1 == 1);
            let times = definition.times as usize;
            let taken: Vec<usize> = matches.take(times).copied().collect();
            if taken.len() == times {
                witness.extend(taken.into_iter().zip(first_slot..).map(|(event, slot)| (slot, event)));
            }
            first_slot += times as u8;
        }
    }

    fn earliest_shared(&self, events: &[usize], level: usize, witness: &mut Vec<(u8, usize)>) {
        let steps = usize::from(self.plan.step_count);
        // Other steps can take at most as many events as there are steps: of each step the first ones are enough.
        let mut kept_of_step = [0usize; 64];
        let mut kept: Vec<usize> = Vec::new();
        for event in events {
            let mask = self.view.masks[*event];
            let wanted = (0..steps).filter(|step| mask >> step & 1 == 1 && kept_of_step[*step] < steps);
            let wanted: Vec<usize> = wanted.collect();
            wanted.iter().for_each(|step| kept_of_step[*step] += 1);
            if !wanted.is_empty() {
                kept.push(*event);
            }
        }
        for step in 0..steps {
            let later = u64::MAX.checked_shl(step as u32 + 1).unwrap_or(0);
            let leaves_enough = |candidate: &usize| {
                let mut rest = Matching::new(self.plan.step_count);
                let others = kept.iter().filter(|event| *event != candidate);
                let taken = |event: &usize| witness.iter().any(|(_, used)| used == event);
                let found =
                    others.filter(|event| !taken(event)).filter(|event| rest.add(self.view.masks[**event] & later));
                witness.len() + 1 + found.count() >= level
            };
            let is_free = |event: &usize| witness.iter().all(|(_, used)| used != event);
            let matches = kept.iter().filter(|event| self.view.masks[**event] >> step & 1 == 1 && is_free(event));
            let chosen = matches.copied().find(leaves_enough);
            witness.extend(chosen.map(|event| (step as u8, event)));
        }
    }

    /// Adds an event to the counts of its steps; returns how many steps it completes.
    fn count(&self, mask: u64, counts: &mut [u32; 64]) -> u8 {
        let mut completed = 0;
        for (step, definition) in self.plan.funnel.steps.iter().enumerate() {
            if mask >> step & 1 == 1 {
                counts[step] += 1;
                completed += u8::from(counts[step] == definition.times);
            }
        }
        completed
    }

    /// The first event behind the attempt's reach, and whether something stopped it for good.
    fn range_end(&self, start: usize) -> (usize, bool) {
        let View { times, masks, bans, .. } = self.view;
        let time = times[start];
        let mut end = times.partition_point(|other| *other <= self.deadline);
        let mut is_stopped = false;
        if self.plan.funnel.noise == Noise::Restart {
            let noise = match self.plan.funnel.ties {
                TiePolicy::AsOrdered => (start + 1..end).find(|index| masks[*index] == 0),
                _ => (start + 1..end)
                    .find(|index| masks[*index] == 0 && times[*index] > time)
                    .map(|index| times.partition_point(|other| *other < times[index])),
            };
            if let Some(noise) = noise {
                end = noise;
                is_stopped = true;
            }
        }
        for (index, ban) in self.plan.bans.iter().enumerate().filter(|_| self.with_bans) {
            let tells = |event: &usize| {
                bans[*event] >> index & 1 == 1 && (times[*event] > time || (ban.from_included && times[*event] == time))
            };
            let Some(banned) = (0..times.len()).find(tells).map(|event| times[event]) else { continue };
            is_stopped |= banned <= self.deadline;
            // Nothing lies between events of one instant.
            let is_strict = ban.until_included && banned > time;
            let is_before = |other: &i64| if is_strict { *other < banned } else { *other <= banned };
            end = end.min(times.partition_point(is_before));
        }
        (end.max(start + 1), is_stopped)
    }
}

/// The largest sharing out of events among steps, one to each.
struct Matching {
    masks: Vec<u64>,
    event_of: [usize; 64],
    step_count: u8,
}

impl Matching {
    fn new(step_count: u8) -> Self {
        Self { masks: Vec::new(), event_of: [NONE; 64], step_count }
    }

    /// Adds an event; returns whether one step more is served now.
    fn add(&mut self, mask: u64) -> bool {
        if mask == 0 || self.masks.len() == usize::from(self.step_count) && self.event_of.iter().all(|one| *one != NONE)
        {
            return false;
        }
        self.masks.push(mask);
        let mut tried = 0;
        let found = self.place(self.masks.len() - 1, &mut tried);
        if !found {
            self.masks.pop();
        }
        found
    }

    /// Gives the event a step, and moves others along where that makes room.
    fn place(&mut self, event: usize, tried: &mut u64) -> bool {
        for step in 0..usize::from(self.step_count) {
            if self.masks[event] & !*tried & (1 << step) == 0 {
                continue;
            }
            *tried |= 1 << step;
            if self.event_of[step] == NONE || self.place(self.event_of[step], tried) {
                self.event_of[step] = event;
                return true;
            }
        }
        false
    }
}
