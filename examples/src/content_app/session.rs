//! Sessions: how many visits there are, how long and how deep.

use std::fmt::Write as _;

use userops::error::Result;
use userops::log::EventLog;
use userops::session::{SessionOptions, Sessions, Spread, find_sessions};
use userops::time::{Span, Timestamp};

use super::{BREAK_MINUTES, NamedTable};
use crate::layout::{TextTable, count, decimal, duration, heading, percent};

/// The answers about sessions.
#[derive(Debug)]
pub struct SessionPart {
    /// Every session.
    pub sessions: Sessions,
}

impl SessionPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let options = SessionOptions::with_gap(Span::from_minutes(BREAK_MINUTES));
        Ok(Self { sessions: find_sessions(log, as_of, &options)? })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![("sessions", self.sessions.summary_table()?), ("sessions_by_day", self.sessions.trend_table()?)])
    }

    pub(super) fn render(&self) -> String {
        let summary = self.sessions.summary();
        let (Some(length), Some(depth), Some(each)) =
            (summary.duration_seconds, summary.depth_events, summary.sessions_per_user)
        else {
            return String::new();
        };
        let mut text = heading(&format!("Sessions: visits that end with {BREAK_MINUTES} minutes of silence"));
        let _ = writeln!(
            text,
            "  {} sessions of {} users; half of them last {} or less and have {} events or fewer; {} are of one event.",
            count(summary.session_count),
            count(summary.user_count),
            duration(length.median),
            decimal(depth.median, 0),
            percent(summary.bounces.ratio),
        );
        let mut table = TextTable::new(&["", "mean", "lower quartile", "median", "upper quartile", "90 % up to"]);
        let mut row = |name: &str, spread: Spread, cell: fn(f64) -> String| {
            let values = [spread.mean, spread.quartile_1, spread.median, spread.quartile_3, spread.percentile_90];
            table.row(std::iter::once(name.to_owned()).chain(values.map(cell)));
        };
        row("duration", length, duration);
        row("depth in events", depth, |events| decimal(events, 1));
        row("sessions of a user", each, |sessions| decimal(sessions, 1));
        text + &table.render()
    }
}
