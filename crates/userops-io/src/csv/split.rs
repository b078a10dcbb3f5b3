//! Splits lines into fields, column by column.

use std::borrow::Cow;

use memchr::{memchr, memrchr};
use userops::column::Bitmap;
use userops::ingest::{RawBatch, RawColumn, RawData, RawFault, RejectReason};

use super::marks::Marks;
use super::options::{CsvOptions, Delimiter};
use super::texts::Texts;
use crate::block::{Boundary, closing_quote};
use crate::heading::Heading;
use crate::input::batch_between;

/// The most rows of one batch: their fields stay in the processor's cache until they are coerced.
const BATCH_ROWS: usize = 4_096;

/// How lines are divided, and which fields are kept.
#[derive(Debug)]
pub(super) struct Layout {
    delimiter: Delimiter,
    boundary: Boundary,
    field_count: usize,
    /// The columns that are kept, in order.
    names: Vec<String>,
    /// For each field of a line, the column that it goes to.
    slots: Vec<Option<usize>>,
    /// For each column that is kept, whether any field goes to it.
    present: Vec<bool>,
}

impl Layout {
    pub(super) fn new(delimiter: Delimiter, options: &CsvOptions, field_count: usize) -> Self {
        let boundary = options.boundary(delimiter);
        Self { delimiter, boundary, field_count, names: Vec::new(), slots: Vec::new(), present: Vec::new() }
    }

    /// Keeps these columns.
    pub(super) fn choose(&mut self, heading: &Heading, wanted: &[String]) {
        self.names = wanted.to_vec();
        self.slots = vec![None; self.field_count];
        for (slot, name) in wanted.iter().enumerate() {
            if let Some(field) = heading.position(name) {
                self.slots[field] = Some(slot);
            }
        }
        self.present = wanted.iter().map(|name| heading.position(name).is_some()).collect();
    }

    pub(super) fn boundary(&self) -> Boundary {
        self.boundary
    }
}

/// A stretch of valid text that begins a record, and how far it was read.
struct Stretch<'a> {
    text: &'a str,
    at: usize,
    /// Where the next quote is, at or after `at`; the text's length where there is none.
    quote: usize,
    /// Whether the text's end is a record's end, with or without a line break.
    whole: bool,
}

/// Rows that were split and not yet handed over.
pub(super) struct Rows<'a> {
    layout: &'a Layout,
    values: Vec<Vec<&'a str>>,
    /// For each column, the rows whose field is quoted and empty: a known empty text.
    known_empty: Vec<Vec<usize>>,
    faults: Vec<RawFault>,
    row_count: usize,
    /// The number of the batch's first row, and of the row to come.
    first_row: u64,
    next_row: u64,
    texts: &'a Texts,
}

impl<'a> Rows<'a> {
    pub(super) fn new(layout: &'a Layout, first_row: u64, texts: &'a Texts) -> Self {
        Self {
            layout,
            values: vec![Vec::with_capacity(BATCH_ROWS); layout.names.len()],
            known_empty: vec![Vec::new(); layout.names.len()],
            faults: Vec::new(),
            row_count: 0,
            first_row,
            next_row: first_row,
            texts,
        }
    }

    /// The number of the row to come.
    pub(super) fn next_row(&self) -> u64 {
        self.next_row
    }

    /// Splits whole records, calling `full` for each batch and at the end; `full` must take the batch.
    pub(super) fn read<E>(
        &mut self,
        bytes: &'a [u8],
        mut full: impl FnMut(&RawBatch<'_>) -> Result<(), E>,
        source: &str,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (text, whole) = valid_start(rest);
            let mut stretch = Stretch { text, at: 0, quote: 0, whole };
            loop {
                let before = stretch.at;
                self.fill(&mut stretch);
                if self.row_count + self.faults.len() >= BATCH_ROWS {
                    self.hand_over(source, &mut full)?;
                } else if stretch.at == before || stretch.at == text.len() {
                    break;
                }
            }
            rest = &rest[stretch.at..];
            if !rest.is_empty() {
                rest = self.leave_out_invalid(rest);
            }
        }
        self.hand_over(source, &mut full)
    }

    fn hand_over<E>(&mut self, source: &str, full: &mut impl FnMut(&RawBatch<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.row_count + self.faults.len() > 0 {
            full(&self.batch(source))?;
            self.clear();
        }
        Ok(())
    }

    /// Leaves out a record that is not valid UTF-8, and gives what follows it.
    fn leave_out_invalid(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let boundary = self.layout.boundary;
        let end = boundary.record_end(rest).unwrap_or(rest.len());
        let (record, after) = rest.split_at(end);
        if boundary.comment.is_none() || record.first().copied() != boundary.comment {
            self.fault(RejectReason::InvalidUtf8, String::from_utf8_lossy(line_of(record)).into_owned());
        }
        after
    }

    /// Splits records until the batch is full or no whole one is left.
    fn fill(&mut self, stretch: &mut Stretch<'a>) {
        let plain = self.layout.boundary.comment.is_none() && self.layout.delimiter != Delimiter::Blanks;
        while self.row_count + self.faults.len() < BATCH_ROWS && stretch.at < stretch.text.len() {
            let before = stretch.at;
            match plain {
                true if stretch.plain_end(self.layout.boundary.quote) > before => self.plain_lines(stretch),
                _ => self.record(stretch),
            }
            if stretch.at == before {
                return;
            }
        }
    }

    /// Splits lines without quotes, blanks or comments to heed.
    fn plain_lines(&mut self, stretch: &mut Stretch<'a>) {
        let Delimiter::Byte(delimiter) = self.layout.delimiter else { return };
        let end = stretch.plain_end(self.layout.boundary.quote);
        let text = &stretch.text[stretch.at..end];
        let bytes = text.as_bytes();
        let (mut line, mut field, mut column) = (0, 0, 0);
        for mark in Marks::new(bytes, delimiter) {
            if bytes[mark] == delimiter {
                self.push(column, &text[field..mark]);
                (field, column) = (mark + 1, column + 1);
                continue;
            }
            self.end_line(text, line..mark, field, column);
            (line, field, column) = (mark + 1, mark + 1, 0);
            if self.row_count + self.faults.len() >= BATCH_ROWS {
                break;
            }
        }
        let full = self.row_count + self.faults.len() >= BATCH_ROWS;
        if line < text.len() && !full {
            if stretch.whole && end == stretch.text.len() {
                self.end_line(text, line..text.len(), field, column);
                line = text.len();
            } else {
                self.values.iter_mut().for_each(|values| values.truncate(self.row_count));
            }
        }
        stretch.at += line;
    }

    /// Takes the last field of a line, of which the others are pushed.
    #[inline]
    fn end_line(&mut self, text: &'a str, line: std::ops::Range<usize>, field: usize, column: usize) {
        let end = line.end - usize::from(line.end > field && text.as_bytes()[line.end - 1] == b'\r');
        if end > line.start {
            self.push(column, &text[field..end]);
            self.end_row(column + 1, &text[line.start..end]);
        }
    }

    /// Splits one record, or leaves out one comment or blank line; does nothing where its end is not there.
    fn record(&mut self, stretch: &mut Stretch<'a>) {
        let rest = &stretch.text[stretch.at..];
        let boundary = self.layout.boundary;
        let end = match boundary.record_end(rest.as_bytes()) {
            Some(end) => end,
            None if stretch.whole => rest.len(),
            None => return,
        };
        stretch.at += end;
        let line = &rest[..line_of(&rest.as_bytes()[..end]).len()];
        let comment = boundary.comment.is_some() && line.bytes().next() == boundary.comment;
        if line.is_empty() || comment {
            return;
        }
        let mut column = 0;
        let split = split_line(line, self.layout.delimiter, boundary.quote, |field, quoted| {
            let field = match field {
                Cow::Borrowed(field) => field,
                Cow::Owned(field) => {
                    let (field, next) = self.texts.push(field);
                    self.texts = next;
                    field
                }
            };
            if let (true, "", Some(Some(slot))) = (quoted, field, self.layout.slots.get(column)) {
                self.known_empty[*slot].push(self.row_count);
            }
            self.push(column, field);
            column += 1;
        });
        match split {
            Some(()) if column > 0 => self.end_row(column, line),
            Some(()) => {}
            None => {
                self.drop_open_row();
                self.fault(RejectReason::Malformed, line.to_owned());
            }
        }
    }

    #[inline]
    fn push(&mut self, column: usize, field: &'a str) {
        if let Some(Some(slot)) = self.layout.slots.get(column) {
            self.values[*slot].push(field);
        }
    }

    #[inline]
    fn end_row(&mut self, field_count: usize, line: &str) {
        if field_count == self.layout.field_count {
            self.row_count += 1;
            self.next_row += 1;
        } else {
            self.drop_open_row();
            self.fault(RejectReason::WrongFieldCount, line.to_owned());
        }
    }

    #[cold]
    fn drop_open_row(&mut self) {
        let row_count = self.row_count;
        self.values.iter_mut().for_each(|values| values.truncate(row_count));
        self.known_empty.iter_mut().for_each(|rows| rows.retain(|row| *row < row_count));
    }

    #[cold]
    fn fault(&mut self, reason: RejectReason, line: String) {
        self.faults.push(RawFault { row: self.next_row, reason, line });
        self.next_row += 1;
    }

    fn batch<'b>(&'b self, source: &'b str) -> RawBatch<'b> {
        let mut batch = batch_between(source, self.first_row..self.next_row, &self.faults);
        for (slot, name) in self.layout.names.iter().enumerate() {
            batch.push(name.as_str(), self.column(slot));
        }
        batch
    }

    /// A column, in which a field without any character is missing.
    fn column(&self, slot: usize) -> RawColumn<'_> {
        if !self.layout.present[slot] {
            return RawColumn::new(RawData::Null(self.row_count));
        }
        let values = &self.values[slot];
        let data = RawData::Text(Cow::Borrowed(values));
        if !values.iter().any(|value| value.is_empty()) {
            return RawColumn::new(data);
        }
        let mut known_empty = self.known_empty[slot].iter().copied().peekable();
        let valid: Bitmap = values
            .iter()
            .enumerate()
            .map(|(row, value)| !value.is_empty() || known_empty.next_if_eq(&row).is_some())
            .collect();
        RawColumn::with_valid(data, valid)
    }

    fn clear(&mut self) {
        self.values.iter_mut().for_each(Vec::clear);
        self.known_empty.iter_mut().for_each(Vec::clear);
        self.faults.clear();
        self.row_count = 0;
        self.first_row = self.next_row;
    }
}

impl Stretch<'_> {
    /// Where the lines end that have no quote in them.
    fn plain_end(&mut self, quote: Option<u8>) -> usize {
        let bytes = self.text.as_bytes();
        if self.quote <= self.at {
            let next = quote.and_then(|quote| memchr(quote, &bytes[self.at..]));
            self.quote = next.map_or(bytes.len(), |next| self.at + next);
        }
        match self.quote {
            none if none == bytes.len() => none,
            quote => memrchr(b'\n', &bytes[self.at..quote]).map_or(self.at, |end| self.at + end + 1),
        }
    }
}

/// The longest start of these bytes that is valid text, and whether it is all of them.
fn valid_start(bytes: &[u8]) -> (&str, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => (std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(), false),
    }
}

/// A record without its line break.
pub(super) fn line_of(record: &[u8]) -> &[u8] {
    let line = record.strip_suffix(b"\n").unwrap_or(record);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The fields of a line, such as a heading.
pub(super) fn fields(line: &str, delimiter: Delimiter, quote: Option<u8>) -> Vec<String> {
    let mut fields = Vec::new();
    let _ = split_line(line, delimiter, quote, |field, _| fields.push(field.into_owned()));
    fields
}

/// Calls `field` with each field of a line and whether it is quoted; `None` where a quote is not closed.
fn split_line<'a>(
    line: &'a str,
    delimiter: Delimiter,
    quote: Option<u8>,
    mut field: impl FnMut(Cow<'a, str>, bool),
) -> Option<()> {
    let Delimiter::Byte(delimiter) = delimiter else {
        let fields = line.split([' ', '\t']).filter(|field| !field.is_empty());
        fields.for_each(|text| field(Cow::Borrowed(text), false));
        return Some(());
    };
    let bytes = line.as_bytes();
    let mut start = 0;
    loop {
        let quoted = quote.filter(|quote| bytes.get(start) == Some(quote));
        let inner_end = match quoted {
            Some(quote) => closing_quote(quote, bytes, start + 1)?,
            None => start,
        };
        let end = memchr(delimiter, &bytes[inner_end..]).map_or(bytes.len(), |end| inner_end + end);
        match quoted {
            None => field(Cow::Borrowed(&line[start..end]), false),
            Some(quote) => field(unquote(&line[start + 1..inner_end], &line[inner_end + 1..end], quote), true),
        }
        if end == bytes.len() {
            return Some(());
        }
        start = end + 1;
    }
}

/// The text between two quotes, and what stands between the second and the delimiter.
fn unquote<'a>(inner: &'a str, after: &str, quote: u8) -> Cow<'a, str> {
    if after.is_empty() && memchr(quote, inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let quote = char::from(quote).to_string();
    Cow::Owned(inner.replace(&quote.repeat(2), &quote) + after)
}
