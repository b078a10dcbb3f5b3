//! The kernel: cuts each user's events into sessions.

use std::ops::Range;

use rayon::prelude::*;

use super::definition::SessionOptions;
use crate::activity::{ChoiceScratch, EventChoice};
use crate::analytics::period::CalendarPeriod;
use crate::analytics::period_grid::PeriodGrid;
use crate::column::PackedCursor;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::money::Money;
use crate::time::{Calendar, Span, Timestamp};

/// One visit of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: UserIx,
    /// The instant of the first event.
    pub start: Timestamp,
    /// The instant of the last event.
    pub end: Timestamp,
    /// How many events there are, at least one; a session of one is a bounce.
    pub event_count: u32,
    /// The row of the first event in the log.
    pub first_row: u64,
    /// The row of the last event.
    pub last_row: u64,
    /// The sum of the events' amounts; nothing where none has one.
    pub revenue: Money,
    /// Whether an event right after `as_of` could still belong to it.
    pub open: bool,
}

impl Session {
    /// From the first event to the last; zero for a bounce.
    #[must_use]
    pub fn duration(&self) -> Span {
        self.end.since(self.start)
    }
}

/// The sessions of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Sessions {
    pub(super) options: SessionOptions,
    pub(super) as_of: Timestamp,
    pub(super) rows: Vec<Session>,
    pub(super) user_count: usize,
    pub(super) calendar: Calendar,
}

/// Cuts the events that have happened at `as_of` into sessions.
///
/// Events are taken in order of time, then of arrival. One begins a session where it is the user's first, comes strictly more
/// than the gap after the one before, strictly more than the greatest length after the start of the session, on another local
/// day where that is asked for, or is of a kind that begins one. Only the last reason makes the order of arrival of events at
/// one instant matter.
///
/// Sessions come in the order of the log's users, then of time. Takes O(events) time, shared out over rayon's threads, and 64
/// bytes a session.
///
/// # Errors
/// `InvalidDefinition` for a negative length; `UnknownName` and `TypeMismatch` for events and properties that the log does not
/// have or that are of another type.
pub fn find_sessions(log: &EventLog, as_of: Timestamp, options: &SessionOptions) -> Result<Sessions> {
    options.check()?;
    let calendar = log.calendar(as_of);
    let patterns: Vec<_> = [&options.events].into_iter().chain(&options.starts).cloned().collect();
    let choice = EventChoice::new(log, &calendar, &patterns)?;
    let rows = match PeriodGrid::of_log(log, &calendar, CalendarPeriod::Day, as_of) {
        None => Vec::new(),
        Some(days) => {
            let cutter = Cutter { log, as_of, options, choice, days };
            let parts: Vec<Vec<Session>> =
                log.thread_ranges().into_par_iter().map(|users| cutter.cut(users, &calendar)).collect();
            parts.concat()
        }
    };
    Ok(Sessions { options: options.clone(), as_of, rows, user_count: log.user_count(), calendar })
}

impl Sessions {
    /// What was asked for.
    #[must_use]
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The sessions, in the order of the log's users, then of time.
    #[must_use]
    pub fn rows(&self) -> &[Session] {
        &self.rows
    }
}

/// The patterns of [`EventChoice`].
const EVENTS: usize = 0;
const STARTS: usize = 1;

struct Cutter<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    options: &'a SessionOptions,
    choice: EventChoice<'a>,
    days: PeriodGrid,
}

impl Cutter<'_> {
    fn cut(&self, users: Range<usize>, calendar: &Calendar) -> Vec<Session> {
        let (mut sessions, mut scratch) = (Vec::new(), ChoiceScratch::default());
        let mut amounts = PackedCursor::new(self.log.amount_minor());
        for user in users {
            let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).rows();
            self.choice.load(rows.clone(), &mut scratch);
            let first = sessions.len();
            self.cut_user(UserIx(user as u32), rows, &scratch, &mut amounts, &mut sessions);
            // Only the user's last session can be open.
            if let Some(last) = sessions[first..].last_mut() {
                last.open = self.is_open(last, calendar);
            }
        }
        sessions
    }

    fn cut_user(
        &self,
        user: UserIx,
        rows: Range<usize>,
        scratch: &ChoiceScratch,
        amounts: &mut PackedCursor<'_, i64>,
        sessions: &mut Vec<Session>,
    ) {
        let gap = self.options.gap.as_micros();
        let length_max = self.options.length_max.map_or(i64::MAX, Span::as_micros);
        let (by_day, by_start) = (self.options.split_at_midnight, self.options.starts.is_some());
        // The session at hand, and the day of its last event.
        let (mut current, mut day): (Option<Session>, u32) = (None, 0);
        for row in rows {
            if !self.choice.has(EVENTS, row, scratch) {
                continue;
            }
            let time = self.log.time_micros()[row];
            let its_day = if by_day { self.days.index_of(time) } else { 0 };
            let minor = amounts.get(row).unwrap_or(0);
            match &mut current {
                Some(session)
                    if time - session.end.as_micros() <= gap
                        && time - session.start.as_micros() <= length_max
                        && its_day == day
                        && !(by_start && self.choice.has(STARTS, row, scratch)) =>
                {
                    session.end = Timestamp::from_micros(time);
                    session.last_row = row as u64;
                    session.event_count += 1;
                    // Freezing a log has added up all its amounts.
                    session.revenue = Money::from_minor(session.revenue.minor().saturating_add(minor));
                }
                _ => {
                    sessions.extend(current);
                    current = Some(Session {
                        user,
                        start: Timestamp::from_micros(time),
                        end: Timestamp::from_micros(time),
                        event_count: 1,
                        first_row: row as u64,
                        last_row: row as u64,
                        revenue: Money::from_minor(minor),
                        open: false,
                    });
                }
            }
            day = its_day;
        }
        sessions.extend(current);
    }

    /// Whether an event right after `as_of` could belong to a user's last session.
    fn is_open(&self, session: &Session, calendar: &Calendar) -> bool {
        let next = Timestamp::from_micros(self.as_of.as_micros().saturating_add(1));
        next.since(session.end) <= self.options.gap
            && self.options.length_max.is_none_or(|length_max| next.since(session.start) <= length_max)
            && (!self.options.split_at_midnight || calendar.day(next) == calendar.day(session.end))
    }
}
