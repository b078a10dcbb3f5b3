//! From untyped columns to an event log: names are mapped, values are checked, and every row is accounted for.
//!
//! Give an [`Ingest`] a schema and a [`Mapping`], push batches of [`RawColumn`]s, and finish it into the log and an
//! [`IngestReport`] whose counts add up: `read = accepted + duplicate + rejected`. To coerce batches side by side, make
//! a [`Plan`] from the first batch, one [`ChunkBuilder`] per thread or file part, and append the chunks in order.

mod attributes;
mod builder;
mod chunk;
mod coerce;
mod mapping;
mod plan;
mod raw;
mod report;

pub use attributes::AttributeMapping;
pub use chunk::{ChunkBuilder, IngestChunk};
pub(crate) use coerce::{TimeReader, coerce_value};
pub use mapping::{AmountMapping, EventName, Mapping, Properties, PropertyMapping, TimeMapping, UserIdType};
pub use plan::Plan;
pub(crate) use plan::time_reader;
pub use raw::{RawBatch, RawColumn, RawData, RawFault, RawValue, TimeUnit};
pub use report::{IngestReport, Record, RejectReason, Rejection};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Result, invalid_argument};
use crate::event::{Event, EventSchema, Field};
use crate::log::{Chunk, EventLog, freeze};
use attributes::AttributeCollector;
use chunk::Refusal;

/// A chunk that `push` fills is closed at this many rows, so that freezing has parts to share out among threads.
const CHUNK_ROWS: usize = 1 << 20;

/// Collects batches and makes them a log.
#[derive(Debug)]
pub struct Ingest {
    schema: Arc<EventSchema>,
    mapping: Mapping,
    plan: Option<Arc<Plan>>,
    open: Option<ChunkBuilder>,
    chunks: Vec<Chunk>,
    report: IngestReport,
    attributes: AttributeCollector,
    refusal: Refusal,
}

impl Ingest {
    /// An ingest into a log of this schema, from columns named by this mapping.
    ///
    /// # Errors
    /// `InvalidDefinition` or `LimitExceeded` where schema or mapping contradict themselves.
    pub fn new(schema: EventSchema, mapping: Mapping) -> Result<Self> {
        schema.check()?;
        mapping.check(&schema)?;
        Ok(Self {
            attributes: AttributeCollector::default(),
            schema: Arc::new(schema),
            mapping,
            plan: None,
            open: None,
            chunks: Vec::new(),
            report: IngestReport::default(),
            refusal: Refusal::default(),
        })
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &EventSchema {
        &self.schema
    }

    /// The mapping.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The plan, made from this batch if it is the first: which column plays which part, of which type.
    ///
    /// # Errors
    /// `MissingColumn` where the mapping names a column that the batch lacks, with the columns there are;
    /// `TypeMismatch` where a column cannot be read as what it is mapped to.
    pub fn plan(&mut self, first: &RawBatch<'_>) -> Result<Arc<Plan>> {
        match &self.plan {
            Some(plan) => Ok(Arc::clone(plan)),
            None => {
                let plan = Arc::new(Plan::new(&self.schema, &self.mapping, first)?);
                self.plan = Some(Arc::clone(&plan));
                Ok(plan)
            }
        }
    }

    /// Takes a batch in. Batches arrive in the order of the calls.
    ///
    /// # Errors
    /// As [`Ingest::plan`], and the batch is left out as a whole. `LimitExceeded` for more event names, distinct texts or
    /// rejected rows than the schema allows: the ingest then takes nothing more and does not finish.
    pub fn push(&mut self, batch: &RawBatch<'_>) -> Result<()> {
        self.refusal.check()?;
        let plan = self.plan(batch)?;
        let open = self.open.get_or_insert_with(|| ChunkBuilder::new(plan));
        open.push(batch)?;
        if open.row_count() >= CHUNK_ROWS {
            self.close_open()?;
        }
        Ok(())
    }

    /// Takes in a chunk that was coerced elsewhere, by a builder of this ingest's plan.
    ///
    /// # Errors
    /// `InvalidArgument` for a chunk of another plan; `LimitExceeded` as [`Ingest::push`].
    pub fn append(&mut self, chunk: IngestChunk) -> Result<()> {
        if !self.plan.as_ref().is_some_and(|plan| Arc::ptr_eq(plan, &chunk.plan)) {
            return Err(invalid_argument(
                "the chunk was coerced by the plan of another ingest; make its builder of this ingest's own plan",
            ));
        }
        self.close_open()?;
        self.add_chunk(chunk)
    }

    /// Takes in attributes of users; those of users without events make them known. A later value replaces an earlier.
    ///
    /// # Errors
    /// `MissingColumn` or `TypeMismatch` as for events, and the batch is left out as a whole; `LimitExceeded` as
    /// [`Ingest::push`].
    pub fn push_attributes(&mut self, batch: &RawBatch<'_>, mapping: &AttributeMapping) -> Result<()> {
        self.refusal.check()?;
        let pushed = self.attributes.push(&self.schema, &mut self.report, batch, mapping);
        self.refusal.note(pushed)
    }

    /// Sorts everything into a log, and says what became of each row.
    ///
    /// # Errors
    /// `LimitExceeded` by name of the limit; `TypeMismatch` where inputs disagree on a type.
    pub fn finish(mut self) -> Result<(EventLog, IngestReport)> {
        self.close_open()?;
        self.refusal.check()?;
        let fields: Vec<Field> = self.plan.as_ref().map(|plan| plan.properties().to_vec()).unwrap_or_default();
        let attribute_users = self.attributes.take_users();
        let schema = EventSchema::clone(&self.schema);
        let (mut log, attribute_rows, counts) = freeze(schema, &fields, self.chunks, attribute_users)?;
        log.set_attributes(self.attributes.finish(log.user_count(), &attribute_rows)?);
        self.report.duplicate = counts.duplicates.duplicate;
        self.report.conflicting = counts.duplicates.conflicting;
        self.report.late = counts.late;
        self.report.accepted = log.event_count() as u64;
        self.report.close();
        Ok((log, self.report))
    }

    fn close_open(&mut self) -> Result<()> {
        match self.open.take() {
            Some(open) => self.add_chunk(open.finish()),
            None => Ok(()),
        }
    }

    fn add_chunk(&mut self, chunk: IngestChunk) -> Result<()> {
        let IngestChunk { plan, chunk, read, rejections, refusal } = chunk;
        self.refusal.check()?;
        self.refusal.note(refusal.check())?;
        let columns: Vec<String> = plan.columns().map(str::to_owned).collect();
        let added = self.report.add(read, rejections, &columns, self.schema.limits.rejections_max);
        self.refusal.note(added)?;
        self.chunks.push(chunk);
        Ok(())
    }
}

impl EventLog {
    /// A log from events one by one. Properties take their types from the schema, or else from their first value.
    ///
    /// # Errors
    /// As [`Ingest::finish`]. An event that cannot be taken in (a value of the wrong type, a time out of range, an
    /// empty user) is a rejection in the report, not an error. User ids are what the first event's is: among texts an
    /// integer is written out, among integers a text that is one is read.
    pub fn from_events<'a>(
        schema: EventSchema,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<(Self, IngestReport)> {
        let events: Vec<&Event> = events.into_iter().collect();
        let mut names: BTreeMap<&str, ()> = schema.properties.iter().map(|field| (field.name.as_str(), ())).collect();
        names.extend(events.iter().flat_map(|event| event.properties.keys()).map(|name| (name.as_str(), ())));
        let mut mapping = Mapping::new("user", "time").event("event").minor_amount("amount").id("id");
        let mut batch = RawBatch::new("events", events.len());
        batch.push("user", RawColumn::values(events.iter().map(|event| Some(event.user.as_ref().into()))));
        batch.push("time", RawColumn::values(events.iter().map(|event| Some(event.time.into()))));
        batch.push("event", RawColumn::values(events.iter().map(|event| Some(RawValue::Text(&event.name)))));
        let amounts = events.iter().map(|event| event.amount.map(|amount| RawValue::Integer(amount.minor())));
        batch.push("amount", RawColumn::values(amounts));
        batch.push("id", RawColumn::values(events.iter().map(|event| event.id.as_deref().map(RawValue::Text))));
        let columns: Vec<String> = names.keys().map(|name| format!("properties.{name}")).collect();
        for (name, column) in names.keys().zip(&columns) {
            let values = events.iter().map(|event| Some(event.properties.get(*name)?.as_ref().into()));
            batch.push(column, RawColumn::values(values));
            mapping = mapping.property(PropertyMapping::column(column).named(*name));
        }
        let mut ingest = Ingest::new(schema, mapping)?;
        ingest.push(&batch)?;
        ingest.finish()
    }
}
