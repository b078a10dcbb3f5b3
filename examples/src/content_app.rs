//! The report on a content app: how far users come, how often, whether they return, which ways, and what goes with it.
//!
//! A concern is a module: it asks the library, says what the answer is in a sentence, and shows the numbers. Attribution has
//! no part in it: of what brings users the app knows a single channel each, and there is no credit to share out where there
//! is one touch.

pub mod activity;
pub mod arguments;
pub mod driver;
pub mod funnel;
pub mod path;
pub mod retention;
pub mod sequence;
pub mod session;

use std::fmt::Write as _;

use userops::analytics::period::CalendarPeriod;
use userops::error::{Error, ErrorKind, Result};
use userops::ingest::IngestReport;
use userops::log::EventLog;
use userops::table::Table;
use userops::time::{Timestamp, WeekStart};

use crate::layout::{count, heading, money};

/// What users do in the app.
const VISIT: &str = "visit";
const VIEW: &str = "view";
const POST: &str = "post";
const LIKE: &str = "like";
const SHARE: &str = "share";
const PAY: &str = "pay";
/// When a user joined, where that is known.
const SIGNUP: &str = "signup";
/// Weeks begin on Monday.
const WEEK: CalendarPeriod = CalendarPeriod::Week { week_start: WeekStart::Monday };
/// Of series of weeks the last ones are printed; the tables that are written have them all.
const WEEKS_SHOWN: usize = 8;
/// The silence, in minutes, that ends a visit, for sessions and paths alike.
const BREAK_MINUTES: i64 = 30;

/// A table under the name of its file.
pub type NamedTable = (&'static str, Table);

/// A log of the app, and all that is said about it.
#[derive(Debug)]
pub struct ContentReport {
    /// The log.
    pub log: EventLog,
    /// What became of each row, where the log was read from files.
    pub ingest: Option<IngestReport>,
    /// The instant of the report: the end of the last day.
    pub as_of: Timestamp,
    /// From a visit to a payment.
    pub funnel: funnel::FunnelPart,
    /// What follows on a view.
    pub sequence: sequence::SequencePart,
    /// Who comes back.
    pub retention: retention::RetentionPart,
    /// Who is there.
    pub activity: activity::ActivityPart,
    /// The visits.
    pub sessions: session::SessionPart,
    /// The ways that visits take.
    pub paths: path::PathPart,
    /// What goes with coming back.
    pub drivers: driver::DriverPart,
}

impl ContentReport {
    /// Asks all questions of a log.
    ///
    /// # Errors
    /// `Empty` without any event; else those of the library's answers.
    pub fn new(log: EventLog, ingest: Option<IngestReport>) -> Result<Self> {
        let Some((_, last)) = log.time_span() else {
            let message = match ingest {
                Some(ingest) => format!("there is no event to report on: {ingest}"),
                None => "nobody came, and there is no event to report on: take more users or days".to_owned(),
            };
            return Err(Error::new(ErrorKind::Empty, message));
        };
        let calendar = log.calendar(last);
        let as_of = CalendarPeriod::Day.last_instant(calendar.day(last).0, &calendar);
        Ok(Self {
            funnel: funnel::FunnelPart::new(&log, as_of)?,
            sequence: sequence::SequencePart::new(&log, as_of)?,
            retention: retention::RetentionPart::new(&log, as_of)?,
            activity: activity::ActivityPart::new(&log, as_of)?,
            sessions: session::SessionPart::new(&log, as_of)?,
            paths: path::PathPart::new(&log, as_of)?,
            drivers: driver::DriverPart::new(&log, as_of)?,
            log,
            ingest,
            as_of,
        })
    }

    /// The whole report.
    ///
    /// # Errors
    /// Those of the tables.
    pub fn render(&self) -> Result<String> {
        let sections = [
            self.read_section(),
            self.funnel.render(&self.log)?,
            self.sequence.render(),
            self.retention.render(),
            self.activity.render(),
            self.sessions.render(),
            self.paths.render(),
            self.drivers.render(),
        ];
        Ok(sections.concat())
    }

    /// Every table, under the name of its file.
    ///
    /// # Errors
    /// Those of the tables.
    pub fn tables(&self) -> Result<Vec<NamedTable>> {
        let mut tables = self.funnel.tables()?;
        tables.extend(self.sequence.tables()?);
        tables.extend(self.retention.tables()?);
        tables.extend(self.activity.tables()?);
        tables.extend(self.sessions.tables()?);
        tables.extend(self.paths.tables()?);
        tables.extend(self.drivers.tables()?);
        if let Some(ingest) = &self.ingest {
            tables.push(("rejections", ingest.rejections_table()?));
        }
        Ok(tables)
    }

    fn read_section(&self) -> String {
        let Self { log, ingest, as_of, .. } = self;
        let mut text = heading("What was read");
        if let Some(ingest) = ingest {
            let _ = writeln!(text, "  {ingest}");
        }
        let calendar = log.calendar(*as_of);
        let first = log.time_span().map_or(*as_of, |(first, _)| first);
        let present = log.iter().filter(|events| !events.is_empty()).count();
        let _ = writeln!(
            text,
            "  {} events of {} users, {} of whom were there from {} to {} ({}); {} {} paid",
            count(log.event_count() as u64),
            count(log.user_count() as u64),
            count(present as u64),
            calendar.day(first),
            calendar.day(*as_of),
            log.zone(),
            log.currency(),
            money(log.currency(), log.amount_total().minor()),
        );
        text + "  A star marks what is not over: such a number can still change.\n"
    }
}

/// The last rows of a series.
fn tail<T>(rows: &[T], shown: usize) -> &[T] {
    &rows[rows.len().saturating_sub(shown)..]
}

/// The instant attribute of joining, where the log knows it of anybody.
fn knows_signup(log: &EventLog) -> bool {
    log.attributes().column(SIGNUP).is_ok_and(|column| (0..column.len()).any(|user| column.get(user).is_some()))
}
