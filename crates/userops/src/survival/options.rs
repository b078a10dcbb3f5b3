//! Which columns say what, and how is computed.

use serde::{Deserialize, Serialize};

/// The most groups; a column with more values is an id.
pub const GROUPS_MAX: usize = 100;
/// The most covariates: every row costs their square.
pub const COVARIATES_MAX: usize = 100;

/// How the interval of a share is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurvivalInterval {
    /// Symmetric on the scale of log(−log), so that it stays between 0 and 1.
    #[default]
    LogLog,
    /// Symmetric on the scale of the share, cut off at 0 and 1.
    Plain,
}

fn duration_column() -> String {
    "duration".to_owned()
}

fn event_column() -> String {
    "event".to_owned()
}

/// What a survival curve is estimated of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivalOptions {
    /// The column of durations: numbers from 0 on, in one unit.
    #[serde(default = "duration_column")]
    pub duration: String,
    /// The column that says whether the event ended the life: booleans, or 1 and 0.
    #[serde(default = "event_column")]
    pub event: String,
    /// The column whose values are groups; all rows are one group where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How intervals of the curve are made.
    #[serde(default)]
    pub interval: SurvivalInterval,
    /// Until when restricted means go; by default as far as the curves of all groups are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted_until: Option<f64>,
}

impl Default for SurvivalOptions {
    fn default() -> Self {
        Self::new(duration_column(), event_column())
    }
}

impl SurvivalOptions {
    /// All rows as one group.
    pub fn new(duration: impl Into<String>, event: impl Into<String>) -> Self {
        Self {
            duration: duration.into(),
            event: event.into(),
            group: None,
            interval: SurvivalInterval::default(),
            restricted_until: None,
        }
    }

    /// The same by the values of a column.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// The same with intervals of this kind.
    #[must_use]
    pub fn interval(mut self, interval: SurvivalInterval) -> Self {
        self.interval = interval;
        self
    }

    /// The same with restricted means until a time.
    #[must_use]
    pub fn restricted_until(mut self, until: f64) -> Self {
        self.restricted_until = Some(until);
        self
    }
}

/// Which groups are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRankOptions {
    /// The column of durations: numbers from 0 on, in one unit.
    #[serde(default = "duration_column")]
    pub duration: String,
    /// The column that says whether the event ended the life: booleans, or 1 and 0.
    #[serde(default = "event_column")]
    pub event: String,
    /// The column whose values are groups.
    pub group: String,
}

impl LogRankOptions {
    /// The groups that a column tells apart.
    pub fn new(duration: impl Into<String>, event: impl Into<String>, group: impl Into<String>) -> Self {
        Self { duration: duration.into(), event: event.into(), group: group.into() }
    }
}

/// What the risk is explained by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoxOptions {
    /// The column of durations: numbers from 0 on, in one unit.
    #[serde(default = "duration_column")]
    pub duration: String,
    /// The column that says whether the event ended the life: booleans, or 1 and 0.
    #[serde(default = "event_column")]
    pub event: String,
    /// The columns of covariates: numbers, or booleans as 1 and 0. Every other column where none is named.
    #[serde(default)]
    pub covariates: Vec<String>,
}

impl Default for CoxOptions {
    fn default() -> Self {
        Self::new(duration_column(), event_column())
    }
}

impl CoxOptions {
    /// Every other column as a covariate.
    pub fn new(duration: impl Into<String>, event: impl Into<String>) -> Self {
        Self { duration: duration.into(), event: event.into(), covariates: Vec::new() }
    }

    /// The same with these covariates.
    #[must_use]
    pub fn covariates<N: Into<String>>(mut self, covariates: impl IntoIterator<Item = N>) -> Self {
        self.covariates = covariates.into_iter().map(Into::into).collect();
        self
    }
}
