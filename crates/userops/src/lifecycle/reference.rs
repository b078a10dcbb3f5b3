//! What a rule reads of other definitions, and whether it depends on anything at all.

use std::fmt;

use crate::rule::{Definition, Measure, Rule};

/// Another definition of the playbook that a rule reads, known as of one instant only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    Tag(&'a str),
    Segment(&'a str),
    Score(&'a str),
    Stage,
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) => write!(f, "the tag {name:?}"),
            Self::Segment(name) => write!(f, "the segment {name:?}"),
            Self::Score(name) => write!(f, "the score {name:?}"),
            Self::Stage => f.write_str("the lifecycle stage"),
        }
    }
}

/// The other definitions that a rule reads, in order of reading.
pub(crate) fn references(rule: &Rule) -> Vec<Reference<'_>> {
    match rule {
        Rule::In(Definition::Tag(name)) | Rule::Measure { measure: Measure::Tag(name), .. } => {
            vec![Reference::Tag(name)]
        }
        Rule::In(Definition::Segment(name)) => vec![Reference::Segment(name)],
        Rule::In(Definition::Stage(_)) | Rule::Measure { measure: Measure::Stage, .. } => vec![Reference::Stage],
        Rule::Measure { measure: Measure::Score(name), .. } => vec![Reference::Score(name)],
        _ => rule.parts().iter().flat_map(references).collect(),
    }
}

/// The answer of a rule that is the same for everybody and always; `None` where it is not plain to see.
pub(super) fn constant(rule: &Rule) -> Option<bool> {
    let parts = || rule.parts().iter().map(constant);
    match rule {
        Rule::All(_) if parts().any(|part| part == Some(false)) => Some(false),
        Rule::All(_) => parts().all(|part| part == Some(true)).then_some(true),
        Rule::Any(_) if parts().any(|part| part == Some(true)) => Some(true),
        Rule::Any(_) => parts().all(|part| part == Some(false)).then_some(false),
        Rule::Not(rule) => constant(rule).map(|answer| !answer),
        Rule::Users(users) if users.is_empty() => Some(false),
        _ => None,
    }
}
