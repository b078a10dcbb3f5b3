//! The frozen log: who is in it, and what they did.

use std::ffi::c_char;

use userops_core::event::Event;
use userops_core::id::UserIx;
use userops_core::log::EventLog;
use userops_core::table::{Table, user_column};

use crate::boundary::{Failure, Outcome, guard, guard_value, instant, required, text};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::status::userops_status::{self, USEROPS_STATUS_UNKNOWN_NAME};
use crate::table::userops_table;
use crate::user::user_of;

/// An event log: frozen, in columns, sorted by user, time and arrival. Users are numbered from 0 in the order of their ids.
#[derive(Debug)]
pub struct userops_log {
    _opaque: (),
}
handle!(userops_log => EventLog);

/// All ids of a log as the first column of a table with a row per user.
pub(crate) fn users_table(log: &EventLog) -> Outcome<Table> {
    let all = (0..log.user_count()).map(|user| UserIx(user as u32));
    Ok(Table::new(log.user_count()).with("user", user_column(log.users(), all))?)
}

/// A log of the events of one log and then those of another, as if the second had arrived after the first. Both have one
/// schema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_merge(
    log: *const userops_log,
    later: *const userops_log,
    out_log: *mut *mut userops_log,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, later, out_log], || {
            let merged = find(log, "log")?.merge(&*find(later, "later")?)?;
            out_log.write(issue(merged));
            Ok(())
        })
    }
}

/// How many users the log has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_user_count(
    log: *const userops_log,
    out_count: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_count], || {
            out_count.write(find(log, "log")?.user_count());
            Ok(())
        })
    }
}

/// How many events the log has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_event_count(
    log: *const userops_log,
    out_count: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_count], || {
            out_count.write(find(log, "log")?.event_count());
            Ok(())
        })
    }
}

/// The schema as JSON: zone, currency, events, properties, attributes and limits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_schema(
    log: *const userops_log,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_json], || {
            out_json.write(issue_json(find(log, "log")?.schema())?);
            Ok(())
        })
    }
}

/// The names of events that occur, ascending, as a JSON array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_event_names(
    log: *const userops_log,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_json], || {
            out_json.write(issue_json(&find(log, "log")?.names().iter().collect::<Vec<_>>())?);
            Ok(())
        })
    }
}

/// The instants of the first and the last event, in microseconds UTC. Fails with EMPTY where there is no event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_time_span(
    log: *const userops_log,
    out_first_micros: *mut i64,
    out_last_micros: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_first_micros, out_last_micros], || {
            let Some((first, last)) = find(log, "log")?.time_span() else {
                let empty = userops_status::USEROPS_STATUS_EMPTY;
                return Err(Failure::new(empty, "the log has no event, and so no time span"));
            };
            out_first_micros.write(first.as_micros());
            out_last_micros.write(last.as_micros());
            Ok(())
        })
    }
}

/// The sum of all amounts, in minor units.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_amount_total(
    log: *const userops_log,
    out_minor: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_minor], || {
            out_minor.write(find(log, "log")?.amount_total().minor());
            Ok(())
        })
    }
}

/// The number of a user whose id is written like this; an integer id is found by its digits. Fails with UNKNOWN_NAME where
/// there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_find_user(
    log: *const userops_log,
    id: *const c_char,
    id_len: usize,
    out_user: *mut u32,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, id, out_user], || {
            let (log, id) = (find(log, "log")?, text(id, id_len, "id")?);
            let Some(user) = log.users().find_text(id) else {
                let message = format!("the log has no user {id:?} among its {}", log.user_count());
                return Err(Failure::new(USEROPS_STATUS_UNKNOWN_NAME, message));
            };
            out_user.write(user.0);
            Ok(())
        })
    }
}

/// The id of a user, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_user_id(
    log: *const userops_log,
    user: u32,
    out_id: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_id], || {
            let log = find(log, "log")?;
            let id = log.users().id(user_of(&log, user)?);
            out_id.write(issue_bytes(id.map(|id| id.to_string()).unwrap_or_default()));
            Ok(())
        })
    }
}

/// A row per user, in the order of their numbers: the id in the column `user`, and a column per attribute.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_users(
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let mut table = users_table(&log)?;
            for (name, column) in log.attributes().columns() {
                table.push(name, column.clone())?;
            }
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// The events of one user up to `as_of_micros`, that instant included, in order of time and arrival, as a JSON array: each
/// with `user`, `time`, `name`, and where known `amount` in minor units, `id` and `properties`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_events_of(
    log: *const userops_log,
    user: u32,
    as_of_micros: i64,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_json], || {
            let log = find(log, "log")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let events: Vec<Event> = log.events_of(user_of(&log, user)?).until(as_of).iter().collect();
            out_json.write(issue_json(&events)?);
            Ok(())
        })
    }
}

/// Frees a log. NULL is fine. What was made from it stays.
#[unsafe(no_mangle)]
pub extern "C" fn userops_log_free(log: *mut userops_log) {
    guard_value((), || handle::release(log));
}
