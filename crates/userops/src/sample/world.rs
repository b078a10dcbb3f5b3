//! What tells one product from another: names, habits and what is known of events and users.

use crate::event::Field;
use crate::id::UserId;
use crate::money::Money;
use crate::time::{Day, Timestamp};
use crate::value::{ValueRef, ValueType};

/// A text and its weight.
pub(super) type Weighted = (&'static str, u32);

/// A product.
#[derive(Debug)]
pub(super) struct World {
    /// Keeps the streams of products apart.
    pub(super) salt: u64,
    /// The event names by their code.
    pub(super) names: &'static [&'static str],
    /// The event by which a newcomer joins, where there is one beside the first of a session.
    pub(super) join: Option<usize>,
    /// The event that opens a session.
    pub(super) open: usize,
    /// The event that carries an amount.
    pub(super) pay: usize,
    /// The event that carries seconds, where there is one.
    pub(super) timed: Option<usize>,
    /// The events that are about a subject.
    pub(super) about: &'static [usize],
    pub(super) personas: &'static [Persona],
    pub(super) channels: &'static [Weighted],
    pub(super) subjects: &'static [Weighted],
    pub(super) prices: &'static [Price],
    pub(super) properties: &'static [Property],
    pub(super) attributes: &'static [Attribute],
    /// Whether user ids are integers rather than texts.
    pub(super) integer_ids: bool,
}

/// A kind of user: how often such a user comes, does what, and sleeps. Chances are per mille of a day.
#[derive(Debug)]
pub(super) struct Persona {
    pub(super) weight: u32,
    /// That a newcomer finds the way in.
    pub(super) activates: u32,
    pub(super) comes: u32,
    pub(super) falls_asleep: u32,
    pub(super) wakes: u32,
    pub(super) leaves: u32,
    /// The most events of a session after the one that opens it.
    pub(super) session_events_max: u32,
    /// Weights of the events by their code; those that join or open are 0.
    pub(super) events: &'static [u32],
}

/// What can be paid: minor units, weight, and the days of premium that it buys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) minor: i64,
    pub(super) weight: u32,
    pub(super) premium_days: i64,
}

/// One user, before anything happens.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) persona: &'static Persona,
    /// The day of joining counted from the first of the log; negative for who was there before.
    pub(super) joins_on: i32,
    pub(super) channel: &'static str,
    pub(super) city: Option<&'static str>,
    pub(super) gender: Option<&'static str>,
    pub(super) birth_date: Option<Day>,
    pub(super) device: &'static str,
    /// What this user mostly reads about.
    pub(super) interest: &'static str,
    pub(super) signup: Timestamp,
}

/// One event of a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) time: Timestamp,
    pub(super) name: usize,
    pub(super) amount: Option<Money>,
    pub(super) source: Option<&'static str>,
    pub(super) subject: Option<&'static str>,
    pub(super) seconds: Option<i64>,
    /// The days of premium that it buys.
    pub(super) premium_days: i64,
    pub(super) premium: bool,
}

/// A property of events.
#[derive(Debug, Clone, Copy)]
pub(super) enum Property {
    Category,
    Premium,
    Seconds,
    Source,
    Topic,
}

impl Property {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Premium => "premium",
            Self::Seconds => "seconds",
            Self::Source => "source",
            Self::Topic => "topic",
        }
    }

    fn value_type(self) -> ValueType {
        match self {
            Self::Category | Self::Source | Self::Topic => ValueType::Text,
            Self::Premium => ValueType::Bool,
            Self::Seconds => ValueType::Integer,
        }
    }

    pub(super) fn value(self, draft: &Draft) -> Option<ValueRef<'static>> {
        match self {
            Self::Category | Self::Topic => draft.subject.map(ValueRef::Text),
            Self::Premium => Some(ValueRef::Bool(draft.premium)),
            Self::Seconds => draft.seconds.map(ValueRef::Integer),
            Self::Source => draft.source.map(ValueRef::Text),
        }
    }

    pub(super) fn field(self) -> Field {
        Field { name: self.name().to_owned(), value_type: self.value_type() }
    }
}

/// An attribute of users.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute {
    BirthDate,
    Channel,
    City,
    Device,
    Gender,
    Signup,
}

impl Attribute {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BirthDate => "birth_date",
            Self::Channel => "channel",
            Self::City => "city",
            Self::Device => "device",
            Self::Gender => "gender",
            Self::Signup => "signup",
        }
    }

    fn value_type(self) -> ValueType {
        match self {
            Self::BirthDate => ValueType::Date,
            Self::Channel | Self::City | Self::Device | Self::Gender => ValueType::Text,
            Self::Signup => ValueType::Time,
        }
    }

    pub(super) fn value(self, person: &Person) -> Option<ValueRef<'static>> {
        match self {
            Self::BirthDate => person.birth_date.map(ValueRef::Date),
            Self::Channel => Some(ValueRef::Text(person.channel)),
            Self::City => person.city.map(ValueRef::Text),
            Self::Device => Some(ValueRef::Text(person.device)),
            Self::Gender => person.gender.map(ValueRef::Text),
            Self::Signup => Some(ValueRef::Time(person.signup)),
        }
    }

    pub(super) fn field(self) -> Field {
        Field { name: self.name().to_owned(), value_type: self.value_type() }
    }
}

impl World {
    /// The id of the user of this number, counted from 0.
    pub(super) fn user_id(&self, user: u32) -> UserId {
        let number = i64::from(user) + 1;
        // Wide enough for every number of 32 bits: ids in order of text are in order of number.
        if self.integer_ids { UserId::from(number) } else { UserId::from(format!("u{number:010}")) }
    }
}
