//! The log equals a sorted list of events, whatever way it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema, Field, Limits, NAMES_MAX, ROWS_MAX};
use userops::id::{UserId, UserIx};
use userops::ingest::{
    AttributeMapping, ChunkBuilder, Ingest, IngestReport, Mapping, PropertyMapping, RawBatch, RawColumn, RawData,
    RawValue,
};
use userops::log::EventLog;
use userops::money::Money;
use userops::time::{Day, Timestamp};
use userops::value::{Value, ValueType};

/// Every property that a generated event may have: one of each type, from always known to hardly ever.
const PROPERTIES: [(&str, ValueType); 6] = [
    ("born", ValueType::Date),
    ("count", ValueType::Integer),
    ("flag", ValueType::Bool),
    ("label", ValueType::Text),
    ("ratio", ValueType::Float),
    ("seen", ValueType::Time),
];
const TEXT_USERS: [&str; 8] = ["", "a", "A", "a ", "ab", "中文", "a\u{0}", "9"];
const NAMES: [&str; 5] = ["view", "order_paid", "", "下单", "View"];
const TEXTS: [&str; 6] = ["", "red", "Red", "é", "e\u{301}", "a text of more than eight bytes"];
const INTEGER_USERS: [[i64; 6]; 4] = [
    [1, 2, 3, 4, 5, 6],
    [-3, -1, 0, 1, 64, 65],
    [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX],
    [-9_000_000_000, 7, 1 << 21, 1 << 40, (1 << 40) + 1, 12],
];

fn schema() -> EventSchema {
    let properties = PROPERTIES.map(|(name, value_type)| Field { name: name.to_owned(), value_type });
    EventSchema { properties: properties.to_vec(), ..EventSchema::default() }
}

fn arbitrary_properties() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let known = |share: f64| prop::bool::weighted(share);
    (
        (known(0.5), -800_000i32..800_000),
        (known(0.9), any::<i64>()),
        (known(1.0), any::<bool>()),
        (known(0.7), prop::sample::select(&TEXTS[..])),
        (known(0.1), -1e300f64..1e300),
        (known(0.02), 0i64..1_000),
    )
        .prop_map(|(born, count, flag, label, ratio, seen)| {
            let mut properties = BTreeMap::new();
            let mut put = |known: bool, name: &str, value: Value| {
                if known {
                    properties.insert(name.to_owned(), value);
                }
            };
            put(born.0, "born", Day(born.1.clamp(-700_000, 700_000)).into());
            put(count.0, "count", count.1.into());
            put(flag.0, "flag", flag.1.into());
            put(label.0, "label", label.1.into());
            put(ratio.0, "ratio", ratio.1.into());
            put(seen.0, "seen", Timestamp::from_micros(seen.1).into());
            properties
        })
}

fn arbitrary_event(pool: usize) -> impl Strategy<Value = Event> {
    let user = (0..8usize).prop_map(move |index| match INTEGER_USERS.get(pool) {
        Some(ids) => UserId::from(ids[index % ids.len()]),
        None => UserId::from(TEXT_USERS[index]),
    });
    let amount = prop::option::weighted(0.6, -1_000_000i64..1_000_000);
    let id = prop::option::weighted(0.5, prop_oneof![Just(String::new()), "[ab]{1,2}", "[a-z]{3}"]);
    (user, -3i64..12, 0..NAMES.len(), amount, id, arbitrary_properties()).prop_map(
        |(user, time, name, amount, id, properties)| Event {
            user,
            time: Timestamp::from_micros(time * 1_000_000),
            name: NAMES[name].to_owned(),
            amount: amount.map(Money::from_minor),
            id,
            properties,
        },
    )
}

/// Few users, many ties, doubled and conflicting ids, empty and odd texts, values missing; ids of one type per list.
fn arbitrary_events(max: usize) -> impl Strategy<Value = Vec<Event>> {
    (0..=INTEGER_USERS.len()).prop_flat_map(move |pool| prop::collection::vec(arbitrary_event(pool), 0..=max))
}

/// What the log must hold, by brute force.
#[derive(Debug, Default)]
struct Oracle {
    users: BTreeMap<UserId, Vec<Event>>,
    accepted: u64,
    duplicate: u64,
    conflicting: u64,
    rejected: u64,
}

fn oracle(events: &[Event]) -> Oracle {
    let mut oracle = Oracle::default();
    let mut by_id: BTreeMap<String, Event> = BTreeMap::new();
    for event in events {
        if event.name.is_empty() || event.user == UserId::from("") {
            oracle.rejected += 1;
            continue;
        }
        let mut event = event.clone();
        event.id = event.id.filter(|id| !id.is_empty());
        if let Some(id) = &event.id {
            if let Some(first) = by_id.get(id) {
                let of = |event: &Event| (event.user.clone(), event.time, event.name.clone(), event.amount);
                oracle.duplicate += 1;
                oracle.conflicting += u64::from(of(first) != of(&event));
                continue;
            }
            by_id.insert(id.clone(), event.clone());
        }
        oracle.accepted += 1;
        oracle.users.entry(event.user.clone()).or_default().push(event);
    }
    oracle.users.values_mut().for_each(|events| events.sort_by_key(|event| event.time));
    oracle
}

fn mapping() -> Mapping {
    let mapping = Mapping::new("user", "time").event("name").minor_amount("amount").id("id");
    PROPERTIES.iter().fold(mapping, |mapping, (name, _)| mapping.property(PropertyMapping::column(*name)))
}

/// The events as a batch whose first row is numbered `first_row`.
fn batch(events: &[Event], first_row: usize) -> RawBatch<'_> {
    let mut batch = RawBatch::new("events", events.len()).starting_at(first_row as u64);
    if events.iter().any(|event| matches!(event.user, UserId::Text(_))) {
        batch.push("user", RawColumn::values(events.iter().map(|event| Some(event.user.as_ref().into()))));
    } else {
        let ids = events.iter().map(|event| if let UserId::Integer(id) = event.user { id } else { 0 });
        batch.push("user", RawColumn::new(RawData::Integer(ids.collect())));
    }
    batch.push("time", RawColumn::values(events.iter().map(|event| Some(event.time.into()))));
    batch.push("name", RawColumn::new(RawData::Text(events.iter().map(|event| event.name.as_str()).collect())));
    let amounts = events.iter().map(|event| event.amount.map(|amount| RawValue::Integer(amount.minor())));
    batch.push("amount", RawColumn::values(amounts));
    batch.push("id", RawColumn::values(events.iter().map(|event| event.id.as_deref().map(RawValue::Text))));
    for (name, _) in PROPERTIES {
        let values = events.iter().map(|event| Some(event.properties.get(name)?.as_ref().into()));
        batch.push(name, RawColumn::values(values));
    }
    batch
}

/// The events cut at these places; a cut past the end counts modulo the length.
fn cut<'a>(events: &'a [Event], cuts: &[usize]) -> Vec<(usize, &'a [Event])> {
    let places: BTreeSet<usize> = cuts.iter().map(|cut| cut % (events.len() + 1)).chain([0, events.len()]).collect();
    let places: Vec<usize> = places.into_iter().collect();
    places.windows(2).map(|ends| (ends[0], &events[ends[0]..ends[1]])).collect()
}

fn id_type(events: &[Event]) -> userops::ingest::UserIdType {
    match events.first().map(|event| &event.user) {
        Some(UserId::Text(_)) => userops::ingest::UserIdType::Text,
        _ => userops::ingest::UserIdType::Integer,
    }
}

fn ingest_whole(events: &[Event]) -> (EventLog, IngestReport) {
    let mut ingest = Ingest::new(schema(), mapping().user_type(id_type(events))).unwrap();
    ingest.push(&batch(events, 1)).unwrap();
    ingest.finish().unwrap()
}

fn log_of(events: &[Event]) -> EventLog {
    EventLog::from_events(schema(), events).unwrap().0
}

/// Everything that a log says of itself agrees with everything else it says.
fn validate(log: &EventLog) {
    let offsets = log.offsets();
    assert_eq!(offsets.len(), log.user_count() + 1);
    assert_eq!((offsets[0], *offsets.last().unwrap()), (0, log.event_count() as u64));
    assert!(offsets.is_sorted());
    assert_eq!(log.is_empty(), log.event_count() == 0);
    assert_eq!(log.time_micros().len(), log.event_count());
    assert_eq!(log.name_codes().len(), log.event_count());
    assert_eq!(log.amount_minor().len(), log.event_count());
    assert!(log.names().iter().is_sorted_by(|a, b| a < b));
    assert!(log.users().iter().is_sorted_by(|a, b| a < b));
    let used: BTreeSet<u16> = log.name_codes().iter().copied().collect();
    assert!(used.into_iter().eq(0..log.names().len() as u16), "every name is some event's");
    let names: Vec<&str> = log.properties().map(|(name, _)| name).collect();
    assert!(names.is_sorted_by(|a, b| a < b));
    for (name, column) in log.properties() {
        assert_eq!(column.len(), log.event_count());
        assert_eq!(log.property(name).unwrap(), column);
        if let userops::column::Column::Text(texts) = column {
            assert_eq!(log.text_property(name).unwrap(), texts);
            let used: BTreeSet<u32> = texts.codes.iter().flatten().collect();
            assert!(used.into_iter().eq(0..texts.dictionary.len() as u32), "every text is some event's");
        } else {
            assert_eq!(log.text_property(name).unwrap_err().kind(), ErrorKind::TypeMismatch);
        }
    }
    for (_, column) in log.attributes().columns() {
        assert_eq!(column.len(), log.user_count());
    }
    for (index, events) in log.iter().enumerate() {
        let user = UserIx(index as u32);
        assert_eq!(events.user(), user);
        assert_eq!(log.rows(user), events.rows());
        assert_eq!(log.users().find(events.user_id().unwrap()), Some(user));
        assert_eq!(log.users().find_text(&events.user_id().unwrap().to_string()), Some(user));
        assert!(events.time_micros().is_sorted());
    }
    let stranger = UserIx(log.user_count() as u32);
    assert_eq!(log.rows(stranger), 0..0);
    assert!(log.events_of(stranger).is_empty() && log.events_of(UserIx(u32::MAX)).user_id().is_none());
    assert_eq!(log.event_id(log.event_count()), None);
}

/// The same content, the schema aside.
fn assert_holds(log: &EventLog, users: &BTreeMap<UserId, Vec<Event>>) {
    validate(log);
    let ids: Vec<UserId> = log.users().iter().map(userops::id::UserIdRef::to_owned).collect();
    assert_eq!(ids, users.keys().cloned().collect::<Vec<_>>());
    for (events, expected) in log.iter().zip(users.values()) {
        assert_eq!(&events.iter().collect::<Vec<_>>(), expected);
    }
    let instants = || users.values().flatten().map(|event| event.time);
    assert_eq!(log.time_span(), instants().min().zip(instants().max()));
    let amounts = users.values().flatten().filter_map(|event| event.amount);
    assert_eq!(log.amount_total().minor(), amounts.map(Money::minor).sum::<i64>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_log_is_the_sorted_list_of_events(events in arbitrary_events(40)) {
        let oracle = oracle(&events);
        for (log, report) in [EventLog::from_events(schema(), &events).unwrap(), ingest_whole(&events)] {
            assert_holds(&log, &oracle.users);
            prop_assert_eq!(report.read, events.len() as u64);
            prop_assert_eq!(report.accepted, oracle.accepted);
            prop_assert_eq!(report.duplicate, oracle.duplicate);
            prop_assert_eq!(report.conflicting, oracle.conflicting);
            prop_assert_eq!(report.rejected, oracle.rejected);
            prop_assert_eq!(report.rejections.len() as u64, oracle.rejected);
        }
    }

    #[test]
    fn types_that_no_schema_declares_are_those_of_the_values(events in arbitrary_events(12)) {
        let undeclared = EventLog::from_events(EventSchema::default(), &events).unwrap().0;
        assert_holds(&undeclared, &oracle(&events).users);
        for (name, column) in undeclared.properties() {
            let declared = PROPERTIES.iter().find(|(known, _)| *known == name).unwrap().1;
            prop_assert_eq!(column.value_type(), declared);
        }
    }

    #[test]
    fn content_does_not_depend_on_how_it_was_batched(
        events in arbitrary_events(40),
        batches in prop::collection::vec(any::<usize>(), 0..6),
        chunks in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let whole = ingest_whole(&events);
        let user_type = id_type(&events);

        let mut batched = Ingest::new(schema(), mapping().user_type(user_type)).unwrap();
        for (start, part) in cut(&events, &batches) {
            batched.push(&batch(part, start + 1)).unwrap();
        }
        // Without a batch there is no plan, and so no property.
        if events.is_empty() {
            batched.push(&batch(&events, 1)).unwrap();
        }
        let batched = batched.finish().unwrap();
        prop_assert_eq!(&batched.0, &whole.0);
        prop_assert_eq!(&batched.1, &whole.1);

        let mut chunked = Ingest::new(schema(), mapping().user_type(user_type)).unwrap();
        let plan = chunked.plan(&batch(&events, 1)).unwrap();
        for (chunk_start, part) in cut(&events, &chunks) {
            let mut builder = ChunkBuilder::new(Arc::clone(&plan));
            for (start, part) in cut(part, &batches) {
                builder.push(&batch(part, chunk_start + start + 1)).unwrap();
            }
            prop_assert_eq!(builder.row_count(), part.len());
            chunked.append(builder.finish()).unwrap();
        }
        let chunked = chunked.finish().unwrap();
        prop_assert_eq!(&chunked.0, &whole.0);
        if !events.is_empty() {
            prop_assert_eq!(&chunked.1, &whole.1);
        }
    }

    #[test]
    fn arrival_order_does_not_matter_but_for_ties(
        (sorted, shuffled) in arbitrary_events(40).prop_flat_map(|events| {
            // Distinct instants, and ids that nobody shares: nothing is left for arrival to decide.
            let distinct: Vec<Event> = events
                .into_iter()
                .enumerate()
                .map(|(index, event)| Event {
                    time: Timestamp::from_micros(event.time.as_micros() + index as i64),
                    id: event.id.filter(|id| !id.is_empty()).map(|id| format!("{id}{index}")),
                    ..event
                })
                .collect();
            (Just(distinct.clone()), Just(distinct).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(log_of(&sorted), log_of(&shuffled));
    }

    #[test]
    fn ties_keep_their_order_of_arrival(names in prop::collection::vec(0..NAMES.len(), 0..30)) {
        let events: Vec<Event> =
            names.iter().map(|name| Event::new(1, Timestamp::from_micros(5), NAMES[*name])).collect();
        let log = log_of(&events);
        let arrived: Vec<&str> = names.iter().map(|name| NAMES[*name]).filter(|name| !name.is_empty()).collect();
        let kept: Vec<&str> = log.name_codes().iter().map(|code| log.names().get(u32::from(*code)).unwrap()).collect();
        prop_assert_eq!(kept, arrived);
    }

    #[test]
    fn merge_of_parts_is_the_whole(
        events in arbitrary_events(40),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let whole = log_of(&events);
        let parts: Vec<EventLog> = cut(&events, &cuts).into_iter().map(|(_, part)| log_of(part)).collect();
        let empty = log_of(&[]);
        let from_left = parts.iter().fold(empty.clone(), |merged, part| merged.merge(part).unwrap());
        prop_assert_eq!(&from_left, &whole);
        let from_right = parts.iter().rev().fold(empty, |merged, part| part.merge(&merged).unwrap());
        prop_assert_eq!(&from_right, &whole);
    }

    #[test]
    fn merging_with_an_empty_log_changes_nothing(events in arbitrary_events(20)) {
        let log = log_of(&events);
        for empty in [log_of(&[]), EventLog::from_events(EventSchema::default(), &[]).unwrap().0] {
            prop_assert_eq!(&log.merge(&empty).unwrap(), &log);
            let merged = empty.merge(&log).unwrap();
            assert_holds(&merged, &oracle(&events).users);
            prop_assert_eq!(merged.schema(), log.schema(), "what either declares, both declare");
        }
    }

    #[test]
    fn merge_of_parts_is_the_whole_with_attributes_too(
        events in arbitrary_events(20),
        rows in prop::collection::vec((0usize..8, prop::option::of(0usize..6), prop::option::of(any::<i32>())), 0..12),
        event_cut in any::<usize>(),
        row_cut in any::<usize>(),
    ) {
        let user_of = |index: usize| match events.first().map(|event| &event.user) {
            Some(UserId::Text(_)) => UserId::from(TEXT_USERS[index]),
            _ => UserId::from(index as i64),
        };
        // A row says at least one thing of its user.
        let rows: Vec<(UserId, Option<&str>, i64)> = rows
            .iter()
            .map(|(user, city, score)| (user_of(*user), city.map(|city| TEXTS[city]), i64::from(score.unwrap_or(0))))
            .collect();
        let make = |events: &[Event], rows: &[(UserId, Option<&str>, i64)]| {
            let mut ingest = Ingest::new(schema(), mapping().user_type(id_type(&events_or(events, rows)))).unwrap();
            ingest.push(&batch(events, 1)).unwrap();
            let mut table = RawBatch::new("users", rows.len());
            table.push("user", RawColumn::values(rows.iter().map(|row| Some(row.0.as_ref().into()))));
            table.push("city", RawColumn::values(rows.iter().map(|row| row.1.map(RawValue::Text))));
            table.push("score", RawColumn::new(RawData::Integer(rows.iter().map(|row| row.2).collect())));
            ingest.push_attributes(&table, &AttributeMapping::new("user")).unwrap();
            ingest.finish().unwrap().0
        };
        let (before, after) = events.split_at(event_cut % (events.len() + 1));
        let (rows_before, rows_after) = rows.split_at(row_cut % (rows.len() + 1));
        let whole = make(&events, &rows);
        validate(&whole);
        prop_assert_eq!(make(before, rows_before).merge(&make(after, rows_after)).unwrap(), whole.clone());

        let mut known: BTreeMap<UserId, (Option<&str>, Option<i64>)> =
            oracle(&events).users.into_keys().map(|user| (user, (None, None))).collect();
        for (user, city, score) in rows.iter().filter(|(user, ..)| *user != UserId::from("")) {
            let known = known.entry(user.clone()).or_default();
            known.0 = city.or(known.0);
            known.1 = Some(*score);
        }
        prop_assert_eq!(whole.user_count(), known.len());
        for (id, (city, score)) in known {
            let user = whole.users().find(&id).unwrap();
            prop_assert_eq!(whole.attributes().get(user, "city"), city.map(userops::value::ValueRef::Text));
            prop_assert_eq!(whole.attributes().get(user, "score"), score.map(userops::value::ValueRef::Integer));
        }
    }

    #[test]
    fn thread_count_does_not_matter(
        events in arbitrary_events(40),
        cuts in prop::collection::vec(any::<usize>(), 0..7),
    ) {
        let make = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut ingest = Ingest::new(schema(), mapping().user_type(id_type(&events))).unwrap();
                let plan = ingest.plan(&batch(&events, 1)).unwrap();
                for (start, part) in cut(&events, &cuts) {
                    let mut builder = ChunkBuilder::new(Arc::clone(&plan));
                    builder.push(&batch(part, start + 1)).unwrap();
                    ingest.append(builder.finish()).unwrap();
                }
                ingest.finish().unwrap()
            })
        };
        let alone = make(1);
        for threads in [2, 5] {
            let (log, report) = make(threads);
            prop_assert_eq!(&log, &alone.0);
            prop_assert_eq!(&report, &alone.1);
        }
    }

    #[test]
    fn ranges_of_users_cover_all_users_in_order(events in arbitrary_events(60), parts in 0usize..12) {
        let log = log_of(&events);
        let ranges = log.user_ranges(parts);
        prop_assert!(ranges.len() <= parts.max(1));
        prop_assert!(ranges.iter().all(|range| !range.is_empty()));
        prop_assert!(ranges.into_iter().flatten().eq(0..log.user_count()));
    }

    #[test]
    fn the_future_is_not_there_yet(events in arbitrary_events(40), as_of in -5i64..14) {
        let as_of = Timestamp::from_micros(as_of * 1_000_000);
        let log = log_of(&events);
        let past: Vec<Event> = events.iter().filter(|event| event.time <= as_of).cloned().collect();
        let oracle = oracle(&events);
        for (user, all) in log.iter().zip(oracle.users.values()) {
            let visible = user.until(as_of);
            let expected: Vec<Event> = all.iter().filter(|event| event.time <= as_of).cloned().collect();
            prop_assert_eq!(visible.iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(visible.event(visible.len()), None);
            prop_assert_eq!(visible.until(as_of).len(), visible.len());
            prop_assert_eq!(visible.until(Timestamp::MAX).len(), visible.len(), "what is hidden stays hidden");
        }
        let unique = events.iter().all(|event| event.id.is_none());
        if unique {
            let counts: usize = log.iter().map(|user| user.until(as_of).len()).sum();
            prop_assert_eq!(counts, log_of(&past).event_count());
        }
    }

    #[test]
    fn a_person_finds_users_by_what_they_type(events in arbitrary_events(20), typed in "[-+ 0-9a]{0,3}") {
        let log = log_of(&events);
        let users = oracle(&events).users;
        let expected = users.keys().position(|id| match id {
            UserId::Integer(id) => typed.parse() == Ok(*id),
            UserId::Text(id) => **id == *typed,
        });
        prop_assert_eq!(log.users().find_text(&typed).map(UserIx::index), expected);
    }
}

/// Stand-ins from which the type of user ids is read where there is no event.
fn events_or(events: &[Event], rows: &[(UserId, Option<&str>, i64)]) -> Vec<Event> {
    let of_row = rows.iter().map(|row| Event::new(row.0.clone(), Timestamp::default(), "any"));
    events.iter().cloned().chain(of_row).collect()
}

/// A large log in typed columns, made from a seed without any library.
struct Large {
    users: Vec<i64>,
    time: Vec<i64>,
    names: Vec<u32>,
    amounts: Vec<i64>,
    sparse: Vec<Option<RawValue<'static>>>,
    half: Vec<Option<RawValue<'static>>>,
}

impl Large {
    fn new(rows: usize, user_of: impl Fn(u64) -> i64, is_sorted: bool, seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            // SplitMix64 (Steele, Lea and Flood 2014).
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let mut large = Self {
            users: Vec::new(),
            time: Vec::new(),
            names: Vec::new(),
            amounts: Vec::new(),
            sparse: Vec::new(),
            half: Vec::new(),
        };
        for row in 0..rows {
            large.users.push(user_of(next()));
            large.time.push(if is_sorted { row as i64 / 3 } else { (next() % 1_000) as i64 });
            large.names.push((next() % 3) as u32);
            large.amounts.push((next() % 10_000) as i64 - 5_000);
            large.sparse.push(next().is_multiple_of(100).then_some(RawValue::Float(row as f64)));
            large.half.push(next().is_multiple_of(2).then_some(RawValue::Text(TEXTS[row % TEXTS.len()])));
        }
        large
    }

    fn batch(&self, rows: std::ops::Range<usize>) -> RawBatch<'_> {
        let mut batch = RawBatch::new("large", rows.len());
        batch.push("user", RawColumn::new(RawData::Integer((&self.users[rows.clone()]).into())));
        batch.push("time", RawColumn::new(RawData::Integer((&self.time[rows.clone()]).into())));
        let names = ["a", "b", "c"];
        let codes = (&self.names[rows.clone()]).into();
        batch.push("event", RawColumn::new(RawData::Dictionary { codes, texts: names.to_vec().into() }));
        batch.push("amount", RawColumn::new(RawData::Integer((&self.amounts[rows.clone()]).into())));
        batch.push("sparse", RawColumn::values(self.sparse[rows.clone()].iter().copied()));
        batch.push("half", RawColumn::values(self.half[rows].iter().copied()));
        batch
    }

    fn log(&self, chunk_rows: usize) -> EventLog {
        let mapping = Mapping::new("user", "time")
            .time_format(userops::time::TimeFormat::EpochMicros)
            .minor_amount("amount")
            .property(PropertyMapping::column("sparse").typed(ValueType::Float))
            .property(PropertyMapping::column("half").typed(ValueType::Text));
        let mut ingest = Ingest::new(EventSchema::default(), mapping).unwrap();
        let rows = self.users.len();
        let plan = ingest.plan(&self.batch(0..1)).unwrap();
        for start in (0..rows).step_by(chunk_rows) {
            let mut builder = ChunkBuilder::new(Arc::clone(&plan));
            builder.push(&self.batch(start..rows.min(start + chunk_rows))).unwrap();
            ingest.append(builder.finish()).unwrap();
        }
        ingest.finish().unwrap().0
    }

    fn assert_holds(&self, log: &EventLog) {
        validate(log);
        let mut order: Vec<usize> = (0..self.users.len()).collect();
        order.sort_by_key(|row| (self.users[*row], self.time[*row]));
        let users: BTreeSet<i64> = self.users.iter().copied().collect();
        assert!(log.users().integers().unwrap().iter().eq(&users));
        let half = log.text_property("half").unwrap();
        let sparse: Vec<_> = order.iter().map(|row| self.sparse[*row]).collect();
        let userops::column::Column::Float(sparse_column) = log.property("sparse").unwrap() else { panic!("floats") };
        assert!(sparse_column.iter().map(|value| value.map(RawValue::Float)).eq(sparse));
        let mut user_rows = log.offsets().windows(2).zip(log.users().integers().unwrap());
        let mut current = user_rows.next().unwrap();
        for (row, &arrival) in order.iter().enumerate() {
            while row as u64 >= current.0[1] {
                current = user_rows.next().unwrap();
            }
            assert_eq!(*current.1, self.users[arrival]);
            assert_eq!(log.time_micros()[row], self.time[arrival]);
            assert_eq!(u32::from(log.name_codes()[row]), self.names[arrival]);
            assert_eq!(log.amount_minor().get(row), Some(self.amounts[arrival]));
            assert_eq!(half.get(row).map(RawValue::Text), self.half[arrival]);
        }
    }
}

#[test]
fn logs_beyond_one_block_of_rows_equal_a_stable_sort() {
    let close = |random: u64| (random % 5_000) as i64 - 100;
    let one = |_: u64| 42;
    let far = |random: u64| (random % 3_000).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64;
    let block = 1 << 16;
    for (rows, user_of, is_sorted, chunk_rows) in [
        (block - 1, &close as &dyn Fn(u64) -> i64, false, block),
        (block, &one, true, 20_000),
        (block + 1, &far, false, 30_000),
        (2 * block + 17, &close, false, 50_000),
    ] {
        let large = Large::new(rows, user_of, is_sorted, rows as u64);
        large.assert_holds(&large.log(chunk_rows));
    }
}

#[test]
fn integer_ids_of_any_distance_are_sorted_and_found() {
    let at = Timestamp::from_micros(0);
    for ids in [
        vec![i64::MIN, i64::MAX],
        vec![i64::MIN],
        vec![i64::MAX],
        vec![0, (1 << 20) - 1],
        vec![0, 1 << 20],
        vec![-(1 << 20), 0, 1],
        vec![i64::MAX - 63, i64::MAX - 64, i64::MAX],
        vec![i64::MIN, i64::MIN + 64, i64::MIN + 63],
    ] {
        let events: Vec<Event> = ids.iter().rev().chain(&ids).map(|id| Event::new(*id, at, "view")).collect();
        let log = log_of(&events);
        validate(&log);
        let sorted: BTreeSet<i64> = ids.iter().copied().collect();
        assert!(log.users().integers().unwrap().iter().eq(&sorted), "{ids:?}");
        assert!(log.iter().all(|user| user.len() == 2), "{ids:?}");
        assert_eq!(log.users().find(12), None);
    }
}

fn refused<T: std::fmt::Debug>(result: userops::error::Result<T>, kind: ErrorKind, parts: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{error} does not name {part}");
    }
}

fn limited(limits: Limits) -> EventSchema {
    EventSchema { limits, ..EventSchema::default() }
}

fn orders(users: impl IntoIterator<Item = i64>) -> Vec<Event> {
    users.into_iter().map(|user| Event::new(user, Timestamp::from_micros(user), format!("name {user}"))).collect()
}

#[test]
fn what_exceeds_a_limit_is_refused_by_name() {
    let defaults = Limits::default();
    let of = |limits: Limits, events: &[Event]| EventLog::from_events(limited(limits), events).map(|(log, _)| log);
    let three = orders(0..3);
    refused(of(Limits { rows_max: 2, ..defaults }, &three), ErrorKind::LimitExceeded, &["3 events", "rows_max = 2"]);
    refused(of(Limits { users_max: 2, ..defaults }, &three), ErrorKind::LimitExceeded, &["3 users", "users_max = 2"]);
    refused(
        of(Limits { names_max: 2, ..defaults }, &three),
        ErrorKind::LimitExceeded,
        &["3 event names", "names_max = 2"],
    );
    let exact = Limits { rows_max: 3, users_max: 3, names_max: 3, ..defaults };
    assert_eq!(of(exact, &three).unwrap().event_count(), 3);

    let texts: Vec<Event> = three.iter().map(|event| event.clone().with_property("p", event.name.as_str())).collect();
    refused(
        of(Limits { texts_max: 2, ..defaults }, &texts),
        ErrorKind::LimitExceeded,
        &["3 distinct texts", "\"p\"", "texts_max = 2"],
    );
    let bad: Vec<Event> = three.iter().map(|event| Event { name: String::new(), ..event.clone() }).collect();
    refused(
        of(Limits { rejections_max: 2, ..defaults }, &bad),
        ErrorKind::LimitExceeded,
        &["3 rejected rows", "rejections_max = 2", "row 1, event: the value is missing"],
    );

    // Duplicates do not count against the limit of rows, and names of what is left out do not count either.
    let doubled: Vec<Event> = orders([1, 1, 1]).into_iter().map(|event| event.with_id("x")).collect();
    assert_eq!(of(Limits { rows_max: 1, ..defaults }, &doubled).unwrap().event_count(), 1);
}

#[test]
fn limits_hold_for_parts_together_and_for_merges() {
    let defaults = Limits::default();
    let in_parts = |limits: Limits| {
        let mapping = Mapping::new("user", "time").event("name").property(PropertyMapping::column("name").named("p"));
        let mut ingest = Ingest::new(limited(limits), mapping)?;
        let events = orders(0..4);
        let plan = ingest.plan(&batch(&events, 1))?;
        for part in events.chunks(2) {
            let mut builder = ChunkBuilder::new(Arc::clone(&plan));
            builder.push(&batch(part, 1))?;
            ingest.append(builder.finish())?;
        }
        ingest.finish()
    };
    refused(in_parts(Limits { names_max: 3, ..defaults }), ErrorKind::LimitExceeded, &["names_max = 3"]);
    refused(in_parts(Limits { texts_max: 3, ..defaults }), ErrorKind::LimitExceeded, &["texts_max = 3", "\"p\""]);
    refused(in_parts(Limits { rows_max: 3, ..defaults }), ErrorKind::LimitExceeded, &["rows_max = 3"]);
    refused(in_parts(Limits { users_max: 3, ..defaults }), ErrorKind::LimitExceeded, &["users_max = 3"]);

    let log =
        |limits: Limits, users: std::ops::Range<i64>| EventLog::from_events(limited(limits), &orders(users)).unwrap().0;
    for (limits, name) in [
        (Limits { rows_max: 3, ..defaults }, "rows_max = 3"),
        (Limits { users_max: 3, ..defaults }, "users_max = 3"),
        (Limits { names_max: 3, ..defaults }, "names_max = 3"),
    ] {
        refused(log(limits, 0..2).merge(&log(limits, 2..4)), ErrorKind::LimitExceeded, &[name]);
    }
}

#[test]
fn amounts_that_could_overflow_are_refused() {
    let with = |amounts: &[i64]| {
        let events: Vec<Event> = amounts
            .iter()
            .map(|minor| Event::new(1, Timestamp::from_micros(0), "order").with_amount(Money::from_minor(*minor)))
            .collect();
        EventLog::from_events(EventSchema::default(), &events).map(|(log, _)| log)
    };
    assert_eq!(with(&[i64::MAX]).unwrap().amount_total().minor(), i64::MAX);
    assert_eq!(with(&[-i64::MAX]).unwrap().amount_total().minor(), -i64::MAX);
    for amounts in [&[i64::MAX, 1][..], &[i64::MAX, -1], &[i64::MIN]] {
        refused(with(amounts), ErrorKind::LimitExceeded, &["add up to", "9223372036854775807"]);
    }
    let half = with(&[i64::MAX / 2 + 1]).unwrap();
    refused(half.merge(&half), ErrorKind::LimitExceeded, &["add up to"]);
}

#[test]
fn a_limit_above_the_library_s_own_is_refused() {
    let defaults = Limits::default();
    for (limits, name) in [
        (Limits { rows_max: ROWS_MAX + 1, ..defaults }, "rows_max"),
        (Limits { users_max: u64::MAX, ..defaults }, "users_max"),
        (Limits { names_max: NAMES_MAX as u64 + 1, ..defaults }, "names_max"),
        (Limits { texts_max: 1 << 32, ..defaults }, "texts_max"),
    ] {
        let made = EventLog::from_events(limited(limits), &[]);
        refused(made.map(|_| ()), ErrorKind::LimitExceeded, &[name]);
    }
}

#[test]
fn logs_that_do_not_fit_together_do_not_merge() {
    let at = Timestamp::from_micros(0);
    let log = |schema: EventSchema, event: Event| EventLog::from_events(schema, &[event]).unwrap().0;
    let plain = || EventSchema::default();
    let view = || Event::new(1, at, "view");
    let here = log(plain(), view());
    let zone = EventSchema { zone: "Asia/Shanghai".parse().unwrap(), ..plain() };
    refused(here.merge(&log(zone, view())), ErrorKind::InvalidArgument, &["zone", "UTC", "Asia/Shanghai"]);
    let currency = EventSchema { currency: "CNY".parse().unwrap(), ..plain() };
    refused(here.merge(&log(currency, view())), ErrorKind::InvalidArgument, &["currency", "USD", "CNY"]);
    refused(here.merge(&log(plain(), Event::new("1", at, "view"))), ErrorKind::TypeMismatch, &["integer", "text"]);
    let with = |value: Value| log(plain(), view().with_property("p", value));
    refused(
        with(1i64.into()).merge(&with(1.5.into())),
        ErrorKind::TypeMismatch,
        &["\"p\"", "integer in one log", "float in the other"],
    );
    let attributed = |value: RawValue<'static>| {
        let mut ingest = Ingest::new(plain(), Mapping::new("user", "time")).unwrap();
        let mut table = RawBatch::new("users", 1);
        table.push("user", RawColumn::new(RawData::Integer(vec![1].into())));
        table.push("a", RawColumn::values([Some(value)].into_iter()));
        ingest.push_attributes(&table, &AttributeMapping::new("user")).unwrap();
        ingest.finish().unwrap().0
    };
    refused(
        attributed(RawValue::Bool(true)).merge(&attributed(RawValue::Text("x"))),
        ErrorKind::TypeMismatch,
        &["\"a\"", "bool in one log", "text in the other"],
    );
}

#[test]
fn a_name_that_nothing_has_is_unknown_with_the_nearest() {
    let log = log_of(&[Event::new(1, Timestamp::from_micros(0), "order_paid").with_property("count", 1i64)]);
    refused(
        log.name_code("oder_paid"),
        ErrorKind::UnknownName,
        &["event \"oder_paid\"", "did you mean \"order_paid\"?"],
    );
    refused(log.property("cuont").cloned(), ErrorKind::UnknownName, &["property \"cuont\"", "did you mean \"count\"?"]);
    refused(log.attributes().column("city").cloned(), ErrorKind::UnknownName, &["attribute \"city\""]);
    assert_eq!(log.name_code("order_paid").unwrap(), 0);
}

/// How an id column came, or whether one came at all, is no content where no event has an id.
#[test]
fn logs_of_the_same_content_are_equal_however_they_were_made() {
    let events = orders(0..3);
    let mut without_ids = Ingest::new(EventSchema::default(), Mapping::new("user", "time").event("name")).unwrap();
    without_ids.push(&batch(&events, 1)).unwrap();
    let without_ids = without_ids.finish().unwrap().0;
    assert_eq!(without_ids, EventLog::from_events(EventSchema::default(), &events).unwrap().0);
    assert_eq!(without_ids.merge(&without_ids).unwrap().event_count(), 6, "events without ids are never duplicates");
}
