//! What is a target, when users are observed, and which candidates are looked at.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument, invalid_definition};
use crate::rule::{EventPattern, Filter};
use crate::time::{MICROS_PER_DAY, Span, Timestamp};

/// Days of observation unless asked otherwise: a week holds every weekday once.
pub const OBSERVATION_DAYS: i64 = 7;
/// Days in which the target counts unless asked otherwise: about a month, after which an effect of the first days is hard
/// to tell from later ones.
pub const WITHIN_DAYS: i64 = 30;
/// Values of a property or an attribute that are candidates unless asked otherwise.
pub const VALUES_MAX: u16 = 10;
/// The most candidates of one answer: the more there are, the less any of them can stand out.
pub const FEATURES_MAX: usize = 10_000;
/// How often an event is asked for in a search of aha moments: few enough to be within reach of a new user.
pub const AHA_COUNTS: [u32; 6] = [1, 2, 3, 5, 7, 10];
/// In how many first days: the day itself, a weekend's stretch, a week.
pub const AHA_DAYS: [u16; 3] = [1, 3, 7];

/// When a user is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationStart {
    /// From the user's first event on: `[first, first + observation)`.
    #[default]
    FirstEvent,
    /// Up to this instant, the same for all: `[instant − observation, instant)`, of users who had an event before it.
    Until(Timestamp),
}

/// A kind of events under a name, as a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverEvent {
    /// What the candidate is called.
    pub name: String,
    /// The names that match, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl DriverEvent {
    /// These events under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, pattern: EventPattern) -> Self {
        Self { name: name.into(), events: pattern.events, filter: pattern.filter }
    }

    pub(super) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

/// What the candidates are ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverRank {
    /// The strength of the association: the greatest |φ| first.
    #[default]
    Phi,
    /// The greatest lift first. Rare candidates have the greatest lifts by chance.
    Lift,
    /// The least q-value first.
    QValue,
}

/// Which drivers are looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverOptions {
    /// The events that are the target.
    pub target: EventPattern,
    /// How many of them make it, at least 1.
    #[serde(default = "one")]
    pub target_count_min: u32,
    /// Whether the target is reached by who does not do them: churn.
    #[serde(default)]
    pub target_absent: bool,
    /// Whether users who did them while observed are left out: who has paid cannot become a payer.
    #[serde(default)]
    pub newcomers_only: bool,
    /// When users are observed.
    #[serde(default)]
    pub start: ObservationStart,
    /// For how long; positive.
    #[serde(default = "observation")]
    pub observation: Span,
    /// How long the target counts from the end of the observation on: `[end, end + within)`; positive.
    #[serde(default = "within")]
    pub within: Span,
    /// Kinds of events that are candidates; none for every event name of the log.
    #[serde(default)]
    pub events: Option<Vec<DriverEvent>>,
    /// How often a user did an event, at least; each number makes a candidate.
    #[serde(default = "counts")]
    pub counts: Vec<u32>,
    /// In how many days, of 24 hours, from the start of the observation (where it is up to an instant: before the instant).
    /// Each makes a candidate and is not longer than the observation; empty for the whole of it.
    #[serde(default)]
    pub days: Vec<u16>,
    /// Properties of texts, integers or booleans; a candidate is a value that any observed event has.
    #[serde(default)]
    pub properties: Vec<String>,
    /// Attributes of texts, integers or booleans. They have no history: one that is set after the observation, such as a
    /// level that payers get, knows the target beforehand.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// How many values of each property and attribute are candidates, at least 1: those of the most users.
    #[serde(default = "values_max")]
    pub values_max: u16,
    /// What the candidates are ranked by.
    #[serde(default)]
    pub rank_by: DriverRank,
}

fn one() -> u32 {
    1
}

fn observation() -> Span {
    Span::from_days(OBSERVATION_DAYS)
}

fn within() -> Span {
    Span::from_days(WITHIN_DAYS)
}

fn counts() -> Vec<u32> {
    vec![1]
}

fn values_max() -> u16 {
    VALUES_MAX
}

impl DriverOptions {
    /// Each event name of the log, done at least once in the first week, beside this target in the 30 days after.
    #[must_use]
    pub fn new(target: EventPattern) -> Self {
        Self {
            target,
            target_count_min: one(),
            target_absent: false,
            newcomers_only: false,
            start: ObservationStart::default(),
            observation: observation(),
            within: within(),
            events: None,
            counts: counts(),
            days: Vec::new(),
            properties: Vec::new(),
            attributes: Vec::new(),
            values_max: values_max(),
            rank_by: DriverRank::default(),
        }
    }

    /// The search for an aha moment: which event, done how often in how many first days, goes with the target.
    #[must_use]
    pub fn aha(target: EventPattern) -> Self {
        Self { counts: AHA_COUNTS.to_vec(), days: AHA_DAYS.to_vec(), ..Self::new(target) }
    }

    /// The same, observed from another start.
    #[must_use]
    pub fn start(mut self, start: ObservationStart) -> Self {
        self.start = start;
        self
    }

    /// The same, observed for this long.
    #[must_use]
    pub fn observation(mut self, span: Span) -> Self {
        self.observation = span;
        self
    }

    /// The same with a target that counts for this long.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        self.within = span;
        self
    }

    /// The same with these kinds of events as candidates.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = DriverEvent>) -> Self {
        self.events = Some(events.into_iter().collect());
        self
    }

    /// The same with the values of this property as candidates besides.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>) -> Self {
        self.properties.push(name.into());
        self
    }

    /// The same with the values of this attribute as candidates besides.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>) -> Self {
        self.attributes.push(name.into());
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, span) in [("observation", self.observation), ("within", self.within)] {
            if span.as_micros() <= 0 {
                return Err(invalid_argument(format!("{name} = {span} is not positive; take a span such as 7d")));
            }
        }
        let least = [("target_count_min", self.target_count_min), ("values_max", u32::from(self.values_max))];
        for (name, value) in least.into_iter().chain(self.counts.iter().map(|count| ("counts", *count))) {
            if value == 0 {
                return Err(invalid_argument(format!("{name} = 0 is less than 1")));
            }
        }
        if self.counts.is_empty() {
            return Err(invalid_argument("counts is empty; how often must an event be done? [1] for at least once"));
        }
        for days in &self.days {
            if *days == 0 || i64::from(*days) * MICROS_PER_DAY > self.observation.as_micros() {
                return Err(invalid_argument(format!(
                    "days = {days} is not between 1 and the observation of {}",
                    self.observation
                )));
            }
        }
        let events = self.events.as_deref().unwrap_or_default();
        for (index, event) in events.iter().enumerate() {
            if events[..index].iter().any(|before| before.name == event.name) {
                return Err(invalid_definition(format!("two candidates are named {:?}", event.name)));
            }
        }
        Ok(())
    }

    /// The windows within the observation, ascending, each once.
    pub(super) fn spans(&self) -> Vec<i64> {
        let mut spans: Vec<i64> = self.days.iter().map(|days| i64::from(*days) * MICROS_PER_DAY).collect();
        if spans.is_empty() {
            spans.push(self.observation.as_micros());
        }
        spans.sort_unstable();
        spans.dedup();
        spans
    }

    pub(super) fn sorted_counts(&self) -> Vec<u32> {
        let mut counts = self.counts.clone();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}
