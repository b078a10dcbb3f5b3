//! Who moved where between two instants, as a matrix that conserves users.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::definition::LifecycleDefinition;
use crate::column::TextColumn;
use crate::error::{Result, invalid_argument};
use crate::event::unknown;
use crate::table::Table;

/// Users by the stage before and the stage after; users in no stage, or not there yet, have a row and a column too.
///
/// Every user of the log is counted once. The counts of a row add up to the users who were in its stage before, those
/// of a column to the users who are in it after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Counts")]
pub struct TransitionMatrix {
    stages: Vec<String>,
    /// Row by row, `stages + 1` squared; the last row and column are "no stage".
    counts: Vec<u64>,
}

/// What serde reads, before it is known that the counts fit the stages.
#[derive(Deserialize)]
#[serde(rename = "TransitionMatrix")]
struct Counts {
    stages: Vec<String>,
    counts: Vec<u64>,
}

impl TryFrom<Counts> for TransitionMatrix {
    type Error = String;

    fn try_from(Counts { stages, counts }: Counts) -> std::result::Result<Self, String> {
        let width = stages.len() + 1;
        if counts.len() != width * width {
            return Err(format!("{} stages take {} counts, not {}", stages.len(), width * width, counts.len()));
        }
        Ok(Self { stages, counts })
    }
}

/// Counts the users of a log by their stage at two instants, given as columns with a row per user.
///
/// The stages are those of the columns' dictionaries, ascending by name; [`TransitionMatrix::between`] keeps the order
/// of a lifecycle.
///
/// # Errors
/// `InvalidArgument` where the columns differ in length.
pub fn transition_matrix(before: &TextColumn, after: &TextColumn) -> Result<TransitionMatrix> {
    let stages: BTreeSet<&str> = before.dictionary.iter().chain(after.dictionary.iter()).collect();
    count(stages.into_iter().map(str::to_owned).collect(), before, after)
}

fn count(stages: Vec<String>, before: &TextColumn, after: &TextColumn) -> Result<TransitionMatrix> {
    let (rows, other) = (before.codes.len(), after.codes.len());
    if rows != other {
        return Err(invalid_argument(format!(
            "the stages before have {rows} users and those after {other}; both are columns of one log"
        )));
    }
    let width = stages.len() + 1;
    let mut counts = vec![0; width * width];
    let names: Vec<&str> = stages.iter().map(String::as_str).collect();
    for (from, to) in positions(&names, before)?.zip(positions(&names, after)?) {
        counts[from * width + to] += 1;
    }
    Ok(TransitionMatrix { stages, counts })
}

/// The position of each user's stage; that of no stage comes after all others.
pub(super) fn positions<'a>(names: &[&str], column: &'a TextColumn) -> Result<impl Iterator<Item = usize> + use<'a>> {
    let none = names.len();
    let position = |name: &str| {
        let position = names.iter().position(|known| *known == name);
        position.ok_or_else(|| unknown("stage", name, names.iter().copied()))
    };
    let of_code: Vec<usize> = column.dictionary.iter().map(position).collect::<Result<_>>()?;
    Ok(column.codes.iter().map(move |code| code.and_then(|code| of_code.get(code as usize).copied()).unwrap_or(none)))
}

impl TransitionMatrix {
    /// The matrix of no user.
    #[must_use]
    pub fn empty(definition: &LifecycleDefinition) -> Self {
        let stages: Vec<String> = definition.names().map(str::to_owned).collect();
        let width = stages.len() + 1;
        Self { stages, counts: vec![0; width * width] }
    }

    /// The users by their stage at two instants, with the stages in the order of the lifecycle.
    ///
    /// # Errors
    /// `InvalidArgument` where the columns differ in length; `UnknownName` for a stage that the lifecycle does not have.
    pub fn between(definition: &LifecycleDefinition, before: &TextColumn, after: &TextColumn) -> Result<Self> {
        count(definition.names().map(str::to_owned).collect(), before, after)
    }

    /// The stages, in the order of rows and columns.
    #[must_use]
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// How many users moved from one stage to another; `None` stands for no stage.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn count(&self, from: Option<&str>, to: Option<&str>) -> Result<u64> {
        Ok(self.at(self.position(from)?, self.position(to)?))
    }

    /// How many users were in a stage before; `None` stands for no stage.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn count_before(&self, stage: Option<&str>) -> Result<u64> {
        Ok(self.row(self.position(stage)?).iter().sum())
    }

    /// How many users are in a stage after; `None` stands for no stage.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn count_after(&self, stage: Option<&str>) -> Result<u64> {
        let column = self.position(stage)?;
        Ok((0..self.width()).map(|row| self.at(row, column)).sum())
    }

    /// How many users there are in all.
    #[must_use]
    pub fn user_count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many users are in another stage than before, or came into one, or left for none.
    #[must_use]
    pub fn moved_count(&self) -> u64 {
        self.user_count() - (0..self.width()).map(|stage| self.at(stage, stage)).sum::<u64>()
    }

    /// Adds the counts of another period.
    ///
    /// # Errors
    /// `InvalidArgument` where the stages differ.
    pub fn pool(&mut self, other: &Self) -> Result<()> {
        if self.stages != other.stages {
            return Err(invalid_argument(format!(
                "transitions between {:?} cannot be pooled with those between {:?}",
                self.stages, other.stages
            )));
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| *count += other);
        Ok(())
    }

    /// A row per pair of stages that is not empty, in the order of stages: `from`, `to` (unknown for no stage),
    /// `user_count`, and `ratio`, the share of the users who were in `from`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let width = self.width();
        let cells: Vec<(usize, usize)> =
            (0..width * width).filter(|cell| self.counts[*cell] > 0).map(|cell| (cell / width, cell % width)).collect();
        let names = |pick: fn(&(usize, usize)) -> usize| {
            cells.iter().map(|cell| self.stages.get(pick(cell)).map(String::as_str)).collect::<Vec<_>>()
        };
        let ratio =
            |(from, to): &(usize, usize)| self.at(*from, *to) as f64 / self.row(*from).iter().sum::<u64>() as f64;
        Table::new(cells.len())
            .with("from", names(|cell| cell.0))?
            .with("to", names(|cell| cell.1))?
            .with("user_count", cells.iter().map(|(from, to)| self.at(*from, *to) as i64).collect::<Vec<_>>())?
            .with("ratio", cells.iter().map(ratio).collect::<Vec<_>>())
    }

    pub(super) fn width(&self) -> usize {
        self.stages.len() + 1
    }

    pub(super) fn at(&self, from: usize, to: usize) -> u64 {
        self.counts[from * self.width() + to]
    }

    pub(super) fn row(&self, from: usize) -> &[u64] {
        &self.counts[from * self.width()..(from + 1) * self.width()]
    }

    fn position(&self, stage: Option<&str>) -> Result<usize> {
        let Some(name) = stage else { return Ok(self.stages.len()) };
        let names = self.stages.iter().map(String::as_str);
        let position = names.clone().position(|known| known == name);
        position.ok_or_else(|| unknown("stage", name, names))
    }
}
