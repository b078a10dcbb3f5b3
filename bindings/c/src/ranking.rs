//! How well rankings tell who has an outcome, and logistic regressions that make them.

use std::ffi::c_char;

use userops_core::warning::{EvaluationOptions, LogisticFit, LogisticOptions, evaluate_ranking_table, fit_logistic};

use crate::boundary::{guard, json, optional_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::status::userops_status;
use crate::table::userops_table;

/// Holds the scores of a table against its outcomes: `ranking` has the columns `score` and `outcome` (booleans, or 0 and 1), and the
/// higher the score, the more the outcome is expected. In `out_table` there is one row with `auc`, `average_precision`,
/// `brier_score`, `log_loss` and `expected_calibration_error`; in `out_top` a row per share of the first places, with `lift` and
/// `capture_ratio`; in `out_bins` a row per bin of equal counts, with what was foretold and what was observed. Equal scores are equal.
/// `options` is a JSON object with, where wanted, `probabilities` (false where the scores are none), `top_ratios` and `bin_count`, and
/// may be NULL; `out_top` and `out_bins` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_ranking_evaluate(
    ranking: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_top: *mut *mut userops_table,
    out_bins: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![ranking, out_table], || {
            let ranking = find(ranking, "ranking")?;
            let options: EvaluationOptions = optional_json(options, options_len, "options")?;
            let found = evaluate_ranking_table(&ranking, &options)?;
            let (table, top, bins) = (found.to_table()?, found.to_top_table()?, found.to_calibration_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_top, top);
            issue_if_asked(out_bins, bins);
            Ok(())
        })
    }
}

/// Fits a logistic regression to the rows of a table. `options` is a JSON object with `outcome`, the column of booleans, or of 0 and 1,
/// and, where wanted, `columns` (every other column without it), `ridge` (half of it times the squares of the coefficients is taken off
/// the log-likelihood) and `iterations_max`. `out_fit` is the fit as JSON: all that a score needs. In `out_table` there is a row per
/// coefficient with its standard error, in `out_summary` one row (`log_likelihood`, counts, `converged`, `separated`). Rows with
/// something unknown are left out. `out_table` and `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_logistic_fit(
    table: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_fit: *mut *mut userops_bytes,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, options, out_fit], || {
            let table = find(table, "table")?;
            let options: LogisticOptions = json(options, options_len, "options")?;
            let fit = fit_logistic(&table, &options)?;
            let (coefficients, summary) = (fit.to_table()?, fit.to_summary_table()?);
            out_fit.write(issue_json(&fit)?);
            issue_if_asked(out_table, coefficients);
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// The `probability` of the outcome for each row of a table, in `out_table`; unknown where something is. `logistic_fit` is JSON, as
/// userops_logistic_fit() makes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_logistic_score(
    logistic_fit: *const c_char,
    logistic_fit_len: usize,
    table: *const userops_table,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![logistic_fit, table, out_table], || {
            let fit: LogisticFit = json(logistic_fit, logistic_fit_len, "logistic_fit")?;
            out_table.write(issue(fit.score(&*find(table, "table")?)?));
            Ok(())
        })
    }
}
