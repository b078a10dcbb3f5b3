//! How a text file with a row per line is written.

use userops::error::{Error, ErrorKind, Result};

use crate::block::Boundary;

/// How fields are divided, quoted and named.
///
/// Lines end with LF or CR LF, and the last may end without. A blank line is no row, nor is a comment. Between quotes a
/// field may hold delimiters and line breaks, and a quote written twice. A field without any character is a missing
/// value; a quoted one without is an empty text. Spaces belong to the field.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// What divides fields.
    pub delimiter: Delimiter,
    /// Whether the first line names the columns.
    pub has_header: bool,
    /// The names of the columns, in place of those of the heading or, without either, of `column_1`, `column_2`…
    pub columns: Option<Vec<String>>,
    /// The byte that quotes fields; none where quotes are characters like others, as between blanks.
    pub quote: Option<u8>,
    /// The byte that begins a line to be left out.
    pub comment: Option<u8>,
}

/// What divides the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Delimiter {
    /// Whichever of comma, semicolon, tab and bar is most frequent in the first line; comma where none is.
    #[default]
    Auto,
    /// This byte, an ASCII character.
    Byte(u8),
    /// Any number of blanks and tabs; those at either end of a line do not count. There are no quotes.
    Blanks,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: Delimiter::Auto, has_header: true, columns: None, quote: Some(b'"'), comment: None }
    }
}

impl CsvOptions {
    /// A heading, fields divided as the heading's are, and double quotes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A heading, and fields divided by blanks.
    #[must_use]
    pub fn blanks() -> Self {
        Self { delimiter: Delimiter::Blanks, quote: None, ..Self::default() }
    }

    /// The byte that divides fields.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Delimiter::Byte(delimiter);
        self
    }

    /// There is no heading; the first line is a row.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// The byte that quotes fields, or none.
    #[must_use]
    pub fn quote(mut self, quote: Option<u8>) -> Self {
        self.quote = quote;
        self
    }

    /// The byte that begins a line to be left out.
    #[must_use]
    pub fn comment(mut self, comment: u8) -> Self {
        self.comment = Some(comment);
        self
    }

    /// # Errors
    /// `InvalidArgument` where a byte has two meanings, or can have none.
    pub(super) fn check(&self) -> Result<()> {
        let delimiter = match self.delimiter {
            Delimiter::Byte(byte) => Some(byte),
            Delimiter::Auto | Delimiter::Blanks => None,
        };
        let marks: Vec<u8> = [delimiter, self.quote, self.comment].into_iter().flatten().collect();
        for (index, mark) in marks.iter().enumerate() {
            let name = mark.escape_ascii();
            if !mark.is_ascii() || matches!(mark, b'\n' | b'\r') {
                return Err(invalid(format!("'{name}' cannot divide, quote or comment: it is no ASCII character")));
            }
            if marks[..index].contains(mark) {
                return Err(invalid(format!("'{name}' cannot have two meanings among delimiter, quote and comment")));
            }
        }
        Ok(())
    }

    /// Where records end, when this divides fields.
    pub(super) fn boundary(&self, delimiter: Delimiter) -> Boundary {
        match delimiter {
            Delimiter::Byte(delimiter) => Boundary { quote: self.quote, delimiter, comment: self.comment },
            Delimiter::Auto | Delimiter::Blanks => Boundary { comment: self.comment, ..Boundary::LINES },
        }
    }
}

impl Delimiter {
    /// What `Auto` is, told by the first line.
    pub(super) fn settle(self, line: &[u8]) -> Self {
        const CANDIDATES: [u8; 4] = *b"|\t;,";
        if self != Self::Auto {
            return self;
        }
        let count = |byte: &u8| memchr::memchr_iter(*byte, line).count();
        // The last of equals wins: the comma.
        Self::Byte(CANDIDATES.into_iter().max_by_key(count).unwrap_or(b','))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}
