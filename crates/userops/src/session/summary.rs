//! How many sessions there are, how long and how deep.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::find::Sessions;
use crate::analytics::interval::Share;
use crate::analytics::quantile::quantile;
use crate::error::Result;
use crate::table::Table;
use crate::time::MICROS_PER_SECOND;

/// The mean and some quantiles of a number that each session, or each user, has.
///
/// Quantiles are of type 7 (Hyndman & Fan 1996), exact over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The lower quartile.
    pub quartile_1: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub quartile_3: f64,
    /// What nine of ten do not exceed.
    pub percentile_90: f64,
    /// What 99 of 100 do not exceed.
    pub percentile_99: f64,
}

/// All sessions in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// How many sessions there are.
    pub session_count: u64,
    /// How many of them are open: they can still grow.
    pub open_count: u64,
    /// How many users have one.
    pub user_count: u64,
    /// How many events they have.
    pub event_count: u64,
    /// What their events were worth, in minor units.
    pub revenue_minor: i64,
    /// Of the sessions, those of one event.
    pub bounces: Share,
    /// Their lengths in seconds; a bounce lasts none. `None` without sessions, and so below.
    pub duration_seconds: Option<Spread>,
    /// Their depths in events.
    pub depth_events: Option<Spread>,
    /// Sessions of a user, over users who have one.
    pub sessions_per_user: Option<Spread>,
}

impl Sessions {
    /// The sessions in a few numbers, open ones among them. Takes O(sessions · log sessions).
    #[must_use]
    pub fn summary(&self) -> SessionSummary {
        let rows = &self.rows;
        let count = |keep: fn(&super::Session) -> bool| rows.iter().filter(|session| keep(session)).count() as u64;
        let per_user = rows.chunk_by(|a, b| a.user == b.user).map(|sessions| sessions.len() as i64).collect::<Vec<_>>();
        let revenue = rows.iter().fold(0i64, |sum, session| sum.saturating_add(session.revenue.minor()));
        let durations = rows.iter().map(|session| session.duration().as_micros()).collect();
        let depths = rows.iter().map(|session| i64::from(session.event_count)).collect();
        SessionSummary {
            session_count: rows.len() as u64,
            open_count: count(|session| session.open),
            user_count: per_user.len() as u64,
            event_count: rows.iter().map(|session| u64::from(session.event_count)).sum(),
            revenue_minor: revenue,
            bounces: Share::new(count(|session| session.event_count == 1), rows.len() as u64),
            duration_seconds: spread(durations, MICROS_PER_SECOND),
            depth_events: spread(depths, 1),
            sessions_per_user: spread(per_user, 1),
        }
    }

    /// The summary as a table of one row per measure: `measure` (`duration_seconds`, `depth_events`, `sessions_per_user`),
    /// `mean`, `quartile_1`, `median`, `quartile_3`, `percentile_90`, `percentile_99`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn summary_table(&self) -> Result<Table> {
        let summary = self.summary();
        let spreads = [summary.duration_seconds, summary.depth_events, summary.sessions_per_user];
        let floats = |value: fn(Spread) -> f64| spreads.iter().map(|spread| spread.map(value)).collect::<Vec<_>>();
        Table::new(spreads.len())
            .with("measure", vec!["duration_seconds", "depth_events", "sessions_per_user"])?
            .with("mean", floats(|spread| spread.mean))?
            .with("quartile_1", floats(|spread| spread.quartile_1))?
            .with("median", floats(|spread| spread.median))?
            .with("quartile_3", floats(|spread| spread.quartile_3))?
            .with("percentile_90", floats(|spread| spread.percentile_90))?
            .with("percentile_99", floats(|spread| spread.percentile_99))
    }
}

/// Mean and quantiles of whole numbers in any order, in units of `unit`.
fn spread(mut values: Vec<i64>, unit: i64) -> Option<Spread> {
    values.par_sort_unstable();
    let unit = unit as f64;
    let at = |part, parts| quantile(values.len(), part, parts, |index| values[index] as f64 / unit);
    // A sum of whole numbers does not depend on the order of the users.
    let total: i128 = values.iter().map(|value| i128::from(*value)).sum();
    Some(Spread {
        mean: total as f64 / values.len() as f64 / unit,
        quartile_1: at(1, 4)?,
        median: at(1, 2)?,
        quartile_3: at(3, 4)?,
        percentile_90: at(9, 10)?,
        percentile_99: at(99, 100)?,
    })
}
