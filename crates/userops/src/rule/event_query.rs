//! Which events a measure is taken over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::test::Test;
use crate::error::{Result, invalid_definition};
use crate::time::{Span, Window};

/// A condition on one event, by its properties. [`AMOUNT`](super::AMOUNT) names its money, in major units.
///
/// Kleene logic holds inside; an event for which the filter is unknown does not match.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    /// All of these hold; true where there are none.
    All(Vec<Filter>),
    /// At least one of these holds; false where there are none.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// The property passes the test.
    Property {
        /// The property's name.
        name: String,
        /// What its value is judged by.
        test: Test,
    },
}

impl Filter {
    /// The property passes the test.
    pub fn property(name: impl Into<String>, test: Test) -> Self {
        Self::Property { name: name.into(), test }
    }
}

/// A kind of event: its names, and what its properties must be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventPattern {
    /// The names that match, any of them; empty for every event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl EventPattern {
    /// Events of these names; every event where there are none.
    pub fn new<N: Into<String>>(events: impl IntoIterator<Item = N>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), filter: None }
    }

    /// The same events where the filter holds as well.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }
}

impl From<&str> for EventPattern {
    fn from(event: &str) -> Self {
        Self::new([event])
    }
}

/// Which instants count: a window as seen from `as_of`, or one that an attribute of the user pins down.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventWindow {
    /// See [`Window`].
    Window(Window),
    /// `[attribute + from, attribute + until)`, and never beyond `as_of`. A date stands for its first local instant.
    /// Where the attribute is unknown, so is every measure over the window.
    Attribute {
        /// A time or date attribute.
        attribute: String,
        /// Where the window begins, from the attribute on; negative for before it.
        from: Span,
        /// Where it ends; after `from`.
        until: Span,
    },
}

impl Default for EventWindow {
    fn default() -> Self {
        Self::Window(Window::All)
    }
}

impl From<Window> for EventWindow {
    fn from(window: Window) -> Self {
        Self::Window(window)
    }
}

impl EventWindow {
    /// Whether this is all of history.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses a window that no instant can be in.
    ///
    /// # Errors
    /// `InvalidDefinition` or `InvalidArgument`, saying what is wrong.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Window(window) => window.check(),
            Self::Attribute { attribute, from, until } if until <= from => Err(invalid_definition(format!(
                "a window around {attribute:?} cannot end ({until}) before it starts ({from})"
            ))),
            Self::Attribute { .. } => Ok(()),
        }
    }
}

/// Whom a window can be judged for: "has not ordered for 30 days" means little of a user who came yesterday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Every user.
    #[default]
    Any,
    /// Users whose first event is at or before the start of the window; to others the measure is unknown.
    Window,
}

/// The events of one user that a measure is taken over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventQuery {
    /// The names that match, any of them; empty for every event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Which instants count.
    #[serde(skip_serializing_if = "EventWindow::is_all")]
    pub window: EventWindow,
    /// Whom it can be judged for.
    #[serde(skip_serializing_if = "is_any")]
    pub observed: Observed,
}

fn is_any(observed: &Observed) -> bool {
    *observed == Observed::Any
}

impl EventQuery {
    /// Events of these names in all of history; every event where there are none.
    pub fn new<N: Into<String>>(events: impl IntoIterator<Item = N>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The same events where the filter holds as well.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The same events, of a window.
    #[must_use]
    pub fn window(mut self, window: impl Into<EventWindow>) -> Self {
        self.window = window.into();
        self
    }

    /// The same events of the last days, each of 24 hours.
    #[must_use]
    pub fn last_days(self, days: i64) -> Self {
        self.window(Window::rolling_days(days))
    }

    /// The same events, unknown to users who were not there for the whole window.
    #[must_use]
    pub fn observed(mut self, observed: Observed) -> Self {
        self.observed = observed;
        self
    }
}

impl From<&str> for EventQuery {
    fn from(event: &str) -> Self {
        Self::new([event])
    }
}
