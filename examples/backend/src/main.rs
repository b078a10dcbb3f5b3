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
use userops_backend::{Live, LiveSettings, ServeSettings, serve};

/// What phones without a network bring late.
const LATENESS: Span = Span::from_days(1);
/// As much as clocks of healthy machines differ, and more.
const AHEAD_MAX: Span = Span::from_minutes(5);

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
    let live = Live::open(settings(&arguments)?)?;
    // Requests only wait for the engine: one thread is enough for all of them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| failed("the runtime", error))?.block_on(listen(&arguments, live))
}

async fn listen(arguments: &Arguments, live: Live) -> Result<()> {
    let Arguments { address, queue_max, .. } = *arguments;
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
    serve(listener, live, ServeSettings { queue_max }, stop).await
}

fn settings(arguments: &Arguments) -> Result<LiveSettings> {
    let Arguments { playbook, calibration, folder, .. } = arguments;
    let text = read(playbook)?;
    let is_json = playbook.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let read_playbook = if is_json { Playbook::from_json } else { Playbook::from_toml };
    let playbook = read_playbook(&text).map_err(|error| error.at(playbook.display()))?;
    let read_calibration = |path: &Path| Calibration::from_json(&read(path)?).map_err(|error| error.at(path.display()));
    let calibration = calibration.as_deref().map(read_calibration).transpose()?;
    Ok(LiveSettings { playbook, calibration, folder: folder.clone(), lateness: LATENESS, ahead_max: AHEAD_MAX })
}

fn read(path: &Path) -> Result<String> {
    read_to_string(path).map_err(|error| failed(path.display(), error))
}

fn failed(what: impl std::fmt::Display, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{what}: {error}")).caused_by(error)
}
