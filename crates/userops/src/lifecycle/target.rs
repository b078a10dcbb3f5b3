//! The target of one user: the first stage whose rule is true.

use super::definition::LifecycleDefinition;
use super::presence::Arrivals;
use super::replay::{Guards, Spell, Target, replay};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{Context, Subject, judge, next_change_at};
use crate::time::{Calendar, Timestamp};

/// A lifecycle over one log, ready to be asked about any user at any instant.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    log: &'a EventLog,
    definition: &'a LifecycleDefinition,
    calendar: &'a Calendar,
    arrivals: Arrivals<'a>,
    guards: Guards,
    context: Context,
}

impl<'a> Walker<'a> {
    /// # Errors
    /// As the checks of the definition, of its history, and of its presence.
    pub(super) fn new(log: &'a EventLog, definition: &'a LifecycleDefinition, calendar: &'a Calendar) -> Result<Self> {
        definition.check()?;
        definition.check_history()?;
        let arrivals = Arrivals::new(log, definition, calendar)?;
        Ok(Self { log, definition, calendar, arrivals, guards: Guards::new(definition), context: Context::default() })
    }

    /// The spells of a user up to `until`, which itself counts.
    pub(super) fn spells(&self, user: UserIx, until: Timestamp) -> Result<Vec<Spell>> {
        let events = self.log.events_of(user);
        replay(&self.guards, self.arrivals.of(&events), events.time_micros(), until, |at, horizon| {
            let subject = Subject::new(self.log, user, at, self.calendar, &self.context);
            target_of(self.definition, &subject, horizon)
        })
    }
}

/// The first stage whose rule is true of the subject, and the first instant up to `horizon` at which time alone changes
/// that: no later stage matters until one of the rules before it, or its own, changes.
pub(super) fn target_of(definition: &LifecycleDefinition, subject: &Subject<'_>, horizon: Timestamp) -> Result<Target> {
    let (mut stage, mut next_change) = (None, None);
    for (position, rule) in definition.rules().enumerate() {
        // A change after one that is known already does not matter.
        let until = next_change.unwrap_or(horizon);
        let change = next_change_at(rule, subject, until)?.map(|(instant, _)| instant);
        next_change = change.or(next_change);
        if judge(rule, subject)?.is_true() {
            stage = Some(position as u16);
            break;
        }
    }
    Ok(Target { stage, next_change })
}
