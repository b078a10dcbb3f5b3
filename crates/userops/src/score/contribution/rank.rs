//! Ranks: how many users of a population have less of something.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, invalid_definition};
use crate::score::cut::ROWS_PER_TASK;
use crate::score::measure::check_type;
use crate::score::{MeasureValue, MeasureValues};
use crate::value::ValueType;

/// The distinct values of one dimension over a population, and how many users stay below each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RankTable {
    Integer(Steps<i64>),
    Float(Steps<f64>),
}

/// Distinct values, ascending, and for each the number of users below it, with the number of all users put last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StepsData<T>", bound(deserialize = "T: Deserialize<'de> + PartialOrd"))]
pub(super) struct Steps<T> {
    values: Vec<T>,
    below: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepsData<T> {
    values: Vec<T>,
    below: Vec<u64>,
}

impl<T: PartialOrd> TryFrom<StepsData<T>> for Steps<T> {
    type Error = Error;

    fn try_from(StepsData { values, below }: StepsData<T>) -> Result<Self> {
        let ascends = values.is_sorted_by(|a, b| a < b) && below.is_sorted_by(|a, b| a < b);
        if values.is_empty() || below.len() != values.len() + 1 || below[0] != 0 || !ascends {
            return Err(invalid_definition(
                "a table of ranks has ascending values, and one number more of users below, ascending from 0",
            ));
        }
        Ok(Self { values, below })
    }
}

impl<T: Copy + PartialOrd> Steps<T> {
    /// The table of values in ascending order.
    fn from_sorted(sorted: &[T]) -> Self {
        let (mut values, mut below) = (Vec::new(), Vec::new());
        for (row, value) in sorted.iter().enumerate() {
            if values.last() != Some(value) {
                values.push(*value);
                below.push(row as u64);
            }
        }
        below.push(sorted.len() as u64);
        Self { values, below }
    }

    fn user_count(&self) -> u64 {
        self.below.last().copied().unwrap_or_default()
    }

    fn worse(&self, value: T) -> u64 {
        self.below[self.values.partition_point(|other| *other < value)]
    }
}

impl RankTable {
    /// The table of a population of finite values.
    pub(super) fn fit(values: MeasureValues<'_>) -> Self {
        match values {
            MeasureValues::Integer(values) => {
                let mut sorted = values.to_vec();
                sorted.par_sort_unstable();
                Self::Integer(Steps::from_sorted(&sorted))
            }
            MeasureValues::Float(values) => {
                let mut sorted = values.to_vec();
                sorted.par_sort_unstable_by(f64::total_cmp);
                Self::Float(Steps::from_sorted(&sorted))
            }
        }
    }

    pub(super) fn value_type(&self) -> ValueType {
        match self {
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
        }
    }

    /// How many users the table was made of.
    pub(super) fn user_count(&self) -> u64 {
        match self {
            Self::Integer(steps) => steps.user_count(),
            Self::Float(steps) => steps.user_count(),
        }
    }

    /// How many users of the population have strictly less than this; `TypeMismatch` for a value of another type.
    pub(super) fn worse(&self, value: MeasureValue) -> Result<u64> {
        check_type(self.value_type(), value.value_type())?;
        Ok(match (self, value) {
            (Self::Integer(steps), MeasureValue::Integer(value)) => steps.worse(value),
            (Self::Float(steps), MeasureValue::Float(value)) => steps.worse(value),
            _ => 0,
        })
    }

    /// Adds `weight` · [`RankTable::worse`] of each row to `sums`.
    pub(super) fn add_worse(&self, values: MeasureValues<'_>, weight: f64, sums: &mut [f64]) -> Result<()> {
        check_type(self.value_type(), values.value_type())?;
        match (self, values) {
            (Self::Integer(steps), MeasureValues::Integer(values)) => add_worse(steps, values, weight, sums),
            (Self::Float(steps), MeasureValues::Float(values)) => add_worse(steps, values, weight, sums),
            _ => {}
        }
        Ok(())
    }
}

fn add_worse<T: Copy + PartialOrd + Sync>(steps: &Steps<T>, values: &[T], weight: f64, sums: &mut [f64]) {
    sums.par_iter_mut().zip(values).with_min_len(ROWS_PER_TASK).for_each(|(sum, value)| {
        *sum += weight * steps.worse(*value) as f64;
    });
}
