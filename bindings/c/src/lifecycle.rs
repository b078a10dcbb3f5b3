//! Lifecycles by themselves: definitions, histories, mixes and forecasts.

use std::ffi::c_char;

use userops_core::column::Column;
use userops_core::lifecycle::{
    DeriveOptions, LifecycleDefinition, LifecycleThresholds, Newcomers, back_test, derive_thresholds, dwell_table,
    dwell_times, explain_stage, forecast_mix, mix_over_time, pool_transitions, stage_columns, stage_histories,
    stage_history,
};
use userops_core::rule::{Context, Subject};
use userops_core::time::Timestamp;

use crate::boundary::{Outcome, guard, instant, items, json, optional_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::{userops_log, users_table};
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// # Safety
/// As [`items`].
unsafe fn instants(data: *const i64, len: usize) -> Outcome<Vec<Timestamp>> {
    // SAFETY: the caller of this function keeps what that one asks for.
    let micros = unsafe { items(data, len, "instants") }?;
    micros.iter().zip(0..).map(|(micros, index)| instant(*micros, &format!("instants[{index}]"))).collect()
}

/// The seven standard stages with these thresholds, as a definition in JSON. `thresholds` is a JSON object with `activity`,
/// `growth_days`, `maturity_days`, `dormant_days`, `churn_days` and `reactivated_days`, in which everything may be left out, and
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_standard(
    thresholds: *const c_char,
    thresholds_len: usize,
    out_definition: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![out_definition], || {
            let thresholds: LifecycleThresholds = optional_json(thresholds, thresholds_len, "thresholds")?;
            out_definition.write(issue_json(&LifecycleDefinition::standard(&thresholds)?)?);
            Ok(())
        })
    }
}

/// Derives thresholds of silence from the product's own gaps, as JSON with the `thresholds` and what they rest on. `given` as
/// in userops_lifecycle_standard(), and may be NULL; `options` is a JSON object with `dormant_quantile`, `churn_quantile`,
/// `churn_rule` (as in userops_log_churn_standard(), in place of `churn_quantile`) and `gaps_min`, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_derive(
    log: *const userops_log,
    as_of_micros: i64,
    given: *const c_char,
    given_len: usize,
    options: *const c_char,
    options_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_json], || {
            let log = find(log, "log")?;
            let given: LifecycleThresholds = optional_json(given, given_len, "given")?;
            let options: DeriveOptions = optional_json(options, options_len, "options")?;
            let derived = derive_thresholds(&log, instant(as_of_micros, "as_of_micros")?, &given, options)?;
            out_json.write(issue_json(&derived)?);
            Ok(())
        })
    }
}

/// The stage of each user as of an instant: a table with the columns `user` and `stage`, unknown for users in none.
/// `definition` is a lifecycle in JSON, as userops_lifecycle_standard() hands one out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_stages(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    as_of_micros: i64,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let mut table = users_table(&log)?;
            for stages in stage_columns(&log, &definition, &[instant(as_of_micros, "as_of_micros")?])? {
                table.push("stage", Column::Text(stages))?;
            }
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// The history of all users until an instant: a row per user and stay in a stage, with its cause.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_histories(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    until_micros: i64,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let histories = stage_histories(&log, &definition, instant(until_micros, "until_micros")?)?;
            out_table.write(issue(histories.to_table(&log)?));
            Ok(())
        })
    }
}

/// How long users stay in each stage, until an instant: a row per stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_dwell_times(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    until_micros: i64,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let histories = stage_histories(&log, &definition, instant(until_micros, "until_micros")?)?;
            out_table.write(issue(dwell_table(&dwell_times(&histories))?));
            Ok(())
        })
    }
}

/// The history of one user until an instant, as a JSON array of stays, each with its cause.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_history_of(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    user: u32,
    until_micros: i64,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_json], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let user = user_of(&log, user)?;
            let history = stage_history(&log, &definition, user, instant(until_micros, "until_micros")?)?;
            out_json.write(issue_json(&history)?);
            Ok(())
        })
    }
}

/// How many users are in each stage at each of some instants, in microseconds UTC: a row per instant and stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_mix(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    instants_micros: *const i64,
    instants_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, instants_micros, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let instants = instants(instants_micros, instants_len)?;
            let columns = stage_columns(&log, &definition, &instants)?;
            out_table.write(issue(mix_over_time(&definition, &instants, &columns)?.to_table()?));
            Ok(())
        })
    }
}

/// The mix of stages `periods` periods after the last of some instants, which ascend one period apart, from the transitions
/// between them: a row per period and stage. `newcomers` is JSON: "as_observed", "none" or {"per_period": 100.0};
/// `newcomers` may be NULL for "as_observed".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_forecast(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    instants_micros: *const i64,
    instants_len: usize,
    periods: u32,
    newcomers: *const c_char,
    newcomers_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, instants_micros, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let newcomers: Newcomers = optional_json(newcomers, newcomers_len, "newcomers")?;
            let instants = instants(instants_micros, instants_len)?;
            let columns = stage_columns(&log, &definition, &instants)?;
            let pooled = pool_transitions(&definition, &columns)?;
            let mixes = mix_over_time(&definition, &instants, &columns)?.mixes;
            // Pooling has refused fewer than two instants, so there is a last one.
            let forecast = mixes.last().map(|mix| forecast_mix(&pooled, mix, periods, newcomers)).transpose()?;
            let table = forecast.map(|forecast| forecast.to_table()).transpose()?;
            out_table.write(issue(table.unwrap_or_default()));
            Ok(())
        })
    }
}

/// The forecast of `periods` periods ago beside what came: a row per stage. Instants and `newcomers` as in
/// userops_lifecycle_forecast(); `newcomers` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_back_test(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    instants_micros: *const i64,
    instants_len: usize,
    periods: u32,
    newcomers: *const c_char,
    newcomers_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, instants_micros, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let newcomers: Newcomers = optional_json(newcomers, newcomers_len, "newcomers")?;
            let instants = instants(instants_micros, instants_len)?;
            let columns = stage_columns(&log, &definition, &instants)?;
            let test = back_test(&definition, &instants, &columns, periods, newcomers)?;
            out_table.write(issue(test.to_table()?));
            Ok(())
        })
    }
}

/// Why one user is in the stage as of an instant, and what would change it, as an explanation in JSON. `definition` is a
/// lifecycle in JSON, as userops_lifecycle_standard() hands one out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_explain(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    user: u32,
    as_of_micros: i64,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_explanation], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let (as_of, context) = (instant(as_of_micros, "as_of_micros")?, Context::default());
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let explanation = explain_stage(&definition, &Subject::new(&log, user, as_of, &calendar, &context))?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// The furthest stage on the lifecycle's ladder that each user has been in until an instant: a table with the columns `user` and
/// `stage`. `definition` is a lifecycle in JSON, as userops_lifecycle_standard() hands one out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifecycle_furthest(
    log: *const userops_log,
    definition: *const c_char,
    definition_len: usize,
    until_micros: i64,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, definition, out_table], || {
            let log = find(log, "log")?;
            let definition: LifecycleDefinition = json(definition, definition_len, "definition")?;
            let histories = stage_histories(&log, &definition, instant(until_micros, "until_micros")?)?;
            out_table.write(issue(users_table(&log)?.with("stage", Column::Text(histories.furthest()))?));
            Ok(())
        })
    }
}
