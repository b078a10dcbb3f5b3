//! What to read, and word of how far it has come.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatchReader;
use bytes::Bytes;
use userops::error::{Error, ErrorKind, Result};
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, IngestReport, Mapping};
use userops::log::EventLog;

use super::{Named, Opened, read_all};
use crate::arrow::ArrowInput;
use crate::block::BlockSizes;
use crate::csv::{CsvInput, CsvOptions};
use crate::failure::at_source;
use crate::jsonl::JsonLinesInput;
use crate::parquet::ParquetInput;
use crate::source::{FileFormat, Source};

/// Bytes of text that a thread reads at a time: what it splits and coerces stays small, and parts stay few.
const BLOCK_BYTES: usize = 16 << 20;
/// The longest line or quoted record of a text file. One that is longer is nearly always a quote that is never closed.
const RECORD_BYTES_MAX: usize = 64 << 20;

/// Reads files, bytes and Arrow streams into one event log.
///
/// Sources are read in the order in which they were given, which is the order of arrival of their events.
#[must_use]
pub struct LogReader<'a> {
    schema: EventSchema,
    mapping: Mapping,
    format: FileFormat,
    sizes: BlockSizes,
    events: Vec<Given>,
    attributes: Vec<(Given, AttributeMapping)>,
    progress: Option<ProgressCallback<'a>>,
}

type ProgressCallback<'a> = Box<dyn FnMut(&Progress<'_>) -> ControlFlow<()> + 'a>;

enum Given {
    File(PathBuf, FileFormat),
    Bytes(Source, FileFormat),
    Arrow(Arc<str>, Box<dyn RecordBatchReader + Send>),
}

/// How far a read has come. No number ever goes down.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Bytes that were read, of all files and bytes in memory, as they are stored; Arrow streams count for none.
    pub bytes_read: u64,
    /// Bytes there are.
    pub bytes_total: u64,
    /// Rows that were read.
    pub rows_read: u64,
    /// The source that is being read.
    pub source: &'a str,
}

impl fmt::Debug for LogReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = |given: &Given| match given {
            Given::File(path, _) => path.display().to_string(),
            Given::Bytes(source, _) => source.name.to_string(),
            Given::Arrow(name, _) => name.to_string(),
        };
        f.debug_struct("LogReader")
            .field("schema", &self.schema)
            .field("mapping", &self.mapping)
            .field("events", &self.events.iter().map(sources).collect::<Vec<_>>())
            .field("attributes", &self.attributes.iter().map(|(given, _)| sources(given)).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<'a> LogReader<'a> {
    /// A reader of nothing yet, into a log of this schema, from columns named by this mapping.
    pub fn new(schema: EventSchema, mapping: Mapping) -> Self {
        Self {
            schema,
            mapping,
            format: FileFormat::Auto,
            sizes: BlockSizes { block_bytes: BLOCK_BYTES, record_bytes_max: RECORD_BYTES_MAX },
            events: Vec::new(),
            attributes: Vec::new(),
            progress: None,
        }
    }

    /// The format of the sources that are given after this call; told from each by default.
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = format;
        self
    }

    /// A file of events.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.events.push(Given::File(path.as_ref().to_owned(), self.format.clone()));
        self
    }

    /// Files of events, whose columns may come in different orders.
    pub fn files<P: AsRef<Path>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        paths.into_iter().fold(self, Self::file)
    }

    /// Events in memory, as a file would hold them; the name stands for them in messages and rejections.
    pub fn bytes(mut self, name: impl AsRef<str>, bytes: impl Into<Bytes>) -> Self {
        self.events.push(Given::Bytes(Source::bytes(name.as_ref(), bytes.into()), self.format.clone()));
        self
    }

    /// A stream of Arrow batches of events. Its batches are asked for from rayon's threads.
    pub fn arrow(mut self, name: impl AsRef<str>, stream: impl RecordBatchReader + Send + 'static) -> Self {
        self.events.push(Given::Arrow(name.as_ref().into(), Box::new(stream)));
        self
    }

    /// A file with a row of attributes per user.
    pub fn attributes_file(mut self, path: impl AsRef<Path>, mapping: AttributeMapping) -> Self {
        self.attributes.push((Given::File(path.as_ref().to_owned(), self.format.clone()), mapping));
        self
    }

    /// Attributes in memory, as a file would hold them.
    pub fn attributes_bytes(
        mut self,
        name: impl AsRef<str>,
        bytes: impl Into<Bytes>,
        mapping: AttributeMapping,
    ) -> Self {
        let source = Source::bytes(name.as_ref(), bytes.into());
        self.attributes.push((Given::Bytes(source, self.format.clone()), mapping));
        self
    }

    /// A stream of Arrow batches with a row of attributes per user.
    pub fn attributes_arrow(
        mut self,
        name: impl AsRef<str>,
        stream: impl RecordBatchReader + Send + 'static,
        mapping: AttributeMapping,
    ) -> Self {
        self.attributes.push((Given::Arrow(name.as_ref().into(), Box::new(stream)), mapping));
        self
    }

    /// Calls this on the reading thread after every part that is read; `Break` stops the read.
    pub fn progress(mut self, progress: impl FnMut(&Progress<'_>) -> ControlFlow<()> + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Bytes of text that each thread reads at a time, by default 16 MiB. The log does not depend on it.
    pub fn block_bytes(mut self, bytes: usize) -> Self {
        self.sizes.block_bytes = bytes;
        self
    }

    /// The longest line or quoted record of a text file, by default 64 MiB.
    pub fn record_bytes_max(mut self, bytes: usize) -> Self {
        self.sizes.record_bytes_max = bytes;
        self
    }

    /// Reads everything into a log, and says what became of each row. A log of no source is empty.
    ///
    /// # Errors
    /// Each names the source. `Io` where a file does not exist, is a folder or cannot be read; `InvalidFormat` where
    /// bytes are not what their format asks for; `Empty` for CSV without even a heading, while JSON Lines without a line
    /// are no events; `MissingColumn`, `TypeMismatch`, `InvalidDefinition` and `LimitExceeded` as
    /// [`Ingest`](userops::ingest::Ingest) has them, `LimitExceeded` also for a record longer than
    /// [`LogReader::record_bytes_max`]; `Cancelled` where the progress callback stops the read.
    pub fn read(self) -> Result<(EventLog, IngestReport)> {
        let Self { schema, mapping, sizes, events, attributes, progress, .. } = self;
        let settings = Settings {
            sizes,
            ids: [Some(&mapping.user), mapping.id.as_ref()].into_iter().flatten().cloned().collect(),
            amounts: mapping.amount.iter().map(|amount| amount.column.clone()).collect(),
        };
        let events = events.into_iter().map(|given| given.open(&settings)).collect::<Result<Vec<_>>>()?;
        let attributes = attributes
            .into_iter()
            .map(|(given, mapping)| {
                let settings = Settings { sizes, ids: vec![mapping.user.clone()], amounts: Vec::new() };
                Ok((given.open(&settings)?, mapping))
            })
            .collect::<Result<Vec<_>>>()?;
        let sizes = events.iter().chain(attributes.iter().map(|(source, _)| source)).map(|source| source.bytes_total);
        let mut watch = Watch {
            progress,
            source: "".into(),
            bytes_before: 0,
            bytes_read: 0,
            bytes_total: sizes.sum(),
            rows_read: 0,
        };
        read_all(&schema, &mapping, events, attributes, &mut watch)
    }
}

/// Reads a stream of Arrow batches into a log; as [`LogReader::arrow`] and [`LogReader::read`].
///
/// # Errors
/// As [`LogReader::read`].
pub fn read_batches(
    schema: EventSchema,
    mapping: Mapping,
    stream: impl RecordBatchReader + Send + 'static,
) -> Result<(EventLog, IngestReport)> {
    LogReader::new(schema, mapping).arrow("arrow", stream).read()
}

/// What opening a source depends on.
struct Settings {
    sizes: BlockSizes,
    /// Columns of user and event ids.
    ids: Vec<String>,
    /// Columns of money.
    amounts: Vec<String>,
}

impl Given {
    fn open(self, settings: &Settings) -> Result<Named> {
        let (source, format) = match self {
            Self::File(path, format) => (Source::file(&path)?, format),
            Self::Bytes(source, format) => (source, format),
            Self::Arrow(name, stream) => {
                let opened = Opened::Arrow(ArrowInput::new(Arc::clone(&name), stream));
                return Ok(Named { name, bytes_total: 0, opened });
            }
        };
        let name = Arc::clone(&source.name);
        let bytes_total = source.bytes_total;
        let opened = Self::open_as(source, &format, settings).map_err(|error| at_source(error, &name))?;
        Ok(Named { name, bytes_total, opened })
    }

    fn open_as(source: Source, format: &FileFormat, settings: &Settings) -> Result<Opened> {
        let Settings { sizes, ids, amounts } = settings;
        Ok(match source.settle(format)? {
            FileFormat::Parquet => Opened::Parquet(ParquetInput::open(source, ids.clone())?),
            FileFormat::JsonLines => Opened::JsonLines(JsonLinesInput::open(source, amounts.clone(), *sizes)?),
            FileFormat::Csv(options) => Opened::Csv(CsvInput::open(source, &options, *sizes)?),
            FileFormat::Auto => Opened::Csv(CsvInput::open(source, &CsvOptions::new(), *sizes)?),
        })
    }
}

/// Keeps the count for the progress callback.
pub(super) struct Watch<'a> {
    progress: Option<ProgressCallback<'a>>,
    source: Arc<str>,
    /// Bytes of the sources that are done with.
    bytes_before: u64,
    bytes_read: u64,
    bytes_total: u64,
    rows_read: u64,
}

impl Watch<'_> {
    pub(super) fn begin(&mut self, source: &Arc<str>) {
        self.source = Arc::clone(source);
    }

    pub(super) fn end(&mut self, bytes: u64) {
        self.bytes_before += bytes;
        self.bytes_read = self.bytes_read.max(self.bytes_before);
    }

    /// Notes a part: how far its source is read, and how many rows more there are.
    ///
    /// # Errors
    /// `Cancelled` where the host asks to stop.
    pub(super) fn advance(&mut self, bytes_of_source: u64, rows: u64) -> Result<()> {
        self.rows_read += rows;
        self.bytes_read = self.bytes_read.max(self.bytes_before + bytes_of_source).min(self.bytes_total);
        let Some(progress) = &mut self.progress else { return Ok(()) };
        let state = Progress {
            bytes_read: self.bytes_read,
            bytes_total: self.bytes_total,
            rows_read: self.rows_read,
            source: &self.source,
        };
        match progress(&state) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                Err(Error::new(ErrorKind::Cancelled, format!("stopped after {} rows", self.rows_read)))
            }
        }
    }
}
