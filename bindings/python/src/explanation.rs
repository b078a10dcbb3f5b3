//! Why an answer is what it is.

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::data;
use crate::failure::Result;
use crate::value;

/// A tree that tells where an answer comes from.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Explanation {
    explanation: userops::explanation::Explanation,
}

impl From<userops::explanation::Explanation> for Explanation {
    fn from(explanation: userops::explanation::Explanation) -> Self {
        Self { explanation }
    }
}

#[pymethods]
impl Explanation {
    #[new]
    #[pyo3(signature = (label, value = None, text = None, parts = Vec::new()))]
    fn new(
        label: String,
        value: Option<&Bound<'_, PyAny>>,
        text: Option<String>,
        parts: Vec<Bound<'_, Self>>,
    ) -> Result<Self> {
        let value = value.map(value::from_python).transpose()?;
        let parts = parts.iter().map(|part| part.get().explanation.clone()).collect();
        Ok(userops::explanation::Explanation { label, value, text, parts }.into())
    }

    /// What the node is about, stable enough to look up.
    #[getter]
    fn label(&self) -> &str {
        &self.explanation.label
    }

    /// The value observed or worked out, where the node has one.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.explanation.value.as_ref().map(|value| value::to_python(py, value.as_ref())).transpose()
    }

    /// What the value means.
    #[getter]
    fn text(&self) -> Option<&str> {
        self.explanation.text.as_deref()
    }

    /// What the node was made of, in the order of reading.
    #[getter]
    fn parts(&self) -> Vec<Self> {
        self.explanation.parts.iter().cloned().map(Self::from).collect()
    }

    /// The first part with this label, not looking deeper.
    fn find(&self, label: &str) -> Option<Self> {
        self.explanation.find(label).cloned().map(Self::from)
    }

    /// The tree as dicts; instants and dates are texts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.explanation)
    }

    fn __str__(&self) -> String {
        self.explanation.render()
    }

    fn __repr__(&self) -> String {
        format!("<Explanation of {:?}>", self.explanation.label)
    }

    /// As constructor and parts, so that an instant stays an instant.
    #[allow(clippy::type_complexity, reason = "the parts of a node, named by the constructor")]
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyType>, (&str, Option<Bound<'py, PyAny>>, Option<&str>, Vec<Self>))> {
        Ok((py.get_type::<Self>(), (self.label(), self.value(py)?, self.text(), self.parts())))
    }
}
