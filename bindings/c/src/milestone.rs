//! Milestones by themselves: when each user first came how far.

use std::ffi::c_char;

use userops_core::milestone::{
    AarrrEvents, Milestone, aarrr_milestones, explain_milestones, reach_milestones, summarize_milestones, summary_table,
};
use userops_core::rule::{Context, Subject};

use crate::boundary::{guard, instant, json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// The milestones of AARRR from acquisition to referral, as a JSON array. `events` is a JSON object that says which events stand
/// for which step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_milestones_aarrr(
    events: *const c_char,
    events_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![events, out_json], || {
            let events: AarrrEvents = json(events, events_len, "events")?;
            out_json.write(issue_json(&aarrr_milestones(&events)?)?);
            Ok(())
        })
    }
}

/// When each user reached each milestone, up to an instant: a row per user. `milestones` is a JSON array such as
/// [{"name": "second_order", "when": "count(\"order\") >= 2"}]. `out_summary`, a row per milestone with counts, shares and days,
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_milestones_reach(
    log: *const userops_log,
    milestones: *const c_char,
    milestones_len: usize,
    as_of_micros: i64,
    out_table: *mut *mut userops_table,
    out_summary: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, milestones, out_table], || {
            let log = find(log, "log")?;
            let milestones: Vec<Milestone> = json(milestones, milestones_len, "milestones")?;
            let reached = reach_milestones(&log, &milestones, instant(as_of_micros, "as_of_micros")?)?;
            let (table, summary) = (reached.to_table(&log)?, summary_table(&summarize_milestones(&reached))?);
            out_table.write(issue(table));
            issue_if_asked(out_summary, summary);
            Ok(())
        })
    }
}

/// When one user reached which milestone and by what, and what the others wait for, as an explanation in JSON. `milestones` as in
/// userops_milestones_reach().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_milestones_explain(
    log: *const userops_log,
    milestones: *const c_char,
    milestones_len: usize,
    as_of_micros: i64,
    user: u32,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, milestones, out_explanation], || {
            let log = find(log, "log")?;
            let milestones: Vec<Milestone> = json(milestones, milestones_len, "milestones")?;
            let (as_of, context) = (instant(as_of_micros, "as_of_micros")?, Context::default());
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let explanation = explain_milestones(&milestones, &Subject::new(&log, user, as_of, &calendar, &context))?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}
