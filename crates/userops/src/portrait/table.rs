//! The portrait as tables and as text.

use std::fmt;

use super::{NumericSummary, Portrait, PortraitRow};
use crate::analytics::grid::{clip, decimal, percent, percent_range, write_grid};
use crate::error::Result;
use crate::table::Table;

impl Portrait {
    /// The rows as a table: `dimension`, `value`, `kind`, `suppressed`, `audience_count`, `audience_ratio` with
    /// `audience_low` and `audience_high`, `everyone_count`, `everyone_ratio`, `lift`. What is suppressed is unknown.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        let floats = |value: fn(&PortraitRow) -> Option<f64>| rows.iter().map(value).collect::<Vec<_>>();
        let counts = |value: fn(&PortraitRow) -> Option<u64>| {
            rows.iter().map(|row| value(row).map(|count| count as i64)).collect::<Vec<_>>()
        };
        Table::new(rows.len())
            .with("dimension", rows.iter().map(|row| row.dimension.as_str()).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.value.as_str()).collect::<Vec<_>>())?
            .with("kind", rows.iter().map(|row| row.kind.name()).collect::<Vec<_>>())?
            .with("suppressed", rows.iter().map(|row| row.suppressed).collect::<Vec<_>>())?
            .with("audience_count", counts(|row| row.audience_count))?
            .with("audience_ratio", floats(|row| row.audience_ratio))?
            .with("audience_low", floats(|row| Some(row.audience_interval?.low)))?
            .with("audience_high", floats(|row| Some(row.audience_interval?.high)))?
            .with("everyone_count", counts(|row| row.everyone_count))?
            .with("everyone_ratio", floats(|row| row.everyone_ratio))?
            .with("lift", floats(|row| row.lift))
    }

    /// The means and medians as a table: `dimension`, `suppressed`, `audience_mean`, `audience_median`,
    /// `everyone_mean`, `everyone_median`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let summaries = &self.summaries;
        let floats = |value: fn(&NumericSummary) -> Option<f64>| summaries.iter().map(value).collect::<Vec<_>>();
        Table::new(summaries.len())
            .with("dimension", summaries.iter().map(|summary| summary.dimension.as_str()).collect::<Vec<_>>())?
            .with("suppressed", summaries.iter().map(|summary| summary.suppressed).collect::<Vec<_>>())?
            .with("audience_mean", floats(|summary| summary.audience_mean))?
            .with("audience_median", floats(|summary| summary.audience_median))?
            .with("everyone_mean", floats(|summary| summary.everyone_mean))?
            .with("everyone_median", floats(|summary| summary.everyone_median))
    }
}

impl fmt::Display for Portrait {
    /// The two sizes, a line per row, and a line per summary; intervals are 95 %.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 8] = ["dimension", "value", "audience", "share", "interval", "everyone", "share", "lift"];
        const SUMMARY_HEADS: [&str; 5] =
            ["dimension", "audience mean", "audience median", "everyone mean", "everyone median"];
        writeln!(f, "{} of {} users", self.audience_count, self.everyone_count)?;
        write_grid(f, &HEADS, 2, &self.rows.iter().map(line).collect::<Vec<_>>())?;
        if self.summaries.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        write_grid(f, &SUMMARY_HEADS, 1, &self.summaries.iter().map(summary_line).collect::<Vec<_>>())
    }
}

fn line(row: &PortraitRow) -> Vec<String> {
    let count = |count: Option<u64>| count.map_or_else(|| "suppressed".to_owned(), |count| count.to_string());
    vec![
        clip(&row.dimension),
        clip(&row.value),
        count(row.audience_count),
        percent(row.audience_ratio),
        percent_range(row.audience_interval),
        count(row.everyone_count),
        percent(row.everyone_ratio),
        decimal(row.lift, 2),
    ]
}

fn summary_line(summary: &NumericSummary) -> Vec<String> {
    let numbers = [summary.audience_mean, summary.audience_median, summary.everyone_mean, summary.everyone_median];
    std::iter::once(clip(&summary.dimension)).chain(numbers.map(|number| decimal(number, 2))).collect()
}
