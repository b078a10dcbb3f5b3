//! Writes an invented log of a knowledge community or of a content app to Parquet, CSV or JSON Lines.
//!
//! `cargo run --release --example sample_log -- --out community.parquet`; `--help` lists the options.

use std::process::ExitCode;

use userops::error::Result;
use userops_examples::sample::{Command, write};
use userops_examples::{finish, report};

fn main() -> ExitCode {
    finish(run())
}

fn run() -> Result<()> {
    match Command::parse(std::env::args_os())? {
        Command::Help(text) => report::print(&text),
        Command::Write(request) => report::print(&write(&request)?),
    }
}
