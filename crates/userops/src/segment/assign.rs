//! Who is in a segment: all users at once, and one.

use super::{FoundUsers, Segment, SegmentDefinition};
use crate::error::Result;
use crate::id::{UserDirectory, UserId};
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, Subject, Vocabulary, check_rule, judge, measure_users};
use crate::time::Timestamp;

impl SegmentDefinition {
    /// The users of a log who are in the segment: checks what the rule names, measures it, and [assigns](Self::assign).
    ///
    /// # Errors
    /// As [`check_rule`](crate::rule::check_rule) and [`SegmentDefinition::assign`].
    pub fn build(&self, log: &EventLog, as_of: Timestamp, context: &Context) -> Result<Segment> {
        self.check()?;
        let named = |error: crate::error::Error| error.at(format_args!("segment {:?}", self.name));
        check_rule(&self.when, &Vocabulary::of_log(log).answers(context)).map_err(named)?;
        let plan = Plan::new(log, [&self.when], []).map_err(named)?;
        self.assign(&measure_users(log, &plan, as_of)?, log.users(), context)
    }

    /// The users who are in the segment.
    ///
    /// `measures` come from a plan with the definition's rule.
    ///
    /// # Errors
    /// `UnknownName` where a listed user is not in the directory, or the rule names what there is not; others as
    /// [`Measures::evaluate`]. The message begins with the segment.
    pub fn assign(&self, measures: &Measures<'_>, users: &UserDirectory, context: &Context) -> Result<Segment> {
        let named = |error: crate::error::Error| error.at(format_args!("segment {:?}", self.name));
        Segment::of_ids(users, self.include.iter().chain(&self.exclude)).map_err(named)?;
        Ok(self.assign_known(measures, users, context)?.segment)
    }

    /// As [`SegmentDefinition::assign`], but listed users who are not in the directory are left out and reported.
    ///
    /// # Errors
    /// As [`SegmentDefinition::assign`], but for unknown users.
    pub fn assign_known(
        &self,
        measures: &Measures<'_>,
        users: &UserDirectory,
        context: &Context,
    ) -> Result<FoundUsers> {
        self.check()?;
        let named = |error: crate::error::Error| error.at(format_args!("segment {:?}", self.name));
        let truths = measures.evaluate(&self.when, context).map_err(named)?;
        let by_rule = Segment::from_truths(&truths, self.unknown);
        let (include, exclude) = (Segment::find_ids(users, &self.include), Segment::find_ids(users, &self.exclude));
        let unknown = include.unknown.into_iter().chain(exclude.unknown).collect();
        Ok(FoundUsers { segment: (by_rule | include.segment) - exclude.segment, unknown })
    }

    /// Whether one user is in the segment.
    ///
    /// # Errors
    /// As [`judge`]; the message begins with the segment.
    pub fn judge(&self, subject: &Subject<'_>) -> Result<bool> {
        self.check()?;
        if self.lists(&self.exclude, subject) {
            return Ok(false);
        }
        let truth = judge(&self.when, subject).map_err(|error| error.at(format_args!("segment {:?}", self.name)))?;
        Ok(self.unknown.decide(truth) || self.lists(&self.include, subject))
    }

    /// Whether the user is on a list.
    pub(super) fn lists(&self, list: &[UserId], subject: &Subject<'_>) -> bool {
        subject.events().user_id().is_some_and(|id| list.iter().any(|user| user.as_ref() == id))
    }
}
