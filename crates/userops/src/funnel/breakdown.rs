//! Conversion by the value of an attribute or property.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::Funnel;
use super::measure::{ConversionStep, LevelTally, add_step_columns, gather, steps_of};
use crate::column::Column;
use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::log::EventLog;
use crate::table::Table;
use crate::time::Timestamp;
use crate::value::{Value, ValueRef, ValueType};

/// The most groups of one answer; more are values that want bins.
pub const GROUPS_MAX: usize = 10_000;

/// What entries are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Breakdown {
    /// An attribute of the user.
    Attribute(String),
    /// A property of the first event of the entry.
    First(String),
    /// A property of the last event of the entry.
    Last(String),
    /// A property of the (first) event of a step, counted from 1. It is unknown for who did not do the step.
    Step {
        /// The property.
        property: String,
        /// The number of the step.
        step: u32,
    },
    /// A property of each step's own (first) event: an entry is counted at every step under the value that it has
    /// there.
    EachStep(String),
}

impl Breakdown {
    fn name(&self) -> &str {
        match self {
            Self::Attribute(name) | Self::First(name) | Self::Last(name) | Self::EachStep(name) => name,
            Self::Step { property, .. } => property,
        }
    }
}

/// The entries of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakdownGroup {
    /// The value; `None` where it is unknown.
    pub value: Option<Value>,
    /// The entries by the level that they came to; the first is level 1. With [`Breakdown::EachStep`] an entry is here
    /// under the value of its last event.
    pub tallies: Vec<LevelTally>,
    /// For each step how many events of it have the value; with [`Breakdown::EachStep`] only, else empty.
    pub step_counts: Vec<u64>,
}

/// Conversion by value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionBreakdown {
    /// What was asked for.
    pub funnel: Funnel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// What entries are grouped by.
    pub breakdown: Breakdown,
    /// Ascending by value, the unknown one last.
    pub groups: Vec<BreakdownGroup>,
}

/// The entries of one group in one part.
#[derive(Debug, Clone)]
struct Group {
    /// A row of the column that has the value.
    row: Option<usize>,
    tallies: Vec<LevelTally>,
    step_counts: Vec<u64>,
}

/// Conversion by the value of an attribute or property.
///
/// The groups add up to the whole of [`measure_conversion`](super::measure_conversion), but for the counts of
/// [`Breakdown::EachStep`], which add up step by step. The cost is that of the whole, and for properties the events of
/// each entry besides.
///
/// # Errors
/// Those of [`measure_conversion`](super::measure_conversion); `UnknownName` for an attribute or property
/// that the log does not have; `InvalidArgument` for a step that the funnel does not have; `LimitExceeded` for more
/// than [`GROUPS_MAX`] values.
pub fn break_down_conversion(
    log: &EventLog,
    as_of: Timestamp,
    funnel: &Funnel,
    breakdown: &Breakdown,
) -> Result<ConversionBreakdown> {
    let count = funnel.steps.len();
    let by_event = !matches!(breakdown, Breakdown::Attribute(_));
    let column = if by_event { log.property(breakdown.name())? } else { log.attributes().column(breakdown.name())? };
    if let Breakdown::Step { step, .. } = breakdown
        && !(1..=count).contains(&(*step as usize))
    {
        return Err(invalid_argument(format!("there is no step {step}: the funnel has {count} steps, counted from 1")));
    }
    let parts = gather(
        log,
        as_of,
        funnel,
        by_event,
        |_| BTreeMap::<Option<i64>, Group>::new(),
        |part, plan, user, entry, events| {
            let row_of =
                |step: u8| events.iter().find(|one| plan.slots[usize::from(one.0)].step == step).map(|one| one.1);
            let row = match breakdown {
                Breakdown::Attribute(_) => Some(user),
                Breakdown::First(_) => events.iter().map(|(_, row)| *row).min(),
                Breakdown::Last(_) | Breakdown::EachStep(_) => events.iter().map(|(_, row)| *row).max(),
                Breakdown::Step { step, .. } => row_of(*step as u8 - 1),
            };
            group(part, column, row, count)?.tallies[usize::from(entry.level) - 1].add(entry.status);
            if matches!(breakdown, Breakdown::EachStep(_)) {
                for step in 0..plan.step_count {
                    if let Some(row) = row_of(step) {
                        group(part, column, Some(row), count)?.step_counts[usize::from(step)] += 1;
                    }
                }
            }
            Ok(())
        },
    )?;
    let mut whole = BTreeMap::<Option<i64>, Group>::new();
    for (_, part) in parts.into_iter().flatten() {
        let sum = group(&mut whole, column, part.row, count)?;
        sum.tallies.iter_mut().zip(&part.tallies).for_each(|(sum, tally)| sum.merge(tally));
        sum.step_counts.iter_mut().zip(&part.step_counts).for_each(|(sum, count)| *sum += count);
    }
    let unknown = whole.remove(&None);
    let each_step = matches!(breakdown, Breakdown::EachStep(_));
    let groups = whole.into_values().chain(unknown).map(|group| BreakdownGroup {
        value: group.row.and_then(|row| column.get(row)).map(ValueRef::to_owned),
        tallies: group.tallies,
        step_counts: if each_step { group.step_counts } else { Vec::new() },
    });
    Ok(ConversionBreakdown { funnel: funnel.clone(), as_of, breakdown: breakdown.clone(), groups: groups.collect() })
}

fn group<'a>(
    groups: &'a mut BTreeMap<Option<i64>, Group>,
    column: &Column,
    row: Option<usize>,
    steps: usize,
) -> Result<&'a mut Group> {
    let key = row.and_then(|row| order_key(column, row));
    if !groups.contains_key(&key) && groups.len() >= GROUPS_MAX {
        return Err(limit_exceeded(format!(
            "a breakdown has more than {GROUPS_MAX} values: take an attribute or property of fewer values"
        )));
    }
    let row = row.filter(|_| key.is_some());
    let empty = || Group { row, tallies: vec![LevelTally::default(); steps], step_counts: vec![0; steps] };
    Ok(groups.entry(key).or_insert_with(empty))
}

/// A number that orders the values of a column; `None` for an unknown one.
fn order_key(column: &Column, row: usize) -> Option<i64> {
    match column {
        // Codes are in the order of the texts.
        Column::Text(texts) => texts.codes.get(row).map(i64::from),
        Column::Integer(values) | Column::Time(values) => values.get(row),
        Column::Date(values) => values.get(row).map(i64::from),
        other => match other.get(row)? {
            ValueRef::Bool(value) => Some(i64::from(value)),
            ValueRef::Float(value) => {
                // The bits of a float, turned so that they ascend with it; both zeros are one.
                let bits = (value + 0.0).to_bits() as i64;
                Some(bits ^ (((bits >> 63) as u64) >> 1) as i64)
            }
            _ => None,
        },
    }
}

impl BreakdownGroup {
    /// Each step of the funnel that was asked for, as [`Conversion::steps`](super::Conversion::steps) of this group.
    #[must_use]
    pub fn steps(&self, funnel: &Funnel) -> Vec<ConversionStep> {
        steps_of(funnel, &self.tallies)
    }
}

impl ConversionBreakdown {
    /// A row per value and step: `value`, and the columns of [`Conversion::to_table`](super::Conversion::to_table).
    /// With [`Breakdown::EachStep`] the columns are `value`, `step`, `name` and `count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let count = self.funnel.steps.len();
        let each = |group: &BreakdownGroup| std::iter::repeat_n(group.value.clone(), count);
        let values: Vec<Option<Value>> = self.groups.iter().flat_map(each).collect();
        let value_type = values.iter().flatten().next().map_or(ValueType::Text, Value::value_type);
        let steps: Vec<_> = self.groups.iter().flat_map(|group| steps_of(&self.funnel, &group.tallies)).collect();
        let table = Table::new(steps.len()).with("value", Column::from_values(value_type, &values))?;
        if !matches!(self.breakdown, Breakdown::EachStep(_)) {
            return add_step_columns(table, &steps);
        }
        let counts = self.groups.iter().flat_map(|group| group.step_counts.iter().map(|count| *count as i64));
        table
            .with("step", steps.iter().map(|step| step.step).collect::<Vec<_>>())?
            .with("name", Column::texts(steps.iter().map(|step| Some(step.name.as_str()))))?
            .with("count", counts.collect::<Vec<i64>>())
    }
}
