//! Cases of logs: from the texts of a file with a mapping, and from events as plain data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use userops::error::Result;
use userops::event::{Event, EventSchema};
use userops::id::UserId;
use userops::ingest::{
    AttributeMapping, Ingest, IngestReport, Mapping, PropertyMapping, RawBatch, RawColumn, RawData, RawValue,
    RejectReason,
};
use userops::log::EventLog;
use userops::time::Timestamp;
use userops::value::ValueRef;

use super::{Judge, Verdict};

/// A file of texts, with what becomes of each row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IngestCase {
    #[serde(default)]
    schema: EventSchema,
    mapping: Mapping,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    #[serde(default)]
    attributes: Vec<AttributeInput>,
    expect: LogExpect,
}

/// A file of users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeInput {
    mapping: AttributeMapping,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Events as plain data, as seen from an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLogCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    as_of: Option<Timestamp>,
    expect: LogExpect,
}

/// An event as plain data. Every kind of case that starts from events reads them like this.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventInput {
    user: UserId,
    /// ISO 8601; in the schema's zone where it states none.
    time: String,
    event: String,
    /// In major units, as text.
    amount: Option<String>,
    id: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, toml::Value>,
}

/// A log from events as plain data.
///
/// # Errors
/// As [`Ingest::finish`].
pub(crate) fn read_events(schema: EventSchema, events: &[EventInput]) -> Result<(EventLog, IngestReport)> {
    let (mapping, batch) = push_events(Mapping::new("user", "time"), events);
    let mut ingest = Ingest::new(schema, mapping)?;
    ingest.push(&batch)?;
    ingest.finish()
}

/// A log from events as plain data and users with what is known of them, none of which is rejected.
///
/// # Errors
/// Those of the ingest.
pub(crate) fn read_log(
    schema: EventSchema,
    events: &[EventInput],
    attributes: &[BTreeMap<String, toml::Value>],
) -> Result<EventLog> {
    let names: BTreeSet<&String> = attributes.iter().flat_map(|user| user.keys()).collect();
    let mut users = RawBatch::new("attributes", attributes.len());
    for name in names {
        let values = attributes.iter().map(|user| user.get(name).map(raw_value));
        users.push(name.clone(), RawColumn::values(values));
    }
    let (mapping, batch) = push_events(Mapping::new("user", "time"), events);
    let mut ingest = Ingest::new(schema, mapping)?;
    ingest.push(&batch)?;
    if !attributes.is_empty() {
        ingest.push_attributes(&users, &AttributeMapping::new("user"))?;
    }
    let (log, report) = ingest.finish()?;
    assert!(report.rejected == 0 && report.attributes_rejected == 0, "{report}");
    Ok(log)
}

/// Events as a batch, with their columns mapped.
pub(crate) fn push_events(mapping: Mapping, events: &[EventInput]) -> (Mapping, RawBatch<'_>) {
    let mut mapping = mapping.amount("amount").id("id");
    let mut batch = RawBatch::new("events", events.len());
    batch.push("user", RawColumn::values(events.iter().map(|event| Some(event.user.as_ref().into()))));
    batch.push("time", RawColumn::values(events.iter().map(|event| Some(RawValue::Text(&event.time)))));
    batch.push("event", RawColumn::values(events.iter().map(|event| Some(RawValue::Text(&event.event)))));
    batch.push("amount", RawColumn::values(events.iter().map(|event| event.amount.as_deref().map(RawValue::Text))));
    batch.push("id", RawColumn::values(events.iter().map(|event| event.id.as_deref().map(RawValue::Text))));
    let names: BTreeSet<&String> = events.iter().flat_map(|event| event.properties.keys()).collect();
    for name in names {
        let column = format!("properties.{name}");
        let values = events.iter().map(|event| event.properties.get(name).map(raw_value));
        batch.push(column.clone(), RawColumn::values(values));
        mapping = mapping.property(PropertyMapping::column(column).named(name));
    }
    (mapping, batch)
}

pub(crate) fn raw_value(value: &toml::Value) -> RawValue<'_> {
    match value {
        toml::Value::Boolean(value) => RawValue::Bool(*value),
        toml::Value::Integer(value) => RawValue::Integer(*value),
        toml::Value::Float(value) => RawValue::Float(*value),
        toml::Value::String(value) => RawValue::Text(value),
        other => panic!("{other} is no value of a property or attribute"),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogExpect {
    read: Option<u64>,
    accepted: Option<u64>,
    duplicate: Option<u64>,
    conflicting: Option<u64>,
    rejected: Option<u64>,
    late: Option<u64>,
    attributes_read: Option<u64>,
    attributes_rejected: Option<u64>,
    rejections: Option<Vec<RejectionExpect>>,
    users: Option<Vec<UserId>>,
    events: Option<Vec<EventExpect>>,
    event_names: Option<Vec<String>>,
    attributes: Option<Vec<BTreeMap<String, toml::Value>>>,
    refused: Option<String>,
    message: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RejectionExpect {
    row: u64,
    field: String,
    reason: RejectReason,
    text: String,
}

/// Only what is given is compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventExpect {
    user: Option<UserId>,
    time: Option<Timestamp>,
    event: Option<String>,
    amount_minor: Option<i64>,
    id: Option<String>,
    /// All that are known, no more and no fewer.
    properties: Option<BTreeMap<String, toml::Value>>,
}

impl Judge for IngestCase {
    fn judge(self, verdict: &mut Verdict) {
        let made = Ingest::new(self.schema, self.mapping).and_then(|mut ingest| {
            ingest.push(&texts("rows", &self.columns, &self.rows))?;
            for table in &self.attributes {
                ingest.push_attributes(&texts("attributes", &table.columns, &table.rows), &table.mapping)?;
            }
            ingest.finish()
        });
        judge_log(&self.expect, made, None, verdict);
    }
}

impl Judge for EventLogCase {
    fn judge(self, verdict: &mut Verdict) {
        let made = read_events(self.schema, &self.events);
        judge_log(&self.expect, made, self.as_of, verdict);
    }
}

fn texts<'a>(source: &'a str, columns: &'a [String], rows: &'a [Vec<String>]) -> RawBatch<'a> {
    let mut batch = RawBatch::new(source, rows.len());
    assert!(rows.iter().all(|row| row.len() == columns.len()), "a row has another number of texts than columns");
    for (index, name) in columns.iter().enumerate() {
        let texts = rows.iter().map(|row| row[index].as_str()).collect();
        batch.push(name, RawColumn::new(RawData::Text(texts)));
    }
    batch
}

fn judge_log(
    expect: &LogExpect,
    made: Result<(EventLog, IngestReport)>,
    as_of: Option<Timestamp>,
    verdict: &mut Verdict,
) {
    if let (Some(part), Err(error)) = (&expect.message, &made) {
        verdict.equal(&format!("whether {error:?} says {part:?}"), Some(true), error.to_string().contains(part));
    }
    let Some((log, report)) = verdict.result(expect.refused.as_deref(), made) else { return };
    for (name, expected, actual) in [
        ("read", expect.read, report.read),
        ("accepted", expect.accepted, report.accepted),
        ("duplicate", expect.duplicate, report.duplicate),
        ("conflicting", expect.conflicting, report.conflicting),
        ("rejected", expect.rejected, report.rejected),
        ("late", expect.late, report.late),
        ("attributes_read", expect.attributes_read, report.attributes_read),
        ("attributes_rejected", expect.attributes_rejected, report.attributes_rejected),
    ] {
        verdict.equal(name, expected, actual);
    }
    if report.read != report.accepted + report.duplicate + report.rejected {
        verdict.fail(format!("{} rows are not accounted for: {report}", report.read));
    }
    let rejections = report.rejections.iter().map(|rejection| RejectionExpect {
        row: rejection.row,
        field: rejection.field.to_string(),
        reason: rejection.reason,
        text: rejection.text.clone(),
    });
    verdict.equal("the rejections", expect.rejections.as_ref(), &rejections.collect());
    let users = log.users().iter().map(userops::id::UserIdRef::to_owned).collect();
    verdict.equal("the users", expect.users.as_ref(), &users);
    let names = log.names().iter().map(str::to_owned).collect();
    verdict.equal("the names", expect.event_names.as_ref(), &names);
    judge_events(expect, &log, as_of, verdict);
    judge_attributes(expect, &log, verdict);
}

fn judge_events(expect: &LogExpect, log: &EventLog, as_of: Option<Timestamp>, verdict: &mut Verdict) {
    let Some(expected) = &expect.events else { return };
    let visible = log.iter().map(|events| as_of.map_or(events, |as_of| events.until(as_of)));
    let events: Vec<Event> = visible.flat_map(|events| events.iter()).collect();
    verdict.equal("the number of events", Some(expected.len()), events.len());
    for (index, (expected, event)) in expected.iter().zip(&events).enumerate() {
        let what = |what: &str| format!("{what} of event {index}");
        verdict.equal(&what("the user"), expected.user.as_ref(), &event.user);
        verdict.equal(&what("the time"), expected.time, event.time);
        verdict.equal(&what("the name"), expected.event.as_ref(), &event.name);
        let minor = event.amount.map(|amount| amount.minor());
        verdict.equal(&what("the amount"), expected.amount_minor.map(Some), minor);
        verdict.equal(&what("the id"), expected.id.as_ref().map(Some), event.id.as_ref());
        let Some(properties) = &expected.properties else { continue };
        let known: Vec<&String> = event.properties.keys().collect();
        verdict.equal(&what("the properties"), Some(properties.keys().collect()), known);
        for (name, value) in properties {
            judge_value(&what(name), value, event.properties.get(name).map(|value| value.as_ref()), verdict);
        }
    }
}

fn judge_attributes(expect: &LogExpect, log: &EventLog, verdict: &mut Verdict) {
    let Some(expected) = &expect.attributes else { return };
    verdict.equal("the number of users", Some(expected.len()), log.user_count());
    for (events, expected) in log.iter().zip(expected) {
        let mut known = vec!["user"];
        let value_of = |name: &str| log.attributes().get(events.user(), name);
        known.extend(log.attributes().columns().map(|(name, _)| name).filter(|name| value_of(name).is_some()));
        known.sort_unstable();
        verdict.equal("what is known", Some(expected.keys().map(String::as_str).collect()), known);
        for (name, value) in expected {
            let id = events.user_id().map(|id| match id {
                userops::id::UserIdRef::Integer(id) => ValueRef::Integer(id),
                userops::id::UserIdRef::Text(id) => ValueRef::Text(id),
            });
            judge_value(name, value, if name == "user" { id } else { value_of(name) }, verdict);
        }
    }
}

/// Instants and dates are written as texts.
fn judge_value(what: &str, expected: &toml::Value, actual: Option<ValueRef<'_>>, verdict: &mut Verdict) {
    let actual = actual.map(|value| match value {
        ValueRef::Bool(value) => value.into(),
        ValueRef::Integer(value) => value.into(),
        ValueRef::Float(value) => value.into(),
        other => toml::Value::String(other.to_string()),
    });
    verdict.equal(what, Some(Some(expected)), actual.as_ref());
}
