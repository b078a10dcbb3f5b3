//! Starts the worked back end: `cargo run --package userops-backend -- --playbook FILE`; `--help` says more.

// A program talks to whoever started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::read_to_string;
use std::path::Path;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use userops::error::{Error, ErrorKind, Result};
use userops::playbook::{Calibration, Playbook};
use userops::time::Span;
use userops_backend::arguments::{Arguments, Command, HELP};
use userops_backend::{Live, LiveSettings, serve};

/// What phones without a network bring late.
const LATENESS: Span = Span::from_days(1);
/// As much as clocks of healthy machines differ, and more.
const AHEAD_MAX: Span = Span::from_minutes(5);

/// Threads beyond those that may wait.
const SPARE_THREADS: usize = 4;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = match Command::parse(std::env::args_os())? {
        Command::Help => {
            print!("{HELP}");
            return Ok(());
        }
        Command::Serve(arguments) => arguments,
    };
    let live = Live::start(settings(&arguments)?)?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Each request that waits for the engine has a thread to wait on. A few more threads than the queue has places are there to find
    // it full, and say so.
    let runtime = runtime.enable_all().max_blocking_threads(arguments.queue_max.saturating_add(SPARE_THREADS)).build();
    runtime.map_err(|error| failed("the runtime", error))?.block_on(listen(&arguments, live))
}

async fn listen(arguments: &Arguments, live: Live) -> Result<()> {
    let Arguments { address, .. } = *arguments;
    let listener = TcpListener::bind(address).await.map_err(|error| failed(address, error))?;
    let bound = listener.local_addr().map_err(|error| failed(address, error))?;
    // Before the address is told: who knows it may stop the back end.
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|error| failed("SIGINT", error))?;
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| failed("SIGTERM", error))?;
    println!("listening on http://{bound}");
    let stop = async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    serve(listener, live, stop).await
}

fn settings(arguments: &Arguments) -> Result<LiveSettings> {
    let Arguments { playbook, calibration, folder, queue_max, .. } = arguments;
    let text = read(playbook)?;
    let is_json = playbook.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let read_playbook = if is_json { Playbook::from_json } else { Playbook::from_toml };
    let playbook = read_playbook(&text).map_err(|error| error.at(playbook.display()))?;
    let read_calibration = |path: &Path| Calibration::from_json(&read(path)?).map_err(|error| error.at(path.display()));
    let calibration = calibration.as_deref().map(read_calibration).transpose()?;
    let (folder, queue_max, lateness, ahead_max) = (folder.clone(), *queue_max, LATENESS, AHEAD_MAX);
    Ok(LiveSettings { playbook, calibration, folder, lateness, ahead_max, queue_max })
}

fn read(path: &Path) -> Result<String> {
    read_to_string(path).map_err(|error| failed(path.display(), error))
}

fn failed(what: impl std::fmt::Display, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{what}: {error}")).caused_by(error)
}
