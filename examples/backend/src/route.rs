//! What can be asked for, and how.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value as Data, json};
use userops::event::Event;
use userops::id::UserId;
use userops::money::Money;
use userops::time::Timestamp;
use userops::value::Value;

use crate::clock::now;
use crate::failure::Failure;
use crate::live::{self, Live, Taken};

/// The longest body that is read.
const BODY_BYTES_MAX: usize = 8 << 20;
/// The most events of one request: the engine works them off in one go, while others wait.
const EVENTS_MAX: usize = 10_000;
/// Users or changes on a page unless asked otherwise, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 10_000;

type Answer<T = Json<Data>> = Result<T, Failure>;

/// Everything that can be asked for.
pub(crate) fn routes(live: Live) -> Router {
    Router::new()
        .route("/events", post(take_events))
        .route("/users/{id}", get(show_user))
        .route("/users/{id}/explanation", get(explain_user))
        .route("/segments/{name}", get(list_segment))
        .route("/changes", get(list_changes))
        .route("/health", get(show_health))
        .fallback(async || Failure::missing("there is no such address"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(live)
}

/// An event as it is sent. A key that is misspelt is refused, and not passed over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventInput {
    user: UserId,
    /// Now, where it is left out.
    time: Option<Timestamp>,
    name: String,
    /// In minor units.
    amount: Option<Money>,
    /// With an id of its own an event counts once, however often it is sent.
    id: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
}

impl EventInput {
    fn into_event(self) -> Event {
        let Self { user, time, name, amount, id, properties } = self;
        Event { user, time: time.unwrap_or_else(now), name, amount, id, properties }
    }
}

/// One event, or an array of them.
fn read_events(body: &[u8]) -> Result<Vec<Event>, Failure> {
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let read = match is_array {
        true => serde_json::from_slice::<Vec<EventInput>>(body),
        false => serde_json::from_slice(body).map(|event| vec![event]),
    };
    let events =
        read.map_err(|error| Failure::bad(format!("the body is no event, and no array of events: {error}")))?;
    if events.len() > EVENTS_MAX {
        let count = events.len();
        return Err(Failure::bad(format!("{count} events are more than the limit {EVENTS_MAX} of one request")));
    }
    Ok(events.into_iter().map(EventInput::into_event).collect())
}

async fn take_events(State(live): State<Live>, body: Bytes) -> Answer<Json<Taken>> {
    let events = read_events(&body)?;
    live.take(events).await.map(Json)
}

async fn show_user(State(live): State<Live>, id: Result<Path<String>, PathRejection>) -> Answer {
    let id = path(id)?;
    live.ask(move |durable| live::show_user(durable.engine(), &id)).await.map(Json).map_err(Failure::or_missing)
}

async fn explain_user(State(live): State<Live>, id: Result<Path<String>, PathRejection>) -> Answer {
    let id = path(id)?;
    live.ask(move |durable| live::explain_user(durable.engine(), &id)).await.map(Json).map_err(Failure::or_missing)
}

/// Which part of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

async fn list_segment(
    State(live): State<Live>,
    name: Result<Path<String>, PathRejection>,
    page: Result<Query<Page>, QueryRejection>,
) -> Answer {
    let (name, Page { offset, limit }) = (path(name)?, query(page)?);
    let limit = page_size(limit)?;
    let page = live.ask(move |durable| live::list_segment(durable.engine(), &name, offset, limit)).await;
    page.map(Json).map_err(Failure::or_missing)
}

/// Changes after a cursor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<String>,
    limit: Option<usize>,
}

async fn list_changes(State(live): State<Live>, after: Result<Query<After>, QueryRejection>) -> Answer {
    let After { after, limit } = query(after)?;
    let limit = page_size(limit)?;
    live.ask(move |durable| live::list_changes(durable, after.as_deref(), limit)).await.map(Json)
}

/// Whether the engine answers, and how far it is; 503 while the queue is full.
async fn show_health(State(live): State<Live>) -> Answer {
    let ask = |durable: &mut userops_live::DurableEngine| {
        let (as_of, user_count) = (durable.engine().as_of(), durable.engine().user_count());
        Ok(json!({ "status": "ok", "as_of": as_of, "user_count": user_count, "entry_count": durable.store().len() }))
    };
    live.ask(ask).await.map(Json)
}

fn path(found: Result<Path<String>, PathRejection>) -> Result<String, Failure> {
    found.map(|Path(text)| text).map_err(|rejection| Failure::bad(rejection.body_text()))
}

fn query<T>(found: Result<Query<T>, QueryRejection>) -> Result<T, Failure> {
    found.map(|Query(query)| query).map_err(|rejection| Failure::bad(rejection.body_text()))
}

fn page_size(limit: Option<usize>) -> Result<usize, Failure> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        limit => Err(Failure::bad(format!("limit = {limit} is not 1 to {PAGE_MAX}"))),
    }
}
