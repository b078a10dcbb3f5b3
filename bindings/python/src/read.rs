//! Sources of events and attributes, whatever Python has them in, read into one log.

use std::ops::ControlFlow;
use std::path::PathBuf;

use arrow_array::RecordBatchReader;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString, PyTuple};
use serde::Deserialize;
use userops::error::{Error, ErrorKind};
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, Ingest, IngestReport, Mapping};
use userops::log::EventLog;
use userops_io::{CsvOptions, Delimiter, FileFormat, LogReader, Progress, table_to_stream};

use crate::arrow;
use crate::data;
use crate::failure::{Failure, Result, invalid_argument};
use crate::interrupt::run;
use crate::rows::Rows;

/// What is to be read, apart from the sources.
pub(crate) struct Request {
    pub(crate) schema: EventSchema,
    pub(crate) mapping: Mapping,
    pub(crate) format: FileFormat,
    pub(crate) progress: Option<Py<PyAny>>,
    pub(crate) block_bytes: Option<usize>,
    pub(crate) record_bytes_max: Option<usize>,
}

/// A source as Python hands it over.
enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
    Arrow(Box<dyn RecordBatchReader + Send>),
    Rows(Rows),
}

impl Source {
    fn new(object: &Bound<'_, PyAny>) -> Result<Self> {
        if object.cast::<PyString>().is_ok() || object.hasattr("__fspath__")? {
            return Ok(Self::File(object.extract()?));
        }
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.as_bytes().to_vec()));
        }
        if let Ok(bytes) = object.cast::<PyByteArray>() {
            return Ok(Self::Bytes(bytes.to_vec()));
        }
        if let Some(batches) = arrow::batches_of(object)? {
            return Ok(Self::Arrow(batches));
        }
        Ok(Self::Rows(Rows::new(object)?))
    }
}

impl Request {
    /// Reads all sources in order. `attributes` is a pair of source and mapping, or a list of such pairs.
    ///
    /// # Errors
    /// As [`LogReader::read`] and [`Ingest`]; what a source or the progress callback raises.
    pub(crate) fn read(
        self,
        sources: &Bound<'_, PyTuple>,
        attributes: Option<&Bound<'_, PyAny>>,
    ) -> Result<(EventLog, IngestReport)> {
        let py = sources.py();
        let sources: Vec<Source> = sources.iter().map(|source| Source::new(&source)).collect::<Result<_>>()?;
        // No rows have no columns that could be missing: they are no source.
        let sources: Vec<Source> =
            sources.into_iter().filter(|source| !matches!(source, Source::Rows(rows) if rows.is_nothing())).collect();
        let attributes = attribute_sources(attributes)?;
        let is_plain = |source: &Source| matches!(source, Source::Rows(_));
        let all_plain = sources.iter().all(is_plain) && attributes.iter().all(|(source, _)| is_plain(source));
        match all_plain {
            // Without a reader between them and the log, so that a column may hold values of several types.
            true => Ok(run(py, usize::MAX, move || self.ingest(sources, attributes))??),
            false => self.read_streams(py, sources, attributes),
        }
    }

    fn ingest(
        self,
        sources: Vec<Source>,
        attributes: Vec<(Source, AttributeMapping)>,
    ) -> Result<(EventLog, IngestReport), Error> {
        let mut ingest = Ingest::new(self.schema, self.mapping)?;
        let rows = |source: Source| if let Source::Rows(rows) = source { Some(rows) } else { None };
        for rows in sources.into_iter().filter_map(rows) {
            ingest.push(&rows.batch("events"))?;
        }
        for (source, mapping) in attributes {
            if let Some(rows) = rows(source) {
                ingest.push_attributes(&rows.batch("attributes"), &mapping)?;
            }
        }
        ingest.finish()
    }

    fn read_streams(
        self,
        py: Python<'_>,
        sources: Vec<Source>,
        attributes: Vec<(Source, AttributeMapping)>,
    ) -> Result<(EventLog, IngestReport)> {
        let Self { schema, mapping, format, progress, block_bytes, record_bytes_max } = self;
        let mut raised = None;
        let read = py.detach(|| -> Result<_, Error> {
            let mut reader = LogReader::new(schema, mapping).format(format);
            reader = block_bytes.into_iter().fold(reader, LogReader::block_bytes);
            reader = record_bytes_max.into_iter().fold(reader, LogReader::record_bytes_max);
            for source in sources {
                reader = match source {
                    Source::File(path) => reader.file(path),
                    Source::Bytes(bytes) => reader.bytes("bytes", bytes),
                    Source::Arrow(stream) => reader.arrow("arrow", stream),
                    Source::Rows(rows) => reader.arrow("rows", stream_of(rows)?),
                };
            }
            for (source, mapping) in attributes {
                reader = match source {
                    Source::File(path) => reader.attributes_file(path, mapping),
                    Source::Bytes(bytes) => reader.attributes_bytes("attributes", bytes, mapping),
                    Source::Arrow(stream) => reader.attributes_arrow("attributes", stream, mapping),
                    Source::Rows(rows) => reader.attributes_arrow("attributes", stream_of(rows)?, mapping),
                };
            }
            reader.progress(|state| report_progress(state, progress.as_ref(), &mut raised)).read()
        });
        match raised {
            Some(error) => Err(Failure::Python(error)),
            None => Ok(read?),
        }
    }
}

fn stream_of(rows: Rows) -> Result<impl RecordBatchReader + Send + use<>, Error> {
    table_to_stream(&rows.into_table()?)
}

/// Tells Python how far the read has come, and stops it where Python raises: a callback that fails, or Ctrl-C.
fn report_progress(state: &Progress<'_>, progress: Option<&Py<PyAny>>, raised: &mut Option<PyErr>) -> ControlFlow<()> {
    let told = Python::attach(|py| {
        py.check_signals()?;
        let Some(progress) = progress else { return Ok(()) };
        let arguments = (state.bytes_read, state.bytes_total, state.rows_read, state.source);
        progress.call1(py, (py.import("userops.progress")?.getattr("Progress")?.call1(arguments)?,)).map(drop)
    });
    match told {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *raised = Some(error);
            ControlFlow::Break(())
        }
    }
}

fn attribute_sources(object: Option<&Bound<'_, PyAny>>) -> Result<Vec<(Source, AttributeMapping)>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(Vec::new()) };
    let pairs: Vec<Bound<'_, PyAny>> = match object.cast::<PyList>() {
        Ok(pairs) => pairs.iter().collect(),
        Err(_) => vec![object.clone()],
    };
    let pair = |pair: Bound<'_, PyAny>| -> Result<(Source, AttributeMapping)> {
        let Ok((source, mapping)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
            return Err(invalid_argument(
                "attributes are a pair of a source and its mapping, such as (\"users.csv\", {\"user\": \"id\"}), or a \
                 list of such pairs",
            ));
        };
        Ok((Source::new(&source)?, data::read("mapping of attributes", &mapping)?))
    };
    pairs.into_iter().map(pair).collect()
}

/// The progress callback: a callable, `True` for a line on standard error, or none.
pub(crate) fn progress(object: Option<&Bound<'_, PyAny>>) -> Result<Option<Py<PyAny>>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(None) };
    if let Ok(is_wanted) = object.extract::<bool>() {
        let bar = || object.py().import("userops.progress")?.getattr("Bar")?.call0();
        return Ok(is_wanted.then(bar).transpose()?.map(Bound::unbind));
    }
    if !object.is_callable() {
        return Err(invalid_argument(format!("progress is a callable or True, not {}", object.repr()?)));
    }
    Ok(Some(object.clone().unbind()))
}

/// The options of CSV as Python writes them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CsvKeywords {
    /// A character, or `blanks`.
    delimiter: Option<String>,
    has_header: Option<bool>,
    columns: Option<Vec<String>>,
    /// A character, or an empty text for none.
    quote: Option<String>,
    comment: Option<String>,
}

impl CsvKeywords {
    fn options(self) -> Result<CsvOptions> {
        let byte = |what: &str, text: &str| match text.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(invalid_argument(format!("the {what} {text:?} is not one ASCII character"))),
        };
        let mut options = CsvOptions::new();
        match self.delimiter.as_deref() {
            None => {}
            Some("blanks") => options = CsvOptions::blanks(),
            Some(text) => options.delimiter = Delimiter::Byte(byte("delimiter", text)?),
        }
        options.has_header = self.has_header.unwrap_or(options.has_header);
        options.columns = self.columns;
        match self.quote.as_deref() {
            None => {}
            Some("") => options.quote = None,
            Some(text) => options.quote = Some(byte("quote", text)?),
        }
        options.comment = self.comment.as_deref().map(|text| byte("comment", text)).transpose()?;
        Ok(options)
    }
}

/// The format of files and bytes: told from each unless it is named.
pub(crate) fn format(name: Option<&str>, csv: Option<&Bound<'_, PyDict>>) -> Result<FileFormat> {
    match (name, csv) {
        (None, None) => Ok(FileFormat::Auto),
        (None | Some("csv"), csv) => Ok(FileFormat::Csv(data::read_options::<CsvKeywords>("csv", csv)?.options()?)),
        (Some("parquet"), None) => Ok(FileFormat::Parquet),
        (Some("jsonl"), None) => Ok(FileFormat::JsonLines),
        (Some(name @ ("parquet" | "jsonl")), Some(_)) => {
            Err(invalid_argument(format!("options of CSV are given where the format is {name:?}")))
        }
        (Some(name), _) => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{name:?} is no format: choose \"parquet\", \"csv\" or \"jsonl\", or leave it out"),
        )
        .into()),
    }
}

/// How the columns of events are named; the dict that [`EventLog`](crate::log::EventLog) reads.
#[pyfunction]
#[pyo3(signature = (
    user, time, *, event = None, constant_event = None, amount = None, minor_amount = None, id = None,
    properties = None, all_other_columns = false, user_type = None, time_format = None, zone = None, rounding = None
))]
#[allow(clippy::too_many_arguments, reason = "keywords of Python, not positions")]
pub(crate) fn mapping<'py>(
    py: Python<'py>,
    user: &str,
    time: &str,
    event: Option<&str>,
    constant_event: Option<&str>,
    amount: Option<&str>,
    minor_amount: Option<&str>,
    id: Option<&str>,
    properties: Option<Vec<Bound<'py, PyAny>>>,
    all_other_columns: bool,
    user_type: Option<&Bound<'py, PyAny>>,
    time_format: Option<&Bound<'py, PyAny>>,
    zone: Option<&Bound<'py, PyAny>>,
    rounding: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    for (first, second, clash) in [
        ("event", "constant_event", event.is_some() && constant_event.is_some()),
        ("amount", "minor_amount", amount.is_some() && minor_amount.is_some()),
        ("properties", "all_other_columns", properties.is_some() && all_other_columns),
    ] {
        if clash {
            return Err(invalid_argument(format!("{first} and {second} exclude each other")));
        }
    }
    let mut mapping = Mapping::new(user, time);
    mapping = event.into_iter().fold(mapping, Mapping::event);
    mapping = constant_event.into_iter().fold(mapping, Mapping::constant_event);
    mapping = amount.into_iter().fold(mapping, Mapping::amount);
    mapping = minor_amount.into_iter().fold(mapping, Mapping::minor_amount);
    mapping = id.into_iter().fold(mapping, Mapping::id);
    for property in properties.into_iter().flatten() {
        mapping = match property.extract::<String>() {
            Ok(column) => mapping.property(column.as_str()),
            Err(_) => mapping.property(data::read::<userops::ingest::PropertyMapping>("property", &property)?),
        };
    }
    if all_other_columns {
        mapping = mapping.all_other_columns();
    }
    if let Some(user_type) = user_type {
        mapping = mapping.user_type(data::read("user_type", user_type)?);
    }
    if let Some(format) = time_format {
        mapping = mapping.time_format(data::read("time_format", format)?);
    }
    if let Some(zone) = zone {
        mapping = mapping.zone(crate::time::zone(zone)?);
    }
    if let Some(rounding) = rounding {
        mapping = mapping.rounding(data::read("rounding", rounding)?);
    }
    data::write(py, &mapping)
}
