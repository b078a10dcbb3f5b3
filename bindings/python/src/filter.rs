//! Conditions on the properties of events, and the tests that comparisons of Python stand for.

use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::PyType;
use userops::rule::{Filter as CoreFilter, Test};

use crate::data;
use crate::failure::Result;
use crate::pickle::{Reduced, reduce};
use crate::rule::no_truth;
use crate::value;

/// The test that a comparison of Python stands for.
///
/// # Errors
/// As [`value::from_python`].
pub(crate) fn compare(operator: CompareOp, other: &Bound<'_, PyAny>) -> Result<Test> {
    let other = value::from_python(other)?;
    Ok(match operator {
        CompareOp::Eq => Test::Eq(other),
        CompareOp::Ne => Test::Ne(other),
        CompareOp::Lt => Test::Lt(other),
        CompareOp::Le => Test::Le(other),
        CompareOp::Gt => Test::Gt(other),
        CompareOp::Ge => Test::Ge(other),
    })
}

/// The test that a value is among these.
///
/// # Errors
/// As [`value::from_python`].
pub(crate) fn one_of(values: &Bound<'_, PyAny>) -> Result<Test> {
    Ok(Test::OneOf(values.try_iter()?.map(|value| value::from_python(&value?)).collect::<Result<_>>()?))
}

/// A condition on the properties of an event.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    filter: CoreFilter,
}

/// A filter argument: a `Filter` or its tree.
///
/// # Errors
/// As [`data::read`].
pub(crate) fn read_filter(object: &Bound<'_, PyAny>) -> Result<CoreFilter> {
    match object.cast::<Filter>() {
        Ok(filter) => Ok(filter.get().filter.clone()),
        Err(_) => data::read("filter", object),
    }
}

#[pymethods]
impl Filter {
    /// A filter from its tree.
    #[new]
    fn new(filter: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self { filter: read_filter(filter)? })
    }

    /// Both hold.
    fn __and__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self { filter: self.filter.clone().and(read_filter(other)?) })
    }

    /// One of the two holds, or both.
    fn __or__(&self, other: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self { filter: self.filter.clone().or(read_filter(other)?) })
    }

    /// It does not hold.
    fn __invert__(&self) -> Self {
        Self { filter: !self.filter.clone() }
    }

    fn __bool__(&self) -> Result<bool> {
        Err(no_truth("a filter"))
    }

    fn __str__(&self) -> String {
        self.filter.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Filter {}>", self.filter)
    }

    /// The filter as a tree of dicts.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.filter)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.filter)?,))?)
    }

    /// The filter of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { filter: data::from_text("filter", text)? })
    }
}

/// A property of an event, to be tested in a filter; `amount` is its money in major units.
#[pyclass(frozen, module = "userops")]
#[derive(Debug, Clone)]
pub(crate) struct Property {
    name: String,
}

impl Property {
    fn is(&self, test: Test) -> Filter {
        Filter { filter: CoreFilter::property(&self.name, test) }
    }
}

#[pymethods]
impl Property {
    #[new]
    fn new(name: String) -> Self {
        Self { name }
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> Result<Filter> {
        Ok(self.is(compare(operator, other)?))
    }

    /// It is one of the values.
    fn one_of(&self, values: &Bound<'_, PyAny>) -> Result<Filter> {
        Ok(self.is(one_of(values)?))
    }

    /// The event has the property.
    fn is_known(&self) -> Filter {
        self.is(Test::Known)
    }

    /// The event lacks the property.
    fn is_unknown(&self) -> Filter {
        self.is(Test::Unknown)
    }

    /// It is the empty text.
    fn is_empty(&self) -> Filter {
        self.is(Test::Empty)
    }

    /// It begins with the text.
    fn starts_with(&self, text: String) -> Filter {
        self.is(Test::StartsWith(text))
    }

    /// It ends with the text.
    fn ends_with(&self, text: String) -> Filter {
        self.is(Test::EndsWith(text))
    }

    /// It has the text within.
    fn contains(&self, text: String) -> Filter {
        self.is(Test::Contains(text))
    }

    fn __bool__(&self) -> Result<bool> {
        Err(no_truth("a property"))
    }

    fn __repr__(&self) -> String {
        format!("Property({:?})", self.name)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&str,)) {
        (py.get_type::<Self>(), (&self.name,))
    }
}
