//! Playbooks: one document of all definitions.

use std::ffi::c_char;

use userops_core::playbook::{EvaluateOptions, Playbook};
use userops_core::tag::ManualTag;

use crate::boundary::{Outcome, guard, guard_value, instant, optional_json, required, text};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::calibration::calibration_of;
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::userops_log;
use crate::outcome::userops_outcome;
use crate::status::userops_status;
use crate::user::user_of;

/// A playbook: tags, segments, lifecycle, milestones and scores in one document, checked. Frozen.
#[derive(Debug)]
pub struct userops_playbook {
    _opaque: (),
}
handle!(userops_playbook => Playbook);

/// Reads a playbook from TOML, and checks it. The message of a failure begins with line and column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_from_toml(
    playbook_toml: *const c_char,
    playbook_toml_len: usize,
    out_playbook: *mut *mut userops_playbook,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook_toml, out_playbook], || {
            let playbook = Playbook::from_toml(text(playbook_toml, playbook_toml_len, "playbook_toml")?)?;
            out_playbook.write(issue(playbook));
            Ok(())
        })
    }
}

/// Reads a playbook from JSON, and checks it. The message of a failure begins with line and column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_from_json(
    playbook_json: *const c_char,
    playbook_json_len: usize,
    out_playbook: *mut *mut userops_playbook,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook_json, out_playbook], || {
            let playbook = Playbook::from_json(text(playbook_json, playbook_json_len, "playbook_json")?)?;
            out_playbook.write(issue(playbook));
            Ok(())
        })
    }
}

/// The playbook as TOML.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_to_toml(
    playbook: *const userops_playbook,
    out_toml: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_toml], || {
            out_toml.write(issue_bytes(find(playbook, "playbook")?.to_toml()?));
            Ok(())
        })
    }
}

/// The playbook as JSON.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_to_json(
    playbook: *const userops_playbook,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_json], || {
            out_json.write(issue_bytes(find(playbook, "playbook")?.to_json()?));
            Ok(())
        })
    }
}

/// The SHA-256 of all that the playbook says, in hexadecimal digits: equal for equal definitions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_fingerprint(
    playbook: *const userops_playbook,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_text], || {
            out_text.write(issue_bytes(find(playbook, "playbook")?.fingerprint()?));
            Ok(())
        })
    }
}

/// The schema of the log that the playbook is written for, as JSON, for userops_reader_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_schema(
    playbook: *const userops_playbook,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_json], || {
            out_json.write(issue_json(&find(playbook, "playbook")?.schema)?);
            Ok(())
        })
    }
}

/// The JSON Schema of playbooks, for editors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_json_schema(
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![out_json], || {
            out_json.write(issue_json(&Playbook::json_schema())?);
            Ok(())
        })
    }
}

/// # Safety
/// As [`optional_json`].
unsafe fn options(manual_tags: *const c_char, len: usize, without_profiles: bool) -> Outcome<EvaluateOptions> {
    // SAFETY: the caller of this function keeps what that one asks for.
    let manual_tags: Vec<ManualTag> = unsafe { optional_json(manual_tags, len, "manual_tags") }?;
    let options = EvaluateOptions::new().manual_tags(manual_tags);
    Ok(if without_profiles { options.without_profiles() } else { options })
}

/// Answers everything that the playbook asks, for every user of the log, as of an instant. `manual_tags` is a JSON array of
/// the acts by which people put tags on or took them off, and may be NULL. Profiles are built too unless `without_profiles`
/// is other than 0.
///
/// `calibration` is what was taken from a population before, as userops_calibration_fit() writes it, to be used in place of
/// fitting it on this log, and may be NULL: answers at two instants, or of two parts of the users, are comparable where they have
/// one calibration. Fails with INVALID_ARGUMENT where it is of another playbook.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_evaluate(
    playbook: *const userops_playbook,
    log: *const userops_log,
    as_of_micros: i64,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    calibration: *const c_char,
    calibration_len: usize,
    without_profiles: u8,
    out_outcome: *mut *mut userops_outcome,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, log, out_outcome], || {
            let (playbook, log) = (find(playbook, "playbook")?, find(log, "log")?);
            let mut options = options(manual_tags, manual_tags_len, without_profiles != 0)?;
            options.calibration = calibration_of(calibration, calibration_len)?;
            let outcome = playbook.evaluate(&log, instant(as_of_micros, "as_of_micros")?, &options)?;
            out_outcome.write(issue(outcome));
            Ok(())
        })
    }
}

/// Everything that an outcome of this playbook over this log says of one user, with why, as an explanation in JSON; see
/// userops_explanation_render(). `manual_tags` as the outcome was given them, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_explain(
    playbook: *const userops_playbook,
    log: *const userops_log,
    outcome: *const userops_outcome,
    user: u32,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, log, outcome, out_explanation], || {
            let (playbook, log) = (find(playbook, "playbook")?, find(log, "log")?);
            let outcome = find(outcome, "outcome")?;
            let options = options(manual_tags, manual_tags_len, false)?;
            let explanation = playbook.explain(&log, &outcome, user_of(&log, user)?, &options)?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// Why one user moved between two outcomes over one log: what differs, with the explanation before and after. `after` may be
/// an outcome of the same playbook at another instant, or of `other`, a what-if. `manual_tags` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_playbook_explain_move(
    playbook: *const userops_playbook,
    log: *const userops_log,
    before: *const userops_outcome,
    other: *const userops_playbook,
    after: *const userops_outcome,
    user: u32,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, log, before, other, after, out_explanation], || {
            let (playbook, log) = (find(playbook, "playbook")?, find(log, "log")?);
            let (before, other) = (find(before, "before")?, find(other, "other")?);
            let after = find(after, "after")?;
            let options = options(manual_tags, manual_tags_len, false)?;
            let user = user_of(&log, user)?;
            let explanation = playbook.explain_move(&log, &before, (&other, &after), user, &options)?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// Frees a playbook. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_playbook_free(playbook: *mut userops_playbook) {
    guard_value((), || handle::release(playbook));
}
