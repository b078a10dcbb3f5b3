//! What hosts are told: who gained or lost what, and when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{AnswerKind, LivePlan};
use super::slot::Slot;
use super::work::AnswerChange;
use crate::column::Interner;
use crate::id::UserId;
use crate::time::Timestamp;
use crate::value::{Value, ValueRef};

/// One change of one user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The user.
    pub user: UserId,
    /// What changed.
    #[serde(flatten)]
    pub what: ChangeKind,
    /// The instant from which it holds.
    pub effective_at: Timestamp,
    /// The engine's instant when it was told: later than `effective_at` where an event came late, or the host moved the
    /// clock on in one step.
    pub recorded_at: Timestamp,
}

/// What changed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangeKind {
    /// A tag was gained, lost, or has another value. A tag that is on or off is `true` or absent.
    Tag {
        /// The tag.
        name: Arc<str>,
        /// The value before; none where the user did not have the tag.
        from: Option<Value>,
        /// The value now; none where the user lost the tag.
        to: Option<Value>,
    },
    /// The lifecycle stage changed.
    Stage {
        /// The stage before; none where the user was in none.
        from: Option<Box<str>>,
        /// The stage now.
        to: Option<Box<str>>,
    },
    /// The user entered or left a segment.
    Segment {
        /// The segment.
        name: Arc<str>,
        /// Whether the user is in it now.
        entered: bool,
    },
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// It is the latest so far, or of the same instant.
    InOrder,
    /// It happened before the engine's instant.
    Late,
    /// An event with its id came before: nothing is done.
    Duplicate,
}

impl Arrival {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InOrder => "in_order",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What an event led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// What became of the event.
    pub arrival: Arrival,
    /// The changes: first those that time made up to the event's instant, in order of time, then those of its user.
    pub changes: Vec<Change>,
}

impl Change {
    /// Whether it is of this definition.
    pub(super) fn is_of(&self, kind: AnswerKind, name: &str) -> bool {
        match &self.what {
            ChangeKind::Tag { name: known, .. } => matches!(kind, AnswerKind::Tag { .. }) && **known == *name,
            ChangeKind::Stage { .. } => kind == AnswerKind::Stage,
            ChangeKind::Segment { name: known, .. } => kind == AnswerKind::Segment && **known == *name,
        }
    }

    /// What the user has after it, for people.
    pub(super) fn now(&self) -> String {
        let none = || "none".to_owned();
        match &self.what {
            ChangeKind::Tag { to, .. } => to.as_ref().map_or_else(none, ToString::to_string),
            ChangeKind::Stage { to, .. } => to.as_ref().map_or_else(none, ToString::to_string),
            ChangeKind::Segment { entered, .. } => entered.to_string(),
        }
    }

    /// The change of one definition from what a user had to what the user has, at an instant.
    pub(super) fn between(
        user: &UserId,
        (kind, name): (AnswerKind, &Arc<str>),
        from: Option<Value>,
        to: Option<Value>,
        at: i64,
    ) -> Self {
        let text = |value: Option<Value>| match value {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let what = match kind {
            AnswerKind::Stage => ChangeKind::Stage { from: text(from), to: text(to) },
            AnswerKind::Segment => ChangeKind::Segment { name: Arc::clone(name), entered: to.is_some() },
            _ => ChangeKind::Tag { name: Arc::clone(name), from, to },
        };
        let at = Timestamp::from_micros(at);
        Self { user: user.clone(), what, effective_at: at, recorded_at: at }
    }
}

/// The change of a column as hosts are told it; none for a column that they are not told of.
pub(super) fn told(
    plan: &LivePlan,
    texts: &Interner,
    change: &AnswerChange,
    user: &UserId,
    recorded_at: i64,
) -> Option<Change> {
    if !change.is_told(plan) {
        return None;
    }
    let column = &plan.columns[change.column];
    let value = |slot: Slot| slot.value(texts).filter(|_| slot.is_had()).map(ValueRef::to_owned);
    let (from, to) = (value(change.from), value(change.to));
    let told = Change::between(user, (column.kind, &column.name), from, to, change.at);
    Some(Change { recorded_at: Timestamp::from_micros(recorded_at), ..told })
}
