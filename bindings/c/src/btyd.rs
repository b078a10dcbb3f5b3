//! Buying till you die: how often customers will buy again, and who has left without saying so.

use std::ffi::c_char;

use userops_core::btyd::{
    BtydModel, BtydOptions, BtydScoreOptions, BtydSimulationOptions, NextPurchaseOptions, PurchaseOptions, fit_btyd,
    summarise_purchases,
};

use crate::boundary::{guard, instant, json, optional_json, required};
use crate::bytes::{issue_json, issue_json_if_asked, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// The purchases of every customer up to `as_of_micros`, as userops_btyd_fit() reads them: a row per customer in `out_table`, with
/// `user`, `first_day`, `x` (local days with a purchase after the first), `t_x` and `T` (from the first purchase to the last, and to
/// the end), `spend` (all of it, in major units), `mean_spend` (of a repeat day), and where days are held out `holdout_x`,
/// `holdout_spend` and `holdout_next` (the time to the next purchase); in `out_summary` one row of counts. Negative amounts are refunds: they are money that comes back, and no purchases. `options` is a JSON object with,
/// where wanted, `purchases` ({"events": […], "where": …}), `unit_days` (7 for weeks, by default 1) and `calibration_last_day` (the
/// last day that models may see), and may be NULL. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_purchases(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: PurchaseOptions = optional_json(options, options_len, "options")?;
            let purchases = summarise_purchases(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, summary) = (purchases.to_table(&log)?, purchases.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// Fits a model of buying till you die to the rows of a table, each a customer, or as many as a column `count` says. `options` is a
/// JSON object with `model` and, where wanted, `ridge`, `iterations_max` and `time_unit`. The model is "bg_nbd", "mbg_nbd" or
/// "pareto_nbd", which read the columns `x`, `t_x` and `T`; "bg_bb": `x`, `t_x`, `n`; "gamma_gamma": `x`, `mean_spend`; or
/// "shifted_beta_geometric": `duration`, `event`. `out_model` is the model as JSON, such as {"model": "bg_nbd", "r": 0.24, "alpha":
/// 4.4, "a": 0.79, "b": 2.4}: all that a score needs; `out_fit` is the whole fit as JSON, as userops_lifetime_value_forecast() reads it. In `out_table` there is a row per parameter with its value and standard errors,
/// in `out_summary` one row (`log_likelihood`, `customer_count`, `converged`, `condition`, `weak`, …), in `out_covariance` a row per
/// pair of parameters, in `out_notes` a row for each thing that is weak about the fit, of which `weak` says whether there is one.
/// `out_fit`, `out_table`, `out_summary`, `out_covariance` and `out_notes` may be NULL. Fails with INVALID_ARGUMENT where a row cannot be, and
/// where nobody bought again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_fit(
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_model: *mut *mut userops_bytes,
    out_fit: *mut *mut userops_bytes,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_covariance: *mut *mut userops_table,
    out_notes: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![customers, options, out_model], || {
            let customers = find(customers, "customers")?;
            let options: BtydOptions = json(options, options_len, "options")?;
            let fit = fit_btyd(&customers, options)?;
            let (table, summary) = (fit.to_table()?, fit.to_summary_table()?);
            let (covariance, notes) = (fit.to_covariance_table()?, fit.to_note_table()?);
            let model = issue_json(&fit.model)?;
            issue_json_if_asked(out_fit, &fit)?;
            out_model.write(model);
            issue_if_asked(out_table, table);
            issue_if_asked(out_summary, summary);
            issue_if_asked(out_covariance, covariance);
            issue_if_asked(out_notes, notes);
            Ok(())
        })
    }
}

/// What a model of userops_btyd_fit() expects of the rows of a table, whose columns are those that it was fitted on (of contracts
/// only `duration`): a row for each in `out_table`. `alive_probability`, and with a horizon `expected_purchases` and
/// `no_purchase_probability`, of the models of purchases; `expected_spend` of "gamma_gamma"; `survival_ratio` and `retention_ratio`
/// of "shifted_beta_geometric". With a discount there are `discounted_purchases` of "pareto_nbd" and `discounted_lifetime` of
/// contracts. "bg_nbd" takes whoever has bought once to be there for certain: look at the probability of no purchase, or take
/// another model. `btyd_model` is JSON, from a fit or by hand; `options` is a JSON object with, where wanted, `horizon` and
/// `discount_rate`, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_score(
    btyd_model: *const c_char,
    btyd_model_len: usize,
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![btyd_model, customers, out_table], || {
            let model: BtydModel = json(btyd_model, btyd_model_len, "btyd_model")?;
            let customers = find(customers, "customers")?;
            let options: BtydScoreOptions = optional_json(options, options_len, "options")?;
            out_table.write(issue(model.score(&customers, options)?));
            Ok(())
        })
    }
}

/// What a new customer will do within each of some horizons, a JSON array of numbers: a row for each in `out_table`, with `horizon`
/// and `expected_purchases`, or `survival_ratio` of contracts. `btyd_model` as in userops_btyd_score().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_project_new_customer(
    btyd_model: *const c_char,
    btyd_model_len: usize,
    horizons: *const c_char,
    horizons_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![btyd_model, horizons, out_table], || {
            let model: BtydModel = json(btyd_model, btyd_model_len, "btyd_model")?;
            let horizons: Vec<f64> = json(horizons, horizons_len, "horizons")?;
            out_table.write(issue(model.project_new_customer(&horizons)?));
            Ok(())
        })
    }
}

/// Draws a customer from a model for each row of a table, of which only the time observed is read: `T`, `n` of "bg_bb", `duration`,
/// the most periods, of "shifted_beta_geometric", or `x` of "gamma_gamma". `out_table` has the columns that userops_btyd_fit() reads,
/// and of purchases `alive` and, with a horizon, `future_x`. `btyd_model` as in userops_btyd_score(); `options` is a JSON object with,
/// where wanted, `seed` and `horizon`, and may be NULL. The same seed gives the same customers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_simulate(
    btyd_model: *const c_char,
    btyd_model_len: usize,
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![btyd_model, customers, out_table], || {
            let model: BtydModel = json(btyd_model, btyd_model_len, "btyd_model")?;
            let customers = find(customers, "customers")?;
            let options: BtydSimulationOptions = optional_json(options, options_len, "options")?;
            out_table.write(issue(model.simulate(&customers, options)?));
            Ok(())
        })
    }
}

/// When each customer of a table buys next: a row for each in `out_table`, with `return_probability`, of a purchase within the
/// horizon, and `lower`, `median` and `upper`, times from the end of observation for the case that the purchase is made within it;
/// with `last_day` also `lower_day`, `median_day` and `upper_day`. `btyd_model` is one of purchases, as in userops_btyd_score();
/// `customers` has `x`, `t_x` and `T`; `options` is a JSON object with `horizon` and, where wanted, `confidence` (the probability of
/// the interval, by default 0.8), `last_day` (the last day that the data know) and `unit_days` (7 for weeks, by default 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_predict_next_purchase(
    btyd_model: *const c_char,
    btyd_model_len: usize,
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![btyd_model, customers, options, out_table], || {
            let model: BtydModel = json(btyd_model, btyd_model_len, "btyd_model")?;
            let customers = find(customers, "customers")?;
            let options: NextPurchaseOptions = json(options, options_len, "options")?;
            out_table.write(issue(model.predict_next_purchase(&customers, &options)?));
            Ok(())
        })
    }
}

/// How well the next purchases were told that were held out. `customers` has `x`, `t_x`, `T` and `holdout_next`, as
/// userops_log_purchases() tells it; the rest is as in userops_btyd_predict_next_purchase(), the horizon being the time held out. In
/// `out_table` there is a row for each tenth of the customers' own distributions with how many bought in it, alike where the model
/// is right; in `out_summary` one row, with how many of the purchases fell into their interval. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_btyd_review_next_purchase(
    btyd_model: *const c_char,
    btyd_model_len: usize,
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![btyd_model, customers, options, out_table], || {
            let model: BtydModel = json(btyd_model, btyd_model_len, "btyd_model")?;
            let customers = find(customers, "customers")?;
            let options: NextPurchaseOptions = json(options, options_len, "options")?;
            let review = model.review_next_purchase(&customers, &options)?;
            let (table, summary) = (review.to_table()?, review.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}
