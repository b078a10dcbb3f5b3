//! The native part of the Python package `userops`: classes and functions around the engine, and no logic.

// What Python passes is converted on the way in, and so handed over by value.
#![allow(clippy::needless_pass_by_value)]

mod arrow;
mod data;
mod explanation;
mod failure;
mod log;
mod read;
mod report;
mod rows;
mod table;
mod time;
mod value;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _userops {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::explanation::Explanation;
    #[pymodule_export]
    use super::failure::_every_error;
    #[pymodule_export]
    use super::log::EventLog;
    #[pymodule_export]
    use super::read::mapping;
    #[pymodule_export]
    use super::report::IngestReport;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::time::{LocalCalendar, anniversary_in_year, is_anniversary_within, plus_months, week_start, years_on};

    /// States the version of the engine, and whether it was built to be debugged.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("_IS_DEBUG_BUILD", cfg!(debug_assertions))?;
        // What is public is said by the package.
        module.delattr("__all__")
    }
}
