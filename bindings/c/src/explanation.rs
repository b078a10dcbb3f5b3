//! Explanations as text for people.

use std::ffi::c_char;

use userops_core::explanation::Explanation;

use crate::boundary::{guard, json, required};
use crate::bytes::{issue_bytes, userops_bytes};
use crate::error::userops_error;
use crate::status::userops_status;

/// An explanation, as the library hands it out in JSON, as text: a line per part, parts indented by two spaces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_explanation_render(
    explanation: *const c_char,
    explanation_len: usize,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![explanation, out_text], || {
            let explanation: Explanation = json(explanation, explanation_len, "explanation")?;
            out_text.write(issue_bytes(explanation.render()));
            Ok(())
        })
    }
}
