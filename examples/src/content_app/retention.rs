//! Weekly retention: of those who began in a week, who came back in the weeks after.

use std::fmt::Write as _;

use userops::error::Result;
use userops::log::EventLog;
use userops::retention::{CohortStart, CurvePoint, Retention, RetentionOptions, measure_retention};
use userops::time::Timestamp;

use super::{NamedTable, SIGNUP, WEEK, WEEKS_SHOWN, knows_signup, tail};
use crate::layout::{TextTable, count, heading, percent, starred};

/// The last week after the start that is told apart.
const WEEK_LAST: u32 = 6;

/// The answers about retention.
#[derive(Debug)]
pub struct RetentionPart {
    /// Cohorts of the weeks that the log has from their first day on.
    pub weekly: Retention,
    /// Whether a user begins by joining, rather than by the first event in the log.
    pub by_signup: bool,
}

impl RetentionPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let by_signup = knows_signup(log);
        let start = if by_signup { CohortStart::Attribute(SIGNUP.to_owned()) } else { CohortStart::FirstEvent };
        let options = RetentionOptions::new(WEEK).start(start).period_last(WEEK_LAST);
        let mut weekly = measure_retention(log, as_of, options)?;
        if by_signup && let Some((first, _)) = log.time_span() {
            // Who joined before the log begins came back unseen.
            let first_day = log.calendar(as_of).day(first);
            weekly.cohorts.retain(|cohort| cohort.first_day >= first_day);
        }
        Ok(Self { weekly, by_signup })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![("retention", self.weekly.to_table()?), ("retention_curve", self.weekly.curve_table()?)])
    }

    pub(super) fn render(&self) -> String {
        if self.weekly.cohorts.is_empty() {
            return String::new();
        }
        let curve = self.weekly.curve();
        let mut text = heading("Retention by week");
        let known = |point: &&CurvePoint| point.pooled.ratio.is_some();
        text += &match (curve.get(1).filter(known), curve.iter().rfind(known)) {
            (Some(first), Some(last)) => format!(
                "  Of those who began, {} were back in week 1 and {} in week {} (all users of complete cells).\n",
                percent(first.pooled.ratio),
                percent(last.pooled.ratio),
                last.periods.first,
            ),
            _ => "  No week 1 is over yet for all users of a week.\n".to_owned(),
        };
        text += if self.by_signup {
            "  A user begins by joining; week 0 is the rest of that week.\n"
        } else {
            "  A user begins with the first event in the log: the first cohorts hold those who were there before it.\n"
        };
        let mut headings = vec!["began in the week of".to_owned(), "users".to_owned()];
        headings.extend((0..=WEEK_LAST).map(|week| format!("week {week} ")));
        let mut table = TextTable::new(&headings.iter().map(String::as_str).collect::<Vec<_>>());
        for cohort in tail(&self.weekly.cohorts, WEEKS_SHOWN) {
            let mut row = vec![cohort.first_day.to_string(), count(cohort.size_count)];
            row.extend(cohort.cells.iter().enumerate().map(|(column, cell)| {
                starred(&percent(cohort.share(column).and_then(|share| share.ratio)), cell.complete)
            }));
            table.row(row);
        }
        let mut average = |name: &str, ratio: fn(&CurvePoint) -> Option<f64>| {
            let cells = curve.iter().map_while(ratio).map(|ratio| starred(&percent(ratio), true));
            table.row([name.to_owned(), String::new()].into_iter().chain(cells));
        };
        average("all users alike (pooled)", |point| point.pooled.ratio);
        average("all cohorts alike (simple)", |point| point.simple_ratio);
        text += &table.render();
        let cohorts = count(self.weekly.cohorts.len() as u64);
        let _ = writeln!(text, "  The averages are of the complete cells of all {cohorts} cohorts.");
        text
    }
}
