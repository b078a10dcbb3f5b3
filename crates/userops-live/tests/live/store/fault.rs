//! Folders that cannot be used, disks without room, and files that were changed behind the store's back.
#![allow(clippy::print_stderr)]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use redb::{Database, TableDefinition};
use tempfile::TempDir;
use userops::error::{Error, ErrorKind};
use userops_live::store::{Change, ChangeId, Entry, Store, StoreOptions};

use super::crash;
use super::support::{Random, disk_folder, entries, event, events, open, quick_folder};

const FACTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("facts");
const FULL_VARIABLE: &str = "USEROPS_STORE_FULL_FOLDER";
const FULL_TEST: &str = "store::fault::the_process_without_room";

fn refusal(folder: &Path) -> Error {
    let error = open(folder).unwrap_err();
    assert!(error.to_string().starts_with(&folder.display().to_string()), "{error}");
    error
}

#[test]
fn a_second_opening_is_refused_in_this_process_and_another() {
    let folder = disk_folder();
    let mut store = open(folder.path()).unwrap();
    let error = refusal(folder.path());
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("open already, in this process or another"), "{error}");
    let (mut child, output) = crash::start(folder.path());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!child.wait().unwrap().success());
    drop(output);
    assert!(said.contains("open already"), "{said}");
    // Neither has done the first any harm.
    assert_eq!(store.append(&events("a", 0..3)).unwrap().new_count, 3);
    drop(store);
    assert_eq!(open(folder.path()).unwrap().len(), 3);
}

#[cfg(unix)]
#[test]
fn a_closed_folder_can_be_opened_while_processes_are_started() {
    // Until it is another program, a new process has a copy of every file that is open here, locked ones included.
    let folder = quick_folder();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert!(Command::new("true").status().unwrap().success());
                }
            });
        }
        let refused = (0..300).find_map(|_| open(folder.path()).err());
        is_over.store(true, Ordering::Relaxed);
        assert!(refused.is_none(), "{refused:?}");
    });
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let folder = quick_folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(refusal(&file).kind(), ErrorKind::Io);
    assert_eq!(refusal(&file.join("below")).kind(), ErrorKind::Io);
    if Path::new("/proc/self").exists() {
        assert_eq!(refusal(Path::new("/proc/userops-store")).kind(), ErrorKind::Io);
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_refused_and_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt;
    let folder = quick_folder();
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let inner = folder.path().join("inner");
    open(&inner).unwrap().append(&events("a", 0..3)).unwrap();
    set_mode(&inner.join("lock"), 0o444);
    set_mode(&inner.join("store.redb"), 0o444);
    set_mode(&inner, 0o555);
    if fs::write(inner.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write to a folder that is read-only");
        fs::remove_file(inner.join("probe")).unwrap();
    } else {
        let error = refusal(&inner);
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("needs a folder that this process may write to"), "{error}");
    }
    set_mode(&inner, 0o755);
    set_mode(&inner.join("lock"), 0o644);
    set_mode(&inner.join("store.redb"), 0o644);
    assert_eq!(open(&inner).unwrap().len(), 3);
}

/// Not a test of its own: what the process runs whose files may not grow.
#[test]
fn the_process_without_room() {
    let Some(folder) = env::var_os(FULL_VARIABLE) else { return };
    let mut store = Store::open(folder, &StoreOptions::default()).unwrap();
    let mut output = std::io::stdout();
    for number in 0.. {
        match store.append(&events(&format!("{number}"), 0..2_000)) {
            Ok(_) => writeln!(output, "\nacknowledged {number}").unwrap(),
            Err(error) => {
                writeln!(output, "\nrefused {error}").unwrap();
                // Nothing more is taken in, and nothing is said to be.
                let again = store.append(&events("again", 0..1)).unwrap_err();
                writeln!(output, "\nafter that {again}").unwrap();
                return;
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn where_the_disk_is_full_what_was_acknowledged_stays_and_the_rest_is_refused() {
    for limit_blocks in [4_000u32, 6_000, 9_001] {
        let folder = disk_folder();
        open(folder.path()).unwrap();
        // Blocks of 512 bytes. The signal is ignored, as by most servers, so that writing fails instead.
        let script = format!("trap '' XFSZ; ulimit -f {limit_blocks}; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(env::current_exe().unwrap());
        command.args(["--exact", FULL_TEST, "--nocapture"]).env(FULL_VARIABLE, folder.path());
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let acknowledged = said.lines().filter(|line| line.starts_with("acknowledged ")).count();
        assert!(acknowledged > 0, "{said}");
        let line = |start: &str| said.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{said}"));
        assert!(line("refused ").contains(&folder.path().display().to_string()), "{said}");
        assert!(line("refused ").contains("make room, then open the store again"), "{said}");
        assert!(line("after that ").contains("an earlier write failed"), "{said}");

        let mut store = open(folder.path()).unwrap();
        let batches = store.len() / 2_000;
        assert_eq!(store.len() % 2_000, 0);
        assert!(batches == acknowledged as u64 || batches == acknowledged as u64 + 1, "{batches}, {acknowledged}");
        let expected: Vec<Entry> = (0..batches).flat_map(|number| events(&format!("{number}"), 0..2_000)).collect();
        assert!(entries(&store) == expected);
        assert_eq!(store.append(&events("later", 0..5)).unwrap().new_count, 5);
    }
}

#[test]
fn files_that_are_no_store_of_this_format_are_refused() {
    let refused = |prepare: &dyn Fn(&Path)| {
        let folder = quick_folder();
        open(folder.path()).unwrap();
        let path = folder.path().join("store.redb");
        prepare(&path);
        let error = refusal(folder.path());
        assert_eq!(error.kind(), ErrorKind::InvalidFormat, "{error}");
        error.to_string()
    };
    let set_format = |path: &Path| {
        let database = Database::open(path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(FACTS).unwrap().insert("format", &2u32.to_le_bytes()[..]).unwrap();
        transaction.commit().unwrap();
    };
    let message = refused(&set_format);
    assert!(
        message.contains("of format 2, and this version reads format 1: export it with the version that wrote it"),
        "{message}"
    );
    let message = refused(&|path| {
        fs::remove_file(path).unwrap();
        Database::create(path).unwrap();
    });
    assert!(message.contains("the database of another program"), "{message}");
    refused(&|path| fs::write(path, "").unwrap());
    refused(&|path| fs::write(path, "a text").unwrap());
    refused(&|path| fs::write(path, vec![7; 2 << 20]).unwrap());
}

/// A store with all kinds of content.
struct FullStore {
    folder: TempDir,
    entries: Vec<Entry>,
    /// The database, closed well.
    bytes: Vec<u8>,
    note: Vec<u8>,
}

impl FullStore {
    fn new() -> Self {
        let folder = quick_folder();
        let mut store = open(folder.path()).unwrap();
        for number in 0..12 {
            store.append(&events(&format!("{number}"), 0..(1 + 37 * number))).unwrap();
            let sequence = store.last_sequence();
            store.put_changes(&[Change { id: ChangeId::new(sequence, 0), bytes: vec![9; 90] }]).unwrap();
            store.put_snapshot(sequence, &vec![3; 9_000]).unwrap();
        }
        store.subscribe("mail").unwrap();
        let entries = entries(&store);
        drop(store);
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let (bytes, note) = (read("store.redb"), read("acknowledged"));
        Self { folder, entries, bytes, note }
    }

    /// Opens a changed file and reads all of it: the right answer or an error, never another answer.
    fn judge(&self, bytes: &[u8], verify: bool) -> Result<(), Error> {
        fs::write(self.folder.path().join("store.redb"), bytes).unwrap();
        fs::write(self.folder.path().join("acknowledged"), &self.note).unwrap();
        let mut store = Store::open(self.folder.path(), &StoreOptions::default().verify(verify))?;
        let read: Vec<Entry> =
            store.entries_from(1).map(|entry| entry.map(|(_, entry)| entry)).collect::<Result<_, _>>()?;
        assert!(read == self.entries, "{} entries of {}", read.len(), self.entries.len());
        let changes = store.changes_after(ChangeId::START, 100)?;
        assert!(!verify || changes.len() == 12);
        assert!(changes.iter().all(|change| change.bytes == [9; 90]));
        if let Some(snapshot) = store.snapshot()? {
            assert_eq!(snapshot.bytes, [3; 9_000]);
        }
        store.append(&[event("new", 0)])?;
        assert_eq!(store.append(&self.entries[..5])?.new_count, 0);
        Ok(())
    }
}

fn check_error(error: &Error, folder: &Path) {
    assert!(matches!(error.kind(), ErrorKind::InvalidFormat | ErrorKind::Io), "{error}");
    assert!(error.to_string().starts_with(&folder.display().to_string()), "{error}");
}

#[test]
fn a_file_that_was_cut_short_is_an_error_and_no_panic() {
    let full = FullStore::new();
    let (folder, bytes) = (&full.folder, &full.bytes);
    let mut random = Random(1);
    let ends =
        (0..40).map(|_| random.below(bytes.len() as u64) as usize).chain([0, 1, 100, 320, 4_096, bytes.len() - 1]);
    for end in ends {
        for verify in [true, false] {
            let error = full.judge(&bytes[..end], verify).expect_err("a file that was cut short");
            check_error(&error, folder.path());
        }
    }
    full.judge(bytes, true).unwrap();
}

#[test]
fn changed_bytes_are_an_error_or_change_nothing() {
    let full = FullStore::new();
    let (folder, bytes) = (&full.folder, &full.bytes);
    let mut random = Random(2);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    let places = (0..320u64).chain((0..400).map(|_| random.below(used)).collect::<Vec<_>>());
    let (mut found, mut harmless) = (0, 0);
    for place in places {
        let mut changed = bytes.clone();
        changed[place as usize] ^= 1 << random.below(8);
        for verify in [true, false] {
            match full.judge(&changed, verify) {
                Ok(()) => harmless += 1,
                Err(error) => {
                    check_error(&error, folder.path());
                    found += 1;
                }
            }
        }
    }
    assert!(found > 100 && harmless > 0, "{found} found, {harmless} harmless");
}

/// After a crash the database takes back a commit that is not whole, which damage to an acknowledged one looks like: it is missed.
#[test]
fn changed_bytes_after_a_crash_are_an_error_or_change_nothing() {
    let folder = quick_folder();
    let mut store = open(folder.path()).unwrap();
    let mut expected: Vec<Entry> = Vec::new();
    for number in 0..8 {
        let batch = events(&format!("{number}"), 0..(1 + 37 * number));
        store.append(&batch).unwrap();
        expected.extend(batch);
    }
    // As a kill leaves them.
    let bytes = fs::read(folder.path().join("store.redb")).unwrap();
    let note = fs::read(folder.path().join("acknowledged")).unwrap();
    drop(store);
    let mut random = Random(3);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    let places = (0..320u64).chain((0..400).map(|_| random.below(used)).collect::<Vec<_>>());
    let (mut found, mut missed) = (0, 0);
    for place in places {
        let mut changed = bytes.clone();
        changed[place as usize] ^= 1 << random.below(8);
        fs::write(folder.path().join("store.redb"), changed).unwrap();
        fs::write(folder.path().join("acknowledged"), &note).unwrap();
        match open(folder.path()) {
            Ok(store) => assert!(entries(&store) == expected, "{} of {}", store.len(), expected.len()),
            Err(error) => {
                check_error(&error, folder.path());
                found += 1;
                missed += u64::from(error.to_string().contains("8 commits were acknowledged, and the database has 7"));
            }
        }
    }
    assert!(found > 100 && missed > 30, "{found} found, {missed} missed");
}

#[test]
fn a_database_that_is_gone_or_older_than_its_note_is_an_error_until_the_note_is_deleted() {
    let folder = quick_folder();
    let path = folder.path().join("store.redb");
    open(folder.path()).unwrap().append(&events("a", 0..5)).unwrap();
    let older = fs::read(&path).unwrap();
    open(folder.path()).unwrap().append(&events("b", 0..5)).unwrap();
    fs::remove_file(&path).unwrap();
    let error = refusal(folder.path());
    assert_eq!(error.kind(), ErrorKind::InvalidFormat);
    assert!(error.to_string().contains("2 commits were acknowledged, and the database has 0 of them"), "{error}");
    fs::write(&path, older).unwrap();
    assert!(refusal(folder.path()).to_string().contains("the database has 1 of them"));
    fs::remove_file(folder.path().join("acknowledged")).unwrap();
    assert_eq!(open(folder.path()).unwrap().len(), 5);
}
