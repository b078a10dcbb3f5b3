//! What starts a user, what is a return, and how both are counted.

use serde::{Deserialize, Serialize};

use crate::analytics::period::{CalendarPeriod, PERIODS_MAX};
use crate::error::{Result, invalid_definition};
use crate::rule::EventPattern;
use crate::time::{Span, WeekStart};

/// What puts a user into a cohort.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CohortStart {
    /// The user's first event of any name: when the user was new in the data.
    #[default]
    FirstEvent,
    /// The user's first event that matches.
    FirstMatch(EventPattern),
    /// Every event that matches: a user is in the cohort of each period that has one, and starts there with the first in it.
    Recurring(EventPattern),
    /// A date or time attribute, such as when the user was created. A date starts with the first instant of its local day,
    /// and an event at that instant is a return already. Users for whom it is unknown or later than `as_of` have no start.
    Attribute(String),
}

/// How periods after a start are counted.
///
/// Serde writes a calendar period as [`CalendarPeriod`] does (`"day"`, `{"week": {}}`, `"month"`), and a rolling one as
/// `{"rolling": "1d"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum ReturnPeriod {
    /// Local calendar periods; 0 is the one of the start.
    Calendar(CalendarPeriod),
    /// Periods of this length from the instant of the start: period n is `[start + n · length, start + (n + 1) · length)`.
    Rolling(Span),
}

/// Both kinds of periods in one list of names.
#[derive(Serialize, Deserialize)]
#[serde(rename = "ReturnPeriod", rename_all = "snake_case")]
enum Written {
    Day,
    Week {
        #[serde(default)]
        week_start: WeekStart,
    },
    Month,
    Rolling(Span),
}

impl From<Written> for ReturnPeriod {
    fn from(written: Written) -> Self {
        match written {
            Written::Day => Self::Calendar(CalendarPeriod::Day),
            Written::Week { week_start } => Self::Calendar(CalendarPeriod::Week { week_start }),
            Written::Month => Self::Calendar(CalendarPeriod::Month),
            Written::Rolling(length) => Self::Rolling(length),
        }
    }
}

impl From<ReturnPeriod> for Written {
    fn from(period: ReturnPeriod) -> Self {
        match period {
            ReturnPeriod::Calendar(CalendarPeriod::Day) => Self::Day,
            ReturnPeriod::Calendar(CalendarPeriod::Week { week_start }) => Self::Week { week_start },
            ReturnPeriod::Calendar(CalendarPeriod::Month) => Self::Month,
            ReturnPeriod::Rolling(length) => Self::Rolling(length),
        }
    }
}

impl From<CalendarPeriod> for ReturnPeriod {
    fn from(period: CalendarPeriod) -> Self {
        Self::Calendar(period)
    }
}

/// When a user counts as retained in a period, or in a bracket of periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMeasure {
    /// With a return in the period.
    #[default]
    On,
    /// With a return in the period or any later one, be it beyond the last that is asked for. Such a number can still grow
    /// when the period is over.
    OnOrAfter,
    /// With a return in the period or any earlier one, period 0 among them.
    OnOrBefore,
    /// With a return in every period from 1 to this one. Period 0, in which the start itself is, asks for none, and so does a
    /// bracket that holds it.
    Streak,
}

/// Which money counts as a cohort's revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevenueScope {
    /// The amounts of returns, which are strictly later than the start.
    Returns,
    /// These, and the amounts of events at the instant of the start that match the return: the first order counts.
    FromStart,
}

/// How retention is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionOptions {
    /// What puts a user into a cohort; the first event in the data unless said otherwise.
    #[serde(default)]
    pub start: CohortStart,
    /// Which events are returns; every event unless said otherwise.
    #[serde(default)]
    pub returns: EventPattern,
    /// How periods after the start are counted.
    pub period: ReturnPeriod,
    /// The calendar period that makes a cohort; where it is absent the calendar period of the returns, or a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CalendarPeriod>,
    /// When a user counts as retained.
    #[serde(default)]
    pub measure: ReturnMeasure,
    /// The last period that is told apart; where it is absent the last that has begun for any cohort at `as_of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_last: Option<u32>,
    /// Brackets in place of single periods: n + 1 ascending numbers of periods make n brackets, each from one number up to
    /// but not including the next. `[0, 1, 8, 31]` with days makes day 0, days 1 to 7 and days 8 to 30. Empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brackets: Vec<u32>,
    /// A text, true-or-false or integer attribute to break cohorts down by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Which money to add up; none where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revenue: Option<RevenueScope>,
}

impl RetentionOptions {
    /// Users start with their first event, and any event later is a return.
    #[must_use]
    pub fn new(period: impl Into<ReturnPeriod>) -> Self {
        Self {
            start: CohortStart::default(),
            returns: EventPattern::default(),
            period: period.into(),
            cohort: None,
            measure: ReturnMeasure::default(),
            period_last: None,
            brackets: Vec::new(),
            by: None,
            revenue: None,
        }
    }

    /// The same with another start.
    #[must_use]
    pub fn start(mut self, start: CohortStart) -> Self {
        self.start = start;
        self
    }

    /// The same with these events as returns.
    #[must_use]
    pub fn returns(mut self, returns: EventPattern) -> Self {
        self.returns = returns;
        self
    }

    /// The same with cohorts of this calendar period.
    #[must_use]
    pub fn cohort(mut self, cohort: CalendarPeriod) -> Self {
        self.cohort = Some(cohort);
        self
    }

    /// The same with another measure.
    #[must_use]
    pub fn measure(mut self, measure: ReturnMeasure) -> Self {
        self.measure = measure;
        self
    }

    /// The same up to this period.
    #[must_use]
    pub fn period_last(mut self, period_last: u32) -> Self {
        self.period_last = Some(period_last);
        self
    }

    /// The same with brackets between these numbers of periods.
    #[must_use]
    pub fn brackets(mut self, brackets: impl IntoIterator<Item = u32>) -> Self {
        self.brackets = brackets.into_iter().collect();
        self
    }

    /// The same, broken down by an attribute.
    #[must_use]
    pub fn by(mut self, attribute: impl Into<String>) -> Self {
        self.by = Some(attribute.into());
        self
    }

    /// The same with revenue.
    #[must_use]
    pub fn revenue(mut self, revenue: RevenueScope) -> Self {
        self.revenue = Some(revenue);
        self
    }

    /// The calendar period that makes a cohort.
    #[must_use]
    pub fn cohort_period(&self) -> CalendarPeriod {
        match (self.cohort, self.period) {
            (Some(cohort), _) => cohort,
            (None, ReturnPeriod::Calendar(period)) => period,
            (None, ReturnPeriod::Rolling(_)) => CalendarPeriod::Day,
        }
    }

    /// # Errors
    /// `InvalidDefinition`, naming the value, its limit and the way out.
    pub(super) fn check(&self) -> Result<()> {
        if let ReturnPeriod::Rolling(length) = self.period
            && length.as_micros() <= 0
        {
            return Err(invalid_definition(format!("a rolling period of {length}; it must last, such as \"1d\"")));
        }
        if self.period_last.is_some() && !self.brackets.is_empty() {
            let message =
                "`period_last` and `brackets` are both given; leave out one: brackets end with their last number";
            return Err(invalid_definition(message));
        }
        if let [only] = self.brackets.as_slice() {
            return Err(invalid_definition(format!("brackets [{only}] have no end; [{only}, {}] has one", only + 1)));
        }
        if let Some(pair) = self.brackets.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(invalid_definition(format!(
                "a bracket from {} up to {} holds no period; brackets are ascending numbers such as [0, 1, 8, 31]",
                pair[0], pair[1]
            )));
        }
        let last = self.brackets.last().copied().or(self.period_last).unwrap_or(0);
        if last as usize > PERIODS_MAX {
            return Err(invalid_definition(format!("period {last} is past the last one there can be, {PERIODS_MAX}")));
        }
        Ok(())
    }
}

impl<P: Into<ReturnPeriod>> From<P> for RetentionOptions {
    fn from(period: P) -> Self {
        Self::new(period)
    }
}
