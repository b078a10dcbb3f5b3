//! The engine: many users, one clock.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::change::{Arrival, Change, Observed, told};
use super::plan::{LiveOptions, LivePlan};
use super::queue::TimerQueue;
use super::read::LiveEvent;
use super::slot::Slot;
use super::user::{LiveUser, Warmth};
use super::work::LiveWork;
use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::event::{Event, unknown};
use crate::id::{UserId, UserIdRef};
use crate::playbook::{Calibration, Playbook};
use crate::tag::ManualTag;
use crate::time::{Span, Timestamp};
use crate::value::Value;

/// A playbook that is answered event by event. See the [module](super).
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) plan: LivePlan,
    pub(super) work: LiveWork,
    /// The engine's instant; the least number before the first event.
    pub(super) as_of: i64,
    pub(super) ids: Vec<UserId>,
    pub(super) places: HashMap<UserId, u32, foldhash::fast::RandomState>,
    pub(super) users: Vec<LiveUser>,
    /// When to wake whom. An entry counts while it is the user's earliest; see `queued`.
    pub(super) timers: TimerQueue,
    /// For each user the earliest instant in `timers`.
    pub(super) queued: Vec<i64>,
    /// The ids of events that may come again, and the engine's instant when they came.
    pub(super) seen: HashSet<Arc<str>, foldhash::fast::RandomState>,
    pub(super) seen_order: VecDeque<(i64, Arc<str>)>,
    pub(super) event: LiveEvent,
    pub(super) wake_count: u64,
}

impl Engine {
    /// An engine without users, of a playbook that takes nothing from a population.
    ///
    /// # Errors
    /// As [`Playbook::own_calibration`] and [`Engine::with_calibration`].
    pub fn new(playbook: &Playbook, options: LiveOptions) -> Result<Self> {
        Self::with_calibration(playbook, &playbook.own_calibration()?, options)
    }

    /// An engine without users, with what the playbook takes from a population: see [`Playbook::calibrate`].
    ///
    /// # Errors
    /// As [`Playbook::check`] and [`Playbook::check_calibration`]; as evaluating it on a log without properties and attributes but
    /// those of its schema; `LimitExceeded` for more than 64 kinds of events, 32 properties or 64 windows; `InvalidDefinition`
    /// for a lead score, whose points change all the time; `InvalidArgument` for a lateness below 0.
    pub fn with_calibration(playbook: &Playbook, calibration: &Calibration, options: LiveOptions) -> Result<Self> {
        Self::with_texts(playbook, calibration, options, &[])
    }

    /// An engine whose texts begin with these.
    pub(super) fn with_texts(
        playbook: &Playbook,
        calibration: &Calibration,
        options: LiveOptions,
        texts: &[String],
    ) -> Result<Self> {
        let mut work = LiveWork::default();
        texts.iter().for_each(|text| {
            work.texts.intern(text);
        });
        let plan = LivePlan::compile(playbook, calibration, options, &mut work.texts)?;
        Ok(Self {
            plan,
            work,
            as_of: i64::MIN,
            ids: Vec::new(),
            places: HashMap::default(),
            users: Vec::new(),
            timers: TimerQueue::new(),
            queued: Vec::new(),
            seen: HashSet::default(),
            seen_order: VecDeque::new(),
            event: LiveEvent::default(),
            wake_count: 0,
        })
    }

    /// The plan: playbook, calibration, options.
    #[must_use]
    pub fn plan(&self) -> &LivePlan {
        &self.plan
    }

    /// The instant that all answers are of; `None` before the first event or [`Engine::advance_to`].
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        (self.as_of != i64::MIN).then(|| Timestamp::from_micros(self.as_of))
    }

    /// How many users are known.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    /// Takes an event in. Where it is later than the engine's instant, the clock moves on to it first, as by
    /// [`Engine::advance_to`].
    ///
    /// Takes O(definitions that the event can change), and O(events kept of the user) for aggregates that have to look at them again
    /// and for late events.
    ///
    /// # Errors
    /// Where the event is refused nothing is changed: as [`Engine::check`]. `LimitExceeded` where a sum of the user's does not fit
    /// 64 bits: the event counts, and the user's answers are those before until it does.
    pub fn observe(&mut self, event: &Event) -> Result<Observed> {
        let mut changes = Vec::new();
        let arrival = self.observe_into(event, &mut changes)?;
        Ok(Observed { arrival, changes })
    }

    /// As [`Engine::observe`], with the changes put behind those that there are.
    ///
    /// # Errors
    /// As [`Engine::observe`].
    pub fn observe_into(&mut self, event: &Event, changes: &mut Vec<Change>) -> Result<Arrival> {
        let known = self.places.get(&event.user).copied();
        known.iter().for_each(|place| self.users[*place as usize].warm(Warmth::State));
        self.check(event)?;
        if let Some(id) = event.id.as_deref().filter(|id| !id.is_empty())
            && !self.remember(id, event.time.as_micros())
        {
            return Ok(Arrival::Duplicate);
        }
        let time = event.time.as_micros();
        let arrival = if time < self.as_of { Arrival::Late } else { Arrival::InOrder };
        let user = known.unwrap_or_else(|| self.place_of(&event.user));
        if time > self.as_of {
            self.as_of = time;
            self.wake_until(time, Some(user), changes)?;
            self.forget();
        }
        let id = self.ids[user as usize].as_ref();
        let observed = self.users[user as usize].observe(&self.plan, id, self.event.row(), self.as_of, &mut self.work);
        self.tell(user, changes);
        self.queue(user);
        observed.map_err(|error| error.at(format!("user {}", event.user)))?;
        Ok(arrival)
    }

    /// Refuses an event that the engine would not take, and changes nothing.
    ///
    /// # Errors
    /// `UnknownName` for an event that the schema does not list; `TypeMismatch` for a property that is not of its type;
    /// `InvalidTime` for an instant that is not in 1970 to 2149; `InvalidArgument` for an empty user, and for a text that is too
    /// long; `LimitExceeded` for an event that is later than [`LiveOptions::lateness`] allows, further ahead than
    /// [`LiveOptions::ahead_max`] allows, or of one user more than the schema's limit.
    pub fn check(&mut self, event: &Event) -> Result<()> {
        self.check_at(event, self.as_of())
    }

    /// As [`Engine::check`], for an engine whose instant will be another by then, as that of events before it in a batch.
    ///
    /// # Errors
    /// As [`Engine::check`].
    pub fn check_at(&mut self, event: &Event, as_of: Option<Timestamp>) -> Result<()> {
        self.plan.check_instant(event.time)?;
        self.check_user(&event.user)?;
        if let Some(as_of) = as_of {
            let behind = as_of.as_micros().saturating_sub(event.time.as_micros());
            let LiveOptions { lateness, ahead_max } = self.plan.options;
            if behind > lateness.as_micros() {
                return Err(limit_exceeded(format!(
                    "the event of {} is {} behind the engine's {}; the limit `lateness` is {lateness}: raise it, or rebuild \
                     the engine from the log",
                    event.time,
                    Span::from_micros(behind),
                    as_of
                )));
            }
            if let Some(ahead_max) = ahead_max.filter(|ahead_max| behind < -ahead_max.as_micros()) {
                return Err(limit_exceeded(format!(
                    "the event of {} is {} ahead of the engine's {}; the limit `ahead_max` is {ahead_max}: look at the \
                     sender's clock, or move the engine's on",
                    event.time,
                    Span::from_micros(-behind),
                    as_of
                )));
            }
        }
        self.plan.reader.read(event, &self.plan.calendar, &mut self.work.texts, &mut self.event)
    }

    fn check_user(&self, user: &UserId) -> Result<()> {
        let limits = &self.plan.reader.limits;
        match user {
            UserId::Text(text) if text.is_empty() => return Err(invalid_argument("the user of an event is empty")),
            UserId::Text(text) if text.len() as u64 > limits.id_bytes_max => {
                return Err(invalid_argument(format!(
                    "the id of a user has {} bytes; the limit id_bytes_max is {}",
                    text.len(),
                    limits.id_bytes_max
                )));
            }
            _ => {}
        }
        if let Some(first) = self.ids.first()
            && std::mem::discriminant(first) != std::mem::discriminant(user)
        {
            return Err(crate::error::type_mismatch(format!(
                "the user {user} is of another type than those before, such as {first}: ids are all integers or all texts"
            )));
        }
        if self.ids.len() as u64 >= limits.users_max && !self.places.contains_key(user) {
            return Err(limit_exceeded(format!(
                "{user} is one user more than the limit users_max = {}",
                limits.users_max
            )));
        }
        Ok(())
    }

    /// Moves the clock on. Every user whose answers change by time alone until then does so at the very instant, in order
    /// of instants; users of one instant in the order in which they first came.
    ///
    /// # Errors
    /// `InvalidArgument` for an instant before the engine's; `InvalidTime` for one that is not in 1970 to 2149.
    pub fn advance_to(&mut self, instant: Timestamp) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        self.advance_into(instant, &mut changes)?;
        Ok(changes)
    }

    /// Refuses an instant to which an engine at `as_of` cannot be moved on.
    ///
    /// # Errors
    /// As [`Engine::advance_to`].
    pub fn check_advance(&self, instant: Timestamp, as_of: Option<Timestamp>) -> Result<()> {
        self.plan.check_instant(instant)?;
        match as_of.filter(|as_of| instant < *as_of) {
            Some(as_of) => Err(invalid_argument(format!("the engine is at {as_of} and does not go back to {instant}"))),
            None => Ok(()),
        }
    }

    /// As [`Engine::advance_to`], with the changes put behind those that there are.
    ///
    /// # Errors
    /// As [`Engine::advance_to`].
    pub fn advance_into(&mut self, instant: Timestamp, changes: &mut Vec<Change>) -> Result<()> {
        self.check_advance(instant, self.as_of())?;
        self.as_of = instant.as_micros();
        let woken = self.wake_until(self.as_of, None, changes);
        self.forget();
        woken
    }

    /// Learns attributes of a user; of those that are not named nothing changes. Attributes bear no instant: what hangs on them
    /// changes now.
    ///
    /// # Errors
    /// As [`Engine::check_attributes`]; `InvalidArgument` before the clock was set. Nothing is changed then.
    pub fn set_attributes(&mut self, user: &UserId, attributes: &BTreeMap<String, Value>) -> Result<Vec<Change>> {
        self.check_clock("attributes")?;
        let read = self.read_attributes(user, attributes)?;
        let place = self.place_of(user);
        for (attribute, value) in read {
            let slot = value.map_or(Slot::Unknown, |value| Slot::of(value.as_ref(), &mut self.work.texts));
            self.users[place as usize].attributes[attribute] = slot;
            self.work.dirty.add_all(&self.plan.attribute_readers[attribute]);
        }
        self.review(place)
    }

    /// Refuses attributes that the engine would not take.
    ///
    /// # Errors
    /// `UnknownName` for an attribute that the schema does not declare; `TypeMismatch` for a value that is not of its type; for a
    /// user as [`Engine::check`].
    pub fn check_attributes(&self, user: &UserId, attributes: &BTreeMap<String, Value>) -> Result<()> {
        self.read_attributes(user, attributes).map(drop)
    }

    /// Attributes by place, in their types.
    fn read_attributes(
        &self,
        user: &UserId,
        attributes: &BTreeMap<String, Value>,
    ) -> Result<Vec<(usize, Option<Value>)>> {
        self.check_user(user)?;
        let known = &self.plan.attributes;
        let read = |(name, value): (&String, &Value)| {
            let Some(place) = known.iter().position(|(known, _)| known == name) else {
                return Err(unknown("attribute", name, known.iter().map(|(name, _)| name.as_str())));
            };
            Ok((place, self.plan.reader.coerce_one(name, value, known[place].1)?))
        };
        attributes.iter().map(read).collect()
    }

    /// Puts a tag on a user or takes it off by hand; see [`ManualTag`].
    ///
    /// # Errors
    /// `UnknownName` for a tag that there is not; `InvalidDefinition` for an act that contradicts itself or its tag; for a user as
    /// [`Engine::check`]; `InvalidArgument` before the clock was set.
    pub fn tag_by_hand(&mut self, act: &ManualTag) -> Result<Vec<Change>> {
        self.check_clock("a tag by hand")?;
        self.check_tag(act)?;
        let place = self.place_of(&act.user);
        let acts = &mut self.users[place as usize].acts;
        let behind = acts.partition_point(|known| known.at <= act.at);
        acts.insert(behind, act.clone());
        self.review(place)
    }

    /// Refuses an act of a person that the engine would not take.
    ///
    /// # Errors
    /// As [`Engine::tag_by_hand`].
    pub fn check_tag(&self, act: &ManualTag) -> Result<()> {
        self.check_user(&act.user)?;
        let tags = &self.plan.playbook.tags;
        match tags.iter().find(|tag| tag.name == act.tag) {
            Some(definition) => act.check(definition),
            None => Err(unknown("tag", &act.tag, tags.iter().map(|tag| tag.name.as_str()))),
        }
    }

    fn check_clock(&self, what: &str) -> Result<()> {
        if self.as_of == i64::MIN {
            return Err(invalid_argument(format!("{what} come before the engine knows the time: advance it first")));
        }
        Ok(())
    }

    fn review(&mut self, place: u32) -> Result<Vec<Change>> {
        let id = self.ids[place as usize].as_ref();
        let reviewed = self.users[place as usize].review(&self.plan, id, self.as_of, &mut self.work);
        let mut changes = Vec::new();
        self.tell(place, &mut changes);
        self.queue(place);
        reviewed.map_err(|error| error.at(format!("user {}", self.ids[place as usize])))?;
        Ok(changes)
    }

    /// Where a user is, who joins where there is no such user yet.
    pub(super) fn place_of(&mut self, user: &UserId) -> u32 {
        if let Some(place) = self.places.get(user) {
            return *place;
        }
        self.join(user.clone(), LiveUser::new(&self.plan))
    }

    /// Makes room for so many users more.
    pub(super) fn reserve(&mut self, count: usize) {
        self.places.reserve(count);
        self.ids.reserve(count);
        self.users.reserve(count);
        self.queued.reserve(count);
    }

    /// Takes in a user who is not there yet.
    pub(super) fn join(&mut self, id: UserId, user: LiveUser) -> u32 {
        let place = self.ids.len() as u32;
        self.places.insert(id.clone(), place);
        self.ids.push(id);
        self.users.push(user);
        self.queued.push(i64::MAX);
        place
    }

    pub(super) fn find(&self, user: &UserId) -> Option<usize> {
        self.places.get(user).map(|place| *place as usize)
    }

    /// Tells what changed of a user.
    pub(super) fn tell(&mut self, user: u32, changes: &mut Vec<Change>) {
        let id = &self.ids[user as usize];
        let told =
            self.work.changes.iter().filter_map(|change| told(&self.plan, &self.work.texts, change, id, self.as_of));
        changes.extend(told);
        self.work.changes.clear();
    }

    /// Remembers the id of an event; false where it came before.
    pub(super) fn remember(&mut self, id: &str, time: i64) -> bool {
        if self.seen.contains(id) {
            return false;
        }
        let id: Arc<str> = id.into();
        self.seen_order.push_back((self.as_of.max(time), id.clone()));
        self.seen.insert(id)
    }

    /// Forgets ids of events that would be refused as too late if they came again.
    fn forget(&mut self) {
        let latest = self.as_of.saturating_sub(self.plan.options.lateness.as_micros());
        while let Some((came_at, _)) = self.seen_order.front()
            && *came_at < latest
        {
            if let Some((_, id)) = self.seen_order.pop_front() {
                self.seen.remove(&id);
            }
        }
    }

    /// How often a user was woken, because time alone might have changed an answer, since the engine was made or restored.
    #[must_use]
    pub fn wake_count(&self) -> u64 {
        self.wake_count
    }

    /// Bytes that the users take, without their ids.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.users.iter().map(LiveUser::byte_len).sum()
    }

    /// A user's id by place.
    pub(super) fn id(&self, place: usize) -> UserIdRef<'_> {
        self.ids[place].as_ref()
    }
}
