//! What ends a session and what begins one.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition};
use crate::rule::EventPattern;
use crate::time::{MICROS_PER_HOUR, Span};

/// The silence that ends a session unless said otherwise, in minutes: what web analytics have agreed on since the 1990s.
pub const GAP_MINUTES: i64 = 30;

/// How events are cut into sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionOptions {
    /// The events that sessions are made of; every event unless said otherwise. Others are passed over.
    pub events: EventPattern,
    /// An event strictly more than this after the one before begins a session.
    pub gap: Span,
    /// An event strictly more than this after the start of its session begins another; absent for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_max: Option<Span>,
    /// Whether an event on another local day than the one before begins a session.
    pub split_at_midnight: bool,
    /// Events that begin a session wherever they stand, such as the opening of an app; absent for none. They must be among
    /// `events` to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<EventPattern>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            events: EventPattern::default(),
            gap: Span::from_micros(GAP_MINUTES * MICROS_PER_HOUR / 60),
            length_max: None,
            split_at_midnight: false,
            starts: None,
        }
    }
}

impl SessionOptions {
    /// Sessions that end with this silence.
    #[must_use]
    pub fn with_gap(gap: Span) -> Self {
        Self { gap, ..Self::default() }
    }

    /// The same, made of these events.
    #[must_use]
    pub fn events(mut self, events: EventPattern) -> Self {
        self.events = events;
        self
    }

    /// The same, none longer than this.
    #[must_use]
    pub fn length_max(mut self, length_max: Span) -> Self {
        self.length_max = Some(length_max);
        self
    }

    /// The same, cut where the local day changes or not.
    #[must_use]
    pub fn split_at_midnight(mut self, split_at_midnight: bool) -> Self {
        self.split_at_midnight = split_at_midnight;
        self
    }

    /// The same, begun anew by these events.
    #[must_use]
    pub fn starts(mut self, starts: EventPattern) -> Self {
        self.starts = Some(starts);
        self
    }

    /// # Errors
    /// `InvalidDefinition` for spans that are no lengths.
    pub(super) fn check(&self) -> Result<()> {
        for (name, span) in [("gap", Some(self.gap)), ("length_max", self.length_max)] {
            if let Some(span) = span.filter(|span| span.as_micros() < 0) {
                return Err(invalid_definition(format!(
                    "`{name}` is {span}; a length is not negative, such as \"30m\""
                )));
            }
        }
        Ok(())
    }
}
