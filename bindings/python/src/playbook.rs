//! One document that declares how a product grades, classifies and places its users.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use userops::error::{Error, ErrorKind};
use userops::playbook::EvaluateOptions;
use userops::tag::ManualTag;

use crate::calibration::Calibration;
use crate::data;
use crate::failure::{Result, refuse};
use crate::interrupt::run_on_log;
use crate::log::EventLog;
use crate::outcome::Outcome;
use crate::pickle::{Reduced, reduce};
use crate::time::AsOf;

/// How a product runs its users, as one document.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Playbook {
    pub(crate) playbook: Arc<userops::playbook::Playbook>,
}

impl From<userops::playbook::Playbook> for Playbook {
    fn from(playbook: userops::playbook::Playbook) -> Self {
        Self { playbook: Arc::new(playbook) }
    }
}

/// Reads a document in a format.
fn parse(text: &str, format: &str) -> Result<Playbook> {
    match format {
        "toml" => Ok(userops::playbook::Playbook::from_toml(text)?.into()),
        "json" => Ok(userops::playbook::Playbook::from_json(text)?.into()),
        _ => Err(refuse(
            ErrorKind::InvalidArgument,
            format!("{format:?} is no format of playbooks: choose \"toml\" or \"json\""),
        )),
    }
}

/// What people say of users, from a list of dicts.
fn read_tags(manual_tags: Option<&Bound<'_, PyList>>) -> Result<Vec<ManualTag>> {
    manual_tags.map_or_else(|| Ok(Vec::new()), |tags| data::read("manual_tags", tags.as_any()))
}

#[pymethods]
impl Playbook {
    /// Reads a file, TOML unless its name ends in `.json`, and checks it.
    #[classmethod]
    fn load(_class: &Bound<'_, PyType>, path: PathBuf) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::new(ErrorKind::Io, format!("{shown}: cannot be read: {error}")).caused_by(error))?;
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        parse(&text, if is_json { "json" } else { "toml" }).map_err(|failure| failure.at(shown))
    }

    /// Reads a text, and checks it.
    #[classmethod]
    #[pyo3(signature = (text, format = "toml"))]
    fn parse(_class: &Bound<'_, PyType>, text: &str, format: &str) -> Result<Self> {
        parse(text, format)
    }

    /// Reads dicts, in which rules may be texts, trees or `Rule` objects, and checks them.
    #[classmethod]
    fn from_dict(_class: &Bound<'_, PyType>, playbook: &Bound<'_, PyAny>) -> Result<Self> {
        let playbook: userops::playbook::Playbook = data::read("playbook", playbook)?;
        playbook.check()?;
        Ok(playbook.into())
    }

    /// The JSON Schema of playbooks, for editors.
    #[classmethod]
    fn json_schema<'py>(class: &Bound<'py, PyType>) -> Result<Bound<'py, PyAny>> {
        data::write(class.py(), &userops::playbook::Playbook::json_schema())
    }

    /// The name of the playbook.
    #[getter]
    fn name(&self) -> &str {
        &self.playbook.name
    }

    /// What it is for.
    #[getter]
    fn description(&self) -> &str {
        &self.playbook.description
    }

    /// What the log may hold; a log is read with this schema.
    #[getter]
    fn schema<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.playbook.schema)
    }

    /// A SHA-256 over every field, in hexadecimal.
    #[getter]
    fn fingerprint(&self) -> Result<String> {
        Ok(self.playbook.fingerprint()?)
    }

    /// The playbook as dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &*self.playbook)
    }

    /// The playbook as TOML.
    fn to_toml(&self) -> Result<String> {
        Ok(self.playbook.to_toml()?)
    }

    /// The playbook as JSON.
    fn to_json(&self) -> Result<String> {
        Ok(self.playbook.to_json()?)
    }

    /// Answers everything that the playbook asks, for every user of the log, as of an instant.
    #[pyo3(signature = (log, *, as_of, manual_tags = None, calibration = None, profiles = true))]
    fn evaluate(
        slf: &Bound<'_, Self>,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        manual_tags: Option<&Bound<'_, PyList>>,
        calibration: Option<&Bound<'_, Calibration>>,
        profiles: bool,
    ) -> Result<Outcome> {
        let calibration = calibration.map(|given| given.get().calibration.as_ref().clone());
        let options =
            EvaluateOptions { manual_tags: read_tags(manual_tags)?, calibration, without_profiles: !profiles };
        Outcome::evaluate(slf, log, as_of.0, options)
    }

    /// Takes from the users of a log, as of an instant, what the playbook takes from a population.
    #[pyo3(signature = (log, *, as_of, manual_tags = None))]
    fn calibrate(
        &self,
        log: &Bound<'_, EventLog>,
        as_of: AsOf,
        manual_tags: Option<&Bound<'_, PyList>>,
    ) -> Result<Calibration> {
        let options = EvaluateOptions::new().manual_tags(read_tags(manual_tags)?);
        let document = Arc::clone(&self.playbook);
        Ok(run_on_log(log, move |frozen| document.calibrate(frozen, as_of.0, &options))?.into())
    }

    /// The calibration of a playbook that takes nothing from a population.
    fn own_calibration(&self) -> Result<Calibration> {
        Ok(self.playbook.own_calibration()?.into())
    }

    /// Refuses a calibration that is not of this playbook.
    fn check_calibration(&self, calibration: &Calibration) -> Result<()> {
        Ok(self.playbook.check_calibration(&calibration.calibration)?)
    }

    fn __hash__(&self) -> Result<u64> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.playbook.fingerprint()?.hash(&mut hasher);
        Ok(hasher.finish())
    }

    fn __repr__(&self) -> String {
        let Self { playbook } = self;
        format!(
            "<Playbook {:?}: {} scores, {} tags, {} segments, {} milestones{}>",
            playbook.name,
            playbook.scores.len(),
            playbook.tags.len(),
            playbook.segments.len(),
            playbook.milestones.len(),
            if playbook.lifecycle.is_some() { ", a lifecycle" } else { "" }
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "parse", (self.to_json()?, "json"))?)
    }
}
