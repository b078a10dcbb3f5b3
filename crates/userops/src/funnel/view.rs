//! The events that an attempt can see: one user's rows, without those that the attempt's scope and values hide.

use std::ops::Range;

use super::definition::Scope;
use super::plan::Plan;
use crate::rule::MaskScratch;
use crate::time::{Day, Span, Timestamp};

/// Events in the order of the log. All columns have one length.
#[derive(Debug, Default, Clone)]
pub(crate) struct View {
    pub(crate) times: Vec<i64>,
    /// The steps that each event matches.
    pub(crate) masks: Vec<u64>,
    /// The exclusions that each event matches; zeros where there are none.
    pub(crate) bans: Vec<u64>,
    /// The rows of the log.
    pub(crate) rows: Vec<usize>,
}

/// Memory that is used again for every user.
#[derive(Debug, Default)]
pub(crate) struct ViewScratch {
    masks: MaskScratch,
    bits: Vec<u64>,
}

impl View {
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// All events of these rows, which are of one user and have happened.
    pub(crate) fn load(&mut self, plan: &Plan<'_>, rows: Range<usize>, scratch: &mut ViewScratch) {
        self.times.clear();
        self.times.extend_from_slice(&plan.log.time_micros()[rows.clone()]);
        plan.masks.fill(rows.clone(), &mut scratch.masks, &mut self.masks);
        match &plan.excluded {
            Some(excluded) => excluded.fill(rows.clone(), &mut scratch.masks, &mut scratch.bits),
            None => {
                scratch.bits.clear();
                scratch.bits.resize(rows.len(), 0);
            }
        }
        std::mem::swap(&mut self.bans, &mut scratch.bits);
        self.rows.clear();
        self.rows.extend(rows);
    }

    /// Forgets everything from an event on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.times.truncate(len);
        self.masks.truncate(len);
        self.bans.truncate(len);
        self.rows.truncate(len);
    }

    pub(crate) fn push(&mut self, from: &Self, index: usize, mask: u64) {
        self.times.push(from.times[index]);
        self.masks.push(mask);
        self.bans.push(from.bans[index]);
        self.rows.push(from.rows[index]);
    }

    /// What the attempt that begins at `start` sees of `all`, from the first event of its instant on, and the last
    /// instant that is in its scope. Returns where the start is, or `None` where a held value of it is unknown.
    pub(crate) fn narrow(&mut self, plan: &Plan<'_>, all: &Self, start: usize) -> Option<(usize, i64)> {
        self.truncate(0);
        let values: Vec<_> = plan.held.iter().map(|column| column.get(all.rows[start])).collect();
        if values.iter().any(Option::is_none) {
            return None;
        }
        let time = all.times[start];
        let (end, scope_end) = scope_of(plan, all, start);
        let day = plan.calendar.day(Timestamp::from_micros(time));
        let is_day = plan.funnel.scope == Some(Scope::CalendarDay);
        let mut position = 0;
        for index in all.times.partition_point(|other| *other < time)..end {
            if is_day && plan.calendar.day(Timestamp::from_micros(all.times[index])) != day {
                continue;
            }
            let mut mask = all.masks[index];
            let mut seen = true;
            for (column, value) in plan.held.iter().zip(&values) {
                match column.get(all.rows[index]) {
                    None => mask = 0,
                    other => seen &= other == *value,
                }
            }
            if seen {
                if index == start {
                    position = self.len();
                }
                self.push(all, index, mask);
            }
        }
        Some((position, scope_end))
    }
}

/// Where the scope of a start ends: the first event behind it, and the last instant in it.
fn scope_of(plan: &Plan<'_>, all: &View, start: usize) -> (usize, i64) {
    match plan.funnel.scope {
        None => (all.len(), i64::MAX),
        Some(Scope::CalendarDay) => {
            let day = plan.calendar.day(Timestamp::from_micros(all.times[start]));
            let next = plan.calendar.day_start(Day(day.0.saturating_add(1)));
            (all.len(), next.as_micros().saturating_sub(1))
        }
        Some(Scope::Session { gap }) => session_end(all, start, gap, plan.as_of),
    }
}

fn session_end(all: &View, start: usize, gap: Span, as_of: i64) -> (usize, i64) {
    let gap = gap.as_micros();
    let breaks = |index: &usize| all.times[*index].saturating_sub(all.times[*index - 1]) > gap;
    let end = (start + 1..all.len()).find(breaks).unwrap_or(all.len());
    match all.times[end - 1].saturating_add(gap) {
        // Any event may keep the session going.
        last if end == all.len() && last > as_of => (end, i64::MAX),
        last => (end, last),
    }
}
