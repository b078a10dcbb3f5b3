//! The engine and the store as one: what is answered has been kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;
use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::explanation::Explanation;
use userops::id::UserId;
use userops::live::{Change, Engine, LiveOptions};
use userops::log::EventLog;
use userops::playbook::{Calibration, EvaluateOptions, Playbook};
use userops::time::{Span, Timestamp};
use userops_live::store::{self, ChangeId, Entry, Store, StoreOptions};

/// What a back end is about, and where it keeps what it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSettings {
    /// The playbook.
    pub playbook: Playbook,
    /// What the playbook takes from a population; its own where it takes nothing.
    pub calibration: Option<Calibration>,
    /// The folder of the store.
    pub folder: PathBuf,
    /// How late an event may come.
    pub lateness: Span,
    /// How far ahead of the clock an event may be.
    pub ahead_max: Span,
}

/// A playbook's answers, kept up to date.
#[derive(Debug)]
pub struct Live {
    engine: Engine,
    store: Store,
    /// The latest instant that the entries of the store lead to.
    stored_as_of: Option<Timestamp>,
}

/// What became of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taken {
    /// A word per event: `in_order`, `late`, `duplicate`, or why it was kept and did not count.
    pub arrivals: Vec<String>,
    /// What they changed, and what time alone changed before them.
    pub changes: Vec<Numbered>,
}

/// A change with the cursor that stands for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    /// Everything up to and with this change.
    pub cursor: String,
    /// The change.
    #[serde(flatten)]
    pub change: Change,
}

impl Live {
    /// Opens the store. The engine is the one of the last snapshot, where playbook, calibration and options are still the same,
    /// and lives through the entries since then; else through all of them.
    ///
    /// # Errors
    /// As [`Store::open`] and [`Engine::with_calibration`].
    pub fn open(settings: LiveSettings) -> Result<Self> {
        let LiveSettings { playbook, calibration, folder, lateness, ahead_max } = settings;
        let options = LiveOptions { lateness, ahead_max: Some(ahead_max) };
        let calibration = calibration.map_or_else(|| playbook.own_calibration(), Ok)?;
        let store = Store::open(folder, &StoreOptions::default().fingerprint(playbook.fingerprint()?))?;
        let fresh = Engine::with_calibration(&playbook, &calibration, options)?;
        let kept = store.snapshot()?.and_then(|snapshot| {
            // One that cannot be read holds nothing that the entries do not say.
            let engine: Engine = postcard::from_bytes(&snapshot.bytes).ok()?;
            let (plan, now) = (engine.plan(), fresh.plan());
            let is_same = plan.calibration() == now.calibration() && plan.options() == now.options();
            is_same.then_some((engine, snapshot.sequence))
        });
        let (engine, sequence) = kept.unwrap_or((fresh, 0));
        let mut live = Self { engine, store, stored_as_of: None };
        live.replay(sequence + 1)?;
        Ok(live)
    }

    /// Lives through the entries from this one on. Their changes get the numbers that they had, so that of a batch that a crash came
    /// after they are journalled now, and all others are known to be there.
    fn replay(&mut self, first: u64) -> Result<()> {
        let mut journal = Vec::new();
        for entry in self.store.entries_from(first) {
            let (sequence, entry) = entry?;
            let mut changes = Vec::new();
            // What the engine did not take when it came it does not take now.
            let _ = apply(&mut self.engine, &entry, &mut changes);
            journal.extend(number(sequence, &changes)?.into_iter().map(|(_, change)| change));
        }
        self.stored_as_of = self.engine.as_of();
        self.store.put_changes(&journal).map(drop)
    }

    /// Takes events in: all of them, or none where the engine refuses one. When this returns they are on disk.
    ///
    /// # Errors
    /// As [`Engine::check`], with the number of the event, and [`Store::append`].
    pub fn take(&mut self, events: Vec<Event>) -> Result<Taken> {
        for (index, event) in events.iter().enumerate() {
            self.engine.check(event).map_err(|error| error.at(format!("event {}", index + 1)))?;
        }
        // The clock as it was when the events came, so that living through it again leads to the same changes.
        let clock = self.engine.as_of().filter(|as_of| Some(*as_of) > self.stored_as_of).map(Entry::Advance);
        let skipped = clock.iter().count();
        let entries: Vec<Entry> = clock.into_iter().chain(events.into_iter().map(Entry::Event)).collect();
        let appended = self.store.append(&entries)?;
        let (mut arrivals, mut told, mut journal) = (Vec::with_capacity(entries.len()), Vec::new(), Vec::new());
        for (entry, arrival) in entries.iter().zip(appended.arrivals).skip(skipped) {
            let store::Arrival::New { sequence } = arrival else {
                arrivals.push("duplicate".to_owned());
                continue;
            };
            let mut changes = Vec::new();
            let said = apply(&mut self.engine, entry, &mut changes);
            arrivals.push(said.map_or_else(|error| error.to_string(), str::to_owned));
            for (change, kept) in number(sequence, &changes)? {
                told.push(change);
                journal.push(kept);
            }
        }
        self.store.put_changes(&journal)?;
        self.stored_as_of = self.engine.as_of();
        Ok(Taken { arrivals, changes: told })
    }

    /// Moves the clock on. Where time alone changes nothing, nothing is written.
    ///
    /// # Errors
    /// As [`Engine::advance_to`] and [`Store::append`].
    pub fn advance(&mut self, now: Timestamp) -> Result<()> {
        // An event may have been ahead of this machine's clock.
        let now = self.engine.as_of().map_or(now, |as_of| as_of.max(now));
        let changes = self.engine.advance_to(now)?;
        if changes.is_empty() {
            return Ok(());
        }
        self.store.append(&[Entry::Advance(now)])?;
        self.stored_as_of = Some(now);
        let changes = number(self.store.last_sequence(), &changes)?;
        self.store.put_changes(&changes.into_iter().map(|(_, change)| change).collect::<Vec<_>>()).map(drop)
    }

    /// What the playbook says of a user.
    ///
    /// # Errors
    /// `UnknownName` for a user of whom nothing was heard.
    pub fn user(&self, id: &str) -> Result<serde_json::Value> {
        let state = self.engine.state(&self.id_of(id))?;
        let tags: BTreeMap<_, _> = state.tags.into_iter().collect();
        Ok(json!({
            "user": state.user,
            "as_of": state.as_of,
            "tags": tags,
            "stage": state.stage,
            "segments": state.segments,
            "scores": state.scores,
            "next_look_at": state.next_look_at,
        }))
    }

    /// Why a user is where they are. With a calibration the answers of a user depend on that user alone, so a log of this one
    /// user is all that it takes. It reads the store for the user's events: a back end that explains often keeps an index of them.
    ///
    /// # Errors
    /// `UnknownName` for a user of whom nothing was heard; as [`Playbook::explain`].
    pub fn explain(&self, id: &str) -> Result<Explanation> {
        let user = self.id_of(id);
        let as_of = self.engine.state(&user)?.as_of;
        let mut events = Vec::new();
        for entry in self.store.entries_from(1) {
            match entry?.1 {
                Entry::Event(event) if event.user == user => events.push(event),
                _ => {}
            }
        }
        let plan = self.engine.plan();
        let (log, _) = EventLog::from_events(plan.playbook().schema.clone(), &events)?;
        let options = EvaluateOptions::new().calibration(plan.calibration().clone()).without_profiles();
        let outcome = plan.playbook().evaluate(&log, as_of, &options)?;
        let place = log.users().find(&user).ok_or_else(|| {
            Error::new(ErrorKind::UnknownName, format!("no event of the user {user} is in the store"))
        })?;
        plan.playbook().explain(&log, &outcome, place, &options)
    }

    /// A page of the users of a segment, in the order in which they first came.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn segment(&self, name: &str, offset: usize, limit: usize) -> Result<serde_json::Value> {
        let users = self.engine.membership(name)?;
        let page: Vec<&UserId> = users.iter().skip(offset).take(limit).copied().collect();
        let next = offset.saturating_add(page.len());
        Ok(json!({
            "segment": name,
            "as_of": self.engine.as_of(),
            "user_count": users.len(),
            "users": page,
            "next_offset": (next < users.len()).then_some(next),
        }))
    }

    /// The changes after a cursor, at most so many, and the cursor after which to go on.
    ///
    /// # Errors
    /// `InvalidArgument` for a cursor that is none; as [`Store::changes_after`].
    pub fn changes(&self, after: Option<&str>, limit: usize) -> Result<serde_json::Value> {
        let after = after.map_or(Ok(ChangeId::START), read_cursor)?;
        let found = self.store.changes_after(after, limit)?;
        let cursor = found.last().map_or(after, |change| change.id);
        let changes: Vec<Numbered> = found.iter().map(read_change).collect::<Result<_>>()?;
        Ok(json!({ "changes": changes, "cursor": write_cursor(cursor) }))
    }

    /// Ends the work: writes a snapshot, with which the next start is as fast as reading it. Everything that was answered is on
    /// disk already.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn close(mut self) -> Result<()> {
        if let Some(as_of) = self.engine.as_of().filter(|as_of| Some(*as_of) > self.stored_as_of) {
            self.store.append(&[Entry::Advance(as_of)])?;
        }
        let bytes = postcard::to_allocvec(&self.engine)
            .map_err(|error| Error::new(ErrorKind::InvalidFormat, format!("the snapshot: {error}")).caused_by(error))?;
        self.store.put_snapshot(self.store.last_sequence(), &bytes)
    }

    /// Ids in addresses are texts; where users have numbers, a number is meant.
    fn id_of(&self, id: &str) -> UserId {
        let text = UserId::from(id);
        match id.parse::<i64>() {
            Ok(number) if self.engine.state(&text).is_err() => UserId::Integer(number),
            _ => text,
        }
    }
}

/// Tells an engine of an entry, and says what became of it.
fn apply(engine: &mut Engine, entry: &Entry, changes: &mut Vec<Change>) -> Result<&'static str> {
    match entry {
        Entry::Event(event) => engine.observe_into(event, changes).map(userops::live::Arrival::name),
        Entry::Advance(instant) => engine.advance_into(*instant, changes).map(|()| "advanced"),
        Entry::Attributes { user, attributes } => {
            changes.extend(engine.set_attributes(user, attributes)?);
            Ok("set")
        }
        Entry::ManualTag(act) => {
            changes.extend(engine.tag_by_hand(act)?);
            Ok("tagged")
        }
    }
}

/// The changes of an entry, for whoever asked and for the journal.
fn number(sequence: u64, changes: &[Change]) -> Result<Vec<(Numbered, store::Change)>> {
    let number = |(change, index): (&Change, u32)| {
        let id = ChangeId::new(sequence, index);
        let bytes = serde_json::to_vec(change).map_err(|error| {
            Error::new(ErrorKind::InvalidArgument, format!("a change as JSON: {error}")).caused_by(error)
        })?;
        Ok((Numbered { cursor: write_cursor(id), change: change.clone() }, store::Change { id, bytes }))
    };
    changes.iter().zip(0..).map(number).collect()
}

fn read_change(change: &store::Change) -> Result<Numbered> {
    let read = serde_json::from_slice(&change.bytes).map_err(|error| {
        Error::new(ErrorKind::InvalidFormat, format!("a change of the journal: {error}")).caused_by(error)
    })?;
    Ok(Numbered { cursor: write_cursor(change.id), change: read })
}

fn write_cursor(id: ChangeId) -> String {
    format!("{}-{}", id.sequence, id.index)
}

fn read_cursor(text: &str) -> Result<ChangeId> {
    let parts = text.split_once('-').and_then(|(sequence, index)| Some((sequence.parse().ok()?, index.parse().ok()?)));
    parts.map(|(sequence, index)| ChangeId::new(sequence, index)).ok_or_else(|| {
        let message = format!("{text:?} is no cursor; give back one that an answer had, such as \"12-0\"");
        Error::new(ErrorKind::InvalidArgument, message)
    })
}
