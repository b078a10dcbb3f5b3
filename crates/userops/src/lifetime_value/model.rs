//! The value of one customer to come, as a pure function, and of the customers of a table.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::options::LifetimeValueOptions;
use crate::btyd::{
    BtydModel, GammaGamma, PurchaseHistory, PurchaseModel, SpendHistory, has, numbers, read_histories, read_spends,
};
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// All that a predicted value needs: how customers buy, what they spend, and what is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeValueModel {
    /// BG/NBD, MBG/NBD or Pareto/NBD.
    pub purchases: BtydModel,
    /// What a purchase is worth.
    pub spend: GammaGamma,
    /// Horizon, margin and discount.
    #[serde(default)]
    pub options: LifetimeValueOptions,
}

/// What one customer will bring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictedValue {
    /// Purchases within the horizon; `None` for ever.
    pub expected_purchases: Option<f64>,
    /// The same, each counted for what it is worth today: equal to them without a discount.
    pub discounted_purchases: f64,
    /// What a purchase is worth in the mean; `None` where it is unknown or infinite.
    pub expected_spend: Option<f64>,
    /// Margin × spend × discounted purchases, in the unit of money of the data; `None` where the spend is.
    pub predicted_value: Option<f64>,
}

/// A customer as a row of a table tells: unknown where something needed is.
pub(super) type CustomerRow = Option<(PurchaseHistory, Option<SpendHistory>)>;

/// Reads `x`, `t_x`, `T` and `mean_spend`.
pub(super) fn read_customers(customers: &Table) -> Result<Vec<CustomerRow>> {
    let (histories, spends) = (read_histories(customers)?.rows, read_spends(customers)?.rows);
    Ok(histories.into_iter().zip(spends).map(|(history, spend)| history.map(|history| (history, spend))).collect())
}

/// Purchases within the horizon, and the same at what they are worth today.
pub(super) fn discounted_purchases(
    model: &dyn PurchaseModel,
    options: &LifetimeValueOptions,
    history: &PurchaseHistory,
) -> Result<(Option<f64>, f64)> {
    let alive = model.alive(history);
    let Some(count) = options.period_count else {
        return Ok((None, model.discounted(alive, history, options.continuous_rate())?));
    };
    if options.discount_rate == 0.0 {
        let expected = model.expected(alive, history, f64::from(count) * options.period);
        return Ok((Some(expected), expected));
    }
    let (mut before, mut worth, mut sum) = (0.0, 1.0, 0.0);
    for end in 1..=count {
        let bought = model.expected(alive, history, f64::from(end) * options.period);
        worth /= 1.0 + options.discount_rate;
        sum += (bought - before) * worth;
        before = bought;
    }
    Ok((Some(before), sum))
}

impl LifetimeValueModel {
    /// Refuses parameters and options that cannot be.
    ///
    /// # Errors
    /// `InvalidDefinition` for parameters; `InvalidArgument` for options, and for a model of purchases that is none or that
    /// has no value for ever.
    pub fn check(&self) -> Result<()> {
        self.purchases.check()?;
        BtydModel::GammaGamma(self.spend).check()?;
        self.options.check()?;
        let model = self.purchases.purchases()?;
        if self.options.period_count.is_none() {
            // A model without a closed form says so whoever the customer is.
            model
                .discounted(1.0, &PurchaseHistory { x: 0, t_x: 0.0, age: 0.0 }, self.options.continuous_rate())
                .map_err(|_| {
                    invalid_argument(format!(
                        "{} has no value for ever in closed form: say a period_count, or take pareto_nbd",
                        self.purchases.kind().name()
                    ))
                })?;
        }
        Ok(())
    }

    /// What one customer will bring.
    ///
    /// # Errors
    /// Those of [`LifetimeValueModel::check`].
    pub fn predict(&self, history: &PurchaseHistory, spend: &SpendHistory) -> Result<PredictedValue> {
        self.check()?;
        self.predict_with(&*self.purchases.purchases()?, history, Some(spend))
    }

    pub(super) fn predict_with(
        &self,
        purchases: &dyn PurchaseModel,
        history: &PurchaseHistory,
        spend: Option<&SpendHistory>,
    ) -> Result<PredictedValue> {
        let (expected_purchases, discounted_purchases) = discounted_purchases(purchases, &self.options, history)?;
        let expected_spend = spend.and_then(|spend| self.spend.expected_spend(spend));
        let predicted_value = expected_spend.map(|spend| self.options.margin_ratio * spend * discounted_purchases);
        Ok(PredictedValue { expected_purchases, discounted_purchases, expected_spend, predicted_value })
    }

    /// What each customer of a table will bring: a row for each, unknown where the row is.
    ///
    /// Reads `x`, `t_x`, `T` and `mean_spend`, and `spend`, all that was spent, where there is one. Tells `user` where there is
    /// one, `expected_purchases` (but for ever), `discounted_purchases`, `expected_spend`, `predicted_value`, and with `spend`
    /// also `historic_value`, which is the margin of it, and `total_value`, the sum of both. Values are of
    /// [`LifetimeValueOptions::formula`]. A discount costs as many looks at the model as there are periods.
    ///
    /// # Errors
    /// Those of [`LifetimeValueModel::check`]; `UnknownName`, `TypeMismatch` and `InvalidArgument` for the columns.
    pub fn score(&self, customers: &Table) -> Result<Table> {
        self.check()?;
        let purchases = self.purchases.purchases()?;
        let rows = read_customers(customers)?;
        let predict = |row: &CustomerRow| {
            row.as_ref().map(|(history, spend)| self.predict_with(&*purchases, history, spend.as_ref())).transpose()
        };
        let predicted: Vec<Option<PredictedValue>> = rows.par_iter().map(predict).collect::<Result<_>>()?;
        let historic = historic_values(customers, self.options.margin_ratio)?;
        value_table(customers, &predicted, historic.as_deref(), self.options.period_count.is_some())
    }
}

/// The margin of what was spent, where a column `spend` says.
pub(super) fn historic_values(customers: &Table, margin_ratio: f64) -> Result<Option<Vec<Option<f64>>>> {
    if !has(customers, "spend") {
        return Ok(None);
    }
    let spend = numbers(customers, "spend")?;
    let value = |row: usize| {
        let spend = spend(row).map_err(|error| error.at(format!("row {row}")))?;
        Ok(spend.map(|spend| margin_ratio * spend))
    };
    (0..customers.row_count()).map(value).collect::<Result<_>>().map(Some)
}

/// The columns that [`LifetimeValueModel::score`] tells.
pub(super) fn value_table(
    customers: &Table,
    predicted: &[Option<PredictedValue>],
    historic: Option<&[Option<f64>]>,
    has_horizon: bool,
) -> Result<Table> {
    let column = |value: &dyn Fn(&PredictedValue) -> Option<f64>| -> Vec<Option<f64>> {
        predicted.iter().map(|one| one.as_ref().and_then(value)).collect()
    };
    let mut table = Table::new(predicted.len());
    if let Ok(users) = customers.column("user") {
        table.push("user", users.clone())?;
    }
    if has_horizon {
        table.push("expected_purchases", column(&|one| one.expected_purchases).into())?;
    }
    let table = table
        .with("discounted_purchases", column(&|one| Some(one.discounted_purchases)))?
        .with("expected_spend", column(&|one| one.expected_spend))?
        .with("predicted_value", column(&|one| one.predicted_value))?;
    let Some(historic) = historic else { return Ok(table) };
    let total =
        |(one, historic): (&Option<PredictedValue>, &Option<f64>)| Some(one.as_ref()?.predicted_value? + (*historic)?);
    table
        .with("historic_value", historic.to_vec())?
        .with("total_value", predicted.iter().zip(historic).map(total).collect::<Vec<_>>())
}
