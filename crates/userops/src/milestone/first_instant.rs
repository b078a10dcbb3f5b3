//! The first instant at which a rule is true.

use super::definition::Milestone;
use super::nth::{BlockInstants, Counts, Lasting, Tally};
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{Rule, Subject, judge, next_change_at};
use crate::time::Timestamp;

/// How the first instants of milestones are found.
#[derive(Debug)]
pub(super) struct Firsts<'a> {
    firsts: Vec<First<'a>>,
    counts: Counts,
}

#[derive(Debug)]
pub(super) enum First<'a> {
    /// By counting events.
    Counted(Lasting),
    /// By asking the rule.
    Asked(&'a Rule),
}

impl<'a> Firsts<'a> {
    pub(super) fn of(milestones: &'a [Milestone], log: &EventLog) -> Self {
        let mut counts = Counts::default();
        let first_of = |milestone: &'a Milestone| {
            Lasting::of(&milestone.when, log, &mut counts).map_or(First::Asked(&milestone.when), First::Counted)
        };
        Self { firsts: milestones.iter().map(first_of).collect(), counts }
    }

    /// The instant of each milestone in microseconds, from the user's first event to the instant of the subject, both
    /// included. `tally` is room to work in.
    pub(super) fn instants(
        &self,
        subject: &Subject<'_>,
        tally: &mut Tally,
    ) -> impl Iterator<Item = Result<Option<i64>>> {
        self.counts.tally(&subject.events(), subject.calendar(), tally);
        self.firsts.iter().map(|first| match first {
            First::Counted(lasting) => Ok(lasting.instant(tally)),
            First::Asked(rule) => ask(rule, subject),
        })
    }

    /// The events that are counted.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How each is found, in the order of the milestones.
    pub(super) fn iter(&self) -> impl Iterator<Item = &First<'a>> {
        self.firsts.iter()
    }
}

impl First<'_> {
    /// The instants for the users of a block whose events are counted, where counting one thing is all that is asked.
    pub(super) fn count_in_block<'t>(&self, tally: &'t Tally) -> Option<&'t BlockInstants> {
        match self {
            Self::Counted(lasting) => lasting.count_in_block(tally),
            Self::Asked(_) => None,
        }
    }

    /// The instant for this user of a block whose events are counted. `subject` is called where the rule has to be asked.
    pub(super) fn instant_in_block<'s>(
        &self,
        tally: &Tally,
        user: usize,
        subject: impl FnOnce() -> Subject<'s>,
    ) -> Result<Option<i64>> {
        match self {
            Self::Counted(lasting) => Ok(lasting.instant_in_block(tally, user)),
            Self::Asked(rule) => ask(rule, &subject()),
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
