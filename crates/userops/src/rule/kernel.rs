//! The column kernel of rules: one pass over each user's events feeds all measures of a plan.
//!
//! Users go through in blocks of 64, one bit of a word each, and ranges of blocks side by side. For a block, patterns
//! become bits of its rows once, windows become ranges of rows once, and each measure folds what it needs of them: a count is a
//! difference of ranks, and only users with events in a window are looked at for it.

pub(super) mod bits;
pub(super) mod cell;
pub(super) mod cut;
pub(super) mod days;
pub(super) mod fold;
pub(super) mod literal;
pub(super) mod pattern;
pub(crate) mod sequence;
pub(super) mod span;
mod sums;
pub(super) mod user;
mod values;

pub(super) use span::instants;
pub(crate) use values::BlockValues;

use std::ops::Range;

use rayon::prelude::*;

use self::bits::{Ternary, WORD_BITS, sum_before};
use self::cell::{CellsMut, Measured, MeasuredMut};
use self::fold::{Fold, FoldScratch, Matches, fold};
use self::sequence::SequenceScratch;
use self::span::{BlockRows, Reaches, WindowRows};
use super::evaluate::Measures;
use super::plan::{Job, Plan, Task};
use crate::column::read_lines;
use crate::error::{Result, invalid_argument};
use crate::log::{EventLog, NameRanks};
use crate::time::{Calendar, Day, Timestamp};

/// Of users with more events not every line of memory is asked for, so that to read all ahead would be to read more.
const AHEAD_ROWS_MAX: usize = 512 * WORD_BITS;

/// Takes all measures of a plan for all users, as of an instant.
///
/// Events after `as_of` do not exist yet. Takes one pass over the events, in parallel ranges of users; the answer does not
/// depend on how many threads there are. Memory: 4 or 8 bytes a user and measure.
///
/// # Errors
/// `InvalidArgument` where the plan was made for another log; `LimitExceeded` where a sum of integers does not fit 64
/// bits.
pub fn measure_users<'a>(log: &'a EventLog, plan: &Plan<'a>, as_of: Timestamp) -> Result<Measures<'a>> {
    if !std::ptr::eq(log, plan.log) {
        return Err(invalid_argument("the plan was made for another log: make one for this log"));
    }
    let calendar = log.calendar(as_of);
    let reaches = Reaches::new(log, &plan.windows, as_of, &calendar)?;
    let pass = Pass::new(plan, &reaches, as_of, &calendar);
    let users = log.user_count();
    // Side by side, because memory that was used before has to be cleared.
    let mut columns: Vec<Measured<'a>> =
        plan.jobs.par_iter().map(|job| Measured::new(job.kind, users, job.may_be_unknown)).collect();
    let ranges = block_ranges(log);
    let mut parts: Vec<(Range<usize>, Vec<MeasuredMut<'_>>)> =
        ranges.iter().map(|range| (range.clone(), Vec::with_capacity(plan.jobs.len()))).collect();
    for column in &mut columns {
        let cut = column.split(&ranges);
        parts.iter_mut().zip(cut).for_each(|((_, columns), column)| columns.push(column));
    }
    parts.par_iter_mut().try_for_each(|(users, columns)| pass.run(users, columns))?;
    drop(parts);
    Ok(Measures::new(log, plan, as_of, calendar, columns))
}

/// Takes all measures of a plan for parts of the users, one part after the other and parts side by side, and hands the columns
/// of each over: they begin with the part's first user, and are written anew for the next part.
///
/// # Errors
/// As [`measure_users`].
pub(super) fn measure_parts<'a, O: Send>(
    plan: &Plan<'a>,
    as_of: Timestamp,
    calendar: &Calendar,
    parts: Vec<(Range<usize>, O)>,
    take: impl Fn(Range<usize>, &[Measured<'a>], O) + Sync,
) -> Result<()> {
    let reaches = Reaches::new(plan.log, &plan.windows, as_of, calendar)?;
    let pass = Pass::new(plan, &reaches, as_of, calendar);
    let scratch = || plan.jobs.iter().map(|job| Measured::new(job.kind, 0, job.may_be_unknown)).collect::<Vec<_>>();
    parts.into_par_iter().try_for_each_init(scratch, |columns, (users, out)| {
        columns.iter_mut().for_each(|column| column.resize(users.len()));
        let whole = 0..users.len();
        let whole = std::slice::from_ref(&whole);
        let mut cells: Vec<MeasuredMut<'_>> = columns.iter_mut().flat_map(|column| column.split(whole)).collect();
        pass.run(&users, &mut cells)?;
        take(users, columns, out);
        Ok(())
    })
}

/// Ranges of users with about equally many events that begin at multiples of 64.
pub(crate) fn block_ranges(log: &EventLog) -> Vec<Range<usize>> {
    let users = log.user_count();
    let ranges = log.thread_ranges();
    let ends = ranges.iter().map(|range| range.end.next_multiple_of(WORD_BITS).min(users));
    let mut start = 0;
    let mut aligned = Vec::with_capacity(ranges.len());
    for end in ends.filter(|end| *end > 0) {
        if start < end {
            aligned.push(start..end);
            start = end;
        }
    }
    aligned
}

/// What all ranges of users share.
struct Pass<'p, 'a> {
    plan: &'p Plan<'a>,
    reaches: &'p Reaches<'a>,
    calendar: &'p Calendar,
    today: Day,
    /// The rows of patterns that the log can count itself.
    ranks: Vec<Option<Vec<NameRanks<'a>>>>,
    /// The patterns whose rows are needed.
    patterns: Vec<bool>,
    /// The patterns whose rows are counted.
    counted: Vec<bool>,
    /// The windows that are needed, and whether they ask who was there when it began.
    windows: Vec<Option<bool>>,
}

impl<'p, 'a> Pass<'p, 'a> {
    fn new(plan: &'p Plan<'a>, reaches: &'p Reaches<'a>, as_of: Timestamp, calendar: &'p Calendar) -> Self {
        let mut pass = Self {
            plan,
            reaches,
            calendar,
            today: calendar.day(as_of),
            ranks: plan.patterns.iter().map(|pattern| pattern.ranks(plan.log)).collect(),
            patterns: vec![false; plan.patterns.len()],
            counted: vec![false; plan.patterns.len()],
            windows: vec![None; plan.windows.len()],
        };
        pass.mark_needed();
        pass
    }

    fn mark_needed(&mut self) {
        for job in &self.plan.jobs {
            match &job.task {
                Task::Fold { pattern, window, is_observed, fold } => {
                    // A count of every event needs no rows, nor one that the log can take.
                    let is_told = self.ranks[*pattern].is_some() || self.plan.patterns[*pattern].is_every();
                    let is_count = matches!(fold, Fold::Count);
                    self.patterns[*pattern] |= !is_count || !is_told;
                    self.counted[*pattern] |= is_count && !is_told;
                    self.windows[*window] = Some(*is_observed || self.windows[*window] == Some(true));
                }
                Task::Sequence { patterns, window, .. } => {
                    patterns.iter().for_each(|pattern| self.patterns[*pattern] = true);
                    self.windows[*window] = Some(self.windows[*window] == Some(true));
                }
                Task::User(_) => {}
            }
        }
    }

    /// Reads a value of each line of memory that the block that begins with this user will ask for at places here and there: it comes
    /// while the block before is worked on.
    fn look_ahead(&self, first: usize) {
        let log = self.plan.log;
        let users = first..(first + WORD_BITS).min(log.user_count());
        let rows = log.offsets()[users.start] as usize..log.offsets()[users.end] as usize;
        if rows.len() > AHEAD_ROWS_MAX {
            return;
        }
        // What the next look starts from.
        read_lines(&log.offsets()[users.end..(users.end + WORD_BITS).min(log.user_count())]);
        if let Some(days) = log.day_rows(&users) {
            days.look_ahead();
        }
        self.ranks.iter().flatten().flatten().for_each(|name| name.look_ahead(&rows));
        for job in &self.plan.jobs {
            if let Task::Fold { fold: Fold::Latest(field) | Fold::Sum(field), window, .. } = &job.task
                && self.reaches.windows[*window].is_whole()
            {
                field.look_ahead(&rows);
            }
        }
    }

    /// Fills the columns of one range of users, block by block.
    fn run(&self, users: &Range<usize>, columns: &mut [MeasuredMut<'_>]) -> Result<()> {
        let mut worker = Worker {
            pass: self,
            block: BlockRows::new(self.reaches.cuts.len()),
            patterns: vec![Vec::new(); self.patterns.len()],
            before: vec![Vec::new(); self.patterns.len()],
            windows: vec![WindowRows::new(); self.windows.len()],
            ternary: Ternary::default(),
            scratch: FoldScratch::default(),
            links: SequenceScratch::default(),
        };
        for start in users.clone().step_by(WORD_BITS) {
            let end = (start + WORD_BITS).min(users.end);
            worker.block(start..end, users.start, columns)?;
        }
        Ok(())
    }
}

/// What one range of users uses again for every block.
struct Worker<'w, 'p, 'a> {
    pass: &'w Pass<'p, 'a>,
    block: BlockRows,
    patterns: Vec<Vec<u64>>,
    before: Vec<Vec<u32>>,
    windows: Vec<WindowRows>,
    ternary: Ternary,
    scratch: FoldScratch,
    links: SequenceScratch,
}

impl Worker<'_, '_, '_> {
    fn block(&mut self, users: Range<usize>, first: usize, columns: &mut [MeasuredMut<'_>]) -> Result<()> {
        let pass = self.pass;
        let log = pass.plan.log;
        let inside = users.start - first..users.end - first;
        pass.look_ahead(users.end);
        self.block.load(log, &pass.reaches.cuts, users);
        for (pattern, out) in self.patterns.iter_mut().enumerate().filter(|(pattern, _)| pass.patterns[*pattern]) {
            pass.plan.patterns[pattern].rows(log, &self.block.rows, &mut self.ternary, out);
            if pass.counted[pattern] {
                sum_before(out, &mut self.before[pattern]);
            }
        }
        for (window, rows) in self.windows.iter_mut().enumerate() {
            if let Some(asks_observed) = pass.windows[window] {
                rows.load(log, &pass.reaches.windows[window], asks_observed, &self.block, pass.calendar);
            }
        }
        for (job, MeasuredMut { cells, known }) in pass.plan.jobs.iter().zip(columns) {
            let word = self.measure(job, &mut cells.block(inside.clone()))?;
            if let Some(known) = known {
                known[inside.start / WORD_BITS] = word;
            }
        }
        Ok(())
    }

    /// Takes one measure, and gives the word of whose value is known.
    fn measure(&mut self, job: &Job<'_>, out: &mut CellsMut<'_>) -> Result<u64> {
        let Pass { plan, calendar, today, .. } = *self.pass;
        match &job.task {
            Task::Fold { pattern, window, is_observed, fold: what } => {
                let window = &self.windows[*window];
                let matches = Matches {
                    log: plan.log,
                    block: &self.block,
                    window,
                    words: &self.patterns[*pattern],
                    before: &self.before[*pattern],
                    ranks: self.pass.ranks[*pattern].as_deref(),
                    is_every: plan.patterns[*pattern].is_every(),
                    pattern: *pattern,
                    calendar,
                    today: today.0,
                };
                let known = fold(*what, &matches, &mut self.scratch, out)?;
                Ok(known & window.known & if *is_observed { window.observed } else { u64::MAX })
            }
            Task::Sequence { window, program, .. } => {
                let window = &self.windows[*window];
                let time = &plan.log.time_micros()[self.block.rows.clone()];
                let mut holds = 0;
                for user in 0..self.block.users.len() {
                    let rows = window.bits(user, &self.block);
                    holds |= u64::from(program.holds(&rows, time, &self.patterns, &mut self.links)) << user;
                }
                if let CellsMut::Truth(out) = out {
                    out[0] = holds;
                }
                Ok(window.known)
            }
            Task::User(fold) => Ok(fold.fill(plan.log, &self.block.users, today, calendar, out)),
        }
    }
}
