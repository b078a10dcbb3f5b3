//! Recency, frequency and monetary value: buyers, models that score them, and names for the scores.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::score::rfm::{BuyerOptions, Measures, RfmOptions, UserMeasures};
use userops::table::user_column;
use userops::time::Timestamp;

use crate::arrow;
use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::{run, run_on_log};
use crate::log::EventLog;
use crate::numbers::{self, Measured, Numbers};
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::time::AsOf;
use crate::value;

/// Every user with an order, and the three measures of each.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct Buyers {
    log: Py<EventLog>,
    as_of: Timestamp,
    buyers: Arc<userops::score::rfm::Buyers>,
}

impl Buyers {
    fn measure(log: &Bound<'_, EventLog>, as_of: Timestamp, options: BuyerOptions) -> Result<Self> {
        let buyers = run_on_log(log, move |frozen| userops::score::rfm::measure_buyers(frozen, as_of, options))?;
        Ok(Self { log: log.clone().unbind(), as_of, buyers: Arc::new(buyers) })
    }
}

#[pymethods]
impl Buyers {
    /// The options that the buyers were measured with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.buyers.options())
    }

    /// Options of a model that state what was measured.
    #[getter]
    fn rfm_options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.buyers.rfm_options())
    }

    /// The ids of the buyers, in the order of the rows.
    fn users<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let users = self.log.get().log.users();
        let ids = self.buyers.users().iter().filter_map(|user| users.id(*user));
        ids.map(|id| value::id_to_python(py, id)).collect()
    }

    /// A row per buyer: `user`, `recency`, `frequency`, `monetary`.
    fn to_table(&self) -> Result<Table> {
        let users = self.buyers.users();
        let measures = self.buyers.measures();
        let ids = user_column(self.log.get().log.users(), users.iter().copied());
        let table = userops::table::Table::new(users.len()).with("user", ids)?;
        let table = table.with("recency", numbers::to_column(measures.recency))?;
        let table = table.with("frequency", numbers::to_column(measures.frequency))?;
        Ok(table.with("monetary", numbers::to_column(measures.monetary))?.into())
    }

    fn __len__(&self) -> usize {
        self.buyers.users().len()
    }

    fn __repr__(&self) -> String {
        format!("<Buyers: {} as of {}>", self.buyers.users().len(), self.as_of)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let options = data::to_text(self.buyers.options())?;
        Ok(reduce::<Self>(py, "_rebuild", (&self.log, self.as_of.to_string(), options))?)
    }

    /// The buyers that pickling has noted the log, instant and options of.
    #[classmethod]
    fn _rebuild(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>, as_of: AsOf, options: &str) -> Result<Self> {
        Self::measure(log, as_of.0, data::from_text("options", options)?)
    }
}

/// Measures the buyers of a log.
#[pyfunction]
#[pyo3(signature = (log, *, as_of, **options))]
pub(crate) fn measure_buyers(
    log: &Bound<'_, EventLog>,
    as_of: AsOf,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Buyers> {
    Buyers::measure(log, as_of.0, data::read_options("options of buyers", options)?)
}

/// Three columns of measures, from buyers, a data frame or a dict of lists.
pub(crate) struct MeasureColumns {
    recency: Numbers,
    frequency: Numbers,
    monetary: Numbers,
}

impl MeasureColumns {
    /// Reads any of these.
    ///
    /// # Errors
    /// `InvalidArgument` where a measure is missing or unknown, `TypeMismatch` where it is not of numbers.
    pub(crate) fn read(object: &Bound<'_, PyAny>) -> Result<Self> {
        if let Ok(buyers) = object.cast::<Buyers>() {
            let table = buyers.get().to_table()?;
            return Self::of_table(&table.table);
        }
        if let Some(batches) = arrow::batches_of(object)? {
            return Self::of_table(&object.py().detach(|| userops_io::table_from_arrow(batches))?);
        }
        let Ok(columns) = object.cast::<PyDict>() else {
            return Err(invalid_argument(format!(
                "{} are no measures: give buyers, a data frame or a dict with recency, frequency and monetary",
                object.repr()?
            )));
        };
        let column = |name: &str| match columns.get_item(name)? {
            Some(values) => Numbers::read(name, &values),
            None => Err(invalid_argument(format!("the measure {name:?} is missing"))),
        };
        Ok(Self { recency: column("recency")?, frequency: column("frequency")?, monetary: column("monetary")? })
    }

    fn of_table(table: &userops::table::Table) -> Result<Self> {
        let column = |name: &str| Numbers::of_column(name, table.column(name)?);
        Ok(Self { recency: column("recency")?, frequency: column("frequency")?, monetary: column("monetary")? })
    }

    /// The measures as the engine takes them.
    pub(crate) fn measures(&self) -> Measures<'_> {
        Measures::new(self.recency.values(), self.frequency.values(), self.monetary.values())
    }
}

/// A score of recency, frequency and monetary value, each from 1, the best being the highest.
#[pyclass(frozen, eq, hash, get_all, module = "userops")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RfmScore {
    /// The score of recency.
    recency: u8,
    /// The score of frequency.
    frequency: u8,
    /// The score of monetary value.
    monetary: u8,
}

impl From<userops::score::rfm::RfmScore> for RfmScore {
    fn from(score: userops::score::rfm::RfmScore) -> Self {
        Self { recency: score.recency, frequency: score.frequency, monetary: score.monetary }
    }
}

impl RfmScore {
    /// The score as the engine has it.
    pub(crate) fn score(self) -> userops::score::rfm::RfmScore {
        let Self { recency, frequency, monetary } = self;
        userops::score::rfm::RfmScore { recency, frequency, monetary }
    }
}

#[pymethods]
impl RfmScore {
    #[new]
    fn new(recency: u8, frequency: u8, monetary: u8) -> Self {
        Self { recency, frequency, monetary }
    }

    fn __str__(&self) -> String {
        self.score().to_string()
    }

    fn __repr__(&self) -> String {
        format!("RfmScore({}, {}, {})", self.recency, self.frequency, self.monetary)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (u8, u8, u8)) {
        (py.get_type::<Self>(), (self.recency, self.frequency, self.monetary))
    }
}

/// The three measures of one user.
pub(crate) fn user_measures(recency: Measured, frequency: Measured, monetary: Measured) -> UserMeasures {
    UserMeasures::new(recency.0, frequency.0, monetary.0)
}

/// The cuts that a population gave, by which anybody is scored.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RfmModel {
    model: userops::score::rfm::RfmModel,
}

#[pymethods]
impl RfmModel {
    /// Fits a model on a population. Buyers bring the options that state what was measured of them.
    #[classmethod]
    #[pyo3(signature = (measures, **options))]
    fn fit(
        class: &Bound<'_, PyType>,
        measures: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let options: RfmOptions = match (measures.cast::<Buyers>(), options) {
            (Ok(buyers), None) => buyers.get().buyers.rfm_options(),
            _ => data::read_options("options of RFM", options)?,
        };
        let columns = MeasureColumns::read(measures)?;
        let model = run(class.py(), columns.measures().user_count(), move || {
            userops::score::rfm::RfmModel::fit(&columns.measures(), options)
        })??;
        Ok(Self { model })
    }

    /// The options that the model was fitted with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.model.options())
    }

    /// How many users the model was fitted on.
    #[getter]
    fn user_count(&self) -> u64 {
        self.model.user_count()
    }

    /// The cuts of recency: `direction`, `comparison` and `values`, from the worst to the best.
    #[getter]
    fn recency_cuts<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.model.recency_cuts())
    }

    /// The cuts of frequency, of nested bins within a recency score.
    #[pyo3(signature = (recency_score = 1))]
    fn frequency_cuts<'py>(&self, py: Python<'py>, recency_score: u8) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.model.frequency_cuts(recency_score))
    }

    /// The cuts of monetary value, of nested bins within a recency and a frequency score.
    #[pyo3(signature = (recency_score = 1, frequency_score = 1))]
    fn monetary_cuts<'py>(&self, py: Python<'py>, recency_score: u8, frequency_score: u8) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.model.monetary_cuts(recency_score, frequency_score))
    }

    /// The score of one user, who need not have been in the population.
    fn score(&self, recency: Measured, frequency: Measured, monetary: Measured) -> Result<RfmScore> {
        Ok(self.model.score(&user_measures(recency, frequency, monetary))?.into())
    }

    /// The scores of all rows.
    fn score_columns(&self, measures: &Bound<'_, PyAny>) -> Result<Vec<RfmScore>> {
        let columns = MeasureColumns::read(measures)?;
        let scores = measures.py().detach(|| self.model.score_columns(&columns.measures()))?;
        Ok(scores.iter().map(RfmScore::from).collect())
    }

    /// The scores of all rows as a table: `recency`, `frequency`, `monetary`.
    fn score_table(&self, measures: &Bound<'_, PyAny>) -> Result<Table> {
        let columns = MeasureColumns::read(measures)?;
        let scores = measures.py().detach(|| self.model.score_columns(&columns.measures()))?;
        let table = userops::table::Table::new(scores.len()).with("recency", scores.recency)?;
        Ok(table.with("frequency", scores.frequency)?.with("monetary", scores.monetary)?.into())
    }

    /// Why one user has the score.
    fn explain(&self, recency: Measured, frequency: Measured, monetary: Measured) -> Result<Explanation> {
        Ok(self.model.explain(&user_measures(recency, frequency, monetary))?.into())
    }

    /// The model as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.model)
    }

    /// Reads what `to_dict` has written.
    #[classmethod]
    fn from_dict(_class: &Bound<'_, PyType>, model: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self { model: data::read("model", model)? })
    }

    /// The model as JSON, the same in every language.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.model)
    }

    /// Reads what `to_json` has written.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { model: data::from_text("model", text)? })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (self.to_json()?,))?)
    }
}
