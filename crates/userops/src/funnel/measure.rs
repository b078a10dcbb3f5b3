//! How many come how far: the answer about the population.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::definition::Funnel;
use super::entry::{Entry, EntrySearch, EntryStatus};
use super::level_scan::LevelScan;
use super::plan::Plan;
use super::scan::Scan;
use crate::analytics::interval::Share;
use crate::column::Column;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::MaskScratch;
use crate::table::Table;
use crate::time::Timestamp;

/// The entries that came to one level and no further, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LevelTally {
    /// Converted: at the last level only.
    pub converted_count: u64,
    /// Still open.
    pub pending_count: u64,
    /// Stopped by an exclusion.
    pub excluded_count: u64,
    /// Stopped otherwise.
    pub dropped_count: u64,
}

impl LevelTally {
    /// All of them.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.converted_count + self.pending_count + self.excluded_count + self.dropped_count
    }

    pub(crate) fn add(&mut self, status: EntryStatus) {
        match status {
            EntryStatus::Converted => self.converted_count += 1,
            EntryStatus::Pending => self.pending_count += 1,
            EntryStatus::Excluded => self.excluded_count += 1,
            EntryStatus::Dropped => self.dropped_count += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.converted_count += other.converted_count;
        self.pending_count += other.pending_count;
        self.excluded_count += other.excluded_count;
        self.dropped_count += other.dropped_count;
    }
}

/// One step of a conversion. Counts are entries: one a user, or several with
/// [`EntryChoice::Every`](super::EntryChoice::Every).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionStep {
    /// The number of the step, from 1.
    pub step: u32,
    /// What the step is called.
    pub name: String,
    /// Entries that came to this step or further.
    pub count: u64,
    /// Those that stopped here, by what became of them.
    pub stopped: LevelTally,
    /// The share of all entries that came here.
    pub of_entries: Share,
    /// The same without the entries that are pending before this step: they may come here yet.
    pub of_settled: Share,
    /// The share of those at the step before that came here; of the first step, of all entries.
    pub from_previous: Share,
    /// The same without those that are pending at the step before.
    pub from_settled_previous: Share,
}

/// How many came how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversion {
    /// What was asked for.
    pub funnel: Funnel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Entries by the level that they came to; the first is level 1. Answers of disjoint groups of users add up.
    pub tallies: Vec<LevelTally>,
    /// For each user of the log the level of the best entry; 0 for who did not enter.
    #[serde(skip)]
    pub levels: Vec<u8>,
}

/// Counts how many users come how far through a funnel, from the events that have happened at `as_of`.
///
/// For the common funnel (steps in order, a window from the first event, any tie policy and event use) this is one
/// pass over the names, and the instants of steps whose turn has come: O(events · steps). Any other takes a search
/// from each start, O(slots · events²) a start at most over the events that the start's window, scope and values
/// leave, where slots are the steps with their repeats; steps in any order O(events · steps²), or where gaps and the like
/// bind an event to the one before it as many states as there are ways to leave steps out. Users are shared out over
/// rayon's threads; a byte a user is kept.
///
/// # Errors
/// Those of [`Funnel::check`]; `UnknownName` for an event or property that the log does not have;
/// `TypeMismatch` for a filter that does not fit a property; `LimitExceeded` where, with `step_order` and `once`, too
/// many events of one instant match several steps, and where steps in any order that hang on the event before them can be
/// left out in too many ways.
pub fn measure_conversion(log: &EventLog, as_of: Timestamp, funnel: &Funnel) -> Result<Conversion> {
    let calendar = log.calendar(as_of);
    let plan = Plan::new(log, as_of, &calendar, funnel)?;
    let scan = Scan::new(&plan);
    let level_scan = LevelScan::new(&plan, scan.as_ref());
    let ranges = log.thread_ranges();
    let parts: Vec<Part> = ranges
        .into_par_iter()
        .map(|users| {
            let mut part = Part::new(&plan, users.len());
            let first = users.start;
            if let Some(level_scan) = &level_scan {
                part.scan(&plan, level_scan, users);
                return Ok(part);
            }
            visit_entries(&plan, scan.as_ref(), users, false, |user, entry, _| {
                part.add(user - first, entry);
                Ok(())
            })?;
            Ok(part)
        })
        .collect::<Result<_>>()?;
    let mut tallies = vec![LevelTally::default(); funnel.steps.len()];
    let mut levels = Vec::with_capacity(log.user_count());
    for part in parts {
        tallies.iter_mut().zip(&part.tallies).for_each(|(tally, other)| tally.merge(other));
        levels.extend(part.levels);
    }
    Ok(Conversion { funnel: funnel.clone(), as_of, tallies, levels })
}

impl Conversion {
    /// How many entries there are.
    #[must_use]
    pub fn entry_count(&self) -> u64 {
        self.tallies.iter().map(LevelTally::count).sum()
    }

    /// The share of the entries that converted; pending ones count as not converted.
    #[must_use]
    pub fn converted(&self) -> Share {
        Share::new(self.converted_count(), self.entry_count())
    }

    /// The share that converted of the entries that are not pending any more.
    #[must_use]
    pub fn converted_of_settled(&self) -> Share {
        Share::new(self.converted_count(), self.entry_count() - self.pending_count())
    }

    /// How many entries are still open.
    #[must_use]
    pub fn pending_count(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.pending_count).sum()
    }

    fn converted_count(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.converted_count).sum()
    }

    /// Each step of the funnel.
    #[must_use]
    pub fn steps(&self) -> Vec<ConversionStep> {
        steps_of(&self.funnel, &self.tallies)
    }

    /// A row per step: `step`, `name`, `count`, `pending_count`, `excluded_count`, `dropped_count` (those that stopped
    /// here), `ratio`, `ratio_low`, `ratio_high` (of all entries, with the 95 % interval), `settled_ratio`,
    /// `settled_ratio_low`, `settled_ratio_high` (without pending ones), `step_ratio` and `settled_step_ratio` (of
    /// those at the step before).
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let steps = self.steps();
        add_step_columns(Table::new(steps.len()), &steps)
    }

    /// A row per user of the log: `user` and `level`, 0 for who did not enter.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn user_table(&self, log: &EventLog) -> Result<Table> {
        let users = (0..self.levels.len()).map(|user| UserIx(user as u32));
        Table::new(self.levels.len())
            .with("user", crate::table::user_column(log.users(), users))?
            .with("level", self.levels.clone())
    }
}

pub(crate) fn add_step_columns(table: Table, steps: &[ConversionStep]) -> Result<Table> {
    let counts = |value: fn(&ConversionStep) -> u64| steps.iter().map(|step| value(step) as i64).collect::<Vec<_>>();
    let ratios = |share: fn(&ConversionStep) -> Share| steps.iter().map(|step| share(step).ratio).collect::<Vec<_>>();
    let low = |share: fn(&ConversionStep) -> Share| -> Vec<Option<f64>> {
        steps.iter().map(|step| share(step).interval.map(|interval| interval.low)).collect()
    };
    let high = |share: fn(&ConversionStep) -> Share| -> Vec<Option<f64>> {
        steps.iter().map(|step| share(step).interval.map(|interval| interval.high)).collect()
    };
    table
        .with("step", steps.iter().map(|step| step.step).collect::<Vec<_>>())?
        .with("name", Column::texts(steps.iter().map(|step| Some(step.name.as_str()))))?
        .with("count", counts(|step| step.count))?
        .with("pending_count", counts(|step| step.stopped.pending_count))?
        .with("excluded_count", counts(|step| step.stopped.excluded_count))?
        .with("dropped_count", counts(|step| step.stopped.dropped_count))?
        .with("ratio", ratios(|step| step.of_entries))?
        .with("ratio_low", low(|step| step.of_entries))?
        .with("ratio_high", high(|step| step.of_entries))?
        .with("settled_ratio", ratios(|step| step.of_settled))?
        .with("settled_ratio_low", low(|step| step.of_settled))?
        .with("settled_ratio_high", high(|step| step.of_settled))?
        .with("step_ratio", ratios(|step| step.from_previous))?
        .with("settled_step_ratio", ratios(|step| step.from_settled_previous))
}

/// The steps of a funnel whose entries came to these levels.
pub(crate) fn steps_of(funnel: &Funnel, tallies: &[LevelTally]) -> Vec<ConversionStep> {
    let entries: u64 = tallies.iter().map(LevelTally::count).sum();
    let (mut count, mut pending) = (entries, 0);
    let mut before = (entries, entries);
    let mut steps = Vec::with_capacity(tallies.len());
    for (index, (step, tally)) in funnel.steps.iter().zip(tallies).enumerate() {
        steps.push(ConversionStep {
            step: index as u32 + 1,
            name: step.label(),
            count,
            stopped: *tally,
            of_entries: Share::new(count, entries),
            of_settled: Share::new(count, entries - pending),
            from_previous: Share::new(count, before.0),
            from_settled_previous: Share::new(count, before.1),
        });
        before = (count, count - tally.pending_count);
        count -= tally.count();
        pending += tally.pending_count;
    }
    steps
}

/// Hands over the entries of these users, by the fast way where the funnel is plain. With `wants_events` each comes
/// with the events that were taken: slot and row of the log.
pub(crate) fn visit_entries(
    plan: &Plan<'_>,
    scan: Option<&Scan>,
    users: Range<usize>,
    wants_events: bool,
    mut visit: impl FnMut(usize, Entry, &[(u8, usize)]) -> Result<()>,
) -> Result<()> {
    let log = plan.log;
    let mut search = EntrySearch::default();
    let Some(scan) = scan else {
        return users.into_iter().try_for_each(|user| {
            let rows = happened(plan, user);
            search.visit(plan, rows, wants_events, |entry, events| visit(user, entry, events))
        });
    };
    let (mut scratch, mut masks, mut events) = (MaskScratch::default(), Vec::new(), Vec::new());
    for user in users {
        let rows = happened(plan, user);
        let times = &log.time_micros()[rows.clone()];
        let scanned = if let Some(by_name) = plan.masks.by_name() {
            let names = &log.name_codes()[rows.clone()];
            let mask_of = |index: usize| by_name.get(usize::from(names[index])).copied().unwrap_or(0);
            let scanned = scan.run(times, mask_of);
            if let Some(scanned) = scanned.filter(|_| wants_events) {
                scan.walk(times, mask_of, &scanned, &mut events);
            }
            scanned
        } else {
            plan.masks.fill(rows.clone(), &mut scratch, &mut masks);
            let scanned = scan.run(times, |index| masks[index]);
            if let Some(scanned) = scanned.filter(|_| wants_events) {
                scan.walk(times, |index| masks[index], &scanned, &mut events);
            }
            scanned
        };
        let Some(scanned) = scanned else {
            search.visit(plan, rows, wants_events, |entry, events| visit(user, entry, events))?;
            continue;
        };
        if scanned.level > 0 {
            let status = match (scanned.level == plan.step_count, scanned.is_open) {
                (true, _) => EntryStatus::Converted,
                (false, true) => EntryStatus::Pending,
                (false, false) => EntryStatus::Dropped,
            };
            events.iter_mut().for_each(|(_, row)| *row += rows.start);
            visit(user, Entry { level: scanned.level, status, start: scanned.start, end: scanned.end }, &events)?;
        }
    }
    Ok(())
}

/// The rows of a user's events that have happened.
fn happened(plan: &Plan<'_>, user: usize) -> Range<usize> {
    let log = plan.log;
    let rows = log.rows(UserIx(user as u32));
    if log.last_micros() <= plan.as_of {
        return rows;
    }
    let count = log.time_micros()[rows.clone()].partition_point(|time| *time <= plan.as_of);
    rows.start..rows.start + count
}

/// An answer of each thread's range of users, in the order of the users. `make` begins one, `visit` adds an entry of a
/// user to it, and the events that were taken where `wants_events` asks for them.
///
/// # Errors
/// Those of [`Plan::new`], and of the search.
pub(crate) fn gather<P: Send>(
    log: &EventLog,
    as_of: Timestamp,
    funnel: &Funnel,
    wants_events: bool,
    make: impl Fn(usize) -> P + Sync,
    visit: impl Fn(&mut P, &Plan<'_>, usize, Entry, &[(u8, usize)]) -> Result<()> + Sync,
) -> Result<Vec<P>> {
    let calendar = log.calendar(as_of);
    let plan = Plan::new(log, as_of, &calendar, funnel)?;
    let scan = Scan::new(&plan);
    let answer = |users: Range<usize>| {
        let mut part = make(users.len());
        visit_entries(&plan, scan.as_ref(), users.clone(), wants_events, |user, entry, events| {
            visit(&mut part, &plan, user, entry, events)
        })?;
        Ok(part)
    };
    log.thread_ranges().into_par_iter().map(answer).collect()
}

/// The answer about a range of users.
struct Part {
    tallies: Vec<LevelTally>,
    levels: Vec<u8>,
}

impl Part {
    fn new(plan: &Plan<'_>, user_count: usize) -> Self {
        Self { tallies: vec![LevelTally::default(); usize::from(plan.step_count)], levels: vec![0; user_count] }
    }

    fn scan(&mut self, plan: &Plan<'_>, level_scan: &LevelScan, users: Range<usize>) {
        let (times, names) = (plan.log.time_micros(), plan.log.name_codes());
        for (position, user) in users.enumerate() {
            let rows = happened(plan, user);
            let (level, status) = level_scan.run(&times[rows.clone()], &names[rows]);
            if let Some(tally) = usize::from(level).checked_sub(1).and_then(|level| self.tallies.get_mut(level)) {
                tally.add(status);
            }
            self.levels[position] = level;
        }
    }

    fn add(&mut self, user: usize, entry: Entry) {
        self.tallies[usize::from(entry.level) - 1].add(entry.status);
        self.levels[user] = self.levels[user].max(entry.level);
    }
}
