//! Core, middle and outer users by what they contribute.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::error::{Error, ErrorKind};
use userops::score::contribution::{
    ContributionColumns, ContributionRules, ContributionScore, ContributionTier, UserContribution, share_by_tier,
};

use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::run;
use crate::numbers::{Measured, Numbers};
use crate::pickle::{Reduced, reduce};
use crate::table::Table;

/// Columns of contributions as Python hands them over.
struct Columns {
    dimensions: Vec<(String, Numbers)>,
    active_periods: Option<Vec<i64>>,
    cost: Option<Numbers>,
}

impl Columns {
    fn read(
        dimensions: &Bound<'_, PyDict>,
        active_periods: Option<Vec<i64>>,
        cost: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let dimension = |(name, values): (Bound<'_, PyAny>, Bound<'_, PyAny>)| -> Result<(String, Numbers)> {
            let name: String = name.extract()?;
            let values = Numbers::read(&name, &values)?;
            Ok((name, values))
        };
        let dimensions = dimensions.iter().map(dimension).collect::<Result<_>>()?;
        Ok(Self { dimensions, active_periods, cost: cost.map(|cost| Numbers::read("cost", cost)).transpose()? })
    }

    fn columns(&self) -> ContributionColumns<'_> {
        let dimensions = self.dimensions.iter();
        let columns = dimensions
            .fold(ContributionColumns::new(), |columns, (name, values)| columns.dimension(name, values.values()));
        let columns = self.active_periods.iter().fold(columns, |columns, periods| columns.active_periods(periods));
        self.cost.iter().fold(columns, |columns, cost| columns.cost(cost.values()))
    }
}

fn user(values: Vec<Measured>, active_periods: Option<i64>, cost: Option<Measured>) -> UserContribution {
    UserContribution {
        values: values.into_iter().map(|value| value.0).collect(),
        active_periods,
        cost: cost.map(|cost| cost.0),
    }
}

/// The ranks and cuts that a population gave, by which anybody is scored.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContributionModel {
    model: userops::score::contribution::ContributionModel,
}

#[pymethods]
impl ContributionModel {
    /// Fits a model on a population.
    #[classmethod]
    #[pyo3(signature = (columns, *, active_periods = None, cost = None, **rules))]
    fn fit(
        class: &Bound<'_, PyType>,
        columns: &Bound<'_, PyDict>,
        active_periods: Option<Vec<i64>>,
        cost: Option<&Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let rules: ContributionRules = data::read_options("rules of contribution", rules)?;
        let columns = Columns::read(columns, active_periods, cost)?;
        let rows = columns.dimensions.iter().map(|(_, values)| values.len()).sum();
        let fit = move || userops::score::contribution::ContributionModel::fit(&columns.columns(), rules);
        Ok(Self { model: run(class.py(), rows, fit)?? })
    }

    /// Every tier with its name in English and Chinese.
    #[classmethod]
    fn tier_names<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
        let names = PyDict::new(class.py());
        for tier in ContributionTier::ALL {
            names.set_item(tier.name(), tier.chinese_name())?;
        }
        Ok(names)
    }

    /// The rules that the model was fitted with.
    #[getter]
    fn rules<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.model.rules())
    }

    /// How many users the model was fitted on.
    #[getter]
    fn user_count(&self) -> u64 {
        self.model.user_count()
    }

    /// How many of them contributed anything.
    #[getter]
    fn contributor_count(&self) -> u64 {
        self.model.contributor_count()
    }

    /// The least score of the core; nothing where there is no contributor.
    #[getter]
    fn core_cut(&self) -> Option<f64> {
        self.model.cuts().0
    }

    /// The least score of the middle.
    #[getter]
    fn middle_cut(&self) -> Option<f64> {
        self.model.cuts().1
    }

    /// The score and tier of one user, whose values come in the order of the rules.
    #[pyo3(signature = (values, *, active_periods = None, cost = None))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        values: Vec<Measured>,
        active_periods: Option<i64>,
        cost: Option<Measured>,
    ) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.model.score(&user(values, active_periods, cost))?)
    }

    /// The scores and tiers of all rows: a table of `score` and `tier`.
    #[pyo3(signature = (columns, *, active_periods = None, cost = None))]
    fn score_columns(
        &self,
        columns: &Bound<'_, PyDict>,
        active_periods: Option<Vec<i64>>,
        cost: Option<&Bound<'_, PyAny>>,
    ) -> Result<Table> {
        let py = columns.py();
        let columns = Columns::read(columns, active_periods, cost)?;
        let scores = py.detach(|| self.model.score_columns(&columns.columns()))?;
        let values: Vec<f64> = scores.iter().map(|score| score.score).collect();
        let tiers: Vec<&str> = scores.iter().map(|score: &ContributionScore| score.tier.name()).collect();
        Ok(userops::table::Table::new(scores.len()).with("score", values)?.with("tier", tiers)?.into())
    }

    /// Why one user has the score and tier.
    #[pyo3(signature = (values, *, active_periods = None, cost = None))]
    fn explain(
        &self,
        values: Vec<Measured>,
        active_periods: Option<i64>,
        cost: Option<Measured>,
    ) -> Result<Explanation> {
        Ok(self.model.explain(&user(values, active_periods, cost))?.into())
    }

    /// The model as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.model)
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

/// How many users each tier has and what they bring of a measure, as dicts.
#[pyfunction(name = "share_by_tier")]
pub(crate) fn tier_shares<'py>(py: Python<'py>, tiers: Vec<String>, measure: Vec<i64>) -> Result<Bound<'py, PyAny>> {
    let tier = |name: &String| {
        ContributionTier::ALL.into_iter().find(|tier| tier.name() == name).ok_or_else(|| {
            let names: Vec<&str> = ContributionTier::ALL.iter().map(|tier| tier.name()).collect();
            let message = format!("{name:?} is no tier: there are {}", names.join(", "));
            Error::new(ErrorKind::UnknownName, message)
        })
    };
    let tiers: Vec<ContributionTier> = tiers.iter().map(tier).collect::<Result<_, Error>>()?;
    if tiers.len() != measure.len() {
        return Err(invalid_argument(format!("{} tiers and {} values of the measure", tiers.len(), measure.len())));
    }
    data::write(py, &share_by_tier(&tiers, &measure)?)
}
