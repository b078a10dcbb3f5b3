//! Who is in a segment: by its definition, by ids, and from one log to the next; why, and why users moved.

use std::ffi::c_char;

use serde_json::json as object;
use userops_core::id::UserId;
use userops_core::rule::Subject;
use userops_core::segment::{Segment, SegmentDefinition, diff_by_id, diff_segments, explain_moves};

use crate::boundary::{guard, instant, json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{find, issue};
use crate::log::userops_log;
use crate::outcome::{context_of, userops_outcome};
use crate::segment::userops_segment;
use crate::status::userops_status;
use crate::user::user_of;

/// The users who are in a segment by its definition, from the events up to `as_of_micros`. `segment_json` is a JSON object as
/// in a playbook, such as {"name": "buyers", "when": "count(\"order\") >= 1", "exclude": ["test"]}. Its rule may ask for the
/// answers of `outcome`, which is of this log and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_assign(
    log: *const userops_log,
    segment_json: *const c_char,
    segment_json_len: usize,
    as_of_micros: i64,
    outcome: *const userops_outcome,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, segment_json, out_segment], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definition: SegmentDefinition = json(segment_json, segment_json_len, "segment_json")?;
            out_segment.write(issue(definition.build(&log, instant(as_of_micros, "as_of_micros")?, &context)?));
            Ok(())
        })
    }
}

/// Why one user is in a segment or not, as an explanation in JSON. `segment_json` as in
/// userops_segment_assign(); so is `outcome`, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_explain(
    log: *const userops_log,
    segment_json: *const c_char,
    segment_json_len: usize,
    as_of_micros: i64,
    outcome: *const userops_outcome,
    user: u32,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, segment_json, out_explanation], || {
            let (log, context) = (find(log, "log")?, context_of(outcome, "outcome")?);
            let definition: SegmentDefinition = json(segment_json, segment_json_len, "segment_json")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let (user, calendar) = (user_of(&log, user)?, log.calendar(as_of));
            let explanation = definition.explain(&Subject::new(&log, user, as_of, &calendar, &context))?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// Why users entered and left a segment between two instants, the first `users_max` of them in the order of their numbers: a
/// JSON array of objects with `user` (the number), `movement`, and the explanations `before` and `after`. `segment_json` as in
/// userops_segment_assign(). `outcome_before` and `outcome_after` hold the answers that its rule may ask for, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_explain_moves(
    log: *const userops_log,
    segment_json: *const c_char,
    segment_json_len: usize,
    before_micros: i64,
    outcome_before: *const userops_outcome,
    after_micros: i64,
    outcome_after: *const userops_outcome,
    users_max: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, segment_json, out_json], || {
            let log = find(log, "log")?;
            let (then, now) =
                (context_of(outcome_before, "outcome_before")?, context_of(outcome_after, "outcome_after")?);
            let definition: SegmentDefinition = json(segment_json, segment_json_len, "segment_json")?;
            let (before, after) = (instant(before_micros, "before_micros")?, instant(after_micros, "after_micros")?);
            let diff = diff_segments(&definition.build(&log, before, &then)?, &definition.build(&log, after, &now)?)?;
            let (earlier, later) = (log.calendar(before), log.calendar(after));
            let subject_before = |user| Subject::new(&log, user, before, &earlier, &then);
            let subject_after = |user| Subject::new(&log, user, after, &later, &now);
            let sides = ((&definition, subject_before), (&definition, subject_after));
            let moves: Vec<_> = explain_moves(&diff, sides.0, sides.1, users_max)?
                .into_iter()
                .map(|reason| {
                    let movement = reason.movement.name();
                    object!({"user": reason.user.0, "movement": movement, "before": reason.before, "after": reason.after})
                })
                .collect();
            out_json.write(issue_json(&moves)?);
            Ok(())
        })
    }
}

/// The users of these ids, a JSON array of integers or texts, as far as the log knows them; in `out_unknown` a JSON array of the
/// ids that it does not know. `out_unknown` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_find_ids(
    log: *const userops_log,
    ids: *const c_char,
    ids_len: usize,
    out_segment: *mut *mut userops_segment,
    out_unknown: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, ids, out_segment], || {
            let ids: Vec<UserId> = json(ids, ids_len, "ids")?;
            let found = Segment::find_ids(find(log, "log")?.users(), &ids);
            if !out_unknown.is_null() {
                out_unknown.write(issue_json(&found.unknown)?);
            }
            out_segment.write(issue(found.segment));
            Ok(())
        })
    }
}

/// Who entered, left and stayed between a segment of one log and a segment of a later one, told by user id, as a JSON object of
/// arrays: `entered`, `left` and `stayed`; and how many of those who entered are new to the log, `entered_new_count`, and how
/// many of those who left are gone from it, `left_gone_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_diff_by_id(
    before: *const userops_segment,
    log_before: *const userops_log,
    after: *const userops_segment,
    log_after: *const userops_log,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![before, log_before, after, log_after, out_json], || {
            let (before, after) = (find(before, "before")?, find(after, "after")?);
            let (earlier, later) = (find(log_before, "log_before")?, find(log_after, "log_after")?);
            Segment::nobody(earlier.user_count()).check_same_universe(&before)?;
            Segment::nobody(later.user_count()).check_same_universe(&after)?;
            let diff = diff_by_id((&before, earlier.users()), (&after, later.users()));
            out_json.write(issue_json(&object!({
                "entered": diff.entered,
                "left": diff.left,
                "stayed": diff.stayed,
                "entered_new_count": diff.entered_new_count,
                "left_gone_count": diff.left_gone_count,
            }))?);
            Ok(())
        })
    }
}
