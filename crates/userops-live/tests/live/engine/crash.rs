//! A process that keeps an engine is killed at random points.
//!
//! What it acknowledged counts, and the answers are those of a batch.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use userops_live::store::{ChangeId, Entry};
use userops_live::{DurableEngine, DurableOptions, NumberedChange};

use super::world::{batch, engine};

const FOLDER_VARIABLE: &str = "USEROPS_ENGINE_CRASH_FOLDER";
const CHILD_TEST: &str = "engine::crash::the_engine_that_is_killed";
const ACKNOWLEDGED: &str = "acknowledged ";
const KILL_COUNT: u64 = 200;
const KILLS_AN_ENGINE: u64 = 25;
/// The batch that an entry with an id is of.
fn batch_of(entry: &Entry) -> Option<u64> {
    entry.id()?.split('-').next()?.parse().ok()
}

fn open(folder: &Path) -> DurableEngine {
    let options = DurableOptions { snapshot_entries: 40, ..DurableOptions::default() };
    DurableEngine::open(folder, options, || Ok(engine())).unwrap()
}

/// The number of the last batch of which an event is there.
fn last_batch(engine: &DurableEngine) -> Option<u64> {
    engine.store().entries_from(1).filter_map(|entry| batch_of(&entry.unwrap().1)).max()
}

/// Not a test of its own: what the killed process runs.
#[test]
fn the_engine_that_is_killed() {
    let Some(folder) = env::var_os(FOLDER_VARIABLE) else { return };
    let mut engine = open(Path::new(&folder));
    let mut output = std::io::stdout();
    engine.subscribe("reader").unwrap();
    for number in last_batch(&engine).map_or(0, |last| last + 1).. {
        engine.apply(&batch(number)).unwrap();
        writeln!(output, "\n{ACKNOWLEDGED}{number}").unwrap();
        output.flush().unwrap();
        if number % 7 == 3 {
            let last = engine.store().last_change().unwrap();
            engine.acknowledge("reader", last).unwrap();
        }
    }
}

fn start(folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", CHILD_TEST, "--nocapture"]).env(FOLDER_VARIABLE, folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn read_acknowledged(output: &mut BufReader<ChildStdout>, count: u64) -> Option<u64> {
    let (mut last, mut seen) = (None, 0);
    while seen < count {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        if let Some(number) = line.strip_prefix(ACKNOWLEDGED).and_then(|number| number.strip_suffix('\n')) {
            last = Some(number.parse().unwrap());
            seen += 1;
        }
    }
    last
}

/// The changes that all entries of a store make, in an engine that was never killed.
fn changes_of(durable: &DurableEngine) -> Vec<NumberedChange> {
    let mut engine = engine();
    let mut changes = Vec::new();
    for entry in durable.store().entries_from(1) {
        let (sequence, entry) = entry.unwrap();
        let found = match entry {
            Entry::Event(event) => engine.observe(&event).unwrap().changes,
            Entry::Advance(instant) => engine.advance_to(instant).unwrap(),
            Entry::Attributes { user, attributes } => engine.set_attributes(&user, &attributes).unwrap(),
            Entry::ManualTag(act) => engine.tag_by_hand(&act).unwrap(),
        };
        let numbered = (0u32..).zip(found);
        changes.extend(numbered.map(|(index, change)| NumberedChange { id: ChangeId::new(sequence, index), change }));
    }
    assert_eq!(engine.to_table().unwrap(), durable.engine().to_table().unwrap());
    changes
}

#[test]
fn answers_and_changes_survive_a_kill_at_any_point() {
    let mut acknowledged_kills = 0;
    for round in 0..KILL_COUNT / KILLS_AN_ENGINE {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = None;
        for kill in 0..KILLS_AN_ENGINE {
            let (mut child, mut output) = start(folder.path());
            let mixed = (round * 131 + kill * 57) % 97;
            let seen = read_acknowledged(&mut output, mixed % 6);
            thread::sleep(Duration::from_micros(mixed * 70));
            child.kill().unwrap();
            child.wait().unwrap();
            let seen = read_acknowledged(&mut output, u64::MAX).or(seen);
            acknowledged_kills += u64::from(seen.is_some());
            acknowledged = acknowledged.max(seen);
            let durable = open(folder.path());
            assert!(last_batch(&durable) >= acknowledged, "{:?} of {acknowledged:?}", last_batch(&durable));
            let differences = durable.engine().as_of().map_or(Vec::new(), |_| durable.verify().unwrap());
            assert!(differences.is_empty(), "{differences:#?}");
        }
        let durable = open(folder.path());
        let kept = durable.changes_after(ChangeId::START, usize::MAX).unwrap();
        let made = changes_of(&durable);
        // What the reader acknowledged is gone; the rest is all there, under the same ids.
        assert!(!made.is_empty() && kept[..] == made[made.len() - kept.len()..]);
    }
    assert!(acknowledged_kills >= KILL_COUNT / 2, "{acknowledged_kills}");
}
