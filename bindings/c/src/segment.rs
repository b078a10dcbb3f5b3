//! Segments: sets of users, their algebra, and their bytes.

use std::ffi::c_char;
use std::sync::Arc;

use userops_core::id::{UserId, UserIx};
use userops_core::segment::{OverlapMatrix, Segment, diff_segments};
use userops_core::table::{Table, user_column};

use crate::boundary::{Outcome, bytes, guard, guard_value, items, json, required};
use crate::bytes::{issue_bytes, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// A set of users of one log, out of all of them. Frozen, and meaningful only beside its log.
#[derive(Debug)]
pub struct userops_segment {
    _opaque: (),
}
handle!(userops_segment => Segment);

/// Reads a segment from the bytes of a Roaring bitmap in its portable format, out of `user_count` users. Everything is
/// checked; fails with INVALID_FORMAT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_from_bytes(
    data: *const u8,
    data_len: usize,
    user_count: usize,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![data, out_segment], || {
            out_segment.write(issue(Segment::from_bytes(bytes(data, data_len, "data")?, user_count)?));
            Ok(())
        })
    }
}

/// The segment as a Roaring bitmap in its portable format, which its libraries in other languages read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_to_bytes(
    segment: *const userops_segment,
    out_bytes: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, out_bytes], || {
            out_bytes.write(issue_bytes(find(segment, "segment")?.to_bytes()));
            Ok(())
        })
    }
}

/// The users of these ids, a JSON array of integers or texts. Fails with UNKNOWN_NAME and the ids that the log does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_of_ids(
    log: *const userops_log,
    ids: *const c_char,
    ids_len: usize,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, ids, out_segment], || {
            let log = find(log, "log")?;
            let ids: Vec<UserId> = json(ids, ids_len, "ids")?;
            out_segment.write(issue(Segment::of_ids(log.users(), &ids)?));
            Ok(())
        })
    }
}

/// The users of these numbers, out of `user_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_of_users(
    users: *const u32,
    users_len: usize,
    user_count: usize,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![users, out_segment], || {
            let users = items(users, users_len, "users")?;
            out_segment.write(issue(Segment::of_users(user_count, users.iter().copied().map(UserIx))?));
            Ok(())
        })
    }
}

/// How many users are in the segment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_len(
    segment: *const userops_segment,
    out_len: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, out_len], || {
            out_len.write(find(segment, "segment")?.len());
            Ok(())
        })
    }
}

/// How many users there are, in the segment and outside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_user_count(
    segment: *const userops_segment,
    out_count: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, out_count], || {
            out_count.write(find(segment, "segment")?.user_count());
            Ok(())
        })
    }
}

/// Whether a user is in the segment: 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_contains(
    segment: *const userops_segment,
    user: u32,
    out_contains: *mut u8,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, out_contains], || {
            out_contains.write(u8::from(find(segment, "segment")?.contains(UserIx(user))));
            Ok(())
        })
    }
}

/// The members' ids as a table with the column `user`, in the order of their numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_users(
    segment: *const userops_segment,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, log, out_table], || {
            let (segment, log) = (find(segment, "segment")?, find(log, "log")?);
            Segment::nobody(log.user_count()).check_same_universe(&segment)?;
            out_table.write(issue(Table::new(segment.len()).with("user", user_column(log.users(), segment.iter()))?));
            Ok(())
        })
    }
}

/// Joins two segments of one log.
fn join(
    segment: *const userops_segment,
    other: *const userops_segment,
    join: impl FnOnce(&Segment, &Segment) -> Segment,
) -> Outcome<*mut userops_segment> {
    let (segment, other) = (find(segment, "segment")?, find(other, "other")?);
    segment.check_same_universe(&other)?;
    Ok(issue(join(&segment, &other)))
}

/// Who is in both segments. They are of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_and(
    segment: *const userops_segment,
    other: *const userops_segment,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, other, out_segment], || {
            out_segment.write(join(segment, other, |a, b| a & b)?);
            Ok(())
        })
    }
}

/// Who is in one of the two segments, or in both. They are of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_or(
    segment: *const userops_segment,
    other: *const userops_segment,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, other, out_segment], || {
            out_segment.write(join(segment, other, |a, b| a | b)?);
            Ok(())
        })
    }
}

/// Who is in the first segment and not in the other. They are of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_without(
    segment: *const userops_segment,
    other: *const userops_segment,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, other, out_segment], || {
            out_segment.write(join(segment, other, |a, b| a - b)?);
            Ok(())
        })
    }
}

/// Who is in one of the two segments and not in both. They are of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_xor(
    segment: *const userops_segment,
    other: *const userops_segment,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, other, out_segment], || {
            out_segment.write(join(segment, other, |a, b| a ^ b)?);
            Ok(())
        })
    }
}

/// Who is not in the segment, out of all users of the log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_not(
    segment: *const userops_segment,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segment, out_segment], || {
            out_segment.write(issue(!&*find(segment, "segment")?));
            Ok(())
        })
    }
}

/// # Safety
/// As [`items`].
unsafe fn find_all(segments: *const *const userops_segment, len: usize) -> Outcome<Vec<Arc<Segment>>> {
    // SAFETY: the caller of this function keeps what that one asks for.
    let handles = unsafe { items(segments, len, "segments") }?;
    handles.iter().zip(0..).map(|(handle, index)| find(*handle, &format!("segments[{index}]"))).collect()
}

/// Who is in at least `count` of the segments. They are of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_at_least(
    count: usize,
    segments: *const *const userops_segment,
    segments_len: usize,
    out_segment: *mut *mut userops_segment,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![segments, out_segment], || {
            let segments = find_all(segments, segments_len)?;
            let segments: Vec<&Segment> = segments.iter().map(|segment| &**segment).collect();
            out_segment.write(issue(Segment::at_least(count, &segments)?));
            Ok(())
        })
    }
}

/// How many users each two segments share, as a table. `names` is a JSON array with a name for each of the segments, which are
/// of one log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_overlap(
    names: *const c_char,
    names_len: usize,
    segments: *const *const userops_segment,
    segments_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![names, segments, out_table], || {
            let names: Vec<String> = json(names, names_len, "names")?;
            let segments = find_all(segments, segments_len)?;
            if names.len() != segments.len() {
                let message = format!("{} names do not go with {} segments", names.len(), segments.len());
                let invalid = userops_status::USEROPS_STATUS_INVALID_ARGUMENT;
                return Err(crate::boundary::Failure::new(invalid, message));
            }
            let named = names.iter().map(String::as_str).zip(segments.iter().map(|segment| &**segment));
            out_table.write(issue(OverlapMatrix::new(named)?.to_table()?));
            Ok(())
        })
    }
}

/// Who entered and who left between two states of a segment over one log: a table with the columns `user` and `movement`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_segment_movements(
    before: *const userops_segment,
    after: *const userops_segment,
    log: *const userops_log,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![before, after, log, out_table], || {
            let (before, after) = (find(before, "before")?, find(after, "after")?);
            let log = find(log, "log")?;
            Segment::nobody(log.user_count()).check_same_universe(&after)?;
            out_table.write(issue(diff_segments(&before, &after)?.to_table(log.users())?));
            Ok(())
        })
    }
}

/// Frees a segment. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_segment_free(segment: *mut userops_segment) {
    guard_value((), || handle::release(segment));
}
