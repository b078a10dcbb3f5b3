//! The command line of the report on a content app.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use userops::error::Result;
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, IngestReport, Mapping, UserIdType};
use userops::log::EventLog;
use userops::sample::{self, SampleKind, SampleOptions};
use userops_io::{LogReader, TableFormat};

use crate::command_line::{refuse, refuse_option, table_format, value};
use crate::progress;
use crate::sample::{HELP_OF_HELP, read_size, size_help};

/// The users of the invented log unless asked otherwise: enough that the intervals of shares are narrow.
const USERS: u32 = 5_000;

const HELP: &str = "\
Reports on a content app: funnel, sequences, retention, activity, sessions, paths, and what goes with coming back.

usage: content_app [options]

Without --input it invents the log:

";
const HELP_ON_INPUT: &str = "
Or it reads one that sample_log wrote by --kind content_app, or one of the same columns:

  --input FILE        the events, Parquet, CSV or JSON Lines; may be given more than once, --zone as written
  --users-input FILE  the users and their attributes, as by --users-out

  --out DIR         write the tables there
  --format F        csv, parquet or jsonl          [csv]
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// To say how it is used.
    Help(String),
    /// To report.
    Report(Arguments),
}

/// The options of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    /// The files of events; none for an invented log.
    pub inputs: Vec<PathBuf>,
    /// The file of users.
    pub users_input: Option<PathBuf>,
    /// Which log is invented, and the zone of any.
    pub sample: SampleOptions,
    /// Where to write the tables.
    pub out: Option<PathBuf>,
    /// How to write them.
    pub table_format: TableFormat,
}

impl Arguments {
    /// Reads the command line, its first word the program's name.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown option, a value that is none, or options that do not go together; or the value's
    /// own kind.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command> {
        let mut parser = lexopt::Parser::from_iter(words);
        let mut arguments = Self {
            inputs: Vec::new(),
            users_input: None,
            sample: SampleOptions::default().users(USERS),
            out: None,
            table_format: TableFormat::Csv,
        };
        let mut only_invented = None;
        while let Some(word) = parser.next().map_err(|error| refuse(&error))? {
            match word {
                Short('h') | Long("help") => return Ok(Command::Help(help())),
                Long("input") => arguments.inputs.push(value(&mut parser)?.into()),
                Long("users-input") => arguments.users_input = Some(value(&mut parser)?.into()),
                Long("out") => arguments.out = Some(value(&mut parser)?.into()),
                Long("format") => arguments.table_format = table_format(&value(&mut parser)?)?,
                Long(name) => {
                    let name = name.to_owned();
                    if !read_size(&name, || value(&mut parser), &mut arguments.sample)? {
                        return Err(refuse_option(&name));
                    }
                    if name != "zone" {
                        only_invented = Some(name);
                    }
                }
                other => return Err(refuse(&other.unexpected())),
            }
        }
        match (arguments.inputs.is_empty(), only_invented, &arguments.users_input) {
            (false, Some(name), _) => {
                Err(refuse(&format!("--{name} is of an invented log, and --input reads one: leave one of them out")))
            }
            (true, _, Some(path)) => {
                let path = path.display();
                Err(refuse(&format!("--users-input {path} is of a log to be read: give its events by --input FILE")))
            }
            _ => Ok(Command::Report(arguments)),
        }
    }

    /// The log, and what became of each row of the files where there are any.
    ///
    /// # Errors
    /// As the reader, or as [`sample::log`].
    pub fn read(&self) -> Result<(EventLog, Option<IngestReport>)> {
        if self.inputs.is_empty() {
            return Ok((sample::log(SampleKind::ContentApp, self.sample)?, None));
        }
        let schema = self.schema()?;
        let mapping = Mapping::new("user", "time").user_type(UserIdType::Integer).minor_amount("amount_minor");
        let properties = schema.properties.iter().map(|field| field.name.as_str());
        let mapping = properties.fold(mapping, |mapping, name| mapping.property(name));
        let mut reader = LogReader::new(schema, mapping).files(&self.inputs);
        if let Some(path) = &self.users_input {
            reader = reader.attributes_file(path, AttributeMapping::new("user").user_type(UserIdType::Integer));
        }
        let (log, ingest) = progress::read(reader)?;
        Ok((log, Some(ingest)))
    }

    /// The events, properties and attributes of the app, which the smallest invented log declares.
    fn schema(&self) -> Result<EventSchema> {
        let smallest = self.sample.users(1).days(1);
        Ok(sample::log(SampleKind::ContentApp, smallest)?.schema().clone())
    }
}

fn help() -> String {
    [HELP, &size_help(SampleOptions::default().users(USERS)), HELP_ON_INPUT, HELP_OF_HELP].concat()
}
