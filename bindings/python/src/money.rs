//! Currencies.

use pyo3::prelude::*;
use pyo3::types::PyType;
use userops::money::Money;

use crate::failure::Result;

/// A currency, by its ISO 4217 code.
#[pyclass(frozen, eq, hash, module = "userops")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Currency {
    currency: userops::money::Currency,
}

#[pymethods]
impl Currency {
    #[new]
    fn new(code: &str) -> Result<Self> {
        Ok(Self { currency: code.parse()? })
    }

    /// The ISO 4217 code.
    #[getter]
    fn code(&self) -> &'static str {
        self.currency.code()
    }

    /// How many digits of major units come after the point.
    #[getter]
    fn decimals(&self) -> u8 {
        self.currency.decimals()
    }

    /// How many minor units make a major one.
    #[getter]
    fn minor_per_major(&self) -> i64 {
        self.currency.minor_per_major()
    }

    /// An amount of minor units as the currency writes it, such as `12.50`.
    fn format(&self, minor: i64) -> String {
        self.currency.format(Money::from_minor(minor))
    }

    fn __repr__(&self) -> String {
        format!("Currency({:?})", self.currency.code())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&'static str,)) {
        (py.get_type::<Self>(), (self.currency.code(),))
    }
}
