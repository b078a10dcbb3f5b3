//! What reading a command line takes in every example.

use lexopt::{Parser, ValueExt as _};
use userops::error::{Error, ErrorKind, Result};
use userops_io::TableFormat;

/// The value of the option that was read last.
///
/// # Errors
/// `InvalidArgument` where there is none, or it is no text.
pub fn value(parser: &mut Parser) -> Result<String> {
    let value = parser.value().map_err(|error| refuse(&error))?;
    value.string().map_err(|error| refuse(&error))
}

/// The value of an option that takes a whole number.
///
/// # Errors
/// `InvalidArgument` where it is none, or out of the range of numbers that it can be.
pub fn number<N: std::str::FromStr>(option: &str, text: &str) -> Result<N> {
    text.parse().map_err(|_| refuse(&format!("{option} {text:?} is no whole number that it can be")))
}

/// The format of tables that `--format` names.
///
/// # Errors
/// `InvalidArgument` for any other name.
pub fn table_format(name: &str) -> Result<TableFormat> {
    match name {
        "csv" => Ok(TableFormat::Csv),
        "parquet" => Ok(TableFormat::Parquet),
        "jsonl" => Ok(TableFormat::JsonLines),
        other => {
            let message = format!("--format {other:?} is none of csv, parquet and jsonl");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
    }
}

/// The error that something on the command line is not understood.
pub fn refuse(error: &impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{error}; --help lists the options"))
}

/// The error that there is no such option.
#[must_use]
pub fn refuse_option(name: &str) -> Error {
    let dashes = if name.chars().count() == 1 { "-" } else { "--" };
    refuse(&format!("there is no option {dashes}{name}"))
}
