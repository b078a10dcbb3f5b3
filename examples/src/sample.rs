//! Writes an invented log to files, for those who have none at hand.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use userops::error::Result;
use userops::sample::{self, SampleKind, SampleOptions};
use userops_io::write_table;

use crate::command_line::{number, refuse, refuse_option, value};

const HELP: &str = "\
Writes an invented log, the same to the last bit on every machine, to a file.

usage: sample_log --out FILE [options]

  --out FILE        .parquet, .csv or .jsonl: a row per event, by user, then time
  --users-out FILE  the users and their attributes, a row per user
  --kind KIND       community or content_app       [community]
";
/// How an example is asked for its help.
pub const HELP_OF_HELP: &str = "  -h, --help        this text\n";

/// The help on the options that say which of the possible logs it is, with their defaults.
#[must_use]
pub fn size_help(defaults: SampleOptions) -> String {
    let SampleOptions { users, days, start, zone, seed, .. } = defaults;
    format!(
        "  --users N         how many users                 [{users}]\n  \
           --days N          how many days                  [{days}]\n  \
           --start DATE      the first of them              [{start}]\n  \
           --zone ZONE       the users' time zone           [{zone}]\n  \
           --seed N          which of the possible logs     [{seed}]\n"
    )
}

/// Reads an option that says which of the possible logs it is; whether it is one.
///
/// # Errors
/// Those of `value`, and of a text that is no such value.
pub fn read_size(option: &str, value: impl FnOnce() -> Result<String>, options: &mut SampleOptions) -> Result<bool> {
    match option {
        "users" => options.users = number("--users", &value()?)?,
        "days" => options.days = number("--days", &value()?)?,
        "seed" => options.seed = number("--seed", &value()?)?,
        "start" => options.start = value()?.parse()?,
        "zone" => options.zone = value()?.parse()?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// To say how it is used.
    Help(String),
    /// To write files.
    Write(Request),
}

/// A log and where to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The product.
    pub kind: SampleKind,
    /// Size and time.
    pub options: SampleOptions,
    /// The file of events.
    pub out: PathBuf,
    /// The file of users.
    pub users_out: Option<PathBuf>,
}

impl Command {
    /// Reads the command line, its first word the program's name.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown option, a value that is none, or no file; or the value's own kind.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut parser = lexopt::Parser::from_iter(words);
        let (mut kind, mut options) = (SampleKind::Community, SampleOptions::default());
        let (mut out, mut users_out) = (None, None);
        while let Some(word) = parser.next().map_err(|error| refuse(&error))? {
            match word {
                Short('h') | Long("help") => return Ok(Self::Help(help())),
                Long("out") => out = Some(value(&mut parser)?.into()),
                Long("users-out") => users_out = Some(value(&mut parser)?.into()),
                Long("kind") => kind = value(&mut parser)?.parse()?,
                Long(name) => {
                    let name = name.to_owned();
                    if !read_size(&name, || value(&mut parser), &mut options)? {
                        return Err(refuse_option(&name));
                    }
                }
                other => return Err(refuse(&other.unexpected())),
            }
        }
        let out = out.ok_or_else(|| refuse(&"--out FILE is missing"))?;
        Ok(Self::Write(Request { kind, options, out, users_out }))
    }
}

fn help() -> String {
    [HELP, &size_help(SampleOptions::default()), HELP_OF_HELP].concat()
}

/// Makes the log, writes it, and says what was written.
///
/// # Errors
/// As [`sample::log`] and [`write_table`].
pub fn write(request: &Request) -> Result<String> {
    let log = sample::log(request.kind, request.options)?;
    write_table(&log.to_table()?, &request.out)?;
    let mut said = format!("wrote {} events to {}\n", log.event_count(), request.out.display());
    if let Some(path) = &request.users_out {
        write_table(&sample::users(request.kind, request.options)?, path)?;
        said += &format!("wrote {} users to {}\n", log.user_count(), path.display());
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use userops::ingest::{Mapping, UserIdType};
    use userops_io::LogReader;

    fn parse(line: &str) -> Result<Command> {
        Command::parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_events() {
        let folder = std::env::temp_dir().join(format!("userops-sample-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for kind in SampleKind::ALL {
            for extension in ["parquet", "csv", "jsonl"] {
                let path = folder.join(format!("{kind}.{extension}"));
                let line = format!("sample_log --kind {kind} --users 50 --days 40 --seed 3 --out {}", path.display());
                let Ok(Command::Write(request)) = parse(&line) else { panic!("{line} writes") };
                let log = sample::log(kind, request.options).unwrap();
                assert!(write(&request).unwrap().contains(&format!("{} events", log.event_count())));

                let id_type = if kind == SampleKind::ContentApp { UserIdType::Integer } else { UserIdType::Text };
                let mapping = Mapping::new("user", "time").user_type(id_type).minor_amount("amount_minor");
                let mapping = log.properties().fold(mapping, |mapping, (name, _)| mapping.property(name));
                let (read, _) = LogReader::new(log.schema().clone(), mapping).file(&path).read().unwrap();
                assert_eq!(read.event_count(), log.event_count());
                for user in read.iter() {
                    let written = log.users().find(user.user_id().unwrap()).unwrap();
                    assert!(user.iter().eq(log.events_of(written).iter()), "{kind} {extension}");
                }
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (line, word) in [
            ("sample_log", "--out"),
            ("sample_log --out a.csv --users many", "\"many\""),
            ("sample_log --out a.csv --days 70000", "\"70000\""),
            ("sample_log --out a.csv --kind comunity", "\"community\""),
            ("sample_log --outt a.csv", "--outt"),
        ] {
            let message = parse(line).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
