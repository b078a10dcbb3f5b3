//! Lives as they are read from the rows of a table.

use super::options::GROUPS_MAX;
use crate::column::Column;
use crate::error::{Result, empty, invalid_argument, limit_exceeded, type_mismatch};
use crate::table::Table;

/// The rows of which everything is known, by their duration.
#[derive(Debug)]
pub(super) struct Lives {
    /// Durations, ascending.
    pub(super) durations: Vec<f64>,
    /// Whether the event ended each.
    pub(super) is_event: Vec<bool>,
    /// The row of the table that each is.
    pub(super) rows: Vec<usize>,
    /// Rows of which the duration, the event or something else that is needed is unknown.
    pub(super) left_out_count: u64,
}

impl Lives {
    /// Reads the rows of which the duration, the event and all `others` are known. Lives of one duration keep the
    /// order of the table.
    ///
    /// # Errors
    /// `UnknownName`; `TypeMismatch` where a column is not of the type asked for; `InvalidArgument` for a duration
    /// below 0 or that is no number, and for an event that is neither; `Empty` where no row is left.
    pub(super) fn read(table: &Table, duration: &str, event: &str, others: &[&Column]) -> Result<Self> {
        let (durations, events) = (table.column(duration)?, table.column(event)?);
        let mut lives: Vec<(f64, bool, usize)> = Vec::with_capacity(table.row_count());
        for row in 0..table.row_count() {
            let known = (read_duration(durations, duration, row)?, read_event(events, event, row)?);
            let (Some(duration), Some(is_event)) = known else { continue };
            if others.iter().all(|column| column.get(row).is_some()) {
                lives.push((duration, is_event, row));
            }
        }
        if lives.is_empty() {
            return Err(empty(format!(
                "no row of {} has a known {duration:?}, {event:?} and whatever else is asked for",
                table.row_count()
            )));
        }
        lives.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self {
            left_out_count: (table.row_count() - lives.len()) as u64,
            durations: lives.iter().map(|life| life.0).collect(),
            is_event: lives.iter().map(|life| life.1).collect(),
            rows: lives.iter().map(|life| life.2).collect(),
        })
    }

    /// How many lives there are.
    pub(super) fn len(&self) -> usize {
        self.durations.len()
    }

    /// How many of them the event ended.
    pub(super) fn event_count(&self) -> u64 {
        self.is_event.iter().filter(|is_event| **is_event).count() as u64
    }

    /// The end of the lives that have the duration of the one at `start`.
    pub(super) fn tie_end(&self, start: usize) -> usize {
        let time = self.durations[start];
        start + self.durations[start..].partition_point(|other| *other <= time)
    }
}

fn read_duration(column: &Column, name: &str, row: usize) -> Result<Option<f64>> {
    let value = match column {
        Column::Integer(values) => values.get(row).map(|value| value as f64),
        Column::Float(values) => values.get(row),
        other => {
            return Err(type_mismatch(format!(
                "the column {name:?} of durations is of type {}, where numbers are needed",
                other.value_type()
            )));
        }
    };
    match value {
        Some(value) if !value.is_finite() || value < 0.0 => {
            Err(invalid_argument(format!("{name:?} is {value} in row {row}: a duration is a number from 0 on")))
        }
        // Zero has two signs, which would not be tied.
        other => Ok(other.map(|value| value + 0.0)),
    }
}

fn read_event(column: &Column, name: &str, row: usize) -> Result<Option<bool>> {
    match column {
        Column::Bool(values) => Ok(values.get(row)),
        Column::Integer(values) => match values.get(row) {
            None => Ok(None),
            Some(value @ (0 | 1)) => Ok(Some(value == 1)),
            Some(other) => Err(invalid_argument(format!(
                "{name:?} is {other} in row {row}: say 1 where the event happened, and 0 where it has not yet"
            ))),
        },
        other => Err(type_mismatch(format!(
            "the column {name:?} of events is of type {}, where booleans or 0 and 1 are needed",
            other.value_type()
        ))),
    }
}

/// The groups of the lives: for each life the number of its group, and the names of the groups, ascending.
///
/// # Errors
/// `LimitExceeded` for more than [`GROUPS_MAX`] groups.
pub(super) fn read_groups(column: &Column, name: &str, lives: &Lives) -> Result<(Vec<usize>, Vec<String>)> {
    let mut values: Vec<(crate::value::Value, Vec<usize>)> = Vec::new();
    for (life, row) in lives.rows.iter().enumerate() {
        let Some(value) = column.get(*row) else { continue };
        match values.iter_mut().find(|(known, _)| known.as_ref() == value) {
            Some((_, members)) => members.push(life),
            None => values.push((value.to_owned(), vec![life])),
        }
        if values.len() > GROUPS_MAX {
            return Err(limit_exceeded(format!(
                "the column {name:?} has more than {GROUPS_MAX} values: take one that tells a few groups apart"
            )));
        }
    }
    let mut groups: Vec<(String, Vec<usize>)> =
        values.into_iter().map(|(value, members)| (value.to_string(), members)).collect();
    sort_groups(column, &mut groups);
    let mut group_of = vec![0; lives.len()];
    for (number, (_, members)) in groups.iter().enumerate() {
        members.iter().for_each(|life| group_of[*life] = number);
    }
    Ok((group_of, groups.into_iter().map(|(name, _)| name).collect()))
}

/// Whole numbers go by their value, everything else by its text.
fn sort_groups(column: &Column, groups: &mut [(String, Vec<usize>)]) {
    match column {
        Column::Integer(_) => groups.sort_by_key(|(name, _)| name.parse::<i64>().unwrap_or(0)),
        _ => groups.sort(),
    }
}
