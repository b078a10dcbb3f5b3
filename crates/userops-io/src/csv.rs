//! CSV and other text with a row per line.

mod marks;
mod options;
mod split;
mod texts;

pub use options::{CsvOptions, Delimiter};

use std::io::Read;

use memchr::memchr;
use userops::error::{Error, ErrorKind, Result};

use crate::block::{Block, BlockReader, BlockSizes};
use crate::failure::{from_io, invalid_format};
use crate::heading::Heading;
use crate::input::{BatchSink, Input, Parts};
use crate::source::{BYTE_ORDER_MARK, Source, refuse_utf16};
use split::{Layout, Rows};
use texts::Texts;

/// Bytes from which a heading is looked for at first; a longer one is read on to the limit of a record.
const HEADING_BYTES: usize = 1 << 16;

/// A CSV source of which the heading is read.
pub(crate) struct CsvInput {
    source: Source,
    sizes: BlockSizes,
    heading: Heading,
    layout: Layout,
    /// Where the rows begin, after mark, comments and heading.
    body_start: u64,
}

impl CsvInput {
    /// Reads the heading.
    ///
    /// # Errors
    /// `Empty` without any byte, unless the caller names the columns of a file without heading; `InvalidFormat` where the heading is no UTF-8; `InvalidArgument` where the options
    /// contradict themselves; as [`BlockReader::next`].
    pub(crate) fn open(source: Source, options: &CsvOptions, sizes: BlockSizes) -> Result<Self> {
        options.check()?;
        let start = Start::read(&source, options, sizes)?;
        let names = start.names(options)?;
        let layout = Layout::new(start.delimiter, options, names.len());
        let heading = Heading::of_texts(names);
        Ok(Self { source, sizes, heading, layout, body_start: start.body_start })
    }
}

/// What comes before the rows.
struct Start {
    delimiter: Delimiter,
    /// The heading, or else the first row; empty where there is neither.
    line: Vec<u8>,
    body_start: u64,
}

impl Start {
    fn read(source: &Source, options: &CsvOptions, sizes: BlockSizes) -> Result<Self> {
        let mut input = source.open()?.input;
        let mut bytes = Vec::new();
        loop {
            let count = HEADING_BYTES.max(bytes.len()) as u64;
            let read = (&mut input).take(count).read_to_end(&mut bytes).map_err(from_io)?;
            if bytes.is_empty() && (options.has_header || options.columns.is_none()) {
                return Err(Error::new(ErrorKind::Empty, "the file is empty: it has not even a heading"));
            }
            if let Some(start) = Self::find(&bytes, options, (read as u64) < count)? {
                return Ok(start);
            }
            if bytes.len() >= sizes.record_bytes_max {
                let message = format!("the heading is longer than the limit of {} bytes", sizes.record_bytes_max);
                return Err(Error::new(ErrorKind::LimitExceeded, message));
            }
        }
    }

    /// Finds the first record in the start of a source, or `None` where more of it is needed.
    fn find(bytes: &[u8], options: &CsvOptions, ended: bool) -> Result<Option<Self>> {
        refuse_utf16(bytes)?;
        let mut at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        while at < bytes.len() {
            let rest = &bytes[at..];
            let line_end = memchr(b'\n', rest).map(|end| end + 1).or(ended.then_some(rest.len()));
            let Some(line_end) = line_end else { return Ok(None) };
            let line = split::line_of(&rest[..line_end]);
            if line.is_empty() || (options.comment.is_some() && line.first().copied() == options.comment) {
                at += line_end;
                continue;
            }
            let delimiter = options.delimiter.settle(line);
            let Some(end) = options.boundary(delimiter).record_end(rest).or(ended.then_some(rest.len())) else {
                return Ok(None);
            };
            let body_start = if options.has_header { at + end } else { at } as u64;
            return Ok(Some(Self { delimiter, line: split::line_of(&rest[..end]).to_vec(), body_start }));
        }
        let delimiter = options.delimiter.settle(b"");
        Ok(ended.then_some(Self { delimiter, line: Vec::new(), body_start: at as u64 }))
    }

    /// The names of the columns.
    fn names(&self, options: &CsvOptions) -> Result<Vec<String>> {
        let line = std::str::from_utf8(&self.line).map_err(|error| {
            invalid_format(format!("the first line is not valid UTF-8: {error}; save the file as UTF-8"))
        })?;
        let mut fields = split::fields(line, self.delimiter, options.quote);
        if !options.has_header {
            fields.iter_mut().for_each(String::clear);
        }
        if let Some(names) = &options.columns {
            fields.clone_from(names);
        }
        let named = fields.into_iter().enumerate().map(|(index, name)| match name.as_str() {
            "" => format!("column_{}", index + 1),
            _ => name,
        });
        Ok(named.collect())
    }
}

impl Input for CsvInput {
    type Part = Block;

    fn heading(&self) -> &Heading {
        &self.heading
    }

    fn choose(&mut self, wanted: &[String]) -> Result<()> {
        self.heading.check_wanted(wanted)?;
        self.layout.choose(&self.heading, wanted);
        Ok(())
    }

    fn parts(&self) -> Result<Parts<'_, Block>> {
        let mut blocks = BlockReader::new(self.source.open()?, self.sizes, self.layout.boundary());
        blocks.skip(self.body_start)?;
        Ok(Box::new(move || blocks.next()))
    }

    fn decode(&self, part: Block, first_row: u64, sink: BatchSink<'_>) -> Result<u64> {
        let texts = Texts::default();
        let mut rows = Rows::new(&self.layout, first_row, &texts);
        rows.read(part.bytes(), |batch| sink(batch), &self.source.name)?;
        Ok(rows.next_row() - first_row)
    }
}
