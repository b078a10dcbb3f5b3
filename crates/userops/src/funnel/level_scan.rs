//! The fastest way for plain funnels of few steps whose events are told by name: only how far each user came.

use super::definition::EntryChoice;
use super::entry::EntryStatus;
use super::plan::Plan;
use super::scan::{Intake, Scan};

/// Beyond so many steps the other scan is as fast.
const STEPS_MAX: usize = 6;
/// Before every instant.
const NEVER: i64 = i64::MIN;

/// A plain funnel as numbers. For each step the pass keeps the last instant of the latest attempt that has reached it; an event
/// moves that of a step to its own by selection, for a branch on the kind of event is one that the processor guesses wrong.
#[derive(Debug)]
pub(super) struct LevelScan {
    /// The steps of each event, by the code of its name.
    by_name: Vec<u8>,
    step_count: usize,
    window: i64,
    takes_first: bool,
    /// Whether one event may serve several steps.
    upwards: bool,
    as_of: i64,
}

impl LevelScan {
    /// `None` where the funnel asks for more than this scan can tell.
    pub(super) fn new(plan: &Plan<'_>, scan: Option<&Scan>) -> Option<Self> {
        let upwards = match scan?.intake {
            Intake::EventUpwards => true,
            Intake::EventDownwards => false,
            Intake::InstantUpwards | Intake::InstantOnce | Intake::InstantDownwards => return None,
        };
        let step_count = plan.slots.len();
        if step_count > STEPS_MAX {
            return None;
        }
        Some(Self {
            by_name: plan.masks.by_name()?.iter().map(|mask| *mask as u8).collect(),
            step_count,
            window: plan.funnel.window.map_or(i64::MAX, |window| window.as_micros()),
            takes_first: plan.funnel.entry == EntryChoice::First,
            upwards,
            as_of: plan.as_of,
        })
    }

    /// The level of a user, and what became of the entry; level 0 for who did not enter.
    #[inline]
    pub(super) fn run(&self, times: &[i64], names: &[u16]) -> (u8, EntryStatus) {
        match (self.step_count, self.upwards) {
            (1, _) => self.steps::<1, true>(times, names),
            (2, true) => self.steps::<2, true>(times, names),
            (2, false) => self.steps::<2, false>(times, names),
            (3, true) => self.steps::<3, true>(times, names),
            (3, false) => self.steps::<3, false>(times, names),
            (4, true) => self.steps::<4, true>(times, names),
            (4, false) => self.steps::<4, false>(times, names),
            (5, true) => self.steps::<5, true>(times, names),
            (5, false) => self.steps::<5, false>(times, names),
            (_, true) => self.steps::<STEPS_MAX, true>(times, names),
            (_, false) => self.steps::<STEPS_MAX, false>(times, names),
        }
    }

    #[inline]
    fn steps<const STEPS: usize, const UPWARDS: bool>(&self, times: &[i64], names: &[u16]) -> (u8, EntryStatus) {
        // Any start counts, and no window ends past the last number: then a start is one addition.
        let ends = match !self.takes_first && times.last().is_none_or(|last| last.checked_add(self.window).is_some()) {
            true => self.ends::<STEPS, UPWARDS>(times, names, |time, _| (time.wrapping_add(self.window), true)),
            false => self.ends::<STEPS, UPWARDS>(times, names, |time, end| {
                (time.saturating_add(self.window), !(self.takes_first & (end != NEVER)))
            }),
        };
        let level = ends.iter().filter(|end| **end != NEVER).count();
        let status = match level == STEPS {
            true => EntryStatus::Converted,
            false if ends.iter().any(|end| *end > self.as_of) => EntryStatus::Pending,
            false => EntryStatus::Dropped,
        };
        (level as u8, status)
    }

    /// The last instant of the latest attempt that has reached each step. `begin` tells, of an event and the end of the latest
    /// attempt, the end of one that begins with it, and whether it may.
    #[inline]
    fn ends<const STEPS: usize, const UPWARDS: bool>(
        &self,
        times: &[i64],
        names: &[u16],
        begin: impl Fn(i64, i64) -> (i64, bool),
    ) -> [i64; STEPS] {
        let mut ends = [NEVER; STEPS];
        let take = |ends: &mut [i64; STEPS], step: usize, time: i64, mask: u8| {
            let (end, may) = match step {
                0 => begin(time, ends[0]),
                _ => (ends[step - 1], time <= ends[step - 1]),
            };
            let serves = (mask >> step & 1 == 1) & may;
            ends[step] = if serves { end } else { ends[step] };
        };
        for (time, name) in times.iter().zip(names) {
            let mask = self.by_name[usize::from(*name)];
            if UPWARDS {
                (0..STEPS).for_each(|step| take(&mut ends, step, *time, mask));
            } else {
                (0..STEPS).rev().for_each(|step| take(&mut ends, step, *time, mask));
            }
        }
        ends
    }
}
