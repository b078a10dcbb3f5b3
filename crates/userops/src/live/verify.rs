//! Batch and live side by side: who differs, and fills an engine from a log.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::compile::empty_log;
use super::engine::Engine;
use super::plan::AnswerKind;
use super::slot::Slot;
use super::user::LiveUser;
use crate::error::{Result, invalid_argument};
use crate::id::{UserId, UserIdRef, UserIx};
use crate::log::EventLog;
use crate::playbook::EvaluateOptions;
use crate::tag::ManualTag;
use crate::time::Timestamp;
use crate::value::{Value, ValueRef};

/// An answer in which an engine and a batch evaluation differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The user.
    pub user: UserId,
    /// The column, as in [`Engine::to_table`].
    pub column: String,
    /// What the engine says.
    pub live: Option<Value>,
    /// What the batch says.
    pub batch: Option<Value>,
}

impl Engine {
    /// Evaluates the playbook over a log as of the engine's instant, by the same calibration and the same tags by hand, and lists
    /// every answer that differs: none, where the log holds the events and attributes that the engine was given.
    ///
    /// A user whom only one of the two knows is compared with one of whom nothing is known but the tags by hand: of these no log tells.
    ///
    /// # Errors
    /// `InvalidArgument` before the clock was set; as [`Playbook::evaluate`](crate::playbook::Playbook::evaluate).
    pub fn verify(&self, log: &EventLog) -> Result<Vec<Difference>> {
        let Some(as_of) = self.as_of() else {
            return Err(invalid_argument("there is nothing to verify before the engine knows the time"));
        };
        let known = |user: &UserId| log.users().find(user).is_some();
        let acts = self.users.iter().flat_map(|user| &user.acts).filter(|act| known(&act.user)).cloned();
        let options =
            EvaluateOptions::new().manual_tags(acts).calibration(self.plan.calibration.clone()).without_profiles();
        let complete = self.with_attributes(log)?;
        let outcome = self.plan.playbook.evaluate(&complete, as_of, &options)?;
        let batch = outcome.to_table(log.users())?;
        let mut differences = Vec::new();
        let titles = self.plan.columns.iter().map(|column| column.title.as_str());
        let columns: Vec<_> = titles.map(|title| Ok((title, batch.column(title)?))).collect::<Result<_>>()?;
        for (row, id) in log.users().iter().enumerate() {
            let nobody;
            let state = match self.find(&id.to_owned()) {
                Some(place) => &self.users[place],
                None => {
                    nobody = self.nobody(id, &[])?;
                    &nobody
                }
            };
            for ((title, column), slot) in columns.iter().zip(&state.answers) {
                self.compare(id, title, *slot, column.get(row), &mut differences);
            }
        }
        for (id, state) in self.ids.iter().zip(&self.users).filter(|(id, _)| !known(id)) {
            let nobody = self.nobody(id.as_ref(), &state.acts)?;
            for (((title, _), slot), batch) in columns.iter().zip(&state.answers).zip(&nobody.answers) {
                self.compare(id.as_ref(), title, *slot, batch.value(&self.work.texts), &mut differences);
            }
        }
        Ok(differences)
    }

    /// The log with every attribute that the schema declares, also one that nobody has.
    fn with_attributes<'l>(&self, log: &'l EventLog) -> Result<Cow<'l, EventLog>> {
        let is_there = |(name, _): &(String, _)| log.attributes().column(name).is_ok();
        if self.plan.attributes.iter().all(is_there) {
            return Ok(Cow::Borrowed(log));
        }
        log.merge(&empty_log(&self.plan.playbook.schema)?).map(Cow::Owned)
    }

    fn compare(
        &self,
        id: UserIdRef<'_>,
        title: &str,
        live: Slot,
        batch: Option<ValueRef<'_>>,
        out: &mut Vec<Difference>,
    ) {
        let live = live.value(&self.work.texts);
        if live != batch {
            let (live, batch) = (live.map(ValueRef::to_owned), batch.map(ValueRef::to_owned));
            out.push(Difference { user: id.to_owned(), column: title.to_owned(), live, batch });
        }
    }

    /// What hosts have to be told where another engine, such as that of a new version of the playbook, takes this one's place: for
    /// each user the tags, stage and segments that differ, by name, as of this engine's instant. Definitions that only one of the
    /// two has count as answered "no" by the other.
    #[must_use]
    pub fn changes_to(&self, next: &Self) -> Vec<Change> {
        let at = self.as_of.max(next.as_of);
        let mut changes = Vec::new();
        let ids = self.ids.iter().chain(next.ids.iter().filter(|id| self.find(id).is_none()));
        for id in ids {
            let (now, then) = (self.told_of(id), next.told_of(id));
            let keys: BTreeSet<&(AnswerKind, &Arc<str>)> = now.keys().chain(then.keys()).collect();
            for key in keys {
                let (from, to) = (now.get(key).cloned(), then.get(key).cloned());
                if from != to {
                    changes.push(Change::between(id, *key, from, to, at));
                }
            }
        }
        changes
    }

    /// What a user has, by the kind and name of the definition.
    fn told_of(&self, id: &UserId) -> BTreeMap<(AnswerKind, &Arc<str>), Value> {
        let Some(place) = self.find(id) else { return BTreeMap::new() };
        let columns = self.plan.columns.iter().zip(&self.users[place].answers);
        let told = columns.filter(|(column, slot)| column.kind.is_told() && slot.is_had());
        told.filter_map(|(column, slot)| Some(((column.kind, &column.name), slot.value(&self.work.texts)?.to_owned())))
            .collect()
    }

    /// The answers of a user of whom nothing is known but acts of people.
    fn nobody(&self, id: UserIdRef<'_>, acts: &[ManualTag]) -> Result<LiveUser> {
        let mut state = LiveUser::new(&self.plan);
        state.acts = acts.to_vec();
        let mut work = self.work.clone();
        work.changes.clear();
        state.touch(&self.plan, id, self.as_of, std::iter::empty(), &mut work)?;
        Ok(state)
    }

    /// Fills an engine without users with the users of a log: its events up to `as_of`, and its attributes. Equal to observing
    /// them one after the other, at a fraction of the cost.
    ///
    /// # Errors
    /// `InvalidArgument` for an engine that has users, or whose clock was set; otherwise as [`Engine::observe`], with the user.
    pub fn load(&mut self, log: &EventLog, as_of: Timestamp) -> Result<()> {
        if !self.ids.is_empty() || self.as_of != i64::MIN {
            return Err(invalid_argument("an engine is loaded before it has users: make a new one"));
        }
        self.plan.check_instant(as_of)?;
        self.as_of = as_of.as_micros();
        let latest = self.as_of.saturating_sub(self.plan.options.lateness.as_micros());
        let attributes: Vec<_> =
            self.plan.attributes.iter().map(|(name, _)| log.attributes().column(name).ok().cloned()).collect();
        for (row, id) in log.users().iter().enumerate() {
            let events = log.events_of(UserIx(row as u32)).until(as_of);
            let known: Vec<_> =
                attributes.iter().map(|column| column.as_ref().and_then(|column| column.get(row))).collect();
            let is_known = log.attributes().columns().any(|(_, column)| column.get(row).is_some());
            if events.is_empty() && !is_known {
                continue;
            }
            let place = self.place_of(&id.to_owned()) as usize;
            self.users[place].is_known = is_known;
            for (slot, value) in self.users[place].attributes.iter_mut().zip(known) {
                *slot = value.map_or(Slot::Unknown, |value| Slot::of(value, &mut self.work.texts));
            }
            for event in events.iter() {
                self.plan.check_instant(event.time)?;
                self.plan.reader.read(&event, &self.plan.calendar, &mut self.work.texts, &mut self.event)?;
                if let Some(event_id) = event.id.as_deref().filter(|_| event.time.as_micros() >= latest) {
                    self.remember(event_id, event.time.as_micros());
                }
                self.users[place].put(&self.plan, self.event.row());
            }
            let id = self.id(place).to_owned();
            let found = self.users[place].settle(&self.plan, id.as_ref(), as_of.as_micros(), &mut self.work);
            self.work.changes.clear();
            found.map_err(|error| error.at(format!("user {id}")))?;
            self.queue(place as u32);
        }
        Ok(())
    }
}
