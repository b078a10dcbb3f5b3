//! Early warning: who is about to leave, how likely, why, and what it will cost.

use std::ffi::c_char;

use userops_core::warning::{
    UserFeatures, WarningModel, WarningOptions, WarningScoreOptions, WatchListOptions, fit_warning, read_features,
};

use crate::boundary::{guard, instant, json, optional_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// What was known at `as_of_micros` of everyone at risk, that is, active before and not silent for more than the limit: in
/// `out_table` a row per user with `silence_days`, `silence_ratio` (beside the usual gap), `activity_slope`, `narrowing`,
/// `no_activity_probability`, `complaint_count`, `refund_count`, `tenure_days`, `active_day_count`, `usual_gap_days` and
/// `alive_probability`. No later event has any say. `options` as in userops_warning_fit(), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_features(
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
            let options: WarningOptions = optional_json(options, options_len, "options")?;
            let features = read_features(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(features.to_table(&log)?));
            Ok(())
        })
    }
}

/// Learns from a log's own past who will be lost, that is, not active within a horizon. Users at risk three horizons before
/// `as_of_micros` are learnt from, those two before put the probabilities right, and those one before judge the model. `options` is a
/// JSON object with, where wanted, `activity`, `behaviour` and `complaints` ({"events": […], "where": …}), `behaviour_property`,
/// `horizon_days` (30), `recent_days`, `silence_days_max` (90), `training_cut_count` (1) and `ridge` (1), and may be NULL. `out_model` is
/// the model as JSON: all that a score needs. In `out_table` there is a row for the intercept and each feature with its coefficient and
/// standard error; in `out_cuts` a row per instant of the past, with how many users were at risk and lost; in `out_evaluation` a row
/// per ranking of the held-out users, the model first and then what is simpler, with `auc`, `average_precision`, `brier_score`, …;
/// in `out_top` a row per ranking and share of its first places; in `out_calibration` a row per bin of the model; in `out_notes` a row
/// for each thing that is weak. `out_table`, `out_cuts`, `out_evaluation`, `out_top`, `out_calibration` and `out_notes` may be NULL.
/// Fails with EMPTY where nobody was at risk to learn from, and with INVALID_ARGUMENT where all of those, or none, were lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_fit(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_model: *mut *mut userops_bytes,
    out_table: *mut *mut userops_table,
    out_cuts: *mut *mut userops_table,
    out_evaluation: *mut *mut userops_table,
    out_top: *mut *mut userops_table,
    out_calibration: *mut *mut userops_table,
    out_notes: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_model], || {
            let log = find(log, "log")?;
            let options: WarningOptions = optional_json(options, options_len, "options")?;
            let fit = fit_warning(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, cuts, evaluation) = (fit.to_table()?, fit.to_cut_table()?, fit.to_evaluation_table()?);
            let (top, calibration, notes) = (fit.to_top_table()?, fit.to_calibration_table()?, fit.to_note_table()?);
            out_model.write(issue_json(&fit.model)?);
            issue_if_asked(out_table, table);
            issue_if_asked(out_cuts, cuts);
            issue_if_asked(out_evaluation, evaluation);
            issue_if_asked(out_top, top);
            issue_if_asked(out_calibration, calibration);
            issue_if_asked(out_notes, notes);
            Ok(())
        })
    }
}

/// Scores everyone at risk at `as_of_micros`: in `out_table` a row per user, in the order of users, with `probability` (of no
/// activity within the horizon), `value` (what the user is worth in that time, in major units), `expected_loss` and `reason_1` … in
/// words. `warning_model` is JSON, as userops_warning_fit() makes it. `options` is a JSON object with, where wanted, `spending`
/// ({"events": […], "where": …}), `value_days` (365), `value_attribute` (a numeric attribute that says the value instead) and
/// `reason_count` (3), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_score(
    warning_model: *const c_char,
    warning_model_len: usize,
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![warning_model, log, out_table], || {
            let model: WarningModel = json(warning_model, warning_model_len, "warning_model")?;
            let log = find(log, "log")?;
            let options: WarningScoreOptions = optional_json(options, options_len, "options")?;
            let scores = model.score(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(scores.to_table(&log)?));
            Ok(())
        })
    }
}

/// The users to look after first: in `out_table` a row for each with `rank` and the columns of userops_warning_score(), in
/// `out_summary` one row (`at_risk_count`, `listed_count`, `expected_loss`, `expected_loss_ratio`, `expected_lost_count`). `list` is a JSON
/// object with `capacity`, how many users can be looked after, above 0, and, where wanted, `order`: "expected_loss" or "probability".
/// Equal users are by probability, then in the order of users. `warning_model` and `options` as in userops_warning_score(); `options`
/// and `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_watch_list(
    warning_model: *const c_char,
    warning_model_len: usize,
    log: *const userops_log,
    as_of_micros: i64,
    list: *const c_char,
    list_len: usize,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![warning_model, log, list, out_table], || {
            let model: WarningModel = json(warning_model, warning_model_len, "warning_model")?;
            let log = find(log, "log")?;
            let list: WatchListOptions = json(list, list_len, "list")?;
            let options: WarningScoreOptions = optional_json(options, options_len, "options")?;
            let list = model.score(&log, instant(as_of_micros, "as_of_micros")?, options)?.watch_list(list)?;
            let (table, summary) = (list.to_table(&log)?, list.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// The features of one user at `as_of_micros` as JSON, as userops_warning_explain() reads them; null for a user who is not at risk.
/// `warning_model` as in userops_warning_score().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_read_user(
    warning_model: *const c_char,
    warning_model_len: usize,
    log: *const userops_log,
    as_of_micros: i64,
    user: u32,
    out_features: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![warning_model, log, out_features], || {
            let model: WarningModel = json(warning_model, warning_model_len, "warning_model")?;
            let log = find(log, "log")?;
            let features = model.read_user(&log, instant(as_of_micros, "as_of_micros")?, user_of(&log, user)?)?;
            out_features.write(issue_json(&features)?);
            Ok(())
        })
    }
}

/// Why the probability of no activity within the horizon is what it is, given the features of one user, as an explanation in JSON: its
/// value is the probability, its parts say what each feature adds to the log-odds. `warning_model` as in userops_warning_score();
/// `features` is JSON, as userops_warning_read_user() makes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_warning_explain(
    warning_model: *const c_char,
    warning_model_len: usize,
    features: *const c_char,
    features_len: usize,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![warning_model, features, out_explanation], || {
            let model: WarningModel = json(warning_model, warning_model_len, "warning_model")?;
            model.check()?;
            let features: UserFeatures = json(features, features_len, "features")?;
            out_explanation.write(issue_json(&model.explain(&features))?);
            Ok(())
        })
    }
}
