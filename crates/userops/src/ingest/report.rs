//! What became of each row that was read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::error::{Result, limit_exceeded};
use crate::table::Table;

/// A rejection quotes at most this many characters of the offending text; the record holds it in full.
const TEXT_CHARS_SHOWN: usize = 120;
/// The summary lists at most this many rejections one by one.
const REJECTIONS_SHOWN: usize = 3;

/// Why a row is not in the log.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// A value that must be there is missing or empty.
    Missing,
    /// The value is of another type than its field, and does not read as one of it.
    WrongType,
    /// The text or number is no instant in the stated format.
    NotAnInstant,
    /// The instant lies outside the years 1 to 9999.
    TimeOutOfRange,
    /// The text is no decimal number.
    NotAnAmount,
    /// The number is NaN or infinite.
    NotFinite,
    /// The amount is finer than the currency's minor unit, and the mapping does not say how to round.
    AmountTooFine,
    /// The amount does not fit 64 bits of minor units, or a float can no longer tell one minor unit from the next.
    AmountTooLarge,
    /// The amount is in another currency than the log's.
    OtherCurrency,
    /// The schema lists its events, and this is none of them.
    UnknownEvent,
    /// The text is longer than the limit.
    TooLong,
    /// The row is not valid UTF-8.
    InvalidUtf8,
    /// The row has more or fewer fields than the heading.
    WrongFieldCount,
    /// The row is not a record of its format, such as a line that is no JSON object.
    Malformed,
}

impl RejectReason {
    /// What is wrong, in a few words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "the value is missing",
            Self::WrongType => "the value is of the wrong type",
            Self::NotAnInstant => "not an instant in the stated format",
            Self::TimeOutOfRange => "outside the years 1 to 9999",
            Self::NotAnAmount => "not a decimal number",
            Self::NotFinite => "not a finite number",
            Self::AmountTooFine => "finer than the currency's minor unit; state a rounding to accept it",
            Self::AmountTooLarge => "too large for 64 bits of minor units",
            Self::OtherCurrency => "another currency than the log's",
            Self::UnknownEvent => "not an event of the schema",
            Self::TooLong => "longer than the limit",
            Self::InvalidUtf8 => "not valid UTF-8",
            Self::WrongFieldCount => "another number of fields than the heading",
            Self::Malformed => "not a record of its format",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.message())
    }
}

/// A row that is not in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The source, such as a file's name.
    pub source: Arc<str>,
    /// The row's number in its source, from 1, a heading not counted.
    pub row: u64,
    /// The column at fault; empty where the row could not be split into columns.
    pub field: Arc<str>,
    /// Why.
    pub reason: RejectReason,
    /// The offending text, shortened where it is long.
    pub text: String,
    /// The row itself, so that it can be mended and read again.
    pub record: Record,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, row, field, reason, text, .. } = self;
        match &**field {
            "" => write!(f, "{source} row {row}: {reason}: {text:?}"),
            field => write!(f, "{source} row {row}, {field}: {reason}: {text:?}"),
        }
    }
}

/// A rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The mapped columns that have a value, with the value as text.
    Fields(Vec<(Arc<str>, String)>),
    /// The line as it stands in the source.
    Line(String),
}

/// What became of each row: `read = accepted + duplicate + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IngestReport {
    /// Rows of events that were read.
    pub read: u64,
    /// Events in the log.
    pub accepted: u64,
    /// Events left out because an earlier arrival has the same id.
    pub duplicate: u64,
    /// Those duplicates whose user, time, name or amount differ from the earlier arrival's.
    pub conflicting: u64,
    /// Rows left out because something is wrong with them.
    pub rejected: u64,
    /// Events in the log that arrived after one with a later time.
    pub late: u64,
    /// Rows of attributes that were read.
    pub attributes_read: u64,
    /// Rows of attributes left out because something is wrong with them.
    pub attributes_rejected: u64,
    /// The input's columns that the mapping uses.
    pub columns: Vec<String>,
    /// Every rejected row, of events and of attributes, by source in order of arrival and by row.
    pub rejections: Vec<Rejection>,
}

impl IngestReport {
    pub(crate) fn add(&mut self, read: u64, rejections: Vec<Rejection>, columns: &[String], max: u64) -> Result<()> {
        self.read += read;
        self.rejected += rejections.len() as u64;
        self.keep(rejections, columns, max)
    }

    /// Keeps rejections of rows that are counted already.
    pub(crate) fn keep(&mut self, rejections: Vec<Rejection>, columns: &[String], max: u64) -> Result<()> {
        for column in columns {
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
            }
        }
        self.rejections.extend(rejections);
        check_rejections(&self.rejections, max)
    }

    /// Puts the rejections of each source in order of row; sources keep their order of arrival.
    pub(crate) fn close(&mut self) {
        let mut places: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for rejection in &self.rejections {
            let next = places.len();
            places.entry(Arc::clone(&rejection.source)).or_insert(next);
        }
        self.rejections.sort_by_cached_key(|rejection| (places.get(&rejection.source).copied(), rejection.row));
    }

    /// How many rows were rejected for each field and reason.
    #[must_use]
    pub fn rejected_by_reason(&self) -> BTreeMap<(&str, RejectReason), u64> {
        let mut counts = BTreeMap::new();
        for rejection in &self.rejections {
            *counts.entry((&*rejection.field, rejection.reason)).or_default() += 1;
        }
        counts
    }

    /// The rejected rows as a table: source, row, field, reason, text, the line where it could not be split, and the
    /// mapped columns under their own names. Written as CSV and mended, it can be read
    /// with the same mapping, where that lists its properties.
    ///
    /// # Errors
    /// `InvalidArgument` where an input column has the name of one of the table's own.
    pub fn rejections_table(&self) -> Result<Table> {
        let rows = &self.rejections;
        let texts = |text: fn(&Rejection) -> &str| Column::texts(rows.iter().map(|row| Some(text(row))));
        let mut table = Table::new(rows.len())
            .with("rejected_source", texts(|row| &row.source))?
            .with("rejected_row", rows.iter().map(|row| row.row as i64).collect::<Vec<_>>())?
            .with("rejected_field", texts(|row| &row.field))?
            .with("rejected_reason", texts(|row| row.reason.message()))?
            .with("rejected_text", texts(|row| &row.text))?;
        let line = |row: &Rejection| match &row.record {
            Record::Line(line) => Some(line.clone()),
            Record::Fields(_) => None,
        };
        table.push("rejected_line", rows.iter().map(line).collect::<Vec<_>>().into())?;
        for column in &self.columns {
            let values = rows.iter().map(|row| match &row.record {
                Record::Fields(fields) => {
                    fields.iter().find(|(name, _)| **name == **column).map(|(_, value)| value.as_str())
                }
                Record::Line(_) => None,
            });
            table.push(column, Column::texts(values))?;
        }
        Ok(table)
    }
}

impl fmt::Display for IngestReport {
    /// One line of counts, then the reasons for rejections and the first few of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, accepted, duplicate, rejected, .. } = self;
        write!(f, "read {read} = accepted {accepted} + duplicate {duplicate} + rejected {rejected}")?;
        if self.conflicting > 0 {
            write!(f, "; {} duplicates differ from the event they repeat", self.conflicting)?;
        }
        for ((field, reason), count) in self.rejected_by_reason() {
            write!(f, "\n  {count} × {field}{}{reason}", if field.is_empty() { "" } else { ": " })?;
        }
        for rejection in self.rejections.iter().take(REJECTIONS_SHOWN) {
            write!(f, "\n  {rejection}")?;
        }
        match self.rejections.len() {
            n if n > REJECTIONS_SHOWN => write!(f, "\n  … and {} more", n - REJECTIONS_SHOWN),
            _ => Ok(()),
        }
    }
}

/// Refuses more rejected rows than the limit.
pub(super) fn check_rejections(rejections: &[Rejection], max: u64) -> Result<()> {
    match rejections.first() {
        Some(first) if rejections.len() as u64 > max => Err(limit_exceeded(format!(
            "{} rejected rows are more than the limit rejections_max = {max}; the first is {first}",
            rejections.len()
        ))),
        _ => Ok(()),
    }
}

/// A text as a rejection quotes it.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
