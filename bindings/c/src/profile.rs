//! Profiles: what each user has done, as of an instant.

use std::ffi::c_char;

use userops_core::column::Column;
use userops_core::profile::{
    ProfileOptions, ProfileRules, ProfileTable, build_profile, build_profiles, count_active_months, total_orders,
};

use crate::boundary::{Failure, guard, guard_value, instant, json, optional_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::{userops_log, users_table};
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// The profiles of all users of a log, as of an instant. Frozen.
#[derive(Debug)]
pub struct userops_profiles {
    _opaque: (),
}
handle!(userops_profiles => ProfileTable);

/// Builds the profiles of all users from the events up to `as_of_micros`. `options` is a JSON object with `orders` (names of
/// events that are orders), `windows`, `channel`, `category` and more, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_profiles_build(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_profiles: *mut *mut userops_profiles,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_profiles], || {
            let log = find(log, "log")?;
            let options: ProfileOptions = optional_json(options, options_len, "options")?;
            out_profiles.write(issue(build_profiles(&log, instant(as_of_micros, "as_of_micros")?, options)?));
            Ok(())
        })
    }
}

/// Brings profiles up to a later instant and a larger log, which holds every event of the `previous` one. The result equals
/// profiles that are built anew.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_profiles_update(
    profiles: *const userops_profiles,
    previous: *const userops_log,
    log: *const userops_log,
    as_of_micros: i64,
    out_profiles: *mut *mut userops_profiles,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![profiles, previous, log, out_profiles], || {
            let (profiles, previous) = (find(profiles, "profiles")?, find(previous, "previous")?);
            let log = find(log, "log")?;
            out_profiles.write(issue(profiles.update(&previous, &log, instant(as_of_micros, "as_of_micros")?)?));
            Ok(())
        })
    }
}

/// A row per user of the log that the profiles were built from: the id, and a column per number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_profiles_to_table(
    profiles: *const userops_profiles,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![profiles, log, out_table], || {
            let table = find(profiles, "profiles")?.to_table(&*find(log, "log")?)?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// One user's profile as JSON, from the profiles of all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_profiles_of_user(
    profiles: *const userops_profiles,
    log: *const userops_log,
    user: u32,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![profiles, log, out_json], || {
            let (profiles, log) = (find(profiles, "profiles")?, find(log, "log")?);
            out_json.write(issue_json(&profiles.profile(&log, user_of(&log, user)?)?)?);
            Ok(())
        })
    }
}

/// One user's profile as JSON, worked out for this user alone. `options` as in userops_profiles_build(), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_profile_build(
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
        guard(out_error, required![log, out_json], || {
            let log = find(log, "log")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let rules = ProfileRules::new(&log, optional_json(options, options_len, "options")?)?;
            let profile = build_profile(log.events_of(user_of(&log, user)?), as_of, &rules, &log.calendar(as_of));
            out_json.write(issue_json(&profile)?);
            Ok(())
        })
    }
}

/// In how many of the last `months` calendar months, that of `as_of_micros` included, each user did one of the `events`, a
/// JSON array of names: a table with the columns `user` and `active_months`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_active_months(
    log: *const userops_log,
    as_of_micros: i64,
    events: *const c_char,
    events_len: usize,
    months: u32,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, events, out_table], || {
            let log = find(log, "log")?;
            let names: Vec<String> = json(events, events_len, "events")?;
            let codes = names.iter().map(|name| log.name_code(name)).collect::<Result<Vec<_>, _>>()?;
            let counts = count_active_months(&log, instant(as_of_micros, "as_of_micros")?, &codes, months)?;
            out_table.write(issue(users_table(&log)?.with("active_months", Column::from(counts))?));
            Ok(())
        })
    }
}

/// What each buyer has ordered up to `as_of_micros`: a row per user with an order, with `user`, `last_order`, `order_count`,
/// `revenue_minor`, and where `with_purchase_days` is not 0 `purchase_days`, the local days with an order. `orders` is a JSON
/// array with the names of at least one order event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_order_totals(
    log: *const userops_log,
    as_of_micros: i64,
    orders: *const c_char,
    orders_len: usize,
    with_purchase_days: u8,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, orders, out_table], || {
            let log = find(log, "log")?;
            let names: Vec<String> = json(orders, orders_len, "orders")?;
            if names.is_empty() {
                let message = "orders is empty: name the events that count";
                return Err(Failure::new(userops_status::USEROPS_STATUS_INVALID_ARGUMENT, message));
            }
            let codes = names.iter().map(|name| log.name_code(name)).collect::<Result<Vec<_>, _>>()?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let calendar = (with_purchase_days != 0).then(|| log.calendar(as_of));
            out_table.write(issue(total_orders(&log, as_of, &codes, calendar.as_ref()).to_table(log.users())?));
            Ok(())
        })
    }
}

/// Frees profiles. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_profiles_free(profiles: *mut userops_profiles) {
    guard_value((), || handle::release(profiles));
}
