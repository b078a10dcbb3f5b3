//! The engine as the back end asks it: what is answered is on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Data, json};
use tokio::task::spawn_blocking;
use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::id::UserId;
use userops::playbook::{Calibration, Playbook};
use userops::time::{Span, Timestamp};
use userops_live::store::{ChangeId, Entry};
use userops_live::{Applied, DurableEngine, Engine, Fate, LiveOptions, NumberedChange, Service, ServiceOptions};

use crate::failure::Failure;

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
    /// How many requests may wait for the engine; more are answered with 503.
    pub queue_max: usize,
}

/// A playbook's answers, kept up to date by a thread of their own.
#[derive(Debug, Clone)]
pub struct Live {
    service: Arc<Service>,
}

/// What became of events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taken {
    /// A line per event.
    pub fates: Vec<EventFate>,
    /// What they changed, and what time alone changed before them, each with its cursor.
    pub changes: Vec<Data>,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFate {
    /// It is on disk and counts.
    Taken,
    /// An event with its id was there before.
    Duplicate,
    /// It is not taken, and this is why.
    Refused(String),
}

impl Live {
    /// Opens the folder and starts the thread. Where the folder was begun with another version of the playbook, another calibration or
    /// other options, these take the place of those: all that was told so far is worked off by them.
    ///
    /// # Errors
    /// As [`Engine::with_calibration`], [`DurableEngine::open_version`] and [`Service::of`].
    pub fn start(settings: LiveSettings) -> Result<Self> {
        let LiveSettings { playbook, calibration, folder, lateness, ahead_max, queue_max } = settings;
        let calibration = calibration.map_or_else(|| playbook.own_calibration(), Ok)?;
        let options = LiveOptions { lateness, ahead_max: Some(ahead_max) };
        let make = || Engine::with_calibration(&playbook, &calibration, options);
        let service_options = ServiceOptions { queue_max, ..ServiceOptions::default() };
        let (durable, _) = DurableEngine::open_version(folder, service_options.durable.clone(), make)?;
        Ok(Self { service: Arc::new(Service::of(durable, &service_options)?) })
    }

    /// Takes events in; those that wait with them are put on disk together.
    ///
    /// # Errors
    /// A failure with status 503 where the queue is full, and 400 where every event is refused.
    pub async fn take(&self, events: Vec<Event>) -> Result<Taken, Failure> {
        let entries = events.into_iter().map(Entry::Event).collect();
        let Applied { fates, changes } = self.wait(|service| service.apply(entries)).await?;
        let fates: Vec<EventFate> = fates
            .into_iter()
            .map(|fate| match fate {
                Fate::Taken { .. } => EventFate::Taken,
                Fate::Duplicate { .. } => EventFate::Duplicate,
                Fate::Refused(error) => EventFate::Refused(error.to_string()),
            })
            .collect();
        match fates.first() {
            Some(EventFate::Refused(message)) if fates.iter().all(|fate| matches!(fate, EventFate::Refused(_))) => {
                Err(Failure::bad(format!("event 1: {message}")))
            }
            _ => Ok(Taken { fates, changes: changes.iter().map(show_change).collect() }),
        }
    }

    /// Moves the clock on. An event may have been ahead of this machine's clock; then there is nothing to do.
    ///
    /// # Errors
    /// A failure with status 503 where the queue is full: the next tick brings the engine to where it is to be. Status 500 where
    /// the disk fails.
    pub async fn advance(&self, now: Timestamp) -> Result<(), Failure> {
        let advance = move |engine: &mut DurableEngine| match engine.engine().as_of() {
            Some(as_of) if as_of >= now => Ok(()),
            _ => engine.advance_to(now).map(drop),
        };
        self.ask(advance).await
    }

    /// Asks the engine something.
    ///
    /// # Errors
    /// That of the question; a failure with status 503 where the queue is full.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut DurableEngine) -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        // What the question itself says is told apart from what the queue says.
        Ok(self.wait(|service| service.ask(|engine| Ok(question(engine)))).await??)
    }

    /// Waits for the engine's thread on a thread of its own, so that others are heard meanwhile.
    async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = Arc::clone(&self.service);
        match spawn_blocking(move || work(&service)).await {
            Ok(Ok(answer)) => Ok(answer),
            // A sum that is too large is of this kind as well, and asking again does no harm.
            Ok(Err(error)) if error.kind() == ErrorKind::LimitExceeded => Err(Failure::busy(error.to_string())),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Failure::busy("the back end is stopping")),
        }
    }

    /// Works off what waits, takes a snapshot and closes the folder. Everything that was answered is on disk already.
    ///
    /// # Errors
    /// `Io` where the snapshot cannot be written.
    pub fn stop(self) -> Result<()> {
        // A connection that does not end still holds it; the next start then works off what came after the last snapshot.
        Arc::into_inner(self.service).map_or(Ok(()), Service::stop)
    }
}

/// Ids in addresses are texts; where users have numbers, a number is meant.
fn user_id(engine: &Engine, id: &str) -> UserId {
    let text = UserId::from(id);
    match id.parse::<i64>() {
        Ok(number) if engine.state(&text).is_err() => UserId::Integer(number),
        _ => text,
    }
}

/// What the playbook says of a user.
///
/// # Errors
/// `UnknownName` for a user of whom nothing was heard.
pub(crate) fn show_user(engine: &Engine, id: &str) -> Result<Data> {
    let state = engine.state(&user_id(engine, id))?;
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

/// Why a user is where they are, as data and as text.
///
/// # Errors
/// `UnknownName` for a user of whom nothing was heard.
pub(crate) fn explain_user(engine: &Engine, id: &str) -> Result<Data> {
    let explanation = engine.explain(&user_id(engine, id))?;
    Ok(json!({ "text": explanation.render(), "explanation": explanation }))
}

/// A page of the users of a segment, in the order in which they first came.
///
/// # Errors
/// `UnknownName` with the nearest name.
pub(crate) fn list_segment(engine: &Engine, name: &str, offset: usize, limit: usize) -> Result<Data> {
    let users = engine.membership(name)?;
    let page: Vec<&UserId> = users.iter().skip(offset).take(limit).copied().collect();
    let next = offset.saturating_add(page.len());
    Ok(json!({
        "segment": name,
        "as_of": engine.as_of(),
        "user_count": users.len(),
        "users": page,
        "next_offset": (next < users.len()).then_some(next),
    }))
}

/// The changes after a cursor, at most so many, and the cursor after which to go on.
///
/// # Errors
/// `InvalidArgument` for a cursor that is none; as [`DurableEngine::changes_after`].
pub(crate) fn list_changes(engine: &DurableEngine, after: Option<&str>, limit: usize) -> Result<Data> {
    let after = after.map_or(Ok(ChangeId::START), read_cursor)?;
    let changes = engine.changes_after(after, limit)?;
    let cursor = changes.last().map_or(after, |change| change.id);
    Ok(json!({ "changes": changes.iter().map(show_change).collect::<Vec<_>>(), "cursor": cursor.to_string() }))
}

/// A change, with the cursor that stands for everything up to it.
fn show_change(numbered: &NumberedChange) -> Data {
    let mut change = json!(numbered.change);
    change["cursor"] = json!(numbered.id.to_string());
    change
}

fn read_cursor(text: &str) -> Result<ChangeId> {
    let parts = text.split_once('.').and_then(|(sequence, index)| Some((sequence.parse().ok()?, index.parse().ok()?)));
    parts.map(|(sequence, index)| ChangeId::new(sequence, index)).ok_or_else(|| {
        let message = format!("{text:?} is no cursor; give back one that an answer had, such as \"12.0\"");
        Error::new(ErrorKind::InvalidArgument, message)
    })
}
