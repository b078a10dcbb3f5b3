//! The mix: how many users are in each stage, at one instant and over time.

use serde::{Deserialize, Serialize};

use super::definition::LifecycleDefinition;
use super::transition::positions;
use crate::column::{Column, TextColumn};
use crate::error::{Result, invalid_argument};
use crate::table::Table;
use crate::time::Timestamp;

/// How many users are in each stage at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageMix {
    /// The instant.
    pub at: Timestamp,
    /// Users by stage, in the order of the lifecycle.
    pub user_counts: Vec<u64>,
    /// Users in no stage, those not there yet included.
    pub none_count: u64,
}

impl StageMix {
    /// Users in any stage.
    #[must_use]
    pub fn staged_count(&self) -> u64 {
        self.user_counts.iter().sum()
    }

    /// The share of a stage, by position, among users in any; `None` where nobody is in any, or there is no such stage.
    #[must_use]
    pub fn ratio(&self, position: usize) -> Option<f64> {
        let staged = self.staged_count();
        let count = *self.user_counts.get(position)?;
        (staged > 0).then(|| count as f64 / staged as f64)
    }
}

/// The mix at several instants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixOverTime {
    /// The stages, in the order of the lifecycle.
    pub stages: Vec<String>,
    /// The mix at each instant, in the order given.
    pub mixes: Vec<StageMix>,
}

/// Counts users by stage at several instants, from a column of stages for each.
///
/// # Errors
/// `InvalidArgument` where there are not as many columns as instants; `UnknownName` for a stage that the lifecycle
/// does not have.
pub fn mix_over_time(
    definition: &LifecycleDefinition,
    instants: &[Timestamp],
    columns: &[TextColumn],
) -> Result<MixOverTime> {
    if instants.len() != columns.len() {
        return Err(invalid_argument(format!(
            "{} columns of stages do not go with {} instants; there is one for each",
            columns.len(),
            instants.len()
        )));
    }
    let mixes = instants.iter().zip(columns).map(|(at, column)| mix_at(definition, *at, column));
    Ok(MixOverTime { stages: definition.names().map(str::to_owned).collect(), mixes: mixes.collect::<Result<_>>()? })
}

fn mix_at(definition: &LifecycleDefinition, at: Timestamp, column: &TextColumn) -> Result<StageMix> {
    let names: Vec<&str> = definition.names().collect();
    let mut user_counts = vec![0; names.len() + 1];
    for position in positions(&names, column)? {
        user_counts[position] += 1;
    }
    let none_count = user_counts.pop().unwrap_or(0);
    Ok(StageMix { at, user_counts, none_count })
}

impl MixOverTime {
    /// A row per instant and stage: `at`, `stage`, `user_count`, and `ratio` among the users in any stage.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let width = self.stages.len();
        let cells = || self.mixes.iter().flat_map(|mix| (0..width).map(move |stage| (mix, stage)));
        let at = cells().map(|(mix, _)| Some(mix.at.as_micros())).collect();
        Table::new(self.mixes.len() * width)
            .with("at", Column::Time(at))?
            .with("stage", cells().map(|(_, stage)| self.stages[stage].as_str()).collect::<Vec<_>>())?
            .with("user_count", cells().map(|(mix, stage)| mix.user_counts[stage] as i64).collect::<Vec<_>>())?
            .with("ratio", cells().map(|(mix, stage)| mix.ratio(stage)).collect::<Vec<_>>())
    }
}
