//! What a funnel is: its steps, and when events in some order count as having gone through them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rule::{EventPattern, Filter};
use crate::time::Span;

/// In which order the steps come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOrder {
    /// Each step after the one before it; other events may come between, as [`Noise`] says.
    #[default]
    Ordered,
    /// Each step is the very next event after the one before it. With [`Noise::Ignore`] events of no step are not seen,
    /// else they count like any other.
    Strict,
    /// The steps in any order. The attempt begins with an event of any of them, and takes further events behind it, those
    /// of repeated steps among others; "the event before" is the one that it took before, whichever step that served.
    Any,
}

/// From where the window is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFrom {
    /// From the first event: every event at `t ≤ t₁ + window`.
    #[default]
    First,
    /// From the event before: every event at most the window after the one before it.
    Previous,
}

/// What order events of one instant are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TiePolicy {
    /// The order in which they arrived.
    #[default]
    AsOrdered,
    /// The order of the steps: whatever arrived first, the event of the earlier step comes first; in any order, any. For
    /// [`StepOrder::Strict`] and [`NoiseKind::OtherStep`] nothing lies between events at the instants of those taken.
    StepOrder,
    /// None: a step comes at a later instant than the one before it.
    StrictlyLater,
}

/// How many steps one event may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventUse {
    /// One step only.
    #[default]
    Once,
    /// Every step that it matches; the repeats of one step still take an event each.
    Reuse,
}

/// What noise does, see [`NoiseKind`] for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Nothing.
    #[default]
    Ignore,
    /// It stops the attempt that it comes into; later attempts begin anew.
    Restart,
    /// The first noise after the first start ends the search: what comes behind is not looked at. What is noise depends on
    /// the furthest that any attempt has come before it. With `held` or `scope` each attempt has an end of its own, among
    /// the events that it sees.
    End,
}

/// Which events are noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Events of no step, and events of a step whose turn has not come; in any order each step has its turn. Steps that
    /// were reached may come again. Each match of an event counts by itself, in order of steps.
    #[default]
    OutOfTurn,
    /// Events of no step.
    NoStep,
    /// Every event but the next of the attempt, and those of the step that it took last. What ends the search is an event
    /// that is neither of the step reached nor of one that may follow it; in any order, one of no step.
    OtherStep,
}

/// Whether a step that was reached may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repetition {
    /// It may.
    #[default]
    Ignore,
    /// A further event of a step that was complete ends the search, except of step 1 where the steps have an order. With
    /// `held` or `scope` each attempt has an end of its own, among the events that it sees.
    End,
}

/// Which starts of a user count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryChoice {
    /// The one that comes furthest; of those the one that gets there first; of those the latest start.
    #[default]
    Best,
    /// The first one.
    First,
    /// Each in turn: the first one, and then always the first behind the last event of the one before.
    Every,
}

/// Where all events of an attempt lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In one session: among all events of the user none is more than `gap` after the one before it.
    Session {
        /// The longest pause inside a session.
        gap: Span,
    },
    /// On one local calendar day.
    CalendarDay,
}

/// One step of a funnel. Serde reads the name of an event as well, for a step of that event alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct FunnelStep {
    /// What tables call the step; its events where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The names that make the step, any of them; empty for every event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the event's properties must be besides.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The event comes at least this long after the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_min: Option<Span>,
    /// The event comes at most this long after the one before it, which is inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_max: Option<Span>,
    /// Whether the step may be left out. Where only such steps are left, all is done: they do not move the end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// How many events make the step: 3 is the same as writing it three times, but counts as one level.
    pub times: u32,
}

impl Default for FunnelStep {
    fn default() -> Self {
        Self { name: None, events: Vec::new(), filter: None, gap_min: None, gap_max: None, optional: false, times: 1 }
    }
}

impl FunnelStep {
    /// A step by events of these names; by every event where there are none.
    pub fn new<N: Into<String>>(events: impl IntoIterator<Item = N>) -> Self {
        Self { events: events.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// What tables call the step.
    #[must_use]
    pub fn label(&self) -> String {
        match (&self.name, self.events.is_empty()) {
            (Some(name), _) => name.clone(),
            (None, true) => "any event".to_owned(),
            (None, false) => self.events.join(" or "),
        }
    }

    /// The same step where the filter holds as well.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    pub(crate) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

impl Serialize for FunnelStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for FunnelStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = FunnelStep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an event, or a step with `events`")
    }

    fn visit_str<E: serde::de::Error>(self, event: &str) -> Result<FunnelStep, E> {
        Ok(FunnelStep::from(event))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FunnelStep, A::Error> {
        FunnelStep::deserialize(MapAccessDeserializer::new(map))
    }
}

impl From<&str> for FunnelStep {
    fn from(event: &str) -> Self {
        Self::new([event])
    }
}

/// Events that must not come between two steps.
///
/// What counts is the instant: such an event between the instant of step `from` (of its last event) and that of step
/// `until` (of its first event), or the last event of an attempt that has not come so far. Such an event stops the
/// attempt where it is. Where `from` or `until` is optional and left out, the next event that was taken is the end.
///
/// In any order steps count as they come: from the first event of the `from`th step to begin until the last event of the
/// `until`th to be complete, or the last event, which is an end as well; nothing lies between events of one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The names that are excluded, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the event's properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The number of the step after which they are, counted from 1.
    pub from: u32,
    /// The number of the step before which they are; after `from`.
    pub until: u32,
    /// Whether the instant of `from` counts as between.
    #[serde(default)]
    pub from_included: bool,
    /// Whether the instant of `until` counts as between.
    #[serde(default)]
    pub until_included: bool,
}

impl Exclusion {
    /// These events strictly between the instants of two steps, counted from 1.
    pub fn new<N: Into<String>>(events: impl IntoIterator<Item = N>, from: u32, until: u32) -> Self {
        let events = events.into_iter().map(Into::into).collect();
        Self { events, filter: None, from, until, from_included: false, until_included: false }
    }

    pub(crate) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

/// A funnel: what users are asked to go through, and what counts as having gone through it.
///
/// An **attempt** is a start, which is an event of step 1, and events for the steps behind it that keep every
/// condition; where the first steps are optional, of one of them or the one behind them. Its **level** is the number of the
/// last step that it has completed, in any order of how many, and the number of all where only optional ones are left.
/// From one start the attempt that counts is one of the highest level; of those one that gets there first; of those one
/// with the most optional steps; and of those the one whose events come earliest, step by step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Funnel {
    /// The steps, at most 64 with their repeats.
    pub steps: Vec<FunnelStep>,
    /// How long an attempt has time, which is inclusive; for ever where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// From where the window is measured.
    pub window_from: WindowFrom,
    /// In which order the steps come.
    pub order: StepOrder,
    /// What order events of one instant are in.
    pub ties: TiePolicy,
    /// How many steps one event may serve.
    pub event_use: EventUse,
    /// What noise does.
    pub noise: Noise,
    /// Which events are noise.
    pub noise_kind: NoiseKind,
    /// Whether a step that was reached may come again.
    pub repetition: Repetition,
    /// What must not come between steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Exclusion>,
    /// Properties of which all events of an attempt have one value. An event of another value is not seen by the
    /// attempt; one whose value is unknown is of no step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// Where all events of an attempt lie together. Events elsewhere are not seen by the attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Which starts of a user count.
    pub entry: EntryChoice,
}

impl Funnel {
    /// These steps in order, with nothing else asked.
    pub fn new<S: Into<FunnelStep>>(steps: impl IntoIterator<Item = S>) -> Self {
        Self { steps: steps.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The same with a window from the first event.
    #[must_use]
    pub fn within(mut self, window: Span) -> Self {
        self.window = Some(window);
        self
    }
}
