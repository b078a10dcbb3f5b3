//! A store becomes the log that its events make, and Parquet files that are read back as that log.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use userops::event::{Event, EventSchema, Field};
use userops::log::EventLog;
use userops::money::Money;
use userops::tag::ManualTag;
use userops::time::{Day, Timestamp};
use userops::value::{Value, ValueType};
use userops_live::store::Entry;

use super::support::{open, quick_folder};

fn event() -> impl Strategy<Value = Event> {
    let amount = proptest::option::of((-500i64..500).prop_map(Money::from_minor));
    let id = proptest::option::of("[a-d]{1,2}");
    let values =
        (proptest::option::of(0i64..9), proptest::option::of("[p-r]{0,2}"), proptest::option::of(any::<bool>()));
    (("[a-c]{1}", 0i64..4, "[xy]{1}"), amount, id, values, -9i32..9).prop_map(
        |((user, time, name), amount, id, values, day)| {
            let mut event = Event::new(user, Timestamp::from_micros(time), name);
            (event.amount, event.id) = (amount, id);
            let (number, text, flag) = values;
            for (name, value) in
                [("id", number.map(Value::from)), ("text", text.map(Value::from)), ("flag", flag.map(Value::from))]
            {
                value.map(|value| event.properties.insert(name.to_owned(), value));
            }
            if day > 0 {
                event.properties.insert("day".to_owned(), Day(day).into());
                event.properties.insert("at".to_owned(), Timestamp::from_micros(i64::from(day)).into());
                event.properties.insert("share".to_owned(), (f64::from(day) / 7.0).into());
            }
            event
        },
    )
}

fn schema() -> EventSchema {
    EventSchema {
        properties: vec![Field { name: "declared".to_owned(), value_type: ValueType::Text }],
        ..EventSchema::default()
    }
}

/// The events without later ones of the same id.
fn first_arrivals(events: &[Event]) -> Vec<Event> {
    let is_first = |(index, event): &(usize, &Event)| {
        event.id.is_none() || events[..*index].iter().all(|earlier| earlier.id != event.id)
    };
    events.iter().enumerate().filter(is_first).map(|(_, event)| event.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_log_of_a_store_is_the_log_of_its_events(events in vec(event(), 0..40), cut in 0usize..40) {
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        let entries: Vec<Entry> = events.iter().cloned().map(Entry::from).collect();
        let (first, second) = entries.split_at(cut.min(entries.len()));
        store.append(first).unwrap();
        store.append(second).unwrap();
        let (log, report) = store.to_event_log(schema()).unwrap();
        let (expected, _) = EventLog::from_events(schema(), &first_arrivals(&events)).unwrap();
        prop_assert_eq!((report.duplicate, report.rejected), (0, 0));
        prop_assert_eq!(log.event_count() as u64, store.len());
        prop_assert!(log == expected);
        let exported = store.export_parquet(schema(), folder.path().join("log.parquet")).unwrap();
        prop_assert!(exported.read(schema()).unwrap().0 == log);
    }
}

#[test]
fn attributes_are_those_set_last_and_tags_are_kept_beside() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    let at = Timestamp::from_micros(0);
    let set = |user: &str, fields: &[(&str, Value)]| Entry::Attributes {
        user: user.into(),
        attributes: fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>(),
    };
    let act = ManualTag::add("ann", "vip", "eve", at);
    let entries = [
        set("ann", &[("city", "Wien".into()), ("user", 3i64.into())]),
        Event::new("bob", at, "view").into(),
        act.clone().into(),
        set("ann", &[("city", "Graz".into())]),
        Entry::Advance(at),
        set("cai", &[("born", Day(9).into())]),
    ];
    store.append(&entries).unwrap();
    assert_eq!(store.manual_tags().unwrap(), [act]);
    let (log, report) = store.to_event_log(EventSchema::default()).unwrap();
    assert_eq!((report.attributes_read, report.attributes_rejected), (3, 0));
    let value = |user: &str, name: &str| {
        log.attributes().get(log.users().find(user).unwrap(), name).map(|value| value.to_string())
    };
    assert_eq!((value("ann", "city"), value("ann", "user")), (Some("Graz".into()), Some("3".into())));
    assert_eq!((value("cai", "born"), value("bob", "city")), (Some("1970-01-10".into()), None));
    let exported = store.export_parquet(EventSchema::default(), folder.path().join("out.parquet")).unwrap();
    assert!(exported.attributes.ends_with("out.attributes.parquet"));
    assert!(exported.read(EventSchema::default()).unwrap().0 == log);
}

#[test]
fn a_store_without_events_is_a_log_without_events() {
    let folder = quick_folder();
    let store = open(folder.path()).unwrap();
    let (log, _) = store.to_event_log(EventSchema::default()).unwrap();
    assert!(log == EventLog::from_events(EventSchema::default(), &[]).unwrap().0);
    let exported = store.export_parquet(EventSchema::default(), folder.path().join("none.parquet")).unwrap();
    assert!(exported.read(EventSchema::default()).unwrap().0 == log);
}
