//! The churn standard: after how much silence a user is lost.

use std::ffi::c_char;

use userops_core::churn::{ChurnOptions, set_churn_standard};

use crate::boundary::{guard, instant, optional_json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// After how much silence a user is lost, from the gaps between active days up to `as_of_micros`: in `out_table` a row per number
/// of silent days with how likely a return is after them; in `out_summary` one row with the threshold, counts, quantiles of gaps
/// and weaknesses; in `out_thresholds` a row per threshold, the one that was picked first, then those of other rules and shifted
/// ones, with the users that each loses. `options` is a JSON object with, where wanted, `activity`, `rule` ({"knee": {"curve":
/// "episode"}}, {"percentile": {"ratio": 0.9}}, {"return_ratio": {"curve": "user", "at_most": 0.1}} or "least_error"), `step_days`,
/// `days_max`, `horizon_days`, `shift_days` and `gaps_min`, and may be NULL; `out_summary` and `out_thresholds` may be NULL. Fails with
/// EMPTY where nobody came back, and where the rule finds no threshold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_churn_standard(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_thresholds: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: ChurnOptions = optional_json(options, options_len, "options")?;
            let standard = set_churn_standard(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, summary) = (standard.to_table()?, standard.to_summary_table()?);
            let thresholds = standard.to_threshold_table()?;
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            issue_if_asked(out_thresholds, thresholds);
            Ok(())
        })
    }
}
