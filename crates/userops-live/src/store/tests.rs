//! Tests of what only the inside of a store can bring about: disks that fail and forget, and ids whose hashes meet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;
use userops::error::{ErrorKind, Result};
use userops::event::Event;
use userops::money::Money;
use userops::time::Timestamp;

use super::index::hash_id;
use super::*;
use disk::{Fault, SimulatedDisk};

fn event(id: &str) -> Entry {
    Event::new("ann", Timestamp::from_micros(0), "view").with_id(id).into()
}

/// A batch of a few events to a few hundred.
fn batch(number: u64) -> Vec<Entry> {
    let size = if number % 3 == 2 { 400 } else { 1 + number % 7 };
    (0..size).map(|index| event(&format!("{number}-{index}"))).collect()
}

fn open_on(folder: &Path, disk: &SimulatedDisk) -> Result<Store> {
    Store::open_by(folder, &StoreOptions::default(), |builder, _, _| builder.create_with_backend(disk.clone()))
}

/// A folder with an empty store, and its file.
fn empty_store() -> (TempDir, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    drop(Store::open(folder.path(), &StoreOptions::default()).unwrap());
    let bytes = fs::read(folder.path().join("store.redb")).unwrap();
    (folder, bytes)
}

fn change_of(sequence: u64) -> Change {
    Change { id: ChangeId::new(sequence, 0), bytes: vec![1; 50] }
}

/// Whether a change is put in beside a batch.
fn brings_change(number: u64) -> bool {
    number.is_multiple_of(3)
}

/// Appends and puts until something fails, and says how many batches were acknowledged.
fn work(store: &mut Store, batches: u64) -> (u64, Result<()>) {
    for number in 0..batches {
        if let Err(error) = store.append(&batch(number)) {
            return (number, Err(error));
        }
        let sequence = store.last_sequence();
        let beside = match number % 3 {
            _ if brings_change(number) => store.put_changes(&[change_of(sequence)]).map(drop),
            1 => store.put_snapshot(sequence, &[5; 5_000]),
            _ => store.subscribe("reader").and_then(|_| store.acknowledge("reader", store.last_change()?)),
        };
        if let Err(error) = beside {
            return (number + 1, Err(error));
        }
    }
    (batches, Ok(()))
}

/// What was acknowledged is there, and of what was not, all or nothing; then work goes on.
fn check_after(folder: &Path, note: &[u8], bytes: Vec<u8>, acknowledged: u64) {
    fs::write(folder.join("acknowledged"), note).unwrap();
    let disk = SimulatedDisk::new(bytes);
    let mut store = open_on(folder, &disk).unwrap();
    let entries: Vec<Entry> = store.entries_from(1).map(|entry| entry.unwrap().1).collect();
    let whole = |batches: u64| (0..batches).flat_map(batch).collect::<Vec<Entry>>();
    let (least, most) = (whole(acknowledged), whole(acknowledged + 1));
    assert!(
        entries == least || entries == most,
        "{} entries, {} or {} expected",
        entries.len(),
        least.len(),
        most.len()
    );
    // A change is on disk with the batch after it at the latest, and never without what brought it about.
    let changes = store.changes_after(ChangeId::START, usize::MAX).unwrap();
    assert!(changes.iter().all(|change| change.id.sequence <= store.last_sequence()));
    let mut last = 0;
    for number in 0..acknowledged {
        last += batch(number).len() as u64;
        let is_due = brings_change(number) && number + 1 < acknowledged;
        assert!(!is_due || changes.contains(&change_of(last)), "{number} of {acknowledged}");
    }
    // The batch whose fate was unknown is sent again.
    let appended = store.append(&batch(acknowledged)).unwrap();
    assert_eq!(appended.new_count, most.len() as u64 - entries.len() as u64);
    assert_eq!(store.len(), most.len() as u64);
}

#[test]
fn an_append_is_one_flush_and_another_where_the_file_grows_and_changes_are_none() {
    let (folder, bytes) = empty_store();
    let disk = SimulatedDisk::new(bytes);
    let mut store = open_on(folder.path(), &disk).unwrap();
    for number in 0..50 {
        let (flushes, resizes) = (disk.flush_count(), disk.resize_count());
        store.append(&batch(number)).unwrap();
        assert_eq!(disk.flush_count() - flushes, 1 + (disk.resize_count() - resizes));
        let (flushes, resizes) = (disk.flush_count(), disk.resize_count());
        assert_eq!(store.put_changes(&[change_of(store.last_sequence())]).unwrap(), 1);
        assert_eq!(disk.flush_count() - flushes, disk.resize_count() - resizes, "changes wait for the next flush");
        let flushes = disk.flush_count();
        store.append(&batch(number)).unwrap();
        assert_eq!(disk.flush_count(), flushes, "nothing new, nothing to flush");
    }
    assert!(disk.resize_count() <= 5, "the file doubles");
}

#[test]
fn a_disk_that_fails_or_forgets_at_any_point_loses_nothing_that_was_acknowledged() {
    let (folder, bytes) = empty_store();
    let whole = SimulatedDisk::new(bytes.clone());
    let mut store = open_on(folder.path(), &whole).unwrap();
    let opening = whole.operation_count();
    work(&mut store, 9).1.unwrap();
    let operations = whole.operation_count() - opening;
    drop(store);
    assert!(operations > 60, "{operations}");
    let mut failures = 0;
    for at in 0..operations {
        for fault in [Fault::FromThenOn(io::ErrorKind::StorageFull), Fault::Once(io::ErrorKind::Other)] {
            let disk = SimulatedDisk::new(bytes.clone());
            fs::write(folder.path().join("acknowledged"), "").unwrap();
            let mut store = open_on(folder.path(), &disk).unwrap();
            disk.fail_after(at, fault);
            let (acknowledged, done) = work(&mut store, 9);
            if let Err(error) = done {
                failures += 1;
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                assert!(error.to_string().starts_with(&folder.path().display().to_string()), "{error}");
                let refused = store.append(&batch(1_000)).unwrap_err();
                assert!(refused.to_string().contains("an earlier write failed"), "{refused}");
            }
            let now = disk.bytes();
            let after_cuts: Vec<Vec<u8>> = (0..3).map(|seed| disk.bytes_after_power_cut(at * 3 + seed)).collect();
            drop(store);
            let note = fs::read(folder.path().join("acknowledged")).unwrap();
            check_after(folder.path(), &note, now, acknowledged);
            after_cuts.into_iter().for_each(|bytes| check_after(folder.path(), &note, bytes, acknowledged));
        }
    }
    assert!(failures > operations, "{failures} of {operations}");
}

#[test]
fn a_disk_that_fails_while_a_store_is_opened_harms_nothing() {
    let (folder, bytes) = empty_store();
    let disk = SimulatedDisk::new(bytes);
    let mut store = open_on(folder.path(), &disk).unwrap();
    work(&mut store, 6).1.unwrap();
    // As a kill leaves it: opening has to mend it.
    let crashed = disk.bytes();
    drop(store);
    let note = fs::read(folder.path().join("acknowledged")).unwrap();
    for bytes in [crashed, disk.bytes()] {
        for at in 0..40 {
            let disk = SimulatedDisk::new(bytes.clone());
            disk.fail_after(at, Fault::FromThenOn(io::ErrorKind::Other));
            fs::write(folder.path().join("acknowledged"), &note).unwrap();
            let opened = open_on(folder.path(), &disk);
            let is_refused = opened.is_err();
            drop(opened);
            check_after(folder.path(), &note, disk.bytes(), 6);
            check_after(folder.path(), &note, disk.bytes_after_power_cut(at), 6);
            assert!(is_refused || at > 0);
        }
    }
}

#[test]
fn ids_whose_hashes_meet_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut by_hash: HashMap<u32, Vec<String>> = HashMap::new();
    for number in 0..400_000u32 {
        let id = format!("id-{number}");
        by_hash.entry(hash_id(store.seed, &id)).or_default().push(id);
    }
    // Of 400,000 ids about 19 share one of the 2^32 hashes.
    let meeting: Vec<String> = by_hash.into_values().filter(|ids| ids.len() > 1).flatten().collect();
    assert!(meeting.len() >= 2);
    let (first, second) = meeting.split_at(meeting.len() / 2 + 1);
    let entries = |ids: &[String]| ids.iter().map(|id| event(id)).collect::<Vec<_>>();
    assert_eq!(store.append(&entries(first)).unwrap().new_count, first.len() as u64);
    drop(store);
    let mut store = Store::open(folder.path(), &StoreOptions::default()).unwrap();
    assert_eq!(store.append(&entries(second)).unwrap().new_count, second.len() as u64);
    let again = store.append(&entries(&meeting)).unwrap();
    assert_eq!((again.new_count, again.duplicate_count, again.conflicting_count), (0, meeting.len() as u64, 0));
}

#[test]
fn the_encoding_is_the_one_that_is_on_disks_already() {
    let event = Event::new("ann", Timestamp::from_micros(1), "v").with_amount(Money::from_minor(-1)).with_id("i");
    let mut bytes = Vec::new();
    encoding::encode(&event.with_property("n", 3i64).into(), &mut bytes).unwrap();
    // By postcard's specification: variants and lengths as varints, signed numbers zigzag.
    assert_eq!(bytes, b"\x00\x01\x03ann\x02\x01v\x01\x01\x01\x01i\x01\x01n\x01\x06");
    let mut rest = &bytes[..];
    encoding::encode(&encoding::decode(&mut rest).unwrap(), &mut Vec::new()).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn a_store_may_go_to_another_thread() {
    fn is_sent<T: Send + Sync>() {}
    is_sent::<Store>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_bytes_are_an_entry_or_none_and_no_panic(bytes in proptest::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..60)) {
        let mut rest = &bytes[..];
        if let Some(entry) = encoding::decode(&mut rest) {
            prop_assert!(rest.len() < bytes.len());
            encoding::encode(&entry, &mut Vec::new()).unwrap();
        }
        prop_assert!(block::read_block(1, &bytes).is_err());
    }
}
