//! What a playbook takes from a population, kept.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::data;
use crate::failure::Result;
use crate::lifecycle::Lifecycle;
use crate::pickle::{Reduced, reduce};
use crate::time;

/// What a playbook takes from a population: the models of its scores and its stages with derived thresholds.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calibration {
    pub(crate) calibration: Arc<userops::playbook::Calibration>,
}

impl From<userops::playbook::Calibration> for Calibration {
    fn from(calibration: userops::playbook::Calibration) -> Self {
        Self { calibration: Arc::new(calibration) }
    }
}

#[pymethods]
impl Calibration {
    /// The name of the playbook.
    #[getter]
    fn playbook(&self) -> &str {
        &self.calibration.playbook
    }

    /// The fingerprint of the playbook.
    #[getter]
    fn fingerprint(&self) -> &str {
        &self.calibration.fingerprint
    }

    /// The instant as of which the population was seen; none where the playbook takes nothing from one.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.calibration.as_of.map(|as_of| time::to_datetime(py, as_of)).transpose()
    }

    /// The models of all scores by name, as dicts.
    #[getter]
    fn score_models<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let models = PyDict::new(py);
        for (name, model) in &self.calibration.scores {
            models.set_item(name, data::write(py, model)?)?;
        }
        Ok(models)
    }

    /// The lifecycle with its thresholds settled, where the playbook has one.
    #[getter]
    fn lifecycle(&self) -> Option<Lifecycle> {
        self.calibration.stages.as_ref().map(|stages| stages.definition.clone().into())
    }

    /// How the thresholds were derived from the log, where they were, as dicts.
    #[getter]
    fn derived_thresholds<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let derived = self.calibration.stages.as_ref().and_then(|stages| stages.derived.as_ref());
        derived.map(|derived| data::write(py, derived)).transpose()
    }

    /// Reads JSON, of this or another language.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(userops::playbook::Calibration::from_json(text)?.into())
    }

    /// The calibration as JSON.
    fn to_json(&self) -> Result<String> {
        Ok(self.calibration.to_json()?)
    }

    fn __repr__(&self) -> String {
        let calibration = &self.calibration;
        let when = calibration.as_of.map_or("of no population".to_owned(), |as_of| format!("as of {as_of}"));
        format!("<Calibration of {:?} {when}>", calibration.playbook)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_json", (self.to_json()?,))?)
    }
}
