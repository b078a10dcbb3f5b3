//! Series of measures, and of who the users are, by calendar period.

use std::ffi::c_char;

use userops_core::series::{PortraitSeriesOptions, SeriesOptions, build_portrait_series, build_series};

use crate::boundary::{guard, instant, json, required};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Measures of kinds of events per calendar period, each with the band that the periods before let expect, from the events up to
/// `as_of_micros`: a row per kind, value of a split, measure and period. `options` is a JSON object: {"period": "day"} and, where
/// wanted, `events`, `measures`, `split` and `band`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_series(
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
            let options: SeriesOptions = json(options, options_len, "options")?;
            let series = build_series(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(series.to_table()?));
            Ok(())
        })
    }
}

/// Who the active users of each calendar period are by an attribute, from the events up to `as_of_micros`: a row per period and
/// value. `options` is a JSON object: {"attribute": "city", "period": "month"} and, where wanted, `activity` and `values_max`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_portrait_series(
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
            let options: PortraitSeriesOptions = json(options, options_len, "options")?;
            let series = build_portrait_series(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(series.to_table()?));
            Ok(())
        })
    }
}
