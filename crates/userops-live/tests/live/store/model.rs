//! A store is a list of entries in which each id occurs once: held against such a list, with reopening in between.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use userops::event::Event;
use userops::id::UserId;
use userops::money::Money;
use userops::tag::ManualTag;
use userops::time::{Day, Timestamp};
use userops::value::Value;
use userops_live::store::{Arrival, Entry, Store};

use super::support::{entries, open, quick_folder};

/// The oracle.
#[derive(Debug, Default)]
struct Model {
    entries: Vec<Entry>,
}

impl Model {
    fn append(&mut self, entry: &Entry) -> Arrival {
        let same_id = |known: &&Entry| matches!((known, entry), (Entry::Event(known), Entry::Event(new)) if new.id.is_some() && new.id.as_deref() != Some("") && known.id == new.id);
        match self.entries.iter().enumerate().find(|(_, known)| same_id(known)) {
            None => {
                self.entries.push(entry.clone());
                Arrival::New { sequence: self.entries.len() as u64 }
            }
            Some((index, known)) => {
                let (Entry::Event(a), Entry::Event(b)) = (known, entry) else { unreachable!() };
                let same = a.user.to_string() == b.user.to_string()
                    && a.time == b.time
                    && a.name == b.name
                    && a.amount == b.amount;
                Arrival::Duplicate { sequence: index as u64 + 1, is_conflicting: !same }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Entry>),
    Reopen,
    ReadFrom(u64),
}

fn user() -> impl Strategy<Value = UserId> {
    prop_oneof![(-2i64..3).prop_map(UserId::from), "[a-c1]{1,2}".prop_map(UserId::from), Just(UserId::from("客户"))]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![4 => 0i64..3, 1 => any::<i64>()].prop_map(Timestamp::from_micros)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300f64..1e300).prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
        any::<i64>().prop_map(|micros| Timestamp::from_micros(micros).into()),
        any::<i32>().prop_map(|day| Day(day).into()),
    ]
}

fn fields() -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map("[a-d]{0,2}", value(), 0..4)
}

fn event() -> impl Strategy<Value = Entry> {
    let id = prop_oneof![1 => Just(None), 6 => "[a-e]{0,1}".prop_map(Some), 2 => "[a-z]{8}".prop_map(Some)];
    let amount = proptest::option::of(any::<i64>().prop_map(Money::from_minor));
    (user(), time(), "[xy]{1}", amount, id, fields()).prop_map(|(user, time, name, amount, id, properties)| {
        Entry::Event(Event { user, time, name, amount, id, properties })
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let tag =
        (user(), "[a-z]{1,5}", time(), proptest::option::of(value()), proptest::option::of(time()), any::<bool>());
    prop_oneof![
        8 => event(),
        1 => time().prop_map(Entry::Advance),
        1 => (user(), fields()).prop_map(|(user, attributes)| Entry::Attributes { user, attributes }),
        1 => tag.prop_map(|(user, tag, at, value, expires, is_added)| {
            let act = if is_added { ManualTag::add(user, tag, "eve", at) } else { ManualTag::remove(user, tag, "", at) };
            Entry::ManualTag(ManualTag { value, expires, reason: "because".to_owned(), ..act })
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(entry(), 0..12).prop_map(Step::Append),
        1 => vec(entry(), 1..1_500).prop_map(Step::Append),
        2 => Just(Step::Reopen),
        2 => (0u64..60).prop_map(Step::ReadFrom),
    ]
}

fn agree(store: &Store, model: &Model) {
    assert_eq!(entries(store), model.entries);
    assert_eq!((store.len(), store.is_empty()), (model.entries.len() as u64, model.entries.is_empty()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_store_is_a_list_in_which_each_id_occurs_once(steps in vec(step(), 1..10)) {
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        let mut model = Model::default();
        for step in &steps {
            match step {
                Step::Append(batch) => {
                    let expected: Vec<Arrival> = batch.iter().map(|entry| model.append(entry)).collect();
                    let appended = store.append(batch).unwrap();
                    let count = |wanted: fn(&Arrival) -> bool| expected.iter().filter(|arrival| wanted(arrival)).count() as u64;
                    prop_assert_eq!(appended.new_count, count(|arrival| matches!(arrival, Arrival::New { .. })));
                    prop_assert_eq!(appended.duplicate_count, count(|arrival| matches!(arrival, Arrival::Duplicate { .. })));
                    prop_assert_eq!(
                        appended.conflicting_count,
                        count(|arrival| matches!(arrival, Arrival::Duplicate { is_conflicting: true, .. }))
                    );
                    prop_assert_eq!(appended.arrivals, expected);
                }
                Step::Reopen => {
                    drop(store);
                    store = open(folder.path()).unwrap();
                    agree(&store, &model);
                }
                Step::ReadFrom(first) => {
                    let read: Vec<Entry> = store.entries_from(*first).map(|entry| entry.unwrap().1).collect();
                    let skipped = (first.saturating_sub(1) as usize).min(model.entries.len());
                    prop_assert_eq!(&read[..], &model.entries[skipped..]);
                }
            }
        }
        agree(&store, &model);
        drop(store);
        agree(&open(folder.path()).unwrap(), &model);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn however_entries_are_cut_into_batches_the_store_is_the_same(all in vec(entry(), 0..60), cuts in vec(0usize..60, 0..6)) {
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).chain([0, all.len()]).collect();
        cuts.sort_unstable();
        for part in cuts.windows(2) {
            store.append(&all[part[0]..part[1]]).unwrap();
        }
        let mut model = Model::default();
        all.iter().for_each(|entry| { model.append(entry); });
        agree(&store, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// About ten thousand entries.
    #[test]
    fn entries_are_read_back_as_they_were(mut all in vec(entry(), 1..100)) {
        for (index, entry) in all.iter_mut().enumerate() {
            if let Entry::Event(event) = entry {
                event.id = event.id.take().map(|id| format!("{id}{index}"));
            }
        }
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        store.append(&all).unwrap();
        prop_assert_eq!(entries(&store), all);
    }
}

#[test]
fn floats_keep_their_bits_and_long_entries_their_length() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    let numbers = [f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE, 0.1 + 0.2];
    let mut batch: Vec<Entry> = Vec::new();
    for number in numbers {
        batch.push(Event::new(1, Timestamp::from_micros(0), "x").with_property("f", number).into());
    }
    for size in [0, 15_000, 16_000, 17_000, 3 << 20] {
        batch.push(Event::new(1, Timestamp::from_micros(0), "y".repeat(size)).into());
    }
    store.append(&batch).unwrap();
    let read = entries(&store);
    for (number, entry) in numbers.iter().zip(&read) {
        let Entry::Event(event) = entry else { panic!("{entry:?}") };
        let Some(Value::Float(read)) = event.properties.get("f") else { panic!("{event:?}") };
        assert_eq!(read.to_bits(), number.to_bits());
    }
    assert_eq!(read[numbers.len()..], batch[numbers.len()..]);
}

#[test]
fn an_entry_above_the_limit_is_refused_and_nothing_of_its_batch_taken_in() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    let at = Timestamp::from_micros(0);
    let batch = [Entry::Advance(at), Event::new(1, at, "y".repeat(17 << 20)).into()];
    let error = store.append(&batch).unwrap_err();
    assert_eq!(error.kind(), userops::error::ErrorKind::LimitExceeded);
    assert!(error.to_string().contains("entry 2 of the batch: takes 17825"), "{error}");
    assert!(store.is_empty());
    assert_eq!(store.append(&batch[..1]).unwrap().new_count, 1);
}

#[test]
fn hosts_write_entries_as_plain_json() {
    let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    let cases: [(Entry, &str); 4] = [
        (
            Event::new("ann", at, "view").with_id("e-1").with_property("page", "/a").into(),
            r#"{"event":{"user":"ann","time":"2026-03-01T10:00:00Z","name":"view","id":"e-1","properties":{"page":"/a"}}}"#,
        ),
        (Entry::Advance(at), r#"{"advance":"2026-03-01T10:00:00Z"}"#),
        (
            Entry::Attributes { user: 7.into(), attributes: [("city".to_owned(), "Wien".into())].into() },
            r#"{"attributes":{"user":7,"attributes":{"city":"Wien"}}}"#,
        ),
        (
            ManualTag::add("ann", "vip", "eve", at).into(),
            r#"{"manual_tag":{"user":"ann","tag":"vip","action":"add","author":"eve","at":"2026-03-01T10:00:00Z"}}"#,
        ),
    ];
    for (entry, json) in cases {
        assert_eq!(serde_json::to_string(&entry).unwrap(), json);
        assert_eq!(serde_json::from_str::<Entry>(json).unwrap(), entry);
    }
}
