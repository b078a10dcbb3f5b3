//! What counts as leaving, what is looked at, and how the model is fitted.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument};
use crate::rule::EventPattern;

/// A month: the time in which a word to somebody who is drifting away can still be planned, sent and answered.
pub const HORIZON_DAYS: u32 = 30;
/// A quarter, as churn standards have it: in this time whoever comes back at all is expected back.
pub const SILENCE_DAYS_MAX: u32 = 90;
/// On columns of deviation 1 as much as one user's word against each coefficient: nothing in a population, enough where
/// the data say nothing.
pub const RIDGE: f64 = 1.0;
/// The most days of any window: ten years.
pub const WARNING_DAYS_MAX: u32 = 3_650;
/// The most instants to learn from.
pub const TRAINING_CUTS_MAX: u32 = 100;

/// What is warned of, and how the model learns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarningOptions {
    /// The events that count as being active; every event unless said otherwise. A user without any within the horizon
    /// is lost.
    pub activity: EventPattern,
    /// The events whose names tell how many things a user does; every event unless said otherwise.
    pub behaviour: EventPattern,
    /// A text property by whose values things are told apart, such as a category; without it, by the events' names.
    pub behaviour_property: Option<String>,
    /// The events that are complaints; without them complaints are not looked at.
    pub complaints: Option<EventPattern>,
    /// How far ahead is looked, in days of 24 hours: who is not active within (as_of, as_of + horizon] is lost.
    pub horizon_days: u32,
    /// How many local days the recent window has, today's included, and the one before it; as the horizon unless said
    /// otherwise.
    pub recent_days: Option<u32>,
    /// Who was silent for more local days is lost already, and neither learnt from nor scored. See
    /// [`set_churn_standard`](crate::churn::set_churn_standard), which tells it from the data.
    pub silence_days_max: u32,
    /// How many instants are learnt from, a horizon apart.
    pub training_cut_count: u32,
    /// Half of it times the square of each coefficient (of columns of deviation 1) is taken off the log-likelihood; 0
    /// for none.
    pub ridge: f64,
}

impl Default for WarningOptions {
    fn default() -> Self {
        Self {
            activity: EventPattern::default(),
            behaviour: EventPattern::default(),
            behaviour_property: None,
            complaints: None,
            horizon_days: HORIZON_DAYS,
            recent_days: None,
            silence_days_max: SILENCE_DAYS_MAX,
            training_cut_count: 1,
            ridge: RIDGE,
        }
    }
}

impl From<EventPattern> for WarningOptions {
    fn from(activity: EventPattern) -> Self {
        Self::new(activity)
    }
}

impl From<&Self> for WarningOptions {
    fn from(options: &Self) -> Self {
        options.clone()
    }
}

impl WarningOptions {
    /// These events count as being active.
    #[must_use]
    pub fn new(activity: impl Into<EventPattern>) -> Self {
        Self { activity: activity.into(), ..Self::default() }
    }

    /// The same with another horizon.
    #[must_use]
    pub fn horizon_days(mut self, days: u32) -> Self {
        self.horizon_days = days;
        self
    }

    /// The same with a recent window of so many days.
    #[must_use]
    pub fn recent_days(mut self, days: u32) -> Self {
        self.recent_days = Some(days);
        self
    }

    /// The same where who was silent for longer is lost already.
    #[must_use]
    pub fn silence_days_max(mut self, days: u32) -> Self {
        self.silence_days_max = days;
        self
    }

    /// The same with these events as complaints.
    #[must_use]
    pub fn complaints(mut self, complaints: impl Into<EventPattern>) -> Self {
        self.complaints = Some(complaints.into());
        self
    }

    /// The same with so many instants to learn from.
    #[must_use]
    pub fn training_cut_count(mut self, count: u32) -> Self {
        self.training_cut_count = count;
        self
    }

    /// The same with another ridge.
    #[must_use]
    pub fn ridge(mut self, ridge: f64) -> Self {
        self.ridge = ridge;
        self
    }

    /// How many days the recent window has.
    #[must_use]
    pub fn recent_window_days(&self) -> u32 {
        self.recent_days.unwrap_or(self.horizon_days)
    }

    /// Refuses windows that are none, and a ridge that is none.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the option and its bounds.
    pub fn check(&self) -> Result<()> {
        check_whole("horizon_days", self.horizon_days, WARNING_DAYS_MAX)?;
        check_whole("recent_days", self.recent_window_days(), WARNING_DAYS_MAX)?;
        check_whole("silence_days_max", self.silence_days_max, WARNING_DAYS_MAX)?;
        check_whole("training_cut_count", self.training_cut_count, TRAINING_CUTS_MAX)?;
        check_ridge(self.ridge)
    }
}

/// Refuses a number that is not from 1 to `most`.
pub(super) fn check_whole(name: &str, value: u32, most: u32) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(invalid_argument(format!("{name} is {value}; it is from 1 to {most}")))
}

pub(super) fn check_ridge(ridge: f64) -> Result<()> {
    if ridge.is_finite() && ridge >= 0.0 {
        return Ok(());
    }
    Err(invalid_argument(format!("ridge is {ridge}; it is a number from 0 on, where 0 is none")))
}
