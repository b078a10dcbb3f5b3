//! Answers as tables.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList, PyType};
use userops::error::ErrorKind;
use userops_io::{TableFormat, table_from_arrow, write_table, write_table_as, write_table_to};

use crate::arrow;
use crate::data;
use crate::failure::{Result, refuse};
use crate::rows::Rows;
use crate::value;

/// Rows that a notebook shows of a table.
const ROWS_SHOWN_MAX: usize = 10;

/// Named columns of equal length.
#[pyclass(frozen, eq, sequence, module = "userops")]
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) table: Arc<userops::table::Table>,
}

impl From<userops::table::Table> for Table {
    fn from(table: userops::table::Table) -> Self {
        Self { table: Arc::new(table) }
    }
}

impl Table {
    /// The engine's table of whatever [`Table::new`] reads; of a table its own.
    pub(crate) fn read(source: &Bound<'_, PyAny>) -> Result<Arc<userops::table::Table>> {
        match source.cast::<Self>() {
            Ok(table) => Ok(Arc::clone(&table.get().table)),
            Err(_) => Ok(Self::new(source)?.table),
        }
    }

    /// A column as a list, `None` where a value is unknown.
    fn list<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyList>> {
        let column = self.table.column(name)?;
        let values = PyList::empty(py);
        for row in 0..column.len() {
            values.append(column.get(row).map(|value| value::to_python(py, value)).transpose()?)?;
        }
        Ok(values)
    }

    /// A row as a dict.
    fn row<'py>(&self, py: Python<'py>, row: usize) -> Result<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, column) in self.table.columns() {
            dict.set_item(name, column.get(row).map(|value| value::to_python(py, value)).transpose()?)?;
        }
        Ok(dict)
    }

    fn format(name: &str) -> Result<TableFormat> {
        TableFormat::from_path(format!("table.{name}")).map_err(|_| {
            refuse(
                ErrorKind::InvalidArgument,
                format!("{name:?} is no format of tables: choose \"parquet\", \"csv\" or \"jsonl\""),
            )
        })
    }
}

#[pymethods]
impl Table {
    /// A table of anything that speaks Arrow, of a dict of lists or of an iterable of dicts; each column has one type.
    #[new]
    fn new(source: &Bound<'_, PyAny>) -> Result<Self> {
        let py = source.py();
        if let Some(batches) = arrow::batches_of(source)? {
            return Ok(py.detach(|| table_from_arrow(batches))?.into());
        }
        Ok(Rows::new(source)?.into_table()?.into())
    }

    /// The names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.table.columns().map(|(name, _)| name.to_owned()).collect()
    }

    /// The type of each column by name: bool, integer, float, text, time or date.
    #[getter]
    fn types<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let types = PyDict::new(py);
        for (name, column) in self.table.columns() {
            types.set_item(name, column.value_type().name())?;
        }
        Ok(types)
    }

    fn __len__(&self) -> usize {
        self.table.row_count()
    }

    /// A column as a list by its name, or a row as a dict by its number.
    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        if let Ok(name) = key.extract::<String>() {
            return Ok(self.list(py, &name)?.into_any());
        }
        let rows = self.table.row_count();
        let wanted: isize = key.extract()?;
        let row = if wanted < 0 { rows.checked_sub(wanted.unsigned_abs()) } else { usize::try_from(wanted).ok() };
        match row.filter(|row| *row < rows) {
            Some(row) => Ok(self.row(py, row)?.into_any()),
            None => Err(pyo3::exceptions::PyIndexError::new_err(format!("row {wanted} of {rows}")).into()),
        }
    }

    /// A dict per row.
    fn to_dicts<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyDict>>> {
        (0..self.table.row_count()).map(|row| self.row(py, row)).collect()
    }

    /// A list per column.
    fn to_dict<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (name, _) in self.table.columns() {
            columns.set_item(name, self.list(py, name)?)?;
        }
        Ok(columns)
    }

    /// The table as a stream of Arrow, for any library that speaks its capsule interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyCapsule>> {
        // The interface lets a producer ignore a request that it cannot meet.
        let _ = requested_schema;
        arrow::export_table(py, &self.table)
    }

    /// The Arrow types of the columns.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyCapsule>> {
        arrow::export_schema(py, &self.table)
    }

    /// The table as a polars data frame.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.getattr("DataFrame")?.call1((slf,))
    }

    /// The table as a pandas data frame.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pandas")?.getattr("DataFrame")?.call_method1("from_arrow", (slf,))
    }

    /// The table as a pyarrow table.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// Writes the table to a file, replacing one that is there; the format is that of the name's ending.
    #[pyo3(signature = (path, *, format = None))]
    fn write(&self, py: Python<'_>, path: PathBuf, format: Option<&str>) -> Result<()> {
        let format = format.map(Self::format).transpose()?;
        Ok(py.detach(|| match format {
            Some(format) => write_table_as(&self.table, path, format),
            None => write_table(&self.table, path),
        })?)
    }

    /// The bytes of a file of this format.
    #[pyo3(signature = (format = "parquet"))]
    fn to_bytes<'py>(&self, py: Python<'py>, format: &str) -> Result<Bound<'py, PyBytes>> {
        let format = Self::format(format)?;
        let bytes = py.detach(|| {
            let mut bytes = Vec::new();
            write_table_to(&self.table, &mut bytes, format).map(|()| bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __repr__(&self) -> String {
        let columns: Vec<String> =
            self.table.columns().map(|(name, column)| format!("{name}: {}", column.value_type())).collect();
        format!("<Table of {} rows: {}>", self.table.row_count(), columns.join(", "))
    }

    /// The first rows, with the types of the columns and the number of rows.
    fn _repr_html_(&self) -> String {
        let cells = |tag: &str, texts: Vec<String>| -> String {
            texts.iter().map(|text| format!("<{tag}>{}</{tag}>", escape(text))).collect()
        };
        let names = self.table.columns().map(|(name, _)| name.to_owned()).collect();
        let types = self.table.columns().map(|(_, column)| column.value_type().to_string()).collect();
        let shown = self.table.row_count().min(ROWS_SHOWN_MAX);
        let rows: String = (0..shown)
            .map(|row| {
                let text = |column: &userops::column::Column| column.get(row).map_or(String::new(), |v| v.to_string());
                format!("<tr>{}</tr>", cells("td", self.table.columns().map(|(_, column)| text(column)).collect()))
            })
            .collect();
        format!(
            "<table><thead><tr>{}</tr><tr>{}</tr></thead><tbody>{rows}</tbody></table><p>{shown} of {} rows</p>",
            cells("th", names),
            cells("td", types),
            self.table.row_count()
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, (String,))> {
        let text = py.detach(|| data::to_text(&*self.table))?;
        Ok((py.get_type::<Self>().getattr("_from_text")?, (text,)))
    }

    /// The table of a text that pickling has written.
    #[classmethod]
    fn _from_text(class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        class.py().detach(|| data::from_text::<userops::table::Table>("table", text)).map(Self::from)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
