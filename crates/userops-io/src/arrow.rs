//! Arrow record batches in, and tables out.

mod column;
mod from_stream;
mod table;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{DataType, Schema};
use userops::error::{Error, ErrorKind, Result};
use userops::ingest::{RawBatch, RawColumn, RawData};
use userops::value::ValueType;

pub use from_stream::table_from_arrow;
pub use table::{table_to_arrow, table_to_stream};

use crate::failure::{at_source, invalid_format, lock};
use crate::heading::{Heading, Kind};
use crate::input::{BatchSink, Input, Part, Parts};

/// The most rows that are converted at a time.
pub(crate) const BATCH_ROWS: usize = 1 << 16;
/// Rows of one part, unless the stream's batches are larger: enough that joining parts costs little.
const PART_ROWS: usize = 1 << 18;

/// The named columns of an Arrow batch as raw columns, borrowed where the types allow; all columns where `wanted` is
/// `None`. Names that the batch lacks are left out.
///
/// Integers of 64 bits, floats of 64 bits, decimals of 128, dates and timestamps are borrowed; narrower numbers, booleans
/// and the slices of texts are written out. A null is a missing value.
///
/// # Errors
/// `TypeMismatch`, naming column and type, for a column such as a list, struct or binary one.
pub fn record_batch_to_raw<'a>(
    source: impl Into<Cow<'a, str>>,
    batch: &'a RecordBatch,
    wanted: Option<&[String]>,
) -> Result<RawBatch<'a>> {
    let source = source.into();
    let mut raw = RawBatch::new(source.clone(), batch.num_rows());
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if wanted.is_none_or(|wanted| wanted.contains(field.name())) {
            // The batch outlives the schema reference, so the name is copied.
            let column = column::to_raw(field.name(), array).map_err(|error| at_source(error, &source))?;
            raw.push(field.name().clone(), column);
        }
    }
    Ok(raw)
}

/// As [`record_batch_to_raw`], with a column of nothing but missing values for each that the batch lacks.
pub(crate) fn to_raw_batch<'a>(source: &'a str, batch: &'a RecordBatch, wanted: &'a [String]) -> Result<RawBatch<'a>> {
    let mut raw = record_batch_to_raw(source, batch, Some(wanted))?;
    for name in wanted {
        if raw.column(name).is_none() {
            raw.push(name.as_str(), RawColumn::new(RawData::Null(batch.num_rows())));
        }
    }
    Ok(raw)
}

/// The columns of an Arrow schema.
pub(crate) fn heading_of(schema: &Schema) -> Heading {
    Heading::new(schema.fields().iter().map(|field| (field.name().clone(), kind_of(field.data_type()))).collect())
}

fn kind_of(data_type: &DataType) -> Kind {
    match data_type {
        DataType::Null => Kind::Null,
        DataType::Boolean => Kind::Typed(ValueType::Bool),
        data_type if data_type.is_integer() => Kind::Typed(ValueType::Integer),
        DataType::Float32 | DataType::Float64 => Kind::Typed(ValueType::Float),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => Kind::Typed(ValueType::Float),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Typed(ValueType::Text),
        DataType::Dictionary(_, values)
            if matches!(**values, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) =>
        {
            Kind::Typed(ValueType::Text)
        }
        DataType::Timestamp(..) => Kind::Typed(ValueType::Time),
        DataType::Date32 | DataType::Date64 => Kind::Typed(ValueType::Date),
        other => Kind::Unsupported(other.to_string()),
    }
}

/// A stream of record batches.
pub(crate) struct ArrowInput {
    source: Arc<str>,
    heading: Heading,
    wanted: Vec<String>,
    stream: Mutex<Box<dyn RecordBatchReader + Send>>,
}

impl ArrowInput {
    pub(crate) fn new(source: Arc<str>, stream: Box<dyn RecordBatchReader + Send>) -> Self {
        Self { source, heading: heading_of(&stream.schema()), wanted: Vec::new(), stream: Mutex::new(stream) }
    }
}

/// Some batches of a stream, one after the other.
pub(crate) struct ArrowPart(Vec<RecordBatch>);

impl Part for ArrowPart {
    fn bytes_read(&self) -> u64 {
        0
    }
}

impl Input for ArrowInput {
    type Part = ArrowPart;

    fn heading(&self) -> &Heading {
        &self.heading
    }

    fn choose(&mut self, wanted: &[String]) -> Result<()> {
        self.wanted = wanted.to_vec();
        self.heading.check_wanted(wanted)
    }

    fn parts(&self) -> Result<Parts<'_, ArrowPart>> {
        let mut large: Option<RecordBatch> = None;
        Ok(Box::new(move || {
            let mut part = Vec::new();
            let mut rows = 0;
            while rows < PART_ROWS {
                let batch = match large.take() {
                    Some(batch) => batch,
                    None => match lock(&self.stream).next().transpose().map_err(stream_error)? {
                        Some(batch) => batch,
                        None => break,
                    },
                };
                let taken = batch.num_rows().min(PART_ROWS - rows);
                rows += taken;
                if taken < batch.num_rows() {
                    large = Some(batch.slice(taken, batch.num_rows() - taken));
                }
                part.push(batch.slice(0, taken));
            }
            Ok((!part.is_empty()).then_some(ArrowPart(part)))
        }))
    }

    fn decode(&self, part: ArrowPart, first_row: u64, sink: BatchSink<'_>) -> Result<u64> {
        let mut row = first_row;
        for batch in part.0 {
            for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
                let slice = batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start));
                sink(&to_raw_batch(&self.source, &slice, &self.wanted)?.starting_at(row))?;
                row += slice.num_rows() as u64;
            }
        }
        Ok(row - first_row)
    }
}

fn stream_error(error: arrow_schema::ArrowError) -> Error {
    match error {
        arrow_schema::ArrowError::IoError(message, cause) => Error::new(ErrorKind::Io, message).caused_by(cause),
        error => invalid_format(format!("the Arrow stream failed: {error}")).caused_by(error),
    }
}
