//! Rules bound to the state of a user: what is looked up by name is found once.

use std::collections::HashSet;

use super::look::Look;
use super::slot::Slot;
use crate::error::Result;
use crate::id::UserId;
use crate::rule::{Test, Truth, passes};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Job(usize),
    Attribute(usize),
    /// A column of answers.
    Answer(usize),
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    AtLeast(usize, Vec<Self>),
    Test(Source, Test),
    /// A job whose value is a truth.
    Holds(usize),
    /// The user has the tag, or is in the segment: a column of answers.
    Has(usize),
    /// A column of answers has this text.
    Is(usize, u32),
    Users(HashSet<UserId>),
}

impl Node {
    /// As [`judge`](crate::rule::judge) of the rule.
    pub(super) fn judge(&self, look: &mut Look<'_>) -> Result<Truth> {
        Ok(match self {
            Self::All(nodes) => {
                let mut all = Truth::True;
                for node in nodes {
                    all = all.and(node.judge(look)?);
                }
                all
            }
            Self::Any(nodes) => {
                let mut any = Truth::False;
                for node in nodes {
                    any = any.or(node.judge(look)?);
                }
                any
            }
            Self::Not(node) => !node.judge(look)?,
            Self::AtLeast(count, nodes) => {
                let truths: Vec<Truth> = nodes.iter().map(|node| node.judge(look)).collect::<Result<_>>()?;
                Truth::at_least(*count, truths)
            }
            Self::Test(source, test) => {
                let slot = look.source(*source)?;
                passes(test, slot.value(look.texts))
            }
            Self::Holds(job) => match look.job(*job)? {
                Slot::Bool(holds) => Truth::from(holds),
                _ => Truth::Unknown,
            },
            Self::Has(column) => Truth::from(look.user.answers[*column].is_had()),
            Self::Is(column, text) => Truth::from(look.user.answers[*column] == Slot::Text(*text)),
            Self::Users(users) => Truth::from(users.contains(&look.moment.id.to_owned())),
        })
    }
}
