//! The portrait over time: who the active users of each period are, by an attribute.

use serde::{Deserialize, Serialize};

use super::split::{SPLIT_VALUES, SplitBy, SplitKind, SplitValue, check_values_max};
use super::tally::Counter;
use crate::analytics::period::CalendarPeriod;
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// Which portrait is followed through time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortraitSeriesOptions {
    /// An attribute of texts, integers or booleans.
    pub attribute: String,
    /// The calendar period.
    pub period: CalendarPeriod,
    /// The events that count as activity.
    #[serde(default)]
    pub activity: EventPattern,
    /// How many values have rows of their own, 1 to [`SPLIT_VALUES_MAX`](super::SPLIT_VALUES_MAX): those of the most
    /// events that count, equals by value.
    #[serde(default = "values_max")]
    pub values_max: u16,
}

fn values_max() -> u16 {
    SPLIT_VALUES
}

impl PortraitSeriesOptions {
    /// Any event is activity.
    #[must_use]
    pub fn new(attribute: impl Into<String>, period: CalendarPeriod) -> Self {
        Self { attribute: attribute.into(), period, activity: EventPattern::default(), values_max: SPLIT_VALUES }
    }

    /// The same with these events as activity.
    #[must_use]
    pub fn activity(mut self, activity: EventPattern) -> Self {
        self.activity = activity;
        self
    }

    /// The same with this many values.
    #[must_use]
    pub fn values_max(mut self, values_max: u16) -> Self {
        self.values_max = values_max;
        self
    }
}

/// One value in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortraitSeriesRow {
    /// The first day of the period.
    pub first_day: Day,
    /// Whether `as_of` is at or after the last instant of the period.
    pub complete: bool,
    /// The value of the attribute.
    pub value: SplitValue,
    /// Users with this value who were active in the period.
    pub user_count: u64,
    /// All users who were active in it.
    pub active_count: u64,
    /// The share of the first in the second; none where nobody was active.
    pub ratio: Option<f64>,
}

/// The distribution of an attribute among the active users, period by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortraitSeries {
    /// What was asked for.
    pub options: PortraitSeriesOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// By period, then by value: the most frequent first, then others and unknown. In each period every value has a row,
    /// and the counts add up to the active users.
    pub rows: Vec<PortraitSeriesRow>,
}

/// Counts the active users of each period by an attribute, from the events that have happened at `as_of`.
///
/// Attributes have no history: a user has the same value in all periods. Periods are those of
/// [`build_series`](super::build_series). Takes O(events) time, twice, shared out over rayon's threads.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for the attribute and the activity; `InvalidArgument` for `values_max`;
/// `LimitExceeded` as for [`build_series`](super::build_series).
pub fn build_portrait_series(
    log: &EventLog,
    as_of: Timestamp,
    options: impl Into<PortraitSeriesOptions>,
) -> Result<PortraitSeries> {
    let options = options.into();
    check_values_max(options.values_max)?;
    let counter = Counter::new(log, as_of, options.period, std::slice::from_ref(&options.activity))?;
    let by = SplitBy::Attribute(options.attribute.clone());
    let slots = counter.slots(&by, options.values_max)?;
    let cells = counter.cells(Some((&by, &slots)))?;
    let periods = counter.periods();
    let mut rows = Vec::with_capacity(cells.len());
    for (index, (first_day, complete)) in periods.iter().enumerate() {
        let users = |slot: usize| cells[slot * periods.len() + index].user_count;
        let active_count: u64 = (0..slots.values.len()).map(users).sum();
        rows.extend(slots.values.iter().enumerate().map(|(slot, value)| PortraitSeriesRow {
            first_day: *first_day,
            complete: *complete,
            value: value.clone(),
            user_count: users(slot),
            active_count,
            ratio: (active_count > 0).then(|| users(slot) as f64 / active_count as f64),
        }));
    }
    Ok(PortraitSeries { options, as_of, rows })
}

impl PortraitSeries {
    /// A row per period and value: `first_day`, `complete`, `value_kind`, `value`, `user_count`, `active_count`, `ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        let kind = |row: &PortraitSeriesRow| SplitKind::name(row.value.kind);
        Table::new(rows.len())
            .with("first_day", Column::Date(rows.iter().map(|row| Some(row.first_day.0)).collect()))?
            .with("complete", rows.iter().map(|row| row.complete).collect::<Vec<_>>())?
            .with("value_kind", rows.iter().map(kind).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.value.value.as_str()).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
            .with("active_count", rows.iter().map(|row| row.active_count as i64).collect::<Vec<_>>())?
            .with("ratio", rows.iter().map(|row| row.ratio).collect::<Vec<_>>())
    }
}
