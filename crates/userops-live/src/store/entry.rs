//! One thing that the host tells a live engine, in the order in which it was told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use userops::event::Event;
use userops::id::UserId;
use userops::tag::ManualTag;
use userops::time::Timestamp;
use userops::value::Value;

/// One thing that the host tells a live engine.
///
/// Serde's form is for hosts and logs of hosts; as everywhere, an instant or date among values comes back from JSON as
/// a text. What a store keeps has a form of its own, which keeps every type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Something that a user did. With an id of its own it is taken in once, however often it is sent.
    Event(Event),
    /// Time has come as far as this instant, although nothing has happened.
    Advance(Timestamp),
    /// What is known of a user; of attributes that are not named, nothing changes.
    Attributes {
        /// Of whom.
        user: UserId,
        /// The attributes that are set, by their names.
        attributes: BTreeMap<String, Value>,
    },
    /// A tag put on or taken off by a person.
    ManualTag(ManualTag),
}

impl Entry {
    /// The id by which a second copy is known: that of an event, where it has one that is not empty.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Event(event) => event.id.as_deref().filter(|id| !id.is_empty()),
            _ => None,
        }
    }
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<ManualTag> for Entry {
    fn from(tag: ManualTag) -> Self {
        Self::ManualTag(tag)
    }
}
