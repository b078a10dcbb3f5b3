//! One user's events, borrowed from the log.

use std::ops::Range;

use super::EventLog;
use crate::event::Event;
use crate::id::{UserId, UserIdRef, UserIx};
use crate::money::Money;
use crate::time::Timestamp;
use crate::value::ValueRef;

/// One user's events in order of time, borrowed; positions count from 0 within the user.
#[derive(Debug, Clone, Copy)]
pub struct UserEvents<'a> {
    log: &'a EventLog,
    user: UserIx,
    start: usize,
    end: usize,
}

impl<'a> UserEvents<'a> {
    pub(crate) fn new(log: &'a EventLog, user: UserIx) -> Self {
        let rows = log.rows(user);
        Self { log, user, start: rows.start, end: rows.end }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserIx {
        self.user
    }

    /// The user's external id, or `None` where the user is not of this log.
    #[must_use]
    pub fn user_id(&self) -> Option<UserIdRef<'a>> {
        self.log.users().id(self.user)
    }

    /// The log that the events are of.
    #[must_use]
    pub fn log(&self) -> &'a EventLog {
        self.log
    }

    /// The rows of the log.
    #[must_use]
    pub fn rows(&self) -> Range<usize> {
        self.start..self.end
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The events that have happened at `as_of`, which itself counts: later ones do not exist yet.
    #[must_use]
    pub fn until(&self, as_of: Timestamp) -> Self {
        // Most often nothing is later in the whole log. To look at the last event of each user would wait for memory.
        if self.log.last_micros() <= as_of.as_micros() {
            return *self;
        }
        let visible = self.time_micros().partition_point(|time| *time <= as_of.as_micros());
        Self { end: self.start + visible, ..*self }
    }

    /// The events at this instant in microseconds and later.
    pub(crate) fn since(&self, micros: i64) -> Self {
        let earlier = self.time_micros().partition_point(|time| *time < micros);
        Self { start: self.start + earlier, ..*self }
    }

    /// The instants in microseconds UTC, ascending.
    #[must_use]
    pub fn time_micros(&self) -> &'a [i64] {
        &self.log.time_micros()[self.start..self.end]
    }

    /// The codes of the names.
    #[must_use]
    pub fn name_codes(&self) -> &'a [u16] {
        &self.log.name_codes()[self.start..self.end]
    }

    /// The instant of an event.
    #[must_use]
    pub fn time(&self, index: usize) -> Option<Timestamp> {
        self.time_micros().get(index).copied().map(Timestamp::from_micros)
    }

    /// The name of an event.
    #[must_use]
    pub fn name(&self, index: usize) -> Option<&'a str> {
        self.name_codes().get(index).and_then(|code| self.log.names().get(u32::from(*code)))
    }

    /// The amount of an event, where it has one.
    #[must_use]
    pub fn amount(&self, index: usize) -> Option<Money> {
        self.row(index).and_then(|row| self.log.amount_minor().get(row)).map(Money::from_minor)
    }

    /// A property of an event, where it is known.
    #[must_use]
    pub fn property(&self, index: usize, name: &str) -> Option<ValueRef<'a>> {
        self.row(index).and_then(|row| self.log.property(name).ok()?.get(row))
    }

    /// An event by itself, copied out of the columns.
    #[must_use]
    pub fn event(&self, index: usize) -> Option<Event> {
        let row = self.row(index)?;
        Some(Event {
            user: self.user_id().map_or(UserId::Integer(0), UserIdRef::to_owned),
            time: self.time(index)?,
            name: self.name(index)?.to_owned(),
            amount: self.amount(index),
            id: self.log.event_id(row).map(str::to_owned),
            properties: self
                .log
                .properties()
                .filter_map(|(name, column)| Some((name.to_owned(), column.get(row)?.to_owned())))
                .collect(),
        })
    }

    /// All events, copied out one by one.
    pub fn iter(&self) -> impl Iterator<Item = Event> + use<'a> {
        let this = *self;
        (0..self.len()).filter_map(move |index| this.event(index))
    }

    fn row(&self, index: usize) -> Option<usize> {
        (index < self.len()).then_some(self.start + index)
    }
}
