//! The normal form of a rule: what its text can tell apart, and no more.

use crate::rule::condition::Rule;
use crate::rule::event_query::{EventPattern, Filter};
use crate::rule::measure::Measure;

impl Rule {
    /// The same rule in its normal form, which is the one that its text stands for.
    ///
    /// "All" directly inside "all" is one list, and so is "any" in "any"; a list of one is that one; a double negation is
    /// none. Filters of events likewise. The meaning stays, and so does the order of what is left.
    #[must_use]
    pub fn normalize(self) -> Self {
        match self {
            Self::All(rules) => one_or(flatten(rules, Self::normalize, Self::all_parts), Self::All),
            Self::Any(rules) => one_or(flatten(rules, Self::normalize, Self::any_parts), Self::Any),
            Self::Not(rule) => !rule.normalize(),
            Self::AtLeast { count, of } => Self::AtLeast { count, of: of.into_iter().map(Self::normalize).collect() },
            Self::Measure { measure, test } => Self::Measure { measure: measure.normalize(), test },
            Self::Sequence(mut sequence) => {
                for step in &mut sequence.steps {
                    step.filter = step.filter.take().map(Filter::normalize);
                    step.without.iter_mut().for_each(EventPattern::normalize);
                }
                Self::Sequence(sequence)
            }
            rule => rule,
        }
    }

    fn all_parts(self) -> Vec<Self> {
        if let Self::All(rules) = self { rules } else { vec![self] }
    }

    fn any_parts(self) -> Vec<Self> {
        if let Self::Any(rules) = self { rules } else { vec![self] }
    }
}

impl Measure {
    /// The same measure, its filter in normal form; see [`Rule::normalize`].
    #[must_use]
    pub fn normalize(mut self) -> Self {
        if let Some(over) = self.over_mut() {
            over.filter = over.filter.take().map(Filter::normalize);
        }
        self
    }
}

impl Filter {
    /// The same filter in normal form; see [`Rule::normalize`].
    #[must_use]
    pub fn normalize(self) -> Self {
        match self {
            Self::All(filters) => one_or(flatten(filters, Self::normalize, Self::all_parts), Self::All),
            Self::Any(filters) => one_or(flatten(filters, Self::normalize, Self::any_parts), Self::Any),
            Self::Not(filter) => !filter.normalize(),
            filter => filter,
        }
    }

    fn all_parts(self) -> Vec<Self> {
        if let Self::All(filters) = self { filters } else { vec![self] }
    }

    fn any_parts(self) -> Vec<Self> {
        if let Self::Any(filters) = self { filters } else { vec![self] }
    }
}

impl EventPattern {
    fn normalize(&mut self) {
        self.filter = self.filter.take().map(Filter::normalize);
    }
}

/// The parts in normal form, those that are lists of the same kind spread out.
fn flatten<T>(parts: Vec<T>, normalize: fn(T) -> T, spread: fn(T) -> Vec<T>) -> Vec<T> {
    parts.into_iter().flat_map(|part| spread(normalize(part))).collect()
}

/// The only part, or the list of all.
fn one_or<T>(mut parts: Vec<T>, list: fn(Vec<T>) -> T) -> T {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            list(parts)
        }
        (None, _) => list(parts),
    }
}
