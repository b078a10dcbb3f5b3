//! Lead scores: points for fit and engagement, two grades, and the group of leads that both lead to.

use std::ffi::c_char;

use userops_core::rule::Subject;
use userops_core::score::lead::{LeadDefinition, explain_lead, list_lead_changes, list_lead_points, score_leads};

use crate::boundary::{guard, instant, json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue, issue_if_asked};
use crate::log::userops_log;
use crate::outcome::{context_of, userops_outcome};
use crate::status::userops_status;
use crate::table::userops_table;
use crate::user::user_of;

/// Scores all users as leads from the events up to `as_of_micros`: a row per user in `out_table` with points, grades, cell and
/// group. `lead_json` is a JSON object as in a playbook, such as {"fit": {"groups": [{"name": "firm", "rules": [{"name": "large",
/// "points": 60, "when": "user.seats >= 50"}]}]}, "engagement": {"groups": [{"name": "trial", "events": [{"name": "visit",
/// "points": 5, "events": ["visit"], "at_most": 4, "half_life": "14d"}]}]}}. Its rules may ask for the answers of `outcome`,
/// which is of this log and may be NULL. `out_cells`, a row per cell of the matrix, may be NULL. `out_groups`, a row per group of
/// leads, may be NULL. `out_points`, a row per user and a column per rule, may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_leads_score(
    log: *const userops_log,
    lead_json: *const c_char,
    lead_json_len: usize,
    as_of_micros: i64,
    outcome: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_cells: *mut *mut userops_table,
    out_groups: *mut *mut userops_table,
    out_points: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, lead_json, out_table], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definition: LeadDefinition = json(lead_json, lead_json_len, "lead_json")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let scores = score_leads(&log, &definition, as_of, &context)?;
            let (table, cells, groups) = (scores.to_table(log.users())?, scores.cell_table()?, scores.group_table()?);
            let points = match out_points.is_null() {
                true => None,
                false => Some(list_lead_points(&log, &definition, as_of, &context)?),
            };
            out_table.write(issue(table));
            issue_if_asked(out_cells, cells);
            issue_if_asked(out_groups, groups);
            if let Some(points) = points {
                out_points.write(issue(points));
            }
            Ok(())
        })
    }
}

/// Who is in another cell or group by time alone after `as_of_micros` and not after `until_micros`, if nothing happens before: a
/// row per such user with `user`, `next_change_at`, `cell` and `group`. `lead_json` as in userops_leads_score(); so is
/// `outcome`, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_leads_changes(
    log: *const userops_log,
    lead_json: *const c_char,
    lead_json_len: usize,
    as_of_micros: i64,
    until_micros: i64,
    outcome: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, lead_json, out_table], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definition: LeadDefinition = json(lead_json, lead_json_len, "lead_json")?;
            let (as_of, until) = (instant(as_of_micros, "as_of_micros")?, instant(until_micros, "until_micros")?);
            out_table.write(issue(list_lead_changes(&log, &definition, as_of, until, &context)?));
            Ok(())
        })
    }
}

/// How many users went from which group of leads into which between two instants: a row per pair that anybody is in, those who
/// stayed included, with `from_group`, `to_group` and `user_count`. `lead_json` as in userops_leads_score().
/// `outcome_before` and `outcome_after` hold the answers that its rules may ask for, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_leads_moves(
    log: *const userops_log,
    lead_json: *const c_char,
    lead_json_len: usize,
    before_micros: i64,
    outcome_before: *const userops_outcome,
    after_micros: i64,
    outcome_after: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, lead_json, out_table], || {
            let log = find(log, "log")?;
            let (then, now) =
                (context_of(outcome_before, "outcome_before")?, context_of(outcome_after, "outcome_after")?);
            let definition: LeadDefinition = json(lead_json, lead_json_len, "lead_json")?;
            let (before, after) = (instant(before_micros, "before_micros")?, instant(after_micros, "after_micros")?);
            let earlier = score_leads(&log, &definition, before, &then)?;
            out_table.write(issue(earlier.move_table(&score_leads(&log, &definition, after, &now)?)?));
            Ok(())
        })
    }
}

/// Why one user has the lead score, what is missing to the next grade, and when time alone moves the user, as an explanation in
/// JSON. `lead_json` as in userops_leads_score(); so is `outcome`, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_leads_explain(
    log: *const userops_log,
    lead_json: *const c_char,
    lead_json_len: usize,
    as_of_micros: i64,
    outcome: *const userops_outcome,
    user: u32,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, lead_json, out_explanation], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definition: LeadDefinition = json(lead_json, lead_json_len, "lead_json")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let explanation = explain_lead(&definition, &Subject::new(&log, user, as_of, &calendar, &context))?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}
