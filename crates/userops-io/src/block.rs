//! Reads a stream of records in blocks that begin and end between records.

use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use memchr::{memchr, memchr2, memrchr};
use userops::error::{Error, ErrorKind, Result};

use crate::failure::{from_io, lock};
use crate::input::Part;
use crate::source::Stream;

/// How much is read at a time, and how long one record may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockSizes {
    /// Bytes of a block, unless a record is longer.
    pub(crate) block_bytes: usize,
    /// Bytes of the longest record.
    pub(crate) record_bytes_max: usize,
}

/// Where records end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Boundary {
    /// Within quotes a line break does not end a record.
    pub(crate) quote: Option<u8>,
    /// A quote opens a field at the start of a record, or after this byte.
    pub(crate) delimiter: u8,
    /// A record that begins so ends with its line, quotes or not.
    pub(crate) comment: Option<u8>,
}

impl Boundary {
    /// Every line is a record.
    pub(crate) const LINES: Self = Self { quote: None, delimiter: b'\n', comment: None };

    /// Where the record ends that `bytes` begin with, its line break included, or `None` where its end is not there.
    pub(crate) fn record_end(self, bytes: &[u8]) -> Option<usize> {
        let comment = self.comment.is_some() && bytes.first().copied() == self.comment;
        let Some(quote) = self.quote.filter(|_| !comment) else {
            return Some(memchr(b'\n', bytes)? + 1);
        };
        let mut field = 0;
        loop {
            if bytes.get(field) == Some(&quote) {
                field = closing_quote(quote, bytes, field + 1)? + 1;
            }
            let mark = field + memchr2(self.delimiter, b'\n', bytes.get(field..)?)?;
            field = mark + 1;
            if bytes[mark] == b'\n' {
                return Some(field);
            }
        }
    }

    /// Where the last record ends whose end is in `bytes`, which begin a record.
    fn last_end(self, bytes: &[u8]) -> Option<usize> {
        let mut start = 0;
        if let Some(quote) = self.quote {
            while let Some(next) = memchr(quote, &bytes[start..]) {
                // Whole lines before the quote need no second look.
                start += memrchr(b'\n', &bytes[start..start + next]).map_or(0, |end| end + 1);
                match self.record_end(&bytes[start..]) {
                    Some(end) => start += end,
                    None => return Some(start).filter(|start| *start > 0),
                }
            }
        }
        memrchr(b'\n', &bytes[start..]).map(|end| start + end + 1).or(Some(start).filter(|start| *start > 0))
    }
}

/// Where the quote is that ends a quoted field, two quotes standing for one.
pub(crate) fn closing_quote(quote: u8, bytes: &[u8], inside: usize) -> Option<usize> {
    let mut at = inside;
    loop {
        at += memchr(quote, bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&quote) {
            return Some(at);
        }
        at += 2;
    }
}

/// Whole records, read by one thread and decoded by another.
#[derive(Debug)]
pub(crate) struct Block {
    buffer: Vec<u8>,
    len: usize,
    bytes_read: u64,
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Block {
    /// The records, end to end; the last may lack its line break.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl Part for Block {
    fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        lock(&self.spare).push(std::mem::take(&mut self.buffer));
    }
}

/// Cuts a stream into blocks.
pub(crate) struct BlockReader {
    stream: Stream,
    sizes: BlockSizes,
    boundary: Boundary,
    /// What was read of the next block.
    rest: Vec<u8>,
    ended: bool,
    /// Buffers that were used and are free again.
    spare: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl BlockReader {
    pub(crate) fn new(stream: Stream, sizes: BlockSizes, boundary: Boundary) -> Self {
        Self { stream, sizes, boundary, rest: Vec::new(), ended: false, spare: Arc::default() }
    }

    /// Leaves out so many bytes at the beginning.
    pub(crate) fn skip(&mut self, bytes: u64) -> Result<()> {
        std::io::copy(&mut (&mut self.stream.input).take(bytes), &mut std::io::sink()).map(drop).map_err(from_io)
    }

    /// The next block, or `None` at the end.
    ///
    /// # Errors
    /// `Io` or `InvalidFormat` from reading; `LimitExceeded` for a record longer than the limit.
    pub(crate) fn next(&mut self) -> Result<Option<Block>> {
        let mut buffer = lock(&self.spare).pop().unwrap_or_default();
        let size = self.sizes.block_bytes.max(1);
        buffer.resize(buffer.len().max(size).max(self.rest.len()), 0);
        buffer[..self.rest.len()].copy_from_slice(&self.rest);
        let mut len = std::mem::take(&mut self.rest).len();
        let mut target = size.max(len);
        loop {
            len = self.fill(&mut buffer, len, target)?;
            if self.ended {
                break;
            }
            if let Some(end) = self.boundary.last_end(&buffer[..len]) {
                self.rest = buffer[end..len].to_vec();
                len = end;
                break;
            }
            if len >= self.sizes.record_bytes_max {
                return Err(self.too_long(&buffer));
            }
            target = len.saturating_mul(2).min(self.sizes.record_bytes_max.max(len + 1));
            buffer.resize(buffer.len().max(target), 0);
        }
        let bytes_read = self.stream.consumed.load(Ordering::Relaxed);
        Ok((len > 0).then(|| Block { buffer, len, bytes_read, spare: Arc::clone(&self.spare) }))
    }

    /// Reads until `target` bytes are there or the stream ends.
    fn fill(&mut self, buffer: &mut [u8], mut len: usize, target: usize) -> Result<usize> {
        while len < target && !self.ended {
            match self.stream.input.read(&mut buffer[len..target]) {
                Ok(0) => self.ended = true,
                Ok(count) => len += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(from_io(error)),
            }
        }
        Ok(len)
    }

    fn too_long(&self, record: &[u8]) -> Error {
        const START_CHARS: usize = 60;
        let start: String =
            String::from_utf8_lossy(&record[..record.len().min(START_CHARS * 4)]).chars().take(START_CHARS).collect();
        let unclosed = if self.boundary.quote.is_some() { "; is a quote not closed?" } else { "" };
        Error::new(
            ErrorKind::LimitExceeded,
            format!(
                "the row that begins {start:?} is longer than the limit of {} bytes{unclosed}",
                self.sizes.record_bytes_max
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Boundary = Boundary { quote: Some(b'"'), delimiter: b',', comment: Some(b'#') };

    #[test]
    fn line_breaks_in_quotes_end_no_record() {
        for (text, end) in [
            ("a,b\nc", Some(4)),
            ("a,\"b\nc\"\r\nd", Some(9)),
            ("\"a\"\"\n\",b\n", Some(9)),
            ("a\"b\nc\"", Some(4)),
            ("\"a\"b\"\n\"", Some(6)),
            ("#\"\nx", Some(3)),
            ("\"a\nb", None),
            ("a,", None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(CSV.record_end(text.as_bytes()), end, "{text:?}");
            assert_eq!(Boundary::LINES.record_end(text.as_bytes()), text.find('\n').map(|end| end + 1), "{text:?}");
        }
    }

    #[test]
    fn the_last_end_is_where_record_by_record_ends() {
        let text = "a,b\n\"x\ny\",z\n#\"\nplain\n\"un\nclosed";
        for len in 0..=text.len() {
            let bytes = &text.as_bytes()[..len];
            let mut start = 0;
            while let Some(end) = CSV.record_end(&bytes[start..]) {
                start += end;
            }
            assert_eq!(CSV.last_end(bytes), Some(start).filter(|start| *start > 0), "{len}");
        }
    }
}
