//! What a playbook says of the users of a log.

use std::ffi::c_char;

use serde_json::json;
use userops_core::error::{Error, ErrorKind};
use userops_core::milestone::{MilestoneTable, summarize_milestones, summary_table};
use userops_core::playbook::{Outcome as Answers, compare};
use userops_core::rule::Context;

use crate::boundary::{Outcome, guard, guard_value, required, text};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::userops_log;
use crate::profile::userops_profiles;
use crate::segment::userops_segment;
use crate::status::userops_status;
use crate::table::userops_table;

/// Everything that a playbook says of the users of a log, as of an instant. Frozen.
#[derive(Debug)]
pub struct userops_outcome {
    _opaque: (),
}
handle!(userops_outcome => Answers);

/// The answers of an outcome that rules may build on; none where it is NULL. `name` is what the argument is called.
pub(crate) fn context_of(outcome: *const userops_outcome, name: &str) -> Outcome<Context> {
    match outcome.is_null() {
        true => Ok(Context::default()),
        false => Ok(find(outcome, name)?.context.clone()),
    }
}

fn lacks(what: &str) -> Error {
    Error::new(ErrorKind::UnknownName, format!("the outcome has no {what}"))
}

fn milestones(outcome: &Answers) -> Outcome<&MilestoneTable> {
    Ok(outcome.milestones.as_ref().ok_or_else(|| lacks("milestones: the playbook declares none"))?)
}

/// What the outcome is, as JSON: `playbook` (its name), `fingerprint`, `as_of`, `user_count`, the names of `tags`, `segments`,
/// `scores` and `milestones`, and `lifecycle` with its `definition` and how its thresholds were `derived` (null without one).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_describe(
    outcome: *const userops_outcome,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_json], || {
            let outcome = find(outcome, "outcome")?;
            let milestones = outcome.milestones.iter().flat_map(|table| table.columns().map(|(name, _)| name));
            out_json.write(issue_json(&json!({
                "playbook": outcome.playbook,
                "fingerprint": outcome.fingerprint,
                "as_of": outcome.as_of,
                "user_count": outcome.user_count(),
                "tags": outcome.tags.tags().iter().map(|tag| tag.name()).collect::<Vec<_>>(),
                "segments": outcome.segments.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                "scores": outcome.scores.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                "milestones": milestones.collect::<Vec<_>>(),
                "lifecycle": outcome.stages.as_ref().map(|stages| {
                    json!({ "definition": stages.definition, "derived": stages.derived })
                }),
            }))?);
            Ok(())
        })
    }
}

/// The lifecycle as it was used, thresholds derived, as a definition in JSON for the functions of lifecycles. Fails with
/// UNKNOWN_NAME where the playbook has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_lifecycle(
    outcome: *const userops_outcome,
    out_definition: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_definition], || {
            let outcome = find(outcome, "outcome")?;
            let stages = outcome.stages.as_ref().ok_or_else(|| lacks("lifecycle: the playbook declares none"))?;
            out_definition.write(issue_json(&stages.definition)?);
            Ok(())
        })
    }
}

/// A row per user of the log: the id, and a column per score, tag, stage and segment under the names `score.rfm.recency`,
/// `tag.vip`, `stage` and `segment.win_back`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_to_table(
    outcome: *const userops_outcome,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, log, out_table], || {
            let table = find(outcome, "outcome")?.to_table(find(log, "log")?.users())?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// A row per tag value, stage and segment: how many users, and their share of all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_summary(
    outcome: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_table], || {
            let table = find(outcome, "outcome")?.summary()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// The users of a segment. Fails with UNKNOWN_NAME and the nearest name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_segment(
    outcome: *const userops_outcome,
    name: *const c_char,
    name_len: usize,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, name, out_segment], || {
            let outcome = find(outcome, "outcome")?;
            out_segment.write(issue(outcome.segment(text(name, name_len, "name")?)?.clone()));
            Ok(())
        })
    }
}

/// The model of a score, as JSON. Fails with UNKNOWN_NAME and the nearest name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_score_model(
    outcome: *const userops_outcome,
    name: *const c_char,
    name_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, name, out_json], || {
            let outcome = find(outcome, "outcome")?;
            out_json.write(issue_json(&outcome.score(text(name, name_len, "name")?)?.model)?);
            Ok(())
        })
    }
}

/// The profiles that were built with the answers. Fails with UNKNOWN_NAME where they were left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_profiles(
    outcome: *const userops_outcome,
    out_profiles: *mut *mut userops_profiles,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_profiles], || {
            let profiles = find(outcome, "outcome")?.profiles.clone();
            out_profiles.write(issue(profiles.ok_or_else(|| lacks("profiles: they were left out"))?));
            Ok(())
        })
    }
}

/// When each user of the log reached each milestone: a row per user, unknown where not yet. Fails with UNKNOWN_NAME where the
/// playbook declares none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_milestones(
    outcome: *const userops_outcome,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, log, out_table], || {
            let (outcome, log) = (find(outcome, "outcome")?, find(log, "log")?);
            out_table.write(issue(milestones(&outcome)?.to_table(&log)?));
            Ok(())
        })
    }
}

/// A row per milestone: how many users reached it, the shares of the one before and of the first, and the days in between.
/// Fails with UNKNOWN_NAME where the playbook declares none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_milestone_summary(
    outcome: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_table], || {
            let outcome = find(outcome, "outcome")?;
            out_table.write(issue(summary_table(&summarize_milestones(milestones(&outcome)?))?));
            Ok(())
        })
    }
}

/// What differs between two outcomes over one log, of one playbook at two instants or of two playbooks: a row per user and
/// definition, with `kind`, `name`, `user`, `before` and `after`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_compare(
    before: *const userops_outcome,
    after: *const userops_outcome,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![before, after, log, out_table], || {
            let comparison = compare(&*find(before, "before")?, &*find(after, "after")?)?;
            out_table.write(issue(comparison.to_table(find(log, "log")?.users())?));
            Ok(())
        })
    }
}

/// How many users went from which stage to which between two outcomes: a row per pair of stages. Fails with UNKNOWN_NAME where
/// one of the two has no lifecycle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_outcome_stage_transitions(
    before: *const userops_outcome,
    after: *const userops_outcome,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![before, after, out_table], || {
            let comparison = compare(&*find(before, "before")?, &*find(after, "after")?)?;
            let stages = comparison.stages.ok_or_else(|| lacks("stages in one of the two: there is no lifecycle"))?;
            out_table.write(issue(stages.to_table()?));
            Ok(())
        })
    }
}

/// Frees an outcome. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_outcome_free(outcome: *mut userops_outcome) {
    guard_value((), || handle::release(outcome));
}
