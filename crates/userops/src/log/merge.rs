//! Two logs as one, by way of the same freezing that made each.

use super::EventLog;
use super::build::freeze;
use super::chunk::{Chunk, ChunkColumn, ChunkIds, ChunkUsers};
use crate::attribute::AttributeTable;
use crate::column::{Column, Interner, TextArena, TextColumn};
use crate::error::{Result, invalid_argument, type_mismatch};
use crate::event::{EventSchema, Field};
use crate::id::{UserDirectory, UserIdRef, UserIx};
use crate::value::ValueType;

impl EventLog {
    /// The log's rows as one chunk of arrivals, with a column for each of `properties`.
    fn to_chunk(&self, properties: &[Field]) -> Chunk {
        let rows = self.event_count();
        let users = match (self.users.integers(), self.users.texts()) {
            (Some(ids), _) => ChunkUsers::Integer(self.repeat_per_row(|user| ids[user])),
            (None, texts) => ChunkUsers::Text {
                codes: self.repeat_per_row(|user| user as u32),
                texts: texts.cloned().unwrap_or_default(),
            },
        };
        let columns = properties.iter().map(|Field { name, value_type }| {
            let column = self.property(name).cloned().unwrap_or_else(|_| Column::unknown(*value_type, rows));
            match column {
                Column::Bool(values) => ChunkColumn::Bool(values),
                Column::Integer(values) => ChunkColumn::Integer(values),
                Column::Float(values) => ChunkColumn::Float(values),
                Column::Time(values) => ChunkColumn::Time(values),
                Column::Date(values) => ChunkColumn::Date(values),
                Column::Text(TextColumn { codes, dictionary }) => {
                    ChunkColumn::Text { codes: codes.to_wide(), texts: dictionary.into_texts() }
                }
            }
        });
        Chunk {
            users,
            time: self.time.clone(),
            names: self.names.texts().clone(),
            name: self.name.clone(),
            amount: self.amount.clone(),
            properties: columns.collect(),
            ids: self.ids.clone().map(|ids| ChunkIds { known: ids.known, texts: ids.texts }),
        }
    }

    fn repeat_per_row<T: Copy>(&self, of_user: impl Fn(usize) -> T) -> Vec<T> {
        let mut values = Vec::with_capacity(self.event_count());
        for (user, rows) in self.offsets.windows(2).enumerate() {
            values.resize(rows[1] as usize, of_user(user));
        }
        values
    }
}

/// See [`EventLog::merge`].
pub(super) fn merge(first: &EventLog, second: &EventLog) -> Result<EventLog> {
    for (what, a, b) in [
        ("zone", first.zone().name(), second.zone().name()),
        ("currency", first.currency().code(), second.currency().code()),
    ] {
        if a != b {
            return Err(invalid_argument(format!(
                "logs of {what} {a} and {b} do not merge; read both with one schema"
            )));
        }
    }
    let mut properties: Vec<Field> = Vec::new();
    for (name, column) in first.properties().chain(second.properties()) {
        match properties.iter().find(|known| known.name == name) {
            None => properties.push(Field { name: name.to_owned(), value_type: column.value_type() }),
            Some(known) if known.value_type == column.value_type() => {}
            Some(Field { value_type, .. }) => {
                return Err(type_mismatch(format!(
                    "the property {name:?} is {value_type} in one log and {} in the other",
                    column.value_type()
                )));
            }
        }
    }
    let chunks = vec![first.to_chunk(&properties), second.to_chunk(&properties)];
    let (mut log, _, _) =
        freeze(merged_schema(first, second), &properties, chunks, attribute_users(&[first, second])?)?;
    let attributes = merge_attributes(&log.users, first, second)?;
    log.set_attributes(attributes);
    Ok(log)
}

/// The users of some logs who are known by more than their events, and so stay even if all of these are duplicates.
fn attribute_users(logs: &[&EventLog]) -> Result<Option<ChunkUsers>> {
    let logs: Vec<&EventLog> = logs.iter().copied().filter(|log| log.user_count() > 0).collect();
    let integers = logs.iter().filter(|log| log.users.integers().is_some()).count();
    if integers != 0 && integers != logs.len() {
        return Err(type_mismatch("a log of integer user ids and one of text ids do not merge"));
    }
    let stays = |log: &EventLog, user: usize| {
        log.offsets[user] == log.offsets[user + 1]
            || log.attributes.columns().any(|(_, column)| column.get(user).is_some())
    };
    if integers > 0 {
        let ids = logs
            .iter()
            .flat_map(|log| log.users.integers().unwrap_or_default().iter().enumerate().map(move |id| (log, id)));
        let ids = ids.filter(|(log, (user, _))| stays(log, *user)).map(|(_, (_, id))| *id).collect();
        return Ok(Some(ChunkUsers::Integer(ids)));
    }
    let mut interner = Interner::default();
    let mut codes = Vec::new();
    for log in &logs {
        let ids = log.users.texts().into_iter().flat_map(TextArena::iter).enumerate();
        codes.extend(ids.filter(|(user, _)| stays(log, *user)).map(|(_, id)| interner.intern(id)));
    }
    Ok((!logs.is_empty()).then(|| ChunkUsers::Text { codes, texts: interner.into_texts() }))
}

/// The attributes of both logs; where both know a value, the second's counts.
fn merge_attributes(users: &UserDirectory, first: &EventLog, second: &EventLog) -> Result<AttributeTable> {
    let mut columns: Vec<(String, Column)> = Vec::new();
    let names: std::collections::BTreeSet<&str> =
        first.attributes.columns().chain(second.attributes.columns()).map(|(name, _)| name).collect();
    for name in names {
        let types: Vec<ValueType> =
            [first, second].iter().filter_map(|log| Some(log.attributes.column(name).ok()?.value_type())).collect();
        if let [a, b] = types[..]
            && a != b
        {
            return Err(type_mismatch(format!("the attribute {name:?} is {a} in one log and {b} in the other")));
        }
        let value_of = |id: UserIdRef<'_>| {
            let of = |log: &EventLog| {
                let user: UserIx = log.users.find(id)?;
                log.attributes.get(user, name).map(crate::value::ValueRef::to_owned)
            };
            of(second).or_else(|| of(first))
        };
        let values: Vec<_> = users.iter().map(value_of).collect();
        columns.push((name.to_owned(), Column::from_values(types[0], &values)));
    }
    Ok(AttributeTable::new(columns))
}

/// The first log's schema, with all that the second's declares beside: what either allows, both together allow.
fn merged_schema(first: &EventLog, second: &EventLog) -> EventSchema {
    fn add<T: Clone + PartialEq>(to: &mut Vec<T>, from: &[T]) {
        for item in from {
            if !to.contains(item) {
                to.push(item.clone());
            }
        }
    }
    let mut schema = first.schema.clone();
    if first.schema.events.is_empty() || second.schema.events.is_empty() {
        schema.events.clear();
    } else {
        add(&mut schema.events, &second.schema.events);
    }
    let missing = |known: &[Field], field: &&Field| !known.iter().any(|known| known.name == field.name);
    let properties: Vec<Field> =
        second.schema.properties.iter().filter(|field| missing(&schema.properties, field)).cloned().collect();
    let attributes: Vec<Field> =
        second.schema.attributes.iter().filter(|field| missing(&schema.attributes, field)).cloned().collect();
    add(&mut schema.properties, &properties);
    add(&mut schema.attributes, &attributes);
    schema
}
