//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};
use userops::error::{Error, ErrorKind, Result};

/// The port unless stated, on the machine itself alone: the back end asks nobody who they are.
const ADDRESS_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// Each waits on a thread of its own, which costs some kilobytes.
const QUEUE_MAX_DEFAULT: usize = 256;

/// What `--help` says.
pub const HELP: &str = "\
userops-backend --playbook FILE [options]

A playbook answered over HTTP, event by event.

  --playbook FILE     the playbook, TOML or JSON
  --calibration FILE  what the playbook takes from a population, as JSON, for
                      playbooks with RFM scores or derived thresholds
  --folder FOLDER     where events are kept (userops-backend-data)
  --address ADDRESS   where to listen (127.0.0.1:8080); port 0 takes any
  --queue-max N       requests that may wait for the engine (256)

  POST /events                    one event or an array of events
  GET  /users/{id}                tags, stage, segments, scores
  GET  /users/{id}/explanation    why
  GET  /segments/{name}?offset=&limit=
  GET  /changes?after=CURSOR&limit=
  GET  /health
";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The help text.
    Help,
    /// To serve.
    Serve(Arguments),
}

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The playbook.
    pub playbook: PathBuf,
    /// The calibration, where there is one.
    pub calibration: Option<PathBuf>,
    /// The folder of the store.
    pub folder: PathBuf,
    /// Where to listen.
    pub address: SocketAddr,
    /// How many requests may wait.
    pub queue_max: usize,
}

impl Command {
    /// Reads the command line, the name of the program first.
    ///
    /// # Errors
    /// `InvalidArgument` for what is not understood.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut parser = Parser::from_iter(words);
        let mut playbook = None;
        let mut arguments = Arguments {
            playbook: PathBuf::new(),
            calibration: None,
            folder: "userops-backend-data".into(),
            address: ADDRESS_DEFAULT,
            queue_max: QUEUE_MAX_DEFAULT,
        };
        while let Some(argument) = parser.next().map_err(|error| refuse(&error))? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Self::Help),
                Arg::Long("playbook") => playbook = Some(value(&mut parser)?.into()),
                Arg::Long("calibration") => arguments.calibration = Some(value(&mut parser)?.into()),
                Arg::Long("folder") => arguments.folder = value(&mut parser)?.into(),
                Arg::Long("address") => arguments.address = parse("--address", &mut parser)?,
                Arg::Long("queue-max") => arguments.queue_max = parse("--queue-max", &mut parser)?,
                other => return Err(refuse(&other.unexpected())),
            }
        }
        arguments.playbook = playbook.ok_or_else(|| refuse(&"--playbook is missing"))?;
        Ok(Self::Serve(arguments))
    }
}

fn value(parser: &mut Parser) -> Result<OsString> {
    parser.value().map_err(|error| refuse(&error))
}

/// The value of an option that is no path.
fn parse<T: std::str::FromStr>(option: &str, parser: &mut Parser) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    value(parser)?.parse().map_err(|error| refuse(&format!("{option}: {error}")))
}

fn refuse(error: &impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{error}; --help lists the options"))
}
