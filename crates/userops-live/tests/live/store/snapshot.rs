//! The newest whole snapshot is found again.

use userops::error::ErrorKind;
use userops_live::store::{Snapshot, StoreOptions};

use super::support::{events, open, quick_folder};

#[test]
fn the_two_newest_snapshots_are_kept_and_the_newest_is_found_again() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    assert_eq!(store.snapshot().unwrap(), None);
    store.append(&events("a", 0..9)).unwrap();
    let sizes = [0usize, 1, (1 << 20) - 256, (1 << 20) - 255, 5 << 20];
    for (sequence, size) in sizes.into_iter().enumerate() {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 31 + sequence) as u8).collect();
        store.put_snapshot(sequence as u64, &bytes).unwrap();
        assert_eq!(store.snapshot().unwrap(), Some(Snapshot { sequence: sequence as u64, bytes: bytes.clone() }));
        drop(store);
        store = open(folder.path()).unwrap();
        assert_eq!(store.snapshot().unwrap(), Some(Snapshot { sequence: sequence as u64, bytes }));
    }
    // The same place again replaces; the place before, and one that is not there yet, are refused.
    store.put_snapshot(4, b"again").unwrap();
    assert_eq!(store.snapshot().unwrap(), Some(Snapshot { sequence: 4, bytes: b"again".to_vec() }));
    let error = store.put_snapshot(3, b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("after entry 3 is older than the newest, after entry 4"), "{error}");
    let error = store.put_snapshot(10, b"").unwrap_err();
    assert!(error.to_string().contains("no entry 10 to have a snapshot after: the last is 9"), "{error}");
    // A refused argument is no failure of the store.
    store.put_snapshot(9, b"last").unwrap();
}

#[test]
fn another_fingerprint_drops_snapshots_and_is_asked_for_from_then_on() {
    let folder = quick_folder();
    let made_for = |fingerprint: &str| {
        userops_live::store::Store::open(folder.path(), &StoreOptions::default().fingerprint(fingerprint))
    };
    let mut store = made_for("v1").unwrap();
    store.append(&events("a", 0..3)).unwrap();
    store.put_snapshot(3, b"state").unwrap();
    drop(store);
    let error = made_for("v2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    assert!(error.to_string().starts_with(&folder.path().display().to_string()), "{error}");
    assert!(error.to_string().contains("made for \"v1\", not for \"v2\""), "{error}");
    let mut store = open(folder.path()).unwrap();
    assert_eq!(store.fingerprint(), "v1");
    store.set_fingerprint("v2").unwrap();
    assert_eq!((store.snapshot().unwrap(), store.len(), store.fingerprint()), (None, 3, "v2"));
    drop(store);
    assert_eq!(made_for("v1").unwrap_err().kind(), ErrorKind::InvalidDefinition);
    assert_eq!(made_for("v2").unwrap().len(), 3);
}
