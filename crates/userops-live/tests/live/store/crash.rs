//! A process that appends is killed at random points: what it was told is on disk is there, whole, in order, once.
//!
//! The child is this test binary, told by a variable of the environment which folder to write to. It says each acknowledgement on its
//! standard output, which outlives it in the pipe. What the loss of power does to writes that no flush has covered is not
//! tested here but beside the store, on a disk that forgets.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use userops_live::store::{Change, ChangeId, Entry, Store, StoreOptions};

use super::support::{Random, disk_folder, entries, event, open};

const FOLDER_VARIABLE: &str = "USEROPS_STORE_CRASH_FOLDER";
const CHILD_TEST: &str = "store::crash::the_process_that_is_killed";
const ACKNOWLEDGED: &str = "acknowledged ";
const KILL_COUNT: u64 = 240;
/// A store is killed this often before a new one is begun: each is opened, and mended, with all that it holds.
const KILLS_A_STORE: u64 = 30;

/// The batch of a number: of one event to a few hundred.
fn batch(number: u64) -> Vec<Entry> {
    let mut random = Random(number);
    let size = match random.below(4) {
        0 => 1,
        1 => 300,
        _ => 1 + random.below(40),
    };
    (0..size).map(|index| event(&format!("{number}-{index}"), number as i64)).collect()
}

/// The number of the batch that an entry is of.
fn batch_of(entry: &Entry) -> u64 {
    entry.id().unwrap().split('-').next().unwrap().parse().unwrap()
}

fn changes_of(sequence: u64) -> Vec<Change> {
    (0..3).map(|index| Change { id: ChangeId::new(sequence, index), bytes: sequence.to_le_bytes().to_vec() }).collect()
}

/// Not a test of its own: what the killed process runs.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = env::var_os(FOLDER_VARIABLE) else { return };
    let mut store = Store::open(folder, &StoreOptions::default()).unwrap();
    let last = store.entries_from(store.last_sequence().max(1)).next();
    // The last batch again: whoever was killed cannot know whether it is there.
    let first = last.map_or(0, |entry| batch_of(&entry.unwrap().1));
    let mut output = std::io::stdout();
    store.subscribe("reader").unwrap();
    for number in first.. {
        store.append(&batch(number)).unwrap();
        writeln!(output, "\n{ACKNOWLEDGED}{number}").unwrap();
        output.flush().unwrap();
        let sequence = store.last_sequence();
        match number % 4 {
            0 => assert!(store.put_changes(&changes_of(sequence)).is_ok()),
            1 => store.acknowledge("reader", store.last_change().unwrap()).unwrap(),
            2 => store.put_snapshot(sequence, &vec![number as u8; 3_000]).unwrap(),
            _ => assert!(store.prune_changes().is_ok()),
        }
    }
}

pub(super) fn start(folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", CHILD_TEST, "--nocapture"]).env(FOLDER_VARIABLE, folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Reads acknowledgements until there are so many, or to the end.
fn read_acknowledged(output: &mut BufReader<ChildStdout>, count: u64) -> Option<u64> {
    let mut last = None;
    let mut seen = 0;
    while seen < count {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        // A line that the kill has cut short acknowledges nothing.
        if let Some(number) = line.strip_prefix(ACKNOWLEDGED).and_then(|number| number.strip_suffix('\n')) {
            last = Some(number.parse().unwrap());
            seen += 1;
        }
    }
    last
}

/// All batches up to the last one, whole, in order and once.
fn check_store(store: &Store, acknowledged: Option<u64>) {
    let entries = entries(store);
    let expected: Vec<Entry> = match entries.last() {
        Some(last) => (0..=batch_of(last)).flat_map(batch).collect(),
        None => Vec::new(),
    };
    assert!(entries == expected, "{} entries where {} were expected", entries.len(), expected.len());
    let last = entries.last().map(batch_of);
    assert!(last >= acknowledged, "{last:?} is the last batch, and {acknowledged:?} was acknowledged");
    for change in store.changes_after(ChangeId::START, usize::MAX).unwrap() {
        assert_eq!(change.bytes, change.id.sequence.to_le_bytes());
    }
    if let Some(snapshot) = store.snapshot().unwrap() {
        assert!(snapshot.sequence <= store.last_sequence());
        assert_eq!(snapshot.bytes.len(), 3_000);
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_at_any_point() {
    let mut random = Random(7);
    let mut kills_after_acknowledgements = 0;
    for _ in 0..KILL_COUNT / KILLS_A_STORE {
        let folder = disk_folder();
        let mut acknowledged = None;
        for _ in 0..KILLS_A_STORE {
            let (mut child, mut output) = start(folder.path());
            // At once, while the store is opened, or after a while in the midst of the work.
            let wanted = random.below(8);
            let seen = read_acknowledged(&mut output, wanted);
            thread::sleep(Duration::from_micros(random.below(6_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            let seen = read_acknowledged(&mut output, u64::MAX).or(seen);
            kills_after_acknowledgements += u64::from(seen.is_some());
            acknowledged = acknowledged.max(seen);
            let store = open(folder.path()).unwrap();
            check_store(&store, acknowledged);
        }
        let mut store = open(folder.path()).unwrap();
        let before = store.len();
        for number in 0..=acknowledged.unwrap_or_default() {
            let appended = store.append(&batch(number)).unwrap();
            assert_eq!((appended.new_count, appended.conflicting_count), (0, 0));
        }
        assert_eq!(store.len(), before);
    }
    assert!(kills_after_acknowledgements >= KILL_COUNT / 2, "{kills_after_acknowledgements}");
}
