//! The periods, or brackets of periods, that are told apart.

use serde::{Deserialize, Serialize};

/// A period, or a bracket of periods, numbered from the start, which is in period 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeriodRange {
    /// The first period.
    pub first: u32,
    /// The last period.
    pub last: u32,
}

/// The columns of the matrix, in a form that tells the column of a period at once.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    ranges: Vec<PeriodRange>,
    /// Whether column k is period k.
    each: bool,
    /// For each period the number of columns that begin at it or before.
    begun: Vec<u32>,
}

impl Columns {
    /// The periods from 0 to `last`.
    pub(super) fn each(last: u32) -> Self {
        let ranges = (0..=last).map(|period| PeriodRange { first: period, last: period }).collect();
        Self { ranges, each: true, begun: Vec::new() }
    }

    /// The brackets between ascending numbers of periods.
    pub(super) fn brackets(bounds: &[u32]) -> Self {
        let ranges: Vec<PeriodRange> =
            bounds.windows(2).map(|pair| PeriodRange { first: pair[0], last: pair[1] - 1 }).collect();
        let end = bounds.last().copied().unwrap_or(0);
        let begun = (0..end).map(|period| ranges.partition_point(|range| range.first <= period) as u32).collect();
        Self { ranges, each: false, begun }
    }

    pub(super) fn ranges(&self) -> &[PeriodRange] {
        &self.ranges
    }

    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    pub(super) fn is_each(&self) -> bool {
        self.each
    }

    /// How many columns begin at a period or before it.
    #[inline]
    pub(super) fn begun_by(&self, period: u32) -> usize {
        match self.each {
            true => self.len().min(period.saturating_add(1) as usize),
            false => self.begun.get(period as usize).map_or(self.len(), |count| *count as usize),
        }
    }

    /// The column that holds a period. Columns follow each other without a gap.
    #[inline]
    pub(super) fn of(&self, period: u32) -> Option<usize> {
        let column = self.begun_by(period).checked_sub(1)?;
        (period <= self.ranges[column].last).then_some(column)
    }

    /// The first column that ends at a period or after it.
    #[inline]
    pub(super) fn first_ending_from(&self, period: u32) -> Option<usize> {
        let column = self.begun_by(period).saturating_sub(1);
        self.ranges.get(column).filter(|range| period <= range.last).map(|_| column)
    }
}
