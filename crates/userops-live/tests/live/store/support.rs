//! What the tests of the store share.

use std::path::Path;

use tempfile::TempDir;
use userops::error::Result;
use userops::event::Event;
use userops::time::Timestamp;
use userops_live::store::{Entry, Store, StoreOptions};

/// Where Linux has a file system in memory: tests of what is stored, not of how safely, need no disk.
const MEMORY_FOLDER: &str = "/dev/shm";

/// A folder in memory where there is one, else a temporary one.
pub(super) fn quick_folder() -> TempDir {
    let memory = Path::new(MEMORY_FOLDER);
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

/// A folder on the disk that the build is on.
pub(super) fn disk_folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

pub(super) fn open(folder: &Path) -> Result<Store> {
    Store::open(folder, &StoreOptions::default())
}

pub(super) fn event(id: &str, second: i64) -> Entry {
    Event::new("ann", Timestamp::from_micros(second * 1_000_000), "view").with_id(id).into()
}

/// Events with the ids `prefix-from..prefix-to`.
pub(super) fn events(prefix: &str, numbers: std::ops::Range<i64>) -> Vec<Entry> {
    numbers.map(|number| event(&format!("{prefix}-{number}"), number)).collect()
}

pub(super) fn entries(store: &Store) -> Vec<Entry> {
    let read: Vec<(u64, Entry)> = store.entries_from(1).map(Result::unwrap).collect();
    assert!(read.iter().map(|(sequence, _)| *sequence).eq(1..=store.last_sequence()));
    read.into_iter().map(|(_, entry)| entry).collect()
}

/// A generator that gives the same numbers everywhere (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
