//! What the models know of a customer: how often, how lately, how long observed.

use serde::{Deserialize, Serialize};

use super::read::{Rows, numbers, whole_numbers};
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The most repeat purchases of a customer: likelihoods keep a number for each.
pub const REPEATS_MAX: u32 = 1_000_000;

/// One customer: repeat purchases, when the last was, and how long the customer has been observed.
///
/// Time counts from the customer's first purchase, which is not one of the repeats, in the unit that the model was
/// fitted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseHistory {
    /// How many repeat purchases there are.
    pub x: u32,
    /// When the last one was: the customer's age at the last purchase. 0 without repeats.
    pub t_x: f64,
    /// How long the customer has been observed: the literature's T.
    pub age: f64,
}

impl PurchaseHistory {
    /// A customer with so many repeats, the last at `t_x`, observed until `age`.
    ///
    /// # Errors
    /// `InvalidArgument` unless 0 ≤ `t_x` ≤ `age` are finite, `t_x` is 0 exactly where `x` is, and `x` is at most
    /// [`REPEATS_MAX`].
    pub fn new(x: u32, t_x: f64, age: f64) -> Result<Self> {
        let trouble = if !age.is_finite() || age < 0.0 {
            format!("T is {age}: a customer is observed for a time from 0 on")
        } else if !t_x.is_finite() || t_x < 0.0 {
            format!("t_x is {t_x}: the last purchase is a time from 0 on after the first")
        } else if t_x > age {
            format!("t_x is {t_x}, more than T, which is {age}: a purchase after the end is not observed")
        } else if (x == 0) != (t_x == 0.0) {
            format!(
                "t_x is {t_x} with x = {x}: t_x is 0 exactly where nothing was bought again; merge purchases of one day"
            )
        } else if x > REPEATS_MAX {
            format!("x is {x}, more than {REPEATS_MAX}: take the purchases of a longer period together")
        } else {
            // Zero has two signs, which would not be grouped.
            return Ok(Self { x, t_x: t_x + 0.0, age: age + 0.0 });
        };
        Err(invalid_argument(trouble))
    }

    /// As the bits of three words, whose order is that of the values.
    pub(super) fn key(&self) -> (u32, u64, u64) {
        (self.x, self.t_x.to_bits(), self.age.to_bits())
    }
}

/// Reads the columns `x`, `t_x`, `T`, and `count` where there is one. A row with something unknown is left out.
pub(crate) fn read_histories(table: &Table) -> Result<Rows<PurchaseHistory>> {
    let x = whole_numbers(table, "x", u64::from(REPEATS_MAX))?;
    let (t_x, age) = (numbers(table, "t_x")?, numbers(table, "T")?);
    Rows::read(table, |row| match (x(row)?, t_x(row)?, age(row)?) {
        // No more than REPEATS_MAX, as was checked.
        (Some(x), Some(t_x), Some(age)) => PurchaseHistory::new(x as u32, t_x, age).map(Some),
        _ => Ok(None),
    })
}
