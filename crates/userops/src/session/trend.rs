//! Sessions day by day.

use serde::{Deserialize, Serialize};

use super::find::Sessions;
use crate::analytics::period::{CalendarPeriod, check_period_count};
use crate::analytics::period_grid::PeriodGrid;
use crate::column::Column;
use crate::error::Result;
use crate::id::UserIx;
use crate::table::Table;
use crate::time::{Day, MICROS_PER_SECOND};

/// The sessions that began on one local day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SessionDay {
    /// The day.
    pub day: Day,
    /// Whether the day is over at `as_of`.
    pub complete: bool,
    /// Sessions that began on it.
    pub session_count: u64,
    /// Users of these sessions.
    pub user_count: u64,
    /// Sessions of one event among them.
    pub bounce_count: u64,
    /// Events of these sessions, those after midnight too.
    pub event_count: u64,
    /// What these events were worth, in minor units.
    pub revenue_minor: i64,
    /// The sum of the sessions' lengths in microseconds.
    pub duration_micros: i64,
}

impl SessionDay {
    /// Bounces per session; `None` without sessions.
    #[must_use]
    pub fn bounce_ratio(&self) -> Option<f64> {
        self.per_session(self.bounce_count as f64)
    }

    /// The mean length in seconds; `None` without sessions.
    #[must_use]
    pub fn mean_duration_seconds(&self) -> Option<f64> {
        self.per_session(self.duration_micros as f64 / MICROS_PER_SECOND as f64)
    }

    /// The mean number of events; `None` without sessions.
    #[must_use]
    pub fn mean_depth_events(&self) -> Option<f64> {
        self.per_session(self.event_count as f64)
    }

    fn per_session(&self, sum: f64) -> Option<f64> {
        (self.session_count > 0).then(|| sum / self.session_count as f64)
    }
}

impl Sessions {
    /// A row per local day, from that of the first session to that of `as_of`, none left out. Takes O(sessions + days).
    ///
    /// # Errors
    /// `LimitExceeded` for more than [`PERIODS_MAX`](crate::analytics::period::PERIODS_MAX) days.
    pub fn trend(&self) -> Result<Vec<SessionDay>> {
        let Some(first) = self.rows.iter().map(|session| session.start).min() else { return Ok(Vec::new()) };
        let grid = PeriodGrid::new(&self.calendar, CalendarPeriod::Day, first.as_micros(), self.as_of.as_micros());
        check_period_count(grid.number(0), grid.number(0).saturating_add(grid.count() as i32 - 1))?;
        let empty = |index: u32| SessionDay {
            day: Day(grid.number(index)),
            complete: CalendarPeriod::Day.last_instant(grid.number(index), &self.calendar) <= self.as_of,
            session_count: 0,
            user_count: 0,
            bounce_count: 0,
            event_count: 0,
            revenue_minor: 0,
            duration_micros: 0,
        };
        let mut days: Vec<SessionDay> = (0..grid.count() as u32).map(empty).collect();
        // For each day the last user who was seen on it: users come one after the other.
        let mut last_user: Vec<Option<UserIx>> = vec![None; days.len()];
        for session in &self.rows {
            let index = grid.index_of(session.start.as_micros()) as usize;
            let day = &mut days[index];
            day.session_count += 1;
            day.user_count += u64::from(last_user[index].replace(session.user) != Some(session.user));
            day.bounce_count += u64::from(session.event_count == 1);
            day.event_count += u64::from(session.event_count);
            day.revenue_minor = day.revenue_minor.saturating_add(session.revenue.minor());
            day.duration_micros = day.duration_micros.saturating_add(session.duration().as_micros());
        }
        // Where a clock was set back, the first instant may not show the first date.
        let empty = days.iter().take_while(|day| day.session_count == 0).count();
        days.drain(..empty);
        Ok(days)
    }

    /// The trend as a table: `day`, `complete`, `session_count`, `user_count`, `bounce_count`, `bounce_ratio`,
    /// `mean_duration_seconds`, `mean_depth_events`, `revenue_minor`.
    ///
    /// # Errors
    /// As [`Sessions::trend`].
    pub fn trend_table(&self) -> Result<Table> {
        let days = self.trend()?;
        let counts = |value: fn(&SessionDay) -> u64| days.iter().map(|day| value(day) as i64).collect::<Vec<_>>();
        let floats = |value: fn(&SessionDay) -> Option<f64>| days.iter().map(value).collect::<Vec<_>>();
        Table::new(days.len())
            .with("day", Column::Date(days.iter().map(|day| Some(day.day.0)).collect()))?
            .with("complete", days.iter().map(|day| day.complete).collect::<Vec<_>>())?
            .with("session_count", counts(|day| day.session_count))?
            .with("user_count", counts(|day| day.user_count))?
            .with("bounce_count", counts(|day| day.bounce_count))?
            .with("bounce_ratio", floats(SessionDay::bounce_ratio))?
            .with("mean_duration_seconds", floats(SessionDay::mean_duration_seconds))?
            .with("mean_depth_events", floats(SessionDay::mean_depth_events))?
            .with("revenue_minor", days.iter().map(|day| day.revenue_minor).collect::<Vec<_>>())
    }
}
