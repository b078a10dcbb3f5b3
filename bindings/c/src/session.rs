//! Sessions: visits of a user, cut out of the events.

use std::ffi::c_char;

use userops_core::session::{SessionOptions, find_sessions};

use crate::boundary::{guard, instant, optional_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// The sessions of the events up to `as_of_micros`: a row per session. `options` is a JSON object with `events` (a pattern),
/// `gap` ("30m" unless given), `length_max`, `split_at_midnight` and `starts`, and may be NULL. `out_trend`, a row per local day,
/// may be NULL. `out_users`, a row per user, may be NULL. `out_summary`, a JSON object with counts, lengths and depths, may be
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_sessions(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_trend: *mut *mut userops_table,
    out_users: *mut *mut userops_table,
    out_summary: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: SessionOptions = optional_json(options, options_len, "options")?;
            let sessions = find_sessions(&log, instant(as_of_micros, "as_of_micros")?, &options)?;
            let table = sessions.to_table(&log)?;
            let trend = if out_trend.is_null() { None } else { Some(sessions.trend_table()?) };
            let users = if out_users.is_null() { None } else { Some(sessions.user_table(&log)?) };
            let summary = if out_summary.is_null() { None } else { Some(issue_json(&sessions.summary())?) };
            out_table.write(issue(table));
            if let Some(trend) = trend {
                out_trend.write(issue(trend));
            }
            if let Some(users) = users {
                out_users.write(issue(users));
            }
            if let Some(summary) = summary {
                out_summary.write(summary);
            }
            Ok(())
        })
    }
}
