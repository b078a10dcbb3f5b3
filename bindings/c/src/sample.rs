//! Invented logs for tutorials and tests.

use std::ffi::c_char;

use userops_core::sample::{self, SampleKind};

use crate::boundary::{guard, optional_json, required, text};
use crate::error::userops_error;
use crate::handle::issue;
use crate::log::userops_log;
use crate::status::userops_status;

/// An invented log, the same on every machine. `kind` is "community" or "content_app"; `options` is a JSON object with `seed`,
/// `users`, `days`, `start` and `zone`, in which everything may be left out, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_sample(
    kind: *const c_char,
    kind_len: usize,
    options: *const c_char,
    options_len: usize,
    out_log: *mut *mut userops_log,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![kind, out_log], || {
            let kind: SampleKind = text(kind, kind_len, "kind")?.parse()?;
            let options = optional_json(options, options_len, "options")?;
            out_log.write(issue(sample::log(kind, options)?));
            Ok(())
        })
    }
}
