//! The main job: reads a purchase log and prints a report that a manager can read.
//!
//! `cargo run --release --example cdnow` reports on the complete CDNOW log, which travels in `examples/data`;
//! `cargo run --release --example cdnow -- --help` says how to run it on a log of your own.

use std::process::ExitCode;

use userops::error::Result;
use userops_examples::analysis::Analysis;
use userops_examples::arguments::{Arguments, Command};
use userops_examples::{finish, progress, report, tables};

fn main() -> ExitCode {
    finish(run())
}

fn run() -> Result<()> {
    let arguments = match Arguments::parse(std::env::args_os())? {
        Command::Help(text) => return report::print(&text),
        Command::Report(arguments) => arguments,
    };
    let (log, ingest) = progress::read(arguments.reader())?;
    let analysis = Analysis::new(log, ingest, &arguments)?;
    report::print(&report::render(&analysis, &arguments)?)?;
    match &arguments.out {
        Some(folder) => tables::write(&analysis, folder, arguments.table_format),
        None => Ok(()),
    }
}
