//! Sessions as tables: a row per session, or a row per user.

use super::find::Sessions;
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::table::{Table, user_column};
use crate::time::MICROS_PER_SECOND;

/// Sums over the sessions of one user.
#[derive(Debug, Clone, Copy, Default)]
struct UserSums {
    sessions: i64,
    bounces: i64,
    events: i64,
    duration_micros: i64,
    revenue_minor: i64,
    first_start: Option<i64>,
    last_start: Option<i64>,
}

impl Sessions {
    /// A row per session: `user`, `start`, `end`, `duration_seconds`, `event_count`, `first_event`, `last_event`,
    /// `revenue_minor`, `open`.
    ///
    /// # Errors
    /// `InvalidArgument` where the sessions are of another log.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        self.check_log(log)?;
        let name = |row: u64| {
            let code = log.name_codes().get(row as usize)?;
            log.names().get(u32::from(*code))
        };
        let rows = &self.rows;
        let seconds = |micros: i64| micros as f64 / MICROS_PER_SECOND as f64;
        let durations = rows.iter().map(|session| seconds(session.duration().as_micros()));
        let starts: Vec<i64> = rows.iter().map(|session| session.start.as_micros()).collect();
        let ends: Vec<i64> = rows.iter().map(|session| session.end.as_micros()).collect();
        Table::new(rows.len())
            .with("user", user_column(log.users(), rows.iter().map(|session| session.user)))?
            .with("start", Column::Time(starts.into()))?
            .with("end", Column::Time(ends.into()))?
            .with("duration_seconds", durations.collect::<Vec<_>>())?
            .with("event_count", rows.iter().map(|session| session.event_count).collect::<Vec<_>>())?
            .with("first_event", Column::texts(rows.iter().map(|session| name(session.first_row))))?
            .with("last_event", Column::texts(rows.iter().map(|session| name(session.last_row))))?
            .with("revenue_minor", rows.iter().map(|session| session.revenue.minor()).collect::<Vec<_>>())?
            .with("open", rows.iter().map(|session| session.open).collect::<Vec<_>>())
    }

    /// A row per user of the log, with sessions or not: `user`, `session_count`, `bounce_count`, `event_count`,
    /// `duration_seconds` in all, `revenue_minor`, `first_start` and `last_start`, which are unknown without sessions.
    ///
    /// # Errors
    /// `InvalidArgument` where the sessions are of another log.
    pub fn user_table(&self, log: &EventLog) -> Result<Table> {
        self.check_log(log)?;
        let mut users = vec![UserSums::default(); self.user_count];
        for session in &self.rows {
            let sums = &mut users[session.user.index()];
            sums.sessions += 1;
            sums.bounces += i64::from(session.event_count == 1);
            sums.events += i64::from(session.event_count);
            sums.duration_micros = sums.duration_micros.saturating_add(session.duration().as_micros());
            sums.revenue_minor = sums.revenue_minor.saturating_add(session.revenue.minor());
            sums.first_start = sums.first_start.or(Some(session.start.as_micros()));
            sums.last_start = Some(session.start.as_micros());
        }
        let integers = |value: fn(&UserSums) -> i64| users.iter().map(value).collect::<Vec<_>>();
        let durations = users.iter().map(|sums| sums.duration_micros as f64 / MICROS_PER_SECOND as f64);
        Table::new(users.len())
            .with("user", user_column(log.users(), (0..users.len()).map(|user| UserIx(user as u32))))?
            .with("session_count", integers(|sums| sums.sessions))?
            .with("bounce_count", integers(|sums| sums.bounces))?
            .with("event_count", integers(|sums| sums.events))?
            .with("duration_seconds", durations.collect::<Vec<_>>())?
            .with("revenue_minor", integers(|sums| sums.revenue_minor))?
            .with("first_start", Column::Time(users.iter().map(|sums| sums.first_start).collect()))?
            .with("last_start", Column::Time(users.iter().map(|sums| sums.last_start).collect()))
    }

    fn check_log(&self, log: &EventLog) -> Result<()> {
        let rows = self.rows.last().map_or(0, |session| session.last_row + 1);
        if log.user_count() != self.user_count || rows > log.event_count() as u64 {
            return Err(invalid_argument(format!(
                "the sessions are of a log of {} users, and the log given has {}; give the log they were found in",
                self.user_count,
                log.user_count()
            )));
        }
        Ok(())
    }
}
