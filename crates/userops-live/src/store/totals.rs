//! How much there is, written with every commit: what a damaged tree leaves out without a word is missed.

use redb::{ReadableTable, WriteTransaction};
use userops::error::Result;

use super::FACTS;
use super::block::{seal, unseal};
use super::failure::{damaged, from_redb};

const TOTALS_FACT: &str = "totals";

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Commits since the store was made.
    pub(super) commit_count: u64,
    /// Entries, which is the number of the last.
    pub(super) entry_count: u64,
    /// Events with an id.
    pub(super) id_count: u64,
}

impl Totals {
    pub(super) fn write(self, transaction: &WriteTransaction) -> Result<()> {
        let bytes = [self.commit_count, self.entry_count, self.id_count].map(u64::to_le_bytes).concat();
        let mut facts = transaction.open_table(FACTS).map_err(from_redb)?;
        facts.insert(TOTALS_FACT, &seal(0, &bytes)[..]).map_err(from_redb).map(drop)
    }

    pub(super) fn read(facts: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Self> {
        let found = facts.get(TOTALS_FACT).map_err(from_redb)?;
        let read = |bytes: &[u8]| {
            let (numbers, rest) = bytes.as_chunks::<8>();
            let [commit_count, entry_count, id_count] = *numbers else { return None };
            let [commit_count, entry_count, id_count] = [commit_count, entry_count, id_count].map(u64::from_le_bytes);
            rest.is_empty().then_some(Self { commit_count, entry_count, id_count })
        };
        let totals = found.and_then(|sealed| unseal(0, sealed.value()).and_then(read));
        totals.ok_or_else(|| damaged("its totals do not fit their checksum"))
    }
}
