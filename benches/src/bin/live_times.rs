//! Times the live engine on one thread: events, timers, durable batches, snapshots.
//!
//! `live_times [EVENTS] [--users N] [--folder DIR] [--durable EVENTS] [--steady] [--verify] [--until events|timers|snapshot]` prints a
//! line of JSON for each part. The playbook is `content_app`; the events are those of the benchmark log under its names.

// A command line tool prints: that is how it answers.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use userops::error::{Error, ErrorKind, Result};
use userops::event::Event;
use userops::live::{Change, Engine, LiveOptions};
use userops::log::EventLog;
use userops::money::Money;
use userops::playbook::{EvaluateOptions, Playbook};
use userops::time::{Span, Timestamp};
use userops_benches::{LogColumns, LogOptions, generate_log};
use userops_live::store::Entry;
use userops_live::{DurableEngine, DurableOptions};

// That of the released libraries: the engine allocates for every new user.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PLAYBOOK: &str = include_str!("../../../examples/playbooks/content_app.toml");
/// Events of the log as the playbook calls them, by code.
const NAMES: [&str; 7] = ["visit", "view", "post", "like", "share", "invite", "pay"];
const CATEGORIES: [&str; 8] = ["news", "music", "film", "games", "food", "travel", "books", "sport"];
/// Events that are made before they are timed.
const CHUNK: usize = 100_000;
const BATCH: usize = 10_000;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

struct Stream {
    columns: LogColumns,
    /// Whether all events are equally far from each other, where the log has busy hours and grows: for the memory of users who do
    /// as much today as ever.
    is_steady: bool,
}

impl Stream {
    fn event(&self, row: usize) -> Event {
        let columns = &self.columns;
        let name = NAMES[usize::from(columns.event[row]) % NAMES.len()];
        let millis = match columns.ts_ms.as_slice() {
            [first, .., last] if self.is_steady => first + (last - first) * row as i64 / self.len() as i64,
            times => times[row],
        };
        let time = Timestamp::from_micros(millis * 1_000);
        let mut event = Event::new(columns.uid[row], time, name);
        match name {
            "view" => {
                event = event
                    .with_property(
                        "category",
                        CATEGORIES[(row * 7 + usize::from(columns.event[row])) % CATEGORIES.len()],
                    )
                    .with_property("seconds", (row % 600) as i64)
                    .with_property("premium", row.is_multiple_of(9));
            }
            "pay" => event = event.with_amount(Money::from_minor(500 + (row % 50) as i64 * 100)),
            _ => {}
        }
        event
    }

    fn len(&self) -> usize {
        self.columns.len()
    }
}

fn run(words: &[String]) -> Result<()> {
    let option = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is no number: {error}")))
    };
    let events = words.first().filter(|word| !word.starts_with("--")).map_or(Ok(10_000_000), |word| number(word))?;
    let users = option("--users").map_or(Ok(500_000), |word| number(word))?;
    let durable = option("--durable").map_or(Ok(2_000_000), |word| number(word))?;
    let folder = option("--folder").map_or_else(|| std::env::temp_dir().join("userops_live_times"), PathBuf::from);
    let is_steady = words.iter().any(|word| word == "--steady");
    let stream = Stream { columns: generate_log(&LogOptions::new(events).users(users)), is_steady };
    let playbook = Playbook::from_toml(PLAYBOOK)?;
    let engine = calibrated(&playbook, &stream)?;
    // The parts rest on each other: a profile of the first ones ends early.
    let until = option("--until").map_or("durable", String::as_str);
    let is_verified = words.iter().any(|word| word == "--verify");
    let mut engine = time_events(engine, &stream)?;
    if is_verified {
        verify(&engine, &stream)?;
    }
    if until == "events" {
        return Ok(());
    }
    time_timers(&mut engine)?;
    if is_verified {
        verify(&engine, &stream)?;
    }
    if until == "timers" {
        return Ok(());
    }
    time_snapshot(&engine)?;
    drop(engine);
    if until == "snapshot" {
        return Ok(());
    }
    time_durable(calibrated(&playbook, &stream)?, &stream, stream.len().min(durable as usize), &folder)
}

/// An engine with cuts and thresholds of the first tenth of the stream.
fn calibrated(playbook: &Playbook, stream: &Stream) -> Result<Engine> {
    let sample: Vec<Event> = (0..stream.len() / 10).map(|row| stream.event(row)).collect();
    let as_of = sample.last().map_or(Timestamp::from_micros(0), |event| event.time);
    let (log, _) = EventLog::from_events(playbook.schema.clone(), &sample)?;
    let calibration = playbook.calibrate(&log, as_of, &EvaluateOptions::new())?;
    let options = LiveOptions { lateness: Span::from_hours(1), ..LiveOptions::default() };
    Engine::with_calibration(playbook, &calibration, options)
}

fn time_events(mut engine: Engine, stream: &Stream) -> Result<Engine> {
    let mut spent = Duration::ZERO;
    let mut each: Vec<u32> = Vec::with_capacity(stream.len());
    let mut changes: Vec<Change> = Vec::new();
    let mut change_count = 0;
    let mut bytes_per_user = Vec::new();
    for first in (0..stream.len()).step_by(CHUNK) {
        let events: Vec<Event> = (first..stream.len().min(first + CHUNK)).map(|row| stream.event(row)).collect();
        let start = Instant::now();
        let mut before = start;
        for event in &events {
            engine.observe_into(event, &mut changes)?;
            change_count += changes.len();
            changes.clear();
            let now = Instant::now();
            each.push(u32::try_from((now - before).as_nanos()).unwrap_or(u32::MAX));
            before = now;
        }
        spent += start.elapsed();
        if (first + CHUNK) * 10 / stream.len() > first * 10 / stream.len() {
            bytes_per_user.push(engine.memory_bytes() / engine.user_count().max(1));
        }
    }
    each.sort_unstable();
    let at = |share: f64| f64::from(each[((each.len() - 1) as f64 * share) as usize]) / 1_000.0;
    println!(
        "{{\"part\":\"events\",\"events\":{},\"users\":{},\"seconds\":{:.3},\"events_per_second\":{:.0},\"p50_us\":{:.2},\
         \"p99_us\":{:.2},\"p999_us\":{:.2},\"max_us\":{:.0},\"changes\":{change_count},\"wakes\":{},\"bytes_per_user_by_tenths\":{bytes_per_user:?}}}",
        stream.len(),
        engine.user_count(),
        spent.as_secs_f64(),
        stream.len() as f64 / spent.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        engine.wake_count(),
    );
    Ok(engine)
}

/// Half a year goes by without an event.
fn time_timers(engine: &mut Engine) -> Result<()> {
    let Some(as_of) = engine.as_of() else { return Ok(()) };
    let before = engine.wake_count();
    let mut changes = Vec::new();
    let (mut change_count, start) = (0, Instant::now());
    for day in 1..=180 {
        engine.advance_into(as_of.plus(Span::from_days(day)), &mut changes)?;
        change_count += changes.len();
        changes.clear();
    }
    let (seconds, wakes) = (start.elapsed().as_secs_f64(), engine.wake_count() - before);
    println!(
        "{{\"part\":\"timers\",\"wakes\":{wakes},\"seconds\":{seconds:.3},\"wakes_per_second\":{:.0},\"changes\":{change_count}}}",
        wakes as f64 / seconds
    );
    Ok(())
}

/// Compares the engine with the batch evaluation of the same events.
fn verify(engine: &Engine, stream: &Stream) -> Result<()> {
    let events: Vec<Event> = (0..stream.len()).map(|row| stream.event(row)).collect();
    let (log, _) = EventLog::from_events(engine.plan().playbook().schema.clone(), &events)?;
    drop(events);
    let start = Instant::now();
    let differences = engine.verify(&log)?;
    println!(
        "{{\"part\":\"verify\",\"users\":{},\"differences\":{},\"seconds\":{:.3}}}",
        engine.user_count(),
        differences.len(),
        start.elapsed().as_secs_f64()
    );
    match differences.first() {
        None => Ok(()),
        Some(first) => Err(Error::new(ErrorKind::InvalidArgument, format!("live and batch differ: {first:?}"))),
    }
}

fn time_snapshot(engine: &Engine) -> Result<()> {
    let start = Instant::now();
    let bytes = userops_live::write_snapshot(engine)?;
    let written = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let read = userops_live::read_snapshot(&bytes)?;
    println!(
        "{{\"part\":\"snapshot\",\"users\":{},\"bytes\":{},\"write_seconds\":{written:.3},\"read_seconds\":{:.3}}}",
        read.user_count(),
        bytes.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn time_durable(engine: Engine, stream: &Stream, count: usize, folder: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    let options = DurableOptions { snapshot_entries: 0, ..DurableOptions::default() };
    let mut durable = DurableEngine::open(folder, options.clone(), || Ok(engine))?;
    let mut spent = Duration::ZERO;
    for first in (0..count).step_by(BATCH) {
        let id = |row: usize| Entry::Event(stream.event(row).with_id(format!("e{row}")));
        let entries: Vec<Entry> = (first..count.min(first + BATCH)).map(id).collect();
        let start = Instant::now();
        durable.apply(&entries)?;
        spent += start.elapsed();
    }
    let start = Instant::now();
    durable.snapshot()?;
    let snapshot_seconds = start.elapsed().as_secs_f64();
    let users = durable.engine().user_count();
    drop(durable);
    let start = Instant::now();
    let durable = DurableEngine::reopen(folder, options)?;
    println!(
        "{{\"part\":\"durable\",\"events\":{count},\"batch\":{BATCH},\"seconds\":{:.3},\"events_per_second\":{:.0},\"users\":{users},\
         \"snapshot_seconds\":{snapshot_seconds:.3},\"restart_seconds\":{:.3}}}",
        spent.as_secs_f64(),
        count as f64 / spent.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    drop(durable);
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}
