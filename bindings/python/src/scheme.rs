//! Names for scores: segments of cells, and the eight value groups.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::score::rfm::{EightGroupOptions, RfmScores, SegmentRule, ValueGroup};

use crate::data;
use crate::explanation::Explanation;
use crate::failure::Result;
use crate::interrupt::run;
use crate::numbers::{self, Measured};
use crate::pickle::{Reduced, reduce};
use crate::rfm::{MeasureColumns, RfmScore, user_measures};

/// The scores of an iterable as columns.
fn read_scores(object: &Bound<'_, PyAny>) -> Result<RfmScores> {
    let mut scores = RfmScores { recency: Vec::new(), frequency: Vec::new(), monetary: Vec::new() };
    for score in object.try_iter()? {
        let score = score?.cast::<RfmScore>()?.get().score();
        scores.recency.push(score.recency);
        scores.frequency.push(score.frequency);
        scores.monetary.push(score.monetary);
    }
    Ok(scores)
}

/// Names for cells of scores.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CellScheme {
    scheme: userops::score::rfm::CellScheme,
}

#[pymethods]
impl CellScheme {
    #[new]
    #[pyo3(signature = (segments, *, bins = [5, 5, 5], remainder = None))]
    fn new(segments: &Bound<'_, PyAny>, bins: [u8; 3], remainder: Option<String>) -> Result<Self> {
        let rules: Vec<SegmentRule> = data::read("segments", segments)?;
        Ok(Self { scheme: userops::score::rfm::CellScheme::new(bins, rules, remainder)? })
    }

    /// The ten common segments by recency and frequency.
    #[classmethod]
    fn ten_segments(_class: &Bound<'_, PyType>) -> Self {
        Self { scheme: userops::score::rfm::CellScheme::ten_segments() }
    }

    /// How many scores of recency, frequency and monetary value there are.
    #[getter]
    fn bins(&self) -> (u8, u8, u8) {
        self.scheme.bins().into()
    }

    /// The names of all segments.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.scheme.names().to_vec()
    }

    /// The segment of one score.
    fn segment(&self, score: &Bound<'_, RfmScore>) -> Result<String> {
        Ok(self.scheme.segment(score.get().score())?.to_owned())
    }

    /// The segments of a list of scores.
    fn segments(&self, scores: &Bound<'_, PyAny>) -> Result<Vec<String>> {
        let places = self.scheme.segments(&read_scores(scores)?)?;
        Ok(places.into_iter().map(|place| self.scheme.names()[usize::from(place)].clone()).collect())
    }

    /// Why a score is in its segment.
    fn explain(&self, score: &Bound<'_, RfmScore>) -> Result<Explanation> {
        Ok(self.scheme.explain(score.get().score())?.into())
    }

    /// The scheme as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.scheme)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.scheme)?,))?)
    }

    /// The scheme of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { scheme: data::from_text("scheme", text)? })
    }
}

/// The eight value groups: each measure high or low.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EightGroupScheme {
    scheme: userops::score::rfm::EightGroupScheme,
}

#[pymethods]
impl EightGroupScheme {
    /// Fits the thresholds on a population.
    #[classmethod]
    #[pyo3(signature = (measures, **options))]
    fn fit(
        class: &Bound<'_, PyType>,
        measures: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let options: EightGroupOptions = data::read_options("options of groups", options)?;
        let columns = MeasureColumns::read(measures)?;
        let scheme = run(class.py(), columns.measures().user_count(), move || {
            userops::score::rfm::EightGroupScheme::fit(&columns.measures(), options)
        })??;
        Ok(Self { scheme })
    }

    /// Every group with its name in English and Chinese, the most valuable first.
    #[classmethod]
    fn group_names<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
        let names = PyDict::new(class.py());
        for group in ValueGroup::ALL {
            names.set_item(group.name(), group.chinese_name())?;
        }
        Ok(names)
    }

    /// The threshold of each measure by name.
    #[getter]
    fn thresholds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let thresholds = PyDict::new(py);
        let Self { scheme } = self;
        for (name, split) in
            [("recency", &scheme.recency), ("frequency", &scheme.frequency), ("monetary", &scheme.monetary)]
        {
            thresholds.set_item(name, numbers::to_python(py, split.threshold())?)?;
        }
        Ok(thresholds)
    }

    /// The group of one user.
    fn group(&self, recency: Measured, frequency: Measured, monetary: Measured) -> Result<&'static str> {
        Ok(self.scheme.group(&user_measures(recency, frequency, monetary))?.name())
    }

    /// The groups of all rows.
    fn groups(&self, measures: &Bound<'_, PyAny>) -> Result<Vec<&'static str>> {
        let columns = MeasureColumns::read(measures)?;
        let groups = measures.py().detach(|| self.scheme.groups(&columns.measures()))?;
        Ok(groups.into_iter().map(ValueGroup::name).collect())
    }

    /// Why one user is in the group.
    fn explain(&self, recency: Measured, frequency: Measured, monetary: Measured) -> Result<Explanation> {
        Ok(self.scheme.explain(&user_measures(recency, frequency, monetary))?.into())
    }

    /// The scheme as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.scheme)
    }

    /// The scheme as JSON, the same in every language.
    fn to_json(&self) -> Result<String> {
        data::to_text(&self.scheme)
    }

    /// Reads what `to_json` has written.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { scheme: data::from_text("scheme", text)? })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (self.to_json()?,))?)
    }
}
