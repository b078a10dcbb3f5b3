//! Sequences: how often events come in a pattern, and what comes next.

use std::ffi::c_char;

use userops_core::sequence::{NextQuery, Pattern, count_sequences, next_events, trace_sequence};

use crate::boundary::{guard, instant, json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// How many users have how many matches of a pattern that do not overlap: `match_count`, `user_count`. `pattern` is a JSON object
/// with `pattern` (a text such as "(?1)(?t<=3600)(?2)"), `conditions` (objects with `events` and `where`), and where wanted
/// `sees`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_sequence_count(
    log: *const userops_log,
    as_of_micros: i64,
    pattern: *const c_char,
    pattern_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, pattern, out_table], || {
            let log = find(log, "log")?;
            let pattern: Pattern = json(pattern, pattern_len, "pattern")?;
            let counts = count_sequences(&log, instant(as_of_micros, "as_of_micros")?, &pattern)?;
            out_table.write(issue(counts.to_table()?));
            Ok(())
        })
    }
}

/// How many matches each user has: `user`, `match_count`. `pattern` as in userops_sequence_count().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_sequence_users(
    log: *const userops_log,
    as_of_micros: i64,
    pattern: *const c_char,
    pattern_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, pattern, out_table], || {
            let log = find(log, "log")?;
            let pattern: Pattern = json(pattern, pattern_len, "pattern")?;
            let counts = count_sequences(&log, instant(as_of_micros, "as_of_micros")?, &pattern)?;
            out_table.write(issue(counts.user_table(&log)?));
            Ok(())
        })
    }
}

/// The rows of the events of each match of one user, as a JSON array of arrays of numbers. `pattern` as in
/// userops_sequence_count().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_sequence_trace(
    log: *const userops_log,
    user: u32,
    as_of_micros: i64,
    pattern: *const c_char,
    pattern_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, pattern, out_json], || {
            let log = find(log, "log")?;
            let user = user_of(&log, user)?;
            let pattern: Pattern = json(pattern, pattern_len, "pattern")?;
            out_json.write(issue_json(&trace_sequence(&log, user, instant(as_of_micros, "as_of_micros")?, &pattern)?)?);
            Ok(())
        })
    }
}

/// What users do right after a chain of events, or did right before it: `event`, `user_count`, `ratio`, `ratio_low`,
/// `ratio_high`. `query` is a JSON object with `chain` (objects with `events` and `where`), and where wanted `base_condition`,
/// `base` ("first_match", "last_match", "head", "tail") and `direction` ("forward", "backward").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_sequence_next(
    log: *const userops_log,
    as_of_micros: i64,
    query: *const c_char,
    query_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, query, out_table], || {
            let log = find(log, "log")?;
            let query: NextQuery = json(query, query_len, "query")?;
            let next = next_events(&log, instant(as_of_micros, "as_of_micros")?, &query)?;
            out_table.write(issue(next.to_table()?));
            Ok(())
        })
    }
}
