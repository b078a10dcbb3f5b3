//! Events one by one, as C structs.

use std::collections::BTreeMap;
use std::ffi::c_char;

use userops_core::error::{Error, ErrorKind};
use userops_core::event::Event;
use userops_core::id::UserId;
use userops_core::log::EventLog;
use userops_core::money::Money;
use userops_core::value::Value;

use crate::boundary::{Outcome, guard, instant, items, json, optional_json, optional_text, required, text};
use crate::error::userops_error;
use crate::handle::{issue, issue_if_asked};
use crate::ingest::userops_report;
use crate::log::userops_log;
use crate::status::userops_status;

/// One event. A struct of zeros, with a user, a time and a name, is one without amount, id and properties.
#[repr(C)]
#[derive(Debug)]
pub struct userops_event {
    /// The user's id as text; NULL where the id is the integer below.
    pub user: *const c_char,
    /// Bytes of the text.
    pub user_len: usize,
    /// The user's id as an integer, where `user` is NULL.
    pub user_integer: i64,
    /// When, in microseconds since 1970-01-01T00:00:00Z.
    pub time_micros: i64,
    /// What, never NULL.
    pub name: *const c_char,
    /// Bytes of the name.
    pub name_len: usize,
    /// Whether an amount is known: 0 or 1.
    pub has_amount: u8,
    /// The amount in minor units, where it is known.
    pub amount_minor: i64,
    /// The event's own id, by which copies are told; NULL where it has none.
    pub id: *const c_char,
    /// Bytes of the id.
    pub id_len: usize,
    /// The properties as a JSON object, such as {"channel": "web", "items": 3}; NULL where there is none.
    pub properties: *const c_char,
    /// Bytes of the properties.
    pub properties_len: usize,
}

/// # Safety
/// Each text of the event is NULL or has as many bytes as it says.
unsafe fn read_event(event: &userops_event) -> Outcome<Event> {
    // SAFETY: the caller says that texts have as many bytes as they say.
    unsafe {
        let user = optional_text(event.user, event.user_len, "user")?;
        let user = user.map_or_else(|| UserId::from(event.user_integer), UserId::from);
        let time = instant(event.time_micros, "time_micros")?;
        let mut read = Event::new(user, time, text(event.name, event.name_len, "name")?);
        match event.has_amount {
            0 => {}
            1 => read = read.with_amount(Money::from_minor(event.amount_minor)),
            other => {
                let message = format!("has_amount is {other}, where it can be 0 or 1");
                return Err(Error::new(ErrorKind::InvalidArgument, message).into());
            }
        }
        if let Some(id) = optional_text(event.id, event.id_len, "id")? {
            read = read.with_id(id);
        }
        if !event.properties.is_null() {
            let properties: BTreeMap<String, Value> = json(event.properties, event.properties_len, "properties")?;
            read = properties.into_iter().fold(read, |event, (name, value)| event.with_property(name, value));
        }
        Ok(read)
    }
}

/// A log of events one by one, in the order of their arrival. `schema` as in userops_reader_new(), and may be NULL. Events
/// that cannot be taken in are rejections in the report, but a text that is no UTF-8 or properties that are no JSON fail the
/// call. `out_report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_from_events(
    schema: *const c_char,
    schema_len: usize,
    events: *const userops_event,
    events_len: usize,
    out_log: *mut *mut userops_log,
    out_report: *mut *mut userops_report,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![events, out_log], || {
            let schema = optional_json(schema, schema_len, "schema")?;
            let mut read = Vec::new();
            for (event, number) in items(events, events_len, "events")?.iter().zip(1..) {
                read.push(read_event(event).map_err(|mut failure| {
                    failure.message = format!("event {number}: {}", failure.message);
                    failure
                })?);
            }
            let (log, report) = EventLog::from_events(schema, &read)?;
            out_log.write(issue(log));
            issue_if_asked(out_report, report);
            Ok(())
        })
    }
}
