//! Who gained, lost and changed tags between two instants.

use serde::{Deserialize, Serialize};

use super::table::{TagColumn, TagTable};
use crate::error::{Result, invalid_argument};
use crate::id::{UserDirectory, UserIx};
use crate::table::{Table, user_column};
use crate::value::{Value, ValueRef};

/// What became of a user's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagMovement {
    /// The user has it and had it not.
    Gained,
    /// The user had it and has it no more.
    Lost,
    /// The user has another value of it.
    Changed,
}

impl TagMovement {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Changed => "changed",
        }
    }
}

/// One user's change of one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct TagChange {
    /// The user.
    pub user: UserIx,
    /// What happened.
    pub movement: TagMovement,
    /// The value before; `None` where the user did not have the tag.
    pub before: Option<Value>,
    /// The value after; `None` where the user does not have the tag.
    pub after: Option<Value>,
}

/// The changes of one tag, in the order of users.
#[derive(Debug, Clone, PartialEq)]
pub struct TagDiff {
    /// The name of the tag.
    pub tag: String,
    /// The changes.
    pub changes: Vec<TagChange>,
}

impl TagDiff {
    /// How many users' tags moved in this way.
    #[must_use]
    pub fn count(&self, movement: TagMovement) -> usize {
        self.changes.iter().filter(|change| change.movement == movement).count()
    }
}

/// What changed between two tag tables of one log.
#[derive(Debug, Clone, PartialEq)]
pub struct TagChanges {
    /// A diff for each tag of either table: those of the later in its order, then those that only the earlier has.
    pub tags: Vec<TagDiff>,
}

/// Compares the tags of one log at two instants, or under two sets of definitions.
///
/// A tag that only one table has is a tag that nobody has in the other. Only the value counts, not the later ranks of
/// a preference. Floats are equal where their bits are. Takes O(users × tags).
///
/// # Errors
/// `InvalidArgument` where the tables are of different numbers of users.
pub fn tag_changes(before: &TagTable, after: &TagTable) -> Result<TagChanges> {
    if before.user_count() != after.user_count() {
        return Err(invalid_argument(format!(
            "tags of {} users and of {} users are not of one log: assign both over one log",
            before.user_count(),
            after.user_count()
        )));
    }
    let only_before = before.tags().iter().filter(|tag| after.tag(&tag.name).is_err());
    let later = after.tags().iter().map(|tag| (before.tag(&tag.name).ok(), Some(tag)));
    let pairs = later.chain(only_before.map(|tag| (Some(tag), None)));
    Ok(TagChanges { tags: pairs.map(|(earlier, later)| diff(earlier, later, after.user_count())).collect() })
}

fn diff(before: Option<&TagColumn>, after: Option<&TagColumn>, user_count: usize) -> TagDiff {
    let value = |tag: Option<&'_ TagColumn>, user| tag.and_then(|tag| tag.value(user)).map(ValueRef::to_owned);
    let change = |user: UserIx| {
        let movement = match (before.and_then(|tag| tag.value(user)), after.and_then(|tag| tag.value(user))) {
            (None, Some(_)) => TagMovement::Gained,
            (Some(_), None) => TagMovement::Lost,
            (Some(before), Some(after)) if !is_same(before, after) => TagMovement::Changed,
            _ => return None,
        };
        Some(TagChange { user, movement, before: value(before, user), after: value(after, user) })
    };
    TagDiff {
        tag: after.or(before).map(|tag| tag.name.clone()).unwrap_or_default(),
        changes: (0..user_count).filter_map(|user| change(UserIx(user as u32))).collect(),
    }
}

fn is_same(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match (a, b) {
        (ValueRef::Float(a), ValueRef::Float(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

impl TagChanges {
    /// The changes of a tag; `None` where neither table has it.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&TagDiff> {
        self.tags.iter().find(|diff| diff.tag == name)
    }

    /// The changes, a row each: `tag`, `user`, `change`, `before`, `after`, the values as text.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let rows = || self.tags.iter().flat_map(|diff| diff.changes.iter().map(|change| (diff.tag.as_str(), change)));
        let texts = |value: fn(&TagChange) -> &Option<Value>| {
            rows().map(|(_, change)| value(change).as_ref().map(ToString::to_string)).collect::<Vec<_>>()
        };
        Table::new(rows().count())
            .with("tag", rows().map(|(tag, _)| tag).collect::<Vec<_>>())?
            .with("user", user_column(users, rows().map(|(_, change)| change.user)))?
            .with("change", rows().map(|(_, change)| change.movement.name()).collect::<Vec<_>>())?
            .with("before", texts(|change| &change.before))?
            .with("after", texts(|change| &change.after))
    }

    /// How many users gained, lost and changed each tag: `tag`, `gained_count`, `lost_count`, `changed_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_count_table(&self) -> Result<Table> {
        let counts = |movement| self.tags.iter().map(|diff| diff.count(movement) as i64).collect::<Vec<_>>();
        Table::new(self.tags.len())
            .with("tag", self.tags.iter().map(|diff| diff.tag.as_str()).collect::<Vec<_>>())?
            .with("gained_count", counts(TagMovement::Gained))?
            .with("lost_count", counts(TagMovement::Lost))?
            .with("changed_count", counts(TagMovement::Changed))
    }
}
