//! The ladder as a table and as text.

use std::fmt;

use super::build::Ladder;
use super::part::{DaySpread, Rung};
use crate::analytics::grid::{decimal, percent, percent_range, write_grid};
use crate::error::Result;
use crate::table::Table;

impl Ladder {
    /// The rungs as a table, one row each: `rung`, `name`, `reached_count`, `standing_count`, `conversion_ratio` with
    /// `conversion_low` and `conversion_high`, `share_ratio`, `days_mean`, `days_quartile_1`, `days_median`,
    /// `days_quartile_3`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rungs = self.rungs();
        let floats = |value: fn(&Rung) -> Option<f64>| rungs.iter().map(value).collect::<Vec<_>>();
        let counts = |value: fn(&Rung) -> u64| rungs.iter().map(|rung| value(rung) as i64).collect::<Vec<_>>();
        Table::new(rungs.len())
            .with("rung", rungs.iter().map(|rung| rung.number).collect::<Vec<_>>())?
            .with("name", rungs.iter().map(Rung::name).collect::<Vec<_>>())?
            .with("reached_count", counts(|rung| rung.reached_count))?
            .with("standing_count", counts(|rung| rung.standing_count))?
            .with("conversion_ratio", floats(|rung| rung.conversion?.ratio))?
            .with("conversion_low", floats(|rung| Some(rung.conversion?.interval?.low)))?
            .with("conversion_high", floats(|rung| Some(rung.conversion?.interval?.high)))?
            .with("share_ratio", floats(|rung| rung.share.ratio))?
            .with("days_mean", floats(|rung| Some(rung.days?.mean_days)))?
            .with("days_quartile_1", floats(|rung| Some(rung.days?.quartile_1_days)))?
            .with("days_median", floats(|rung| Some(rung.days?.median_days)))?
            .with("days_quartile_3", floats(|rung| Some(rung.days?.quartile_3_days)))
    }
}

impl fmt::Display for Ladder {
    /// A line per rung; intervals are 95 %, days are since the rung before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 9] =
            ["rung", "reached", "standing", "conversion", "interval", "of all", "mean days", "median", "quartiles"];
        let rows: Vec<Vec<String>> = self.rungs().iter().map(line).collect();
        write_grid(f, &HEADS, 1, &rows)
    }
}

fn line(rung: &Rung) -> Vec<String> {
    let days = |value: fn(DaySpread) -> f64| decimal(rung.days.map(value), 1);
    let quartiles = match rung.days {
        Some(days) => format!("{:.1}–{:.1}", days.quartile_1_days, days.quartile_3_days),
        None => decimal(None, 1),
    };
    vec![
        rung.name(),
        rung.reached_count.to_string(),
        rung.standing_count.to_string(),
        percent(rung.conversion.and_then(|conversion| conversion.ratio)),
        percent_range(rung.conversion.and_then(|conversion| conversion.interval)),
        percent(rung.share.ratio),
        days(|days| days.mean_days),
        days(|days| days.median_days),
        quartiles,
    ]
}
