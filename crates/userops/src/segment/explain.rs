//! Why a user is in a segment or not, and why users entered and left.

use super::SegmentDefinition;
use super::diff::{Movement, SegmentDiff};
use crate::error::Result;
use crate::explanation::Explanation;
use crate::id::UserIx;
use crate::rule::{Subject, Truth, UnknownFold, explain_rule, judge, next_change_at};
use crate::tag::LOOKAHEAD;

impl SegmentDefinition {
    /// Why the user is in the segment or not.
    ///
    /// The root is named after the segment and holds whether the user is in. Its parts are the list that decides, where
    /// one does (`include` or `exclude`), the `rule`, and `next_change`: the instant within a year at which time alone
    /// changes it, if nothing happens before and other definitions answer as they do now.
    ///
    /// # Errors
    /// As [`SegmentDefinition::judge`].
    pub fn explain(&self, subject: &Subject<'_>) -> Result<Explanation> {
        let is_in = self.judge(subject)?;
        let named = |error: crate::error::Error| error.at(format_args!("segment {:?}", self.name));
        let mut root = Explanation::new(self.name.clone()).value(is_in);
        let (excluded, included) = (self.lists(&self.exclude, subject), self.lists(&self.include, subject));
        if excluded {
            root = root.part(Explanation::new("exclude").text("kept out by hand, whatever the rule says"));
        } else if included {
            root = root.part(Explanation::new("include").text("put in by hand, whatever the rule says"));
        }
        let rule = Explanation::new("rule").part(explain_rule(&self.when, subject).map_err(named)?);
        root = root.part(match (judge(&self.when, subject).map_err(named)?, self.unknown) {
            (Truth::Unknown, UnknownFold::Out) => rule.text("unknown, which counts as no"),
            (Truth::Unknown, UnknownFold::In) => rule.text("unknown, which counts as yes"),
            _ => rule,
        });
        if excluded || included {
            return Ok(root);
        }
        let change = Explanation::new("next_change");
        let mut at = *subject;
        let until = subject.as_of().plus(LOOKAHEAD);
        // A rule may become unknown, or known, without a change of who is in.
        while let Some((instant, truth)) = next_change_at(&self.when, &at, until).map_err(named)? {
            if self.unknown.decide(truth) != is_in {
                let then = if is_in { "the user leaves" } else { "the user enters" };
                return Ok(root.part(change.value(instant).text(format!("{then}, if nothing happens before"))));
            }
            at = subject.at(instant);
        }
        Ok(root.part(change.text("time alone does not change it within a year")))
    }
}

/// Why one user entered or left: the segment explained before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveReason {
    /// The user.
    pub user: UserIx,
    /// Whether the user entered or left.
    pub movement: Movement,
    /// Why the user was in the segment or not.
    pub before: Explanation,
    /// Why the user is in the segment or not.
    pub after: Explanation,
}

/// Why the first `users_max` of those who moved did so, in the order of the log's directory.
///
/// Each side is a definition and what it sees of a user: two instants, two versions of the definition, or both. The
/// diff should be of segments that were assigned in the same way.
///
/// # Errors
/// As [`SegmentDefinition::explain`].
pub fn explain_moves<'a>(
    diff: &SegmentDiff,
    (before, subject_before): (&SegmentDefinition, impl Fn(UserIx) -> Subject<'a>),
    (after, subject_after): (&SegmentDefinition, impl Fn(UserIx) -> Subject<'a>),
    users_max: usize,
) -> Result<Vec<MoveReason>> {
    let reason = |(user, movement)| {
        let before = before.explain(&subject_before(user))?;
        Ok(MoveReason { user, movement, before, after: after.explain(&subject_after(user))? })
    };
    diff.movements().take(users_max).map(reason).collect()
}
