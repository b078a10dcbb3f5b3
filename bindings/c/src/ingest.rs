//! The account of every row that was read.

use userops_core::ingest::IngestReport;

use crate::boundary::{guard, guard_value, required};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::status::userops_status;
use crate::table::userops_table;

/// What became of each row: read = accepted + duplicate + rejected. Frozen.
#[derive(Debug)]
pub struct userops_report {
    _opaque: (),
}
handle!(userops_report => IngestReport);

/// The report as JSON: the counts `read`, `accepted`, `duplicate`, `conflicting`, `rejected`, `late`, `attributes_read`,
/// `attributes_rejected`, the `columns` in use, and every one of the `rejections` with `source`, `row`, `field`, `reason`,
/// `text` and `record`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_report_to_json(
    report: *const userops_report,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![report, out_json], || {
            out_json.write(issue_json(&*find(report, "report")?)?);
            Ok(())
        })
    }
}

/// The report in words, for people.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_report_to_text(
    report: *const userops_report,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![report, out_text], || {
            out_text.write(issue_bytes(find(report, "report")?.to_string()));
            Ok(())
        })
    }
}

/// The rejected rows as a table, with their reasons, which can be written out, mended and read again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_report_rejections(
    report: *const userops_report,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![report, out_table], || {
            let table = find(report, "report")?.rejections_table()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Frees a report. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_report_free(report: *mut userops_report) {
    guard_value((), || handle::release(report));
}
