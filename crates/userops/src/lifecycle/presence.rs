//! From when on a user is there.

use rayon::prelude::*;

use super::definition::{LifecycleDefinition, Presence};
use crate::column::Column;
use crate::error::{Result, type_mismatch};
use crate::id::UserIx;
use crate::log::{EventLog, UserEvents};
use crate::time::{Calendar, Day, Timestamp};
use crate::value::ValueType;

/// When the users of a log are there, by one lifecycle.
#[derive(Debug)]
pub(super) struct Arrivals<'a> {
    log: &'a EventLog,
    presence: &'a Presence,
    attribute: Option<&'a Column>,
    calendar: &'a Calendar,
}

/// Since when one user is there, and from when on there is a history to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Whether the user was there before `first`, since nobody knows when.
    pub(super) before: bool,
    /// The first instant at which something is known to happen: the first event, or the instant of the attribute.
    pub(super) first: Option<i64>,
}

impl Arrival {
    /// Whether the user is there at this instant.
    pub(super) fn is_there(self, as_of: Timestamp) -> bool {
        self.before || self.first.is_some_and(|first| first <= as_of.as_micros())
    }
}

impl<'a> Arrivals<'a> {
    /// # Errors
    /// `UnknownName` where the log lacks the attribute; `TypeMismatch` where it is neither a date nor a time.
    pub(super) fn new(log: &'a EventLog, definition: &'a LifecycleDefinition, calendar: &'a Calendar) -> Result<Self> {
        let presence = &definition.presence;
        let attribute = match presence {
            Presence::Attribute(name) => Some((name, log.attributes().column(name)?)),
            _ => None,
        };
        if let Some((name, column)) = attribute
            && !matches!(column, Column::Date(_) | Column::Time(_))
        {
            return Err(type_mismatch(format!(
                "the attribute {name:?} is of type {}, where {} or {} is needed to say from when on a user is there",
                column.value_type(),
                ValueType::Date,
                ValueType::Time
            )));
        }
        Ok(Self { log, presence, attribute: attribute.map(|(_, column)| column), calendar })
    }

    /// One user's arrival, from these events: what lies after an instant is for the caller not to see.
    pub(super) fn of(&self, events: &UserEvents<'_>) -> Arrival {
        let (user, first_event) = (events.user(), events.time_micros().first().copied());
        match self.presence {
            Presence::Always => Arrival { before: true, first: first_event },
            Presence::FirstEvent => Arrival { before: false, first: first_event },
            Presence::Known => Arrival { before: self.has_attribute(user), first: first_event },
            Presence::Attribute(_) => {
                let arrived = self.attribute_micros(user);
                Arrival { before: false, first: arrived.into_iter().chain(first_event).min() }
            }
        }
    }

    /// Whether a user is there at this instant, by all events of the log.
    pub(super) fn is_there(&self, user: usize, as_of: Timestamp) -> bool {
        let user = UserIx(user as u32);
        // Most are known by attributes, and instants would be waited for.
        *self.presence == Presence::Known && self.has_attribute(user)
            || self.of(&self.log.events_of(user)).is_there(as_of)
    }

    /// The arrivals of all users of the log, from all their events.
    pub(super) fn of_all(&self) -> Vec<Arrival> {
        let one = |user: usize| self.of(&self.log.events_of(UserIx(user as u32)));
        (0..self.log.user_count()).into_par_iter().with_min_len(1_024).map(one).collect()
    }

    fn has_attribute(&self, user: UserIx) -> bool {
        self.log.attributes().columns().any(|(_, column)| column.is_known(user.index()))
    }

    fn attribute_micros(&self, user: UserIx) -> Option<i64> {
        match self.attribute? {
            Column::Time(values) => values.get(user.index()),
            Column::Date(values) => values.get(user.index()).map(|day| self.calendar.day_start(Day(day)).as_micros()),
            _ => None,
        }
    }
}
