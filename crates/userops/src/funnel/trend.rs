//! Conversion by the calendar period in which entries began.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::Funnel;
use super::measure::{ConversionStep, LevelTally, add_step_columns, gather, steps_of};
use crate::analytics::period::{CalendarPeriod, check_period_count};
use crate::column::{Column, Packed};
use crate::error::Result;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// The entries that began in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendRow {
    /// The first day of the period.
    pub first_day: Day,
    /// Whether `as_of` is at or after the last instant of the period, so that none begins in it any more.
    pub complete: bool,
    /// The entries by the level that they came to; the first is level 1.
    pub tallies: Vec<LevelTally>,
}

/// Conversion by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionTrend {
    /// What was asked for.
    pub funnel: Funnel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The length of a period.
    pub period: CalendarPeriod,
    /// From the period of the first entry to that of the last, none left out; none without entries.
    pub rows: Vec<TrendRow>,
}

/// Conversion by the period of the log's calendar in which entries began.
///
/// Each entry is in the period of its start, so the sum over all periods is the whole of
/// [`measure_conversion`](super::measure_conversion). A user has one entry, as the funnel's choice says, and is in one
/// period only; who began in several is in all of them with [`EntryChoice::Every`](super::EntryChoice::Every). The
/// cost is that of the whole.
///
/// # Errors
/// Those of [`measure_conversion`](super::measure_conversion); `LimitExceeded` for too many periods.
pub fn trend_conversion(
    log: &EventLog,
    as_of: Timestamp,
    funnel: &Funnel,
    period: CalendarPeriod,
) -> Result<ConversionTrend> {
    let count = funnel.steps.len();
    let parts = gather(
        log,
        as_of,
        funnel,
        false,
        |_| BTreeMap::<i32, Vec<LevelTally>>::new(),
        |part, plan, _, entry, _| {
            let number = period.number(plan.calendar.day(Timestamp::from_micros(entry.start)));
            let tallies = part.entry(number).or_insert_with(|| vec![LevelTally::default(); count]);
            tallies[usize::from(entry.level) - 1].add(entry.status);
            Ok(())
        },
    )?;
    let mut whole = BTreeMap::<i32, Vec<LevelTally>>::new();
    for (number, tallies) in parts.into_iter().flatten() {
        let sum = whole.entry(number).or_insert_with(|| vec![LevelTally::default(); count]);
        sum.iter_mut().zip(&tallies).for_each(|(sum, tally)| sum.merge(tally));
    }
    let (Some(first), Some(last)) = (whole.keys().next().copied(), whole.keys().next_back().copied()) else {
        return Ok(ConversionTrend { funnel: funnel.clone(), as_of, period, rows: Vec::new() });
    };
    check_period_count(first, last)?;
    let calendar = log.calendar(as_of);
    let row = |number: i32| TrendRow {
        first_day: period.first_day(number),
        complete: period.last_instant(number, &calendar) <= as_of,
        tallies: whole.get(&number).cloned().unwrap_or_else(|| vec![LevelTally::default(); count]),
    };
    Ok(ConversionTrend { funnel: funnel.clone(), as_of, period, rows: (first..=last).map(row).collect() })
}

impl TrendRow {
    /// Each step of the funnel that was asked for, as [`Conversion::steps`](super::Conversion::steps) of this period.
    #[must_use]
    pub fn steps(&self, funnel: &Funnel) -> Vec<ConversionStep> {
        steps_of(funnel, &self.tallies)
    }
}

impl ConversionTrend {
    /// A row per period and step: `first_day`, `complete`, and the columns of
    /// [`Conversion::to_table`](super::Conversion::to_table).
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let steps: Vec<_> = self.rows.iter().flat_map(|row| steps_of(&self.funnel, &row.tallies)).collect();
        let each = |row: &TrendRow| std::iter::repeat_n((row.first_day, row.complete), self.funnel.steps.len());
        let rows: Vec<(Day, bool)> = self.rows.iter().flat_map(each).collect();
        let days: Packed<i32> = rows.iter().map(|(day, _)| Some(day.0)).collect();
        let table = Table::new(steps.len())
            .with("first_day", Column::Date(days))?
            .with("complete", rows.iter().map(|(_, complete)| *complete).collect::<Vec<_>>())?;
        add_step_columns(table, &steps)
    }
}
