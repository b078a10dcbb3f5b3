//! Which attempts of a user count, and what became of them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::any_order::AnyAttempt;
use super::any_search::{AnySearch, AnyWalk};
use super::definition::{EntryChoice, StepOrder};
use super::ending::{Searches, end_search};
use super::plan::Plan;
use super::search::{Attempt, Outcome, Search};
use super::view::{View, ViewScratch};
use crate::error::Result;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    /// The last step was done, or the last that is not optional; in any order all that are not.
    Converted,
    /// Not yet: the window is still open at `as_of`, and events to come could convert.
    Pending,
    /// It would have come further, had it not been for an exclusion.
    Excluded,
    /// It did not come further, and cannot.
    Dropped,
}

impl EntryStatus {
    /// Every status, in the order of declaration.
    pub const ALL: [Self; 4] = [Self::Converted, Self::Pending, Self::Excluded, Self::Dropped];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Converted => "converted",
            Self::Pending => "pending",
            Self::Excluded => "excluded",
            Self::Dropped => "dropped",
        }
    }
}

/// An attempt that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Steps completed, at least 1.
    pub(crate) level: u8,
    pub(crate) status: EntryStatus,
    /// The instant of its first event and of the last step completed, in microseconds.
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// The search for the attempts of one user, with memory that is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct EntrySearch {
    all: View,
    narrowed: View,
    scratch: ViewScratch,
    search: Search,
    any_search: AnySearch,
    /// The events of the entry that is handed over: slot and row of the log.
    pub(crate) witness: Vec<(u8, usize)>,
}

impl EntrySearch {
    /// Hands over each entry of a user, in order of time; `rows` are those of the user that have happened. With
    /// `wants_events` the events of the entry are in [`EntrySearch::witness`] at that moment.
    ///
    /// # Errors
    /// Those of the search, and those of `visit`.
    pub(crate) fn visit(
        &mut self,
        plan: &Plan<'_>,
        rows: Range<usize>,
        wants_events: bool,
        mut visit: impl FnMut(Entry, &[(u8, usize)]) -> Result<()>,
    ) -> Result<()> {
        self.all.load(plan, rows, &mut self.scratch);
        let mut searches = Searches { ordered: &mut self.search, any: &mut self.any_search };
        // Attempts that see different events have an end of their own.
        let is_ended = !plan.is_narrow() && end_search(plan, &mut self.all, None, &mut searches)?;
        match plan.funnel.entry {
            EntryChoice::Every => self.visit_every(plan, is_ended, visit),
            EntryChoice::First => {
                let Some(start) = self.first_start(plan, 0) else { return Ok(()) };
                let outcome = self.outcome(plan, start, is_ended, wants_events)?;
                if outcome.level == 0 {
                    return Ok(());
                }
                let entry = self.entry(plan, start, outcome)?;
                visit(entry, &self.witness)
            }
            EntryChoice::Best => {
                let Some(best) = self.best(plan, is_ended)? else { return Ok(()) };
                let (start, outcome, is_open) = best;
                if wants_events {
                    self.outcome(plan, start, is_ended, true)?;
                }
                let mut entry = self.entry(plan, start, Outcome { is_open, ..outcome })?;
                if entry.status == EntryStatus::Dropped && self.free_level(plan)? > entry.level {
                    entry.status = EntryStatus::Excluded;
                }
                visit(entry, &self.witness)
            }
        }
    }

    fn visit_every(
        &mut self,
        plan: &Plan<'_>,
        is_ended: bool,
        mut visit: impl FnMut(Entry, &[(u8, usize)]) -> Result<()>,
    ) -> Result<()> {
        let mut from = 0;
        while let Some(start) = self.first_start(plan, from) {
            let outcome = self.outcome(plan, start, is_ended, true)?;
            from = start + 1;
            if outcome.level > 0 {
                let last = self.witness.iter().map(|(_, row)| *row).max().unwrap_or(0);
                from = from.max(self.all.rows.partition_point(|row| *row <= last));
                let entry = self.entry(plan, start, outcome)?;
                visit(entry, &self.witness)?;
            }
        }
        Ok(())
    }

    /// The best outcome of all starts, its start, and whether any start is still open. Of equals the earliest start
    /// stands.
    fn best(&mut self, plan: &Plan<'_>, is_ended: bool) -> Result<Option<(usize, Outcome, bool)>> {
        let mut best: Option<(usize, Outcome)> = None;
        let mut is_open = false;
        let mut from = 0;
        while let Some(start) = self.first_start(plan, from) {
            from = start + 1;
            let time = self.all.times[start];
            if best.is_some_and(|(_, outcome)| outcome.level == plan.step_count && time > outcome.end) {
                break;
            }
            let outcome = self.outcome(plan, start, is_ended, false)?;
            is_open |= outcome.is_open;
            let rank = |time: i64, outcome: &Outcome| {
                let (level, end, done_count) = outcome.rank();
                (level, end, time, done_count)
            };
            if outcome.level > 0
                && best.is_none_or(|(start, known)| rank(time, &outcome) > rank(self.all.times[start], &known))
            {
                best = Some((start, outcome));
            }
        }
        Ok(best.map(|(start, outcome)| (start, outcome, is_open)))
    }

    /// The first event from `from` on with which an attempt can begin.
    fn first_start(&self, plan: &Plan<'_>, from: usize) -> Option<usize> {
        let is_start = |index: &usize| {
            let mask = self.all.masks[*index];
            mask & plan.start_mask != 0 && plan.held.iter().all(|column| column.get(self.all.rows[*index]).is_some())
        };
        (from..self.all.len()).find(is_start)
    }

    fn outcome(&mut self, plan: &Plan<'_>, start: usize, is_ended: bool, wants_events: bool) -> Result<Outcome> {
        self.outcome_with(plan, start, is_ended, wants_events, true)
    }

    fn outcome_with(
        &mut self,
        plan: &Plan<'_>,
        start: usize,
        is_ended: bool,
        wants_events: bool,
        with_bans: bool,
    ) -> Result<Outcome> {
        let deadline = plan.deadline(self.all.times[start]);
        let mut position = start;
        let mut open_until = deadline;
        let mut is_ended = is_ended;
        if plan.is_narrow() {
            let Some((there, scope_end)) = self.narrowed.narrow(plan, &self.all, start) else {
                return Ok(Outcome::NONE);
            };
            position = there;
            open_until = deadline.min(scope_end);
            let mut searches = Searches { ordered: &mut self.search, any: &mut self.any_search };
            if end_search(plan, &mut self.narrowed, Some(there), &mut searches)? {
                is_ended = true;
                position = self.narrowed.rows.partition_point(|row| *row < self.all.rows[start]);
            }
        }
        if is_ended {
            open_until = i64::MIN;
        }
        let view = if plan.is_narrow() { &self.narrowed } else { &self.all };
        let outcome = if plan.funnel.order == StepOrder::Any && !plan.is_free() {
            let (start, bar, search) = (position, None, &mut self.any_search);
            let (outcome, events) =
                AnyWalk { plan, view, deadline, open_until, with_bans, wants_events, start, bar, search }.solve()?;
            if wants_events {
                self.witness = events;
            }
            outcome
        } else if plan.funnel.order == StepOrder::Any {
            let attempt = AnyAttempt { plan, view, deadline, open_until, with_bans };
            let outcome = attempt.solve(position);
            if wants_events {
                attempt.witness(position, &outcome, &mut self.witness);
            }
            outcome
        } else {
            let mut attempt = Attempt { plan, view, deadline, open_until, with_bans, search: &mut self.search };
            if wants_events {
                let outcome = attempt.solve_with_witness(position)?;
                self.witness.clear();
                self.witness.extend_from_slice(&self.search.witness);
                outcome
            } else {
                attempt.solve(position)?
            }
        };
        if wants_events {
            self.witness.iter_mut().for_each(|(_, event)| *event = view.rows[*event]);
        }
        Ok(outcome)
    }

    fn entry(&mut self, plan: &Plan<'_>, start: usize, outcome: Outcome) -> Result<Entry> {
        let status = if outcome.level == plan.step_count {
            EntryStatus::Converted
        } else if outcome.is_open {
            EntryStatus::Pending
        } else if plan.funnel.entry != EntryChoice::Best && self.free_level_from(plan, start)? > outcome.level {
            EntryStatus::Excluded
        } else {
            EntryStatus::Dropped
        };
        Ok(Entry { level: outcome.level, status, start: self.all.times[start], end: outcome.end })
    }

    /// The level that a start would have come to without exclusions.
    fn free_level_from(&mut self, plan: &Plan<'_>, start: usize) -> Result<u8> {
        if plan.bans.is_empty() {
            return Ok(0);
        }
        Ok(self.outcome_with(plan, start, true, false, false)?.level)
    }

    fn free_level(&mut self, plan: &Plan<'_>) -> Result<u8> {
        let mut level = 0;
        let mut from = if plan.bans.is_empty() { self.all.len() } else { 0 };
        while let Some(start) = self.first_start(plan, from) {
            from = start + 1;
            level = self.free_level_from(plan, start)?.max(level);
        }
        Ok(level)
    }
}
