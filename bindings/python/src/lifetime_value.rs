//! Customer lifetime value: what customers have brought, and what they will bring.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::btyd as core_btyd;
use userops::lifetime_value::{self as core, LifetimeValueOptions, ValueGroups, ValueShare, WinBackOptions};

use crate::btyd::{BtydFit, BtydModel};
use crate::data;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::run;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;

/// A row is looked at as many times, and more: so few rows take long.
const LOOKS_PER_ROW: usize = 100;

/// All that a predicted value needs: how customers buy, what they spend, and what is asked.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LifetimeValueModel {
    model: core::LifetimeValueModel,
}

#[pymethods]
impl LifetimeValueModel {
    #[new]
    #[pyo3(signature = (purchases, spend, **options))]
    fn new(purchases: &BtydModel, spend: &BtydModel, options: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let core_btyd::BtydModel::GammaGamma(spend) = spend.model else {
            let name = spend.model.kind().name();
            return Err(invalid_argument(format!("the model of spend is {name}; it is gamma_gamma")));
        };
        let options: LifetimeValueOptions = data::read_options("options of a value", options)?;
        let model = core::LifetimeValueModel { purchases: purchases.model, spend, options };
        model.check()?;
        Ok(Self { model })
    }

    /// How customers buy.
    #[getter]
    fn purchases(&self) -> BtydModel {
        BtydModel { model: self.model.purchases }
    }

    /// What a purchase is worth.
    #[getter]
    fn spend(&self) -> BtydModel {
        BtydModel { model: core_btyd::BtydModel::GammaGamma(self.model.spend) }
    }

    /// Horizon, margin and discount.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.model.options)
    }

    /// The formula of a predicted value, with its numbers.
    #[getter]
    fn formula(&self) -> String {
        self.model.options.formula()
    }

    /// A row per customer: what each will bring.
    fn score(&self, customers: &Bound<'_, PyAny>) -> Result<Table> {
        let (model, table) = (self.model.clone(), Table::read(customers)?);
        let looks = table.row_count().saturating_mul(LOOKS_PER_ROW);
        Ok(run(customers.py(), looks, move || model.score(&table))??.into())
    }

    /// Lost customers, ranked by their value times the chance that they return.
    #[pyo3(signature = (customers, **options))]
    fn rank_win_back(&self, customers: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<Table> {
        let options: WinBackOptions = data::read_options("options of win-back", options)?;
        let (model, table) = (self.model.clone(), Table::read(customers)?);
        let looks = table.row_count();
        Ok(run(customers.py(), looks, move || model.rank_win_back(&table, &options))??.into())
    }

    /// The model as JSON.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.model)
    }

    /// The model of a JSON text.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        let model: core::LifetimeValueModel = data::from_text("model", text)?;
        model.check()?;
        Ok(Self { model })
    }

    fn __repr__(&self) -> String {
        format!("<LifetimeValueModel: {} by {}>", self.model.options.formula(), self.model.purchases.kind().name())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (data::to_text(&self.model)?,))?)
    }
}

/// The values of the customers of a table, and how sure they are.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LifetimeValueForecast {
    forecast: core::LifetimeValueForecast,
}

#[pymethods]
impl LifetimeValueForecast {
    /// All that scores another customer alike.
    #[getter]
    fn model(&self) -> LifetimeValueModel {
        LifetimeValueModel { model: self.forecast.model.clone() }
    }

    /// The formula of a predicted value, with its numbers.
    #[getter]
    fn formula(&self) -> String {
        self.forecast.model.options.formula()
    }

    /// What is weak about the two fits: a dict for each.
    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.forecast.notes)
    }

    fn __len__(&self) -> usize {
        self.forecast.customers.len()
    }

    /// A row per customer.
    fn to_table(&self) -> Result<Table> {
        Ok(self.forecast.to_table()?.into())
    }

    /// One row: the formula in words and numbers, and the values of all customers.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.forecast.to_summary_table()?.into())
    }

    /// A row per group of customers.
    #[pyo3(signature = (customers, **groups))]
    fn to_group_table(&self, customers: &Bound<'_, PyAny>, groups: Option<&Bound<'_, PyDict>>) -> Result<Table> {
        let groups: ValueGroups = data::read_options("groups", groups)?;
        Ok(self.forecast.to_group_table(&*Table::read(customers)?, groups)?.into())
    }

    /// A row for each thing that is weak about the fits.
    fn to_note_table(&self) -> Result<Table> {
        Ok(self.forecast.to_note_table()?.into())
    }

    fn __repr__(&self) -> String {
        let options = &self.forecast.model.options;
        format!("<LifetimeValueForecast: {} customers, {}>", self.forecast.customers.len(), options.formula())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.forecast)?,))?)
    }

    /// The forecast of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { forecast: data::from_text("forecast", text)? })
    }
}

/// What the customers of a table have brought and will bring, with intervals.
#[pyfunction]
#[pyo3(signature = (customers, purchases, spend, **options))]
pub(crate) fn forecast_lifetime_value(
    customers: &Bound<'_, PyAny>,
    purchases: &BtydFit,
    spend: &BtydFit,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<LifetimeValueForecast> {
    let options: LifetimeValueOptions = data::read_options("options of a value", options)?;
    let (table, purchases, spend) = (Table::read(customers)?, purchases.fit.clone(), spend.fit.clone());
    let looks = table.row_count().saturating_mul(LOOKS_PER_ROW);
    let forecast = move || core::forecast_lifetime_value(&table, &purchases, &spend, options);
    Ok(LifetimeValueForecast { forecast: run(customers.py(), looks, forecast)?? })
}

/// How much the most valuable customers carry: a row for each share of them.
#[pyfunction]
pub(crate) fn share_of_top(values: Vec<Option<f64>>, customer_ratios: Vec<f64>) -> Result<Table> {
    Ok(ValueShare::table(&core::share_of_top(&values, &customer_ratios)?)?.into())
}
