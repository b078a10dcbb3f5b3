//! The way out: tables to files that other tools read.

mod text;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use userops::error::{Error, ErrorKind, Result};
use userops::table::Table;

use crate::arrow::table_to_arrow;

/// The zstd level of Parquet pages: the fastest, as pages are encoded to little before.
const ZSTD_LEVEL: i32 = 1;

/// How a table is written.
///
/// Instants are RFC 3339 in UTC and dates `YYYY-MM-DD`; floats have as few digits as read back the same.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableFormat {
    /// Parquet with zstd, texts dictionary-encoded.
    Parquet,
    /// Comma-separated, UTF-8, LF, with a heading. An unknown value is nothing, an empty text `""`. A field is quoted
    /// where it must be, and is never changed: a text that begins like a spreadsheet's formula is written as it is.
    Csv,
    /// An object per line; an unknown value is null.
    JsonLines,
}

impl TableFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Parquet, Self::Csv, Self::JsonLines];

    /// The format that a path's extension names: `parquet`, `csv`, `jsonl` or `ndjson`, in any case.
    ///
    /// # Errors
    /// `InvalidArgument` for any other.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "{}: the extension is none of parquet, csv, jsonl and ndjson; state the format",
                    path.display()
                ),
            )),
        }
    }
}

/// Writes a table to a file in the format of its extension; as [`write_table_as`].
///
/// # Errors
/// As [`TableFormat::from_path`] and [`write_table_as`].
pub fn write_table(table: &Table, path: impl AsRef<Path>) -> Result<()> {
    let format = TableFormat::from_path(&path)?;
    write_table_as(table, path, format)
}

/// Writes a table to a file, replacing one that is there. The file has its name only once it is complete.
///
/// # Errors
/// `Io` where the file cannot be written; as [`write_table_to`].
pub fn write_table_as(table: &Table, path: impl AsRef<Path>, format: TableFormat) -> Result<()> {
    let path = path.as_ref();
    let partial = partial_path(path);
    let written = write_file(table, &partial, format).and_then(|()| fs::rename(&partial, path).map_err(write_error));
    if written.is_err() {
        // The first failure is what the caller has to know; one of tidying up would hide it.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(|error| error.at(path.display()))
}

fn write_file(table: &Table, path: &Path, format: TableFormat) -> Result<()> {
    let file = File::options().write(true).create_new(true).open(path).map_err(write_error)?;
    write_table_to(table, &file, format)?;
    file.sync_all().map_err(write_error)
}

/// A name in the same folder that nobody else uses.
fn partial_path(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.partial", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Writes a table to a stream.
///
/// # Errors
/// `Io` where writing fails; `LimitExceeded` as [`table_to_arrow`].
pub fn write_table_to(table: &Table, output: impl Write + Send, format: TableFormat) -> Result<()> {
    match format {
        TableFormat::Parquet => write_parquet(table, output),
        TableFormat::Csv | TableFormat::JsonLines => {
            let mut output = BufWriter::new(output);
            let write = if format == TableFormat::Csv { text::write_csv } else { text::write_json_lines };
            write(table, &mut output).and_then(|()| output.flush()).map_err(write_error)
        }
    }
}

fn write_parquet(table: &Table, output: impl Write + Send) -> Result<()> {
    let batch = table_to_arrow(table)?;
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let write = || {
        let mut writer = ArrowWriter::try_new(output, batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.close().map(drop)
    };
    write().map_err(|error: ParquetError| {
        let message = match &error {
            ParquetError::External(cause) => cause.to_string(),
            other => other.to_string(),
        };
        Error::new(ErrorKind::Io, format!("cannot be written: {message}")).caused_by(error)
    })
}

fn write_error(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot be written: {error}")).caused_by(error)
}
