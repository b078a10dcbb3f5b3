//! Counts users with each candidate feature, and those of them who reached the target.

use std::ops::Range;

use rayon::prelude::*;

use super::options::{DriverOptions, ObservationStart};
use super::population::{Population, observation};
use crate::column::{Column, PackedCursor};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern, MaskScratch, PATTERNS_MAX};
use crate::series::Codes;
use crate::time::Timestamp;

/// Users with a feature.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holders {
    pub(super) count: u64,
    pub(super) hit_count: u64,
    /// The last user counted, from 1; 0 for none.
    last_user: u32,
}

impl Holders {
    #[inline]
    fn add(&mut self, is_hit: bool) {
        self.count += 1;
        self.hit_count += u64::from(is_hit);
    }

    /// Counts a user once, however often it is asked for in a row.
    #[inline]
    fn add_once(&mut self, user: usize, is_hit: bool) {
        let tag = user as u32 + 1;
        if self.last_user != tag {
            self.last_user = tag;
            self.add(is_hit);
        }
    }
}

fn add_all(mut all: Vec<Holders>, part: Vec<Holders>) -> Vec<Holders> {
    for (all, part) in all.iter_mut().zip(part) {
        all.count += part.count;
        all.hit_count += part.hit_count;
    }
    all
}

/// The users of a log while they are observed.
pub(super) struct Observer<'a> {
    pub(super) log: &'a EventLog,
    pub(super) as_of: Timestamp,
    pub(super) options: &'a DriverOptions,
    pub(super) population: &'a Population,
}

impl Observer<'_> {
    /// By pattern, by window, by least count.
    ///
    /// # Errors
    /// Those of [`EventMasks::new`].
    pub(super) fn event_holders(&self, patterns: &[EventPattern]) -> Result<Vec<Holders>> {
        let mut holders = Vec::new();
        for patterns in patterns.chunks(PATTERNS_MAX) {
            let masks = EventMasks::new(self.log, &self.log.calendar(self.as_of), patterns)?;
            let count = |users| self.count_events(users, &masks, patterns.len());
            holders.extend(
                self.in_parts(patterns.len() * self.options.spans().len() * self.options.sorted_counts().len(), count),
            );
        }
        Ok(holders)
    }

    /// By value of a property that any observed event has.
    pub(super) fn property_holders(&self, codes: &Codes) -> Vec<Holders> {
        self.in_parts(codes.len(), |users| {
            let mut holders = vec![Holders::default(); codes.len()];
            let mut cursor = PackedCursor::new(&codes.of_row);
            self.visit(users, |user, is_hit, rows, _| {
                for code in rows.filter_map(|row| cursor.get(row)) {
                    holders[code as usize].add_once(user, is_hit);
                }
            });
            holders
        })
    }

    /// By value of an attribute.
    pub(super) fn attribute_holders(&self, codes: &Codes) -> Vec<Holders> {
        let mut holders = vec![Holders::default(); codes.len()];
        for (user, code) in codes.of_row.iter().enumerate() {
            if let (Some(is_hit), Some(code)) = (self.population.is_hit(user), code) {
                holders[code as usize].add(is_hit);
            }
        }
        holders
    }

    /// # Errors
    /// Those of [`Codes::new`].
    pub(super) fn codes(name: &str, column: &Column) -> Result<Codes> {
        Codes::new(name, column)
    }

    fn in_parts(&self, len: usize, count: impl Fn(Range<usize>) -> Vec<Holders> + Send + Sync) -> Vec<Holders> {
        let parts = self.log.thread_ranges().into_par_iter();
        parts.map(count).reduce(|| vec![Holders::default(); len], add_all)
    }

    /// Shows the users who count, whether they reached the target, and the rows and instants in which they are observed.
    #[inline]
    fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, bool, Range<usize>, Range<i64>)) {
        for user in users {
            let Some(is_hit) = self.population.is_hit(user) else { continue };
            let events = self.log.events_of(UserIx(user as u32)).until(self.as_of);
            let times = events.time_micros();
            let Some(observed) = observation(times, self.options) else { continue };
            let start = events.rows().start;
            let from = times.partition_point(|time| *time < observed.start);
            let until = times.partition_point(|time| *time < observed.end).max(from);
            visit(user, is_hit, start + from..start + until, observed);
        }
    }

    fn count_events(&self, users: Range<usize>, masks: &EventMasks<'_>, patterns: usize) -> Vec<Holders> {
        let (spans, counts) = (self.options.spans(), self.options.sorted_counts());
        let mut holders = vec![Holders::default(); patterns * spans.len() * counts.len()];
        let (mut scratch, mut words) = (MaskScratch::default(), Vec::new());
        // How often each pattern was met, by the shortest window that it was met in.
        let mut met = vec![0u64; patterns * spans.len()];
        let from_start = self.options.start == ObservationStart::FirstEvent;
        let times = self.log.time_micros();
        self.visit(users, |_, is_hit, rows, observed| {
            if masks.by_name().is_none() {
                masks.fill(rows.clone(), &mut scratch, &mut words);
            }
            let mut any = 0u64;
            for (index, row) in rows.enumerate() {
                let mut mask = match masks.by_name() {
                    Some(by_name) => by_name[usize::from(self.log.name_codes()[row])],
                    None => words[index],
                };
                any |= mask;
                // `[start, start + span)`, or `[end − span, end)`.
                let span = if from_start {
                    spans.partition_point(|span| *span <= times[row] - observed.start)
                } else {
                    spans.partition_point(|span| *span < observed.end - times[row])
                };
                while mask != 0 && span < spans.len() {
                    met[mask.trailing_zeros() as usize * spans.len() + span] += 1;
                    mask &= mask - 1;
                }
            }
            while any != 0 {
                let pattern = any.trailing_zeros() as usize;
                any &= any - 1;
                let mut total = 0;
                for span in 0..spans.len() {
                    total += std::mem::take(&mut met[pattern * spans.len() + span]);
                    for (index, least) in counts.iter().enumerate().take_while(|(_, least)| u64::from(**least) <= total)
                    {
                        debug_assert!(u64::from(*least) <= total);
                        holders[(pattern * spans.len() + span) * counts.len() + index].add(is_hit);
                    }
                }
            }
        });
        holders
    }
}
