//! External user ids, the dense index that stands for them, and the sorted directory between the two.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::column::TextArena;
use crate::error::{Result, limit_exceeded};

/// The most users one log can hold: every [`UserIx`] but the last value of a `u32`.
pub const USERS_MAX: usize = u32::MAX as usize;

/// A user as the host knows it: an integer or a text.
///
/// Integers sort before texts; serde writes the bare number or string.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum UserId {
    /// An integer key, as databases hand out.
    Integer(i64),
    /// Any text; upper and lower case differ, white space counts.
    Text(Box<str>),
}

impl UserId {
    /// The same id, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> UserIdRef<'_> {
        match self {
            Self::Integer(id) => UserIdRef::Integer(*id),
            Self::Text(id) => UserIdRef::Text(id),
        }
    }
}

impl From<i64> for UserId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self::Text(id.into())
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self::Text(id.into())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// A borrowed [`UserId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserIdRef<'a> {
    /// See [`UserId::Integer`].
    Integer(i64),
    /// See [`UserId::Text`].
    Text(&'a str),
}

impl UserIdRef<'_> {
    /// The same id, owned.
    #[must_use]
    pub fn to_owned(self) -> UserId {
        match self {
            Self::Integer(id) => UserId::Integer(id),
            Self::Text(id) => UserId::Text(id.into()),
        }
    }
}

impl fmt::Display for UserIdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Text(id) => f.pad(id),
        }
    }
}

impl<'a> From<&'a UserId> for UserIdRef<'a> {
    fn from(id: &'a UserId) -> Self {
        id.as_ref()
    }
}

impl From<i64> for UserIdRef<'_> {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl<'a> From<&'a str> for UserIdRef<'a> {
    fn from(id: &'a str) -> Self {
        Self::Text(id)
    }
}

/// The dense index of a user in one log: `0..user_count`, in the order of the external ids.
///
/// It is meaningful only beside the log or table that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserIx(pub u32);

impl UserIx {
    /// The index as a position in a column.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The external ids of a log's users, ascending; position = [`UserIx`].
///
/// A log's ids are all integers or all texts. The order is that of the ids, never that of arrival, so two logs with
/// the same users have the same directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Ids", into = "Ids")]
pub struct UserDirectory {
    ids: Ids,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ids {
    Integer(Vec<i64>),
    Text(TextArena),
}

impl TryFrom<Ids> for UserDirectory {
    type Error = &'static str;

    fn try_from(ids: Ids) -> Result<Self, &'static str> {
        let ascends = match &ids {
            Ids::Integer(ids) => ids.is_sorted_by(|a, b| a < b),
            Ids::Text(ids) => ids.iter().is_sorted_by(|a, b| a < b),
        };
        if ascends { Ok(Self { ids }) } else { Err("the ids of a directory are distinct and ascend") }
    }
}

impl From<UserDirectory> for Ids {
    fn from(directory: UserDirectory) -> Self {
        directory.ids
    }
}

impl Default for UserDirectory {
    fn default() -> Self {
        Self { ids: Ids::Integer(Vec::new()) }
    }
}

impl UserDirectory {
    /// A directory of integer ids, which must be strictly ascending.
    ///
    /// # Errors
    /// `LimitExceeded` above [`USERS_MAX`] users.
    pub(crate) fn from_sorted_integers(ids: Vec<i64>) -> Result<Self> {
        debug_assert!(ids.is_sorted_by(|a, b| a < b));
        check_user_count(ids.len())?;
        Ok(Self { ids: Ids::Integer(ids) })
    }

    /// A directory of text ids, which must be strictly ascending.
    ///
    /// # Errors
    /// `LimitExceeded` above [`USERS_MAX`] users.
    pub(crate) fn from_sorted_texts(ids: TextArena) -> Result<Self> {
        check_user_count(ids.len())?;
        Ok(Self { ids: Ids::Text(ids) })
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.ids {
            Ids::Integer(ids) => ids.len(),
            Ids::Text(ids) => ids.len(),
        }
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The external id of a user, or `None` where the index is not of this log.
    #[must_use]
    pub fn id(&self, user: UserIx) -> Option<UserIdRef<'_>> {
        match &self.ids {
            Ids::Integer(ids) => ids.get(user.index()).map(|id| UserIdRef::Integer(*id)),
            Ids::Text(ids) => ids.get(user.index()).map(UserIdRef::Text),
        }
    }

    /// The index of an external id, or `None` where the user is unknown. Takes O(log users).
    #[must_use]
    pub fn find<'a>(&self, id: impl Into<UserIdRef<'a>>) -> Option<UserIx> {
        let position = match (&self.ids, id.into()) {
            (Ids::Integer(ids), UserIdRef::Integer(id)) => ids.binary_search(&id).ok()?,
            (Ids::Text(ids), UserIdRef::Text(id)) => ids.binary_search(id).ok()?,
            _ => return None,
        };
        u32::try_from(position).ok().map(UserIx)
    }

    /// Like [`find`](Self::find), but reads a text as the kind of id that this log has: what a person typed.
    #[must_use]
    pub fn find_text(&self, id: &str) -> Option<UserIx> {
        match &self.ids {
            Ids::Integer(_) => self.find(id.parse::<i64>().ok()?),
            Ids::Text(_) => self.find(id),
        }
    }

    /// All external ids, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = UserIdRef<'_>> + '_ {
        (0..self.len()).map(|index| match &self.ids {
            Ids::Integer(ids) => UserIdRef::Integer(ids[index]),
            Ids::Text(ids) => UserIdRef::Text(ids.text(index)),
        })
    }

    /// The ids where they are integers.
    #[must_use]
    pub fn integers(&self) -> Option<&[i64]> {
        match &self.ids {
            Ids::Integer(ids) => Some(ids),
            Ids::Text(_) => None,
        }
    }

    /// The ids where they are texts.
    #[must_use]
    pub fn texts(&self) -> Option<&TextArena> {
        match &self.ids {
            Ids::Integer(_) => None,
            Ids::Text(ids) => Some(ids),
        }
    }
}

fn check_user_count(count: usize) -> Result<()> {
    if count > USERS_MAX {
        return Err(limit_exceeded(format!(
            "{count} users are more than the {USERS_MAX} that one log can hold; split the log by user"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_by_value_and_by_what_a_person_typed() {
        let integers = UserDirectory::from_sorted_integers(vec![-1, 4, 1_997]).unwrap();
        assert_eq!(integers.find(4), Some(UserIx(1)));
        assert_eq!(integers.find_text("1997"), Some(UserIx(2)));
        assert_eq!(integers.find("4"), None, "a text is not an integer id");
        assert_eq!(integers.find_text("four"), None);

        let texts = UserDirectory::from_sorted_texts(["a", "ab", "b"].into_iter().collect()).unwrap();
        assert_eq!(texts.find("ab"), Some(UserIx(1)));
        assert_eq!(texts.id(UserIx(2)), Some(UserIdRef::Text("b")));
        assert_eq!(texts.id(UserIx(3)), None);
    }

    #[test]
    fn ids_round_trip_through_serde_bare() {
        for (id, json) in [(UserId::from(7), "7"), (UserId::from("7"), "\"7\"")] {
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
            assert_eq!(serde_json::from_str::<UserId>(json).unwrap(), id);
        }
    }
}
