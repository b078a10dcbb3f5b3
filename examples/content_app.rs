//! The worked example: what a content app's log of events says about its users, as a report that a manager can read.
//!
//! `cargo run --release --example content_app` invents the log; `cargo run --release --example content_app -- --help` says
//! how to invent another, and how to run it on a log that `sample_log` wrote.

use std::process::ExitCode;

use userops::error::Result;
use userops_examples::content_app::ContentReport;
use userops_examples::content_app::arguments::{Arguments, Command};
use userops_examples::{finish, report, tables};

fn main() -> ExitCode {
    finish(run())
}

fn run() -> Result<()> {
    let arguments = match Arguments::parse(std::env::args_os())? {
        Command::Help(text) => return report::print(&text),
        Command::Report(arguments) => arguments,
    };
    let (log, ingest) = arguments.read()?;
    let answers = ContentReport::new(log, ingest)?;
    report::print(&answers.render()?)?;
    match &arguments.out {
        Some(folder) => tables::write_tables(answers.tables()?, folder, arguments.table_format),
        None => Ok(()),
    }
}
