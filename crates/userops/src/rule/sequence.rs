//! Events in order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event_query::{EventPattern, EventWindow, Filter};
use crate::error::{Result, invalid_definition};
use crate::time::Span;

/// One step of a sequence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The names that make the step, any of them; empty for every event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the event's properties must be besides.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The step comes at least this long after the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_min: Option<Span>,
    /// The step comes at most this long after the one before it, which is inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_max: Option<Span>,
    /// None of these comes between the step before and this one, in order of the log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<EventPattern>,
}

impl Step {
    /// A step by events of these names.
    pub fn new<N: Into<String>>(events: impl IntoIterator<Item = N>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The same step where the filter holds as well.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The same step, at most this long after the one before it.
    #[must_use]
    pub fn within(mut self, gap_max: Span) -> Self {
        self.gap_max = Some(gap_max);
        self
    }

    /// The same step, at least this long after the one before it.
    #[must_use]
    pub fn after(mut self, gap_min: Span) -> Self {
        self.gap_min = Some(gap_min);
        self
    }

    /// The same step, with no such event between the step before and it.
    #[must_use]
    pub fn without(mut self, pattern: EventPattern) -> Self {
        self.without.push(pattern);
        self
    }
}

/// Did the user do these things in this order? True where some events of the user, one per step and each after the one
/// before it, keep all gaps; false otherwise.
///
/// Order is that of the log: time, then arrival. One event serves one step only. With `strictly_later`, a step must also
/// have a later instant than the one before it, which makes the answer independent of arrival order among ties.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sequence {
    /// The steps; at least one. Gaps and `without` of the first have no step before them, and are refused.
    pub steps: Vec<Step>,
    /// Where all steps must lie.
    #[serde(skip_serializing_if = "EventWindow::is_all")]
    pub window: EventWindow,
    /// The last step comes at most this long after the first, which is inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Whether each step has a later instant than the one before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strictly_later: bool,
}

impl Sequence {
    /// These steps, anywhere in history.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps, ..Self::default() }
    }

    /// The same steps, inside a window.
    #[must_use]
    pub fn window(mut self, window: impl Into<EventWindow>) -> Self {
        self.window = window.into();
        self
    }

    /// Refuses a sequence that cannot be told or cannot be.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the step, counted from 1.
    pub fn check(&self) -> Result<()> {
        let Some(first) = self.steps.first() else {
            return Err(invalid_definition("a sequence has at least one step"));
        };
        if first.gap_min.is_some() || first.gap_max.is_some() || !first.without.is_empty() {
            return Err(invalid_definition(
                "step 1 of a sequence has no step before it: take its gaps and `without` away",
            ));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let gap_min = step.gap_min.unwrap_or_default();
            if gap_min < Span::default() || step.gap_max.is_some_and(|gap_max| gap_max < gap_min) {
                return Err(invalid_definition(format!(
                    "step {} of a sequence comes between {gap_min} and {} after the step before it, which no event can",
                    index + 1,
                    step.gap_max.map_or_else(|| "ever".to_owned(), |gap_max| gap_max.to_string()),
                )));
            }
        }
        if self.within.is_some_and(|within| within < Span::default()) {
            return Err(invalid_definition("a sequence cannot end before it begins: `within` is not negative"));
        }
        self.window.check()
    }
}
