//! Why one user is where they are.

use super::definition::Playbook;
use super::evaluate::EvaluateOptions;
use super::outcome::Outcome;
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::lifecycle::explain_stage;
use crate::log::EventLog;
use crate::milestone::explain_milestones;
use crate::rule::Subject;
use crate::score::Explanation;
use crate::tag::ManualTags;
use crate::time::Timestamp;

impl Playbook {
    /// Everything that the outcome says of one user, with why: the stage, each tag, each segment, each score, and the
    /// milestones, in parts of these names. [`Explanation::render`] makes it text for people.
    ///
    /// # Errors
    /// `InvalidArgument` where the outcome is of another playbook or log, or there is no such user; the errors of the
    /// definitions.
    pub fn explain(
        &self,
        log: &EventLog,
        outcome: &Outcome,
        user: UserIx,
        options: &EvaluateOptions,
    ) -> Result<Explanation> {
        if outcome.fingerprint != self.fingerprint()? || outcome.user_count() != log.user_count() {
            return Err(invalid_argument(format!(
                "the outcome is not of the playbook {:?} over this log; evaluate it first",
                self.name
            )));
        }
        let id = log.users().id(user).ok_or_else(|| {
            invalid_argument(format!("there is no user {} among the log's {}", user.0, log.user_count()))
        })?;
        let calendar = log.calendar(outcome.as_of);
        let subject = Subject::new(log, user, outcome.as_of, &calendar, &outcome.context);
        let mut root = Explanation::new("user")
            .value(id.to_string())
            .text(format!("by the playbook {:?} as of {}", self.name, outcome.as_of));
        if let Some(stages) = &outcome.stages {
            root = root.part(explain_stage(&stages.definition, &subject)?);
        }
        let manual = ManualTags::new(&self.tags, log.users(), &options.manual_tags)?;
        let tags = self.tags.iter().map(|tag| tag.explain(&subject, &manual));
        root = root.part(Explanation::new("tags").parts(tags.collect::<Result<Vec<_>>>()?));
        let segments = self.segments.iter().map(|segment| segment.explain(&subject));
        root = root.part(Explanation::new("segments").parts(segments.collect::<Result<Vec<_>>>()?));
        let scores = self.scores.iter().zip(&outcome.scores);
        let scores = scores.map(|(definition, (_, score))| definition.explain(&score.model, &subject));
        root = root.part(Explanation::new("scores").parts(scores.collect::<Result<Vec<_>>>()?));
        if !self.milestones.is_empty() {
            root = root.part(explain_milestones(&self.milestones, &subject)?);
        }
        root.parts.retain(|part| !part.parts.is_empty() || part.value.is_some() || part.text.is_some());
        Ok(root)
    }

    /// Why one user moved between two outcomes: what is different, with the explanation before and after. The second
    /// playbook may be this one at another instant, or another one: a what-if.
    ///
    /// # Errors
    /// As [`Playbook::explain`].
    pub fn explain_move(
        &self,
        log: &EventLog,
        before: &Outcome,
        (other, after): (&Self, &Outcome),
        user: UserIx,
        options: &EvaluateOptions,
    ) -> Result<Explanation> {
        let earlier = self.explain(log, before, user, options)?;
        let later = other.explain(log, after, user, options)?;
        let moved = |title: &str, when: Timestamp, whole: &Explanation, than: &Explanation| {
            Explanation::new(title).value(when).parts(different(whole, than))
        };
        Ok(Explanation::new("move")
            .text(earlier.value.as_ref().map(ToString::to_string).unwrap_or_default())
            .part(moved("before", before.as_of, &earlier, &later))
            .part(moved("after", after.as_of, &later, &earlier)))
    }
}

/// The definitions of an explanation whose answer is another in the other one, or is not there.
fn different(whole: &Explanation, other: &Explanation) -> Vec<Explanation> {
    let mut parts = Vec::new();
    for part in &whole.parts {
        match other.find(&part.label) {
            Some(same) if part.value.is_some() || same.value.is_some() => {
                parts.extend((part.value != same.value).then(|| part.clone()));
            }
            Some(same) => {
                let inner = different(part, same);
                parts.extend((!inner.is_empty()).then(|| Explanation::new(part.label.clone()).parts(inner)));
            }
            None => parts.push(part.clone()),
        }
    }
    parts
}
