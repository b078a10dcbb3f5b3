//! Whether groups differ in how long they last.

use crate::analytics::information::Information;
use serde::{Deserialize, Serialize};

use super::life::{Lives, read_groups};
use super::options::LogRankOptions;
use crate::analytics::distribution::chi_square_tail;
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// What is left of a variance after elimination is taken for nothing below this part of the greatest one.
const RANK_TOLERANCE: f64 = 1e-10;

/// One group, as it is and as it would be if all groups were alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRankGroup {
    /// The value that makes the group.
    pub group: String,
    /// How many lives it has.
    pub row_count: u64,
    /// How many of them the event ended.
    pub event_count: u64,
    /// How many events it would have if all at risk had the same risk at every time.
    pub expected_count: f64,
}

/// The log-rank test of groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRank {
    /// What was asked for.
    pub options: LogRankOptions,
    /// The groups, in the order of their values.
    pub groups: Vec<LogRankGroup>,
    /// The statistic.
    pub chi_square: f64,
    /// Its degrees of freedom: one fewer than the groups, and one fewer for each group that no event can tell apart.
    pub degrees: u32,
    /// The probability of such a statistic or a greater one where the groups are alike; `None` without a degree of
    /// freedom.
    pub p_value: Option<f64>,
    /// Rows that are left out because something is unknown of them.
    pub left_out_count: u64,
}

/// Asks whether groups differ in how long they last, from the rows of a table.
///
/// The statistic is (O − E)ᵀ V⁻¹ (O − E) of the observed and expected events of all groups but one, with the
/// covariance V of the hypergeometric distribution at each time: Mantel, "Evaluation of Survival Data and Two New
/// Rank Order Statistics Arising in its Consideration", Cancer Chemotherapy Reports 50 (1966), 163–170; for more than
/// two groups Peto & Peto, Journal of the Royal Statistical Society A 135 (1972), 185–207. Rows as in
/// [`estimate_survival`](super::estimate_survival). Takes O(n log n + times · groups²).
///
/// # Errors
/// Those of [`estimate_survival`](super::estimate_survival); `InvalidArgument` where there are fewer than two groups.
pub fn compare_survival(table: &Table, options: impl Into<LogRankOptions>) -> Result<LogRank> {
    let options = options.into();
    let column = table.column(&options.group)?;
    let lives = Lives::read(table, &options.duration, &options.event, &[column])?;
    let (group_of, names) = read_groups(column, &options.group, &lives)?;
    if names.len() < 2 {
        let message = format!("the column {:?} has one value, {:?}: a comparison takes two", options.group, names[0]);
        return Err(invalid_argument(message));
    }
    let mut tally = Tally::new(&group_of, names.len());
    let mut start = 0;
    while start < lives.len() {
        let end = lives.tie_end(start);
        tally.step(&group_of[start..end], &lives.is_event[start..end]);
        start = end;
    }
    let differences: Vec<f64> =
        tally.observed.iter().zip(&tally.expected).map(|(observed, expected)| *observed as f64 - expected).collect();
    let (chi_square, degrees) = tally.variance.quadratic_form(&differences, RANK_TOLERANCE);
    let group = |(number, group): (usize, String)| LogRankGroup {
        group,
        row_count: group_of.iter().filter(|of| **of == number).count() as u64,
        event_count: tally.observed[number],
        expected_count: tally.expected[number],
    };
    Ok(LogRank {
        groups: names.into_iter().enumerate().map(group).collect(),
        chi_square,
        degrees,
        p_value: (degrees > 0).then(|| chi_square_tail(chi_square, degrees)),
        left_out_count: lives.left_out_count,
        options,
    })
}

/// Sums over times in ascending order.
struct Tally {
    /// Who of each group is at risk.
    at_risk: Vec<u64>,
    observed: Vec<u64>,
    expected: Vec<f64>,
    /// The covariance of observed events, singular by one since all groups together are certain.
    variance: Information,
    /// The events of the time at hand.
    events: Vec<u64>,
}

impl Tally {
    fn new(group_of: &[usize], groups: usize) -> Self {
        let mut at_risk = vec![0; groups];
        group_of.iter().for_each(|group| at_risk[*group] += 1);
        let (observed, events) = (vec![0; groups], vec![0; groups]);
        Self { at_risk, observed, expected: vec![0.0; groups], variance: Information::new(groups), events }
    }

    /// One time, at which these lives end, some by the event.
    fn step(&mut self, groups: &[usize], is_event: &[bool]) {
        self.events.fill(0);
        for (group, is_event) in groups.iter().zip(is_event) {
            self.events[*group] += u64::from(*is_event);
        }
        let (events, all) = (self.events.iter().sum::<u64>(), self.at_risk.iter().sum::<u64>());
        if events > 0 {
            let share = |group: usize| self.at_risk[group] as f64 / all as f64;
            // Who is alone has nobody to differ from.
            let scale = if all > 1 { events as f64 * (all - events) as f64 / (all - 1) as f64 } else { 0.0 };
            for group in 0..self.at_risk.len() {
                self.observed[group] += self.events[group];
                self.expected[group] += events as f64 * share(group);
                if self.at_risk[group] == 0 {
                    continue;
                }
                for other in 0..group {
                    self.variance.add(group, other, -scale * share(group) * share(other));
                }
                let others = (all - self.at_risk[group]) as f64 / all as f64;
                self.variance.add(group, group, scale * share(group) * others);
            }
        }
        groups.iter().for_each(|group| self.at_risk[*group] -= 1);
    }
}

impl LogRank {
    /// A row per group: `group`, `row_count`, `event_count`, `expected_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let groups = &self.groups;
        Table::new(groups.len())
            .with("group", groups.iter().map(|one| one.group.as_str()).collect::<Vec<_>>())?
            .with("row_count", groups.iter().map(|one| one.row_count as i64).collect::<Vec<_>>())?
            .with("event_count", groups.iter().map(|one| one.event_count as i64).collect::<Vec<_>>())?
            .with("expected_count", groups.iter().map(|one| one.expected_count).collect::<Vec<_>>())
    }

    /// One row: `chi_square`, `degrees`, `p_value`, `left_out_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("chi_square", vec![self.chi_square])?
            .with("degrees", vec![self.degrees])?
            .with("p_value", vec![self.p_value])?
            .with("left_out_count", vec![self.left_out_count as i64])
    }
}
