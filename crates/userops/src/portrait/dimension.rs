//! What users are told apart by.

use std::borrow::Cow;

use rayon::prelude::*;

use super::bin::{Bins, float_bins, integer_bins};
use super::cell::{Cell, Counts, tally};
use super::options::PortraitOptions;
use super::row::CellKind;
use super::summary::NumericSummary;
use crate::column::{Bitmap, Column, Packed, TextColumn};
use crate::error::{Result, invalid_argument};
use crate::log::EventLog;
use crate::time::{Calendar, Day, MICROS_PER_DAY, Month, Timestamp, Zone};

/// A named column with a row per user, in the order of the log's directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension<'a> {
    name: String,
    values: Cow<'a, Column>,
    zone: Zone,
}

/// A dimension divided into cells.
pub(super) struct Split {
    pub(super) cells: Vec<Cell>,
    /// Whether cells are shown by rank; else by value.
    pub(super) ranked: bool,
    pub(super) summary: Option<NumericSummary>,
}

impl Dimension<'static> {
    /// A dimension of these values.
    pub fn new(name: impl Into<String>, values: impl Into<Column>) -> Self {
        Self { name: name.into(), values: Cow::Owned(values.into()), zone: Zone::UTC }
    }
}

impl<'a> Dimension<'a> {
    /// A dimension of a column that is elsewhere.
    pub fn of(name: impl Into<String>, values: &'a Column) -> Self {
        Self { name: name.into(), values: Cow::Borrowed(values), zone: Zone::UTC }
    }

    /// A dimension for each attribute of a log, in the log's zone.
    #[must_use]
    pub fn attributes(log: &'a EventLog) -> Vec<Self> {
        log.attributes().columns().map(|(name, values)| Self::of(name, values).in_zone(log.zone())).collect()
    }

    /// The same dimension with instants read in this zone, where they are UTC otherwise.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &Column {
        &self.values
    }

    pub(super) fn split(&self, members: &Bitmap, options: &PortraitOptions) -> Result<Split> {
        Ok(match &*self.values {
            Column::Text(texts) => Split { cells: text_cells(texts, members), ranked: true, summary: None },
            Column::Bool(values) => {
                let labels = ["false", "true"].map(str::to_owned).to_vec();
                let positions = values.iter().map(|value| value.map(usize::from));
                Split { cells: value_cells(positions, labels, members), ranked: false, summary: None }
            }
            Column::Integer(values) => {
                let (cells, sorted) = integer_cells(values, members, options, |value| value.to_string());
                let audience = sorted_values(values, Some(members), i64::cmp);
                let summary = NumericSummary::new(&self.name, &audience, &sorted, options);
                Split { cells, ranked: false, summary: Some(summary) }
            }
            Column::Float(values) => self.split_floats(values, members, options)?,
            Column::Time(values) => split_months(&self.months_of_times(values), members, options),
            Column::Date(values) => split_months(&values.map(|day| month_of(Day(day))), members, options),
        })
    }

    fn split_floats(&self, values: &Packed<f64>, members: &Bitmap, options: &PortraitOptions) -> Result<Split> {
        if let Some(bad) = values.values().iter().find(|value| !value.is_finite()) {
            let name = &self.name;
            return Err(invalid_argument(format!("the dimension {name:?} has a value that is not finite: {bad}")));
        }
        let sorted = sorted_values(values, None, f64::total_cmp);
        let bins = float_bins(&sorted, options.bins);
        let positions = values.iter().map(|value| value.map(|value| bins.position(value)));
        let cells = value_cells(positions, bins.labels.clone(), members);
        let audience = sorted_values(values, Some(members), f64::total_cmp);
        let summary = NumericSummary::new(&self.name, &audience, &sorted, options);
        Ok(Split { cells, ranked: false, summary: Some(summary) })
    }

    fn months_of_times(&self, values: &Packed<i64>) -> Packed<i64> {
        let instant = |micros| Timestamp::from_micros(micros).clamp(Timestamp::MIN, Timestamp::MAX);
        let first = instant(values.values().iter().min().copied().unwrap_or(0));
        let last = instant(values.values().iter().max().copied().unwrap_or(0));
        // A calendar costs a look at the zone per day that it covers, and saves one per value.
        let days = (last.as_micros() - first.as_micros()) / MICROS_PER_DAY;
        let covered = if days as u64 <= values.known_count() as u64 { last } else { first };
        let calendar = Calendar::new(self.zone, first, covered);
        values.map(|micros| month_of(calendar.day(instant(micros))))
    }
}

fn month_of(day: Day) -> i64 {
    i64::from(day.month().0)
}

fn split_months(months: &Packed<i64>, members: &Bitmap, options: &PortraitOptions) -> Split {
    let show = |month: i64| Month(month as i32).to_string();
    let (cells, _) = integer_cells(months, members, options, show);
    Split { cells, ranked: false, summary: None }
}

/// The cells of whole numbers, and all known values in ascending order.
fn integer_cells(
    values: &Packed<i64>,
    members: &Bitmap,
    options: &PortraitOptions,
    show: impl Fn(i64) -> String,
) -> (Vec<Cell>, Vec<i64>) {
    let sorted = sorted_values(values, None, i64::cmp);
    let bins: Bins<i64> = integer_bins(&sorted, options.bins, show);
    let positions = values.iter().map(|value| value.map(|value| bins.position(value)));
    (value_cells(positions, bins.labels.clone(), members), sorted)
}

/// The known values of all users, or of some, ascending.
fn sorted_values<T: Copy + Send>(
    values: &Packed<T>,
    members: Option<&Bitmap>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering + Sync,
) -> Vec<T> {
    let mut sorted: Vec<T> = match members {
        None => values.values().to_vec(),
        Some(members) => {
            let of_members = values.iter().enumerate().filter(|(user, _)| members.get(*user));
            of_members.filter_map(|(_, value)| value).collect()
        }
    };
    sorted.par_sort_unstable_by(compare);
    sorted
}

fn text_cells(texts: &TextColumn, members: &Bitmap) -> Vec<Cell> {
    let positions = texts.codes.iter().map(|code| code.map(|code| code as usize));
    let (known, unknown) = tally(positions, texts.dictionary.len(), members);
    let cell = |(position, (text, counts)): (usize, (&str, Counts))| match text {
        "" => Cell::new(CellKind::Empty, CellKind::Empty.label(), position, counts),
        text => Cell::new(CellKind::Value, text, position, counts),
    };
    let used = texts.dictionary.iter().zip(known).enumerate().filter(|(_, (_, counts))| counts.everyone > 0);
    with_unknown(used.map(cell).collect(), unknown)
}

fn value_cells(positions: impl Iterator<Item = Option<usize>>, labels: Vec<String>, members: &Bitmap) -> Vec<Cell> {
    let (known, unknown) = tally(positions, labels.len(), members);
    let used = labels.into_iter().zip(known).enumerate().filter(|(_, (_, counts))| counts.everyone > 0);
    let cells = used.map(|(position, (label, counts))| Cell::new(CellKind::Value, label, position, counts));
    with_unknown(cells.collect(), unknown)
}

fn with_unknown(mut cells: Vec<Cell>, unknown: Counts) -> Vec<Cell> {
    if unknown.everyone > 0 {
        cells.push(Cell::new(CellKind::Unknown, CellKind::Unknown.label(), cells.len(), unknown));
    }
    cells
}
