//! Counts of users by cohort and column: what a user adds, and what the sums mean in the end.

use super::columns::Columns;
use super::definition::ReturnMeasure;

/// The counts of some users. Parts of disjoint users add up to that of all of them.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// Users of each row: a cohort, or one group of it.
    pub(super) sizes: Vec<u32>,
    /// By row, then column. [`Tally::finish`] makes them counts of retained users.
    pub(super) counts: Vec<u32>,
    /// By row, then column; empty where no revenue is asked for.
    pub(super) revenue: Vec<i64>,
    /// Users with a start.
    pub(super) user_count: u64,
}

impl Tally {
    pub(super) fn new(rows: usize, columns: usize, with_revenue: bool) -> Self {
        let cells = rows * columns;
        let revenue = if with_revenue { vec![0; cells] } else { Vec::new() };
        Self { sizes: vec![0; rows], counts: vec![0; cells], revenue, user_count: 0 }
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.sizes.iter_mut().zip(other.sizes).for_each(|(a, b)| *a += b);
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a += b);
        // Two logs with one sum of amounts cannot overflow, since freezing a log has added up all amounts.
        self.revenue.iter_mut().zip(other.revenue).for_each(|(a, b)| *a = a.saturating_add(b));
        self.user_count += other.user_count;
        self
    }

    /// Adds a user's returns to a row: their periods, ascending, of which some may come again.
    #[inline]
    pub(super) fn add(
        &mut self,
        row: usize,
        measure: ReturnMeasure,
        columns: &Columns,
        periods: impl Iterator<Item = u32>,
    ) {
        let counts = &mut self.counts[row * columns.len()..(row + 1) * columns.len()];
        retained(measure, columns, periods, |column| counts[column] += 1);
    }

    /// Adds a user's returns where each period is a column and comes once: the most frequent case.
    #[inline]
    pub(super) fn add_each(&mut self, row: usize, columns: &Columns, periods: impl Iterator<Item = u32>) {
        let counts = &mut self.counts[row * columns.len()..(row + 1) * columns.len()];
        for period in periods {
            match counts.get_mut(period as usize) {
                Some(count) => *count += 1,
                None => break,
            }
        }
    }

    /// Adds money to a cell.
    #[inline]
    pub(super) fn add_revenue(&mut self, row: usize, columns: &Columns, period: u32, minor: i64) {
        if let Some(column) = columns.of(period) {
            let cell = &mut self.revenue[row * columns.len() + column];
            *cell = cell.saturating_add(minor);
        }
    }

    /// Makes the counts of what users added counts of retained users.
    pub(super) fn finish(&mut self, measure: ReturnMeasure, columns: &Columns) {
        if columns.len() > 0 {
            self.counts.chunks_exact_mut(columns.len()).for_each(|row| spread(measure, row));
        }
    }
}

/// Tells the columns at which a user counts. Only for [`ReturnMeasure::On`] are these all columns in which the user is
/// retained: else one column stands for it and those before or after, see [`spread`].
#[inline]
pub(super) fn retained(
    measure: ReturnMeasure,
    columns: &Columns,
    mut periods: impl Iterator<Item = u32>,
    mut count: impl FnMut(usize),
) {
    match measure {
        ReturnMeasure::On => {
            let mut last = None;
            for column in periods.map_while(|period| columns_from(columns, period)).flatten() {
                if last != Some(column) {
                    count(column);
                    last = Some(column);
                }
            }
        }
        ReturnMeasure::OnOrAfter => {
            if let Some(column) = periods.last().and_then(|period| columns.begun_by(period).checked_sub(1)) {
                count(column);
            }
        }
        ReturnMeasure::OnOrBefore => {
            if let Some(column) = periods.next().and_then(|period| columns.first_ending_from(period)) {
                count(column);
            }
        }
        ReturnMeasure::Streak => {
            // The bracket of the start asks for no return.
            let mut kept = usize::from(columns.ranges().first().is_some_and(|range| range.first == 0));
            for column in periods.map_while(|period| columns_from(columns, period)).flatten() {
                if column == kept {
                    kept += 1;
                } else if column > kept {
                    break;
                }
            }
            if let Some(column) = kept.checked_sub(1) {
                count(column);
            }
        }
    }
}

/// The column of a period: `None` past the last one, and `Some(None)` before the first.
#[inline]
fn columns_from(columns: &Columns, period: u32) -> Option<Option<usize>> {
    let column = columns.of(period);
    (column.is_some() || columns.begun_by(period) == 0).then_some(column)
}

/// Spreads counts of users over the columns that one column stands for.
pub(super) fn spread(measure: ReturnMeasure, counts: &mut [u32]) {
    match measure {
        ReturnMeasure::On => {}
        ReturnMeasure::OnOrAfter | ReturnMeasure::Streak => {
            (1..counts.len()).rev().for_each(|column| counts[column - 1] += counts[column]);
        }
        ReturnMeasure::OnOrBefore => (1..counts.len()).for_each(|column| counts[column] += counts[column - 1]),
    }
}
