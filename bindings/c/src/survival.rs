//! Survival analysis: how long lives last, whether groups differ, and what raises the risk.

use std::ffi::c_char;

use userops_core::survival::{
    CoxOptions, LogRankOptions, SurvivalOptions, compare_survival, estimate_survival, fit_cox,
};

use crate::boundary::{guard, json, optional_json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::status::userops_status;
use crate::table::userops_table;

/// The share of lives that is left after each time (Kaplan-Meier, with the hazard of Nelson-Aalen): a row per time in `out_table`,
/// and in `out_summary` one of counts, median, quartiles and restricted mean; of each where there are groups. A row of `lives` is a
/// life. `options` is a JSON object with, where wanted, `duration` and `event` (columns, by default of these names), `group` (a
/// column), `interval` ("log_log" or "plain") and `restricted_until`, and may be NULL. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_survival_estimate(
    lives: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![lives, out_table], || {
            let lives = find(lives, "lives")?;
            let options: SurvivalOptions = optional_json(options, options_len, "options")?;
            let survival = estimate_survival(&lives, options)?;
            let (table, summary) = (survival.to_table()?, survival.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// Whether groups differ in how long they last (log-rank test): a row per group in `out_table`, and in `out_summary` one row with
/// the statistic, its degrees of freedom and its p-value. `lives` as in userops_survival_estimate(); `options` is a JSON object with
/// `group` (a column), and where wanted `duration` and `event`. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_survival_compare(
    lives: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![lives, options, out_table], || {
            let lives = find(lives, "lives")?;
            let options: LogRankOptions = json(options, options_len, "options")?;
            let test = compare_survival(&lives, options)?;
            let (table, summary) = (test.to_table()?, test.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// By how much covariates raise or lower the risk (Cox's proportional hazards, Efron's ties): a row per covariate in `out_table`,
/// and in `out_summary` one row of counts, likelihoods and concordance. `lives` as in userops_survival_estimate(); `options` is a
/// JSON object with, where wanted, `duration`, `event` and `covariates` (columns, every other one by default), and may be NULL.
/// `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_survival_fit_cox(
    lives: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![lives, out_table], || {
            let lives = find(lives, "lives")?;
            let options: CoxOptions = optional_json(options, options_len, "options")?;
            let fit = fit_cox(&lives, options)?;
            let (table, summary) = (fit.to_table()?, fit.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}
