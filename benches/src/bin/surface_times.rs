//! Times calls of a kernel in Rust, as `benches/surfaces` does in Python and C.
//!
//! `surface_times FILE KERNEL OPTIONS REPS` prints milliseconds.

// A command line tool prints: that is how it answers.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use serde::de::DeserializeOwned;
use userops::analytics::growth::{GrowthOptions, account_growth};
use userops::error::{Error, ErrorKind, Result};
use userops::event::EventSchema;
use userops::funnel::measure_conversion;
use userops::ingest::{Mapping, UserIdType};
use userops::log::EventLog;
use userops::profile::{ProfileOptions, build_profiles};
use userops::retention::{RetentionOptions, measure_retention};
use userops::time::Timestamp;
use userops_io::LogReader;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, kernel, options, reps] = words.as_slice() else {
        return Err(refuse("give FILE KERNEL OPTIONS REPS"));
    };
    let reps: u32 = reps.parse().map_err(|_| refuse(format!("REPS {reps:?} is no whole number")))?;
    let mapping = Mapping::new("uid", "ts").event("event").minor_amount("amount").user_type(UserIdType::Integer);
    let (log, _) = LogReader::new(EventSchema::default(), mapping).file(file).read()?;
    let as_of = log.time_span().ok_or_else(|| refuse("the log is empty"))?.1;
    for _ in 0..reps {
        let start = Instant::now();
        call(&log, as_of, kernel, options)?;
        println!("{:.4}", start.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(())
}

/// A call as the bindings make it: options are text, and what is made is dropped.
fn call(log: &EventLog, as_of: Timestamp, kernel: &str, options: &str) -> Result<()> {
    match kernel {
        "profiles" => build_profiles(log, as_of, read::<ProfileOptions>(options)?).map(drop),
        "retention" => measure_retention(log, as_of, read::<RetentionOptions>(options)?).map(drop),
        "growth" => account_growth(log, as_of, read::<GrowthOptions>(options)?)?.to_table().map(drop),
        "funnel" => measure_conversion(log, as_of, &read(options)?).map(drop),
        other => Err(refuse(format!("{other:?} is no kernel"))),
    }
}

fn read<T: DeserializeOwned>(options: &str) -> Result<T> {
    serde_json::from_str(options).map_err(|error| refuse(format!("options {options}: {error}")))
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message.into())
}
