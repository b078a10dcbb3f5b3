//! Opening a folder: the lock, the database, what it was made for, and the index of ids.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable};
use userops::error::{Error, ErrorKind, Result};

use super::failure::{already_open, damaged, from_io, from_redb, guard};
use super::index::IdIndex;
use super::note::Note;
use super::options::StoreOptions;
use super::totals::Totals;
use super::{BLOCKS, FACTS, IDS, Store, block, journal, snapshot};

/// The version of the folder's layout. A store of another one is refused.
const FORMAT: u32 = 1;
const FORMAT_FACT: &str = "format";
pub(super) const FINGERPRINT_FACT: &str = "fingerprint";
const SEED_FACT: &str = "seed";

/// The database.
const DATABASE_FILE: &str = "store.redb";
/// The database before it is complete.
const PARTIAL_FILE: &str = "store.redb.partial";
/// Who has it locked has the folder.
const LOCK_FILE: &str = "lock";

impl Store {
    /// Opens the store in a folder, which is made where there is none.
    ///
    /// After a crash the database goes back to its last complete commit, for which it reads the whole file. Cost: one pass over
    /// the file (unless [`StoreOptions::verify`] is off and the last process ended well), and over the hashes of all ids.
    ///
    /// # Errors
    /// `Io` where the folder cannot be made, read or written, or is open already; `InvalidFormat` where it is damaged, cut short, or
    /// of another format, or lacks what was acknowledged; `InvalidDefinition` where it was made for something else.
    pub fn open(folder: impl AsRef<Path>, options: &StoreOptions) -> Result<Self> {
        Self::open_by(folder.as_ref(), options, |builder, path, is_new| match is_new {
            true => builder.create(path),
            // Not `create`, which takes a file that has been emptied for a new one.
            false => builder.open(path),
        })
    }

    /// As [`Store::open`], with the database opened by the caller.
    pub(super) fn open_by(
        folder: &Path,
        options: &StoreOptions,
        open: impl Fn(&Builder, &Path, bool) -> Result<Database, DatabaseError>,
    ) -> Result<Self> {
        guard(folder, || {
            fs::create_dir_all(folder).map_err(from_io)?;
            let lock = lock_folder(folder)?;
            let mut builder = Builder::new();
            builder.set_cache_size(options.cache_bytes);
            let path = folder.join(DATABASE_FILE);
            if !path.try_exists().map_err(from_io)? {
                Note::open(folder, 0)?;
                make_database(folder, options, |path| open(&builder, path, true))?;
            }
            let mut database = open(&builder, &path, false).map_err(from_redb)?;
            let Facts { seed, fingerprint, totals } = read_facts(&database, options)?;
            if options.verify && !database.check_integrity().map_err(from_redb)? {
                return Err(damaged("pages of the last commit do not fit their checksums"));
            }
            let note = Note::open(folder, totals.commit_count)?;
            let index = read_index(&database, totals)?;
            Ok(Self {
                folder: folder.to_owned(),
                database,
                seed,
                fingerprint,
                index,
                totals,
                has_failed: false,
                note,
                _lock: lock,
            })
        })
    }

    /// Declares that the entries are meant for something else from now on, such as a new version of a playbook.
    ///
    /// Snapshots are dropped, because they hold answers of what was before; the entries say everything again.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn set_fingerprint(&mut self, fingerprint: impl Into<String>) -> Result<()> {
        let fingerprint = fingerprint.into();
        self.write(|transaction| {
            snapshot::remove_all(transaction)?;
            let mut facts = transaction.open_table(FACTS).map_err(from_redb)?;
            facts.insert(FINGERPRINT_FACT, fingerprint.as_bytes()).map_err(from_redb).map(drop)
        })?;
        self.fingerprint = fingerprint;
        Ok(())
    }
}

/// What holds a folder for this process, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that is being started just now has a copy of it, and would hold the lock for a moment.
        let _ = self.0.unlock();
    }
}

/// Takes the folder for this process.
fn lock_folder(folder: &Path) -> Result<FolderLock> {
    let path = folder.join(LOCK_FILE);
    let lock = File::options().write(true).create(true).truncate(false).open(path).map_err(from_io)?;
    match lock.try_lock() {
        Ok(()) => Ok(FolderLock(lock)),
        Err(TryLockError::WouldBlock) => Err(already_open()),
        Err(TryLockError::Error(error)) => Err(from_io(error)),
    }
}

/// Makes an empty database, which has its name only once it is complete.
fn make_database(
    folder: &Path,
    options: &StoreOptions,
    create: impl FnOnce(&Path) -> Result<Database, DatabaseError>,
) -> Result<()> {
    let partial = folder.join(PARTIAL_FILE);
    if partial.try_exists().map_err(from_io)? {
        fs::remove_file(&partial).map_err(from_io)?;
    }
    let database = create(&partial).map_err(from_redb)?;
    let transaction = database.begin_write().map_err(from_redb)?;
    {
        transaction.open_table(BLOCKS).map_err(from_redb)?;
        transaction.open_table(IDS).map_err(from_redb)?;
        snapshot::open_tables(&transaction)?;
        journal::open_tables(&transaction)?;
        let mut facts = transaction.open_table(FACTS).map_err(from_redb)?;
        // The standard library's hashers draw their keys at random, which is all that is needed here.
        let seed = RandomState::new().hash_one(folder);
        let fingerprint = options.fingerprint.as_deref().unwrap_or_default();
        facts.insert(FORMAT_FACT, &FORMAT.to_le_bytes()[..]).map_err(from_redb)?;
        facts.insert(SEED_FACT, &seed.to_le_bytes()[..]).map_err(from_redb)?;
        facts.insert(FINGERPRINT_FACT, fingerprint.as_bytes()).map_err(from_redb)?;
    }
    Totals::default().write(&transaction)?;
    transaction.commit().map_err(from_redb)?;
    database.close().map_err(from_redb)?;
    fs::rename(&partial, folder.join(DATABASE_FILE)).map_err(from_io)?;
    sync_folder(folder)
}

/// Makes the names of files durable. Only where a folder can be opened as a file is this needed, and possible.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).map_err(from_io) } else { Ok(()) }
}

/// What a store says of itself.
struct Facts {
    seed: u64,
    fingerprint: String,
    totals: Totals,
}

/// The facts of a store of this format that was made for what the options say.
fn read_facts(database: &Database, options: &StoreOptions) -> Result<Facts> {
    let transaction = database.begin_read().map_err(from_redb)?;
    let facts = match transaction.open_table(FACTS) {
        Err(redb::TableError::TableDoesNotExist(_)) => {
            let message =
                format!("{DATABASE_FILE} is the database of another program; use a folder of its own for a store");
            return Err(Error::new(ErrorKind::InvalidFormat, message));
        }
        facts => facts.map_err(from_redb)?,
    };
    let fact = |name: &str| -> Result<Vec<u8>> {
        let found = facts.get(name).map_err(from_redb)?;
        found.map(|value| value.value().to_vec()).ok_or_else(|| damaged(format!("it does not state its {name}")))
    };
    let unreadable = |name: &str| damaged(format!("its {name} cannot be read"));
    let format = fact(FORMAT_FACT)?.try_into().map_err(|_| unreadable(FORMAT_FACT))?;
    let format = u32::from_le_bytes(format);
    if format != FORMAT {
        return Err(Error::new(
            ErrorKind::InvalidFormat,
            format!(
                "the store is of format {format}, and this version reads format {FORMAT}: \
                 export it with the version that wrote it, or use a new folder"
            ),
        ));
    }
    let seed = u64::from_le_bytes(fact(SEED_FACT)?.try_into().map_err(|_| unreadable(SEED_FACT))?);
    let totals = Totals::read(&facts)?;
    let fingerprint = String::from_utf8(fact(FINGERPRINT_FACT)?).map_err(|_| unreadable(FINGERPRINT_FACT))?;
    match &options.fingerprint {
        Some(wanted) if *wanted != fingerprint => Err(Error::new(
            ErrorKind::InvalidDefinition,
            format!(
                "the store was made for {fingerprint:?}, not for {wanted:?}: use a new folder, or open it without a fingerprint \
                 and declare the new one with `set_fingerprint`"
            ),
        )),
        _ => Ok(Facts { seed, fingerprint, totals }),
    }
}

/// The ids that have been seen, of a store that has all that its totals say.
fn read_index(database: &Database, totals: Totals) -> Result<IdIndex> {
    let transaction = database.begin_read().map_err(from_redb)?;
    let mut index = IdIndex::default();
    let ids = transaction.open_table(IDS).map_err(from_redb)?;
    for list in ids.iter().map_err(from_redb)? {
        let (first, list) = list.map_err(from_redb)?;
        index.insert_list(first.value(), list.value())?;
    }
    if index.len() != totals.id_count {
        return Err(damaged(format!("it has {} ids of events, where {} were written", index.len(), totals.id_count)));
    }
    let blocks = transaction.open_table(BLOCKS).map_err(from_redb)?;
    let last = match blocks.last().map_err(from_redb)? {
        None => 0,
        Some((first, bytes)) => first.value() + block::entry_count(first.value(), bytes.value())? - 1,
    };
    if last != totals.entry_count {
        return Err(damaged(format!("its last entry is {last}, where {} were written", totals.entry_count)));
    }
    Ok(index)
}
