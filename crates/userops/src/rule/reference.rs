//! What a rule builds on: the other definitions that it names.

use std::collections::BTreeSet;
use std::fmt;

use super::condition::{Definition, Rule};
use super::measure::Measure;

/// Something of a playbook that has to be worked out before a rule that names it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A tag by name.
    Tag(String),
    /// A segment by name.
    Segment(String),
    /// The lifecycle: some stage of it, or the stage as a value.
    Lifecycle,
    /// A score by name.
    Score(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) => write!(f, "the tag {name:?}"),
            Self::Segment(name) => write!(f, "the segment {name:?}"),
            Self::Score(name) => write!(f, "the score {name:?}"),
            Self::Lifecycle => f.write_str("the lifecycle stage"),
        }
    }
}

impl Rule {
    /// The definitions that the rule names, at any depth.
    #[must_use]
    pub fn references(&self) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references(&self, found: &mut BTreeSet<Reference>) {
        match self {
            Self::In(Definition::Tag(name)) => drop(found.insert(Reference::Tag(name.clone()))),
            Self::In(Definition::Segment(name)) => drop(found.insert(Reference::Segment(name.clone()))),
            Self::In(Definition::Stage(_)) => drop(found.insert(Reference::Lifecycle)),
            Self::Measure { measure, .. } => found.extend(measure.reference()),
            _ => self.parts().iter().for_each(|part| part.collect_references(found)),
        }
    }
}

impl Measure {
    /// The definition that the measure reads, where it reads one.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Self::Tag(name) => Some(Reference::Tag(name.clone())),
            Self::Score(name) => Some(Reference::Score(name.clone())),
            Self::Stage => Some(Reference::Lifecycle),
            _ => None,
        }
    }
}
