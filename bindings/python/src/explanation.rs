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

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("_from_text")?, (data::to_text(&self.explanation)?,)))
    }

    /// The explanation of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        data::from_text::<userops::explanation::Explanation>("explanation", text).map(Self::from)
    }
}
