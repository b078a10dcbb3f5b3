//! Win-back: who of those who are lost is worth the trouble.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::{LifetimeValueModel, read_customers};
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// Who is lost, and how many can be spoken to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinBackOptions {
    /// Who has been silent for at least so long is lost, in the unit of the data: the churn standard's answer, say.
    pub silent_at_least: f64,
    /// Within which time a return counts; that of the model unless said otherwise.
    #[serde(default)]
    pub horizon: Option<f64>,
    /// How many to name at most; all unless said otherwise.
    #[serde(default)]
    pub capacity: Option<u64>,
}

impl WinBackOptions {
    /// Who has been silent for at least so long is lost.
    #[must_use]
    pub fn new(silent_at_least: f64) -> Self {
        Self { silent_at_least, horizon: None, capacity: None }
    }

    /// The same with the time within which a return counts.
    #[must_use]
    pub fn horizon(mut self, horizon: f64) -> Self {
        self.horizon = Some(horizon);
        self
    }

    /// The same with so many named at most.
    #[must_use]
    pub fn capacity(mut self, capacity: u64) -> Self {
        self.capacity = Some(capacity);
        self
    }
}

struct Lost {
    row: usize,
    silent_for: f64,
    return_probability: f64,
    value_if_back: f64,
    expected_value: f64,
}

impl LifetimeValueModel {
    /// Lost customers, ranked by their value times the chance that they return.
    ///
    /// Reads what [`LifetimeValueModel::score`] does. Tells `row`, `user` where there is one, `silent_for` (the time since the last
    /// purchase), `return_probability` (of a purchase within the horizon), `value_if_back` (margin × spend × purchases within
    /// the horizon of somebody who does return, without a discount) and `expected_value`, their product, by which rows
    /// descend; equal ones are in the order of the table. Customers of whom something is unknown are not named.
    ///
    /// # Errors
    /// Those of [`LifetimeValueModel::score`]; `InvalidArgument` for options that cannot be, and where neither they nor the
    /// model have a horizon.
    pub fn rank_win_back(&self, customers: &Table, options: &WinBackOptions) -> Result<Table> {
        self.check()?;
        let horizon = horizon(self, options)?;
        let purchases = self.purchases.purchases()?;
        let rows = read_customers(customers)?;
        let mut lost: Vec<Lost> = rows
            .par_iter()
            .enumerate()
            .filter_map(|(row, customer)| {
                let (history, spend) = customer.as_ref()?;
                let silent_for = history.age - history.t_x;
                if silent_for < options.silent_at_least {
                    return None;
                }
                let spend = self.spend.expected_spend(spend.as_ref()?)?;
                let alive = purchases.alive(history);
                // Both are a share of what somebody who is there does: their ratio stands even where the chance is tiny.
                let returns = 1.0 - purchases.quiet(1.0, history, horizon);
                let worth = self.options.margin_ratio * spend * purchases.expected(1.0, history, horizon);
                let value_if_back = if returns > 0.0 { worth / returns } else { 0.0 };
                let (return_probability, expected_value) = (alive * returns, alive * worth);
                Some(Lost { row, silent_for, return_probability, value_if_back, expected_value })
            })
            .collect();
        lost.sort_by(|one, other| other.expected_value.total_cmp(&one.expected_value).then(one.row.cmp(&other.row)));
        lost.truncate(options.capacity.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)));
        let column = |value: &dyn Fn(&Lost) -> f64| lost.iter().map(value).collect::<Vec<_>>();
        let mut table =
            Table::new(lost.len()).with("row", lost.iter().map(|one| one.row as i64).collect::<Vec<_>>())?;
        if let Ok(users) = customers.column("user") {
            let ids: Vec<_> = lost.iter().map(|one| users.get(one.row).map(|id| id.to_owned())).collect();
            table.push("user", Column::from_values(users.value_type(), &ids))?;
        }
        table
            .with("silent_for", column(&|one| one.silent_for))?
            .with("return_probability", column(&|one| one.return_probability))?
            .with("value_if_back", column(&|one| one.value_if_back))?
            .with("expected_value", column(&|one| one.expected_value))
    }
}

fn horizon(model: &LifetimeValueModel, options: &WinBackOptions) -> Result<f64> {
    let WinBackOptions { silent_at_least, horizon, capacity } = options;
    if !silent_at_least.is_finite() || *silent_at_least < 0.0 {
        let message = format!("silent_at_least is {silent_at_least}; it is a time from 0 on, in the unit of the data");
        return Err(invalid_argument(message));
    }
    if *capacity == Some(0) {
        return Err(invalid_argument("capacity is 0; it is how many to name at most, from 1 on, or none for all"));
    }
    match horizon.or(model.options.horizon()) {
        Some(horizon) if horizon.is_finite() && horizon > 0.0 => Ok(horizon),
        Some(horizon) => Err(invalid_argument(format!("the horizon is {horizon}; it is a time above 0"))),
        None => Err(invalid_argument("the model looks ahead for ever: say within which horizon a return counts")),
    }
}
