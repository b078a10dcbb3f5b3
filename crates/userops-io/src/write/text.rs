//! Tables as CSV and JSON Lines.

use std::io::{self, Write};

use userops::column::Column;
use userops::table::Table;
use userops::value::ValueRef;

/// Writes a heading and a line per row.
pub(super) fn write_csv(table: &Table, output: &mut impl Write) -> io::Result<()> {
    write_csv_row(output, table.columns().map(|(name, _)| Some(ValueRef::Text(name))))?;
    let mut cursors: Vec<_> = table.columns().map(|(_, column)| values(column)).collect();
    for _ in 0..table.row_count() {
        write_csv_row(output, cursors.iter_mut().map(|values| values.next().flatten()))?;
    }
    Ok(())
}

fn write_csv_row<'a>(output: &mut impl Write, row: impl Iterator<Item = Option<ValueRef<'a>>>) -> io::Result<()> {
    for (index, value) in row.enumerate() {
        if index > 0 {
            output.write_all(b",")?;
        }
        match value {
            None => {}
            Some(ValueRef::Text(text)) => write_csv_text(output, text)?,
            Some(ValueRef::Float(value)) if !value.is_finite() => {}
            Some(ValueRef::Float(value)) => write!(output, "{value:?}")?,
            Some(value) => write!(output, "{value}")?,
        }
    }
    output.write_all(b"\n")
}

/// Writes a text, in quotes where it would not be read back the same without.
fn write_csv_text(output: &mut impl Write, text: &str) -> io::Result<()> {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return output.write_all(text.as_bytes());
    }
    write!(output, "\"{}\"", text.replace('"', "\"\""))
}

/// Writes an object per row.
pub(super) fn write_json_lines(table: &Table, output: &mut impl Write) -> io::Result<()> {
    let keys: Vec<String> = table.columns().map(|(name, _)| serde_json::to_string(name)).collect::<Result<_, _>>()?;
    let mut cursors: Vec<_> = table.columns().map(|(_, column)| values(column)).collect();
    for _ in 0..table.row_count() {
        output.write_all(b"{")?;
        for (index, (key, values)) in keys.iter().zip(&mut cursors).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(output, "{comma}{key}:")?;
            write_json(output, values.next().flatten())?;
        }
        output.write_all(b"}\n")?;
    }
    Ok(())
}

fn write_json(output: &mut impl Write, value: Option<ValueRef<'_>>) -> io::Result<()> {
    match value {
        None => output.write_all(b"null"),
        Some(ValueRef::Text(text)) => Ok(serde_json::to_writer(output, text)?),
        Some(ValueRef::Float(value)) if value.is_finite() => write!(output, "{value:?}"),
        Some(ValueRef::Float(_)) => output.write_all(b"null"),
        Some(value @ (ValueRef::Bool(_) | ValueRef::Integer(_))) => write!(output, "{value}"),
        Some(value) => write!(output, "\"{value}\""),
    }
}

/// The values of a column, row after row.
fn values(column: &Column) -> impl Iterator<Item = Option<ValueRef<'_>>> {
    (0..column.len()).map(|row| column.get(row))
}
