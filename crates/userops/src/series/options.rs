//! Which series are built.

use serde::{Deserialize, Serialize};

use super::band::BandOptions;
use super::split::SeriesSplit;
use crate::analytics::period::CalendarPeriod;
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::log::EventLog;
use crate::rule::{EventPattern, Filter, PATTERNS_MAX};

/// What is measured of a kind of events in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesMeasure {
    /// How many events.
    EventCount,
    /// How many users had one.
    UserCount,
    /// How many users had their first one of this kind, of all history.
    NewUserCount,
    /// The sum of their amounts, in minor units; an unknown amount adds 0.
    AmountMinor,
    /// Events per user who had one; unknown without users.
    MeanEventCount,
    /// The amount per user who had one, in minor units; unknown without users.
    MeanAmountMinor,
}

impl SeriesMeasure {
    /// Every measure, in the order of declaration.
    pub const ALL: [Self; 6] = [
        Self::EventCount,
        Self::UserCount,
        Self::NewUserCount,
        Self::AmountMinor,
        Self::MeanEventCount,
        Self::MeanAmountMinor,
    ];

    /// The stable name of the measure, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventCount => "event_count",
            Self::UserCount => "user_count",
            Self::NewUserCount => "new_user_count",
            Self::AmountMinor => "amount_minor",
            Self::MeanEventCount => "mean_event_count",
            Self::MeanAmountMinor => "mean_amount_minor",
        }
    }
}

/// A kind of events under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesEvent {
    /// What the series is called.
    pub name: String,
    /// The names that match, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl SeriesEvent {
    /// These events under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, pattern: EventPattern) -> Self {
        Self { name: name.into(), events: pattern.events, filter: pattern.filter }
    }

    pub(super) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

/// Which series are built, and how their bands are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesOptions {
    /// The calendar period.
    pub period: CalendarPeriod,
    /// Kinds of events, at most 64, each with a name of its own; empty for one per event name of the log.
    #[serde(default)]
    pub events: Vec<SeriesEvent>,
    /// What is measured; empty for everything.
    #[serde(default)]
    pub measures: Vec<SeriesMeasure>,
    /// What each series is split by.
    #[serde(default)]
    pub split: Option<SeriesSplit>,
    /// How the expected bands are made.
    #[serde(default)]
    pub band: BandOptions,
}

impl SeriesOptions {
    /// All measures of each event name, per period.
    #[must_use]
    pub fn new(period: CalendarPeriod) -> Self {
        Self { period, events: Vec::new(), measures: Vec::new(), split: None, band: BandOptions::default() }
    }

    /// The same with one kind of events more.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, pattern: EventPattern) -> Self {
        self.events.push(SeriesEvent::new(name, pattern));
        self
    }

    /// The same of these measures.
    #[must_use]
    pub fn measures(mut self, measures: impl IntoIterator<Item = SeriesMeasure>) -> Self {
        self.measures = measures.into_iter().collect();
        self
    }

    /// The same with each series split.
    #[must_use]
    pub fn split(mut self, split: SeriesSplit) -> Self {
        self.split = Some(split);
        self
    }

    /// The same with bands made in this way.
    #[must_use]
    pub fn band(mut self, band: BandOptions) -> Self {
        self.band = band;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        for (index, event) in self.events.iter().enumerate() {
            if event.name.is_empty() {
                return Err(invalid_definition(format!("series {index} (from 0) has no name")));
            }
            if self.events[..index].iter().any(|before| before.name == event.name) {
                return Err(invalid_definition(format!("two series are named {:?}", event.name)));
            }
        }
        self.split.iter().try_for_each(SeriesSplit::check)?;
        self.band.check()
    }

    /// The kinds of events, those that are not stated included.
    pub(super) fn events_of(&self, log: &EventLog) -> Result<Vec<SeriesEvent>> {
        if !self.events.is_empty() {
            return Ok(self.events.clone());
        }
        if log.names().len() > PATTERNS_MAX {
            let names = log.names().len();
            return Err(limit_exceeded(format!(
                "the log has {names} event names, where {PATTERNS_MAX} series are the limit; say in `events` which are wanted"
            )));
        }
        Ok(log.names().iter().map(|name| SeriesEvent::new(name, EventPattern::new([name]))).collect())
    }

    pub(super) fn measures_of(&self) -> &[SeriesMeasure] {
        if self.measures.is_empty() { &SeriesMeasure::ALL } else { &self.measures }
    }
}

impl From<CalendarPeriod> for SeriesOptions {
    fn from(period: CalendarPeriod) -> Self {
        Self::new(period)
    }
}
