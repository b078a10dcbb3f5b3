//! Funnels: how many users come how far through some steps, and how long it takes them.

use std::ffi::c_char;

use userops_core::analytics::period::CalendarPeriod;
use userops_core::funnel::{
    Breakdown, Funnel, FunnelPreset, FunnelStep, break_down_conversion, compare_conversion, measure_conversion,
    time_conversion, trace_funnel, trend_conversion,
};
use userops_core::time::Span;

use crate::boundary::{guard, instant, json, required, text};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::segment::userops_segment;
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// How many users come how far through a funnel: a row per step with counts, ratios and their intervals, with and without the
/// entries that are pending. `funnel` is a JSON object with `steps` (names of events, or objects with `events`, `where`,
/// `gap_min`, `gap_max`, `optional`, `times`), and where wanted `window`, `window_from`, `order`, `ties`, `event_use`, `noise`,
/// `noise_kind`, `repetition`, `exclusions`, `held`, `scope` and `entry`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_measure(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let conversion = measure_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel)?;
            out_table.write(issue(conversion.to_table()?));
            Ok(())
        })
    }
}

/// How far each user comes through a funnel: the columns `user` and `level`, 0 for who did not enter. `funnel` as in
/// userops_funnel_measure().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_levels(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let conversion = measure_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel)?;
            out_table.write(issue(conversion.user_table(&log)?));
            Ok(())
        })
    }
}

/// The entries of one user, as a JSON array of objects with `level`, `status`, `reason`, `start`, `end` and `events`. `funnel` as
/// in userops_funnel_measure().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_trace(
    log: *const userops_log,
    user: u32,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, out_json], || {
            let log = find(log, "log")?;
            let user = user_of(&log, user)?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            out_json.write(issue_json(&trace_funnel(&log, user, instant(as_of_micros, "as_of_micros")?, &funnel)?)?);
            Ok(())
        })
    }
}

/// The same as userops_funnel_measure() by the calendar period in which entries began: a row per period and step. `period` is
/// JSON, such as "month".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_trend(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    period: *const c_char,
    period_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, period, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let period: CalendarPeriod = json(period, period_len, "period")?;
            let trend = trend_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel, period)?;
            out_table.write(issue(trend.to_table()?));
            Ok(())
        })
    }
}

/// The same as userops_funnel_measure() by value: a row per value and step. `breakdown` is a JSON object: {"attribute": name},
/// {"first": property}, {"last": property}, {"step": {"property": name, "step": number}} or {"each_step": property}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_break_down(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    breakdown: *const c_char,
    breakdown_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, breakdown, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let by: Breakdown = json(breakdown, breakdown_len, "breakdown")?;
            let broken = break_down_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel, &by)?;
            out_table.write(issue(broken.to_table()?));
            Ok(())
        })
    }
}

/// How two segments come through a funnel: a row per step with both counts and ratios, their difference, its interval, and a
/// p-value with the name of its test. The segments have no user in common.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_compare(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    first: *const userops_segment,
    second: *const userops_segment,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, first, second, out_table], || {
            let log = find(log, "log")?;
            let (first, second) = (find(first, "first")?, find(second, "second")?);
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let comparison = compare_conversion(&log, as_of, &funnel, &first.to_bitmap(), &second.to_bitmap())?;
            out_table.write(issue(comparison.to_table()?));
            Ok(())
        })
    }
}

/// How long conversion takes: a row for the whole, whose `step` is null, and for each step but the first, with count and
/// quantiles in seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_times(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let times = time_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel)?;
            out_table.write(issue(times.to_table()?));
            Ok(())
        })
    }
}

/// How many entries took how long from start to conversion, in bins of one length: `from_seconds`, `until_seconds`, `count`.
/// `bin` is a span such as 1h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_histogram(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    bin: *const c_char,
    bin_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, bin, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let bin: Span = text(bin, bin_len, "bin")?.parse()?;
            let times = time_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel)?;
            out_table.write(issue(times.histogram(bin)?));
            Ok(())
        })
    }
}

/// The share that has converted by each time since the start, where pending entries count for as long as they have been open
/// (Kaplan-Meier): `seconds`, `at_risk_count`, `converted_count`, `ratio`, `ratio_low`, `ratio_high`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_curve(
    log: *const userops_log,
    as_of_micros: i64,
    funnel: *const c_char,
    funnel_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, funnel, out_table], || {
            let log = find(log, "log")?;
            let funnel: Funnel = json(funnel, funnel_len, "funnel")?;
            let times = time_conversion(&log, instant(as_of_micros, "as_of_micros")?, &funnel)?;
            out_table.write(issue(times.curve_table()?));
            Ok(())
        })
    }
}

/// A funnel that means what that of another tool means, as JSON. `preset` is clickhouse, clickhouse_strict_order,
/// clickhouse_strict_deduplication, clickhouse_strict_increase, clickhouse_strict_once, clickhouse_allow_reentry,
/// posthog_ordered, posthog_strict or posthog_unordered; `steps` a JSON array of steps; `window` a span such as 7d.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_funnel_preset(
    preset: *const c_char,
    preset_len: usize,
    steps: *const c_char,
    steps_len: usize,
    window: *const c_char,
    window_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![preset, steps, window, out_json], || {
            let preset: FunnelPreset = text(preset, preset_len, "preset")?.parse()?;
            let steps: Vec<FunnelStep> = json(steps, steps_len, "steps")?;
            let window: Span = text(window, window_len, "window")?.parse()?;
            out_json.write(issue_json(&preset.funnel(steps, window))?);
            Ok(())
        })
    }
}
