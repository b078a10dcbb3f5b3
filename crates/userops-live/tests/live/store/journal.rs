//! The journal is a list of changes in which each id occurs once, and a cursor for each subscriber.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use userops::error::ErrorKind;
use userops_live::store::{Change, ChangeId, Store};

use super::support::{events, open, quick_folder};

const ENTRY_COUNT: i64 = 6;

/// The oracle: all changes ever put in, and how far each name and the pruning have come.
#[derive(Debug, Default)]
struct Model {
    changes: Vec<Change>,
    cursors: BTreeMap<String, ChangeId>,
    pruned: ChangeId,
}

impl Model {
    fn kept(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.id > self.pruned)
    }

    fn last(&self) -> ChangeId {
        self.changes.last().map(|change| change.id).unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<(u64, u32, u8)>),
    Subscribe(&'static str),
    Acknowledge(&'static str, u64, u32),
    Unsubscribe(&'static str),
    Prune,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop_oneof![Just("mail"), Just("push"), Just("crm")];
    let id = (0u64..8, 0u32..3);
    prop_oneof![
        4 => vec((0u64..8, 0u32..3, any::<u8>()), 0..6).prop_map(|mut changes| { changes.sort_unstable(); Step::Put(changes) }),
        1 => vec((1u64..7, 0u32..3, any::<u8>()), 0..6).prop_map(Step::Put),
        2 => name.clone().prop_map(Step::Subscribe),
        3 => (name.clone(), id).prop_map(|(name, (sequence, index))| Step::Acknowledge(name, sequence, index)),
        1 => name.prop_map(Step::Unsubscribe),
        2 => Just(Step::Prune),
        1 => Just(Step::Reopen),
    ]
}

fn put(store: &mut Store, model: &mut Model, changes: &[(u64, u32, u8)]) {
    let changes: Vec<Change> = changes
        .iter()
        .map(|(sequence, index, byte)| Change { id: ChangeId::new(*sequence, *index), bytes: vec![*byte; 3] })
        .collect();
    let mut after = model.changes.clone();
    let mut is_refused = false;
    for change in &changes {
        let is_new = after.iter().all(|known| known.id != change.id) && change.id > model.pruned;
        let is_in_order = after.last().is_none_or(|last| last.id < change.id);
        is_refused |= change.id.sequence == 0 || change.id.sequence > ENTRY_COUNT as u64 || (is_new && !is_in_order);
        if is_new && is_in_order {
            after.push(change.clone());
        }
    }
    match store.put_changes(&changes) {
        Ok(new_count) => {
            assert!(!is_refused, "{changes:?}");
            assert_eq!(new_count, (after.len() - model.changes.len()) as u64);
            model.changes = after;
        }
        Err(error) => {
            assert!(is_refused, "{error}");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}

fn take(store: &mut Store, model: &mut Model, step: &Step) {
    match step {
        Step::Put(changes) => put(store, model, changes),
        Step::Subscribe(name) => {
            let cursor = *model.cursors.entry((*name).to_owned()).or_insert(model.pruned);
            assert_eq!(store.subscribe(name).unwrap(), cursor);
        }
        Step::Acknowledge(name, sequence, index) => {
            let id = ChangeId::new(*sequence, *index);
            let expected = match model.cursors.get(*name) {
                _ if id > model.last() => Err(ErrorKind::InvalidArgument),
                None => Err(ErrorKind::UnknownName),
                Some(known) => Ok(id.max(*known)),
            };
            assert_eq!(store.acknowledge(name, id).map_err(|error| error.kind()), expected.map(drop));
            if let Ok(cursor) = expected {
                model.cursors.insert((*name).to_owned(), cursor);
            }
        }
        Step::Unsubscribe(name) => {
            assert_eq!(store.unsubscribe(name).unwrap(), model.cursors.remove(*name).is_some());
        }
        Step::Prune => {
            let passed = model.cursors.values().min().copied().unwrap_or_default().max(model.pruned);
            let count = model.kept().filter(|change| change.id <= passed).count() as u64;
            assert_eq!(store.prune_changes().unwrap(), count);
            model.pruned = passed;
        }
        Step::Reopen => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_journal_is_a_list_and_cursors_only_go_forward(steps in vec(step(), 1..20), limit in 0usize..9) {
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        store.append(&events("a", 0..ENTRY_COUNT)).unwrap();
        let mut model = Model::default();
        for step in &steps {
            take(&mut store, &mut model, step);
            if matches!(step, Step::Reopen) {
                drop(store);
                store = open(folder.path()).unwrap();
            }
            let subscribers: Vec<(String, ChangeId)> = model.cursors.clone().into_iter().collect();
            prop_assert_eq!(store.subscribers().unwrap(), subscribers);
            prop_assert_eq!(store.last_change().unwrap(), model.last());
            for cursor in model.cursors.values().copied().chain([ChangeId::START]) {
                let expected: Vec<Change> = model.kept().filter(|change| change.id > cursor).take(limit).cloned().collect();
                prop_assert_eq!(store.changes_after(cursor, limit).unwrap(), expected);
            }
        }
    }
}

#[test]
fn whoever_stops_before_acknowledging_sees_the_same_changes_again() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    store.append(&events("a", 0..3)).unwrap();
    let change = |sequence, index, text: &str| Change { id: ChangeId::new(sequence, index), bytes: text.into() };
    let changes = [change(1, 0, "enters"), change(1, 1, "lifts"), change(3, 0, "leaves")];
    assert_eq!(store.put_changes(&changes).unwrap(), 3);
    assert_eq!(store.subscribe("mail").unwrap(), ChangeId::START);
    assert_eq!(store.changes_after(ChangeId::START, 2).unwrap(), changes[..2]);
    drop(store);

    let mut store = open(folder.path()).unwrap();
    let cursor = store.subscribe("mail").unwrap();
    assert_eq!(store.changes_after(cursor, 9).unwrap(), changes);
    store.acknowledge("mail", ChangeId::new(1, 1)).unwrap();
    assert_eq!(store.prune_changes().unwrap(), 2);
    // What was pruned does not come back when entries are worked off again.
    assert_eq!(store.put_changes(&changes).unwrap(), 0);
    assert_eq!(store.changes_after(ChangeId::START, 9).unwrap(), changes[2..]);
    // Somebody new begins with what is there.
    assert_eq!(store.subscribe("push").unwrap(), ChangeId::new(1, 1));
    let error = store.acknowledge("sms", ChangeId::START).unwrap_err();
    assert!(error.to_string().contains("known: \"mail\", \"push\""), "{error}");
    assert_eq!(store.subscribe("").unwrap_err().kind(), ErrorKind::InvalidArgument);
}
