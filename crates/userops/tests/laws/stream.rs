//! Small random logs that are hard on kernels, beside the same events as plain data.

use proptest::prelude::*;
use userops::event::{EventSchema, Field};
use userops::ingest::{AttributeMapping, Ingest, Mapping, PropertyMapping, RawBatch, RawColumn, RawValue};
use userops::log::EventLog;
use userops::rule::{EventPattern, Filter, Test};
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp};
use userops::value::ValueType;

/// Midnight of 2010-10-30 UTC; on 7 November the clock of St. John's goes back across midnight.
pub(crate) const START: i64 = 1_288_396_800 * 1_000_000;
pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const NAMES: [&str; 5] = ["ad", "mail", "order", "search", "view"];
pub(crate) const CHANNELS: [&str; 3] = ["direct", "email", "search"];
pub(crate) const CITIES: [&str; 3] = ["北京", "上海", "广州"];
/// All of them are in every log, with or without events.
pub(crate) const USERS: i64 = 6;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Deed {
    pub(crate) user: i64,
    pub(crate) time: i64,
    pub(crate) name: &'static str,
    pub(crate) amount: Option<i64>,
    pub(crate) channel: Option<&'static str>,
    pub(crate) level: Option<i64>,
}

/// Events in order of arrival, and what is known of the users.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) deeds: Vec<Deed>,
    pub(crate) zone: &'static str,
    pub(crate) cities: Vec<Option<&'static str>>,
    pub(crate) as_of: i64,
}

impl Stream {
    pub(crate) fn as_of(&self) -> Timestamp {
        Timestamp::from_micros(self.as_of)
    }

    pub(crate) fn log(&self) -> EventLog {
        self.log_of(&(0..USERS).collect::<Vec<_>>())
    }

    /// The log of some of the users.
    pub(crate) fn log_of(&self, users: &[i64]) -> EventLog {
        let deeds: Vec<&Deed> = self.deeds.iter().filter(|deed| users.contains(&deed.user)).collect();
        let field = |name: &str, value_type| Field { name: name.into(), value_type };
        let schema = EventSchema {
            zone: self.zone.parse().unwrap(),
            events: NAMES.map(str::to_owned).to_vec(),
            properties: vec![field("channel", ValueType::Text), field("level", ValueType::Integer)],
            attributes: vec![field("city", ValueType::Text)],
            ..EventSchema::default()
        };
        let mapping = Mapping::new("user", "time")
            .event("event")
            .minor_amount("amount")
            .property(PropertyMapping::column("channel"))
            .property(PropertyMapping::column("level"));
        let mut batch = RawBatch::new("events", deeds.len());
        let text = |value: Option<&'static str>| value.map(RawValue::Text);
        let integer = |value: Option<i64>| value.map(RawValue::Integer);
        batch.push("user", RawColumn::values(deeds.iter().map(|deed| integer(Some(deed.user)))));
        let times = deeds.iter().map(|deed| Some(Timestamp::from_micros(deed.time).into()));
        batch.push("time", RawColumn::values(times));
        batch.push("event", RawColumn::values(deeds.iter().map(|deed| text(Some(deed.name)))));
        batch.push("amount", RawColumn::values(deeds.iter().map(|deed| integer(deed.amount))));
        batch.push("channel", RawColumn::values(deeds.iter().map(|deed| text(deed.channel))));
        batch.push("level", RawColumn::values(deeds.iter().map(|deed| integer(deed.level))));
        let mut ingest = Ingest::new(schema, mapping).unwrap();
        ingest.push(&batch).unwrap();
        let mut table = RawBatch::new("users", users.len());
        table.push("user", RawColumn::values(users.iter().map(|user| integer(Some(*user)))));
        table.push("city", RawColumn::values(users.iter().map(|user| text(self.cities[*user as usize]))));
        ingest.push_attributes(&table, &AttributeMapping::new("user")).unwrap();
        let (log, report) = ingest.finish().unwrap();
        assert_eq!((report.rejected, log.event_count(), log.user_count()), (0, deeds.len(), users.len()), "{report:?}");
        log
    }

    /// What has happened, user by user, in order of time and arrival.
    pub(crate) fn by_user(&self) -> Vec<Vec<Deed>> {
        let mut users = vec![Vec::new(); USERS as usize];
        for deed in self.deeds.iter().filter(|deed| deed.time <= self.as_of) {
            users[deed.user as usize].push(*deed);
        }
        users.iter_mut().for_each(|deeds: &mut Vec<Deed>| deeds.sort_by_key(|deed| deed.time));
        users
    }

    /// The same events arriving in another order, except that those of a user at one instant keep theirs.
    pub(crate) fn rearranged(&self) -> Self {
        let mut deeds = self.deeds.clone();
        deeds.sort_by_key(|deed| (deed.time % 7, deed.user, deed.time));
        deeds.reverse();
        // Reversed as a whole, events at one instant are backwards.
        let mut same = deeds.clone();
        same.sort_by_key(|deed| (deed.user, deed.time));
        let mut runs: Vec<Vec<Deed>> = same
            .chunk_by(|a, b| (a.user, a.time) == (b.user, b.time))
            .map(|run| run.iter().rev().copied().collect())
            .collect();
        runs.sort_by_key(|run| std::cmp::Reverse((run[0].time % 7, run[0].user, run[0].time)));
        Self { deeds: runs.concat(), ..self.clone() }
    }
}

/// Times that tie, that lie minutes or days apart, around a change of clocks, and rarely most of a year away.
fn times() -> impl Strategy<Value = i64> {
    let minutes = (0i64..12).prop_map(|count| START + count * 10 * MINUTE);
    let half_hours = (0i64..48 * 12).prop_map(|count| START + count * 30 * MINUTE);
    let clocks = (0i64..12).prop_map(|count| START + 8 * MICROS_PER_DAY + count * MICROS_PER_HOUR / 2);
    let far = (280i64..282).prop_map(|days| START + days * MICROS_PER_DAY);
    prop_oneof![10 => minutes, 10 => half_hours, 4 => clocks, 1 => far]
}

fn deeds() -> impl Strategy<Value = Deed> {
    let channel = prop::option::weighted(0.8, prop::sample::select(CHANNELS.to_vec()));
    let amount = prop::option::weighted(0.7, prop_oneof![Just(0i64), 1i64..500, -50i64..0]);
    let level = prop::option::weighted(0.7, 0i64..4);
    (0..USERS - 1, times(), prop::sample::select(NAMES.to_vec()), amount, channel, level)
        .prop_map(|(user, time, name, amount, channel, level)| Deed { user, time, name, amount, channel, level })
}

/// Up to 45 events of up to five users; a sixth has none.
pub(crate) fn streams() -> impl Strategy<Value = Stream> {
    let city = prop::option::weighted(0.8, prop::sample::select(CITIES.to_vec()));
    let zones = prop::sample::select(vec!["UTC", "America/St_Johns", "Asia/Shanghai"]);
    let sizes = prop_oneof![1 => 0usize..3, 6 => 3usize..45];
    (
        sizes.prop_flat_map(|size| prop::collection::vec(deeds(), size)),
        zones,
        prop::collection::vec(city, USERS as usize),
        prop_oneof![times(), Just(START + 400 * MICROS_PER_DAY)],
    )
        .prop_map(|(deeds, zone, cities, as_of)| Stream { deeds, zone, cities, as_of })
}

/// Patterns of names, of every event, and with a filter.
pub(crate) fn patterns() -> impl Strategy<Value = EventPattern> {
    let names = prop::collection::vec(prop::sample::select(NAMES.to_vec()), 0..3);
    let channel = prop::sample::select(CHANNELS.to_vec());
    let filter = prop_oneof![
        3 => Just(None),
        1 => channel.prop_map(|channel| Some(Filter::property("channel", Test::Eq(channel.into())))),
    ];
    (names, filter)
        .prop_map(|(names, filter)| EventPattern { events: names.into_iter().map(Into::into).collect(), filter })
}

/// Whether an event is of a pattern that [`patterns`] makes.
pub(crate) fn matches(pattern: &EventPattern, deed: &Deed) -> bool {
    let filter = match &pattern.filter {
        None => true,
        Some(Filter::Property { test: Test::Eq(value), .. }) => {
            deed.channel.is_some_and(|channel| *value == userops::value::Value::from(channel))
        }
        Some(other) => panic!("no such filter is made: {other:?}"),
    };
    filter && (pattern.events.is_empty() || pattern.events.iter().any(|name| name == deed.name))
}

/// The answer with one, two and five threads, which must agree.
pub(crate) fn with_threads<T: PartialEq + std::fmt::Debug + Send>(answer: impl Fn() -> T + Sync) -> T {
    let [one, two, five] = [1, 2, 5].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(&answer)
    });
    assert_eq!(one, two);
    assert_eq!(one, five);
    one
}
