//! Windows of time: which events count, as seen from an instant of evaluation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Calendar, Month, Span, Timestamp, WeekStart};
use crate::error::{Result, invalid_argument};

/// A stretch of instants, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl TimeRange {
    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether no instant lies inside.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Which instants count, as seen from `as_of`. No window reaches beyond `as_of`, which itself counts.
///
/// Calendar windows follow the zone of the [`Calendar`] they are asked with: "today" is one calendar day, a month is a
/// calendar month.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Window {
    /// All of history up to `as_of`.
    #[default]
    All,
    /// Elapsed time: `(as_of − span, as_of]`. 24 hours are 24 hours, whatever the clocks do.
    Rolling {
        /// How far to look back; positive.
        span: Span,
    },
    /// Whole calendar days.
    CalendarDays {
        /// How many days; at least 1.
        n: u32,
        /// Whether the day of `as_of`, up to `as_of`, is the last of them; otherwise yesterday is.
        include_today: bool,
    },
    /// Whole calendar weeks.
    CalendarWeeks {
        /// How many weeks; at least 1.
        n: u32,
        /// Whether the week of `as_of`, up to `as_of`, is the last of them; otherwise the week before is.
        include_current: bool,
        /// The day on which a week begins.
        #[serde(default)]
        week_start: WeekStart,
    },
    /// Whole calendar months.
    CalendarMonths {
        /// How many months; at least 1.
        n: u32,
        /// Whether the month of `as_of`, up to `as_of`, is the last of them; otherwise the month before is.
        include_current: bool,
    },
    /// From an instant on: `[start, as_of]`.
    Since {
        /// The first instant that counts.
        start: Timestamp,
    },
    /// Between two instants: `[start, end)`.
    Between {
        /// The first instant that counts.
        start: Timestamp,
        /// The first instant that no longer counts; not before `start`.
        end: Timestamp,
    },
}

impl Window {
    /// `(as_of − days × 24 h, as_of]`.
    #[must_use]
    pub const fn rolling_days(days: i64) -> Self {
        Self::Rolling { span: Span::from_days(days) }
    }

    /// Refuses a window that no instant can be in, or that runs backwards.
    ///
    /// # Errors
    /// `InvalidArgument` for a span or count that is not positive, and for an end before its start.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Rolling { span } if span.as_micros() <= 0 => {
                Err(invalid_argument(format!("a rolling window looks back a positive span, not {span}")))
            }
            Self::CalendarDays { n: 0, .. } | Self::CalendarWeeks { n: 0, .. } | Self::CalendarMonths { n: 0, .. } => {
                Err(invalid_argument("a calendar window has at least 1 period, not 0"))
            }
            Self::Between { start, end } if end < start => {
                Err(invalid_argument(format!("a window cannot end ({end}) before it starts ({start})")))
            }
            _ => Ok(()),
        }
    }

    /// The instants inside the window as seen from `as_of`; empty where it begins after `as_of`.
    ///
    /// # Errors
    /// As [`Window::check`].
    pub fn range(&self, as_of: Timestamp, calendar: &Calendar) -> Result<TimeRange> {
        self.check()?;
        let after = Timestamp::from_micros(as_of.as_micros().saturating_add(1));
        let today = calendar.day(as_of);
        let days_back = |n: u32, days: i64| i32::try_from(i64::from(n) * days).unwrap_or(i32::MAX);
        let from_day = |day: super::Day| calendar.day_start(day);
        let (start, end) = match *self {
            Self::All => (Timestamp::from_micros(i64::MIN), after),
            Self::Rolling { span } => {
                (Timestamp::from_micros(as_of.as_micros().saturating_sub(span.as_micros()).saturating_add(1)), after)
            }
            Self::CalendarDays { n, include_today } => {
                let last = super::Day(today.0 + i32::from(include_today));
                let first = super::Day(last.0.saturating_sub(days_back(n, 1)));
                (from_day(first), if include_today { after } else { from_day(last) })
            }
            Self::CalendarWeeks { n, include_current, week_start } => {
                let last = super::Day(today.week_start(week_start).0 + 7 * i32::from(include_current));
                let first = super::Day(last.0.saturating_sub(days_back(n, 7)));
                (from_day(first), if include_current { after } else { from_day(last) })
            }
            Self::CalendarMonths { n, include_current } => {
                let last = Month(today.month().0 + i32::from(include_current));
                let first = Month(last.0.saturating_sub(days_back(n, 1)));
                (from_day(first.first_day()), if include_current { after } else { from_day(last.first_day()) })
            }
            Self::Since { start } => (start, after),
            Self::Between { start, end } => (start, end.min(after)),
        };
        Ok(TimeRange { start, end })
    }
}
