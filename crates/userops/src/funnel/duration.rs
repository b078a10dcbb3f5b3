//! How long conversion takes: quantiles, histogram, and the curve that lets open windows count for what they are.

use serde::{Deserialize, Serialize};

use super::curve::{CurvePoint, conversion_curve};
use super::definition::{Funnel, StepOrder};
use super::entry::{Entry, EntryStatus};
use super::measure::gather;
use super::plan::Plan;
use crate::analytics::quantile::quantile;
use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{MICROS_PER_SECOND, Span, Timestamp};

/// The most bins of a histogram.
pub const BINS_MAX: u64 = 100_000;
/// The quantiles of the table, as parts of 100, with the names of their columns.
const QUANTILES: [(usize, &str); 7] = [
    (0, "min_seconds"),
    (25, "p25_seconds"),
    (50, "median_seconds"),
    (75, "p75_seconds"),
    (90, "p90_seconds"),
    (95, "p95_seconds"),
    (100, "max_seconds"),
];

/// How long entries took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionTimes {
    /// What was asked for.
    pub funnel: Funnel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// From the start to the last step, of each entry that converted; ascending microseconds.
    pub whole_micros: Vec<i64>,
    /// For each step from when the step before it that was done was complete to when it was complete; ascending
    /// microseconds. Empty for the first step, and for all where the steps come in any order.
    pub step_micros: Vec<Vec<i64>>,
    /// How long the entries that are pending have been open; ascending microseconds.
    pub open_micros: Vec<i64>,
    /// The entries that can convert no more.
    pub lost_count: u64,
}

#[derive(Debug)]
struct Part {
    whole: Vec<i64>,
    steps: Vec<Vec<i64>>,
    open: Vec<i64>,
    lost: u64,
}

/// How long the entries of a funnel took. Costs what [`measure_conversion`](super::measure_conversion) does, and 8
/// bytes for each step that was done.
///
/// # Errors
/// Those of [`measure_conversion`](super::measure_conversion).
pub fn time_conversion(log: &EventLog, as_of: Timestamp, funnel: &Funnel) -> Result<ConversionTimes> {
    let count = funnel.steps.len();
    let make = |_| Part { whole: Vec::new(), steps: vec![Vec::new(); count], open: Vec::new(), lost: 0 };
    let parts = gather(log, as_of, funnel, true, make, |part, plan, _, entry, events| {
        part.add(plan, entry, events);
        Ok(())
    })?;
    let mut sum = make(0);
    for part in parts {
        sum.whole.extend(part.whole);
        sum.open.extend(part.open);
        sum.lost += part.lost;
        sum.steps.iter_mut().zip(part.steps).for_each(|(sum, part)| sum.extend(part));
    }
    sum.whole.sort_unstable();
    sum.open.sort_unstable();
    sum.steps.iter_mut().for_each(|step| step.sort_unstable());
    Ok(ConversionTimes {
        funnel: funnel.clone(),
        as_of,
        whole_micros: sum.whole,
        step_micros: sum.steps,
        open_micros: sum.open,
        lost_count: sum.lost,
    })
}

impl Part {
    fn add(&mut self, plan: &Plan<'_>, entry: Entry, events: &[(u8, usize)]) {
        match entry.status {
            EntryStatus::Converted => self.whole.push(entry.end.saturating_sub(entry.start)),
            EntryStatus::Pending => self.open.push(plan.as_of.saturating_sub(entry.start)),
            EntryStatus::Excluded | EntryStatus::Dropped => self.lost += 1,
        }
        if plan.funnel.order == StepOrder::Any {
            return;
        }
        let mut before: Option<i64> = None;
        for (slot, row) in events {
            let slot = &plan.slots[usize::from(*slot)];
            if slot.completes {
                let time = plan.log.time_micros()[*row];
                if let Some(before) = before {
                    self.steps[usize::from(slot.step)].push(time.saturating_sub(before));
                }
                before = Some(time);
            }
        }
    }
}

impl ConversionTimes {
    /// The quantile `part / parts` of the time from start to conversion in microseconds, linear between neighbours;
    /// `None` where nobody converted, or the part is beyond the whole.
    #[must_use]
    pub fn quantile_micros(&self, part: usize, parts: usize) -> Option<f64> {
        quantile(self.whole_micros.len(), part, parts, |index| self.whole_micros[index] as f64)
    }

    /// A row for the whole funnel, whose `step` is unknown, and one for each step but the first: `step`, `name`,
    /// `count`, `min_seconds`, `p25_seconds`, `median_seconds`, `p75_seconds`, `p90_seconds`, `p95_seconds`,
    /// `max_seconds`. A step's time is that since the step before it that was done.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let steps = self.funnel.steps.iter().zip(&self.step_micros).enumerate().skip(1);
        let steps = steps.map(|(index, (step, micros))| (Some(index as i64 + 1), step.label(), micros));
        let rows: Vec<_> = std::iter::once((None, "whole".to_owned(), &self.whole_micros)).chain(steps).collect();
        let mut table = Table::new(rows.len())
            .with("step", rows.iter().map(|(step, _, _)| *step).collect::<Vec<Option<i64>>>())?
            .with("name", rows.iter().map(|(_, name, _)| name.clone()).collect::<Vec<String>>())?
            .with("count", rows.iter().map(|(_, _, micros)| micros.len() as i64).collect::<Vec<_>>())?;
        for (part, name) in QUANTILES {
            let seconds = |micros: &[i64]| {
                quantile(micros.len(), part, 100, |index| micros[index] as f64)
                    .map(|micros| micros / MICROS_PER_SECOND as f64)
            };
            table = table.with(name, rows.iter().map(|(_, _, micros)| seconds(micros)).collect::<Vec<_>>())?;
        }
        Ok(table)
    }

    /// How many entries took how long from start to conversion, in bins of one length from 0 to the longest, none left
    /// out: `from_seconds`, which counts, `until_seconds`, which does not, and `count`.
    ///
    /// # Errors
    /// `InvalidArgument` where the bin is not longer than nothing; `LimitExceeded` for more than [`BINS_MAX`] bins.
    pub fn histogram(&self, bin: Span) -> Result<Table> {
        let bin = bin.as_micros();
        if bin <= 0 {
            return Err(invalid_argument(format!(
                "a bin of a histogram takes time: {} does not",
                Span::from_micros(bin)
            )));
        }
        let bins = self.whole_micros.last().map_or(0, |last| (*last / bin) as u64 + 1);
        if bins > BINS_MAX {
            let message = format!("{bins} bins are more than the limit {BINS_MAX}: take longer bins");
            return Err(limit_exceeded(message));
        }
        let mut counts = vec![0i64; bins as usize];
        self.whole_micros.iter().for_each(|micros| counts[(micros / bin) as usize] += 1);
        let seconds = |bins: usize| bins as f64 * (bin as f64 / MICROS_PER_SECOND as f64);
        Table::new(counts.len())
            .with("from_seconds", (0..counts.len()).map(seconds).collect::<Vec<_>>())?
            .with("until_seconds", (1..=counts.len()).map(seconds).collect::<Vec<_>>())?
            .with("count", counts)
    }

    /// The share that has converted by each time since the start, where pending entries count for as long as they have
    /// been open, see [`CurvePoint`]. A point for each distinct time of conversion, ascending.
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        conversion_curve(&self.whole_micros, &self.open_micros, self.lost_count)
    }

    /// The curve as a table: `seconds`, `at_risk_count`, `converted_count`, `ratio`, `ratio_low`, `ratio_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn curve_table(&self) -> Result<Table> {
        let points = self.curve();
        let seconds = points.iter().map(|point| point.after_micros as f64 / MICROS_PER_SECOND as f64);
        Table::new(points.len())
            .with("seconds", seconds.collect::<Vec<_>>())?
            .with("at_risk_count", points.iter().map(|point| point.at_risk_count as i64).collect::<Vec<_>>())?
            .with("converted_count", points.iter().map(|point| point.converted_count as i64).collect::<Vec<_>>())?
            .with("ratio", points.iter().map(|point| point.ratio).collect::<Vec<_>>())?
            .with("ratio_low", points.iter().map(|point| point.interval.map(|one| one.low)).collect::<Vec<_>>())?
            .with("ratio_high", points.iter().map(|point| point.interval.map(|one| one.high)).collect::<Vec<_>>())
    }
}
