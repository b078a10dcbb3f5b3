//! How long users stay in a stage.

use serde::{Deserialize, Serialize};

use super::history::StageHistories;
use crate::analytics::quantile::quantile;
use crate::error::Result;
use crate::survival::{ProductLimit, risk_steps};
use crate::table::Table;
use crate::time::MICROS_PER_DAY;

/// The stays in one stage. Days are units of 24 hours, with a fraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DwellTime {
    /// The stage.
    pub stage: String,
    /// Stays that began and ended.
    pub closed_count: u64,
    /// Stays that began and had not ended: how long they will last is not known, only that it is longer than so far.
    pub open_count: u64,
    /// Stays of which nobody knows when they began. They are in no number of days.
    pub unbounded_count: u64,
    /// The mean of the closed stays, which are the shorter ones.
    pub closed_mean_days: Option<f64>,
    /// The median of the closed stays.
    pub closed_median_days: Option<f64>,
    /// The median of the open stays so far.
    pub open_median_days: Option<f64>,
    /// The median of all stays that began, open ones taken as censored (Kaplan–Meier); `None` where fewer than half
    /// have ended by any length seen.
    pub median_days: Option<f64>,
}

/// The stays of all users by stage, in the order of the lifecycle. Takes a sort of the stays.
#[must_use]
pub fn dwell_times(histories: &StageHistories) -> Vec<DwellTime> {
    let mut stays: Vec<Stays> = vec![Stays::default(); histories.stages().len()];
    for spell in histories.spells() {
        let stays = &mut stays[usize::from(spell.stage)];
        match (spell.from, spell.until) {
            (None, _) => stays.unbounded_count += 1,
            (Some(from), Some(until)) => stays.closed.push(until.saturating_sub(from)),
            (Some(from), None) => stays.open.push(histories.until().as_micros().saturating_sub(from)),
        }
    }
    histories.stages().iter().zip(stays).map(|(stage, stays)| stays.summarize(stage)).collect()
}

/// Lengths in microseconds.
#[derive(Debug, Clone, Default)]
struct Stays {
    closed: Vec<i64>,
    open: Vec<i64>,
    unbounded_count: u64,
}

impl Stays {
    fn summarize(mut self, stage: &str) -> DwellTime {
        self.closed.sort_unstable();
        self.open.sort_unstable();
        let total: i128 = self.closed.iter().map(|length| i128::from(*length)).sum();
        let closed_count = self.closed.len() as u64;
        DwellTime {
            stage: stage.to_owned(),
            closed_count,
            open_count: self.open.len() as u64,
            unbounded_count: self.unbounded_count,
            closed_mean_days: (closed_count > 0).then(|| days(total as f64 / closed_count as f64)),
            closed_median_days: median_days(&self.closed),
            open_median_days: median_days(&self.open),
            median_days: censored_median(&self.closed, &self.open).map(|length| days(length as f64)),
        }
    }
}

fn days(micros: f64) -> f64 {
    micros / MICROS_PER_DAY as f64
}

fn median_days(lengths: &[i64]) -> Option<f64> {
    quantile(lengths.len(), 1, 2, |index| days(lengths[index] as f64))
}

/// The least length at which the estimated share of stays that last longer is at most one half, see [`ProductLimit`]. A
/// stay that is open at the length of an end is still under way there.
fn censored_median(closed: &[i64], open: &[i64]) -> Option<i64> {
    let mut estimate = ProductLimit::default();
    let mut steps = risk_steps(closed, open, 0);
    let half = steps.find(|step| {
        estimate.step(step.at_risk_count, step.event_count);
        estimate.is_at_most(0.5)
    });
    half.map(|step| step.time)
}

/// A row per stage: `stage`, `closed_count`, `open_count`, `unbounded_count`, `closed_mean_days`, `closed_median_days`,
/// `open_median_days`, `median_days`.
///
/// # Errors
/// None in practice: the columns have one length and distinct names.
pub fn dwell_table(dwell_times: &[DwellTime]) -> Result<Table> {
    let counts = |count: fn(&DwellTime) -> u64| dwell_times.iter().map(|dwell| count(dwell) as i64).collect::<Vec<_>>();
    let floats = |value: fn(&DwellTime) -> Option<f64>| dwell_times.iter().map(value).collect::<Vec<_>>();
    Table::new(dwell_times.len())
        .with("stage", dwell_times.iter().map(|dwell| dwell.stage.as_str()).collect::<Vec<_>>())?
        .with("closed_count", counts(|dwell| dwell.closed_count))?
        .with("open_count", counts(|dwell| dwell.open_count))?
        .with("unbounded_count", counts(|dwell| dwell.unbounded_count))?
        .with("closed_mean_days", floats(|dwell| dwell.closed_mean_days))?
        .with("closed_median_days", floats(|dwell| dwell.closed_median_days))?
        .with("open_median_days", floats(|dwell| dwell.open_median_days))?
        .with("median_days", floats(|dwell| dwell.median_days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_stays_lengthen_the_median() {
        assert_eq!(censored_median(&[1, 2, 3, 4], &[]), Some(2));
        assert_eq!(censored_median(&[1, 2, 3], &[9, 9, 9]), Some(3));
        assert_eq!(censored_median(&[1, 2], &[9, 9, 9]), None, "three of five are still there");
        // Freireich et al. (1963), 6-MP: remissions of 21 patients, median 23 weeks.
        let (ended, censored) = ([6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        assert_eq!(censored_median(&ended, &censored), Some(23));
        assert_eq!(censored_median(&[], &[1]), None);
    }
}
