//! Buying till you die: how often customers will buy again, and who has left without saying so.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use serde_json::{Map, Value};
use userops::btyd::{
    self as core, BtydOptions, BtydScoreOptions, BtydSimulationOptions, NextPurchaseOptions, PurchaseOptions,
};

use crate::data;
use crate::failure::Result;
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;

/// A model with its parameters: all that is needed to score a customer.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BtydModel {
    pub(crate) model: core::BtydModel,
}

#[pymethods]
impl BtydModel {
    #[new]
    #[pyo3(signature = (model, **parameters))]
    fn new(model: &str, parameters: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let mut definition: Map<String, Value> = data::read_options("parameters", parameters)?;
        definition.insert("model".to_owned(), model.into());
        let model: core::BtydModel = data::from_value("model", Value::Object(definition))?;
        model.check()?;
        Ok(Self { model })
    }

    /// Which model it is.
    #[getter]
    fn kind(&self) -> &'static str {
        self.model.kind().name()
    }

    /// The parameters by name, in order.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let parameters = PyDict::new(py);
        for (name, value) in self.model.parameters() {
            parameters.set_item(name, value)?;
        }
        Ok(parameters)
    }

    /// A row per customer: what the model expects.
    #[pyo3(signature = (customers, **options))]
    fn score(&self, customers: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<Table> {
        let options: BtydScoreOptions = data::read_options("options of scores", options)?;
        let (model, table) = (self.model, Table::read(customers)?);
        Ok(run(customers.py(), table.row_count(), move || model.score(&table, options))??.into())
    }

    /// A row per horizon: what a new customer will do within it.
    fn project_new_customer(&self, horizons: Vec<f64>) -> Result<Table> {
        Ok(self.model.project_new_customer(&horizons)?.into())
    }

    /// A row per customer, drawn from the model.
    #[pyo3(signature = (customers, **options))]
    fn simulate(&self, customers: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<Table> {
        let options: BtydSimulationOptions = data::read_options("options of a simulation", options)?;
        let (model, table) = (self.model, Table::read(customers)?);
        Ok(run(customers.py(), table.row_count(), move || model.simulate(&table, options))??.into())
    }

    /// When each customer buys next: a row for each.
    #[pyo3(signature = (customers, **options))]
    fn predict_next_purchase(
        &self,
        customers: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<Table> {
        let options: NextPurchaseOptions = data::read_options("options of the next purchase", options)?;
        let (model, table) = (self.model, Table::read(customers)?);
        // Each row takes some hundred looks at the model.
        let looks = table.row_count().saturating_mul(100);
        Ok(run(customers.py(), looks, move || model.predict_next_purchase(&table, &options))??.into())
    }

    /// How well the next purchases were told that were held out: a row per tenth, and one row.
    #[pyo3(signature = (customers, **options))]
    fn review_next_purchase(
        &self,
        customers: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<(Table, Table)> {
        let options: NextPurchaseOptions = data::read_options("options of the next purchase", options)?;
        let (model, table) = (self.model, Table::read(customers)?);
        let review = run(customers.py(), table.row_count(), move || model.review_next_purchase(&table, &options))??;
        Ok((review.to_table()?.into(), review.to_summary_table()?.into()))
    }

    /// The model as JSON.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.model)
    }

    /// The model of a JSON text.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        let model: core::BtydModel = data::from_text("model", text)?;
        model.check()?;
        Ok(Self { model })
    }

    fn __repr__(&self) -> String {
        let parameters = self.model.parameters().into_iter().map(|(name, value)| format!("{name}={value}"));
        format!("<BtydModel: {} {}>", self.model.kind().name(), parameters.collect::<Vec<_>>().join(" "))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (data::to_text(&self.model)?,))?)
    }
}

/// A model that was fitted to customers, and how well.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BtydFit {
    pub(crate) fit: core::BtydFit,
}

#[pymethods]
impl BtydFit {
    /// The options of the fit.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.options)
    }

    /// The model with its parameters.
    #[getter]
    fn model(&self) -> BtydModel {
        BtydModel { model: self.fit.model }
    }

    /// A dict for each parameter.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.parameters)
    }

    /// The covariance of the parameters, row by row.
    #[getter]
    fn covariance(&self) -> Option<Vec<Vec<f64>>> {
        self.fit.covariance.clone()
    }

    /// The logarithm of the likelihood.
    #[getter]
    fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood
    }

    /// How many customers it is of.
    #[getter]
    fn customer_count(&self) -> u64 {
        self.fit.customer_count
    }

    /// Rows that are left out.
    #[getter]
    fn left_out_count(&self) -> u64 {
        self.fit.left_out_count
    }

    /// Whether the fit came to a maximum.
    #[getter]
    fn converged(&self) -> bool {
        self.fit.converged
    }

    /// What is weak about the fit: a dict for each.
    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.fit.notes)
    }

    /// A row per parameter.
    fn to_table(&self) -> Result<Table> {
        Ok(self.fit.to_table()?.into())
    }

    /// A row per pair of parameters.
    fn to_covariance_table(&self) -> Result<Table> {
        Ok(self.fit.to_covariance_table()?.into())
    }

    /// One row: likelihood, counts, whether it settled.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.fit.to_summary_table()?.into())
    }

    /// A row for each thing that is weak.
    fn to_note_table(&self) -> Result<Table> {
        Ok(self.fit.to_note_table()?.into())
    }

    fn __repr__(&self) -> String {
        let fit = &self.fit;
        format!(
            "<BtydFit: {} of {} customers, log-likelihood {:.3}, {} notes>",
            fit.options.model.name(),
            fit.customer_count,
            fit.log_likelihood,
            fit.notes.len()
        )
    }

    /// The fit as JSON.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.fit)
    }

    /// The fit of a JSON text.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { fit: data::from_text("fit", text)? })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (data::to_text(&self.fit)?,))?)
    }
}

/// Fits a model to the customers of a table.
#[pyfunction]
#[pyo3(signature = (customers, **options))]
pub(crate) fn fit_btyd(customers: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> Result<BtydFit> {
    let options: BtydOptions = data::read_options("options of a fit", options)?;
    let table = Table::read(customers)?;
    Ok(BtydFit { fit: run(customers.py(), table.row_count(), move || core::fit_btyd(&table, options))?? })
}

/// Counts the purchase days of every customer of a log: the table that models read, and one row of counts.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn summarise_purchases(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<(Table, Table)> {
    let options: PurchaseOptions = data::read_options("options of purchases", options)?;
    let (table, summary) = run_on_log(log, move |frozen| {
        let purchases = core::summarise_purchases(frozen, as_of.0, options)?;
        Ok((purchases.to_table(frozen)?, purchases.to_summary_table()?))
    })?;
    Ok((table.into(), summary.into()))
}
