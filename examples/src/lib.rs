//! What the examples share: the reports on a purchase log and on a content app, and the writing of sample logs.

use std::io::{self, Write};
use std::process::ExitCode;

use userops::error::Result;

pub mod analysis;
pub mod arguments;
pub mod command_line;
pub mod content_app;
pub mod layout;
pub mod operations;
pub mod outlook;
pub mod outlook_report;
pub mod progress;
pub mod report;
pub mod sample;
pub mod tables;

/// How an example ends: an error goes to standard error and makes the exit code 1.
pub fn finish(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
