//! Parquet files: only the needed columns, row group by row group.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use userops::error::{Error, ErrorKind, Result};

use crate::arrow::{BATCH_ROWS, heading_of, to_raw_batch};
use crate::failure::invalid_format;
use crate::heading::Heading;
use crate::input::{BatchSink, Input, Part, Parts};
use crate::source::Source;

/// Row groups are read together up to about this many rows, so that joining the parts of a log costs little.
const PART_ROWS: usize = 1 << 18;

/// A Parquet source of which the footer is read.
pub(crate) struct ParquetInput {
    source: Source,
    heading: Heading,
    wanted: Vec<String>,
    /// Columns that hold mostly distinct texts, for which a dictionary is no gain.
    ids: Vec<String>,
    metadata: ArrowReaderMetadata,
}

impl ParquetInput {
    /// Reads the footer. `ids` are the columns of user and event ids.
    ///
    /// # Errors
    /// `InvalidFormat` where this is no Parquet, or is cut short; `Io` where it cannot be read.
    pub(crate) fn open(source: Source, ids: Vec<String>) -> Result<Self> {
        let metadata = caught(|| load(&source, ArrowReaderOptions::new()))?;
        let heading = heading_of(metadata.schema());
        Ok(Self { source, heading, wanted: Vec::new(), ids, metadata })
    }

    /// The schema to ask for: texts as codes into a dictionary, which are judged once per distinct text, but ids, which
    /// are mostly distinct, as views.
    fn schema_to_ask(&self) -> Schema {
        let type_to_ask = |field: &Field| match field.data_type() {
            data_type if !is_text(data_type) || !self.wanted.contains(field.name()) => data_type.clone(),
            _ if self.ids.contains(field.name()) => DataType::Utf8View,
            _ => DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8)),
        };
        let fields = self.metadata.schema().fields().iter();
        Schema::new(fields.map(|field| field.as_ref().clone().with_data_type(type_to_ask(field))).collect::<Vec<_>>())
    }

    fn reader(&self, groups: Range<usize>) -> Result<ParquetRecordBatchReader, ParquetError> {
        fn build<R: parquet::file::reader::ChunkReader + 'static>(
            builder: ParquetRecordBatchReaderBuilder<R>,
            input: &ParquetInput,
            groups: Range<usize>,
        ) -> Result<ParquetRecordBatchReader, ParquetError> {
            let roots = (0..input.heading.columns().len())
                .zip(input.heading.columns())
                .filter(|(_, (name, _))| input.wanted.iter().any(|wanted| wanted == name))
                .map(|(index, _)| index);
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            builder.with_projection(mask).with_row_groups(groups.collect()).with_batch_size(BATCH_ROWS).build()
        }
        let metadata = self.metadata.clone();
        // Every reader has a file of its own: two on one file would move each other's place in it.
        match (
            self.source.open_file().map_err(|error| ParquetError::External(Box::new(error)))?,
            self.source.in_memory(),
        ) {
            (Some(file), _) => build(ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata), self, groups),
            (None, bytes) => {
                let bytes = bytes.cloned().unwrap_or_default();
                build(ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata), self, groups)
            }
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        data_type => matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

fn load(source: &Source, options: ArrowReaderOptions) -> Result<ArrowReaderMetadata, ParquetError> {
    match (source.open_file().map_err(|error| ParquetError::External(Box::new(error)))?, source.in_memory()) {
        (Some(file), _) => ArrowReaderMetadata::load(&file, options),
        (None, bytes) => ArrowReaderMetadata::load(&bytes.cloned().unwrap_or_default(), options),
    }
}

/// Some row groups, and the rows before them.
pub(crate) struct RowGroups {
    groups: Range<usize>,
    row_count: usize,
    bytes_read: u64,
}

impl Part for RowGroups {
    fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    fn row_count(&self) -> usize {
        self.row_count
    }
}

impl Input for ParquetInput {
    type Part = RowGroups;

    fn heading(&self) -> &Heading {
        &self.heading
    }

    fn choose(&mut self, wanted: &[String]) -> Result<()> {
        self.heading.check_wanted(wanted)?;
        self.wanted = wanted.to_vec();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(self.schema_to_ask()));
        // A schema that the file refuses costs speed only: what is read then is of the file's own types.
        if let Ok(metadata) = caught(|| ArrowReaderMetadata::try_new(Arc::clone(self.metadata.metadata()), options)) {
            self.metadata = metadata;
        }
        Ok(())
    }

    fn parts(&self) -> Result<Parts<'_, RowGroups>> {
        let groups = self.metadata.metadata().row_groups();
        let rows_total: usize = groups.iter().map(|group| rows_of(group.num_rows())).sum();
        let (mut next, mut rows_before) = (0, 0);
        Ok(Box::new(move || {
            let first = next;
            let mut rows = 0;
            while next < groups.len() && rows < PART_ROWS {
                rows += rows_of(groups[next].num_rows());
                next += 1;
            }
            rows_before += rows;
            let read = self.source.bytes_total as f64 * (rows_before as f64 / rows_total.max(1) as f64);
            Ok((first < next).then_some(RowGroups { groups: first..next, row_count: rows, bytes_read: read as u64 }))
        }))
    }

    fn decode(&self, part: RowGroups, first_row: u64, sink: BatchSink<'_>) -> Result<u64> {
        let mut reader = caught(|| self.reader(part.groups))?;
        let mut row = first_row;
        while let Some(batch) = caught(|| reader.next().transpose())? {
            let batch: RecordBatch = batch;
            sink(&to_raw_batch(&self.source.name, &batch, &self.wanted)?.starting_at(row))?;
            row += batch.num_rows() as u64;
        }
        Ok(row - first_row)
    }
}

fn rows_of(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// Runs the decoder. Bytes that are no Parquet can make it panic; that is an error like any other.
fn caught<T, E: Into<Failure>>(decode: impl FnOnce() -> Result<T, E>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(|error| error.into().0),
        Err(_) => Err(invalid_format("the file is damaged: its decoder gave up")),
    }
}

/// What the decoder reports, as the core's error.
struct Failure(Error);

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Self(match error {
            ParquetError::External(cause) => match cause.downcast::<Error>() {
                Ok(error) => *error,
                Err(cause) => match cause.downcast_ref::<std::io::Error>() {
                    Some(io) if io.raw_os_error().is_some() => {
                        Error::new(ErrorKind::Io, format!("cannot be read: {cause}")).caused_by(cause)
                    }
                    _ => damaged(&cause.to_string()).caused_by(cause),
                },
            },
            error => damaged(&error.to_string()).caused_by(error),
        })
    }
}

impl From<arrow_schema::ArrowError> for Failure {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self(damaged(&error.to_string()).caused_by(error))
    }
}

fn damaged(message: &str) -> Error {
    invalid_format(format!("no readable Parquet: {message}"))
}
