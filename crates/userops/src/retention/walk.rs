//! The kernel: goes over the users, finds their starts and returns, and adds them up.

use std::ops::Range;

use rayon::prelude::*;

use super::cohort::{Retention, collect_cohorts};
use super::columns::Columns;
use super::definition::{RetentionOptions, ReturnMeasure, ReturnPeriod, RevenueScope};
use super::frame::Frame;
use super::group::Groups;
use super::plain::Plain;
use super::start::{RETURNS, Start, Starts};
use super::tally::Tally;
use crate::activity::ChoiceScratch;
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::column::PackedCursor;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// Measures retention from the events that have happened at `as_of`.
///
/// A cohort for each calendar period in which a user started; with a breakdown, for each group of these users. Cells that have
/// not begun at `as_of` are absent. Without a start there are no cohorts.
///
/// Ties: a return is strictly later than the start, so events at its instant are none, whatever their order of arrival. A
/// calendar period is what the clock of the log's zone shows.
///
/// Takes O(events) time and O(cells) memory, shared out over rayon's threads; recurring starts with rolling periods or revenue
/// take O(events · starts) of each user.
///
/// # Errors
/// `InvalidDefinition` for options that contradict themselves; `UnknownName` and `TypeMismatch` for events, properties and
/// attributes that the log does not have or that are of another type; `LimitExceeded` for more than
/// [`CELLS_MAX`](super::CELLS_MAX) cells or [`GROUPS_MAX`](super::GROUPS_MAX) groups.
pub fn measure_retention(log: &EventLog, as_of: Timestamp, options: impl Into<RetentionOptions>) -> Result<Retention> {
    let options = options.into();
    options.check()?;
    let calendar = log.calendar(as_of);
    let groups = options.by.as_ref().map_or_else(|| Ok(Groups::one()), |name| Groups::new(log, name))?;
    let starts = Starts::new(log, &calendar, as_of, &options)?;
    let Some(span) = starts.cohort_span() else { return Ok(Retention::none(options, as_of)) };
    let frame = Frame::new(&calendar, as_of, &options, span, groups)?;
    let grid = match options.period {
        ReturnPeriod::Calendar(period) => PeriodGrid::of_log(log, &calendar, period, as_of),
        ReturnPeriod::Rolling(_) => None,
    };
    let walk = Walk { log, as_of, options: &options, frame: &frame, starts, grid };
    let parts = log.thread_ranges().into_par_iter().map(|users| walk.tally(users));
    let mut tally = parts.reduce_with(Tally::join).unwrap_or_else(|| walk.empty());
    tally.finish(options.measure, &frame.columns);
    Ok(collect_cohorts(&tally, &frame, options.clone()))
}

pub(super) struct Walk<'a> {
    pub(super) log: &'a EventLog,
    pub(super) as_of: Timestamp,
    pub(super) options: &'a RetentionOptions,
    pub(super) frame: &'a Frame<'a>,
    pub(super) starts: Starts<'a>,
    /// The calendar periods of returns; `None` with rolling ones.
    pub(super) grid: Option<PeriodGrid>,
}

/// Memory that is used again for every user.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) choice: ChoiceScratch,
    pub(super) starts: Vec<Start>,
    bits: PeriodBits,
    /// The last return in each calendar period, ascending by period.
    last_returns: Vec<(u32, i64)>,
}

impl Walk<'_> {
    fn empty(&self) -> Tally {
        Tally::new(self.frame.row_count(), self.frame.columns.len(), self.options.revenue.is_some())
    }

    fn tally(&self, users: Range<usize>) -> Tally {
        let (mut tally, mut scratch) = (self.empty(), Scratch::default());
        let mut amounts = PackedCursor::new(self.log.amount_minor());
        if let Some(plain) = Plain::new(self) {
            plain.add_all(&mut tally, users);
            return tally;
        }
        for user in users {
            let rows = self.find_starts(user, &mut scratch);
            if scratch.starts.is_empty() {
                continue;
            }
            tally.user_count += 1;
            let starts = std::mem::take(&mut scratch.starts);
            if let (Some(grid), [_, _, ..]) = (&self.grid, starts.as_slice()) {
                self.collect_last_returns(rows.clone(), grid, &mut scratch);
            }
            for start in &starts {
                let row = self.frame.row(start.cohort, user);
                tally.sizes[row] += 1;
                self.add_returns(&mut tally, row, start, rows.clone(), starts.len(), &mut scratch);
                if let Some(scope) = self.options.revenue {
                    self.add_revenue(&mut tally, row, start, rows.clone(), scope, &scratch.choice, &mut amounts);
                }
            }
            scratch.starts = starts;
        }
        tally
    }

    /// The rows of a user until `as_of`; the starts are left in the scratch.
    #[inline]
    pub(super) fn find_starts(&self, user: usize, scratch: &mut Scratch) -> Range<usize> {
        let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).rows();
        self.starts.choice.load(rows.clone(), &mut scratch.choice);
        self.starts.find(user, rows.clone(), &scratch.choice, &mut scratch.starts);
        rows
    }

    /// Adds the returns after one of a user's starts.
    #[inline]
    fn add_returns(
        &self,
        tally: &mut Tally,
        row: usize,
        start: &Start,
        rows: Range<usize>,
        start_count: usize,
        scratch: &mut Scratch,
    ) {
        let (measure, columns) = (self.options.measure, &self.frame.columns);
        let Some(grid) = &self.grid else {
            return tally.add(row, measure, columns, self.rolling_periods(start, rows, &scratch.choice));
        };
        if start_count > 1 {
            return tally.add(row, measure, columns, self.calendar_periods(grid, start, scratch));
        }
        let zero = grid.index_of_number(start.period);
        let since = |index: u32| (i64::from(index) - zero).max(0) as u32;
        let rows = self.rows_after(start.after, rows);
        self.starts.choice.scan(RETURNS, rows, grid, &scratch.choice, &mut scratch.bits);
        let is_plain = measure == ReturnMeasure::On && columns.is_each();
        // An index before that of the start comes from a clock that was set back; then periods may come twice.
        match scratch.bits.first() {
            Some(first) if is_plain && i64::from(first) >= zero => {
                tally.add_each(row, columns, scratch.bits.iter().map(since));
            }
            _ => tally.add(row, measure, columns, scratch.bits.iter().map(since)),
        }
    }

    /// The rows that are strictly later than an instant; a start is most often at the first row.
    #[inline]
    pub(super) fn rows_after(&self, after: i64, rows: Range<usize>) -> Range<usize> {
        let times = &self.log.time_micros()[rows.clone()];
        let near = times.iter().take(2).take_while(|time| **time <= after).count();
        let skipped = if near < 2 { near } else { near + times[near..].partition_point(|time| *time <= after) };
        rows.start + skipped..rows.end
    }

    /// The rolling periods of the returns after a start, ascending.
    pub(super) fn rolling_periods<'s>(
        &'s self,
        start: &Start,
        rows: Range<usize>,
        scratch: &'s ChoiceScratch,
    ) -> impl Iterator<Item = u32> + 's {
        let origin = start.origin;
        self.rows_after(start.after, rows)
            .filter(|row| self.starts.choice.has(RETURNS, *row, scratch))
            .map(move |row| self.rolling_period(origin, row))
    }

    #[inline]
    fn rolling_period(&self, origin: i64, row: usize) -> u32 {
        let ReturnPeriod::Rolling(length) = self.options.period else { return 0 };
        let elapsed = self.log.time_micros()[row].saturating_sub(origin);
        (elapsed.max(0) / length.as_micros().max(1)).min(i64::from(u32::MAX)) as u32
    }

    /// Notes the last return in each calendar period: a period has a return after an instant if its last return is later.
    pub(super) fn collect_last_returns(&self, rows: Range<usize>, grid: &PeriodGrid, scratch: &mut Scratch) {
        let last_returns = &mut scratch.last_returns;
        last_returns.clear();
        for row in rows.filter(|row| self.starts.choice.has(RETURNS, *row, &scratch.choice)) {
            let time = self.log.time_micros()[row];
            let index = grid.index_of(time);
            match last_returns.last_mut() {
                Some((last, last_time)) if *last == index => *last_time = time,
                Some((last, _)) if *last > index => {
                    match last_returns.binary_search_by_key(&index, |(index, _)| *index) {
                        Ok(position) => last_returns[position].1 = time,
                        Err(position) => last_returns.insert(position, (index, time)),
                    }
                }
                _ => last_returns.push((index, time)),
            }
        }
    }

    /// The calendar periods with a return after a start, ascending, once [`Walk::collect_last_returns`] has been called.
    pub(super) fn calendar_periods<'s>(
        &self,
        grid: &PeriodGrid,
        start: &Start,
        scratch: &'s Scratch,
    ) -> impl Iterator<Item = u32> + 's {
        let (zero, after) = (grid.index_of_number(start.period), start.after);
        let later = scratch.last_returns.iter().filter(move |(_, time)| *time > after);
        later.map(move |(index, _)| (i64::from(*index) - zero).max(0) as u32)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a user that a scratch cannot lend at once")]
    fn add_revenue(
        &self,
        tally: &mut Tally,
        row_of_user: usize,
        start: &Start,
        rows: Range<usize>,
        scope: RevenueScope,
        scratch: &ChoiceScratch,
        amounts: &mut PackedCursor<'_, i64>,
    ) {
        let columns: &Columns = &self.frame.columns;
        let before = match scope {
            RevenueScope::Returns => start.after,
            RevenueScope::FromStart => start.origin.saturating_sub(1),
        };
        for row in self.rows_after(before, rows) {
            let Some(minor) = amounts.get(row).filter(|_| self.starts.choice.has(RETURNS, row, scratch)) else {
                continue;
            };
            let period = match &self.grid {
                None => self.rolling_period(start.origin, row),
                Some(grid) => {
                    let index = i64::from(grid.index_of(self.log.time_micros()[row]));
                    (index - grid.index_of_number(start.period)).max(0) as u32
                }
            };
            tally.add_revenue(row_of_user, columns, period, minor);
        }
    }
}
