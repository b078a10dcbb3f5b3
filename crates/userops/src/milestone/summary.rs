//! How many reached each milestone, how many went on, and how long it took.

use serde::{Deserialize, Serialize};

use super::reach::MilestoneTable;
use crate::analytics::interval::Share;
use crate::analytics::ladder::DaySpread;
use crate::analytics::quantile::quantile;
use crate::error::Result;
use crate::table::Table;
use crate::time::MICROS_PER_DAY;

/// One milestone over all users. A user who skipped earlier milestones counts here, and not under `in_order`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MilestoneSummary {
    /// The milestone.
    pub name: String,
    /// Users who reached it.
    pub reached_count: u64,
    /// Of those who reached the milestone before, who reached this one too, earlier or later; `None` for the first.
    pub from_previous: Option<Share>,
    /// Of those who reached the first milestone, who reached this one too.
    pub from_first: Share,
    /// Days from the milestone before to this one, of users who reached both: negative where this one came earlier.
    pub days: Option<DaySpread>,
    /// The same of users who took the milestones in order.
    pub in_order: OrderedSummary,
}

/// One milestone over the users who reached it and all before it in order; equal instants are in order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OrderedSummary {
    /// Users who reached this milestone and all before it, none earlier than the one before.
    pub reached_count: u64,
    /// Of those who came so far as the milestone before in order; `None` for the first.
    pub from_previous: Option<Share>,
    /// Of those who reached the first.
    pub from_first: Share,
    /// Days from the milestone before to this one.
    pub days: Option<DaySpread>,
}

/// Summarizes the milestones, in their order. Takes O(users · milestones), and a sort of the gaps.
#[must_use]
pub fn summarize_milestones(table: &MilestoneTable) -> Vec<MilestoneSummary> {
    let columns: Vec<Vec<Option<i64>>> = table.columns().map(|(_, instants)| instants.iter().collect()).collect();
    let mut in_order = vec![true; columns.first().map_or(0, Vec::len)];
    let mut ordered_counts: Vec<u64> = Vec::new();
    let mut summaries = Vec::with_capacity(columns.len());
    for (index, (name, _)) in table.columns().enumerate() {
        let step = Step::take(&columns, index, &mut in_order);
        ordered_counts.push(step.ordered_count);
        let before = index.checked_sub(1);
        summaries.push(MilestoneSummary {
            name: name.to_owned(),
            reached_count: reached(&columns[index]),
            from_previous: before.map(|before| Share::new(step.gaps.len() as u64, reached(&columns[before]))),
            from_first: Share::new(step.from_first_count, reached(&columns[0])),
            days: spread(step.gaps),
            in_order: OrderedSummary {
                reached_count: step.ordered_count,
                from_previous: before.map(|before| Share::new(step.ordered_count, ordered_counts[before])),
                from_first: Share::new(step.ordered_count, ordered_counts[0]),
                days: spread(step.ordered_gaps),
            },
        });
    }
    summaries
}

fn reached(column: &[Option<i64>]) -> u64 {
    column.iter().flatten().count() as u64
}

/// What users did between one milestone and the one before it.
#[derive(Debug, Default)]
struct Step {
    from_first_count: u64,
    ordered_count: u64,
    /// Microseconds since the milestone before.
    gaps: Vec<i64>,
    ordered_gaps: Vec<i64>,
}

impl Step {
    /// Goes over all users. `in_order` says who took the milestones so far in order, and is brought up to date.
    fn take(columns: &[Vec<Option<i64>>], index: usize, in_order: &mut [bool]) -> Self {
        let mut step = Self::default();
        for (user, in_order) in in_order.iter_mut().enumerate() {
            let here = columns[index][user];
            let before = index.checked_sub(1).map(|before| columns[before][user]);
            let gap = here.zip(before.flatten()).map(|(here, before)| here.saturating_sub(before));
            step.gaps.extend(gap);
            step.from_first_count += u64::from(here.is_some() && columns[0][user].is_some());
            *in_order &= here.is_some() && (before.is_none() || gap.is_some_and(|gap| gap >= 0));
            if *in_order {
                step.ordered_count += 1;
                step.ordered_gaps.extend(gap);
            }
        }
        step
    }
}

fn spread(mut gaps: Vec<i64>) -> Option<DaySpread> {
    gaps.sort_unstable();
    let days = |index: usize| gaps[index] as f64 / MICROS_PER_DAY as f64;
    let total: i128 = gaps.iter().map(|gap| i128::from(*gap)).sum();
    Some(DaySpread {
        user_count: gaps.len() as u64,
        quartile_1_days: quantile(gaps.len(), 1, 4, days)?,
        median_days: quantile(gaps.len(), 1, 2, days)?,
        quartile_3_days: quantile(gaps.len(), 3, 4, days)?,
        mean_days: total as f64 / gaps.len() as f64 / MICROS_PER_DAY as f64,
    })
}

/// A row per milestone: `milestone`, `reached_count`, `from_previous_ratio`, `from_first_ratio`, `days_quartile_1`,
/// `days_median`, `days_quartile_3`, and the same of users who took them in order, with `ordered_` in front.
///
/// # Errors
/// None in practice: the columns have one length and distinct names.
pub fn summary_table(summaries: &[MilestoneSummary]) -> Result<Table> {
    let names = summaries.iter().map(|summary| summary.name.as_str()).collect::<Vec<_>>();
    let counts = |count: fn(&MilestoneSummary) -> u64| summaries.iter().map(|s| count(s) as i64).collect::<Vec<_>>();
    let floats = |value: fn(&MilestoneSummary) -> Option<f64>| summaries.iter().map(value).collect::<Vec<_>>();
    Table::new(summaries.len())
        .with("milestone", names)?
        .with("reached_count", counts(|summary| summary.reached_count))?
        .with("from_previous_ratio", floats(|summary| summary.from_previous?.ratio))?
        .with("from_first_ratio", floats(|summary| summary.from_first.ratio))?
        .with("days_quartile_1", floats(|summary| Some(summary.days?.quartile_1_days)))?
        .with("days_median", floats(|summary| Some(summary.days?.median_days)))?
        .with("days_quartile_3", floats(|summary| Some(summary.days?.quartile_3_days)))?
        .with("ordered_reached_count", counts(|summary| summary.in_order.reached_count))?
        .with("ordered_from_previous_ratio", floats(|summary| summary.in_order.from_previous?.ratio))?
        .with("ordered_from_first_ratio", floats(|summary| summary.in_order.from_first.ratio))?
        .with("ordered_days_quartile_1", floats(|summary| Some(summary.in_order.days?.quartile_1_days)))?
        .with("ordered_days_median", floats(|summary| Some(summary.in_order.days?.median_days)))?
        .with("ordered_days_quartile_3", floats(|summary| Some(summary.in_order.days?.quartile_3_days)))
}
