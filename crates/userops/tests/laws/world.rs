//! Random logs that are hard on analytics: ties, clocks that change at midnight, long gaps, users without events.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::event::{Event, EventSchema, Field};
use userops::ingest::{AttributeMapping, Ingest, Mapping, RawBatch, RawColumn, RawValue};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{AMOUNT, EventPattern, Filter, Test};
use userops::time::{Calendar, Day, MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp};
use userops::value::ValueType;

/// Half hours in a day.
pub(crate) const DAY_TICKS: i64 = 48;
const TICK: i64 = MICROS_PER_HOUR / 2;

/// Zones, each with a day some 8 days after which its clock changes at midnight, but for UTC.
const ZONES: [(&str, &str); 5] = [
    ("UTC", "2010-10-30T00:00:00Z"),
    // Back from 00:01 on 7 November 2010.
    ("America/St_Johns", "2010-10-30T00:00:00Z"),
    // Back from 00:00 on 1 October 2010, so that 30 September shows its last hour twice.
    ("Africa/Cairo", "2010-09-22T00:00:00Z"),
    // On 9 October 2010 the clock jumped from 24:00 to 01:00.
    ("America/Santiago", "2010-10-02T00:00:00Z"),
    ("Asia/Shanghai", "2010-12-20T00:00:00Z"),
];

/// An event of a small world.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Happening {
    pub(crate) user: i64,
    pub(crate) time: i64,
    pub(crate) name: &'static str,
    pub(crate) minor: Option<i64>,
}

/// A small world: events in order of arrival, and what is known of users 0 to 7.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) zone: &'static str,
    pub(crate) start: i64,
    pub(crate) events: Vec<Happening>,
    pub(crate) created: Vec<Option<i64>>,
    pub(crate) plan: Vec<Option<&'static str>>,
}

fn ticks() -> impl Strategy<Value = i64> {
    // Some days in all, some hours around a change of the clock, and hours with many ties.
    prop_oneof![6 => 0i64..DAY_TICKS * 40, 4 => DAY_TICKS * 7..DAY_TICKS * 9 + 20, 3 => 0i64..12]
}

/// Moves some of the events to a long time later.
fn move_far(ticks: i64, is_far: bool) -> i64 {
    if is_far && ticks % 7 == 0 { ticks + DAY_TICKS * 700 } else { ticks }
}

/// Worlds of up to `events_max` events.
pub(crate) fn worlds(events_max: usize) -> impl Strategy<Value = World> {
    let name = prop::sample::select(vec!["view", "order", "open"]);
    let minor = prop_oneof![2 => Just(None), 3 => (-300i64..900).prop_map(Some)];
    let event = (0i64..6, ticks(), name, minor);
    let plan = prop::option::weighted(0.8, prop::sample::select(vec!["free", "10", "9"]));
    (
        prop::sample::select(ZONES.to_vec()),
        prop::collection::vec(event, 0..=events_max),
        prop::collection::vec(prop::option::weighted(0.7, -60i64..DAY_TICKS * 30), 8),
        prop::collection::vec(plan, 8),
        prop::bool::weighted(0.15),
    )
        .prop_map(|((zone, start), events, created, plan, is_far)| {
            let start = start.parse::<Timestamp>().unwrap().as_micros();
            let happening = |(user, tick, name, minor)| Happening {
                user,
                time: start + move_far(tick, is_far) * TICK,
                name,
                minor,
            };
            let events = events.into_iter().map(happening).collect();
            let created = created.into_iter().map(|tick| tick.map(|tick| start + tick * TICK)).collect();
            World { zone, start, events, created, plan }
        })
}

/// An instant of evaluation: often in the midst of things, sometimes long after or before.
pub(crate) fn as_of_ticks() -> impl Strategy<Value = i64> {
    prop_oneof![12 => 0i64..DAY_TICKS * 45, 1 => Just(DAY_TICKS * 800), 2 => ticks(), 1 => Just(-1i64)]
}

/// Kinds of events, for one user's events to be told apart by.
pub(crate) fn patterns() -> impl Strategy<Value = EventPattern> {
    prop::sample::select(vec![
        EventPattern::default(),
        EventPattern::new(["order"]),
        EventPattern::new(["view", "order"]),
        EventPattern::new(["never"]),
        EventPattern::default().filter(Filter::property(AMOUNT, Test::Known)),
        EventPattern::new(["order", "open"]).filter(Filter::Not(Box::new(Filter::property(AMOUNT, Test::Known)))),
    ])
}

/// Whether an event is of the kind: the six of [`patterns`] from scratch.
pub(crate) fn matches(pattern: &EventPattern, event: &Happening) -> bool {
    let named = pattern.events.is_empty() || pattern.events.iter().any(|name| name == event.name);
    named
        && match &pattern.filter {
            None => true,
            Some(Filter::Not(_)) => event.minor.is_none(),
            Some(_) => event.minor.is_some(),
        }
}

impl World {
    pub(crate) fn as_of(&self, ticks: i64) -> Timestamp {
        Timestamp::from_micros(self.start + ticks * TICK)
    }

    /// The log of those users that `keep` keeps.
    pub(crate) fn log_of(&self, keep: impl Fn(i64) -> bool) -> EventLog {
        let schema = EventSchema {
            zone: self.zone.parse().unwrap(),
            events: ["view", "order", "open", "never"].map(String::from).to_vec(),
            attributes: [
                ("created_at", ValueType::Time),
                ("created_on", ValueType::Date),
                ("plan", ValueType::Text),
                ("level", ValueType::Integer),
            ]
            .map(|(name, value_type)| Field { name: name.into(), value_type })
            .to_vec(),
            ..EventSchema::default()
        };
        let event = |event: &Happening| {
            let built = Event::new(event.user, Timestamp::from_micros(event.time), event.name);
            match event.minor {
                Some(minor) => built.with_amount(Money::from_minor(minor)),
                None => built,
            }
        };
        let events: Vec<Event> = self.events.iter().filter(|event| keep(event.user)).map(event).collect();
        let log = EventLog::from_events(schema.clone(), &events).unwrap().0;
        let known = |user: &usize| keep(*user as i64);
        let users: Vec<usize> = (0..8).filter(known).filter(|user| self.is_known(*user)).collect();
        let mut batch = RawBatch::new("users", users.len());
        let local =
            |micros: i64| Calendar::new(log.zone(), Timestamp::MIN, Timestamp::MIN).day(Timestamp::from_micros(micros));
        let created = |user: &usize| self.created[*user];
        batch.push("user", RawColumn::values(users.iter().map(|user| Some(RawValue::Integer(*user as i64)))));
        let times = users.iter().map(|user| created(user).map(|at| RawValue::from(Timestamp::from_micros(at))));
        batch.push("created_at", RawColumn::values(times));
        let days = users.iter().map(|user| created(user).map(|at| RawValue::Date(local(at).0)));
        batch.push("created_on", RawColumn::values(days));
        batch.push("plan", RawColumn::values(users.iter().map(|user| self.plan[*user].map(RawValue::Text))));
        batch
            .push("level", RawColumn::values(users.iter().map(|user| Some(RawValue::Integer(level_of(*user as i64))))));
        let mut ingest = Ingest::new(schema, Mapping::new("user", "time").event("event")).unwrap();
        ingest.push_attributes(&batch, &AttributeMapping::new("user")).unwrap();
        log.merge(&ingest.finish().unwrap().0).unwrap()
    }

    /// The log of everybody.
    pub(crate) fn log(&self) -> EventLog {
        self.log_of(|_| true)
    }

    /// Users 6 and 7 have no events; the last is not known at all.
    fn is_known(&self, user: usize) -> bool {
        user < 7
    }

    /// Each known user's events that have happened at `as_of`, in order of time, then arrival.
    pub(crate) fn by_user(&self, as_of: Timestamp) -> BTreeMap<i64, Vec<Happening>> {
        let mut users: BTreeMap<i64, Vec<Happening>> = (0..7).map(|user| (user, Vec::new())).collect();
        for event in self.events.iter().filter(|event| event.time <= as_of.as_micros()) {
            users.entry(event.user).or_default().push(event.clone());
        }
        users.values_mut().for_each(|events| events.sort_by_key(|event| event.time));
        users
    }

    /// The same events, in which those at different instants arrive in the opposite order.
    pub(crate) fn arriving_backwards(&self) -> Self {
        let mut events = self.events.clone();
        events.sort_by_key(|event| std::cmp::Reverse(event.time));
        Self { events, ..self.clone() }
    }

    /// A calendar without the speed of one that knows its instants.
    pub(crate) fn calendar(&self) -> Calendar {
        Calendar::new(
            self.zone.parse().unwrap(),
            Timestamp::from_micros(self.start),
            Timestamp::from_micros(self.start),
        )
    }
}

/// The number of the day that the clock shows.
pub(crate) fn day_of(calendar: &Calendar, micros: i64) -> Day {
    calendar.day(Timestamp::from_micros(micros))
}

/// Runs the same in pools of one and of three threads.
pub(crate) fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

/// What level a user is of: 9, 10 or 11.
pub(crate) fn level_of(user: i64) -> i64 {
    9 + user % 3
}

/// Days as microseconds.
pub(crate) fn days(count: i64) -> i64 {
    count * MICROS_PER_DAY
}
