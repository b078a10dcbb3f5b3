//! Groups of users by an attribute.

use crate::column::{Column, Packed};
use crate::error::{Result, limit_exceeded, type_mismatch};
use crate::log::EventLog;

/// The most groups that cohorts are broken down by: more are ids, not groups.
pub const GROUPS_MAX: usize = 1_000;

/// The group of every user.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    /// For each user the index of its group; empty where all users are of one.
    of: Vec<u32>,
    /// The groups' names, in order of the values; the last is that of users for whom the attribute is unknown.
    labels: Vec<Option<String>>,
}

impl Groups {
    /// All users in one group without a name.
    pub(super) fn one() -> Self {
        Self { of: Vec::new(), labels: vec![None] }
    }

    /// # Errors
    /// `UnknownName` where the log has no such attribute; `TypeMismatch` where its values are no names of groups;
    /// `LimitExceeded` for more than [`GROUPS_MAX`] values.
    pub(super) fn new(log: &EventLog, attribute: &str) -> Result<Self> {
        match log.attributes().column(attribute)? {
            Column::Text(texts) => {
                let mut names: Vec<&str> = texts.dictionary.iter().collect();
                names.sort_by_key(|name| order_of(Some(*name)));
                let code = |name: &str| names.binary_search_by_key(&order_of(Some(name)), |name| order_of(Some(*name)));
                let codes: Vec<Option<u32>> =
                    texts.dictionary.iter().map(|name| code(name).ok().map(|code| code as u32)).collect();
                let of_user = |code: Option<u32>| codes.get(code? as usize).copied().flatten();
                let names = names.into_iter().map(str::to_owned).collect();
                Self::of_codes(texts.codes.iter().map(of_user), names, attribute)
            }
            Column::Bool(values) => {
                let names = vec!["false".to_owned(), "true".to_owned()];
                Self::of_codes(values.iter().map(|value| value.map(u32::from)), names, attribute)
            }
            Column::Integer(values) => {
                let distinct = distinct(values);
                let names = distinct.iter().map(i64::to_string).collect();
                let code = |value: i64| distinct.binary_search(&value).ok().map(|code| code as u32);
                Self::of_codes(values.iter().map(|value| value.and_then(code)), names, attribute)
            }
            other => Err(type_mismatch(format!(
                "the attribute {attribute:?} is of type {}; cohorts are broken down by a text, a bool or an integer",
                other.value_type()
            ))),
        }
    }

    fn of_codes(codes: impl Iterator<Item = Option<u32>>, names: Vec<String>, attribute: &str) -> Result<Self> {
        if names.len() > GROUPS_MAX {
            return Err(limit_exceeded(format!(
                "the attribute {attribute:?} has {} values, where cohorts are broken down by at most {GROUPS_MAX}; take \
                 an attribute with fewer values",
                names.len()
            )));
        }
        let unknown = names.len() as u32;
        let of = codes.map(|code| code.unwrap_or(unknown)).collect();
        Ok(Self { of, labels: names.into_iter().map(Some).chain([None]).collect() })
    }

    /// How many groups there are, with or without users.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The group of a user.
    #[inline]
    pub(super) fn of(&self, user: usize) -> usize {
        self.of.get(user).map_or(0, |group| *group as usize)
    }

    /// The name of a group; `None` for users of unknown attribute, or where all users are of one group.
    pub(super) fn label(&self, group: usize) -> Option<String> {
        self.labels.get(group).cloned().flatten()
    }
}

/// The order of groups by their names: whole numbers by value, then other texts by their bytes, then users of unknown value.
pub(super) fn order_of(group: Option<&str>) -> (bool, bool, i64, &str) {
    let text = group.unwrap_or_default();
    let number = text.parse::<i64>().ok();
    (group.is_none(), number.is_none(), number.unwrap_or(0), text)
}

fn distinct(values: &Packed<i64>) -> Vec<i64> {
    let mut distinct = values.values().to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}
