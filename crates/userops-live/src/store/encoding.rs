//! How an entry is written in a store: types of its own, so that a change in the core's cannot change what is on disk.
//!
//! The core's values are untagged in serde, for the sake of JSON, and cannot be told apart again in a binary format; here
//! each has a tag. The format is postcard's, whose specification is fixed. New variants go to the end of their enum;
//! anything else is a new [`VERSION`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::id::UserId;
use userops::money::Money;
use userops::tag::{ManualAction, ManualTag};
use userops::time::{Day, Timestamp};
use userops::value::Value;

use super::entry::Entry;

/// The version of the encoding of entries, the first byte of every block.
pub(super) const VERSION: u8 = 1;
/// The most bytes one entry may take: far more than an event, little enough that a block fits in memory many times.
pub(super) const ENTRY_BYTES_MAX: usize = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
enum Stored<'a> {
    #[serde(borrow)]
    Event(StoredEvent<'a>),
    Advance(i64),
    Attributes(StoredUser<'a>, Fields<'a>),
    ManualTag(StoredTag<'a>),
}

type Fields<'a> = Vec<(&'a str, StoredValue<'a>)>;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum StoredUser<'a> {
    Integer(i64),
    Text(&'a str),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum StoredValue<'a> {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
    Time(i64),
    Date(i32),
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredEvent<'a> {
    #[serde(borrow)]
    user: StoredUser<'a>,
    time: i64,
    name: &'a str,
    amount: Option<i64>,
    id: Option<&'a str>,
    properties: Fields<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTag<'a> {
    #[serde(borrow)]
    user: StoredUser<'a>,
    tag: &'a str,
    value: Option<StoredValue<'a>>,
    is_added: bool,
    author: &'a str,
    at: i64,
    reason: &'a str,
    expires: Option<i64>,
}

/// Appends the bytes of an entry.
pub(super) fn encode(entry: &Entry, bytes: &mut Vec<u8>) -> Result<()> {
    let stored = match entry {
        Entry::Event(event) => Stored::Event(StoredEvent {
            user: store_user(&event.user),
            time: event.time.as_micros(),
            name: &event.name,
            amount: event.amount.map(Money::minor),
            id: event.id.as_deref(),
            properties: store_fields(&event.properties)?,
        }),
        Entry::Advance(time) => Stored::Advance(time.as_micros()),
        Entry::Attributes { user, attributes } => Stored::Attributes(store_user(user), store_fields(attributes)?),
        Entry::ManualTag(act) => Stored::ManualTag(StoredTag {
            user: store_user(&act.user),
            tag: &act.tag,
            value: act.value.as_ref().map(store_value).transpose()?,
            is_added: act.action == ManualAction::Add,
            author: &act.author,
            at: act.at.as_micros(),
            reason: &act.reason,
            expires: act.expires.map(Timestamp::as_micros),
        }),
    };
    let before = bytes.len();
    *bytes = postcard::to_extend(&stored, std::mem::take(bytes))
        .map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("cannot be encoded: {error}")))?;
    match bytes.len() - before {
        size if size > ENTRY_BYTES_MAX => Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("takes {size} bytes, more than the limit {ENTRY_BYTES_MAX} of one entry"),
        )),
        _ => Ok(()),
    }
}

/// Reads an entry from the front of some bytes, and moves them on behind it. `None` where they are no entry.
pub(super) fn decode(bytes: &mut &[u8]) -> Option<Entry> {
    let (stored, rest) = postcard::take_from_bytes::<Stored<'_>>(bytes).ok()?;
    *bytes = rest;
    Some(match stored {
        Stored::Event(event) => Entry::Event(Event {
            user: load_user(event.user),
            time: Timestamp::from_micros(event.time),
            name: event.name.to_owned(),
            amount: event.amount.map(Money::from_minor),
            id: event.id.map(str::to_owned),
            properties: load_fields(event.properties),
        }),
        Stored::Advance(time) => Entry::Advance(Timestamp::from_micros(time)),
        Stored::Attributes(user, fields) => {
            Entry::Attributes { user: load_user(user), attributes: load_fields(fields) }
        }
        Stored::ManualTag(act) => Entry::ManualTag(ManualTag {
            user: load_user(act.user),
            tag: act.tag.to_owned(),
            value: act.value.map(load_value),
            action: if act.is_added { ManualAction::Add } else { ManualAction::Remove },
            author: act.author.to_owned(),
            at: Timestamp::from_micros(act.at),
            reason: act.reason.to_owned(),
            expires: act.expires.map(Timestamp::from_micros),
        }),
    })
}

fn store_user(user: &UserId) -> StoredUser<'_> {
    match user {
        UserId::Integer(id) => StoredUser::Integer(*id),
        UserId::Text(id) => StoredUser::Text(id),
    }
}

fn load_user(user: StoredUser<'_>) -> UserId {
    match user {
        StoredUser::Integer(id) => UserId::Integer(id),
        StoredUser::Text(id) => UserId::from(id),
    }
}

fn store_value(value: &Value) -> Result<StoredValue<'_>> {
    Ok(match value {
        Value::Bool(value) => StoredValue::Bool(*value),
        Value::Integer(value) => StoredValue::Integer(*value),
        Value::Float(value) => StoredValue::Float(*value),
        Value::Text(value) => StoredValue::Text(value),
        Value::Time(value) => StoredValue::Time(value.as_micros()),
        Value::Date(value) => StoredValue::Date(value.0),
        other => {
            let message = format!("a value of type {} cannot be stored by this version", other.value_type());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
    })
}

fn load_value(value: StoredValue<'_>) -> Value {
    match value {
        StoredValue::Bool(value) => Value::Bool(value),
        StoredValue::Integer(value) => Value::Integer(value),
        StoredValue::Float(value) => Value::Float(value),
        StoredValue::Text(value) => Value::Text(value.into()),
        StoredValue::Time(value) => Value::Time(Timestamp::from_micros(value)),
        StoredValue::Date(value) => Value::Date(Day(value)),
    }
}

fn store_fields(fields: &BTreeMap<String, Value>) -> Result<Fields<'_>> {
    fields.iter().map(|(name, value)| Ok((name.as_str(), store_value(value)?))).collect()
}

fn load_fields(fields: Fields<'_>) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), load_value(value))).collect()
}
