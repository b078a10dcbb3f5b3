//! How often a pattern is matched, by user.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::matcher::Matcher;
use super::pattern::{Element, Pattern, SeenEvents};
use crate::analytics::interval::Share;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, MaskScratch};
use crate::table::{Table, user_column};
use crate::time::Timestamp;

/// How often a pattern is matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequenceCounts {
    /// What was asked for.
    pub pattern: Pattern,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The users with a match, of those with an event.
    pub users: Share,
    /// All matches of all users.
    pub match_count: u64,
    /// For each user of the log the number of matches.
    #[serde(skip)]
    pub counts: Vec<u32>,
}

/// Counts the matches of a pattern among the events of each user that have happened at `as_of`.
///
/// Matches of one user do not overlap: of those that begin first the one whose further events come first is taken, and
/// the next is looked for behind its last event. Takes O(elements · events · log events), and with `(?!1)` at most
/// O(elements · events²), shared out over rayon's threads.
///
/// # Errors
/// Those of [`Pattern::check`]; `UnknownName` for an event or property that the log does not have; `TypeMismatch` for a
/// filter that does not fit a property.
pub fn count_sequences(log: &EventLog, as_of: Timestamp, pattern: &Pattern) -> Result<SequenceCounts> {
    let calendar = log.calendar(as_of);
    let elements = pattern.elements()?;
    let masks = EventMasks::new(log, &calendar, &pattern.conditions)?;
    let parts: Vec<(Vec<u32>, u64)> = log
        .thread_ranges()
        .into_par_iter()
        .map(|users| {
            let mut counter = Counter::new(log, as_of, pattern, &elements, &masks);
            let (mut counts, mut present) = (Vec::with_capacity(users.len()), 0);
            for user in users {
                let rows = counter.happened(UserIx(user as u32));
                present += u64::from(!rows.is_empty());
                let mut count = 0;
                counter.visit(rows, |_| count += 1);
                counts.push(count);
            }
            (counts, present)
        })
        .collect();
    let present = parts.iter().map(|(_, present)| present).sum();
    let counts: Vec<u32> = parts.into_iter().flat_map(|(counts, _)| counts).collect();
    let users = counts.iter().filter(|count| **count > 0).count() as u64;
    Ok(SequenceCounts {
        pattern: pattern.clone(),
        as_of,
        users: Share::new(users, present),
        match_count: counts.iter().map(|count| u64::from(*count)).sum(),
        counts,
    })
}

/// The rows of the events of each match of one user, in order of time.
///
/// # Errors
/// Those of [`count_sequences`].
pub fn trace_sequence(log: &EventLog, user: UserIx, as_of: Timestamp, pattern: &Pattern) -> Result<Vec<Vec<u64>>> {
    let calendar = log.calendar(as_of);
    let elements = pattern.elements()?;
    let masks = EventMasks::new(log, &calendar, &pattern.conditions)?;
    let mut counter = Counter::new(log, as_of, pattern, &elements, &masks);
    let rows = counter.happened(user);
    let mut matches = Vec::new();
    counter.visit(rows, |rows| matches.push(rows.iter().map(|row| *row as u64).collect()));
    Ok(matches)
}

impl SequenceCounts {
    /// How many users have how many matches: `match_count`, `user_count`, ascending, from the least to the most that a
    /// user has, without numbers that no user has. Users without events are not counted.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let mut rows = std::collections::BTreeMap::new();
        self.counts.iter().for_each(|count| *rows.entry(*count).or_insert(0i64) += 1);
        let absent = self.counts.len() as i64 - self.users.of_count as i64;
        if let Some(none) = rows.get_mut(&0) {
            *none -= absent;
        }
        rows.retain(|_, users| *users > 0);
        Table::new(rows.len())
            .with("match_count", rows.keys().copied().collect::<Vec<u32>>())?
            .with("user_count", rows.values().copied().collect::<Vec<i64>>())
    }

    /// A row per user of the log: `user`, `match_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn user_table(&self, log: &EventLog) -> Result<Table> {
        let users = (0..self.counts.len()).map(|user| UserIx(user as u32));
        Table::new(self.counts.len())
            .with("user", user_column(log.users(), users))?
            .with("match_count", self.counts.clone())
    }
}

/// Everything that counting takes, used again for every user.
struct Counter<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    sees: SeenEvents,
    elements: &'a [Element],
    /// Conditions that a match cannot be without, each a set of bits of which one is needed.
    needed: Vec<u64>,
    event_masks: &'a EventMasks<'a>,
    scratch: MaskScratch,
    all: Vec<u64>,
    times: Vec<i64>,
    masks: Vec<u64>,
    rows: Vec<usize>,
    matcher: Matcher,
}

impl<'a> Counter<'a> {
    fn new(
        log: &'a EventLog,
        as_of: Timestamp,
        pattern: &Pattern,
        elements: &'a [Element],
        event_masks: &'a EventMasks<'a>,
    ) -> Self {
        Self {
            log,
            as_of,
            sees: pattern.sees,
            elements,
            needed: elements.iter().map(|element| element.mask).filter(|mask| *mask != u64::MAX).collect(),
            event_masks,
            scratch: MaskScratch::default(),
            all: Vec::new(),
            times: Vec::new(),
            masks: Vec::new(),
            rows: Vec::new(),
            matcher: Matcher::default(),
        }
    }

    fn happened(&self, user: UserIx) -> Range<usize> {
        self.log.events_of(user).until(self.as_of).rows()
    }

    fn visit(&mut self, rows: Range<usize>, mut visit: impl FnMut(&[usize])) {
        self.event_masks.fill(rows.clone(), &mut self.scratch, &mut self.all);
        let met = self.all.iter().fold(0, |met, mask| met | mask);
        if rows.is_empty() || self.needed.iter().any(|needed| met & needed == 0) {
            return;
        }
        self.times.clear();
        self.masks.clear();
        self.rows.clear();
        for (row, mask) in rows.zip(&self.all) {
            if *mask != 0 || self.sees == SeenEvents::All {
                self.times.push(self.log.time_micros()[row]);
                self.masks.push(*mask);
                self.rows.push(row);
            }
        }
        let mut found = Vec::with_capacity(self.elements.len());
        self.matcher.visit(self.elements, &self.times, &self.masks, |events| {
            found.clear();
            found.extend(events.iter().map(|event| self.rows[*event]));
            visit(&found);
        });
    }
}
