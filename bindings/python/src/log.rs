//! The frozen log of events.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, Mapping, Properties, PropertyMapping, UserIdType};
use userops_io::{FileFormat, LogReader, TableFormat, write_table_to};

use crate::data;
use crate::failure::Result;
use crate::interrupt::run;
use crate::read;
use crate::report::IngestReport;
use crate::table::Table;
use crate::time;
use crate::value;

/// What is put before the names of properties and attributes in pickles, so that none is taken for another column.
const PICKLED_PREFIX: &str = "p.";

/// All events of all users, frozen.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct EventLog {
    pub(crate) log: Arc<userops::log::EventLog>,
    report: Option<IngestReport>,
}

impl EventLog {
    pub(crate) fn new(log: userops::log::EventLog, report: Option<userops::ingest::IngestReport>) -> Self {
        Self { log: Arc::new(log), report: report.map(IngestReport::from) }
    }

    /// Whether the two are one log, or equal ones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.log, &other.log) || self.log == other.log
    }
}

impl From<userops::log::EventLog> for EventLog {
    fn from(log: userops::log::EventLog) -> Self {
        Self::new(log, None)
    }
}

#[pymethods]
impl EventLog {
    /// Reads events into a log: files, bytes, data frames, rows as dicts or columns as lists.
    #[classmethod]
    #[pyo3(signature = (
        *sources, mapping, schema = None, attributes = None, format = None, csv = None, progress = None,
        block_bytes = None, record_bytes_max = None
    ))]
    #[allow(clippy::too_many_arguments, reason = "keywords of Python, not positions")]
    fn read<'py>(
        _class: &Bound<'py, PyType>,
        sources: &Bound<'py, PyTuple>,
        mapping: &Bound<'py, PyAny>,
        schema: Option<&Bound<'py, PyAny>>,
        attributes: Option<&Bound<'py, PyAny>>,
        format: Option<&str>,
        csv: Option<&Bound<'py, PyDict>>,
        progress: Option<&Bound<'py, PyAny>>,
        block_bytes: Option<usize>,
        record_bytes_max: Option<usize>,
    ) -> Result<Self> {
        let request = read::Request {
            schema: schema.map_or(Ok(EventSchema::default()), |schema| data::read("schema", schema))?,
            mapping: data::read("mapping", mapping)?,
            format: read::format(format, csv)?,
            progress: read::progress(progress)?,
            block_bytes,
            record_bytes_max,
        };
        let (log, report) = request.read(sources, attributes)?;
        Ok(Self::new(log, Some(report)))
    }

    /// What became of each row, where the log was read from a source.
    #[getter]
    fn report(&self) -> Option<IngestReport> {
        self.report.clone()
    }

    /// The schema: zone, currency, declared names and limits.
    #[getter]
    fn schema<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        data::write(py, self.log.schema())
    }

    /// The zone of the log's calendar.
    #[getter]
    fn zone(&self) -> &'static str {
        self.log.zone().name()
    }

    /// The currency of all amounts.
    #[getter]
    fn currency(&self) -> &'static str {
        self.log.currency().code()
    }

    /// How many users there are, those known only by their attributes included.
    #[getter]
    fn user_count(&self) -> usize {
        self.log.user_count()
    }

    /// How many events there are.
    #[getter]
    fn event_count(&self) -> usize {
        self.log.event_count()
    }

    /// All names of events, ascending.
    #[getter]
    fn event_names(&self) -> Vec<String> {
        self.log.names().iter().map(str::to_owned).collect()
    }

    /// The types of the properties by name.
    #[getter]
    fn property_types<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let types = PyDict::new(py);
        for (name, column) in self.log.properties() {
            types.set_item(name, column.value_type().name())?;
        }
        Ok(types)
    }

    /// The first and the last instant of any event, or nothing where there is none.
    #[getter]
    fn time_span<'py>(&self, py: Python<'py>) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let span = self.log.time_span();
        span.map(|(first, last)| Ok((time::to_datetime(py, first)?, time::to_datetime(py, last)?))).transpose()
    }

    /// The sum of all amounts, in minor units.
    #[getter]
    fn amount_total_minor(&self) -> i64 {
        self.log.amount_total().minor()
    }

    /// The ids of all users, ascending.
    fn users<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.log.users().iter().map(|id| value::id_to_python(py, id)).collect()
    }

    /// The events of one user in order of time, as dicts; those up to `as_of` where it is given.
    #[pyo3(signature = (user, *, as_of = None))]
    fn events_of<'py>(
        &self,
        py: Python<'py>,
        user: &Bound<'py, PyAny>,
        as_of: Option<&Bound<'py, PyAny>>,
    ) -> Result<Vec<Bound<'py, PyDict>>> {
        let mut events = self.log.events_of(value::find_user(&self.log, user)?);
        if let Some(as_of) = as_of {
            events = events.until(time::instant(as_of)?);
        }
        events.iter().map(|event| event_dict(py, &event)).collect()
    }

    /// The attributes of one user, as far as they are known.
    fn attributes_of<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let user = value::find_user(&self.log, user)?;
        let known = PyDict::new(py);
        for (name, column) in self.log.attributes().columns() {
            if let Some(value) = column.get(user.index()) {
                known.set_item(name, value::to_python(py, value)?)?;
            }
        }
        Ok(known)
    }

    /// The events as a table, a row per event.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let log = Arc::clone(&self.log);
        Ok(run(py, log.event_count(), move || log.to_table())??.into())
    }

    /// What is known of the users, a row per user.
    fn attributes(&self, py: Python<'_>) -> Result<Table> {
        Ok(py.detach(|| self.log.to_attribute_table())?.into())
    }

    /// This log and the other in one, as if the other had arrived after this one.
    fn merge(&self, py: Python<'_>, other: &Bound<'_, Self>) -> Result<Self> {
        let (log, other) = (Arc::clone(&self.log), Arc::clone(&other.get().log));
        Ok(run(py, log.event_count() + other.event_count(), move || log.merge(&other))??.into())
    }

    fn __len__(&self) -> usize {
        self.log.event_count()
    }

    /// Whether the log knows a user of this id.
    fn __contains__(&self, user: &Bound<'_, PyAny>) -> bool {
        value::user_id(user).is_ok_and(|id| self.log.users().find(&id).is_some())
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> Py<PyAny> {
        match other.cast::<Self>() {
            Ok(other) => {
                let other = other.get();
                let equal = py.detach(|| self.is_same(other));
                pyo3::types::PyBool::new(py, equal).to_owned().into_any().unbind()
            }
            Err(_) => py.NotImplemented(),
        }
    }

    fn __hash__(slf: &Bound<'_, Self>) -> usize {
        // Cheap, and equal for equal logs.
        let log = &slf.get().log;
        log.event_count().rotate_left(16) ^ log.user_count()
    }

    fn __repr__(&self) -> String {
        let (events, users) = (self.log.event_count(), self.log.user_count());
        match self.log.time_span() {
            Some((first, last)) => format!("<EventLog of {events} events by {users} users, {first} to {last}>"),
            None => format!("<EventLog of {events} events by {users} users>"),
        }
    }

    /// A log is pickled as its schema and two Parquet files, its events and what is known of its users, with the
    /// mappings by which they are read again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let log = Arc::clone(&self.log);
        let (events, users) = run(py, log.event_count(), move || -> userops::error::Result<_> {
            let events = parquet(&log.to_prefixed_table(PICKLED_PREFIX)?)?;
            Ok((events, parquet(&log.to_prefixed_attribute_table(PICKLED_PREFIX)?)?))
        })??;
        let (mapping, attribute_mapping) = pickled_mappings(&self.log);
        let parts = (
            data::to_text(self.log.schema())?,
            (data::to_text(&mapping)?, PyBytes::new(py, &events)),
            (data::to_text(&attribute_mapping)?, PyBytes::new(py, &users)),
            self.report.clone(),
        );
        Ok((py.get_type::<Self>().getattr("_from_parts")?, parts.into_pyobject(py)?))
    }

    /// The log of the parts that pickling has written.
    #[classmethod]
    fn _from_parts(
        class: &Bound<'_, PyType>,
        schema: &str,
        events: (String, Vec<u8>),
        users: (String, Vec<u8>),
        report: Option<&Bound<'_, IngestReport>>,
    ) -> Result<Self> {
        let schema: EventSchema = data::from_text("schema", schema)?;
        let mapping: Mapping = data::from_text("mapping", &events.0)?;
        let attribute_mapping: AttributeMapping = data::from_text("mapping", &users.0)?;
        let (log, _) = run(class.py(), usize::MAX, move || {
            let reader = LogReader::new(schema, mapping).format(FileFormat::Parquet);
            reader.bytes("events", events.1).attributes_bytes("users", users.1, attribute_mapping).read()
        })??;
        Ok(Self { log: Arc::new(log), report: report.map(|report| report.get().clone()) })
    }
}

fn parquet(table: &userops::table::Table) -> userops::error::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_table_to(table, &mut bytes, TableFormat::Parquet)?;
    Ok(bytes)
}

/// How the tables of a pickled log are read again.
fn pickled_mappings(log: &userops::log::EventLog) -> (Mapping, AttributeMapping) {
    let bare = |name: &str| PropertyMapping::column(format!("{PICKLED_PREFIX}{name}")).named(name);
    let user_type = match log.users().integers() {
        Some(_) => UserIdType::Integer,
        None => UserIdType::Text,
    };
    let mut mapping = Mapping::new("user", "time").user_type(user_type).minor_amount("amount_minor");
    if log.has_event_ids() {
        mapping = mapping.id("id");
    }
    mapping = log.properties().fold(mapping, |mapping, (name, _)| mapping.property(bare(name)));
    let mut attributes = AttributeMapping::new("user").user_type(user_type);
    attributes.attributes = Properties::Listed(log.attributes().columns().map(|(name, _)| bare(name)).collect());
    (mapping, attributes)
}

/// An event as a dict; of amount, id and properties only what is known.
fn event_dict<'py>(py: Python<'py>, event: &userops::event::Event) -> Result<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("user", value::id_to_python(py, event.user.as_ref())?)?;
    dict.set_item("time", time::to_datetime(py, event.time)?)?;
    dict.set_item("event", PyString::new(py, &event.name))?;
    if let Some(amount) = event.amount {
        dict.set_item("amount_minor", amount.minor())?;
    }
    if let Some(id) = &event.id {
        dict.set_item("id", id)?;
    }
    let properties = PyDict::new(py);
    for (name, known) in &event.properties {
        properties.set_item(name, value::to_python(py, known.as_ref())?)?;
    }
    dict.set_item("properties", properties)?;
    Ok(dict)
}
