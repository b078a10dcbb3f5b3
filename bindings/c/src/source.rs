//! What a caller says of the format of a file.

use serde::Deserialize;
use userops_core::error::{Error, ErrorKind, Result};
use userops_io::{CsvOptions, Delimiter, FileFormat};

/// The format of a file or of bytes, as JSON states it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceFormat {
    #[default]
    Auto,
    Parquet,
    JsonLines,
    Csv(CsvFormat),
}

/// How text with a row per line is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CsvFormat {
    delimiter: String,
    has_header: bool,
    columns: Option<Vec<String>>,
    quote: Option<char>,
    comment: Option<char>,
}

impl Default for CsvFormat {
    fn default() -> Self {
        Self { delimiter: "auto".to_owned(), has_header: true, columns: None, quote: Some('"'), comment: None }
    }
}

impl SourceFormat {
    /// # Errors
    /// `InvalidArgument` where a mark is no single ASCII character.
    pub(crate) fn to_file_format(&self) -> Result<FileFormat> {
        Ok(match self {
            Self::Auto => FileFormat::Auto,
            Self::Parquet => FileFormat::Parquet,
            Self::JsonLines => FileFormat::JsonLines,
            Self::Csv(format) => FileFormat::Csv(format.to_options()?),
        })
    }
}

impl CsvFormat {
    fn to_options(&self) -> Result<CsvOptions> {
        let mut options = CsvOptions::new();
        options.delimiter = match self.delimiter.as_str() {
            "auto" => Delimiter::Auto,
            "blanks" => Delimiter::Blanks,
            text => Delimiter::Byte(ascii(text, "delimiter")?),
        };
        options.has_header = self.has_header;
        options.columns.clone_from(&self.columns);
        options.quote = match self.delimiter.as_str() {
            // Between blanks a quote is a character like others.
            "blanks" => None,
            _ => self.quote.map(|quote| ascii(&quote.to_string(), "quote")).transpose()?,
        };
        options.comment = self.comment.map(|comment| ascii(&comment.to_string(), "comment")).transpose()?;
        Ok(options)
    }
}

fn ascii(text: &str, what: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => {
            let message = format!("the {what} of CSV cannot be {text:?}: it is one ASCII character");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
    }
}
