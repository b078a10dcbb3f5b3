//! Who the users of an audience are, beside everybody.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::column::Column;
use userops::portrait::{Audience, PortraitOptions};
use userops::time::Zone;
use userops::value::ValueType;

use crate::data;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::run;
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::rows;
use crate::segment::Segment;
use crate::table::Table;
use crate::time;

/// A column with a row per user, by whose values users are told apart.
#[pyclass(frozen, module = "userops")]
#[derive(Debug, Clone)]
pub(crate) struct Dimension {
    name: String,
    values: Column,
    zone: Zone,
}

impl Dimension {
    fn dimension(&self) -> userops::portrait::Dimension<'_> {
        userops::portrait::Dimension::of(&self.name, &self.values).in_zone(self.zone)
    }
}

#[pymethods]
impl Dimension {
    /// Values in the order of the log's users; `type` says what they are where all are unknown.
    #[new]
    #[pyo3(signature = (name, values, *, r#type = None, zone = None))]
    fn new(
        name: String,
        values: &Bound<'_, PyAny>,
        r#type: Option<&Bound<'_, PyAny>>,
        zone: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let mut column = rows::read_column(&name, values)?;
        let stated: Option<ValueType> = r#type.map(|name| data::read("type", name)).transpose()?;
        if let Some(stated) = stated
            && stated != column.value_type()
        {
            if column.known_count() > 0 {
                let actual = column.value_type();
                return Err(invalid_argument(format!("the values of {name:?} are of type {actual}, not {stated}")));
            }
            column = Column::unknown(stated, column.len());
        }
        let zone = zone.map_or(Ok(Zone::UTC), time::zone)?;
        Ok(Self { name, values: column, zone })
    }

    /// A column of a table whose rows are in the order of the log's users.
    #[classmethod]
    #[pyo3(signature = (table, column, *, zone = None))]
    fn of_table(
        _class: &Bound<'_, PyType>,
        table: &Bound<'_, Table>,
        column: &str,
        zone: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let values = table.get().table.column(column)?.clone();
        Ok(Self { name: column.to_owned(), values, zone: zone.map_or(Ok(Zone::UTC), time::zone)? })
    }

    /// A dimension for each attribute of a log's users.
    #[classmethod]
    fn attributes(_class: &Bound<'_, PyType>, log: &Bound<'_, EventLog>) -> Vec<Self> {
        let log = &log.get().log;
        let zone = log.zone();
        let columns = log.attributes().columns();
        columns.map(|(name, values)| Self { name: name.to_owned(), values: values.clone(), zone }).collect()
    }

    /// The name of the dimension.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    fn __len__(&self) -> usize {
        self.values.len()
    }

    fn __repr__(&self) -> String {
        format!("<Dimension {:?} of {} users: {}>", self.name, self.values.len(), self.values.value_type())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let values = Table::from(userops::table::Table::new(self.values.len()).with(&*self.name, self.values.clone())?);
        Ok(reduce::<Self>(py, "_rebuild", (values, &self.name, self.zone.name()))?)
    }

    /// The dimension of the parts that pickling has written.
    #[classmethod]
    fn _rebuild(
        class: &Bound<'_, PyType>,
        table: &Bound<'_, Table>,
        name: &str,
        zone: &Bound<'_, PyAny>,
    ) -> Result<Self> {
        Self::of_table(class, table, name, Some(zone))
    }
}

/// How an audience differs from all users.
#[pyclass(frozen, eq, module = "userops")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Portrait {
    portrait: userops::portrait::Portrait,
}

#[pymethods]
impl Portrait {
    /// How many users the audience has.
    #[getter]
    fn audience_count(&self) -> u64 {
        self.portrait.audience_count
    }

    /// How many users there are.
    #[getter]
    fn everyone_count(&self) -> u64 {
        self.portrait.everyone_count
    }

    /// The options that the portrait was built with.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.portrait.options)
    }

    /// A dict for each value of each dimension.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.portrait.rows)
    }

    /// A dict with means and medians for each dimension of numbers.
    #[getter]
    fn summaries<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.portrait.summaries)
    }

    /// The rows that tell most about the audience, the most telling first; all of them by default.
    #[pyo3(signature = (rows_max = None))]
    fn most_distinctive<'py>(&self, py: Python<'py>, rows_max: Option<usize>) -> Result<Bound<'py, PyAny>> {
        data::write(py, &self.portrait.most_distinctive(rows_max.unwrap_or(usize::MAX)))
    }

    /// A row per value.
    fn to_table(&self) -> Result<Table> {
        Ok(self.portrait.to_table()?.into())
    }

    /// A row per dimension of numbers.
    fn to_summary_table(&self) -> Result<Table> {
        Ok(self.portrait.to_summary_table()?.into())
    }

    fn __str__(&self) -> String {
        self.portrait.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Portrait of {} among {} users>", self.portrait.audience_count, self.portrait.everyone_count)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "_from_text", (data::to_text(&self.portrait)?,))?)
    }

    /// The portrait of a text that pickling has written.
    #[classmethod]
    fn _from_text(_class: &Bound<'_, PyType>, text: &str) -> Result<Self> {
        Ok(Self { portrait: data::from_text("portrait", text)? })
    }
}

/// Builds the portrait of an audience, a segment or a bool per user, against all users.
#[pyfunction]
#[pyo3(signature = (audience, dimensions, **options))]
pub(crate) fn build_portrait(
    audience: &Bound<'_, PyAny>,
    dimensions: Vec<Py<Dimension>>,
    options: Option<&Bound<'_, PyDict>>,
) -> Result<Portrait> {
    let py = audience.py();
    let options: PortraitOptions = data::read_options("options of portraits", options)?;
    let (segment, flags) = match audience.cast::<Segment>() {
        Ok(segment) => (Some(segment.clone().unbind()), Vec::new()),
        Err(_) => (None, audience.extract::<Vec<bool>>()?),
    };
    // A value of each dimension for each user.
    let rows = dimensions.iter().map(|dimension| dimension.get().values.len()).sum();
    let portrait = run(py, rows, move || {
        let audience: Audience<'_> = match &segment {
            Some(segment) => (&segment.get().segment).into(),
            None => flags.into(),
        };
        let dimensions: Vec<_> = dimensions.iter().map(|dimension| dimension.get().dimension()).collect();
        userops::portrait::build_portrait(audience, &dimensions, options)
    })??;
    Ok(Portrait { portrait })
}
