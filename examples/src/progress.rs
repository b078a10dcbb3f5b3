//! A progress bar on a terminal, and nothing where the output is piped.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use userops::error::Result;
use userops::ingest::IngestReport;
use userops::log::EventLog;
use userops_io::LogReader;

const STYLE: &str = "{msg} {bar:40} {bytes} of {total_bytes}, {elapsed}";

/// Reads a log, drawing how far it has come on standard error where that is a terminal.
///
/// # Errors
/// As the reader.
pub fn read(reader: LogReader<'_>) -> Result<(EventLog, IngestReport)> {
    if !std::io::stderr().is_terminal() {
        return reader.read();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(STYLE) {
        bar.set_style(style);
    }
    let handle = bar.clone();
    let read = reader
        .progress(move |progress| {
            handle.set_length(progress.bytes_total);
            handle.set_position(progress.bytes_read);
            handle.set_message(progress.source.to_owned());
            ControlFlow::Continue(())
        })
        .read();
    bar.finish_and_clear();
    read
}
