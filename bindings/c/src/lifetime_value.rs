//! Customer lifetime value: what customers have brought, and what they will bring.

use std::ffi::c_char;

use userops_core::btyd::BtydFit;
use userops_core::lifetime_value::{
    LifetimeValueModel, LifetimeValueOptions, ValueGroups, ValueShare, WinBackOptions, forecast_lifetime_value,
    share_of_top,
};

use crate::boundary::{guard, json, optional_json, required};
use crate::bytes::{issue_json_if_asked, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::status::userops_status;
use crate::table::userops_table;

/// What each customer of a table will bring: a row for each in `out_table`, with `user` where there is one, `expected_purchases` (but
/// for ever), `discounted_purchases`, `expected_spend`, `predicted_value`, and with a column `spend` also `historic_value` and
/// `total_value`. `customers` has `x`, `t_x`, `T` and `mean_spend`. `value_model` is a JSON object with `purchases` (a model of purchases as in
/// userops_btyd_score()), `spend` (`p`, `q` and `v` of "gamma_gamma") and, where wanted, `options`: `period_count` (how many periods
/// to look ahead, by default 12; null for ever), `period` (units of time of one, by default 1), `discount_rate` (for a period, by
/// default 0), `margin_ratio` (by default 1) and `time_unit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifetime_value_score(
    value_model: *const c_char,
    value_model_len: usize,
    customers: *const userops_table,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![value_model, customers, out_table], || {
            let model: LifetimeValueModel = json(value_model, value_model_len, "value_model")?;
            let customers = find(customers, "customers")?;
            out_table.write(issue(model.score(&customers)?));
            Ok(())
        })
    }
}

/// Lost customers, ranked by their value times the chance that they return: `row`, `user` where there is one, `silent_for`,
/// `return_probability`, `value_if_back`, and `expected_value`, the product of the two. `value_model` and `customers` as in
/// userops_lifetime_value_score(); `options` is a JSON object with `silent_at_least` (who has been silent so long is lost) and, where
/// wanted, `horizon` (within which a return counts; that of the model by default) and `capacity` (how many to name at most).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifetime_value_rank_win_back(
    value_model: *const c_char,
    value_model_len: usize,
    customers: *const userops_table,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![value_model, customers, options, out_table], || {
            let model: LifetimeValueModel = json(value_model, value_model_len, "value_model")?;
            let customers = find(customers, "customers")?;
            let options: WinBackOptions = json(options, options_len, "options")?;
            out_table.write(issue(model.rank_win_back(&customers, &options)?));
            Ok(())
        })
    }
}

/// What the customers of a table have brought and will bring, with 95 % intervals, which say how sure the expected value is, given
/// how sure the fits are of their parameters. `purchases_fit` and `spend_fit` are JSON, as `out_fit` of userops_btyd_fit(): of a model
/// of purchases, and of "gamma_gamma". The options are those of userops_lifetime_value_score(); `options` may be NULL. Groups are a JSON
/// object with `by`, a column of the customers, and, where it holds dates, `period` ("day", {"week": {}}, "month"); `groups` may be
/// NULL. `out_table` has a row per customer: what userops_lifetime_value_score() tells, `predicted_standard_error`, `predicted_low`,
/// `predicted_high`; `out_summary` one row, with the formula in words and numbers and the values of all; `out_groups`, where groups
/// are asked for, a row for each; `out_model` the model of userops_lifetime_value_score() as JSON. `out_summary`, `out_groups` and
/// `out_model` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_lifetime_value_forecast(
    customers: *const userops_table,
    purchases_fit: *const c_char,
    purchases_fit_len: usize,
    spend_fit: *const c_char,
    spend_fit_len: usize,
    options: *const c_char,
    options_len: usize,
    groups: *const c_char,
    groups_len: usize,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_groups: *mut *mut userops_table,
    out_model: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![customers, purchases_fit, spend_fit, out_table], || {
            let customers = find(customers, "customers")?;
            let purchases: BtydFit = json(purchases_fit, purchases_fit_len, "purchases_fit")?;
            let spend: BtydFit = json(spend_fit, spend_fit_len, "spend_fit")?;
            let options: LifetimeValueOptions = optional_json(options, options_len, "options")?;
            let groups: Option<ValueGroups> = optional_json(groups, groups_len, "groups")?;
            let forecast = forecast_lifetime_value(&customers, &purchases, &spend, options)?;
            let (table, summary) = (forecast.to_table()?, forecast.to_summary_table()?);
            let groups = groups.map(|groups| forecast.to_group_table(&customers, groups)).transpose()?;
            issue_json_if_asked(out_model, &forecast.model)?;
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            if let Some(groups) = groups {
                issue_if_asked(out_groups, groups);
            }
            Ok(())
        })
    }
}

/// How much the most valuable customers carry: a row in `out_table` for each share of them, with `customer_ratio`, `customer_count`,
/// `value`, `value_ratio` and `value_min`. `values` is a JSON array with the value of each customer, from 0 on, null where it is
/// unknown; `customer_ratios` one of shares, such as [0.01, 0.1].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_share_of_top(
    values: *const c_char,
    values_len: usize,
    customer_ratios: *const c_char,
    customer_ratios_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![values, customer_ratios, out_table], || {
            let values: Vec<Option<f64>> = json(values, values_len, "values")?;
            let ratios: Vec<f64> = json(customer_ratios, customer_ratios_len, "customer_ratios")?;
            out_table.write(issue(ValueShare::table(&share_of_top(&values, &ratios)?)?));
            Ok(())
        })
    }
}
