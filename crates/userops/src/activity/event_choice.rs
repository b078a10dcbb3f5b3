//! Which of a few kinds of events each event is, asked in the cheapest way that the kinds allow.

use std::ops::Range;

use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::{DayPeriods, PeriodGrid};
use crate::error::Result;
use crate::log::{ActiveDays, EventLog};
use crate::rule::{EventMasks, EventPattern, MaskScratch};
use crate::time::{Calendar, Timestamp};

/// Patterns made ready for a log. A pattern without names and filter is never looked up; one without a filter takes a look at
/// the name of an event; one with a filter is judged for all events of a user at once.
#[derive(Debug)]
pub(crate) struct EventChoice<'a> {
    log: &'a EventLog,
    masks: EventMasks<'a>,
    /// The patterns that every event matches.
    every: u64,
}

/// The masks of the user at hand, where a filter asks for them.
#[derive(Debug, Default)]
pub(crate) struct ChoiceScratch {
    memory: MaskScratch,
    masks: Vec<u64>,
    start: usize,
}

impl<'a> EventChoice<'a> {
    /// # Errors
    /// Those of [`EventMasks::new`].
    pub(crate) fn new(log: &'a EventLog, calendar: &Calendar, patterns: &[EventPattern]) -> Result<Self> {
        let masks = EventMasks::new(log, calendar, patterns)?;
        let is_every = |pattern: &EventPattern| pattern.events.is_empty() && pattern.filter.is_none();
        let every = patterns.iter().enumerate().map(|(bit, pattern)| u64::from(is_every(pattern)) << bit).sum();
        Ok(Self { log, masks, every })
    }

    /// Whether every event matches a pattern.
    #[inline]
    pub(crate) fn is_every(&self, bit: usize) -> bool {
        self.every >> bit & 1 == 1
    }

    /// The days of users and the periods of these days, where they tell the periods of a pattern: every event matches it, and
    /// has happened at `as_of`. The grid is one over the log.
    pub(crate) fn plain_days<'g>(
        &self,
        bit: usize,
        as_of: Timestamp,
        grid: &'g PeriodGrid,
    ) -> Option<(&'a ActiveDays, DayPeriods<'g>)> {
        let days = self.log.active_days(as_of).filter(|_| self.is_every(bit))?;
        Some((days, grid.day_periods()?))
    }

    /// Makes the rows of a user ready. The questions that follow are about rows of this range.
    #[inline]
    pub(crate) fn load(&self, rows: Range<usize>, scratch: &mut ChoiceScratch) {
        if self.masks.by_name().is_none() {
            scratch.start = rows.start;
            self.masks.fill(rows, &mut scratch.memory, &mut scratch.masks);
        }
    }

    /// Whether an event matches a pattern.
    #[inline]
    pub(crate) fn has(&self, bit: usize, row: usize, scratch: &ChoiceScratch) -> bool {
        if self.is_every(bit) {
            return true;
        }
        let mask = match self.masks.by_name() {
            Some(by_name) => by_name[usize::from(self.log.name_codes()[row])],
            None => scratch.masks[row - scratch.start],
        };
        mask >> bit & 1 == 1
    }

    /// The first event of some rows that matches a pattern.
    #[inline]
    pub(crate) fn first(&self, bit: usize, mut rows: Range<usize>, scratch: &ChoiceScratch) -> Option<usize> {
        rows.find(|row| self.has(bit, *row, scratch))
    }

    /// The periods of those events that match a pattern, in place of what `bits` held.
    #[inline]
    pub(crate) fn scan(
        &self,
        bit: usize,
        rows: Range<usize>,
        grid: &PeriodGrid,
        scratch: &ChoiceScratch,
        bits: &mut PeriodBits,
    ) {
        if self.is_every(bit) {
            grid.scan_rows(self.log, rows, |_| true, bits);
        } else if let Some(by_name) = self.masks.by_name() {
            let codes = &self.log.name_codes()[rows.clone()];
            grid.scan_rows(self.log, rows, |position| by_name[usize::from(codes[position])] >> bit & 1 == 1, bits);
        } else {
            let masks = &scratch.masks[rows.start - scratch.start..rows.end - scratch.start];
            grid.scan_rows(self.log, rows, |position| masks[position] >> bit & 1 == 1, bits);
        }
    }
}
