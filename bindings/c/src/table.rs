//! Tables: named columns of equal length, in and out.

use std::ffi::c_char;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use userops_core::table::Table;
use userops_io::{TableFormat, table_from_arrow, table_to_stream, write_table, write_table_to};

use crate::arrow::{ArrowArrayStream, take_stream};
use crate::boundary::{Outcome, guard, guard_value, json, required, text};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::status::userops_status;

/// A table: named columns of equal length, in which any value may be unknown. Frozen.
#[derive(Debug)]
pub struct userops_table {
    _opaque: (),
}
handle!(userops_table => Table);

/// Reads all batches of an Arrow stream into a table, and takes the stream over, also where the call fails after its
/// checks of NULL. Integers, floats, booleans, texts, dates and timestamps with a zone keep their type, decimals become
/// floats; a null is an unknown value. Fails with TYPE_MISMATCH for other types, and where the stream fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_from_stream(
    stream: *mut ArrowArrayStream,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![stream, out_table], || {
            let table = table_from_arrow(take_stream(stream)?)?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Reads a table from JSON: {"row_count": 2, "columns": [["user", {"text": {"codes": [0, 1], "dictionary": ["ann", "bob"]}}],
/// ["orders", {"integer": [3, null]}]]}. The types are bool, integer, float, text, time (microseconds UTC) and date (days
/// since 1970-01-01); null is unknown. It is meant for small tables: Arrow streams are faster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_from_json(
    table_json: *const c_char,
    table_json_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table_json, out_table], || {
            let table: Table = json(table_json, table_json_len, "table_json")?;
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Hands the table out as an Arrow stream of one batch: texts as utf8, instants as timestamps in microseconds UTC, dates as
/// date32, null where a value is unknown. The caller releases the stream. Fails with LIMIT_EXCEEDED where the texts of a
/// column take more than 2 GiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_to_stream(
    table: *const userops_table,
    out_stream: *mut ArrowArrayStream,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks; what `out_stream` points to is not looked at before it is written.
    unsafe {
        guard(out_error, required![table, out_stream], || {
            let stream = table_to_stream(&*find(table, "table")?)?;
            out_stream.write(FFI_ArrowArrayStream::new(Box::new(stream)));
            Ok(())
        })
    }
}

/// Writes the table to a file, in the format of its extension: parquet, csv, jsonl or ndjson. The file has its name only
/// once it is complete; one that is there is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_write(
    table: *const userops_table,
    path: *const c_char,
    path_len: usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, path], || {
            Ok(write_table(&*find(table, "table")?, text(path, path_len, "path")?)?)
        })
    }
}

/// The table as the bytes of a file in the format "parquet", "csv" or "jsonl": in the last each row is a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_to_bytes(
    table: *const userops_table,
    format: *const c_char,
    format_len: usize,
    out_bytes: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, format, out_bytes], || {
            let table = find(table, "table")?;
            // A file's extension names its format, and so does the format's name.
            let format = TableFormat::from_path(format!("table.{}", text(format, format_len, "format")?))?;
            let mut bytes = Vec::new();
            write_table_to(&table, &mut bytes, format)?;
            out_bytes.write(issue_bytes(bytes));
            Ok(())
        })
    }
}

/// How many rows the table has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_row_count(
    table: *const userops_table,
    out_count: *mut usize,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, out_count], || {
            out_count.write(find(table, "table")?.row_count());
            Ok(())
        })
    }
}

/// The names of the columns in order, as a JSON array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_column_names(
    table: *const userops_table,
    out_names: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, out_names], || {
            let table = find(table, "table")?;
            out_names.write(issue_json(&table.columns().map(|(name, _)| name).collect::<Vec<_>>())?);
            Ok(())
        })
    }
}

/// A table of some of the columns, each under a new name: `columns` is a JSON array of pairs, [["revenue", "amount"], …].
/// Fails with UNKNOWN_NAME for a column that there is not, and with INVALID_ARGUMENT where a new name occurs twice.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_select(
    table: *const userops_table,
    columns: *const c_char,
    columns_len: usize,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, columns, out_table], || {
            let table = find(table, "table")?;
            let columns: Vec<(String, String)> = json(columns, columns_len, "columns")?;
            out_table.write(issue(select(&table, &columns)?));
            Ok(())
        })
    }
}

fn select(table: &Table, columns: &[(String, String)]) -> Outcome<Table> {
    let mut selected = Table::new(table.row_count());
    for (name, new_name) in columns {
        selected.push(new_name.as_str(), table.column(name)?.clone())?;
    }
    Ok(selected)
}

/// A table of the columns of one table and then those of another with as many rows. Fails with INVALID_ARGUMENT where the
/// numbers of rows differ or both have a column of one name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_table_beside(
    table: *const userops_table,
    other: *const userops_table,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, other, out_table], || {
            let (table, other) = (find(table, "table")?, find(other, "other")?);
            out_table.write(issue((*table).clone().beside(&other)?));
            Ok(())
        })
    }
}

/// Frees a table. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_table_free(table: *mut userops_table) {
    guard_value((), || handle::release(table));
}
