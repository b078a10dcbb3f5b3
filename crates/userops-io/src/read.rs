//! The way in: any mixture of files and streams, read into one log.

mod reader;

use std::sync::Arc;

use userops::error::Result;
use userops::event::EventSchema;
use userops::ingest::{
    AttributeMapping, ChunkBuilder, Ingest, IngestReport, Mapping, Plan, Properties, PropertyMapping,
};
use userops::log::EventLog;

pub use reader::{LogReader, Progress, read_batches};

use crate::arrow::ArrowInput;
use crate::csv::CsvInput;
use crate::failure::at_source;
use crate::heading::Heading;
use crate::input::{Input, Part};
use crate::jsonl::JsonLinesInput;
use crate::parallel::map_in_order;
use crate::parquet::ParquetInput;
use reader::Watch;

/// A source of which the columns are known.
enum Opened {
    Parquet(ParquetInput),
    Csv(CsvInput),
    JsonLines(JsonLinesInput),
    Arrow(ArrowInput),
}

/// Runs the same code on whichever input it is.
macro_rules! with_input {
    ($opened:expr, $input:ident => $body:expr) => {
        match $opened {
            Opened::Parquet($input) => $body,
            Opened::Csv($input) => $body,
            Opened::JsonLines($input) => $body,
            Opened::Arrow($input) => $body,
        }
    };
}

/// A source, its name and its size.
struct Named {
    name: Arc<str>,
    bytes_total: u64,
    opened: Opened,
}

impl Named {
    fn heading(&self) -> &Heading {
        with_input!(&self.opened, input => input.heading())
    }

    fn choose(&mut self, wanted: &[String]) -> Result<()> {
        with_input!(&mut self.opened, input => input.choose(wanted))
    }

    /// Whether there is neither a row nor a heading.
    fn is_without_rows(&self) -> bool {
        matches!(&self.opened, Opened::JsonLines(input) if input.row_count() == 0)
    }

    /// Whether a column that is not there may be one that no row happens to have.
    fn has_open_heading(&self) -> bool {
        matches!(self.opened, Opened::JsonLines(_))
    }
}

/// Reads all events into the ingest.
fn read_events(
    ingest: &mut Ingest,
    schema: &EventSchema,
    mapping: &Mapping,
    sources: &mut [Named],
    watch: &mut Watch<'_>,
) -> Result<()> {
    let Some(first) = sources.first().map(|source| Arc::clone(&source.name)) else { return Ok(()) };
    let mut joined = Heading::default();
    for source in sources.iter() {
        joined.join(source.heading());
    }
    if sources.iter().all(Named::is_without_rows) {
        mapped_columns(mapping).iter().for_each(|name| joined.join_empty(name));
    }
    for source in sources.iter().filter(|source| !source.has_open_heading() && sources.len() > 1) {
        check_alone(schema, mapping, source)?;
    }
    let plan = ingest.plan(&joined.example(&first)).map_err(|error| at_source(error, &first))?;
    let wanted: Vec<String> = plan.columns().map(str::to_owned).collect();
    for source in sources.iter_mut() {
        let name = Arc::clone(&source.name);
        let mut run = |source: &mut Named, watch: &mut Watch<'_>| {
            source.choose(&wanted)?;
            with_input!(&source.opened, input => read_chunks(input, &plan, ingest, watch))
        };
        watch.begin(&name);
        run(source, watch).map_err(|error| at_source(error, &name))?;
        watch.end(source.bytes_total);
    }
    Ok(())
}

/// Refuses a source that lacks a column that the mapping names, whatever other sources have.
fn check_alone(schema: &EventSchema, mapping: &Mapping, source: &Named) -> Result<()> {
    let mut alone = Ingest::new(schema.clone(), mapping.clone())?;
    let example = source.heading().example(&source.name);
    alone.plan(&example).map(drop).map_err(|error| at_source(error, &source.name))
}

/// Every column that the mapping names.
fn mapped_columns(mapping: &Mapping) -> Vec<String> {
    let mut columns = vec![mapping.user.clone(), mapping.time.column.clone()];
    if let userops::ingest::EventName::Column(column) = &mapping.event {
        columns.push(column.clone());
    }
    if let Some(amount) = &mapping.amount {
        columns.push(amount.column.clone());
        columns.extend(amount.currency.clone());
    }
    columns.extend(mapping.id.clone());
    if let Properties::Listed(listed) = &mapping.properties {
        columns.extend(listed.iter().map(|property| property.column.clone()));
    }
    columns
}

/// Room is made for at most this many rows before they are decoded: a damaged file may promise any number.
const RESERVED_ROWS_MAX: usize = 1 << 22;

/// Coerces the parts of one source side by side, and appends them in order.
fn read_chunks<I: Input>(input: &I, plan: &Arc<Plan>, ingest: &mut Ingest, watch: &mut Watch<'_>) -> Result<()> {
    let mut rows_before = 0;
    map_in_order(
        input.parts()?,
        |part| {
            let bytes_read = part.bytes_read();
            let mut builder = ChunkBuilder::new(Arc::clone(plan));
            builder.reserve(part.row_count().min(RESERVED_ROWS_MAX));
            let rows = input.decode(part, 1, &mut |batch| builder.push(batch))?;
            Ok((builder.finish(), rows, bytes_read))
        },
        |(chunk, rows, bytes_read)| {
            ingest.append(chunk.after_rows(rows_before))?;
            rows_before += rows;
            watch.advance(bytes_read, rows)
        },
    )
}

/// Reads the rows of one source of attributes, part after part.
fn read_attributes(
    ingest: &mut Ingest,
    schema: &EventSchema,
    mapping: &AttributeMapping,
    source: &mut Named,
    watch: &mut Watch<'_>,
) -> Result<()> {
    let mapping = settle_attributes(schema, mapping, source.heading());
    let mut wanted = vec![mapping.user.clone()];
    if let Properties::Listed(listed) = &mapping.attributes {
        wanted.extend(listed.iter().map(|attribute| attribute.column.clone()).filter(|column| *column != mapping.user));
    }
    let absent = wanted.iter().any(|name| source.heading().position(name).is_none());
    if absent && !source.is_without_rows() {
        return ingest.push_attributes(&source.heading().example(&source.name), &mapping);
    }
    source.choose(&wanted)?;
    with_input!(&source.opened, input => {
        let mut parts = input.parts()?;
        let mut row = 1;
        while let Some(part) = parts()? {
            let bytes_read = part.bytes_read();
            let rows = input.decode(part, row, &mut |batch| ingest.push_attributes(batch, &mapping))?;
            row += rows;
            watch.advance(bytes_read, rows)?;
        }
        Ok(())
    })
}

/// The mapping with every attribute listed and typed, so that no type depends on where a batch ends.
fn settle_attributes(schema: &EventSchema, mapping: &AttributeMapping, heading: &Heading) -> AttributeMapping {
    let listed: Vec<PropertyMapping> = match &mapping.attributes {
        Properties::None => Vec::new(),
        Properties::Listed(listed) => listed.clone(),
        Properties::AllOthers => {
            let others = heading.columns().filter(|(name, _)| *name != mapping.user);
            others.map(|(name, _)| PropertyMapping::column(name)).collect()
        }
    };
    let settle = |attribute: PropertyMapping| {
        let stated = attribute.value_type.or_else(|| schema.attribute_type(attribute.name()));
        let natural = heading.kind(&attribute.column).map(crate::heading::Kind::natural_type);
        match stated.or(natural) {
            Some(value_type) => attribute.typed(value_type),
            None => attribute,
        }
    };
    let mut settled = mapping.clone();
    settled.attributes = Properties::Listed(listed.into_iter().map(settle).collect());
    settled
}

/// Reads everything.
fn read_all(
    schema: &EventSchema,
    mapping: &Mapping,
    mut events: Vec<Named>,
    attributes: Vec<(Named, AttributeMapping)>,
    watch: &mut Watch<'_>,
) -> Result<(EventLog, IngestReport)> {
    let mut ingest = Ingest::new(schema.clone(), mapping.clone())?;
    read_events(&mut ingest, schema, mapping, &mut events, watch)?;
    drop(events);
    for (mut source, mapping) in attributes {
        let name = Arc::clone(&source.name);
        watch.begin(&name);
        read_attributes(&mut ingest, schema, &mapping, &mut source, watch).map_err(|error| at_source(error, &name))?;
        watch.end(source.bytes_total);
    }
    ingest.finish()
}
