//! The fast way for plain funnels: one pass over a user's events that keeps the latest start to reach each step.
//!
//! Where only a window from the first event bounds an attempt, of two starts that reach a step the later one can do all
//! that the earlier can. So one instant for each step is all there is to know, and an event costs as many operations as
//! it matches steps whose turn has come.

use super::definition::{EntryChoice, EventUse, TiePolicy};
use super::plan::Plan;

/// What a user came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) level: u8,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) is_open: bool,
}

/// How the matches of events are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    /// Event by event, the steps of each in order: one event may serve several.
    EventUpwards,
    /// Event by event, the last step first: one event serves one.
    EventDownwards,
    /// Instant by instant, in order of steps.
    InstantUpwards,
    /// Instant by instant, in order of steps, an event serving one.
    InstantOnce,
    /// Instant by instant, the last step first: no two steps of one instant.
    InstantDownwards,
}

/// A plain funnel as numbers.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    step_count: usize,
    window: i64,
    takes_first: bool,
    pub(crate) intake: Intake,
    soon: i64,
    rest_min: [i64; 64],
}

impl Scan {
    /// `None` where the funnel is not plain.
    pub(crate) fn new(plan: &Plan<'_>) -> Option<Self> {
        if !plan.is_plain() {
            return None;
        }
        let intake = match (plan.funnel.ties, plan.funnel.event_use) {
            (TiePolicy::AsOrdered, EventUse::Reuse) => Intake::EventUpwards,
            (TiePolicy::AsOrdered, EventUse::Once) => Intake::EventDownwards,
            (TiePolicy::StepOrder, EventUse::Reuse) => Intake::InstantUpwards,
            (TiePolicy::StepOrder, EventUse::Once) => Intake::InstantOnce,
            (TiePolicy::StrictlyLater, _) => Intake::InstantDownwards,
        };
        let mut rest_min = [0; 64];
        rest_min.iter_mut().zip(&plan.slots).for_each(|(rest, slot)| *rest = slot.rest_min);
        Some(Self {
            step_count: plan.slots.len(),
            window: plan.funnel.window.map_or(i64::MAX, |window| window.as_micros()),
            takes_first: plan.funnel.entry == EntryChoice::First,
            intake,
            soon: plan.as_of.saturating_add(1),
            rest_min,
        })
    }

    /// The answer for one user's events that have happened, where `mask_of` gives the steps of an event. `None` where
    /// events of one instant match several steps and each may serve one: then only a search can tell.
    #[inline]
    pub(crate) fn run(&self, times: &[i64], mask_of: impl Fn(usize) -> u64) -> Option<Scanned> {
        match self.intake {
            Intake::EventUpwards => self.by_event::<true>(times, mask_of),
            Intake::EventDownwards => self.by_event::<false>(times, mask_of),
            _ => self.by_instant(times, mask_of),
        }
    }

    /// The events of a scanned answer, as slot and index: from the first start at its instant on always the earliest
    /// event that may follow.
    pub(crate) fn walk(
        &self,
        times: &[i64],
        mask_of: impl Fn(usize) -> u64,
        scanned: &Scanned,
        events: &mut Vec<(u8, usize)>,
    ) {
        events.clear();
        if scanned.level == 0 {
            return;
        }
        let mut index = times.partition_point(|time| *time < scanned.start);
        for slot in 0..scanned.level {
            if let Some((_, last)) = events.last().copied() {
                index = match self.intake {
                    Intake::EventUpwards => last,
                    Intake::EventDownwards => last + 1,
                    Intake::InstantUpwards | Intake::InstantOnce => times.partition_point(|time| *time < times[last]),
                    Intake::InstantDownwards => times.partition_point(|time| *time <= times[last]),
                };
            }
            let serves = |index: &usize| {
                let is_taken = self.intake == Intake::InstantOnce && events.iter().any(|(_, taken)| taken == index);
                mask_of(*index) >> slot & 1 == 1 && !is_taken
            };
            let Some(next) = (index..times.len()).find(serves) else { return };
            events.push((slot, next));
        }
    }

    #[inline]
    fn by_event<const UPWARDS: bool>(&self, times: &[i64], mask_of: impl Fn(usize) -> u64) -> Option<Scanned> {
        let mut chain = Chain::new(self);
        for (index, time) in times.iter().enumerate() {
            let mask = mask_of(index);
            if mask & chain.awaited == 0 {
                continue;
            }
            if chain.is_over(*time) {
                break;
            }
            if UPWARDS { chain.take_upwards(mask, *time) } else { chain.take_downwards(mask, *time) }
        }
        Some(chain.finish())
    }

    fn by_instant(&self, times: &[i64], mask_of: impl Fn(usize) -> u64) -> Option<Scanned> {
        let mut chain = Chain::new(self);
        let mut index = 0;
        while index < times.len() {
            let time = times[index];
            let (mut mask, mut count, mut is_shared) = (0, 0, false);
            while index < times.len() && times[index] == time {
                let one = mask_of(index);
                mask |= one;
                count += usize::from(one != 0);
                is_shared |= one & one.wrapping_sub(1) != 0;
                index += 1;
            }
            if mask & chain.awaited == 0 {
                continue;
            }
            if chain.is_over(time) {
                break;
            }
            match self.intake {
                Intake::InstantOnce if is_shared && count > 1 => return None,
                Intake::InstantDownwards => chain.take_downwards(mask, time),
                Intake::InstantOnce if is_shared => chain.take_downwards(mask, time),
                _ => chain.take_upwards(mask, time),
            }
        }
        Some(chain.finish())
    }
}

/// The latest start that reaches each step, and the best of all so far.
struct Chain<'s> {
    scan: &'s Scan,
    starts: [i64; 64],
    reached: u64,
    /// The steps whose turn has come.
    awaited: u64,
    level: usize,
    start: i64,
    end: i64,
}

impl<'s> Chain<'s> {
    #[inline]
    fn new(scan: &'s Scan) -> Self {
        Self { scan, starts: [0; 64], reached: 0, awaited: 1, level: 0, start: 0, end: i64::MAX }
    }

    /// Whether nothing at this instant or later can better the answer.
    #[inline]
    fn is_over(&self, time: i64) -> bool {
        self.level == self.scan.step_count && time > self.end
    }

    #[inline]
    fn take_upwards(&mut self, mask: u64, time: i64) {
        let mut left = mask;
        while left != 0 {
            self.take(left.trailing_zeros() as usize, time);
            left &= left - 1;
        }
    }

    #[inline]
    fn take_downwards(&mut self, mask: u64, time: i64) {
        let mut left = mask;
        while left != 0 {
            let step = 63 - left.leading_zeros() as usize;
            self.take(step, time);
            left ^= 1 << step;
        }
    }

    #[inline]
    fn take(&mut self, step: usize, time: i64) {
        if self.awaited >> step & 1 == 0 {
            return;
        }
        let start = if step == 0 { time } else { self.starts[step - 1] };
        if time > start.saturating_add(self.scan.window) {
            return;
        }
        self.starts[step] = start;
        self.reached |= 1 << step;
        self.awaited = self.reached << 1 | u64::from(!self.scan.takes_first);
        if step + 1 > self.level {
            (self.level, self.start, self.end) = (step + 1, start, time);
        } else if step + 1 == self.level && time == self.end {
            self.start = self.start.max(start);
        }
    }

    #[inline]
    fn finish(&self) -> Scanned {
        let scan = self.scan;
        let can_go_on = |step: usize| {
            let first = scan.soon.saturating_add(scan.rest_min[step + 1]);
            self.reached >> step & 1 == 1 && first <= self.starts[step].saturating_add(scan.window)
        };
        let is_open = self.level < scan.step_count && (0..self.level).any(can_go_on);
        Scanned { level: self.level as u8, start: self.start, end: self.end, is_open }
    }
}
