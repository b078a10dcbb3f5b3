//! A funnel made ready for a log: numbers in place of names, and what follows from the options.

use super::check::SLOTS_MAX;
use super::definition::{
    EntryChoice, EventUse, Exclusion, Funnel, FunnelStep, Noise, NoiseKind, Repetition, StepOrder, TiePolicy,
    WindowFrom,
};
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern};
use crate::time::{Calendar, Span, Timestamp};

/// One event that a funnel asks for: a step, or one of its repeats.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// The step, counted from 0.
    pub(crate) step: u8,
    /// Whether the step is complete with it.
    pub(crate) completes: bool,
    /// Times after the event before, both inclusive.
    pub(crate) gap_min: i64,
    pub(crate) gap_max: i64,
    /// Which slots may follow, ascending: the next one, and those behind optional steps.
    pub(crate) nexts: Vec<u8>,
    /// The steps whose turn has not come after this slot, as bits.
    pub(crate) beyond: u64,
    /// The least time from this slot to the last.
    pub(crate) rest_min: i64,
}

/// An exclusion with slots for its ends; in any order they are how many steps have begun, and how many are complete.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ban {
    pub(crate) from: u8,
    pub(crate) until: u8,
    pub(crate) from_included: bool,
    pub(crate) until_included: bool,
}

/// A funnel made ready for a log and an instant.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) log: &'a EventLog,
    pub(crate) as_of: i64,
    pub(crate) calendar: &'a Calendar,
    pub(crate) funnel: &'a Funnel,
    /// The steps that each event matches.
    pub(crate) masks: EventMasks<'a>,
    /// The exclusions that each event matches, where there are any.
    pub(crate) excluded: Option<EventMasks<'a>>,
    pub(crate) held: Vec<&'a Column>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) bans: Vec<Ban>,
    pub(crate) step_count: u8,
    /// The steps with which an attempt may begin, as bits.
    pub(crate) start_mask: u64,
    /// The last step that is not optional, counted from 0.
    pub(crate) last_required: u8,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// Those of [`Funnel::check`]; `UnknownName` for an event or property that the log does not have;
    /// `TypeMismatch` for a filter that does not fit a property.
    pub(crate) fn new(log: &'a EventLog, as_of: Timestamp, calendar: &'a Calendar, funnel: &'a Funnel) -> Result<Self> {
        funnel.check()?;
        let steps: Vec<EventPattern> = funnel.steps.iter().map(|step| step.pattern()).collect();
        let excluded: Vec<EventPattern> = funnel.exclusions.iter().map(Exclusion::pattern).collect();
        let slots = slots_of(funnel);
        Ok(Self {
            log,
            as_of: as_of.as_micros(),
            calendar,
            funnel,
            masks: EventMasks::new(log, calendar, &steps)?,
            excluded: (!excluded.is_empty()).then(|| EventMasks::new(log, calendar, &excluded)).transpose()?,
            held: funnel.held.iter().map(|name| log.property(name)).collect::<Result<_>>()?,
            bans: bans_of(funnel, &slots),
            slots,
            step_count: funnel.steps.len() as u8,
            start_mask: start_mask(funnel),
            last_required: funnel.steps.iter().rposition(|step| !step.optional).unwrap_or(0) as u8,
        })
    }

    /// The last instant of an attempt that begins at `start`, by the window alone.
    pub(crate) fn deadline(&self, start: i64) -> i64 {
        match (self.funnel.window, self.funnel.window_from) {
            (Some(window), WindowFrom::First) => start.saturating_add(window.as_micros()),
            _ => i64::MAX,
        }
    }

    /// Whether attempts see different events.
    pub(crate) fn is_narrow(&self) -> bool {
        !self.held.is_empty() || self.funnel.scope.is_some()
    }

    /// Whether something can end the search, see [`Noise::End`] and [`Repetition::End`].
    pub(crate) fn can_end(&self) -> bool {
        self.funnel.noise == Noise::End || self.funnel.repetition == Repetition::End
    }

    /// The steps that count as noise behind a slot, as bits.
    pub(crate) fn beyond(&self, slot: u8) -> u64 {
        match self.funnel.noise_kind {
            NoiseKind::OutOfTurn => self.slots[usize::from(slot)].beyond,
            NoiseKind::NoStep | NoiseKind::OtherStep => 0,
        }
    }

    /// The steps that are not noise behind a slot by [`NoiseKind::OtherStep`], as bits: its own, and those that may follow.
    pub(crate) fn turn_of(&self, slot: usize) -> u64 {
        let bit = |slot: usize| 1 << self.slots[slot].step;
        self.slots[slot].nexts.iter().fold(bit(slot), |turn, next| turn | bit(usize::from(*next)))
    }

    /// Whether, in any order, nothing binds an event to the one taken before it, so that it is enough to count and to
    /// share out the events from a start on.
    pub(crate) fn is_free(&self) -> bool {
        let funnel = self.funnel;
        let is_free = |step: &FunnelStep| step.gap_min.is_none() && step.gap_max.is_none() && !step.optional;
        funnel.window_from == WindowFrom::First
            && funnel.ties != TiePolicy::StrictlyLater
            && (funnel.noise != Noise::Restart || funnel.noise_kind != NoiseKind::OtherStep)
            && funnel.steps.iter().all(is_free)
            && (funnel.event_use == EventUse::Reuse || funnel.steps.iter().all(|step| step.times == 1))
            && funnel.exclusions.iter().all(|one| one.from == 1 && one.until as usize == funnel.steps.len())
    }

    /// Whether attempts are chains of events in order of time that only the first window bounds: then it is enough to
    /// know the latest start that reaches each step, and the earliest event that carries an attempt on.
    pub(crate) fn is_plain(&self) -> bool {
        let funnel = self.funnel;
        funnel.order == StepOrder::Ordered
            && funnel.window_from == WindowFrom::First
            && funnel.noise == Noise::Ignore
            && funnel.repetition == Repetition::Ignore
            && funnel.exclusions.is_empty()
            && funnel.held.is_empty()
            && funnel.scope.is_none()
            && funnel.entry != EntryChoice::Every
            && funnel
                .steps
                .iter()
                .all(|step| step.times == 1 && !step.optional && step.gap_min.is_none() && step.gap_max.is_none())
    }

    /// Whether one event can serve several steps of one instant in an order that is not that of the log, so that a
    /// search has to remember which events it has taken.
    pub(crate) fn remembers_used(&self) -> bool {
        self.funnel.ties == TiePolicy::StepOrder && self.funnel.event_use == EventUse::Once
    }
}

fn slots_of(funnel: &Funnel) -> Vec<Slot> {
    let window = funnel.window.filter(|_| funnel.window_from == WindowFrom::Previous);
    let mut slots = Vec::with_capacity(SLOTS_MAX);
    let mut firsts = Vec::with_capacity(funnel.steps.len());
    for (index, step) in funnel.steps.iter().enumerate() {
        firsts.push(slots.len() as u8);
        for repeat in 1..=step.times {
            slots.push(Slot {
                step: index as u8,
                completes: repeat == step.times,
                gap_min: step.gap_min.map_or(0, Span::as_micros),
                gap_max: step.gap_max.into_iter().chain(window).min().map_or(i64::MAX, Span::as_micros),
                nexts: Vec::new(),
                beyond: 0,
                rest_min: 0,
            });
        }
    }
    let later = i64::from(funnel.ties == TiePolicy::StrictlyLater);
    for index in (0..slots.len()).rev() {
        let step = usize::from(slots[index].step);
        let nexts: Vec<u8> = if slots[index].completes {
            // Behind an optional step the one after it may follow too.
            let behind = step + 1..funnel.steps.len();
            let last = behind.clone().find(|next| !funnel.steps[*next].optional).unwrap_or(funnel.steps.len());
            behind.take_while(|next| *next <= last).map(|next| firsts[next]).collect()
        } else {
            vec![index as u8 + 1]
        };
        let turn = nexts.last().map_or(step, |next| usize::from(slots[usize::from(*next)].step));
        let rest = |next: &u8| {
            let slot = &slots[usize::from(*next)];
            slot.gap_min.max(later).saturating_add(slot.rest_min)
        };
        // Behind the last step that is not optional nothing is needed any more.
        let is_done = slots[index].completes && funnel.steps[step + 1..].iter().all(|step| step.optional);
        let rest_min = if is_done { 0 } else { nexts.iter().map(rest).min().unwrap_or(0) };
        let slot = &mut slots[index];
        slot.beyond = u64::MAX.checked_shl(turn as u32 + 1).unwrap_or(0);
        slot.rest_min = rest_min;
        slot.nexts = nexts;
    }
    slots
}

fn start_mask(funnel: &Funnel) -> u64 {
    if funnel.order == StepOrder::Any {
        return u64::MAX;
    }
    let first = funnel.steps.iter().position(|step| !step.optional).unwrap_or(0);
    u64::MAX >> (63 - first)
}

fn bans_of(funnel: &Funnel, slots: &[Slot]) -> Vec<Ban> {
    let first_of = |step: u32| slots.iter().position(|slot| u32::from(slot.step) + 1 == step).unwrap_or(0) as u8;
    let last_of = |step: u32| slots.iter().rposition(|slot| u32::from(slot.step) + 1 == step).unwrap_or(0) as u8;
    let is_any = funnel.order == StepOrder::Any;
    let ban = |exclusion: &Exclusion| Ban {
        from: if is_any { exclusion.from as u8 } else { last_of(exclusion.from) },
        until: if is_any { exclusion.until as u8 } else { first_of(exclusion.until) },
        from_included: exclusion.from_included,
        until_included: exclusion.until_included,
    };
    funnel.exclusions.iter().map(ban).collect()
}
