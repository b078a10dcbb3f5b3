//! One user's way through a funnel: the events that were taken, and why it went no further.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::definition::{Funnel, Noise, Repetition, StepOrder, TiePolicy, WindowFrom};
use super::entry::EntryStatus;
use super::measure::visit_entries;
use super::plan::Plan;
use super::scan::Scan;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// Why an entry went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It came to the end.
    Completed,
    /// There is time left.
    WindowOpen,
    /// Without the exclusions it would have come further.
    Excluded,
    /// Were noise and repetition ignored, or were other events allowed between, it would have come further.
    Interrupted,
    /// Without the window and the greatest gaps it would have come further.
    TooLate,
    /// Without the least gaps it would have come further, or if a step could be at the instant of the one before.
    TooEarly,
    /// Without `held` and `scope` it would have come further.
    Apart,
    /// With events that serve several steps it would have come further.
    EventTaken,
    /// The next step did not happen behind the last one, or several of the above hold only together.
    Missing,
}

impl StopReason {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Completed,
        Self::WindowOpen,
        Self::Excluded,
        Self::Interrupted,
        Self::TooLate,
        Self::TooEarly,
        Self::Apart,
        Self::EventTaken,
        Self::Missing,
    ];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::WindowOpen => "window_open",
            Self::Excluded => "excluded",
            Self::Interrupted => "interrupted",
            Self::TooLate => "too_late",
            Self::TooEarly => "too_early",
            Self::Apart => "apart",
            Self::EventTaken => "event_taken",
            Self::Missing => "missing",
        }
    }
}

/// One event of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEvent {
    /// The number of the step, from 1.
    pub step: u32,
    /// Which of the step's events it is, from 1.
    pub repeat: u32,
    /// When it was.
    pub time: Timestamp,
    /// The row of the log.
    pub row: u64,
}

/// One attempt of a user that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The steps completed, at least 1.
    pub level: u32,
    /// What became of it.
    pub status: EntryStatus,
    /// Why it went no further.
    pub reason: StopReason,
    /// The instant of the start.
    pub start: Timestamp,
    /// The instant of the last step completed.
    pub end: Timestamp,
    /// The events, in the order of the steps.
    pub events: Vec<StepEvent>,
}

/// The entries of one user, in order of time; none for who did not enter.
///
/// The reason of an entry is found by asking again with one condition less at a time, in the order of [`StopReason`];
/// the first that would have let the user come further is given. With every re-entry it is asked of the user's best
/// entry.
///
/// # Errors
/// Those of [`measure_conversion`](super::measure_conversion).
pub fn trace_funnel(log: &EventLog, user: UserIx, as_of: Timestamp, funnel: &Funnel) -> Result<Vec<Trace>> {
    let calendar = log.calendar(as_of);
    let plan = Plan::new(log, as_of, &calendar, funnel)?;
    let mut traces = Vec::new();
    visit_entries(&plan, Scan::new(&plan).as_ref(), just(user), true, |_, entry, witness| {
        let event = |(slot, row): &(u8, usize)| StepEvent {
            step: u32::from(plan.slots[usize::from(*slot)].step) + 1,
            repeat: plan.slots[..=usize::from(*slot)]
                .iter()
                .filter(|one| one.step == plan.slots[usize::from(*slot)].step)
                .count() as u32,
            time: Timestamp::from_micros(log.time_micros()[*row]),
            row: *row as u64,
        };
        traces.push(Trace {
            level: u32::from(entry.level),
            status: entry.status,
            reason: StopReason::Missing,
            start: Timestamp::from_micros(entry.start),
            end: Timestamp::from_micros(entry.end),
            events: witness.iter().map(event).collect(),
        });
        Ok(())
    })?;
    for trace in &mut traces {
        trace.reason = match trace.status {
            EntryStatus::Converted => StopReason::Completed,
            EntryStatus::Pending => StopReason::WindowOpen,
            EntryStatus::Excluded => StopReason::Excluded,
            EntryStatus::Dropped => reason(log, user, as_of, funnel, trace.level)?,
        };
    }
    Ok(traces)
}

fn just(user: UserIx) -> Range<usize> {
    user.0 as usize..user.0 as usize + 1
}

/// The first condition without which the user would have come further than this level.
fn reason(log: &EventLog, user: UserIx, as_of: Timestamp, funnel: &Funnel, level: u32) -> Result<StopReason> {
    for (reason, relaxed) in relaxations(funnel) {
        if best_level(log, user, as_of, &relaxed)? > level {
            return Ok(reason);
        }
    }
    Ok(StopReason::Missing)
}

fn relaxations(funnel: &Funnel) -> Vec<(StopReason, Funnel)> {
    let relax = |change: &dyn Fn(&mut Funnel)| {
        let mut relaxed = funnel.clone();
        change(&mut relaxed);
        relaxed
    };
    let each_step = |funnel: &mut Funnel, change: fn(&mut super::FunnelStep)| funnel.steps.iter_mut().for_each(change);
    vec![
        (
            StopReason::Interrupted,
            relax(&|funnel| {
                funnel.noise = Noise::Ignore;
                funnel.repetition = Repetition::Ignore;
                if funnel.order == StepOrder::Strict {
                    funnel.order = StepOrder::Ordered;
                }
            }),
        ),
        (
            StopReason::TooLate,
            relax(&|funnel| {
                funnel.window = None;
                funnel.window_from = WindowFrom::First;
                each_step(funnel, |step| step.gap_max = None);
            }),
        ),
        (
            StopReason::TooEarly,
            relax(&|funnel| {
                each_step(funnel, |step| step.gap_min = None);
                if funnel.ties == TiePolicy::StrictlyLater {
                    funnel.ties =
                        if funnel.order == StepOrder::Strict { TiePolicy::AsOrdered } else { TiePolicy::StepOrder };
                }
            }),
        ),
        (
            StopReason::Apart,
            relax(&|funnel| {
                funnel.held.clear();
                funnel.scope = None;
            }),
        ),
        (StopReason::EventTaken, relax(&|funnel| funnel.event_use = super::EventUse::Reuse)),
    ]
}

fn best_level(log: &EventLog, user: UserIx, as_of: Timestamp, funnel: &Funnel) -> Result<u32> {
    let calendar = log.calendar(as_of);
    let plan = Plan::new(log, as_of, &calendar, funnel)?;
    let mut best = 0;
    visit_entries(&plan, Scan::new(&plan).as_ref(), just(user), false, |_, entry, _| {
        best = best.max(u32::from(entry.level));
        Ok(())
    })?;
    Ok(best)
}
