//! The rule itself: tests of measures, joined by and, or, not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::Measure;
use super::sequence::Sequence;
use super::test::Test;
use crate::id::UserId;
use crate::time::LeapDayPolicy;

/// A question about one user as of an instant, answered true, false or unknown. See the [module](super) for the logic.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// All of these hold; true where there are none.
    All(Vec<Rule>),
    /// At least one of these holds; false where there are none.
    Any(Vec<Rule>),
    /// This does not hold.
    Not(Box<Rule>),
    /// At least so many of these hold. Unknown where the unknown ones decide it.
    AtLeast {
        /// How many; at least 1, at most as many as there are rules.
        count: u32,
        /// The rules.
        of: Vec<Rule>,
    },
    /// A measure passes a test.
    Measure {
        /// What is looked at.
        measure: Measure,
        /// What it is judged by.
        test: Test,
    },
    /// Events came in order.
    Sequence(Sequence),
    /// The local day of `as_of` is near the anniversary of a date or time attribute: from `days_before` days before it
    /// to `days_after` days after it, wrapping the year.
    Anniversary {
        /// A date or time attribute.
        attribute: String,
        /// Days before the anniversary that count.
        #[serde(default)]
        days_before: u32,
        /// Days after it that count.
        #[serde(default)]
        days_after: u32,
        /// When someone born on 29 February celebrates in other years.
        #[serde(default)]
        leap_day: LeapDayPolicy,
    },
    /// The user is in another definition of the playbook.
    In(Definition),
    /// The user is on this list.
    Users(Vec<UserId>),
}

/// Another definition of the same playbook that a rule builds on.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// The user has the tag: of a valued tag, any value.
    Tag(String),
    /// The user is in the segment.
    Segment(String),
    /// The user is in this lifecycle stage.
    Stage(String),
}

impl Rule {
    /// This and the other hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut rules) => {
                rules.push(other);
                Self::All(rules)
            }
            rule => Self::All(vec![rule, other]),
        }
    }

    /// This or the other holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut rules) => {
                rules.push(other);
                Self::Any(rules)
            }
            rule => Self::Any(vec![rule, other]),
        }
    }

    /// The user has the tag.
    pub fn tag(name: impl Into<String>) -> Self {
        Self::In(Definition::Tag(name.into()))
    }

    /// The user is in the segment.
    pub fn segment(name: impl Into<String>) -> Self {
        Self::In(Definition::Segment(name.into()))
    }

    /// The user is in the lifecycle stage.
    pub fn stage(name: impl Into<String>) -> Self {
        Self::In(Definition::Stage(name.into()))
    }

    /// The rules that this one is made of, one level down.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All(rules) | Self::Any(rules) | Self::AtLeast { of: rules, .. } => rules,
            Self::Not(rule) => std::slice::from_ref(rule),
            _ => &[],
        }
    }
}

impl std::ops::Not for Rule {
    type Output = Self;

    /// A double negation cancels out.
    fn not(self) -> Self {
        match self {
            Self::Not(rule) => *rule,
            rule => Self::Not(Box::new(rule)),
        }
    }
}
