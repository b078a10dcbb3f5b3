//! What a user cares for most: values of a property, weighted by how recent the events are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition};
use crate::rule::EventQuery;
use crate::time::Span;

/// How many values a preference can rank at most: each is a column of the tag table.
pub const TOP_MAX: u8 = 20;

/// The values of a text property that weigh most in a user's events.
///
/// Each event adds weight · 2^(−age / `half_life`) to the value it has: an event at `as_of` counts in full. The values
/// are ranked by weight, equals by text. The tag's value is the first; the next ones stand beside it in tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// The text property whose values are ranked.
    pub property: String,
    /// The events that count.
    #[serde(default)]
    pub over: EventQuery,
    /// After this long an event weighs half.
    pub half_life: Span,
    /// How many values to rank, 1 to [`TOP_MAX`].
    #[serde(default = "one")]
    pub top: u8,
    /// A number property that an event weighs by, or `amount` for its money in major units; without it every event
    /// weighs 1. An event without it adds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// A value needs more than nothing, and at least this weight.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_min: f64,
}

fn one() -> u8 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Preference {
    /// The one value that counts most among these events.
    pub fn new(property: impl Into<String>, over: impl Into<EventQuery>, half_life: Span) -> Self {
        Self { property: property.into(), over: over.into(), half_life, top: one(), weight: None, weight_min: 0.0 }
    }

    /// The same preference, ranking so many values.
    #[must_use]
    pub fn top(mut self, top: u8) -> Self {
        self.top = top;
        self
    }

    /// The same preference, each event weighing by this property.
    #[must_use]
    pub fn weight(mut self, property: impl Into<String>) -> Self {
        self.weight = Some(property.into());
        self
    }

    /// The same preference, for values of at least this weight.
    #[must_use]
    pub fn weight_min(mut self, weight_min: f64) -> Self {
        self.weight_min = weight_min;
        self
    }

    /// Refuses a preference that cannot be.
    pub(super) fn check(&self) -> Result<()> {
        if self.property.is_empty() {
            return Err(invalid_definition("a preference needs the property whose values it ranks"));
        }
        if self.top == 0 || self.top > TOP_MAX {
            return Err(invalid_definition(format!("a preference ranks 1 to {TOP_MAX} values, not {}", self.top)));
        }
        if self.half_life.as_micros() <= 0 {
            return Err(invalid_definition(format!("a half-life is positive, not {}", self.half_life)));
        }
        if !self.weight_min.is_finite() || self.weight_min < 0.0 {
            return Err(invalid_definition(format!(
                "the least weight is a finite number that is not negative, not {}",
                self.weight_min
            )));
        }
        self.over.window.check()
    }
}
