//! Handles: tickets for what the library holds, looked up at every use.
//!
//! A handle has a pointer's type, so that C tells a log from a table, but it is a number that was never given out before
//! and is no address. Whatever a caller passes is looked up, not followed: NULL, a foreign pointer, a handle of another
//! type and one that was freed are refused as such. A value lives until its handle is freed and the last call that uses it
//! has returned, so that freeing on one thread while another works is no fault in memory.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::boundary::{Failure, Outcome};
use crate::status::userops_status::{USEROPS_STATUS_INVALID_HANDLE, USEROPS_STATUS_NULL_ARGUMENT};

/// A type of handles, and what each stands for.
pub(crate) trait Handle: 'static {
    /// What a handle of the type stands for.
    type Value: Send + Sync + 'static;
    /// The type's name in C.
    const NAME: &'static str;
}

/// Says what the handles of a type stand for.
macro_rules! handle {
    ($handle:ident => $value:ty) => {
        impl crate::handle::Handle for $handle {
            type Value = $value;
            const NAME: &'static str = stringify!($handle);
        }
    };
}
pub(crate) use handle;

/// What a handle stands for.
struct Held {
    name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

/// Everything that handles stand for. Only handles are global: no call depends on what other handles there are.
static HELD: LazyLock<RwLock<HashMap<usize, Held>>> = LazyLock::new(RwLock::default);

/// Odd, so that no address of an object is one, and above the first page, whose addresses some languages take for faults.
const FIRST: usize = (1 << 16) + 1;
static NEXT: AtomicUsize = AtomicUsize::new(FIRST);

/// A new handle for a value.
pub(crate) fn issue<H: Handle>(value: H::Value) -> *mut H {
    let ticket = NEXT.fetch_add(2, Ordering::Relaxed);
    let held = Held { name: H::NAME, value: Arc::new(value) };
    HELD.write().unwrap_or_else(PoisonError::into_inner).insert(ticket, held);
    std::ptr::without_provenance_mut(ticket)
}

/// Writes a new handle for a value where the caller asks for one; NULL asks for none.
///
/// # Safety
/// `out` is NULL or has room for a handle.
pub(crate) unsafe fn issue_if_asked<H: Handle>(out: *mut *mut H, value: H::Value) {
    if !out.is_null() {
        // SAFETY: it is not NULL, so that it has room, as the caller says.
        unsafe { out.write(issue(value)) };
    }
}

/// What a handle stands for; `name` is what the argument is called.
pub(crate) fn find<H: Handle>(handle: *const H, name: &str) -> Outcome<Arc<H::Value>> {
    if handle.is_null() {
        return Err(Failure::new(USEROPS_STATUS_NULL_ARGUMENT, format!("{name} is NULL")));
    }
    let held = HELD.read().unwrap_or_else(PoisonError::into_inner);
    let refuse = |what: String| Err(Failure::new(USEROPS_STATUS_INVALID_HANDLE, format!("{name} {what}")));
    let Some(found) = held.get(&handle.addr()) else {
        return refuse(format!("is no {}: it was never made by this library, or was freed", H::NAME));
    };
    match Arc::clone(&found.value).downcast() {
        Ok(value) => Ok(value),
        Err(_) => refuse(format!("is a {}, where a {} is needed", found.name, H::NAME)),
    }
}

/// Gives a handle back. NULL and what is no such handle are left alone.
pub(crate) fn release<H: Handle>(handle: *mut H) {
    let mut held = HELD.write().unwrap_or_else(PoisonError::into_inner);
    let freed = match held.get(&handle.addr()) {
        Some(found) if found.value.is::<H::Value>() => held.remove(&handle.addr()),
        _ => None,
    };
    // A large value takes long to free, and others wait for the lock.
    drop(held);
    drop(freed);
}

/// How many handles there are.
pub(crate) fn count() -> usize {
    HELD.read().unwrap_or_else(PoisonError::into_inner).len()
}
