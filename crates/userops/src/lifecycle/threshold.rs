//! Thresholds from the product's own gaps: how long those who come back stay away.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::standard::LifecycleThresholds;
use crate::analytics::counted_event::CountedEvents;
use crate::analytics::period::CalendarPeriod;
use crate::analytics::period_bits::PeriodBits;
use crate::analytics::period_grid::PeriodGrid;
use crate::error::{Result, empty, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// Four of five returns come sooner than dormancy begins.
pub const DORMANT_QUANTILE: f64 = 0.80;
/// Nineteen of twenty returns come sooner than churn begins.
pub const CHURN_QUANTILE: f64 = 0.95;
/// Fewer gaps do not place a quantile of 95 % to better than a few ranks.
pub const GAPS_MIN: u64 = 30;

/// How thresholds are derived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeriveOptions {
    /// The share of gaps that are over before dormancy begins; between 0 and 1.
    pub dormant_quantile: f64,
    /// The share of gaps that are over before churn begins; above `dormant_quantile`, below 1.
    pub churn_quantile: f64,
    /// Fewer gaps are refused.
    pub gaps_min: u64,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self { dormant_quantile: DORMANT_QUANTILE, churn_quantile: CHURN_QUANTILE, gaps_min: GAPS_MIN }
    }
}

impl DeriveOptions {
    /// Refuses quantiles that are out of order.
    pub(crate) fn check(&self) -> Result<()> {
        let (dormant, churn) = (self.dormant_quantile, self.churn_quantile);
        if 0.0 < dormant && dormant < churn && churn < 1.0 {
            return Ok(());
        }
        Err(invalid_argument(format!(
            "the quantiles of dormancy ({dormant}) and churn ({churn}) lie between 0 and 1, that of churn above"
        )))
    }
}

/// Derived thresholds, with the rule that made them and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedThresholds {
    /// The thresholds; counts of active days are those given.
    pub thresholds: LifecycleThresholds,
    /// The quantiles used.
    pub options: DeriveOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Closed gaps: days from one active day of a user to the next.
    pub gap_count: u64,
    /// Users whose silence since their last active day is still open. Their gaps are not in the quantiles, which
    /// therefore speak of those who came back, not of everybody.
    pub open_gap_count: u64,
    /// The median closed gap: half of the gaps are at most this long.
    pub median_days: u32,
    /// The share of closed gaps that are shorter than `dormant_days`.
    pub shorter_than_dormant_ratio: f64,
    /// The share of closed gaps that are shorter than `churn_days`.
    pub shorter_than_churn_ratio: f64,
    /// Whether the quantiles fell on one day, and churn was put on the day after dormancy.
    pub churn_raised: bool,
    /// The rule in words.
    pub rule: String,
}

/// Derives the days of dormancy and churn from the gaps between active days, of events that have happened at `as_of`.
///
/// Dormancy begins on the first day after the last active one by which at least `dormant_quantile` of all closed gaps
/// were over, and churn likewise. Who returns from churn is reactivated for as long as dormancy takes to begin. All
/// gaps of all users count alike. `given` says which events are activity, and its counts of active days are kept.
///
/// # Errors
/// `UnknownName` for an event that the log does not have; `InvalidArgument` for quantiles out of order; `Empty` with
/// fewer closed gaps than `gaps_min`; `InvalidDefinition` where the counts of active days are out of order.
pub fn derive_thresholds(
    log: &EventLog,
    as_of: Timestamp,
    given: &LifecycleThresholds,
    options: DeriveOptions,
) -> Result<DerivedThresholds> {
    options.check()?;
    let counts = CountedEvents::new(log, &given.activity)?;
    let gaps = Gaps::of(log, as_of, &counts);
    let (gap_count, open_gap_count) = (gaps.count(), gaps.open);
    if gap_count < options.gaps_min.max(1) {
        return Err(empty(format!(
            "closed gaps between active days: {gap_count}, fewer than the {} that thresholds are derived from; give \
             dormant_days and churn_days yourself",
            options.gaps_min.max(1)
        )));
    }
    let dormant_days = gaps.first_day_over(options.dormant_quantile);
    let churn_days = gaps.first_day_over(options.churn_quantile);
    let churn_raised = churn_days == dormant_days;
    let churn_days = if churn_raised { dormant_days.saturating_add(1) } else { churn_days };
    let thresholds = LifecycleThresholds { dormant_days, churn_days, reactivated_days: dormant_days, ..given.clone() };
    thresholds.check()?;
    let shorter = |days: u32| gaps.shorter(days) as f64 / gap_count as f64;
    Ok(DerivedThresholds {
        rule: format!(
            "dormancy begins on day {dormant_days} of silence, by which {} of {gap_count} closed gaps between active \
             days were over; churn on day {churn_days}, by which {} were{}; {open_gap_count} open gaps are left out",
            percent(shorter(dormant_days)),
            percent(shorter(churn_days)),
            if churn_raised { " (both quantiles fell on one day, so churn begins on the next)" } else { "" }
        ),
        options,
        as_of,
        gap_count,
        open_gap_count,
        median_days: gaps.first_day_over(0.5) - 1,
        shorter_than_dormant_ratio: shorter(dormant_days),
        shorter_than_churn_ratio: shorter(churn_days),
        churn_raised,
        thresholds,
    })
}

/// Gaps of fewer days are counted by their length; longer ones, which are rare, are looked up.
const SHORT_GAP_DAYS: usize = 1_024;

/// How many gaps between active days there are of each length.
#[derive(Debug)]
struct Gaps {
    short: Vec<u64>,
    long: BTreeMap<u32, u64>,
    /// How many users are silent since their last active day.
    open: u64,
}

impl Gaps {
    /// The gaps of all users of a log.
    fn of(log: &EventLog, as_of: Timestamp, counts: &CountedEvents) -> Self {
        let calendar = log.calendar(as_of);
        let today = calendar.day(as_of).0;
        let Some(grid) = PeriodGrid::of_log(log, &calendar, CalendarPeriod::Day, as_of) else { return Self::none() };
        let part = |users: Range<usize>| {
            let (mut gaps, mut days) = (Self::none(), PeriodBits::default());
            for user in users {
                let events = log.events_of(UserIx(user as u32)).until(as_of);
                grid.scan_counted(&events, counts, &mut days);
                let mut before = None;
                for day in days.iter() {
                    if let Some(before) = before {
                        *gaps.slot(day - before) += 1;
                    }
                    before = Some(day);
                }
                gaps.open += u64::from(before.is_some_and(|last| grid.number(last) < today));
            }
            gaps
        };
        log.thread_ranges().into_par_iter().map(part).reduce(Self::none, |one, other| one.join(&other))
    }

    fn none() -> Self {
        Self { short: vec![0; SHORT_GAP_DAYS], long: BTreeMap::new(), open: 0 }
    }

    fn slot(&mut self, days: u32) -> &mut u64 {
        match self.short.get_mut(days as usize) {
            Some(slot) => slot,
            None => self.long.entry(days).or_default(),
        }
    }

    fn join(mut self, other: &Self) -> Self {
        other.by_length().for_each(|(days, count)| *self.slot(days) += count);
        self.open += other.open;
        self
    }

    /// The lengths that occur, ascending, each with how often.
    fn by_length(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let short = (0..).zip(self.short.iter().copied()).filter(|(_, count)| *count > 0);
        short.chain(self.long.iter().map(|(days, count)| (*days, *count)))
    }

    fn count(&self) -> u64 {
        self.by_length().map(|(_, count)| count).sum()
    }

    /// How many are shorter than this.
    fn shorter(&self, days: u32) -> u64 {
        self.by_length().take_while(|(length, _)| *length < days).map(|(_, count)| count).sum()
    }

    /// The least number of days such that at least this share of the gaps is shorter.
    fn first_day_over(&self, quantile: f64) -> u32 {
        // 0.55 · 20 is a little more than 11 in floating point, and is meant to be 11.
        let rank = (quantile * self.count() as f64 * (1.0 - f64::EPSILON)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reached = self.by_length().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map_or(1, |(days, _)| days.saturating_add(1))
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.1} %", 100.0 * ratio)
}
