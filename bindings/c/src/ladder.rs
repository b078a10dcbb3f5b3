//! The order ladder: registered, first-order, second-order users, and on.

use std::ffi::c_char;

use userops_core::analytics::ladder::{Ladder, LadderOptions, LadderRules, build_ladder, climb};

use crate::boundary::{guard, guard_value, instant, json, required};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::{userops_log, users_table};
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// Who has come how far on the way from registered to the first, second and further orders. Frozen.
#[derive(Debug)]
pub struct userops_ladder {
    _opaque: (),
}
handle!(userops_ladder => Ladder);

/// Builds the ladder from the events up to `as_of_micros`. `options` is a JSON object: {"orders": ["order_paid"]} and, where
/// wanted, `unit` and `rungs_max`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_build(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_ladder: *mut *mut userops_ladder,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, options, out_ladder], || {
            let log = find(log, "log")?;
            let options: LadderOptions = json(options, options_len, "options")?;
            out_ladder.write(issue(build_ladder(&log, instant(as_of_micros, "as_of_micros")?, options)?));
            Ok(())
        })
    }
}

/// The rungs from registered on, as a JSON array: how many reached and stand on each, conversion, share, and the days that
/// the step took.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_rungs(
    ladder: *const userops_ladder,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![ladder, out_json], || {
            out_json.write(issue_json(find(ladder, "ladder")?.rungs())?);
            Ok(())
        })
    }
}

/// A row per rung.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_to_table(
    ladder: *const userops_ladder,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![ladder, out_table], || {
            let table = find(ladder, "ladder")?.to_table()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// The ladder in words, for people.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_to_text(
    ladder: *const userops_ladder,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![ladder, out_text], || {
            out_text.write(issue_bytes(find(ladder, "ladder")?.to_string()));
            Ok(())
        })
    }
}

/// The rung of each user of the log that the ladder was built from: a table with the columns `user` and `rung`, unknown for
/// users who are not there yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_users(
    ladder: *const userops_ladder,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![ladder, log, out_table], || {
            let (ladder, log) = (find(ladder, "ladder")?, find(log, "log")?);
            out_table.write(issue(users_table(&log)?.with("rung", ladder.user_column())?));
            Ok(())
        })
    }
}

/// How far one user has come, as JSON: `climb` with the steps, `rung` (null where the user is not there yet), and the
/// `explanation`. `options` as in userops_ladder_build().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ladder_climb(
    log: *const userops_log,
    user: u32,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, options, out_json], || {
            let log = find(log, "log")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let options: LadderOptions = json(options, options_len, "options")?;
            let rules = LadderRules::new(&log, options)?;
            let climb = climb(log.events_of(user_of(&log, user)?), as_of, &rules);
            let (rung, explanation) = (climb.rung(), climb.explain());
            let answer = serde_json::json!({ "climb": climb, "rung": rung, "explanation": explanation });
            out_json.write(issue_json(&answer)?);
            Ok(())
        })
    }
}

/// Frees a ladder. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_ladder_free(ladder: *mut userops_ladder) {
    guard_value((), || handle::release(ladder));
}
