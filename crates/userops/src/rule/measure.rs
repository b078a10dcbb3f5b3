//! What a rule looks at: one value per user.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::condition::Rule;
use super::event_query::EventQuery;
use super::test::Test;
use crate::value::Value;

/// The name by which filters and measures speak of an event's money, in major units of the log's currency: a filter
/// `amount >= 99.5` compares exactly with 9950 cents. A property of the same name cannot be asked for.
pub const AMOUNT: &str = "amount";

/// The unit in which an age is counted: whole units of the calendar that have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgeUnit {
    /// Whole years; who was born on 29 February grows older on 1 March of other years.
    Years,
    /// Whole calendar months, clamped at a month's end: from 31 January one month has passed on the last of February.
    Months,
    /// Calendar days.
    Days,
}

/// One value of one user as of an instant.
///
/// Over no event, counts and sums are 0 and everything else is unknown. Days are local calendar days.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// A user attribute.
    Attribute(String),
    /// Whole years, months or days since a date or time attribute, on the local day of `as_of`; negative before it.
    Age {
        /// A date or time attribute.
        attribute: String,
        /// What is counted.
        unit: AgeUnit,
    },
    /// How many events.
    Count(EventQuery),
    /// On how many local days there was an event.
    ActiveDays(EventQuery),
    /// The sum of a number or of money; events without it add nothing. 0 over no event.
    Sum {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// The least value of a number, money, time or date.
    Min {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// The greatest value of a number, money, time or date.
    Max {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// The mean of a number or of money over the events that have it.
    Mean {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// How many different known values.
    Distinct {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// The property of the latest of the events; unknown where that event lacks it, whatever earlier ones have.
    Latest {
        /// The property, or `amount`.
        property: String,
        /// The events.
        over: EventQuery,
    },
    /// The instant of the first event.
    FirstTime(EventQuery),
    /// The instant of the last event.
    LastTime(EventQuery),
    /// Local calendar days from the first event to `as_of`.
    DaysSinceFirst(EventQuery),
    /// Local calendar days from the last event to `as_of`.
    DaysSinceLast(EventQuery),
    /// Local calendar days from the user's latest return to `as_of`; unknown where the user never came back. A return is
    /// an event on a day that lies more than `silence_days` days after the day of the event before it.
    DaysSinceReturn {
        /// How long a silence ends in a return; at least 1.
        silence_days: u32,
        /// The events.
        over: EventQuery,
    },
    /// A score of the playbook by name, such as `rfm.recency`.
    Score(String),
    /// The value of a tag of the playbook.
    Tag(String),
    /// The lifecycle stage.
    Stage,
    /// The user's place among stable hash buckets.
    Bucket(Bucket),
}

/// The query of a measure that is taken over events, borrowed as the measure is.
macro_rules! over {
    ($measure:expr) => {
        match $measure {
            Self::Count(over)
            | Self::ActiveDays(over)
            | Self::FirstTime(over)
            | Self::LastTime(over)
            | Self::DaysSinceFirst(over)
            | Self::DaysSinceLast(over)
            | Self::Sum { over, .. }
            | Self::Min { over, .. }
            | Self::Max { over, .. }
            | Self::Mean { over, .. }
            | Self::Distinct { over, .. }
            | Self::Latest { over, .. }
            | Self::DaysSinceReturn { over, .. } => Some(over),
            _ => None,
        }
    };
}

impl Measure {
    /// A user attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::Attribute(name.into())
    }

    /// How many events.
    pub fn count(over: impl Into<EventQuery>) -> Self {
        Self::Count(over.into())
    }

    /// The sum of a property.
    pub fn sum(property: impl Into<String>, over: impl Into<EventQuery>) -> Self {
        Self::Sum { property: property.into(), over: over.into() }
    }

    /// Local calendar days from the last event to `as_of`.
    pub fn days_since_last(over: impl Into<EventQuery>) -> Self {
        Self::DaysSinceLast(over.into())
    }

    /// The events that the measure is taken over, where it is taken over events.
    #[must_use]
    pub fn over(&self) -> Option<&EventQuery> {
        over!(self)
    }

    pub(super) fn over_mut(&mut self) -> Option<&mut EventQuery> {
        over!(self)
    }

    /// The event property that the measure reads, where it reads one.
    #[must_use]
    pub fn property(&self) -> Option<&str> {
        match self {
            Self::Sum { property, .. }
            | Self::Min { property, .. }
            | Self::Max { property, .. }
            | Self::Mean { property, .. }
            | Self::Distinct { property, .. }
            | Self::Latest { property, .. } => Some(property),
            _ => None,
        }
    }

    /// The rule that this measure passes the test.
    #[must_use]
    pub fn is(self, test: Test) -> Rule {
        Rule::Measure { measure: self, test }
    }

    /// The rule that this measure equals the value.
    #[must_use]
    pub fn eq(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Eq(value.into()))
    }

    /// The rule that this measure is at least the value.
    #[must_use]
    pub fn at_least(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Ge(value.into()))
    }

    /// The rule that this measure is at most the value.
    #[must_use]
    pub fn at_most(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Le(value.into()))
    }

    /// The rule that this measure is below the value.
    #[must_use]
    pub fn below(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Lt(value.into()))
    }

    /// The rule that this measure is above the value.
    #[must_use]
    pub fn above(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Gt(value.into()))
    }
}
