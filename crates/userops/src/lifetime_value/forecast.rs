//! Values with how sure they are, by what is known of the parameters: the delta method.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::{
    CustomerRow, LifetimeValueModel, PredictedValue, discounted_purchases, historic_values, read_customers, value_table,
};
use super::options::LifetimeValueOptions;
use crate::analytics::interval::{Interval, Z_95};
use crate::btyd::{BtydFit, BtydModel, FitNote, GammaGamma, PurchaseHistory, PurchaseModel, SpendHistory};
use crate::column::Column;
use crate::error::{Result, invalid_argument, invalid_definition};
use crate::table::Table;

/// Parameters of a model of purchases.
const PURCHASE_PARAMETERS: usize = 4;
/// Parameters of both models.
const PARAMETERS: usize = PURCHASE_PARAMETERS + 3;
/// How far a parameter's logarithm is moved for a difference: its square is below what a standard error is known to.
const STEP: f64 = 1e-4;

/// By how much a value grows with the logarithm of each parameter.
pub(super) type Gradient = [f64; PARAMETERS];

/// What one customer brought and will bring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerValue {
    /// What is expected; `None` where the row says too little.
    pub predicted: Option<PredictedValue>,
    /// The margin of what was spent; `None` where it is unknown.
    pub historic_value: Option<f64>,
    /// By how much the predicted value grows with the logarithm of each parameter: those of purchases, then those of spend.
    pub gradient: [f64; PARAMETERS],
}

/// The values of the customers of a table, and how sure they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeValueForecast {
    /// All that scores another customer alike.
    pub model: LifetimeValueModel,
    /// A row for each of the table.
    pub customers: Vec<CustomerValue>,
    /// What is weak about the two fits; empty where nothing is.
    pub notes: Vec<FitNote>,
    /// The covariance of the logarithms of the parameters, those of purchases first; `None` where a fit does not settle them:
    /// then there are no intervals.
    pub log_covariance: Option<Vec<Vec<f64>>>,
    /// The ids of the customers, where the table had some.
    pub(super) users: Option<Column>,
    has_spend: bool,
}

/// What the customers of a table have brought and will bring, with 95 % intervals.
///
/// Reads what [`LifetimeValueModel::score`] does. Where the options name no unit of time, it is that of the fit. The intervals are by
/// the delta method, in the logarithm of the value: they say how sure the *expected* value is, given how sure the two fits
/// are of their parameters, which are taken to be independent of each other. They do not say how far one customer may fall
/// from what is expected. Costs nine times what the values alone do.
///
/// # Errors
/// `InvalidDefinition` for a fit whose covariance is not of its parameters;
/// `InvalidArgument` where the first fit is of no model of purchases, or the second not of Gamma-Gamma; those of
/// [`LifetimeValueModel::score`].
pub fn forecast_lifetime_value(
    customers: &Table,
    purchases: &BtydFit,
    spend: &BtydFit,
    options: impl Into<LifetimeValueOptions>,
) -> Result<LifetimeValueForecast> {
    let mut options = options.into();
    let BtydModel::GammaGamma(spend_model) = spend.model else {
        let name = spend.model.kind().name();
        return Err(invalid_argument(format!("the fit of spend is of {name}; it is one of gamma_gamma")));
    };
    options.time_unit = options.time_unit.or_else(|| purchases.options.time_unit.clone());
    let model = LifetimeValueModel { purchases: purchases.model, spend: spend_model, options };
    model.check()?;
    let log_covariance = log_covariance(purchases, spend)?;
    let moved = Moved::new(&model)?;
    let historic = historic_values(customers, model.options.margin_ratio)?;
    let value = |(row, customer): (usize, &CustomerRow)| {
        let historic_value = historic.as_ref().and_then(|values| values[row]);
        let (predicted, gradient) = match customer {
            None => (None, [0.0; PARAMETERS]),
            Some((history, spend)) => moved.predict(&model, history, spend.as_ref())?,
        };
        Ok(CustomerValue { predicted, historic_value, gradient })
    };
    let values = read_customers(customers)?.par_iter().enumerate().map(value).collect::<Result<_>>()?;
    Ok(LifetimeValueForecast {
        model,
        customers: values,
        notes: purchases.notes.iter().chain(&spend.notes).cloned().collect(),
        log_covariance,
        users: customers.column("user").ok().cloned(),
        has_spend: historic.is_some(),
    })
}

/// The covariance of the logarithms of all parameters: the two fits know nothing of each other.
fn log_covariance(purchases: &BtydFit, spend: &BtydFit) -> Result<Option<Vec<Vec<f64>>>> {
    let mut all = vec![vec![0.0; PARAMETERS]; PARAMETERS];
    for (fit, from) in [(purchases, 0), (spend, PURCHASE_PARAMETERS)] {
        let Some(covariance) = &fit.covariance else { return Ok(None) };
        let values: Vec<f64> = fit.model.parameters().into_iter().map(|(_, value)| value).collect();
        if covariance.len() != values.len() || covariance.iter().any(|row| row.len() != values.len()) {
            return Err(invalid_definition(format!(
                "the covariance of {} is not of {} rows and columns, one for each parameter",
                fit.model.kind().name(),
                values.len()
            )));
        }
        for (row, cells) in covariance.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                all[from + row][from + column] = cell / (values[row] * values[column]);
            }
        }
    }
    Ok(Some(all))
}

/// By how much the logarithm of p (v + x z) / (p x + q − 1) grows with those of p, q and v.
fn growth_of_spend(model: &GammaGamma, spend: &SpendHistory) -> [f64; PARAMETERS - PURCHASE_PARAMETERS] {
    let GammaGamma { p, q, v } = *model;
    let x = f64::from(spend.x);
    let total = if spend.x == 0 { 0.0 } else { x * spend.mean_spend };
    let below = p * x + q - 1.0;
    [(q - 1.0) / below, -q / below, v / (v + total)]
}

/// The model of purchases as it is, and with one parameter moved up or down.
struct Moved {
    purchases: Box<dyn PurchaseModel>,
    purchases_moved: Vec<[Box<dyn PurchaseModel>; 2]>,
}

impl Moved {
    fn new(model: &LifetimeValueModel) -> Result<Self> {
        let factors = [libm::exp(STEP), libm::exp(-STEP)];
        let kind = model.purchases.kind();
        let values: Vec<f64> = model.purchases.parameters().into_iter().map(|(_, value)| value).collect();
        let with = |place: usize, factor: f64| {
            let mut moved = [values[0], values[1], values[2], values[3]];
            moved[place] *= factor;
            BtydModel::of(kind, moved).purchases()
        };
        let both = |place| Ok([with(place, factors[0])?, with(place, factors[1])?]);
        Ok(Self {
            purchases: model.purchases.purchases()?,
            purchases_moved: (0..PURCHASE_PARAMETERS).map(both).collect::<Result<_>>()?,
        })
    }

    fn predict(
        &self,
        model: &LifetimeValueModel,
        history: &PurchaseHistory,
        spend: Option<&SpendHistory>,
    ) -> Result<(Option<PredictedValue>, Gradient)> {
        let predicted = model.predict_with(&*self.purchases, history, spend)?;
        let mut gradient = [0.0; PARAMETERS];
        let (Some(value), Some(spend)) = (predicted.predicted_value.filter(|value| *value > 0.0), spend) else {
            return Ok((Some(predicted), gradient));
        };
        // A value is a product: its logarithm grows as those of its factors do.
        for (slope, [up, down]) in gradient.iter_mut().zip(&self.purchases_moved) {
            let count = |moved: &dyn PurchaseModel| Ok(discounted_purchases(moved, &model.options, history)?.1);
            *slope = value * (libm::log(count(&**up)?) - libm::log(count(&**down)?)) / (2.0 * STEP);
        }
        for (slope, growth) in gradient[PURCHASE_PARAMETERS..].iter_mut().zip(growth_of_spend(&model.spend, spend)) {
            *slope = value * growth;
        }
        Ok((Some(predicted), gradient))
    }
}

impl LifetimeValueForecast {
    /// The standard error of a value with this gradient.
    pub(super) fn standard_error(&self, gradient: &Gradient) -> Option<f64> {
        let covariance = self.log_covariance.as_ref()?;
        let mut variance = 0.0;
        for (cells, one) in covariance.iter().zip(gradient) {
            variance += one * cells.iter().zip(gradient).map(|(cell, other)| cell * other).sum::<f64>();
        }
        Some(variance.max(0.0).sqrt()).filter(|error| error.is_finite())
    }

    /// The 95 % interval of a value with this standard error, in the value's logarithm, as a value is never below 0.
    pub(super) fn interval(value: f64, standard_error: f64) -> Interval {
        if value <= 0.0 {
            return Interval { low: value, high: value };
        }
        let spread = libm::exp(Z_95 * standard_error / value);
        Interval { low: value / spread, high: value * spread }
    }

    /// A row per customer: the columns of [`LifetimeValueModel::score`], then `predicted_standard_error`, `predicted_low` and
    /// `predicted_high`, which are unknown where the value or the parameters are.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let predicted: Vec<Option<PredictedValue>> = self.customers.iter().map(|customer| customer.predicted).collect();
        let historic: Option<Vec<Option<f64>>> =
            self.has_spend.then(|| self.customers.iter().map(|customer| customer.historic_value).collect());
        let mut customers = Table::new(self.customers.len());
        if let Some(users) = &self.users {
            customers.push("user", users.clone())?;
        }
        let has_horizon = self.model.options.period_count.is_some();
        let table = value_table(&customers, &predicted, historic.as_deref(), has_horizon)?;
        let error = |customer: &CustomerValue| {
            let value = customer.predicted?.predicted_value?;
            Some((value, self.standard_error(&customer.gradient)?))
        };
        let errors: Vec<Option<(f64, f64)>> = self.customers.iter().map(error).collect();
        let column = |end: &dyn Fn(Interval) -> f64| -> Vec<Option<f64>> {
            errors.iter().map(|one| one.map(|(value, error)| end(Self::interval(value, error)))).collect()
        };
        table
            .with("predicted_standard_error", errors.iter().map(|one| one.map(|(_, error)| error)).collect::<Vec<_>>())?
            .with("predicted_low", column(&|interval| interval.low))?
            .with("predicted_high", column(&|interval| interval.high))
    }

    /// One row: the formula in words, horizon, margin, discount and unit, the columns of [`LifetimeValueForecast::to_group_table`]
    /// for all customers, and `weak`, whether there is a note.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let options = &self.model.options;
        let all = self.group_rows(std::iter::once((0..self.customers.len()).collect()));
        Table::new(1)
            .with("formula", vec![options.formula()])?
            .with("model", vec![self.model.purchases.kind().name()])?
            .with("horizon", vec![options.horizon()])?
            .with("time_unit", vec![options.time_unit.as_deref()])?
            .with("period", vec![options.period])?
            .with("discount_rate", vec![options.discount_rate])?
            .with("margin_ratio", vec![options.margin_ratio])?
            .beside(&self.group_columns(&all)?)?
            .with("weak", vec![!self.notes.is_empty()])
    }

    /// A row per note of the fits: `kind`, `parameter`, `message`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_note_table(&self) -> Result<Table> {
        FitNote::table(&self.notes)
    }
}
