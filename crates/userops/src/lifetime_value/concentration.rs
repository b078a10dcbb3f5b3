//! Concentration: how few customers carry how much of the value.

use serde::{Deserialize, Serialize};

use crate::analytics::top::top_count;
use crate::error::{Result, empty, invalid_argument};
use crate::table::Table;

/// The share of all value that the most valuable customers carry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueShare {
    /// Which share of the customers they are.
    pub customer_ratio: f64,
    /// How many that is: rounded up, so that there is at least one.
    pub customer_count: u64,
    /// The sum of their values.
    pub value: f64,
    /// Its share of all value; `None` where all value is 0.
    pub value_ratio: Option<f64>,
    /// The value of the last of them: who has less is not among them.
    pub value_min: f64,
}

/// How much the most valuable customers carry, for each share of them that is asked for.
///
/// Values are ranked from the greatest on, and added up in that order. Unknown ones are left out before.
///
/// # Errors
/// `Empty` without a known value; `InvalidArgument` for a share that is not above 0 and at most 1, and for a value below 0
/// or not finite, of which a share means nothing.
pub fn share_of_top(values: &[Option<f64>], customer_ratios: &[f64]) -> Result<Vec<ValueShare>> {
    let mut known: Vec<f64> = values.iter().flatten().copied().collect();
    if known.is_empty() {
        return Err(empty(format!("none of {} values is known: there is nothing to share", values.len())));
    }
    if let Some(value) = known.iter().find(|value| !value.is_finite() || **value < 0.0) {
        let message = format!("a value is {value}; shares are of values from 0 on: leave it unknown, or take 0");
        return Err(invalid_argument(message));
    }
    known.sort_by(|one, other| other.total_cmp(one));
    let sums: Vec<f64> = known
        .iter()
        .scan(0.0, |sum, value| {
            *sum += value;
            Some(*sum)
        })
        .collect();
    let all = sums[sums.len() - 1];
    let share = |ratio: &f64| {
        if !(*ratio > 0.0 && *ratio <= 1.0) {
            return Err(invalid_argument(format!("a share of customers is {ratio}; it is above 0 and at most 1")));
        }
        let count = top_count(*ratio, known.len() as u64) as usize;
        let value = sums[count - 1];
        Ok(ValueShare {
            customer_ratio: *ratio,
            customer_count: count as u64,
            value,
            value_ratio: (all > 0.0).then(|| value / all),
            value_min: known[count - 1],
        })
    };
    customer_ratios.iter().map(share).collect()
}

impl ValueShare {
    /// A row for each: `customer_ratio`, `customer_count`, `value`, `value_ratio`, `value_min`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn table(shares: &[Self]) -> Result<Table> {
        Table::new(shares.len())
            .with("customer_ratio", shares.iter().map(|share| share.customer_ratio).collect::<Vec<_>>())?
            .with("customer_count", shares.iter().map(|share| share.customer_count as i64).collect::<Vec<_>>())?
            .with("value", shares.iter().map(|share| share.value).collect::<Vec<_>>())?
            .with("value_ratio", shares.iter().map(|share| share.value_ratio).collect::<Vec<_>>())?
            .with("value_min", shares.iter().map(|share| share.value_min).collect::<Vec<_>>())
    }
}
