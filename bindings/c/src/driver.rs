//! Drivers: what users who reached a target had done before.

use std::ffi::c_char;

use userops_core::driver::{DriverOptions, find_drivers};

use crate::boundary::{guard, instant, json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Candidates (events done so often in so many days, values of properties and attributes) beside a target, ranked, from the
/// events up to `as_of_micros`: a row per candidate in `out_table`, and in `out_summary` one row of how many users count and are
/// left out. `options` is a JSON object: {"target": {"events": ["pay"]}} and, where wanted, `target_count_min`, `target_absent`,
/// `newcomers_only`, `start`, `observation`, `within`, `events`, `counts`, `days`, `properties`, `attributes`, `values_max` and
/// `rank_by`. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_drivers(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, options, out_table], || {
            let log = find(log, "log")?;
            let options: DriverOptions = json(options, options_len, "options")?;
            let drivers = find_drivers(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, summary) = (drivers.to_table()?, drivers.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}
