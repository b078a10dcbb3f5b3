//! Paths: what users do after one another.

use std::ffi::c_char;

use userops_core::path::{PathOptions, PathTreeOptions, build_path_tree, count_transitions};

use crate::boundary::{guard, instant, optional_json, required};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// Which event follows which, over the paths of all users, from the events up to `as_of_micros`: a row per pair, starts and
/// exits included. `options` is a JSON object with `window`, `groups`, `ungrouped`, `repeats_collapsed` and `session_gap`, and
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_transitions(
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
            let options: PathOptions = optional_json(options, options_len, "options")?;
            let transitions = count_transitions(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            out_table.write(issue(transitions.to_table()?));
            Ok(())
        })
    }
}

/// The tree of what comes after an anchor, or came before it: a row per node in `out_table`, parents before their children,
/// and in `out_flows` a row per flow between neighbouring steps, from which a Sankey diagram is drawn. `options` is a JSON
/// object with `paths` (the options of userops_log_transitions()), `anchor`, `choice`, `direction`, `depth`, `within` and
/// `ratio_min`, and may be NULL. `out_flows` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_path_tree(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_flows: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, out_table], || {
            let log = find(log, "log")?;
            let options: PathTreeOptions = optional_json(options, options_len, "options")?;
            let tree = build_path_tree(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let (table, flows) = (tree.to_table()?, tree.to_flow_table()?);
            out_table.write(issue(table));
            issue_if_asked(out_flows, flows);
            Ok(())
        })
    }
}
