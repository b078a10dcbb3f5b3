//! Activity: how many users are there on each day, and how often they come.

use std::ffi::c_char;

use userops_core::activity::{
    ActiveDayOptions, ActiveUserOptions, StickinessOptions, count_active_days, count_active_users, measure_stickiness,
};

use crate::boundary::{guard, instant, json, optional_json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Active users from the events up to `as_of_micros`: a row per local day with the users who were active on any of the last
/// days, for each window. `options` is a JSON object with `activity` (a pattern of events) and `windows_days` (1, 7 and 28 unless
/// given), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_active_users(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: ActiveUserOptions = optional_json(options, options_len, "options")?;
            let active = count_active_users(&log, instant(as_of_micros, "as_of_micros")?, &options)?;
            out_table.write(issue(active.to_table()?));
            Ok(())
        })
    }
}

/// Stickiness from the events up to `as_of_micros`: a row per week or month and number of days, with the users who were active on
/// exactly, and on at least, so many of its days. `options` is a JSON object: {"period": "month"} and, where wanted, `activity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_stickiness(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, options, out_table], || {
            let log = find(log, "log")?;
            let options: StickinessOptions = json(options, options_len, "options")?;
            let stickiness = measure_stickiness(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(stickiness.to_table()?));
            Ok(())
        })
    }
}

/// On how many of the last local days each user was active, from the events up to `as_of_micros`: a row per user. `options` is a
/// JSON object with `activity`, `days` (28 unless given) and `include_today`, and may be NULL. `out_curve`, the power-user curve
/// with a row per number of days, may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_active_days(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_curve: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: ActiveDayOptions = optional_json(options, options_len, "options")?;
            let counts = count_active_days(&log, instant(as_of_micros, "as_of_micros")?, &options)?;
            let (table, curve) = (counts.to_table(log.users())?, counts.power_curve_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_curve, curve);
            Ok(())
        })
    }
}
