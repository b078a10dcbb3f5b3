//! Answers about the population, period by period.

use std::ffi::c_char;

use userops_core::analytics::growth::{GrowthOptions, account_growth};
use userops_core::analytics::interval::wilson_interval;
use userops_core::analytics::period::{CalendarPeriod, period_ends};
use userops_core::time::{Calendar, Zone};

use crate::boundary::{Failure, guard, instant, json, required, text};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Growth accounting from the events up to `as_of_micros`: a row per period with new, returning, resurrecting and dormant
/// users. `options` is a JSON object: {"period": "month"} and, where wanted, `activity` and `new_user`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_growth(
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
            let options: GrowthOptions = json(options, options_len, "options")?;
            let growth = account_growth(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(growth.to_table()?));
            Ok(())
        })
    }
}

/// The last instants of the periods of a zone that end between two instants, both included, ascending: the last of them, as
/// many as `capacity`, are written to `out_instants_micros`, and how many that were to `out_count`. `period` is JSON, such as
/// "month".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_period_ends(
    period: *const c_char,
    period_len: usize,
    zone: *const c_char,
    zone_len: usize,
    first_micros: i64,
    last_micros: i64,
    capacity: usize,
    out_instants_micros: *mut i64,
    out_count: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks, and `capacity` instants have room.
    unsafe {
        guard(out_error, required![period, zone, out_instants_micros, out_count], || {
            let period: CalendarPeriod = json(period, period_len, "period")?;
            let zone: Zone = text(zone, zone_len, "zone")?.parse()?;
            let (first, last) = (instant(first_micros, "first_micros")?, instant(last_micros, "last_micros")?);
            let ends = period_ends(period, first, last, &Calendar::new(zone, first, last))?;
            let written = &ends[ends.len().saturating_sub(capacity)..];
            for (index, end) in written.iter().enumerate() {
                out_instants_micros.add(index).write(end.as_micros());
            }
            out_count.write(written.len());
            Ok(())
        })
    }
}

/// Wilson's 95 % interval of the share `count` of `of_count`, as JSON: {"low": 0.2, "high": 0.4}; null where it is of nobody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_wilson_interval(
    count: u64,
    of_count: u64,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![out_json], || {
            if count > of_count {
                let message = format!("{count} is more than the {of_count} that it is a share of");
                return Err(Failure::new(userops_status::USEROPS_STATUS_INVALID_ARGUMENT, message));
            }
            out_json.write(issue_json(&wilson_interval(count, of_count))?);
            Ok(())
        })
    }
}
