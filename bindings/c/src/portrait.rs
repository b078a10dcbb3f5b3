//! Portraits: who the users of an audience are, beside everybody.

use std::collections::BTreeMap;
use std::ffi::c_char;

use userops_core::portrait::{Dimension, Portrait, PortraitOptions, build_portrait};
use userops_core::time::Zone;

use crate::boundary::{guard, guard_value, optional_json, required};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::segment::userops_segment;
use crate::status::userops_status;
use crate::table::userops_table;

/// A portrait of an audience: for each value of each dimension its share in the audience and in all. Frozen.
#[derive(Debug)]
pub struct userops_portrait {
    _opaque: (),
}
handle!(userops_portrait => Portrait);

/// Builds the portrait of the users of a segment. Each column of `dimensions` is a dimension, with a row per user of the log in
/// the order of their numbers; userops_log_users() is such a table, and userops_table_select() takes what is wanted of one.
/// `zones` is a JSON object with the zone of columns of instants that are to be read as local months, such as {"first_order":
/// "Asia/Shanghai"}, and may be NULL where UTC is meant. `options` is a JSON object with `bins`, `values_max`, `small_cells` and
/// `cell_users_min`, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_build(
    audience: *const userops_segment,
    dimensions: *const userops_table,
    zones: *const c_char,
    zones_len: usize,
    options: *const c_char,
    options_len: usize,
    out_portrait: *mut *mut userops_portrait,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![audience, dimensions, out_portrait], || {
            let (audience, table) = (find(audience, "audience")?, find(dimensions, "dimensions")?);
            let zones: BTreeMap<String, Zone> = optional_json(zones, zones_len, "zones")?;
            let options: PortraitOptions = optional_json(options, options_len, "options")?;
            zones.keys().try_for_each(|name| table.column(name).map(drop))?;
            let dimension = |(name, column)| {
                let zone = zones.get(name).copied().unwrap_or_default();
                Dimension::of(name, column).in_zone(zone)
            };
            let dimensions: Vec<Dimension<'_>> = table.columns().map(dimension).collect();
            out_portrait.write(issue(build_portrait(&*audience, &dimensions, options)?));
            Ok(())
        })
    }
}

/// The portrait as JSON: `audience_count`, `everyone_count`, `options`, `rows` and `summaries`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_to_json(
    portrait: *const userops_portrait,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![portrait, out_json], || {
            out_json.write(issue_json(&*find(portrait, "portrait")?)?);
            Ok(())
        })
    }
}

/// The portrait in words, for people.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_to_text(
    portrait: *const userops_portrait,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![portrait, out_text], || {
            out_text.write(issue_bytes(find(portrait, "portrait")?.to_string()));
            Ok(())
        })
    }
}

/// The at most `count` rows that tell the audience apart, the most telling first, as a JSON array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_most_distinctive(
    portrait: *const userops_portrait,
    count: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![portrait, out_json], || {
            out_json.write(issue_json(&find(portrait, "portrait")?.most_distinctive(count))?);
            Ok(())
        })
    }
}

/// A row per value of a dimension.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_to_table(
    portrait: *const userops_portrait,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![portrait, out_table], || {
            let table = find(portrait, "portrait")?.to_table()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// A row per dimension of numbers: mean and median of the audience and of everybody.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_portrait_summary(
    portrait: *const userops_portrait,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![portrait, out_table], || {
            let table = find(portrait, "portrait")?.to_summary_table()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Frees a portrait. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_portrait_free(portrait: *mut userops_portrait) {
    guard_value((), || handle::release(portrait));
}
