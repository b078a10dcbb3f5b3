//! The answer: cohorts with their cells, the curve of averages, and both as tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::columns::PeriodRange;
use super::definition::RetentionOptions;
use super::frame::Frame;
use super::group::order_of;
use super::tally::Tally;
use crate::analytics::interval::Share;
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// One cohort in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionCell {
    /// Users of the cohort who are retained.
    pub retained_count: u64,
    /// Whether the period was over at `as_of` for whoever started last in the cohort.
    pub complete: bool,
    /// What the cohort's returns in the period were worth, in minor units; `None` where revenue was not asked for.
    pub revenue_minor: Option<i64>,
}

/// The users who started in one calendar period, or one group of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// The first day of the calendar period.
    pub first_day: Day,
    /// The value of the attribute that cohorts are broken down by; `None` where it is unknown, or there is no breakdown.
    pub group: Option<String>,
    /// How many users there are.
    pub size_count: u64,
    /// A cell for each column of the answer that has begun.
    pub cells: Vec<RetentionCell>,
}

/// Averages over the complete cells of one column, of cohorts that have a user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The periods.
    pub periods: PeriodRange,
    /// How many cohorts have a complete cell.
    pub cohort_count: u64,
    /// All retained users of all users of these cohorts, with the interval of the ratio.
    pub pooled: Share,
    /// The mean of the cohorts' ratios: every cohort weighs the same.
    pub simple_ratio: Option<f64>,
    /// The mean of the cohorts' ratios, each weighted by the size of its cohort: the pooled ratio by another way, up to
    /// rounding.
    pub size_weighted_ratio: Option<f64>,
    /// The revenue up to and with this column per user of these cohorts, in minor units; `None` without revenue.
    pub cumulative_ltv_minor: Option<f64>,
}

/// Cohorts and their retention.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    /// What was asked for.
    pub options: RetentionOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Users with a start. Cohort sizes add up to it, unless starts recur.
    pub user_count: u64,
    /// The periods, or brackets of them, that cells are about.
    pub columns: Vec<PeriodRange>,
    /// Ascending by day, then by group: whole numbers by value, other texts by their bytes, unknown last.
    pub cohorts: Vec<Cohort>,
}

impl Retention {
    /// The answer without any start.
    pub(super) fn none(options: RetentionOptions, as_of: Timestamp) -> Self {
        Self { options, as_of, user_count: 0, columns: Vec::new(), cohorts: Vec::new() }
    }

    /// The averages, a point for each column. Takes O(cells).
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        self.columns.iter().enumerate().map(|(column, periods)| self.point(column, *periods)).collect()
    }

    fn point(&self, column: usize, periods: PeriodRange) -> CurvePoint {
        let complete = || {
            let cells = self.cohorts.iter().filter_map(|cohort| Some((cohort, cohort.cells.get(column)?)));
            cells.filter(|(cohort, cell)| cell.complete && cohort.size_count > 0)
        };
        let size: u64 = complete().map(|(cohort, _)| cohort.size_count).sum();
        let retained = complete().map(|(_, cell)| cell.retained_count).sum();
        let count = complete().count();
        let ratio = |cohort: &Cohort, cell: &RetentionCell| cell.retained_count as f64 / cohort.size_count as f64;
        let simple: f64 = complete().map(|(cohort, cell)| ratio(cohort, cell)).sum();
        let weighted: f64 = complete().map(|(cohort, cell)| cohort.size_count as f64 * ratio(cohort, cell)).sum();
        let revenue: Option<i128> = complete().map(|(cohort, _)| cohort.cumulative_revenue(column)).sum();
        CurvePoint {
            periods,
            cohort_count: count as u64,
            pooled: Share::new(retained, size),
            simple_ratio: (count > 0).then(|| simple / count as f64),
            size_weighted_ratio: (size > 0).then(|| weighted / size as f64),
            cumulative_ltv_minor: revenue.filter(|_| size > 0).map(|revenue| revenue as f64 / size as f64),
        }
    }

    /// Adds the users of another answer, who must not be in this one.
    ///
    /// # Errors
    /// `InvalidArgument` where the answers are to different questions.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        if (&self.options, self.as_of) != (&other.options, other.as_of) {
            let message = format!(
                "retention as of {} and as of {} do not merge, or their options differ; ask both logs the same",
                self.as_of, other.as_of
            );
            return Err(invalid_argument(message));
        }
        if self.columns.len() < other.columns.len() {
            self.columns = other.columns;
        }
        self.user_count += other.user_count;
        let mut cohorts: BTreeMap<(Day, Option<String>), Cohort> = BTreeMap::new();
        for cohort in std::mem::take(&mut self.cohorts).into_iter().chain(other.cohorts) {
            let key = (cohort.first_day, cohort.group.clone());
            match cohorts.get_mut(&key) {
                Some(known) => known.absorb(&cohort),
                None => drop(cohorts.insert(key, cohort)),
            }
        }
        self.cohorts = cohorts.into_values().collect();
        self.cohorts.sort_by(|a, b| {
            let by_day = a.first_day.cmp(&b.first_day);
            by_day.then_with(|| order_of(a.group.as_deref()).cmp(&order_of(b.group.as_deref())))
        });
        Ok(())
    }

    /// A row per cohort and period that has begun: `cohort`, with a breakdown `group`, `size_count`, `period`, `period_last`,
    /// `retained_count`, `ratio`, `low`, `high`, `complete`, and with revenue `revenue_minor` and `cumulative_ltv_minor`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows: Vec<(&Cohort, usize)> = self
            .cohorts
            .iter()
            .flat_map(|cohort| (0..cohort.cells.len()).map(move |column| (cohort, column)))
            .collect();
        let share = |(cohort, column): &(&Cohort, usize)| cohort.share(*column);
        let low = |row| Some(share(row)?.interval?.low);
        let high = |row| Some(share(row)?.interval?.high);
        let days = rows.iter().map(|(cohort, _)| Some(cohort.first_day.0)).collect();
        let mut table = Table::new(rows.len()).with("cohort", Column::Date(days))?;
        if self.options.by.is_some() {
            table.push("group", Column::texts(rows.iter().map(|(cohort, _)| cohort.group.as_deref())))?;
        }
        let periods = |(_, column): &(&Cohort, usize)| self.columns[*column];
        let cells = |(cohort, column): &(&Cohort, usize)| cohort.cells[*column];
        table = table
            .with("size_count", rows.iter().map(|(cohort, _)| cohort.size_count as i64).collect::<Vec<_>>())?
            .with("period", rows.iter().map(|row| periods(row).first).collect::<Vec<_>>())?
            .with("period_last", rows.iter().map(|row| periods(row).last).collect::<Vec<_>>())?
            .with("retained_count", rows.iter().map(|row| cells(row).retained_count as i64).collect::<Vec<_>>())?
            .with("ratio", rows.iter().map(|row| share(row)?.ratio).collect::<Vec<_>>())?
            .with("low", rows.iter().map(low).collect::<Vec<_>>())?
            .with("high", rows.iter().map(high).collect::<Vec<_>>())?
            .with("complete", rows.iter().map(|row| cells(row).complete).collect::<Vec<_>>())?;
        if self.options.revenue.is_some() {
            let ltv = |(cohort, column): &(&Cohort, usize)| cohort.cumulative_ltv_minor(*column);
            table = table
                .with("revenue_minor", rows.iter().map(|row| cells(row).revenue_minor).collect::<Vec<_>>())?
                .with("cumulative_ltv_minor", rows.iter().map(ltv).collect::<Vec<_>>())?;
        }
        Ok(table)
    }

    /// The averages as a table: `period`, `period_last`, `cohort_count`, `size_count`, `retained_count`, `pooled_ratio`, `low`,
    /// `high`, `simple_ratio`, `size_weighted_ratio`, and with revenue `cumulative_ltv_minor`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn curve_table(&self) -> Result<Table> {
        let points = self.curve();
        let floats = |value: fn(&CurvePoint) -> Option<f64>| points.iter().map(value).collect::<Vec<_>>();
        let counts = |value: fn(&CurvePoint) -> u64| points.iter().map(|point| value(point) as i64).collect::<Vec<_>>();
        let table = Table::new(points.len())
            .with("period", counts(|point| u64::from(point.periods.first)))?
            .with("period_last", counts(|point| u64::from(point.periods.last)))?
            .with("cohort_count", counts(|point| point.cohort_count))?
            .with("size_count", counts(|point| point.pooled.of_count))?
            .with("retained_count", counts(|point| point.pooled.count))?
            .with("pooled_ratio", floats(|point| point.pooled.ratio))?
            .with("low", floats(|point| Some(point.pooled.interval?.low)))?
            .with("high", floats(|point| Some(point.pooled.interval?.high)))?
            .with("simple_ratio", floats(|point| point.simple_ratio))?
            .with("size_weighted_ratio", floats(|point| point.size_weighted_ratio))?;
        match self.options.revenue {
            Some(_) => table.with("cumulative_ltv_minor", floats(|point| point.cumulative_ltv_minor)),
            None => Ok(table),
        }
    }
}

impl Cohort {
    /// The retained users of a column as a share of the cohort, with its interval; `None` where the column has not begun.
    #[must_use]
    pub fn share(&self, column: usize) -> Option<Share> {
        Some(Share::new(self.cells.get(column)?.retained_count, self.size_count))
    }

    /// The revenue up to and with a column per user of the cohort, in minor units.
    ///
    /// `None` where revenue was not asked for, the column has not begun, or there is no user.
    #[must_use]
    pub fn cumulative_ltv_minor(&self, column: usize) -> Option<f64> {
        let revenue = self.cumulative_revenue(column).filter(|_| self.size_count > 0 && column < self.cells.len())?;
        Some(revenue as f64 / self.size_count as f64)
    }

    fn cumulative_revenue(&self, column: usize) -> Option<i128> {
        self.cells.iter().take(column + 1).map(|cell| cell.revenue_minor.map(i128::from)).sum()
    }

    /// Adds the users of the same cohort in another answer.
    fn absorb(&mut self, other: &Self) {
        self.size_count += other.size_count;
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            cell.retained_count += more.retained_count;
            cell.revenue_minor = cell.revenue_minor.zip(more.revenue_minor).map(|(a, b)| a.saturating_add(b));
        }
    }
}

/// Makes cohorts of the counts: those that have a user.
pub(super) fn collect_cohorts(tally: &Tally, frame: &Frame<'_>, options: RetentionOptions) -> Retention {
    let (groups, columns) = (frame.groups.len(), frame.columns.len());
    let mut answer = Retention::none(options, frame.as_of);
    for (cohort, sizes) in tally.sizes.chunks_exact(groups).enumerate() {
        if sizes.iter().all(|size| *size == 0) {
            continue;
        }
        let number = frame.cohort_number(cohort);
        let complete: Vec<bool> =
            (0..frame.begun_columns(number)).map(|column| frame.is_complete(number, column)).collect();
        for (group, size) in sizes.iter().enumerate().filter(|(_, size)| **size > 0) {
            let row = cohort * groups + group;
            let cell = |(column, complete): (usize, &bool)| RetentionCell {
                retained_count: u64::from(tally.counts[row * columns + column]),
                complete: *complete,
                revenue_minor: tally.revenue.get(row * columns + column).copied(),
            };
            answer.cohorts.push(Cohort {
                first_day: frame.cohort.first_day(number),
                group: frame.groups.label(group),
                size_count: u64::from(*size),
                cells: complete.iter().enumerate().map(cell).collect(),
            });
        }
    }
    let begun = answer.cohorts.iter().map(|cohort| cohort.cells.len()).max().unwrap_or(0);
    answer.columns = match answer.options.period_last.is_some() || !answer.options.brackets.is_empty() {
        true => frame.columns.ranges().to_vec(),
        false => frame.columns.ranges()[..begun].to_vec(),
    };
    answer.user_count = tally.user_count;
    answer
}
