//! Attribution: which channels conversions are owed to.

use std::ffi::c_char;

use userops_core::attribution::{AttributionOptions, attribute_conversions};

use crate::boundary::{guard, instant, json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Shares conversions out over channels by one model or several, from the events up to `as_of_micros`: a row per model and
/// channel in `out_table`, and in `out_summary` one row of how many conversions and journeys there are. `options` is a JSON
/// object: {"conversion": {"events": ["pay"]}, "touches": {"property": {"property": "channel"}}} and, where wanted, `models`,
/// `window`, `lookback`, `touches_reused`, `direct_channels` and `cost_minor`. `out_summary` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_attribution(
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
        guard(out_error, required![log, options, out_table], || {
            let log = find(log, "log")?;
            let options: AttributionOptions = json(options, options_len, "options")?;
            let attribution = attribute_conversions(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, summary) = (attribution.to_table()?, attribution.to_summary_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}
