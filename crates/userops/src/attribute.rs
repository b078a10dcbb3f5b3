//! What is known of users beside their events: typed attributes, in columns.

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::error::Result;
use crate::event::unknown;
use crate::id::UserIx;
use crate::value::ValueRef;

/// One typed column per attribute, a row per user in the order of the log's directory.
///
/// An attribute that is unknown for a user is `None`; a text that is known to be empty is `""`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Columns")]
pub struct AttributeTable {
    /// Ascending by name.
    columns: Vec<(String, Column)>,
}

/// What serde reads: columns in any order.
#[derive(Deserialize)]
#[serde(rename = "AttributeTable")]
struct Columns {
    columns: Vec<(String, Column)>,
}

impl From<Columns> for AttributeTable {
    fn from(Columns { columns }: Columns) -> Self {
        Self::new(columns)
    }
}

impl AttributeTable {
    pub(crate) fn new(mut columns: Vec<(String, Column)>) -> Self {
        columns.sort_by(|a, b| a.0.cmp(&b.0));
        Self { columns }
    }

    /// Whether there is no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The attributes with their names, ascending by name.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> + Clone + '_ {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// An attribute by name.
    ///
    /// # Errors
    /// `UnknownName` where there is none, with the nearest name.
    pub fn column(&self, name: &str) -> Result<&Column> {
        let found = self.columns.binary_search_by(|(known, _)| known.as_str().cmp(name));
        found
            .map(|index| &self.columns[index].1)
            .map_err(|_| unknown("attribute", name, self.columns.iter().map(|(name, _)| name.as_str())))
    }

    /// A user's value of an attribute; `None` where it is unknown, or there is no such user or attribute.
    #[must_use]
    pub fn get(&self, user: UserIx, name: &str) -> Option<ValueRef<'_>> {
        self.column(name).ok()?.get(user.index())
    }
}
