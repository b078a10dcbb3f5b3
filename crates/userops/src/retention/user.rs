//! Retention user by user.

use super::definition::{RetentionOptions, ReturnMeasure, ReturnPeriod};
use super::frame::Frame;
use super::group::Groups;
use super::start::Starts;
use super::tally::{retained, spread};
use super::walk::{Scratch, Walk};
use crate::analytics::period_grid::PeriodGrid;
use crate::column::Column;
use crate::error::{Result, limit_exceeded};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::table::{Table, user_column};
use crate::time::Timestamp;

/// The most values of a table of users; a hundred million take as many bytes.
const VALUES_MAX: usize = 100_000_000;

/// Tells for each user with a start the cohort, the start, and in which periods the user is retained.
///
/// A row per user and start, in the order of the log's directory, then of time: `user`, `cohort`, `start`, and for each period
/// or bracket a column `period_0`, `period_1`… named by its first period. It is true where the user is retained, false where
/// not, and unknown where the period has not begun for the user at `as_of`. Counting what is true by cohort gives the counts of
/// [`measure_retention`](super::measure_retention). Revenue and breakdown play no part.
///
/// # Errors
/// As [`measure_retention`](super::measure_retention), and `LimitExceeded` for a table of more than a hundred million values.
pub fn retention_of_users(log: &EventLog, as_of: Timestamp, options: impl Into<RetentionOptions>) -> Result<Table> {
    let options = options.into();
    options.check()?;
    let calendar = log.calendar(as_of);
    let starts = Starts::new(log, &calendar, as_of, &options)?;
    let mut users = UserRows::default();
    let mut columns = Vec::new();
    if let Some(span) = starts.cohort_span() {
        let frame = Frame::new(&calendar, as_of, &options, span, Groups::one())?;
        let grid = match options.period {
            ReturnPeriod::Calendar(period) => PeriodGrid::of_log(log, &calendar, period, as_of),
            ReturnPeriod::Rolling(_) => None,
        };
        columns = frame.columns.ranges().to_vec();
        users.read(&Walk { log, as_of, options: &options, frame: &frame, starts, grid })?;
    }
    let rows = users.users.iter().map(|user| UserIx(*user));
    let mut table = Table::new(users.users.len())
        .with("user", user_column(log.users(), rows))?
        .with("cohort", Column::Date(users.cohorts.iter().map(|day| Some(*day)).collect()))?
        .with("start", Column::Time(users.starts.into()))?;
    for (column, periods) in columns.iter().enumerate() {
        let values = users.retained.iter().skip(column).step_by(columns.len()).copied();
        table.push(format!("period_{}", periods.first), Column::Bool(values.collect()))?;
    }
    Ok(table)
}

#[derive(Default)]
struct UserRows {
    users: Vec<u32>,
    cohorts: Vec<i32>,
    starts: Vec<i64>,
    /// By row, then column.
    retained: Vec<Option<bool>>,
}

impl UserRows {
    fn read(&mut self, walk: &Walk<'_>) -> Result<()> {
        let (frame, mut scratch) = (walk.frame, Scratch::default());
        let mut counts = vec![0; frame.columns.len()];
        for user in 0..walk.log.user_count() {
            let rows = walk.find_starts(user, &mut scratch);
            let starts = std::mem::take(&mut scratch.starts);
            if let Some(grid) = walk.grid.as_ref().filter(|_| !starts.is_empty()) {
                walk.collect_last_returns(rows.clone(), grid, &mut scratch);
            }
            for start in &starts {
                counts.fill(0);
                let (measure, columns) = (walk.options.measure, &frame.columns);
                let count = |column: usize| counts[column] += 1;
                match &walk.grid {
                    Some(grid) => retained(measure, columns, walk.calendar_periods(grid, start, &scratch), count),
                    None => {
                        let periods = walk.rolling_periods(start, rows.clone(), &scratch.choice);
                        retained(measure, columns, periods, count);
                    }
                }
                spread(measure, &mut counts);
                let begun = frame.begun_for(start.period, start.origin);
                self.users.push(user as u32);
                self.cohorts.push(frame.cohort.first_day(start.cohort).0);
                self.starts.push(start.origin);
                let is_known =
                    |column: usize, count: u32| column < begun || (count > 0 && measure == ReturnMeasure::On);
                let values = counts.iter().enumerate().map(|(at, count)| is_known(at, *count).then_some(*count > 0));
                self.retained.extend(values);
            }
            scratch.starts = starts;
            if self.retained.len() > VALUES_MAX {
                return Err(limit_exceeded(format!(
                    "the table of users has more than {VALUES_MAX} values; ask for fewer periods, or use brackets"
                )));
            }
        }
        Ok(())
    }
}
