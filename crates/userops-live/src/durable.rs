//! A durable engine: what it has acknowledged it knows for ever, and knows again after a crash.

mod follow;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::id::UserId;
use userops::live::{Change, Difference, Engine};
use userops::log::EventLog;
use userops::tag::ManualTag;
use userops::time::Timestamp;
use userops::value::Value;

use crate::snapshot::{read_snapshot, write_snapshot};
use crate::store::{Arrival, ChangeId, Entry, Store, StoreOptions};

/// Entries after which a snapshot is taken: few enough to be worked off again in seconds.
const SNAPSHOT_ENTRIES: u64 = 1_000_000;
/// Changes that are journaled at a time while entries are worked off again.
const REPLAYED_CHANGES: usize = 65_536;

/// How a durable engine works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableOptions {
    /// How the folder is opened. The fingerprint is set by the engine: that of its playbook.
    pub store: StoreOptions,
    /// After so many entries a snapshot is taken by itself; 0 for never.
    pub snapshot_entries: u64,
    /// Whether changes are kept for subscribers. Without it, they are handed to the caller alone.
    pub journal: bool,
}

impl Default for DurableOptions {
    /// Every page checked when it is opened, a snapshot each million entries, changes kept.
    fn default() -> Self {
        Self { store: StoreOptions::default(), snapshot_entries: SNAPSHOT_ENTRIES, journal: true }
    }
}

/// A change and which one it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberedChange {
    /// Which one: the same whenever it is handed out, also after a crash.
    pub id: ChangeId,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

/// What became of one entry.
#[derive(Debug)]
pub enum Fate {
    /// It is on disk and counts.
    Taken {
        /// Its number.
        sequence: u64,
    },
    /// An event with its id was there before: nothing is done.
    Duplicate {
        /// The number of the first one.
        sequence: u64,
        /// Whether user, time, name or amount differ from the first one's.
        is_conflicting: bool,
    },
    /// It is not taken, and nothing of it is kept; the error says why.
    Refused(Error),
}

/// What a batch led to.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of each entry, in order.
    pub fates: Vec<Fate>,
    /// The changes, in order.
    pub changes: Vec<NumberedChange>,
}

/// An [`Engine`] on top of a [`Store`]: entries are on disk before they count, and before the changes that they bring about are told.
///
/// A batch is one flush to disk, whatever its size: who wants speed hands over many at a time, as [`Service`](crate::Service)
/// does for many callers. Changes need no flush of their own: after a crash the engine is that of the last snapshot, and works off what
/// came after it again; as that makes the same changes with the same ids, subscribers miss none.
#[derive(Debug)]
pub struct DurableEngine {
    engine: Engine,
    store: Store,
    options: DurableOptions,
    /// The last entry that the engine knows.
    applied: u64,
    /// The last entry of the newest snapshot.
    snapshot: u64,
}

impl DurableEngine {
    /// Opens the engine that is kept in a folder, or puts a new one into an empty folder.
    ///
    /// `make` gives the engine to begin with: without users, of the playbook, calibration and options that are wanted. A folder that was made for
    /// another playbook is refused: open it by [`DurableEngine::reopen`], and [replace](DurableEngine::replace) its engine. The calibration and the options that
    /// the folder was begun with go on until then, whatever those of `make` are.
    ///
    /// # Errors
    /// Those of `make` and of [`Store::open`]; `InvalidDefinition` for a folder of another playbook; `InvalidFormat` where an entry
    /// cannot be read.
    pub fn open(
        folder: impl AsRef<Path>,
        options: DurableOptions,
        make: impl FnOnce() -> Result<Engine>,
    ) -> Result<Self> {
        let mut store = Store::open(folder, &options.store)?;
        let made = make()?;
        let fingerprint = made.plan().playbook().fingerprint()?;
        if store.fingerprint().is_empty() && store.is_empty() {
            store.set_fingerprint(&fingerprint)?;
            store.put_snapshot(0, &write_snapshot(&made)?)?;
        } else if store.fingerprint() != fingerprint {
            let message = format!(
                "the folder was made for a playbook with the fingerprint {:?}, and this one has {fingerprint:?}: reopen the folder \
                 as it is, and replace its engine by one of this playbook",
                store.fingerprint()
            );
            return Err(Error::new(ErrorKind::InvalidDefinition, message).at(store.folder().display()));
        }
        // Without a snapshot that can be read, everything is worked off again.
        let (applied, engine) = kept_engine(&store)?.unwrap_or((0, made));
        Self::with_store(store, engine, options, applied)
    }

    /// Opens the engine that is kept in a folder, whatever its playbook.
    ///
    /// # Errors
    /// Those of [`Store::open`]; `InvalidFormat` where there is no snapshot that can be read: then [`DurableEngine::open`] with its playbook.
    pub fn reopen(folder: impl AsRef<Path>, options: DurableOptions) -> Result<Self> {
        let store = Store::open(folder, &options.store)?;
        let Some((applied, engine)) = kept_engine(&store)? else {
            let message =
                "there is no snapshot that can be read: open the folder with the playbook that it was made for";
            return Err(Error::new(ErrorKind::InvalidFormat, message).at(store.folder().display()));
        };
        Self::with_store(store, engine, options, applied)
    }

    /// Opens the engine of a folder, and where it is of another playbook, calibration or options than that of `make`, [replaces](DurableEngine::replace) it by that.
    /// The changes are those of the replacement.
    ///
    /// # Errors
    /// As [`DurableEngine::open`] and [`DurableEngine::replace`].
    pub fn open_version(
        folder: impl AsRef<Path>,
        options: DurableOptions,
        make: impl FnOnce() -> Result<Engine>,
    ) -> Result<(Self, Vec<Change>)> {
        let made = make()?;
        match Self::reopen(&folder, options.clone()) {
            Ok(kept) if kept.engine.plan() == made.plan() => Ok((kept, Vec::new())),
            Ok(mut kept) => {
                let changes = kept.replace(made)?;
                Ok((kept, changes))
            }
            // Nothing is kept yet, or nothing that can be read.
            Err(error) if error.kind() == ErrorKind::InvalidFormat => {
                Ok((Self::open(folder, options, || Ok(made))?, Vec::new()))
            }
            Err(error) => Err(error),
        }
    }

    fn with_store(store: Store, engine: Engine, options: DurableOptions, applied: u64) -> Result<Self> {
        let mut durable = Self { engine, store, options, applied, snapshot: applied };
        durable.catch_up()?;
        Ok(durable)
    }

    /// The engine, to be asked.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store, to be asked.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Takes entries in: those that the engine refuses are left out, the others are on disk when this returns, all of them or, where it
    /// fails, none.
    ///
    /// # Errors
    /// As [`Store::append`]; then nothing counts. As [`Store::put_changes`], where the entries are on disk and count, but their changes could
    /// not be kept: nothing more is taken then, and whoever opens the folder again finds them. `LimitExceeded` where a sum of a user's does
    /// not fit 64 bits: all entries count then.
    pub fn apply(&mut self, entries: &[Entry]) -> Result<Applied> {
        let mut fates: Vec<Option<Fate>> = Vec::with_capacity(entries.len());
        let mut taken: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut clock = self.engine.as_of();
        for entry in entries {
            let checked = check_type(entry, taken.iter().find_map(user_of)).and_then(|()| self.check(entry, clock));
            match checked {
                Ok(at) => {
                    clock = clock.max(at);
                    taken.push(entry.clone());
                    fates.push(None);
                }
                Err(error) => fates.push(Some(Fate::Refused(error))),
            }
        }
        let appended = self.store.append(&taken)?;
        let mut applied = Applied { fates: Vec::with_capacity(entries.len()), changes: Vec::new() };
        let mut failed = None;
        let mut arrivals = appended.arrivals.iter().zip(&taken);
        for fate in fates {
            applied.fates.push(match (fate, arrivals.by_ref()) {
                (Some(refused), _) => refused,
                (None, arrivals) => match arrivals.next() {
                    Some((Arrival::New { sequence }, entry)) => {
                        self.applied = *sequence;
                        let worked = work_off(&mut self.engine, *sequence, entry, &mut applied.changes);
                        failed = failed.or(worked.err());
                        Fate::Taken { sequence: *sequence }
                    }
                    Some((Arrival::Duplicate { sequence, is_conflicting }, _)) => {
                        Fate::Duplicate { sequence: *sequence, is_conflicting: *is_conflicting }
                    }
                    None => Fate::Refused(Error::new(ErrorKind::Io, "the store lost count of the batch")),
                },
            });
        }
        self.journal(&applied.changes)?;
        let due = self.options.snapshot_entries;
        if due > 0 && self.applied - self.snapshot >= due {
            self.snapshot()?;
        }
        failed.map_or(Ok(applied), Err)
    }

    /// Takes one event in; see [`DurableEngine::apply`].
    ///
    /// # Errors
    /// As [`DurableEngine::apply`], and the reason for which the event was refused.
    pub fn observe(&mut self, event: Event) -> Result<Applied> {
        self.apply_one(&Entry::Event(event))
    }

    /// Moves the clock on.
    ///
    /// # Errors
    /// As [`Engine::advance_to`] and [`DurableEngine::apply`].
    pub fn advance_to(&mut self, instant: Timestamp) -> Result<Applied> {
        self.apply_one(&Entry::Advance(instant))
    }

    /// Learns attributes of a user.
    ///
    /// # Errors
    /// As [`Engine::set_attributes`] and [`DurableEngine::apply`].
    pub fn set_attributes(&mut self, user: UserId, attributes: BTreeMap<String, Value>) -> Result<Applied> {
        self.apply_one(&Entry::Attributes { user, attributes })
    }

    /// Puts a tag on a user, or takes it off, by hand.
    ///
    /// # Errors
    /// As [`Engine::tag_by_hand`] and [`DurableEngine::apply`].
    pub fn tag_by_hand(&mut self, act: ManualTag) -> Result<Applied> {
        self.apply_one(&Entry::ManualTag(act))
    }

    fn apply_one(&mut self, entry: &Entry) -> Result<Applied> {
        let mut applied = self.apply(std::slice::from_ref(entry))?;
        match applied.fates.pop() {
            Some(Fate::Refused(error)) => Err(error),
            fate => Ok(Applied { fates: fate.into_iter().collect(), ..applied }),
        }
    }

    /// Refuses what the engine would not take when its clock is at `clock`; otherwise says to when the entry moves it.
    fn check(&mut self, entry: &Entry, clock: Option<Timestamp>) -> Result<Option<Timestamp>> {
        let needs_clock = |what: &str| match clock {
            Some(_) => Ok(()),
            None => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{what} come before the engine knows the time: advance it first"),
            )),
        };
        match entry {
            Entry::Event(event) => self.engine.check_at(event, clock).map(|()| Some(event.time)),
            Entry::Advance(instant) => self.engine.check_advance(*instant, clock).map(|()| Some(*instant)),
            Entry::Attributes { user, attributes } => {
                needs_clock("attributes")?;
                self.engine.check_attributes(user, attributes).map(|()| clock)
            }
            Entry::ManualTag(act) => {
                needs_clock("tags by hand")?;
                self.engine.check_tag(act).map(|()| clock)
            }
        }
    }

    /// Works off the entries that came after the snapshot.
    fn catch_up(&mut self) -> Result<()> {
        let mut changes = Vec::new();
        while self.applied < self.store.last_sequence() {
            for entry in self.store.entries_from(self.applied + 1) {
                let (sequence, entry) = entry?;
                self.applied = sequence;
                // What could not be worked out then cannot be now; the entry counts all the same.
                let _ = work_off(&mut self.engine, sequence, &entry, &mut changes);
                if changes.len() >= REPLAYED_CHANGES {
                    break;
                }
            }
            self.journal(&changes)?;
            changes.clear();
        }
        Ok(())
    }

    /// Keeps the state as it is, so that a restart need not work off what came before.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn snapshot(&mut self) -> Result<()> {
        self.store.put_snapshot(self.applied, &write_snapshot(&self.engine)?)?;
        self.snapshot = self.applied;
        Ok(())
    }

    /// All events and attributes so far as a log.
    ///
    /// # Errors
    /// As [`Store::to_event_log`].
    pub fn to_event_log(&self) -> Result<EventLog> {
        Ok(self.store.to_event_log(self.engine.plan().playbook().schema.clone())?.0)
    }

    /// The users for whom a batch evaluation over the log differs from the engine: none.
    ///
    /// # Errors
    /// As [`Engine::verify`] and [`Store::to_event_log`].
    pub fn verify(&self) -> Result<Vec<Difference>> {
        self.engine.verify(&self.to_event_log()?)
    }

    /// Puts another version of the playbook in the place of this one: `next`, an engine without users, is fed with all that was
    /// told so far, compared with this one, and takes over. Where it fails this one goes on.
    ///
    /// The changes are those from what was answered to what is answered now, at the engine's instant; they are not journaled, because no
    /// entry brought them about.
    ///
    /// # Errors
    /// `InvalidArgument` for an engine with users; the first error with which `next` refuses an entry; those of reading and writing
    /// the store.
    pub fn replace(&mut self, next: Engine) -> Result<Vec<Change>> {
        self.replace_with_progress(next, |_| ControlFlow::Continue(()))
    }

    /// As [`DurableEngine::replace`], which takes as long as all entries take: before each of them `progress` hears its number, and says
    /// whether to go on.
    ///
    /// # Errors
    /// As [`DurableEngine::replace`]; `Cancelled` where `progress` breaks: then this engine goes on.
    pub fn replace_with_progress(
        &mut self,
        next: Engine,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<Change>> {
        if next.user_count() > 0 || next.as_of().is_some() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the next engine has seen something already: give a new one",
            ));
        }
        let mut next = next;
        let mut changes = Vec::new();
        for entry in self.store.entries_from(1) {
            let (sequence, entry) = entry?;
            if progress(sequence).is_break() {
                let message = format!("stopped before entry {sequence}: the engine is the one that it was");
                return Err(Error::new(ErrorKind::Cancelled, message));
            }
            work_off(&mut next, sequence, &entry, &mut changes)
                .map_err(|error| error.at(format!("entry {sequence}")))?;
            changes.clear();
        }
        let told = self.engine.changes_to(&next);
        let bytes = write_snapshot(&next)?;
        self.store.set_fingerprint(next.plan().playbook().fingerprint()?)?;
        self.engine = next;
        self.store.put_snapshot(self.applied, &bytes)?;
        self.snapshot = self.applied;
        Ok(told)
    }
}

/// Whom an entry is about.
fn user_of(entry: &Entry) -> Option<&UserId> {
    match entry {
        Entry::Event(event) => Some(&event.user),
        Entry::Attributes { user, .. } => Some(user),
        Entry::ManualTag(act) => Some(&act.user),
        Entry::Advance(_) => None,
    }
}

/// Refuses a user of another type than the first of the batch: the engine knows only those of batches before.
fn check_type(entry: &Entry, first: Option<&UserId>) -> Result<()> {
    match (user_of(entry), first) {
        (Some(user), Some(first)) if std::mem::discriminant(user) != std::mem::discriminant(first) => {
            let message = format!(
                "the user {user} is of another type than those before, such as {first}: ids are all integers or all texts"
            );
            Err(Error::new(ErrorKind::TypeMismatch, message))
        }
        _ => Ok(()),
    }
}

/// The engine of the newest snapshot that can be read, and the last entry that it knows.
fn kept_engine(store: &Store) -> Result<Option<(u64, Engine)>> {
    Ok(store.snapshot()?.and_then(|kept| Some((kept.sequence, read_snapshot(&kept.bytes).ok()?))))
}

/// Tells an engine an entry.
fn work_off(engine: &mut Engine, sequence: u64, entry: &Entry, out: &mut Vec<NumberedChange>) -> Result<()> {
    let mut changes = Vec::new();
    let worked = match entry {
        Entry::Event(event) => engine.observe_into(event, &mut changes).map(drop),
        Entry::Advance(instant) => engine.advance_into(*instant, &mut changes),
        Entry::Attributes { user, attributes } => engine.set_attributes(user, attributes).map(|found| changes = found),
        Entry::ManualTag(act) => engine.tag_by_hand(act).map(|found| changes = found),
    };
    let numbered = (0u32..).zip(changes);
    out.extend(numbered.map(|(index, change)| NumberedChange { id: ChangeId::new(sequence, index), change }));
    worked
}
