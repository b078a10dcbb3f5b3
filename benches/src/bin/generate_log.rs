//! Writes a benchmark log as files.
//!
//! `generate_log [EVENTS] [--users N] [--seed N] [--out DIR] [--csv]`
//!
//! Makes `DIR/ev_<EVENTS>.parquet`, the facts about the log in `DIR/ev_<EVENTS>.meta.json`, and
//! with `--csv` also `DIR/ev_<EVENTS>.csv`. EVENTS is ten million and DIR the current directory
//! unless said otherwise.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

use userops_benches::{LogOptions, generate_log, summarize, write_csv, write_parquet};

const EVENTS: u32 = 10_000_000;

struct Arguments {
    options: LogOptions,
    out: PathBuf,
    csv: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = parse(std::env::args().skip(1))?;
    let log = generate_log(&arguments.options);

    fs::create_dir_all(&arguments.out)?;
    let path = |ending: &str| arguments.out.join(format!("ev_{}.{ending}", arguments.options.events));
    write_parquet(&log, File::create(path("parquet"))?)?;
    if arguments.csv {
        write_csv(&log, BufWriter::new(File::create(path("csv"))?))?;
    }
    let summary = serde_json::to_string_pretty(&summarize(&arguments.options, &log))?;
    fs::write(path("meta.json"), format!("{summary}\n"))?;
    writeln!(std::io::stdout(), "{summary}")?;
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
    let (mut events, mut users, mut seed) = (EVENTS, None, None);
    let (mut out, mut csv) = (PathBuf::from("."), false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--users" => users = Some(value(&word, words.next())?),
            "--seed" => seed = Some(value(&word, words.next())?),
            "--out" => out = value(&word, words.next())?,
            "--csv" => csv = true,
            _ => events = value("the number of events", Some(word))?,
        }
    }
    let mut options = LogOptions::new(events);
    options = users.map_or(options, |users| options.users(users));
    options = seed.map_or(options, |seed| options.seed(seed));
    Ok(Arguments { options, out, csv })
}

fn value<T: FromStr<Err: std::fmt::Display>>(name: &str, word: Option<String>) -> Result<T, String> {
    let word = word.ok_or_else(|| format!("{name} needs a value"))?;
    word.parse().map_err(|error| format!("{name} cannot be {word:?}: {error}"))
}
