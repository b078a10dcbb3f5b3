//! Files and bytes in memory: what they are, and how they are opened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use userops::error::{Error, ErrorKind, Result};

use crate::csv::CsvOptions;
use crate::failure::{from_io, invalid_format};

const PARQUET_MAGIC: &[u8] = b"PAR1";
/// What some writers put before text to say that it is UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that are looked at to tell what a file is.
const SNIFF_BYTES: usize = 512;

/// The format of a file.
///
/// CSV and JSON Lines may be compressed with gzip or zstd: that is told by the first bytes, not by the name.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FileFormat {
    /// Told by the first bytes, else by the extension (`parquet`, `jsonl`, `ndjson`, `json`, `tsv`), else CSV.
    #[default]
    Auto,
    /// Parquet.
    Parquet,
    /// Text with a row per line, fields divided by commas or otherwise.
    Csv(CsvOptions),
    /// A JSON object per line.
    JsonLines,
}

/// A file, or bytes in memory.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) bytes_total: u64,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    File(PathBuf),
    Bytes(Bytes),
}

/// A stream of the bytes of a source, without compression, and how far its reading has come in the source itself.
pub(crate) struct Stream {
    pub(crate) input: Box<dyn Read + Send>,
    pub(crate) consumed: Arc<AtomicU64>,
}

impl Source {
    /// A file.
    ///
    /// # Errors
    /// `Io` where it does not exist, is a folder or cannot be read.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        let name: Arc<str> = path.display().to_string().into();
        let io_error = |what: &str| Error::new(ErrorKind::Io, format!("{name}: {what}"));
        let facts =
            fs::metadata(path).map_err(|error| io_error(&format!("cannot be read: {error}")).caused_by(error))?;
        if facts.is_dir() {
            return Err(io_error("is a folder, where a file is needed; name the files in it"));
        }
        if !facts.is_file() {
            return Err(io_error("is not a regular file; read it into memory and pass its bytes"));
        }
        Ok(Self { bytes_total: facts.len(), name, data: Data::File(path.to_owned()) })
    }

    /// Bytes in memory.
    pub(crate) fn bytes(name: impl Into<Arc<str>>, bytes: Bytes) -> Self {
        Self { name: name.into(), bytes_total: bytes.len() as u64, data: Data::Bytes(bytes) }
    }

    /// The file, where it is one.
    pub(crate) fn open_file(&self) -> Result<Option<File>> {
        match &self.data {
            Data::File(path) => File::open(path).map(Some).map_err(from_io),
            Data::Bytes(_) => Ok(None),
        }
    }

    /// The bytes in memory, where they are.
    pub(crate) fn in_memory(&self) -> Option<&Bytes> {
        match &self.data {
            Data::Bytes(bytes) => Some(bytes),
            Data::File(_) => None,
        }
    }

    fn open_raw(&self) -> Result<Box<dyn Read + Send>> {
        match (self.open_file()?, self.in_memory()) {
            (Some(file), _) => Ok(Box::new(file)),
            (None, Some(bytes)) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            (None, None) => Ok(Box::new(io::empty())),
        }
    }

    /// The source from its beginning, decompressed where it is compressed.
    pub(crate) fn open(&self) -> Result<Stream> {
        let consumed = Arc::new(AtomicU64::new(0));
        let magic = first_bytes(&mut *self.open_raw()?, ZSTD_MAGIC.len())?;
        let counted = Counted { input: self.open_raw()?, consumed: Arc::clone(&consumed) };
        let input: Box<dyn Read + Send> = if magic.starts_with(GZIP_MAGIC) {
            Box::new(flate2::read::MultiGzDecoder::new(counted))
        } else if magic.starts_with(ZSTD_MAGIC) {
            Box::new(zstd::stream::read::Decoder::new(counted).map_err(from_io)?)
        } else {
            Box::new(counted)
        };
        Ok(Stream { input, consumed })
    }

    /// The format, where `Auto` leaves it open.
    pub(crate) fn settle(&self, format: &FileFormat) -> Result<FileFormat> {
        if *format != FileFormat::Auto {
            return Ok(format.clone());
        }
        if first_bytes(&mut *self.open_raw()?, PARQUET_MAGIC.len())? == PARQUET_MAGIC {
            return Ok(FileFormat::Parquet);
        }
        Ok(match self.extension().as_str() {
            "parquet" | "pq" => FileFormat::Parquet,
            "jsonl" | "ndjson" | "json" => FileFormat::JsonLines,
            "tsv" => FileFormat::Csv(CsvOptions::new().delimiter(b'\t')),
            "csv" => FileFormat::Csv(CsvOptions::new()),
            _ => {
                let start = first_bytes(&mut *self.open()?.input, SNIFF_BYTES)?;
                let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&start);
                match start.trim_ascii_start().first() {
                    Some(b'{') => FileFormat::JsonLines,
                    _ => FileFormat::Csv(CsvOptions::new()),
                }
            }
        })
    }

    /// The extension in lower case, that of compression left out.
    fn extension(&self) -> String {
        let name = self.name.to_ascii_lowercase();
        let name = [".gz", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        Path::new(name).extension().and_then(|end| end.to_str()).unwrap_or_default().to_owned()
    }
}

/// Up to so many bytes from the start of a stream.
pub(crate) fn first_bytes(input: &mut dyn Read, count: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    input.take(count as u64).read_to_end(&mut bytes).map_err(from_io)?;
    Ok(bytes)
}

/// Refuses text that says that it is UTF-16.
pub(crate) fn refuse_utf16(start: &[u8]) -> Result<()> {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(invalid_format("the file is encoded as UTF-16; save it as UTF-8")),
        _ => Ok(()),
    }
}

struct Counted<R> {
    input: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.consumed.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
