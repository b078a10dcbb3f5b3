//! The first instant at which a rule is true.

use super::definition::Milestone;
use super::nth::Lasting;
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{Rule, Subject, judge, next_change_at};
use crate::time::Timestamp;

/// How the first instant of a rule is found.
#[derive(Debug)]
pub(super) enum First<'a> {
    /// By counting events.
    Counted(Lasting),
    /// By asking the rule.
    Asked(&'a Rule),
}

impl<'a> First<'a> {
    pub(super) fn of(milestone: &'a Milestone, log: &EventLog) -> Self {
        Lasting::of(&milestone.when, log).map_or(Self::Asked(&milestone.when), Self::Counted)
    }

    /// The instant in microseconds, from the user's first event to the instant of the subject, both included.
    pub(super) fn instant(&self, subject: &Subject<'_>) -> Result<Option<i64>> {
        match self {
            Self::Counted(lasting) => Ok(lasting.instant(&subject.events(), subject.calendar())),
            Self::Asked(rule) => ask(rule, subject),
        }
    }
}

/// Asks at the first event, at each later one, and in between whenever time alone changes the answer.
fn ask(rule: &Rule, subject: &Subject<'_>) -> Result<Option<i64>> {
    let as_of = subject.as_of().as_micros();
    let times = subject.events().time_micros();
    let mut next = times.first().copied();
    while let Some(at) = next.filter(|at| *at <= as_of) {
        let then = subject.at(Timestamp::from_micros(at));
        if judge(rule, &then)?.is_true() {
            return Ok(Some(at));
        }
        let event = times.get(times.partition_point(|time| *time <= at)).copied();
        let horizon = Timestamp::from_micros(event.map_or(as_of, |event| event - 1));
        let by_time = next_change_at(rule, &then, horizon)?.map(|(change, _)| change.as_micros());
        next = by_time.filter(|change| *change > at).or(event);
    }
    Ok(None)
}
