//! Live engines: a playbook answered event by event, in memory or kept in a folder.

use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard};

use ::userops_live::store::{ChangeId, Entry};
use ::userops_live::{Applied, DurableEngine, DurableOptions, Fate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as object};
use userops_core::error::Result;
use userops_core::id::UserId;
use userops_core::live::{Arrival, Change, Engine, LiveOptions};
use userops_core::time::Span;

use crate::boundary::{
    Failure, Outcome, guard, guard_value, instant, json, optional_json, optional_text, required, text,
};
use crate::bytes::{issue_json, userops_bytes};
use crate::calibration::calibration_of;
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::userops_log;
use crate::playbook::userops_playbook;
use crate::status::userops_status::{self, USEROPS_STATUS_INVALID_ARGUMENT, USEROPS_STATUS_PANIC};
use crate::table::userops_table;

/// A playbook that is answered event by event, in memory or kept in a folder. Calls on one are worked off one after the other.
#[derive(Debug)]
pub struct userops_live {
    _opaque: (),
}
handle!(userops_live => Mutex<Live>);

/// Where an engine is kept.
pub(crate) enum Live {
    Memory(Box<Engine>),
    Folder(Box<DurableEngine>),
}

/// How an engine is opened.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OpenOptions {
    lateness: Option<Span>,
    ahead_max: Option<Span>,
    snapshot_entries: Option<u64>,
    journal: Option<bool>,
    verify_pages: Option<bool>,
}

/// What entries led to.
#[derive(Debug, Serialize)]
struct Applying<C> {
    fates: Vec<Value>,
    changes: Vec<C>,
}

impl Live {
    fn engine(&self) -> &Engine {
        match self {
            Self::Memory(engine) => engine,
            Self::Folder(durable) => durable.engine(),
        }
    }

    fn durable(&mut self) -> Outcome<&mut DurableEngine> {
        match self {
            Self::Folder(durable) => Ok(durable),
            Self::Memory(_) => Err(Failure::new(
                USEROPS_STATUS_INVALID_ARGUMENT,
                "the engine is in memory: open one in a folder, which keeps snapshots and subscribers",
            )),
        }
    }

    fn apply(&mut self, entries: &[Entry]) -> Outcome<*mut userops_bytes> {
        match self {
            Self::Folder(durable) => {
                let Applied { fates, changes } = durable.apply(entries)?;
                issue_json(&Applying { fates: fates.into_iter().map(write_fate).collect(), changes })
            }
            Self::Memory(engine) => {
                let mut changes = Vec::new();
                let fates = entries.iter().map(|entry| match tell(engine, entry, &mut changes) {
                    Ok(Some(Arrival::Duplicate)) => object!({"fate": "duplicate"}),
                    Ok(_) => object!({"fate": "taken"}),
                    Err(error) => write_fate(Fate::Refused(error)),
                });
                issue_json(&Applying { fates: fates.collect(), changes })
            }
        }
    }
}

/// Tells an engine in memory an entry.
fn tell(engine: &mut Engine, entry: &Entry, changes: &mut Vec<Change>) -> Result<Option<Arrival>> {
    match entry {
        Entry::Event(event) => engine.observe_into(event, changes).map(Some),
        Entry::Advance(to) => engine.advance_into(*to, changes).map(|()| None),
        Entry::Attributes { user, attributes } => {
            changes.extend(engine.set_attributes(user, attributes)?);
            Ok(None)
        }
        Entry::ManualTag(act) => {
            changes.extend(engine.tag_by_hand(act)?);
            Ok(None)
        }
    }
}

fn write_fate(fate: Fate) -> Value {
    match fate {
        Fate::Taken { sequence } => object!({"fate": "taken", "sequence": sequence}),
        Fate::Duplicate { sequence, is_conflicting } => {
            object!({"fate": "duplicate", "sequence": sequence, "is_conflicting": is_conflicting})
        }
        Fate::Refused(error) => {
            object!({"fate": "refused", "error": error.kind().name(), "message": error.to_string()})
        }
    }
}

/// The engine, for as long as the guard lives.
fn lock(live: &Mutex<Live>) -> Outcome<MutexGuard<'_, Live>> {
    let broken = "a call before has panicked, so that the engine is not to be trusted: free it, and open it again";
    live.lock().map_err(|_| Failure::new(USEROPS_STATUS_PANIC, broken))
}

/// Opens the engine of a folder, or puts a new one into an empty folder. `folder` may be NULL, which makes
/// one in memory. `calibration` is JSON of userops_calibration_fit(), and may be NULL where the playbook takes nothing from a
/// population. `options` is a JSON object, and may be NULL: `lateness` (such as "1d", the default) and `ahead_max`, and of a folder
/// `snapshot_entries`, `journal`, `verify_pages`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_open(
    folder: *const c_char,
    folder_len: usize,
    playbook: *const userops_playbook,
    calibration: *const c_char,
    calibration_len: usize,
    options: *const c_char,
    options_len: usize,
    out_live: *mut *mut userops_live,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![playbook, out_live], || {
            let playbook = find(playbook, "playbook")?;
            let calibration = calibration_of(calibration, calibration_len)?;
            let given: OpenOptions = optional_json(options, options_len, "options")?;
            let mut live = LiveOptions { ahead_max: given.ahead_max, ..LiveOptions::default() };
            live.lateness = given.lateness.unwrap_or(live.lateness);
            let engine = match calibration {
                Some(calibration) => Engine::with_calibration(&playbook, &calibration, live)?,
                None => Engine::new(&playbook, live)?,
            };
            let live = match optional_text(folder, folder_len, "folder")? {
                None => Live::Memory(Box::new(engine)),
                Some(folder) => {
                    let mut options = DurableOptions::default();
                    options.snapshot_entries = given.snapshot_entries.unwrap_or(options.snapshot_entries);
                    options.journal = given.journal.unwrap_or(options.journal);
                    options.store.verify = given.verify_pages.unwrap_or(options.store.verify);
                    Live::Folder(Box::new(DurableEngine::open(folder, options, || Ok(engine))?))
                }
            };
            out_live.write(issue(Mutex::new(live)));
            Ok(())
        })
    }
}

/// Takes entries in, a JSON array: {"event": {"user", "time", "name", "amount", "id", "properties"}}, {"advance": instant},
/// {"attributes": {"user", "attributes"}}, {"manual_tag": …}. In a folder all of them are on disk when this returns OK. The result is
/// JSON: of each entry its `fates` (`fate` is "taken", "duplicate" or "refused", with `error` and `message`), and the `changes`
/// in order. An entry that is refused is no failure of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_apply(
    live: *const userops_live,
    entries: *const c_char,
    entries_len: usize,
    out_result: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, entries, out_result], || {
            let live = find(live, "live")?;
            let entries: Vec<Entry> = json(entries, entries_len, "entries")?;
            out_result.write(lock(&live)?.apply(&entries)?);
            Ok(())
        })
    }
}

/// Moves the clock on: the changes that time alone has made, a JSON array in order. Fails with INVALID_ARGUMENT for an instant
/// before the engine's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_advance_to(
    live: *const userops_live,
    instant_micros: i64,
    out_changes: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, out_changes], || {
            let live = find(live, "live")?;
            let to = instant(instant_micros, "instant_micros")?;
            let changes = match &mut *lock(&live)? {
                Live::Memory(engine) => issue_json(&engine.advance_to(to)?)?,
                Live::Folder(durable) => issue_json(&durable.advance_to(to)?.changes)?,
            };
            out_changes.write(changes);
            Ok(())
        })
    }
}

/// What the playbook says of a user, as JSON. `user` is its id as JSON: an integer, or a text in quotes. Fails with UNKNOWN_NAME
/// for a user of whom nothing was heard.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_state(
    live: *const userops_live,
    user: *const c_char,
    user_len: usize,
    out_state: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, user, out_state], || {
            let (live, user): (_, UserId) = (find(live, "live")?, json(user, user_len, "user")?);
            let state = lock(&live)?.engine().state(&user)?;
            out_state.write(issue_json(&state)?);
            Ok(())
        })
    }
}

/// Why the answers of a user are what they are, as JSON for userops_explanation_render(). `user` as of userops_live_state().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_explain(
    live: *const userops_live,
    user: *const c_char,
    user_len: usize,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, user, out_explanation], || {
            let (live, user): (_, UserId) = (find(live, "live")?, json(user, user_len, "user")?);
            let explanation = lock(&live)?.engine().explain(&user)?;
            out_explanation.write(issue_json(&explanation)?);
            Ok(())
        })
    }
}

/// What will change of a user up to and with an instant, if nothing happens before: a JSON array in order of time. `user` as of
/// userops_live_state().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_forecast(
    live: *const userops_live,
    user: *const c_char,
    user_len: usize,
    until_micros: i64,
    out_changes: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, user, out_changes], || {
            let (live, user): (_, UserId) = (find(live, "live")?, json(user, user_len, "user")?);
            let changes = lock(&live)?.engine().forecast(&user, instant(until_micros, "until_micros")?)?;
            out_changes.write(issue_json(&changes)?);
            Ok(())
        })
    }
}

/// The ids of the users who are in a segment, a JSON array in the order in which they first came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_membership(
    live: *const userops_live,
    name: *const c_char,
    name_len: usize,
    out_ids: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, name, out_ids], || {
            let (live, name) = (find(live, "live")?, text(name, name_len, "name")?);
            out_ids.write(issue_json(&lock(&live)?.engine().membership(name)?)?);
            Ok(())
        })
    }
}

/// A row per user in order of their ids, with the columns of userops_outcome_to_table().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_table(
    live: *const userops_live,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, out_table], || {
            let table = lock(&*find(live, "live")?)?.engine().to_table()?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Every answer that differs from a batch evaluation over a log, a JSON array: none, where the log holds what the engine was
/// told. `log` may be NULL for an engine in a folder, which has its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_verify(
    live: *const userops_live,
    log: *const userops_log,
    out_differences: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, out_differences], || {
            let live = find(live, "live")?;
            let log = if log.is_null() { None } else { Some(find(log, "log")?) };
            let mut live = lock(&live)?;
            let differences = match log {
                Some(log) => live.engine().verify(&log)?,
                None => live.durable()?.verify()?,
            };
            out_differences.write(issue_json(&differences)?);
            Ok(())
        })
    }
}

/// Keeps the state of an engine in a folder as it is, so that opening need not work off what came before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_snapshot(
    live: *const userops_live,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live], || {
            lock(&*find(live, "live")?)?.durable()?.snapshot()?;
            Ok(())
        })
    }
}

/// The cursor of a subscriber of an engine in a folder, who is new where there is none of the name: the last change that was
/// acknowledged, as the number of its entry and its place among the changes of that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_subscribe(
    live: *const userops_live,
    name: *const c_char,
    name_len: usize,
    out_sequence: *mut u64,
    out_index: *mut u32,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, name, out_sequence, out_index], || {
            let (live, name) = (find(live, "live")?, text(name, name_len, "name")?);
            let cursor = lock(&live)?.durable()?.subscribe(name)?;
            out_sequence.write(cursor.sequence);
            out_index.write(cursor.index);
            Ok(())
        })
    }
}

/// The changes after a cursor, at most `limit` of them, a JSON array in order; each has its cursor as `id`. They are handed out until
/// they are acknowledged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_changes_after(
    live: *const userops_live,
    sequence: u64,
    index: u32,
    limit: usize,
    out_changes: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, out_changes], || {
            let live = find(live, "live")?;
            let changes = lock(&live)?.durable()?.changes_after(ChangeId::new(sequence, index), limit)?;
            out_changes.write(issue_json(&changes)?);
            Ok(())
        })
    }
}

/// Moves a subscriber's cursor on: what stands up to it is dealt with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_live_acknowledge(
    live: *const userops_live,
    name: *const c_char,
    name_len: usize,
    sequence: u64,
    index: u32,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![live, name], || {
            let (live, name) = (find(live, "live")?, text(name, name_len, "name")?);
            lock(&live)?.durable()?.acknowledge(name, ChangeId::new(sequence, index))?;
            Ok(())
        })
    }
}

/// Frees an engine, and lets its folder go. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_live_free(live: *mut userops_live) {
    guard_value((), || handle::release(live));
}
