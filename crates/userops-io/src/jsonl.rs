//! JSON Lines: an object per line.

mod discover;
mod line;
mod rows;

use memchr::memchr;
use userops::error::Result;

use crate::block::{Block, BlockReader, BlockSizes, Boundary};
use crate::failure::invalid_format;
use crate::heading::Heading;
use crate::input::{BatchSink, Input, Parts};
use crate::source::{BYTE_ORDER_MARK, Source, first_bytes, refuse_utf16};
use rows::Rows;

/// Bytes that are looked at to tell other formats of JSON.
const SNIFF_BYTES: usize = 4_096;

/// A source of JSON objects, one per line.
///
/// A field of an object within the object is a column with a dotted name, as `properties.plan`. An array is a value of
/// another type than any column's. Where a key occurs twice in one line, the last counts. Integers of up to 38 digits
/// are exact, and so are amounts with decimals. A blank line is no row.
///
/// There is no heading, so the source is read twice: once for the columns and their types, once for the rows. No type
/// depends on the number of threads or on where a block ends.
pub(crate) struct JsonLinesInput {
    source: Source,
    sizes: BlockSizes,
    heading: Heading,
    row_count: u64,
    wanted: Vec<String>,
    /// Columns whose numbers keep their decimals exactly.
    amounts: Vec<String>,
}

impl JsonLinesInput {
    /// Finds the columns. `amounts` are the columns whose numbers are money.
    ///
    /// # Errors
    /// `InvalidFormat` where this is one JSON array or not UTF-8; `LimitExceeded` for too many columns; as
    /// [`BlockReader::next`].
    pub(crate) fn open(source: Source, amounts: Vec<String>, sizes: BlockSizes) -> Result<Self> {
        let mut input = Self { source, sizes, heading: Heading::default(), row_count: 0, wanted: Vec::new(), amounts };
        (input.heading, input.row_count) = discover::discover(input.parts()?)?;
        Ok(input)
    }

    /// How many rows there are, faulty ones included.
    pub(crate) fn row_count(&self) -> u64 {
        self.row_count
    }

    /// How many bytes come before the first line.
    fn body_start(&self) -> Result<u64> {
        let start = first_bytes(&mut *self.source.open()?.input, SNIFF_BYTES)?;
        refuse_utf16(&start)?;
        let body = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start);
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(invalid_format("the file is one JSON array, where an object per line is needed"));
        }
        Ok((start.len() - body.len()) as u64)
    }
}

impl Input for JsonLinesInput {
    type Part = Block;

    fn heading(&self) -> &Heading {
        &self.heading
    }

    fn choose(&mut self, wanted: &[String]) -> Result<()> {
        self.heading.check_wanted(wanted)?;
        self.wanted = wanted.to_vec();
        Ok(())
    }

    fn parts(&self) -> Result<Parts<'_, Block>> {
        let mut blocks = BlockReader::new(self.source.open()?, self.sizes, Boundary::LINES);
        blocks.skip(self.body_start()?)?;
        Ok(Box::new(move || blocks.next()))
    }

    fn decode(&self, part: Block, first_row: u64, sink: BatchSink<'_>) -> Result<u64> {
        let mut rows = Rows::new(&self.wanted, &self.amounts, first_row);
        for line in lines(part.bytes()) {
            rows.push(line);
            if rows.is_full() {
                sink(&rows.batch(&self.source.name))?;
                rows.clear();
            }
        }
        sink(&rows.batch(&self.source.name))?;
        Ok(rows.next_row() - first_row)
    }
}

/// The lines that are not blank, without their line breaks.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].trim_ascii();
            rest = rest.get(end + 1..).unwrap_or_default();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    })
}
