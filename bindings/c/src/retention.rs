//! Retention: who of those who started together came back.

use std::ffi::c_char;

use userops_core::retention::{RetentionOptions, measure_retention, retention_of_users};

use crate::boundary::{guard, instant, json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Retention from the events up to `as_of_micros`: a row per cohort and period with size, retained users, ratio and interval.
/// `options` is a JSON object: {"period": "day"}, {"period": {"week": {}}} or {"period": {"rolling": "1d"}} and, where wanted,
/// `start`, `returns`, `cohort`, `measure`, `period_last` or `brackets`, `by` and `revenue`. `out_curve`, a row per period with
/// averages over the cohorts, may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_retention(
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
        guard(out_error, required![log, options, out_table], || {
            let log = find(log, "log")?;
            let options: RetentionOptions = json(options, options_len, "options")?;
            let retention = measure_retention(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, curve) = (retention.to_table()?, retention.curve_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_curve, curve);
            Ok(())
        })
    }
}

/// Retention user by user: a row per user and start with cohort, start, and a column per period that is true where the user is
/// retained, false where not, and unknown where the period has not begun. `options` as in userops_log_retention().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_retention_of_users(
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
            let options: RetentionOptions = json(options, options_len, "options")?;
            let table = retention_of_users(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}
