//! What a playbook takes from a population, kept as JSON.

use std::ffi::c_char;

use userops_core::playbook::{Calibration, EvaluateOptions};
use userops_core::tag::ManualTag;

use crate::boundary::{Outcome, guard, instant, optional_json, optional_text, required, text};
use crate::bytes::{issue_bytes, userops_bytes};
use crate::error::userops_error;
use crate::handle::find;
use crate::log::userops_log;
use crate::outcome::userops_outcome;
use crate::playbook::userops_playbook;
use crate::status::userops_status;

/// A calibration of the caller, or none where it is NULL.
///
/// # Safety
/// As [`optional_text`].
pub(crate) unsafe fn calibration_of(data: *const c_char, len: usize) -> Outcome<Option<Calibration>> {
    // SAFETY: the caller of this function keeps what that one asks for.
    let text = unsafe { optional_text(data, len, "calibration") }?;
    Ok(text.map(Calibration::from_json).transpose()?)
}

/// Takes from the users of a log, as of an instant, what the playbook takes from a population: the cuts of RFM scores and
/// derived thresholds, as JSON for userops_playbook_evaluate(), in this or any other process, and in any language.
/// `manual_tags` as there, and may be NULL; it matters where a score asks for such a tag.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calibration_fit(
    playbook: *const userops_playbook,
    log: *const userops_log,
    as_of_micros: i64,
    manual_tags: *const c_char,
    manual_tags_len: usize,
    out_calibration: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, log, out_calibration], || {
            let (playbook, log) = (find(playbook, "playbook")?, find(log, "log")?);
            let manual_tags: Vec<ManualTag> = optional_json(manual_tags, manual_tags_len, "manual_tags")?;
            let options = EvaluateOptions::new().manual_tags(manual_tags);
            let calibration = playbook.calibrate(&log, instant(as_of_micros, "as_of_micros")?, &options)?;
            out_calibration.write(issue_bytes(calibration.to_json()?));
            Ok(())
        })
    }
}

/// The calibration of a playbook that takes nothing from a population, as JSON. Fails with INVALID_DEFINITION where a
/// definition is fitted, and names each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calibration_own(
    playbook: *const userops_playbook,
    out_calibration: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_calibration], || {
            let calibration = find(playbook, "playbook")?.own_calibration()?;
            out_calibration.write(issue_bytes(calibration.to_json()?));
            Ok(())
        })
    }
}

/// What an outcome rests on, as JSON: fitted on its own users, or the calibration that it was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calibration_of_outcome(
    outcome: *const userops_outcome,
    out_calibration: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![outcome, out_calibration], || {
            out_calibration.write(issue_bytes(find(outcome, "outcome")?.calibration().to_json()?));
            Ok(())
        })
    }
}

/// Whether a calibration is of this playbook. Fails with INVALID_ARGUMENT where it is of another one, by its fingerprint, and
/// with INVALID_DEFINITION or TYPE_MISMATCH where its parts are not those of the playbook.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calibration_check(
    playbook: *const userops_playbook,
    calibration: *const c_char,
    calibration_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, calibration], || {
            let calibration = Calibration::from_json(text(calibration, calibration_len, "calibration")?)?;
            find(playbook, "playbook")?.check_calibration(&calibration)?;
            Ok(())
        })
    }
}
