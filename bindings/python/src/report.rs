//! What became of each row that was read.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::data;
use crate::failure::Result;
use crate::table::Table;

/// The account of an ingest: `read = accepted + duplicate + rejected`.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IngestReport {
    report: Arc<userops::ingest::IngestReport>,
}

impl From<userops::ingest::IngestReport> for IngestReport {
    fn from(report: userops::ingest::IngestReport) -> Self {
        Self { report: Arc::new(report) }
    }
}

#[pymethods]
impl IngestReport {
    /// Rows of events that were read.
    #[getter]
    fn read(&self) -> u64 {
        self.report.read
    }

    /// Rows that are events of the log.
    #[getter]
    fn accepted(&self) -> u64 {
        self.report.accepted
    }

    /// Second copies of an event, which were left out.
    #[getter]
    fn duplicate(&self) -> u64 {
        self.report.duplicate
    }

    /// Those of them that differ from the first copy.
    #[getter]
    fn conflicting(&self) -> u64 {
        self.report.conflicting
    }

    /// Rows that could not be taken in.
    #[getter]
    fn rejected(&self) -> u64 {
        self.report.rejected
    }

    /// Events that arrived after a later one of the same user.
    #[getter]
    fn late(&self) -> u64 {
        self.report.late
    }

    /// Rows of attributes that were read.
    #[getter]
    fn attributes_read(&self) -> u64 {
        self.report.attributes_read
    }

    /// Rows of attributes that could not be taken in.
    #[getter]
    fn attributes_rejected(&self) -> u64 {
        self.report.attributes_rejected
    }

    /// The rejected rows, each with source, row, field, reason, text and record.
    #[getter]
    fn rejections<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.report.rejections)
    }

    /// How many rows were rejected by field and reason.
    fn rejected_by_reason<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for ((field, reason), count) in self.report.rejected_by_reason() {
            counts.set_item((field, data::write(py, &reason)?), count)?;
        }
        Ok(counts)
    }

    /// The rejected rows as they came, to be mended and read again.
    fn rejections_table(&self) -> Result<Table> {
        Ok(self.report.rejections_table()?.into())
    }

    /// The report as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &*self.report)
    }

    fn __str__(&self) -> String {
        self.report.to_string()
    }

    fn __repr__(&self) -> String {
        let report = &self.report;
        format!(
            "<IngestReport of {} rows: {} accepted, {} duplicate, {} rejected>",
            report.read, report.accepted, report.duplicate, report.rejected
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("_from_text")?, (data::to_text(&*self.report)?,)))
    }

    /// The report of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        data::from_text::<userops::ingest::IngestReport>("report", text).map(Self::from)
    }
}
