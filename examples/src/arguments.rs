//! The command line of the purchase report.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;
use userops::error::{Error, ErrorKind, Result};
use userops::event::EventSchema;
use userops::ingest::{Mapping, PropertyMapping};
use userops::money::{Currency, Rounding};
use userops::playbook::Playbook;
use userops::time::{TimeFormat, Timestamp, Zone};
use userops::value::ValueType;
use userops_io::{CsvOptions, FileFormat, LogReader, TableFormat};

use crate::command_line::{refuse, refuse_option, table_format, value};

const HELP: &str = "\
Reads a purchase log and prints who the customers are: ladder, RFM segments, core users, one customer explained.

usage: cdnow [options]

Without --input it reads the CDNOW log in examples/data. For a file of your own, say which columns hold what:

  --input FILE       Parquet, CSV or JSON Lines, plain, .gz or .zst; may be given more than once
  --blanks           the input's fields stand apart by blanks, not commas
  --columns A,B,C    the input has no heading; these are its columns
  --user COLUMN      the customer's id                       [customer_id]
  --time COLUMN      the instant or date of the purchase      [date]
  --time-format F    auto, rfc3339, date, compact_date, epoch_seconds, epoch_millis, epoch_micros
                     [auto; compact_date without --input]
  --zone ZONE        the time zone, such as Asia/Shanghai     [UTC]
  --amount COLUMN    what was paid                            [dollar_value]
  --minor            amounts are whole minor units (cents)
  --round            amounts finer than a minor unit are rounded half to even, not rejected
  --currency CODE    the currency of the amounts              [USD]
  --event COLUMN     the event's name; without it every row is a purchase
  --order NAME       the event that is a purchase, with --event [order]
  --id COLUMN        the purchase's own id, by which copies are known
  --playbook FILE    tags, segments, lifecycle and milestones, in TOML or JSON; zone and currency are the playbook's
                     [playbooks/cdnow.toml, with --order in place of its purchase]
  --as-of INSTANT    the instant of the report: 1998-06-30 or 1998-06-30T23:59:59Z  [the last event]
  --explain ID       the customer to explain                  [the most valuable who are about to be lost]
  --out DIR          write the tables there
  --format F         csv, parquet or jsonl                    [csv]
  -h, --help         this text
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// To say how it is used.
    Help(String),
    /// To report.
    Report(Box<Arguments>),
}

/// The options of a report.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// The files to read; the CDNOW log where there is none.
    pub inputs: Vec<PathBuf>,
    /// Whether fields stand apart by blanks.
    pub blanks: bool,
    /// The columns of an input without a heading.
    pub columns: Option<Vec<String>>,
    /// Zone and currency.
    pub schema: EventSchema,
    /// The columns.
    pub mapping: Mapping,
    /// The event that is a purchase.
    pub order: String,
    /// Tags, segments, lifecycle and milestones.
    pub playbook: Playbook,
    /// The instant of the report.
    pub as_of: Option<String>,
    /// The customer to explain.
    pub explain: Option<String>,
    /// Where to write the tables.
    pub out: Option<PathBuf>,
    /// How to write them.
    pub table_format: TableFormat,
}

/// Values as they are typed, before they are put together.
#[derive(Default)]
struct Typed {
    inputs: Vec<PathBuf>,
    blanks: bool,
    columns: Option<String>,
    user: Option<String>,
    time: Option<String>,
    time_format: Option<TimeFormat>,
    zone: Option<Zone>,
    currency: Option<Currency>,
    playbook: Option<PathBuf>,
    amount: Option<String>,
    minor: bool,
    round: bool,
    event: Option<String>,
    order: Option<String>,
    id: Option<String>,
    as_of: Option<String>,
    explain: Option<String>,
    out: Option<PathBuf>,
    format: Option<String>,
}

impl Arguments {
    /// Reads the command line, its first word the program's name.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown option or a value that is none; or the value's own kind.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command> {
        let mut parser = lexopt::Parser::from_iter(words);
        let mut typed = Typed::default();
        while let Some(word) = parser.next().map_err(|error| refuse(&error))? {
            // The word borrows from the parser, which the value is asked of next.
            let word = match word {
                Short(letter) => letter.to_string(),
                Long(name) => name.to_owned(),
                other @ Value(_) => return Err(refuse(&other.unexpected())),
            };
            let mut text = || value(&mut parser);
            match word.as_str() {
                "h" | "help" => return Ok(Command::Help(HELP.to_owned())),
                "input" => typed.inputs.push(text()?.into()),
                "blanks" => typed.blanks = true,
                "columns" => typed.columns = Some(text()?),
                "user" => typed.user = Some(text()?),
                "time" => typed.time = Some(text()?),
                "time-format" => typed.time_format = Some(text()?.parse()?),
                "zone" => typed.zone = Some(text()?.parse()?),
                "amount" => typed.amount = Some(text()?),
                "minor" => typed.minor = true,
                "round" => typed.round = true,
                "currency" => typed.currency = Some(text()?.parse()?),
                "event" => typed.event = Some(text()?),
                "order" => typed.order = Some(text()?),
                "id" => typed.id = Some(text()?),
                "playbook" => typed.playbook = Some(text()?.into()),
                "as-of" => typed.as_of = Some(text()?),
                "explain" => typed.explain = Some(text()?),
                "out" => typed.out = Some(text()?.into()),
                "format" => typed.format = Some(text()?),
                _ => return Err(refuse_option(&word)),
            }
        }
        typed.arguments().map(|arguments| Command::Report(Box::new(arguments)))
    }

    /// A reader of the files.
    pub fn reader(&self) -> LogReader<'static> {
        let reader = LogReader::new(self.schema.clone(), self.mapping.clone());
        let mut csv = if self.blanks || self.inputs.is_empty() { CsvOptions::blanks() } else { CsvOptions::default() };
        if let Some(columns) = &self.columns {
            csv = csv.without_header().columns(columns);
        }
        match self.inputs.as_slice() {
            [] => reader.format(FileFormat::Csv(csv)).file(cdnow_path()),
            files if self.blanks || self.columns.is_some() => reader.format(FileFormat::Csv(csv)).files(files),
            files => reader.files(files),
        }
    }

    /// The instant of the report, given the last event's.
    ///
    /// # Errors
    /// `InvalidTime` where what was typed is no instant.
    pub fn as_of(&self, last_event: Timestamp) -> Result<Timestamp> {
        let Some(text) = &self.as_of else { return Ok(last_event) };
        let calendar = userops::time::Calendar::new(self.schema.zone, last_event, last_event);
        TimeFormat::Auto.parse_text(text, &calendar).ok_or_else(|| {
            let example = TimeFormat::Auto.example();
            Error::new(ErrorKind::InvalidTime, format!("--as-of {text:?} is not an instant such as {example}"))
        })
    }
}

/// The CDNOW log, beside this package's sources.
fn cdnow_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/cdnow_master.txt")
}

/// The playbook of the shop, by its own text.
const SHOP: &str = include_str!("../playbooks/cdnow.toml");
/// The order event that the text names.
const SHOP_ORDER: &str = "\"purchase\"";

/// The playbook of the shop, over another order event, zone and currency where they are given.
fn shop_playbook(order: &str, zone: Option<Zone>, currency: Option<Currency>) -> Result<Playbook> {
    let mut playbook = Playbook::from_toml(&SHOP.replace(SHOP_ORDER, &format!("{order:?}"))).map_err(|error| {
        error.at(format!(
            "the shop's playbook over {order:?} in place of a purchase; give one of your own by --playbook"
        ))
    })?;
    playbook.schema.zone = zone.unwrap_or(playbook.schema.zone);
    playbook.schema.currency = currency.unwrap_or(playbook.schema.currency);
    // A log of one's own may hold any events besides.
    playbook.schema.events.clear();
    Ok(playbook)
}

fn read_playbook(path: &Path) -> Result<Playbook> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Io, format!("--playbook {}: {error}", path.display())).caused_by(error)
    })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let playbook = if is_json { Playbook::from_json(&text) } else { Playbook::from_toml(&text) };
    playbook.map_err(|error| error.at(path.display()))
}

impl Typed {
    fn arguments(self) -> Result<Arguments> {
        let own_file = !self.inputs.is_empty();
        let columns = self.columns.map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
        if columns.is_some() && !own_file {
            let message = "--columns names the columns of an --input without a heading: say which file";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let default_format = if own_file { TimeFormat::Auto } else { TimeFormat::CompactDate };
        let user = self.user.unwrap_or_else(|| "customer_id".to_owned());
        let time = self.time.unwrap_or_else(|| "date".to_owned());
        let amount = self.amount.unwrap_or_else(|| "dollar_value".to_owned());
        let mut mapping = Mapping::new(user, time).time_format(self.time_format.unwrap_or(default_format));
        mapping = if self.minor { mapping.minor_amount(amount) } else { mapping.amount(amount) };
        if self.round {
            mapping = mapping.rounding(Rounding::HalfEven);
        }
        if let Some(id) = self.id {
            mapping = mapping.id(id);
        }
        if !own_file {
            mapping = mapping.property(PropertyMapping::column("number_of_cds").typed(ValueType::Integer));
        }
        let default_order = if self.event.is_some() { "order" } else { "purchase" };
        let order = self.order.unwrap_or_else(|| default_order.to_owned());
        mapping = match self.event {
            Some(column) => mapping.event(column),
            None => mapping.constant_event(order.clone()),
        };
        let table_format = table_format(self.format.as_deref().unwrap_or("csv"))?;
        let playbook = match &self.playbook {
            Some(path) => read_playbook(path)?,
            None => shop_playbook(&order, self.zone, self.currency)?,
        };
        let schema = EventSchema {
            zone: self.zone.unwrap_or(playbook.schema.zone),
            currency: self.currency.unwrap_or(playbook.schema.currency),
            ..EventSchema::default()
        };
        Ok(Arguments {
            inputs: self.inputs,
            blanks: self.blanks,
            columns,
            schema,
            mapping,
            order,
            playbook,
            as_of: self.as_of,
            explain: self.explain,
            out: self.out,
            table_format,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command> {
        Arguments::parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn options_become_a_mapping() {
        let line = "cdnow --input a.csv --user u --time t --amount a --minor --event e --order paid --zone Asia/Tokyo";
        let Ok(Command::Report(arguments)) = parse(line) else { panic!("{line} is a report") };
        assert_eq!(arguments.order, "paid");
        assert_eq!(arguments.schema.zone.name(), "Asia/Tokyo");
        assert_eq!(arguments.mapping, Mapping::new("u", "t").minor_amount("a").event("e"));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (line, word) in [
            ("cdnow --inptu a.csv", "--inptu"),
            ("cdnow --zone Asia/Tokio", "Asia/Tokyo"),
            ("cdnow --format xls", "xls"),
            ("cdnow --currency", "--currency"),
            ("cdnow --columns a,b", "--input"),
            ("cdnow file.csv", "file.csv"),
        ] {
            let message = parse(line).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
