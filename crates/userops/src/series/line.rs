//! A line per kind of events, split value and measure, each with a point per period.

use serde::{Deserialize, Serialize};

use super::band::{Band, BandMaker};
use super::options::{SeriesMeasure, SeriesOptions};
use super::split::SplitValue;
use super::tally::{Cell, Counter};
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::Table;
use crate::time::{Day, Timestamp};

/// One period of a line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeriesPoint {
    /// The first day of the period.
    pub first_day: Day,
    /// Whether `as_of` is at or after the last instant of the period.
    pub complete: bool,
    /// The value; unknown for a mean over nobody.
    pub value: Option<f64>,
    /// What was expected; unknown where too little is known of the periods before.
    pub band: Option<Band>,
    /// Whether the value lies outside the band; unknown without one, without a value, and in a period that is not over.
    pub is_anomaly: Option<bool>,
}

/// One measure of one kind of events, period by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesLine {
    /// The kind of events.
    pub event: String,
    /// The value of the split; none where there is no split.
    pub split: Option<SplitValue>,
    /// What is measured.
    pub measure: SeriesMeasure,
    /// A point per period, none left out.
    pub points: Vec<SeriesPoint>,
}

/// All lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What was asked for.
    pub options: SeriesOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// By kind of events, in the order asked for; then by split value, the most frequent first, then others and unknown;
    /// then by measure.
    pub lines: Vec<SeriesLine>,
}

/// Builds series from the events that have happened at `as_of`, period by period.
///
/// The periods, of the local calendar, reach from the first event of the log to `as_of`, for all lines alike; a period
/// without events counts 0. The first of them may be cut off by the start of the data, which nothing marks; the last is
/// marked as not complete. A user with several values of a split counts on several lines, but is new on one. Takes O(events)
/// time, shared out over rayon's threads, twice with a split.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for patterns and for the split; `InvalidDefinition` for names of series;
/// `InvalidArgument` for options out of their range; `LimitExceeded` for more than 64 kinds of events,
/// [`PERIODS_MAX`](crate::analytics::period::PERIODS_MAX) periods or [`CELLS_MAX`](super::CELLS_MAX) cells.
pub fn build_series(log: &EventLog, as_of: Timestamp, options: impl Into<SeriesOptions>) -> Result<Series> {
    let options = options.into();
    options.check()?;
    let events = options.events_of(log)?;
    let patterns: Vec<EventPattern> = events.iter().map(|event| event.pattern()).collect();
    let counter = Counter::new(log, as_of, options.period, &patterns)?;
    let slots = options.split.as_ref().map(|split| counter.slots(&split.by, split.values_max)).transpose()?;
    let cells = counter.cells(options.split.as_ref().map(|split| &split.by).zip(slots.as_ref()))?;
    let values: Vec<Option<SplitValue>> = match slots {
        None => vec![None],
        Some(slots) => slots.values.into_iter().map(Some).collect(),
    };
    let periods = counter.periods();
    let mut lines = Vec::new();
    let mut maker = LineMaker { options: &options, periods: &periods, bands: BandMaker::default() };
    for (kind, event) in events.iter().enumerate().filter(|_| !periods.is_empty()) {
        for (slot, split) in values.iter().enumerate() {
            let start = (kind * values.len() + slot) * periods.len();
            let cells = &cells[start..start + periods.len()];
            for measure in options.measures_of() {
                let (event, split, measure) = (event.name.clone(), split.clone(), *measure);
                lines.push(SeriesLine { event, split, measure, points: maker.points(cells, measure) });
            }
        }
    }
    Ok(Series { options, as_of, lines })
}

struct LineMaker<'a> {
    options: &'a SeriesOptions,
    periods: &'a [(Day, bool)],
    bands: BandMaker,
}

impl LineMaker<'_> {
    fn points(&mut self, cells: &[Cell], measure: SeriesMeasure) -> Vec<SeriesPoint> {
        let values: Vec<Option<f64>> = cells.iter().map(|cell| value(cell, measure)).collect();
        let point = |(at, (&(first_day, complete), &value)): (usize, (&(Day, bool), &Option<f64>))| {
            let band = self.bands.band(&values, at, self.options.period, &self.options.band);
            let is_anomaly = band.zip(value).filter(|_| complete).map(|(band, value)| !band.range.contains(value));
            SeriesPoint { first_day, complete, value, band, is_anomaly }
        };
        self.periods.iter().zip(&values).enumerate().map(point).collect()
    }
}

fn value(cell: &Cell, measure: SeriesMeasure) -> Option<f64> {
    let per_user = |total: f64| (cell.user_count > 0).then(|| total / cell.user_count as f64);
    match measure {
        SeriesMeasure::EventCount => Some(cell.event_count as f64),
        SeriesMeasure::UserCount => Some(cell.user_count as f64),
        SeriesMeasure::NewUserCount => Some(cell.new_user_count as f64),
        SeriesMeasure::AmountMinor => Some(cell.amount_minor as f64),
        SeriesMeasure::MeanEventCount => per_user(cell.event_count as f64),
        SeriesMeasure::MeanAmountMinor => per_user(cell.amount_minor as f64),
    }
}

impl Series {
    /// The line of a kind of events, a value of the split and a measure, where there is one.
    #[must_use]
    pub fn line(&self, event: &str, split: Option<&str>, measure: SeriesMeasure) -> Option<&SeriesLine> {
        let is_it = |line: &&SeriesLine| {
            line.event == event
                && line.split.as_ref().map(|split| split.value.as_str()) == split
                && line.measure == measure
        };
        self.lines.iter().find(is_it)
    }

    /// A row per line and period: `event`, `split_kind`, `split`, `measure`, `first_day`, `complete`, `value`, `expected`,
    /// `low`, `high`, `is_anomaly`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows: Vec<(&SeriesLine, &SeriesPoint)> =
            self.lines.iter().flat_map(|line| line.points.iter().map(move |point| (line, point))).collect();
        let bands = |value: fn(&Band) -> f64| -> Vec<Option<f64>> {
            rows.iter().map(|(_, point)| point.band.as_ref().map(value)).collect()
        };
        let split_kinds = rows.iter().map(|(line, _)| line.split.as_ref().map(|split| split.kind.name()));
        let splits = rows.iter().map(|(line, _)| line.split.as_ref().map(|split| split.value.as_str()));
        let anomalies = rows.iter().map(|(_, point)| point.is_anomaly).collect();
        Table::new(rows.len())
            .with("event", rows.iter().map(|(line, _)| line.event.as_str()).collect::<Vec<_>>())?
            .with("split_kind", split_kinds.collect::<Vec<_>>())?
            .with("split", splits.collect::<Vec<_>>())?
            .with("measure", rows.iter().map(|(line, _)| line.measure.name()).collect::<Vec<_>>())?
            .with("first_day", Column::Date(rows.iter().map(|(_, point)| Some(point.first_day.0)).collect()))?
            .with("complete", rows.iter().map(|(_, point)| point.complete).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|(_, point)| point.value).collect::<Vec<_>>())?
            .with("expected", bands(|band| band.expected))?
            .with("low", bands(|band| band.range.low))?
            .with("high", bands(|band| band.range.high))?
            .with("is_anomaly", Column::Bool(anomalies))
    }
}
