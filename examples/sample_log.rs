//! Writes an invented log of a knowledge community or of a content app to Parquet, CSV or JSON Lines.
//!
//! `cargo run --release --example sample_log -- --out community.parquet`; `--help` lists the options.

use std::io::{self, Write};
use std::process::ExitCode;

use userops::error::Result;
use userops_examples::report;
use userops_examples::sample::{Command, write};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Command::parse(std::env::args_os())? {
        Command::Help(text) => report::print(&text),
        Command::Write(request) => report::print(&write(&request)?),
    }
}
