//! What every format has in common: parts in order, each decoded to batches for itself.

use userops::error::Result;
use userops::ingest::{RawBatch, RawFault};

use crate::heading::Heading;

/// Takes the batches of a part.
pub(crate) type BatchSink<'s> = &'s mut dyn FnMut(&RawBatch<'_>) -> Result<()>;

/// Gives the parts of a source one after the other.
pub(crate) type Parts<'a, P> = Box<dyn FnMut() -> Result<Option<P>> + Send + 'a>;

/// A source of which the columns are known and some were chosen.
pub(crate) trait Input: Sync {
    /// A part that one thread decodes.
    type Part: Part;

    /// The columns that there are.
    fn heading(&self) -> &Heading;

    /// States which columns batches have to hold; one that the source lacks is a column without values.
    fn choose(&mut self, wanted: &[String]) -> Result<()>;

    /// Cuts the source into parts.
    fn parts(&self) -> Result<Parts<'_, Self::Part>>;

    /// Decodes a part, numbering its rows from `first_row`, and gives the number of its rows.
    fn decode(&self, part: Self::Part, first_row: u64, sink: BatchSink<'_>) -> Result<u64>;
}

/// A part of a source.
pub(crate) trait Part: Send {
    /// How many bytes of the source are read when this part is.
    fn bytes_read(&self) -> u64;

    /// How many rows it has, where that is known before they are decoded; otherwise 0.
    fn row_count(&self) -> usize {
        0
    }
}

/// A batch of these rows of a source. Those with a fault are not to be in its columns.
pub(crate) fn batch_between<'a>(source: &'a str, rows: std::ops::Range<u64>, faults: &[RawFault]) -> RawBatch<'a> {
    let row_count = (rows.end - rows.start) as usize - faults.len();
    let mut batch = RawBatch::new(source, row_count).starting_at(rows.start);
    if !faults.is_empty() {
        let mut faulty = faults.iter().map(|fault| fault.row).peekable();
        batch = batch.numbered(rows.filter(|row| faulty.next_if_eq(row).is_none()).collect());
        faults.iter().for_each(|fault| batch.push_fault(fault.clone()));
    }
    batch
}
