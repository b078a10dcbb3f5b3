//! Calendar periods in a row: days, weeks or months of the local calendar, each with a number.

use serde::{Deserialize, Serialize};

use crate::error::{Result, limit_exceeded};
use crate::time::{Calendar, Day, Month, Timestamp, WeekStart};

/// The most periods that one answer has: 270 years of days. More come from a wrong instant in the data.
pub const PERIODS_MAX: usize = 100_000;
/// Days in a week.
const WEEK_DAYS: i32 = 7;

/// The length of a calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarPeriod {
    /// Calendar days.
    Day,
    /// Calendar weeks.
    Week {
        /// The day on which a week begins.
        #[serde(default)]
        week_start: WeekStart,
    },
    /// Calendar months.
    Month,
}

impl CalendarPeriod {
    /// The number of the period that a day is in. The period after it has the next number.
    #[must_use]
    pub fn number(self, day: Day) -> i32 {
        match self {
            Self::Day => day.0,
            Self::Week { week_start } => day.week_start(week_start).0.div_euclid(WEEK_DAYS),
            Self::Month => day.month().0,
        }
    }

    /// The first day of the period with this number.
    #[must_use]
    pub fn first_day(self, number: i32) -> Day {
        match self {
            Self::Day => Day(number),
            Self::Week { week_start } => {
                // All first days of weeks leave the same remainder.
                let remainder = Day(0).week_start(week_start).0.rem_euclid(WEEK_DAYS);
                Day(number.saturating_mul(WEEK_DAYS).saturating_add(remainder))
            }
            Self::Month => Month(number).first_day(),
        }
    }

    /// The last instant of the period with this number.
    #[must_use]
    pub fn last_instant(self, number: i32, calendar: &Calendar) -> Timestamp {
        let next = calendar.day_start(self.first_day(number.saturating_add(1)));
        Timestamp::from_micros(next.as_micros().saturating_sub(1))
    }
}

/// The last instants of all periods that end between two instants, both included; ascending. None where there is no
/// such period.
///
/// # Errors
/// `LimitExceeded` for more than [`PERIODS_MAX`] periods.
pub fn period_ends(
    period: CalendarPeriod,
    first: Timestamp,
    last: Timestamp,
    calendar: &Calendar,
) -> Result<Vec<Timestamp>> {
    let (from, until) = (period.number(calendar.day(first)), period.number(calendar.day(last)));
    check_period_count(from, until)?;
    let ends = (from..=until).map(|number| period.last_instant(number, calendar));
    Ok(ends.filter(|end| first <= *end && *end <= last).collect())
}

/// Refuses more periods than one answer can have.
pub(crate) fn check_period_count(first: i32, last: i32) -> Result<()> {
    let count = i64::from(last) - i64::from(first) + 1;
    if count > PERIODS_MAX as i64 {
        return Err(limit_exceeded(format!(
            "{count} periods are more than the limit {PERIODS_MAX}; take longer periods, or leave out events with wrong \
             instants"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Weekday;

    fn periods() -> impl Strategy<Value = CalendarPeriod> {
        let week =
            prop::sample::select(Weekday::ALL.to_vec()).prop_map(|week_start| CalendarPeriod::Week { week_start });
        prop_oneof![Just(CalendarPeriod::Day), week, Just(CalendarPeriod::Month)]
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_without_a_gap(period in periods(), day in -800_000i32..2_900_000) {
            let number = period.number(Day(day));
            let (first, next) = (period.first_day(number), period.first_day(number + 1));
            prop_assert!(first.0 <= day && day < next.0);
            prop_assert_eq!(period.number(first), number);
            prop_assert_eq!(period.number(Day(next.0 - 1)), number);
            prop_assert_eq!(period.number(next), number + 1);
        }
    }

    #[test]
    fn months_end_on_the_local_clock() {
        let zone = "America/New_York".parse().unwrap();
        let (first, last) = ("2025-01-31T12:00:00Z".parse().unwrap(), "2025-04-01T03:59:59.999999Z".parse().unwrap());
        let calendar = Calendar::new(zone, first, last);
        let ends = period_ends(CalendarPeriod::Month, first, last, &calendar).unwrap();
        let texts: Vec<String> = ends.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["2025-02-01T04:59:59.999999Z", "2025-03-01T04:59:59.999999Z", "2025-04-01T03:59:59.999999Z"]
        );
        assert!(period_ends(CalendarPeriod::Month, last, first, &calendar).unwrap().is_empty());
    }
}
