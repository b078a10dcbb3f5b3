//! The way out: the entries as a frozen log, and as Parquet that other tools read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use userops::error::Result;
use userops::event::{Event, EventSchema, Field};
use userops::id::UserId;
use userops::ingest::{
    AttributeMapping, Ingest, IngestReport, Mapping, Properties, PropertyMapping, RawBatch, RawColumn, RawValue,
    UserIdType,
};
use userops::log::EventLog;
use userops::tag::ManualTag;
use userops::value::{Value, ValueType};
use userops_io::{FileFormat, LogReader, TableFormat, write_table_as};

use super::Store;
use super::entry::Entry;

/// Entries that are on their way into a log at a time.
const BATCH_ROWS: usize = 1 << 16;
/// What stands before the names of properties and attributes in exported files, so that none is taken for another column.
const PREFIX: &str = "p.";

/// Two Parquet files that hold a log, and how their columns are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedLog {
    /// The events, a row each.
    pub events: PathBuf,
    /// How the events are read.
    pub mapping: Mapping,
    /// What is known of users, a row for each user.
    pub attributes: PathBuf,
    /// How that is read.
    pub attribute_mapping: AttributeMapping,
}

impl ExportedLog {
    /// The log of the files, equal to the one that was exported where the schema is.
    ///
    /// # Errors
    /// As [`LogReader::read`].
    pub fn read(&self, schema: EventSchema) -> Result<(EventLog, IngestReport)> {
        let reader = LogReader::new(schema, self.mapping.clone()).format(FileFormat::Parquet).file(&self.events);
        reader.attributes_file(&self.attributes, self.attribute_mapping.clone()).read()
    }
}

/// What the entries hold, found in a first pass: a type must be settled before a log is begun.
#[derive(Debug, Default)]
struct Shape {
    user_type: Option<UserIdType>,
    properties: BTreeMap<String, Option<ValueType>>,
    attributes: BTreeMap<String, Option<ValueType>>,
}

type AttributeRow = (UserId, BTreeMap<String, Value>);

impl Store {
    /// All events, and what is known of users, as a frozen log.
    ///
    /// Properties and attributes have the types of the schema, or else of their first value; user ids are of the first one's type. What does not
    /// fit the schema is a rejection in the report. Of an attribute that was set more than once the last value counts. Tags by people are
    /// no part of a log: see [`Store::manual_tags`]. Cost: two passes over the store, and the memory of the log.
    ///
    /// # Errors
    /// As [`EventLog::from_events`]; `Io` or `InvalidFormat` where the store cannot be read.
    pub fn to_event_log(&self, schema: EventSchema) -> Result<(EventLog, IngestReport)> {
        let shape = self.find_shape(&schema)?;
        let mapping = shape.mapping();
        let attribute_mapping = shape.attribute_mapping();
        let mut ingest = Ingest::new(schema, mapping)?;
        let mut events: Vec<Event> = Vec::new();
        let mut rows: Vec<AttributeRow> = Vec::new();
        for entry in self.entries_from(1) {
            match entry?.1 {
                Entry::Event(event) => events.push(event),
                Entry::Attributes { user, attributes } => rows.push((user, attributes)),
                Entry::Advance(_) | Entry::ManualTag(_) => {}
            }
            if events.len() >= BATCH_ROWS {
                shape.push_events(&mut ingest, &events)?;
                events.clear();
            }
            if rows.len() >= BATCH_ROWS {
                shape.push_attributes(&mut ingest, &rows, &attribute_mapping)?;
                rows.clear();
            }
        }
        shape.push_events(&mut ingest, &events)?;
        if !rows.is_empty() {
            shape.push_attributes(&mut ingest, &rows, &attribute_mapping)?;
        }
        ingest.finish()
    }

    /// The tags that people put on and took off, in the order of their arrival.
    ///
    /// # Errors
    /// `Io` or `InvalidFormat` where the store cannot be read.
    pub fn manual_tags(&self) -> Result<Vec<ManualTag>> {
        let tag_of = |entry: Result<(u64, Entry)>| match entry {
            Ok((_, Entry::ManualTag(act))) => Some(Ok(act)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        self.entries_from(1).filter_map(tag_of).collect()
    }

    /// Writes all events to a Parquet file, and what is known of users to one beside it, named `….attributes.parquet`.
    ///
    /// The columns are those of [`EventLog::to_prefixed_table`] with the prefix `p.`. Each file has its name only once it is complete.
    ///
    /// # Errors
    /// As [`Store::to_event_log`] and [`write_table_as`].
    pub fn export_parquet(&self, schema: EventSchema, path: impl AsRef<Path>) -> Result<ExportedLog> {
        let (log, _) = self.to_event_log(schema)?;
        let events = path.as_ref().to_owned();
        let attributes = events.with_extension("attributes.parquet");
        write_table_as(&log.to_prefixed_table(PREFIX)?, &events, TableFormat::Parquet)?;
        write_table_as(&log.to_prefixed_attribute_table(PREFIX)?, &attributes, TableFormat::Parquet)?;
        let (mapping, attribute_mapping) = exported_mappings(&log);
        Ok(ExportedLog { events, mapping, attributes, attribute_mapping })
    }

    fn find_shape(&self, schema: &EventSchema) -> Result<Shape> {
        let declared = |fields: &[Field]| fields.iter().map(|field| (field.name.clone(), None)).collect();
        let mut shape = Shape { properties: declared(&schema.properties), ..Shape::default() };
        let mut first_attribute_user = None;
        for entry in self.entries_from(1) {
            match entry?.1 {
                Entry::Event(event) => {
                    shape.user_type.get_or_insert(type_of(&event.user));
                    let types = |name: &str| schema.property_type(name);
                    note_types(&mut shape.properties, event.properties, types);
                }
                Entry::Attributes { user, attributes } => {
                    first_attribute_user.get_or_insert(type_of(&user));
                    note_types(&mut shape.attributes, attributes, |name| schema.attribute_type(name));
                }
                Entry::Advance(_) | Entry::ManualTag(_) => {}
            }
        }
        shape.user_type = shape.user_type.or(first_attribute_user);
        Ok(shape)
    }
}

/// Notes the type of each name that is new: the schema's where it declares one.
fn note_types(
    known: &mut BTreeMap<String, Option<ValueType>>,
    values: BTreeMap<String, Value>,
    declared: impl Fn(&str) -> Option<ValueType>,
) {
    for (name, value) in values {
        known.entry(name).or_insert_with_key(|name| Some(declared(name).unwrap_or_else(|| value.value_type())));
    }
}

fn type_of(user: &UserId) -> UserIdType {
    match user {
        UserId::Integer(_) => UserIdType::Integer,
        UserId::Text(_) => UserIdType::Text,
    }
}

fn column_of(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn listed(fields: &BTreeMap<String, Option<ValueType>>) -> impl Iterator<Item = PropertyMapping> {
    fields.iter().map(|(name, value_type)| {
        let mapping = PropertyMapping::column(column_of(name)).named(name);
        match value_type {
            Some(value_type) => mapping.typed(*value_type),
            None => mapping,
        }
    })
}

impl Shape {
    fn mapping(&self) -> Mapping {
        let mut mapping = Mapping::new("user", "time").minor_amount("amount_minor").id("id");
        mapping.user_type = self.user_type;
        listed(&self.properties).fold(mapping, Mapping::property)
    }

    fn attribute_mapping(&self) -> AttributeMapping {
        let attributes = Properties::Listed(listed(&self.attributes).collect());
        AttributeMapping { user_type: self.user_type, attributes, ..AttributeMapping::new("user") }
    }

    fn push_events(&self, ingest: &mut Ingest, events: &[Event]) -> Result<()> {
        let mut batch = RawBatch::new("store", events.len());
        batch.push("user", RawColumn::values(events.iter().map(|event| Some(event.user.as_ref().into()))));
        batch.push("time", RawColumn::values(events.iter().map(|event| Some(event.time.into()))));
        batch.push("event", RawColumn::values(events.iter().map(|event| Some(RawValue::Text(&event.name)))));
        let amounts = events.iter().map(|event| event.amount.map(|amount| RawValue::Integer(amount.minor())));
        batch.push("amount_minor", RawColumn::values(amounts));
        batch.push("id", RawColumn::values(events.iter().map(|event| event.id.as_deref().map(RawValue::Text))));
        for name in self.properties.keys() {
            let values = events.iter().map(|event| Some(event.properties.get(name)?.as_ref().into()));
            batch.push(column_of(name), RawColumn::values(values));
        }
        ingest.push(&batch)
    }

    fn push_attributes(&self, ingest: &mut Ingest, rows: &[AttributeRow], mapping: &AttributeMapping) -> Result<()> {
        let mut batch = RawBatch::new("store", rows.len());
        batch.push("user", RawColumn::values(rows.iter().map(|(user, _)| Some(user.as_ref().into()))));
        for name in self.attributes.keys() {
            let values = rows.iter().map(|(_, attributes)| Some(attributes.get(name)?.as_ref().into()));
            batch.push(column_of(name), RawColumn::values(values));
        }
        ingest.push_attributes(&batch, mapping)
    }
}

/// How the two files of a log are read again.
fn exported_mappings(log: &EventLog) -> (Mapping, AttributeMapping) {
    let bare = |name: &str| PropertyMapping::column(column_of(name)).named(name);
    let user_type = log.users().integers().map_or(UserIdType::Text, |_| UserIdType::Integer);
    let mut mapping = Mapping::new("user", "time").user_type(user_type).minor_amount("amount_minor");
    if log.has_event_ids() {
        mapping = mapping.id("id");
    }
    let mapping = log.properties().fold(mapping, |mapping, (name, _)| mapping.property(bare(name)));
    let attributes = Properties::Listed(log.attributes().columns().map(|(name, _)| bare(name)).collect());
    let attribute_mapping = AttributeMapping { attributes, ..AttributeMapping::new("user").user_type(user_type) };
    (mapping, attribute_mapping)
}
