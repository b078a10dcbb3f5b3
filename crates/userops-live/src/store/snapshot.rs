//! Snapshots: what a live engine knows after an entry, so that it need not read all of them again.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use userops::error::Result;

use super::Store;
use super::block::{seal, unseal};
use super::failure::{from_redb, invalid_argument};

/// How long a snapshot is, by its number.
const SNAPSHOTS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("snapshots");
/// The parts of snapshots, by number and part.
const PARTS: TableDefinition<'static, (u64, u32), &[u8]> = TableDefinition::new("snapshot_parts");
/// Bytes of a part: pages for large values are powers of two, so a whole snapshot in one could take twice its size. A little less than
/// one of them, for key and checksum.
const PART_BYTES: usize = (1 << 20) - 256;
/// A second one is kept for the day on which the newest turns out to be damaged.
const KEPT_COUNT: usize = 2;

/// A state after an entry, as bytes that mean something to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The number of the last entry that is in it.
    pub sequence: u64,
    /// What the host gave.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Keeps a snapshot of the state after an entry, 0 for the state before all. The two newest are kept.
    ///
    /// One for the same entry is replaced.
    ///
    /// # Errors
    /// `InvalidArgument` for an entry that is not there, or before that of the newest snapshot; `Io` where it cannot be written.
    pub fn put_snapshot(&mut self, sequence: u64, bytes: &[u8]) -> Result<()> {
        let last = self.totals.entry_count;
        if sequence > last {
            let message = format!("there is no entry {sequence} to have a snapshot after: the last is {last}");
            return Err(invalid_argument(message).at(self.folder.display()));
        }
        self.write(|transaction| {
            let newest = newest_first(transaction)?.first().copied();
            if let Some(newest) = newest.filter(|newest| *newest > sequence) {
                let message =
                    format!("a snapshot after entry {sequence} is older than the newest, after entry {newest}");
                return Err(invalid_argument(message));
            }
            remove(transaction, sequence)?;
            let mut parts = transaction.open_table(PARTS).map_err(from_redb)?;
            for (part, content) in bytes.chunks(PART_BYTES).enumerate() {
                let sealed = seal(place(sequence, part as u32), content);
                parts.insert((sequence, part as u32), &sealed[..]).map_err(from_redb)?;
            }
            drop(parts);
            let mut snapshots = transaction.open_table(SNAPSHOTS).map_err(from_redb)?;
            let heading = seal(sequence, &(bytes.len() as u64).to_le_bytes());
            snapshots.insert(sequence, &heading[..]).map_err(from_redb)?;
            drop(snapshots);
            let old = newest_first(transaction)?.into_iter().skip(KEPT_COUNT);
            old.into_iter().try_for_each(|old| remove(transaction, old))
        })
    }

    /// The newest snapshot that is whole; `None` where there is none.
    ///
    /// A damaged one is passed over, for it holds nothing that the entries do not say.
    ///
    /// # Errors
    /// `Io` where it cannot be read; `InvalidFormat` where the database itself is damaged.
    pub fn snapshot(&self) -> Result<Option<Snapshot>> {
        self.read(|transaction| {
            let snapshots = transaction.open_table(SNAPSHOTS).map_err(from_redb)?;
            for found in snapshots.iter().map_err(from_redb)?.rev() {
                let (sequence, heading) = found.map_err(from_redb)?;
                if let Some(bytes) = read_parts(transaction, sequence.value(), heading.value())? {
                    return Ok(Some(Snapshot { sequence: sequence.value(), bytes }));
                }
            }
            Ok(None)
        })
    }
}

/// Makes the tables, so that readers find them.
pub(super) fn open_tables(transaction: &WriteTransaction) -> Result<()> {
    transaction.open_table(SNAPSHOTS).map_err(from_redb)?;
    transaction.open_table(PARTS).map_err(from_redb).map(drop)
}

/// Drops all snapshots.
pub(super) fn remove_all(transaction: &WriteTransaction) -> Result<()> {
    newest_first(transaction)?.into_iter().try_for_each(|sequence| remove(transaction, sequence))
}

fn newest_first(transaction: &WriteTransaction) -> Result<Vec<u64>> {
    let snapshots = transaction.open_table(SNAPSHOTS).map_err(from_redb)?;
    let found = snapshots.iter().map_err(from_redb)?.rev();
    found.map(|found| found.map(|(sequence, _)| sequence.value()).map_err(from_redb)).collect()
}

fn remove(transaction: &WriteTransaction, sequence: u64) -> Result<()> {
    transaction.open_table(SNAPSHOTS).map_err(from_redb)?.remove(sequence).map_err(from_redb)?;
    let mut parts = transaction.open_table(PARTS).map_err(from_redb)?;
    parts.retain_in((sequence, 0)..=(sequence, u32::MAX), |_, _| false).map_err(from_redb)
}

/// All bytes of a snapshot; `None` where they are not what was written.
fn read_parts(transaction: &ReadTransaction, sequence: u64, heading: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(length) = unseal(sequence, heading).and_then(|length| Some(u64::from_le_bytes(length.try_into().ok()?)))
    else {
        return Ok(None);
    };
    let parts = transaction.open_table(PARTS).map_err(from_redb)?;
    let mut bytes = Vec::new();
    for (part, found) in parts.range((sequence, 0)..=(sequence, u32::MAX)).map_err(from_redb)?.enumerate() {
        let (key, sealed) = found.map_err(from_redb)?;
        match unseal(place(sequence, part as u32), sealed.value()) {
            Some(content) if key.value() == (sequence, part as u32) => bytes.extend_from_slice(content),
            _ => return Ok(None),
        }
    }
    Ok((bytes.len() as u64 == length).then_some(bytes))
}

/// What the checksum of a part is taken over beside its bytes.
fn place(sequence: u64, part: u32) -> u64 {
    sequence << 32 | u64::from(part)
}
