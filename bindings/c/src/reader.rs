//! The way in: files, bytes, Arrow streams and tables into one log.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;

use arrow_array::RecordBatchReader;
use userops_core::event::EventSchema;
use userops_core::ingest::{AttributeMapping, IngestReport, Mapping};
use userops_core::log::EventLog;
use userops_io::{FileFormat, LogReader, Progress, table_to_stream};

use crate::arrow::{ArrowArrayStream, take_stream};
use crate::boundary::{Failure, Outcome, bytes, guard, guard_value, json, optional_json, required, text};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue, issue_if_asked};
use crate::ingest::userops_report;
use crate::log::userops_log;
use crate::source::SourceFormat;
use crate::status::userops_status::{self, USEROPS_STATUS_USED_UP};
use crate::table::userops_table;

/// Reads files, bytes, Arrow streams and tables into one log. A builder: it collects sources, and is used up by reading.
#[derive(Debug)]
pub struct userops_reader {
    _opaque: (),
}
handle!(userops_reader => Mutex<Option<Reading>>);

/// How far a read has come. No number ever goes down.
#[repr(C)]
#[derive(Debug)]
pub struct userops_progress {
    /// Bytes that were read of all files and bytes in memory, as they are stored; Arrow streams count for none.
    pub bytes_read: u64,
    /// Bytes there are.
    pub bytes_total: u64,
    /// Rows that were read.
    pub rows_read: u64,
    /// The name of the source that is being read: UTF-8 of `source_len` bytes, without a NUL byte behind them.
    pub source: *const c_char,
    /// Bytes of the name.
    pub source_len: usize,
}

/// Is told how far a read has come, on the thread that called userops_reader_read(): 0 goes on, anything else stops the read,
/// which then fails with CANCELLED. What `progress` points to lives until the function returns. It must not unwind.
pub type userops_progress_function =
    Option<unsafe extern "C" fn(context: *mut c_void, progress: *const userops_progress) -> i32>;

/// What a reader was given so far.
pub(crate) struct Reading {
    schema: EventSchema,
    mapping: Mapping,
    sources: Vec<Source>,
    progress: Option<Listener>,
}

struct Source {
    given: Given,
    /// How columns become attributes; none for a source of events.
    attributes: Option<AttributeMapping>,
}

enum Given {
    File(PathBuf, FileFormat),
    Bytes(String, Vec<u8>, FileFormat),
    Stream(String, Box<dyn RecordBatchReader + Send>),
}

type Callback = unsafe extern "C" fn(context: *mut c_void, progress: *const userops_progress) -> i32;

struct Listener {
    function: Callback,
    context: *mut c_void,
}

// SAFETY: the context is only handed back to the function, on the thread that calls userops_reader_read(), as documented.
unsafe impl Send for Listener {}

impl Listener {
    fn tell(&self, progress: &Progress<'_>) -> ControlFlow<()> {
        let state = userops_progress {
            bytes_read: progress.bytes_read,
            bytes_total: progress.bytes_total,
            rows_read: progress.rows_read,
            source: progress.source.as_ptr().cast(),
            source_len: progress.source.len(),
        };
        // SAFETY: function and context belong together, and the state lives until the function returns.
        match unsafe { (self.function)(self.context, &raw const state) } {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}

impl Reading {
    fn read(self) -> Outcome<(EventLog, IngestReport)> {
        let mut reader = LogReader::new(self.schema, self.mapping);
        for Source { given, attributes } in self.sources {
            reader = match (given, attributes) {
                (Given::File(path, format), None) => reader.format(format).file(path),
                (Given::File(path, format), Some(mapping)) => reader.format(format).attributes_file(path, mapping),
                (Given::Bytes(name, bytes, format), None) => reader.format(format).bytes(name, bytes),
                (Given::Bytes(name, bytes, format), Some(mapping)) => {
                    reader.format(format).attributes_bytes(name, bytes, mapping)
                }
                (Given::Stream(name, stream), None) => reader.arrow(name, stream),
                (Given::Stream(name, stream), Some(mapping)) => reader.attributes_arrow(name, stream, mapping),
            };
        }
        if let Some(listener) = self.progress {
            reader = reader.progress(move |progress| listener.tell(progress));
        }
        Ok(reader.read()?)
    }
}

fn used_up() -> Failure {
    Failure::new(USEROPS_STATUS_USED_UP, "the reader has been read from: make a new one for another read")
}

/// Changes what a reader was given.
fn change(reader: *const userops_reader, change: impl FnOnce(&mut Reading)) -> Outcome {
    let reader = find(reader, "reader")?;
    // A lock that a panic poisoned holds what is half done.
    let mut reading = reader.lock().map_err(|_| used_up())?;
    change(reading.as_mut().ok_or_else(used_up)?);
    Ok(())
}

fn add(reader: *const userops_reader, given: Given, attributes: Option<AttributeMapping>) -> Outcome {
    change(reader, |reading| reading.sources.push(Source { given, attributes }))
}

/// A reader of nothing yet. `schema` is a JSON object with what is known of the log (`zone`, `currency`, `events`,
/// `properties`, `attributes`, `limits`), and may be NULL. `mapping` says which columns play a part, such as {"user": "user_id",
/// "time": {"column": "ts"}, "event": {"column": "event"}, "amount": {"column": "amount"}}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_new(
    schema: *const c_char,
    schema_len: usize,
    mapping: *const c_char,
    mapping_len: usize,
    out_reader: *mut *mut userops_reader,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![mapping, out_reader], || {
            let schema = optional_json(schema, schema_len, "schema")?;
            let mapping = json(mapping, mapping_len, "mapping")?;
            let reading = Reading { schema, mapping, sources: Vec::new(), progress: None };
            out_reader.write(issue(Mutex::new(Some(reading))));
            Ok(())
        })
    }
}

/// Adds a file of events. `format` is JSON: "auto", "parquet", "json_lines" or {"csv": {"delimiter": ";", "has_header": true,
/// "columns": ["user", …], "quote": "\"", "comment": "#"}}, in which everything may be left out, and a delimiter may be
/// "auto" or "blanks"; `format` may be NULL for "auto". The file is opened when the reader reads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_file(
    reader: *mut userops_reader,
    path: *const c_char,
    path_len: usize,
    format: *const c_char,
    format_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, path], || {
            let path = PathBuf::from(text(path, path_len, "path")?);
            let format: SourceFormat = optional_json(format, format_len, "format")?;
            add(reader, Given::File(path, format.to_file_format()?), None)
        })
    }
}

/// Adds a file with a row of attributes per user. `mapping` is JSON: {"user": "user_id"} takes all other columns;
/// `format` as in userops_reader_add_file(), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_attributes_file(
    reader: *mut userops_reader,
    path: *const c_char,
    path_len: usize,
    mapping: *const c_char,
    mapping_len: usize,
    format: *const c_char,
    format_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, path, mapping], || {
            let path = PathBuf::from(text(path, path_len, "path")?);
            let mapping = json(mapping, mapping_len, "mapping")?;
            let format: SourceFormat = optional_json(format, format_len, "format")?;
            add(reader, Given::File(path, format.to_file_format()?), Some(mapping))
        })
    }
}

/// Adds events in memory, as a file would hold them; `name` stands for them in messages and rejections. The bytes are copied.
/// `format` as in userops_reader_add_file(), and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_bytes(
    reader: *mut userops_reader,
    name: *const c_char,
    name_len: usize,
    data: *const u8,
    data_len: usize,
    format: *const c_char,
    format_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, name, data], || {
            let name = text(name, name_len, "name")?.to_owned();
            let data = bytes(data, data_len, "data")?.to_vec();
            let format: SourceFormat = optional_json(format, format_len, "format")?;
            add(reader, Given::Bytes(name, data, format.to_file_format()?), None)
        })
    }
}

/// Adds attributes in memory, as userops_reader_add_attributes_file() and userops_reader_add_bytes(); `format` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_attributes_bytes(
    reader: *mut userops_reader,
    name: *const c_char,
    name_len: usize,
    data: *const u8,
    data_len: usize,
    mapping: *const c_char,
    mapping_len: usize,
    format: *const c_char,
    format_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, name, data, mapping], || {
            let name = text(name, name_len, "name")?.to_owned();
            let data = bytes(data, data_len, "data")?.to_vec();
            let mapping = json(mapping, mapping_len, "mapping")?;
            let format: SourceFormat = optional_json(format, format_len, "format")?;
            add(reader, Given::Bytes(name, data, format.to_file_format()?), Some(mapping))
        })
    }
}

/// Adds an Arrow stream of events, and takes it over, also where it gives no schema. Its callbacks are called from other threads
/// while the reader reads, one call at a time; numeric columns are not copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_stream(
    reader: *mut userops_reader,
    name: *const c_char,
    name_len: usize,
    stream: *mut ArrowArrayStream,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, name, stream], || {
            let name = text(name, name_len, "name")?.to_owned();
            change(reader, |_| ())?;
            add(reader, Given::Stream(name, Box::new(take_stream(stream)?)), None)
        })
    }
}

/// Adds an Arrow stream with a row of attributes per user, as userops_reader_add_stream() and
/// userops_reader_add_attributes_file().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_attributes_stream(
    reader: *mut userops_reader,
    name: *const c_char,
    name_len: usize,
    stream: *mut ArrowArrayStream,
    mapping: *const c_char,
    mapping_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, name, stream, mapping], || {
            let name = text(name, name_len, "name")?.to_owned();
            let mapping = json(mapping, mapping_len, "mapping")?;
            change(reader, |_| ())?;
            add(reader, Given::Stream(name, Box::new(take_stream(stream)?)), Some(mapping))
        })
    }
}

/// Adds a table of events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_add_table(
    reader: *mut userops_reader,
    name: *const c_char,
    name_len: usize,
    table: *const userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, name, table], || {
            let name = text(name, name_len, "name")?.to_owned();
            let stream = table_to_stream(&*find(table, "table")?)?;
            add(reader, Given::Stream(name, Box::new(stream)), None)
        })
    }
}

/// Has a function told how far the read has come. `context` is handed to it as it is, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_set_progress(
    reader: *mut userops_reader,
    function: userops_progress_function,
    context: *mut c_void,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, &[("reader", reader.is_null()), ("function", function.is_none())], || {
            let listener = function.map(|function| Listener { function, context });
            change(reader, |reading| reading.progress = listener)
        })
    }
}

/// Reads everything into a log, and says what became of each row. The reader is used up, whether or not the read succeeds.
/// Fails with the kinds IO, INVALID_FORMAT, EMPTY, MISSING_COLUMN, TYPE_MISMATCH, INVALID_DEFINITION, LIMIT_EXCEEDED and
/// CANCELLED; each message names the source. `out_report` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_reader_read(
    reader: *mut userops_reader,
    out_log: *mut *mut userops_log,
    out_report: *mut *mut userops_report,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![reader, out_log], || {
            let reader = find(reader, "reader")?;
            // The lock is free again while the reading goes on: the progress function may ask for this reader.
            let reading = reader.lock().map_err(|_| used_up())?.take().ok_or_else(used_up)?;
            let (log, report) = reading.read()?;
            out_log.write(issue(log));
            issue_if_asked(out_report, report);
            Ok(())
        })
    }
}

/// Frees a reader, with the streams that it was given. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_reader_free(reader: *mut userops_reader) {
    guard_value((), || handle::release(reader));
}
