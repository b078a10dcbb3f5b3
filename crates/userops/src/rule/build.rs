//! Rules in code: short words for measures, events and properties.
//!
//! Every word makes a part of the same tree that a text stands for.
//!
//! ```
//! use userops::rule::Rule;
//! use userops::rule::build::{any_event, attribute, count, days_since_last, event, events, property, sum};
//!
//! let rule = count(event("order").last_days(30)).at_least(2).and(attribute("city").one_of(["Berlin", "Paris"]));
//! assert_eq!(rule, Rule::parse(r#"count("order", last(days(30))) >= 2 && user.city in ["Berlin", "Paris"]"#)?);
//!
//! let dear = property("amount").at_least(99.5).and(property("category").eq("books"));
//! let rule = sum("amount", events(["order", "renewal"]).filter(dear)).above(500).or(!days_since_last(any_event()).at_least(90));
//! assert_eq!(
//!     rule,
//!     Rule::parse(
//!         r#"sum(event.amount, "order", "renewal", where(event.amount >= 99.5 && event.category == "books")) > 500
//!             || !(days_since_last() >= 90)"#
//!     )?
//! );
//! # Ok::<(), userops::error::Error>(())
//! ```

use super::bucket::{Bucket, BucketHash};
use super::condition::Rule;
use super::event_query::{EventQuery, Filter};
use super::measure::{AgeUnit, Measure};
use super::sequence::{Sequence, Step};
use super::test::Test;
use crate::value::Value;

/// Events of this name.
pub fn event(name: impl Into<String>) -> EventQuery {
    EventQuery::new([name])
}

/// Events that have one of these names.
pub fn events<N: Into<String>>(names: impl IntoIterator<Item = N>) -> EventQuery {
    EventQuery::new(names)
}

/// Every event.
#[must_use]
pub fn any_event() -> EventQuery {
    EventQuery::default()
}

/// A user attribute.
pub fn attribute(name: impl Into<String>) -> Measure {
    Measure::Attribute(name.into())
}

/// The age of a date or time attribute.
pub fn age(attribute: impl Into<String>, unit: AgeUnit) -> Measure {
    Measure::Age { attribute: attribute.into(), unit }
}

/// How many events.
pub fn count(over: impl Into<EventQuery>) -> Measure {
    Measure::Count(over.into())
}

/// On how many local days there was an event.
pub fn active_days(over: impl Into<EventQuery>) -> Measure {
    Measure::ActiveDays(over.into())
}

/// The sum of a property.
pub fn sum(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Sum { property: property.into(), over: over.into() }
}

/// The least value of a property.
pub fn min(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Min { property: property.into(), over: over.into() }
}

/// The greatest value of a property.
pub fn max(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Max { property: property.into(), over: over.into() }
}

/// The mean of a property.
pub fn mean(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Mean { property: property.into(), over: over.into() }
}

/// How many different values of a property.
pub fn distinct(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Distinct { property: property.into(), over: over.into() }
}

/// The property of the latest event.
pub fn latest(property: impl Into<String>, over: impl Into<EventQuery>) -> Measure {
    Measure::Latest { property: property.into(), over: over.into() }
}

/// The instant of the first event.
pub fn first_time(over: impl Into<EventQuery>) -> Measure {
    Measure::FirstTime(over.into())
}

/// The instant of the last event.
pub fn last_time(over: impl Into<EventQuery>) -> Measure {
    Measure::LastTime(over.into())
}

/// Local days since the first event.
pub fn days_since_first(over: impl Into<EventQuery>) -> Measure {
    Measure::DaysSinceFirst(over.into())
}

/// Local days since the last event.
pub fn days_since_last(over: impl Into<EventQuery>) -> Measure {
    Measure::DaysSinceLast(over.into())
}

/// Local days since the user last came back after a silence.
pub fn days_since_return(silence_days: u32, over: impl Into<EventQuery>) -> Measure {
    Measure::DaysSinceReturn { silence_days, over: over.into() }
}

/// A score by name.
pub fn score(name: impl Into<String>) -> Measure {
    Measure::Score(name.into())
}

/// The value of a tag.
pub fn tag(name: impl Into<String>) -> Measure {
    Measure::Tag(name.into())
}

/// The lifecycle stage.
#[must_use]
pub fn stage() -> Measure {
    Measure::Stage
}

/// The user's place among hash buckets, `0..buckets`, by the library's own hash.
pub fn bucket(salt: impl Into<String>, buckets: u32) -> Measure {
    Measure::Bucket(Bucket { salt: salt.into(), buckets, hash: BucketHash::default() })
}

/// At least so many of these hold.
pub fn at_least(count: u32, of: impl IntoIterator<Item = Rule>) -> Rule {
    Rule::AtLeast { count, of: of.into_iter().collect() }
}

/// Events in order, each step by the name of its event or as a [`Step`].
pub fn sequence<S: Into<Step>>(steps: impl IntoIterator<Item = S>) -> Sequence {
    Sequence::new(steps.into_iter().map(Into::into).collect())
}

impl From<&str> for Step {
    fn from(event: &str) -> Self {
        Self::new([event])
    }
}

impl From<Sequence> for Rule {
    fn from(sequence: Sequence) -> Self {
        Self::Sequence(sequence)
    }
}

/// A property of an event, to be tested in a filter; see [`property`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property(String);

/// A property of an event; [`AMOUNT`](super::AMOUNT) is its money.
pub fn property(name: impl Into<String>) -> Property {
    Property(name.into())
}

impl Property {
    /// The filter that the property passes the test.
    #[must_use]
    pub fn is(self, test: Test) -> Filter {
        Filter::Property { name: self.0, test }
    }

    /// The filter that the property equals the value.
    #[must_use]
    pub fn eq(self, value: impl Into<Value>) -> Filter {
        self.is(Test::Eq(value.into()))
    }

    /// The filter that the property is at least the value.
    #[must_use]
    pub fn at_least(self, value: impl Into<Value>) -> Filter {
        self.is(Test::Ge(value.into()))
    }

    /// The filter that the property is at most the value.
    #[must_use]
    pub fn at_most(self, value: impl Into<Value>) -> Filter {
        self.is(Test::Le(value.into()))
    }

    /// The filter that the property is below the value.
    #[must_use]
    pub fn below(self, value: impl Into<Value>) -> Filter {
        self.is(Test::Lt(value.into()))
    }

    /// The filter that the property is above the value.
    #[must_use]
    pub fn above(self, value: impl Into<Value>) -> Filter {
        self.is(Test::Gt(value.into()))
    }

    /// The filter that the property is one of the values.
    #[must_use]
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.is(Test::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// The filter that the event has the property.
    #[must_use]
    pub fn is_known(self) -> Filter {
        self.is(Test::Known)
    }

    /// The filter that the event lacks the property.
    #[must_use]
    pub fn is_unknown(self) -> Filter {
        self.is(Test::Unknown)
    }
}

impl Measure {
    /// The rule that this measure differs from the value.
    #[must_use]
    pub fn ne(self, value: impl Into<Value>) -> Rule {
        self.is(Test::Ne(value.into()))
    }

    /// The rule that this measure is one of the values.
    #[must_use]
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Rule {
        self.is(Test::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// The rule that there is a value.
    #[must_use]
    pub fn is_known(self) -> Rule {
        self.is(Test::Known)
    }

    /// The rule that there is no value.
    #[must_use]
    pub fn is_unknown(self) -> Rule {
        self.is(Test::Unknown)
    }
}

impl Filter {
    /// This and the other hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut filters) => {
                filters.push(other);
                Self::All(filters)
            }
            filter => Self::All(vec![filter, other]),
        }
    }

    /// This or the other holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut filters) => {
                filters.push(other);
                Self::Any(filters)
            }
            filter => Self::Any(vec![filter, other]),
        }
    }
}

impl std::ops::Not for Filter {
    type Output = Self;

    /// A double negation cancels out.
    fn not(self) -> Self {
        match self {
            Self::Not(filter) => *filter,
            filter => Self::Not(Box::new(filter)),
        }
    }
}
