//! One user at one instant: what a rule is asked about.

use super::context::Context;
use crate::id::UserIx;
use crate::log::{EventLog, UserEvents};
use crate::time::{Calendar, Timestamp};

/// One user as of an instant, with everything that a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The user's events until the instant that the subject was made for.
    events: UserEvents<'a>,
    as_of: Timestamp,
    calendar: &'a Calendar,
    context: &'a Context,
}

impl<'a> Subject<'a> {
    /// The user at `as_of`: later events do not exist yet. A user who is not of this log has no events, and nothing is
    /// known of them.
    ///
    /// `calendar` is [`EventLog::calendar`] or another of the log's zone; `context` has a row per user of the log.
    #[must_use]
    pub fn new(
        log: &'a EventLog,
        user: UserIx,
        as_of: Timestamp,
        calendar: &'a Calendar,
        context: &'a Context,
    ) -> Self {
        Self { events: log.events_of(user).until(as_of), as_of, calendar, context }
    }

    /// The same user at another instant. Later, it is as if nothing had happened since the instant that the subject was
    /// made for: its later events stay hidden. Earlier, events after the instant are hidden too.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> Self {
        Self { events: self.events.until(instant), as_of: instant, ..*self }
    }

    /// The user's events that can be seen.
    #[must_use]
    pub fn events(&self) -> UserEvents<'a> {
        self.events
    }

    /// The log that the user is of.
    #[must_use]
    pub fn log(&self) -> &'a EventLog {
        self.events.log()
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserIx {
        self.events.user()
    }

    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The calendar by which days are told.
    #[must_use]
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    /// The answers of other definitions.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }
}
