//! How often each whole number of days occurs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analytics::quantile::quantile;

/// Shorter lengths are counted by their number; longer ones, which are rare, are looked up.
const SHORT_DAYS: usize = 1_024;

/// Counts of lengths in whole days. Serde writes pairs of a length and its count, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u32, u64)>", into = "Vec<(u32, u64)>")]
pub struct DayCounts {
    short: Vec<u64>,
    long: BTreeMap<u32, u64>,
}

impl Default for DayCounts {
    fn default() -> Self {
        Self { short: vec![0; SHORT_DAYS], long: BTreeMap::new() }
    }
}

impl From<Vec<(u32, u64)>> for DayCounts {
    fn from(pairs: Vec<(u32, u64)>) -> Self {
        let mut counts = Self::default();
        pairs.into_iter().filter(|(_, count)| *count > 0).for_each(|(days, count)| counts.add(days, count));
        counts
    }
}

impl From<DayCounts> for Vec<(u32, u64)> {
    fn from(counts: DayCounts) -> Self {
        counts.by_length().collect()
    }
}

impl DayCounts {
    /// Counts a length so many times more.
    #[inline]
    pub(crate) fn add(&mut self, days: u32, count: u64) {
        match self.short.get_mut(days as usize) {
            Some(slot) => *slot = slot.saturating_add(count),
            None => self.add_long(days, count),
        }
    }

    #[cold]
    fn add_long(&mut self, days: u32, count: u64) {
        let slot = self.long.entry(days).or_default();
        *slot = slot.saturating_add(count);
    }

    /// Both counts together.
    pub(crate) fn join(mut self, other: &Self) -> Self {
        other.by_length().for_each(|(days, count)| self.add(days, count));
        self
    }

    /// The lengths that occur, ascending, each with how often.
    pub fn by_length(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let short = (0..).zip(self.short.iter().copied()).filter(|(_, count)| *count > 0);
        short.chain(self.long.iter().map(|(days, count)| (*days, *count)))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.by_length().map(|(_, count)| count).sum()
    }

    /// How many are longer than this.
    #[must_use]
    pub fn longer(&self, days: u32) -> u64 {
        self.count() - self.shorter(days.saturating_add(1))
    }

    /// How many are shorter than this.
    #[must_use]
    pub fn shorter(&self, days: u32) -> u64 {
        self.by_length().take_while(|(length, _)| *length < days).map(|(_, count)| count).sum()
    }

    /// The greatest length.
    #[must_use]
    pub fn longest(&self) -> Option<u32> {
        self.by_length().last().map(|(days, _)| days)
    }

    /// The least number of days such that at least this share of the lengths is no longer; `None` where there is none.
    #[must_use]
    pub fn least_days_of(&self, ratio: f64) -> Option<u32> {
        // 0.55 · 20 is a little more than 11 in floating point, and is meant to be 11.
        let rank = (ratio * self.count() as f64 * (1.0 - f64::EPSILON)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reached = self.by_length().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map(|(days, _)| days)
    }

    /// The mean, or `None` where there is none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let (sum, count) = self.by_length().fold((0u128, 0u128), |(sum, all), (days, count)| {
            (sum + u128::from(days) * u128::from(count), all + u128::from(count))
        });
        (count > 0).then(|| sum as f64 / count as f64)
    }

    /// The quantile `part / parts` of type 7, or `None` where there is none.
    #[must_use]
    pub fn quantile(&self, part: usize, parts: usize) -> Option<f64> {
        quantile(self.count() as usize, part, parts, |rank| self.at_rank(rank as u64))
    }

    /// The length at a place in ascending order, counted from 0.
    fn at_rank(&self, rank: u64) -> f64 {
        let mut seen = 0;
        let found = self.by_length().find(|(_, count)| {
            seen += count;
            seen > rank
        });
        found.map_or(0.0, |(days, _)| f64::from(days))
    }
}
