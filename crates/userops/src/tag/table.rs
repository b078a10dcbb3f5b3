//! The tags of all users, as columns.

use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::event::unknown;
use crate::id::{UserDirectory, UserIx};
use crate::rule::Context;
use crate::table::{Table, user_column};
use crate::time::Timestamp;
use crate::value::ValueRef;

/// One tag of all users.
#[derive(Debug, Clone, PartialEq)]
pub struct TagColumn {
    pub(super) name: String,
    pub(super) values: Column,
    pub(super) ranks: Vec<Column>,
}

impl TagColumn {
    /// The name of the tag.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of each user: of a tag that is on or off true or false, of others unknown where the user lacks it.
    #[must_use]
    pub fn values(&self) -> &Column {
        &self.values
    }

    /// What comes after the value, from the second rank on: of preferences for more than one value.
    #[must_use]
    pub fn ranks(&self) -> &[Column] {
        &self.ranks
    }

    /// The user's value; `None` where the user does not have the tag, or is not there.
    #[must_use]
    pub fn value(&self, user: UserIx) -> Option<ValueRef<'_>> {
        self.values.get(user.index()).filter(|value| *value != ValueRef::Bool(false))
    }

    /// Whether the user has the tag.
    #[must_use]
    pub fn has(&self, user: UserIx) -> bool {
        self.value(user).is_some()
    }

    /// How many users have it.
    #[must_use]
    pub fn holder_count(&self) -> usize {
        match &self.values {
            Column::Bool(values) => values.values().iter().filter(|value| **value).count(),
            values => values.known_count(),
        }
    }

    /// The value and what comes after it, best first; as [`TagColumn::value`] where there is but one.
    #[must_use]
    pub fn ranked(&self, user: UserIx) -> Vec<ValueRef<'_>> {
        let rest = self.ranks.iter().map_while(|column| column.get(user.index()));
        self.value(user).into_iter().chain(rest).collect()
    }
}

/// The tags of all users as of one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct TagTable {
    as_of: Timestamp,
    user_count: usize,
    tags: Vec<TagColumn>,
}

impl TagTable {
    /// A table without tags, of a log with so many users.
    #[must_use]
    pub fn new(as_of: Timestamp, user_count: usize) -> Self {
        Self { as_of, user_count, tags: Vec::new() }
    }

    /// Appends a tag.
    ///
    /// # Errors
    /// `InvalidArgument` where the name is taken, or a column has another number of rows than there are users.
    pub fn push(&mut self, tag: TagColumn) -> Result<()> {
        if self.tags.iter().any(|known| known.name == tag.name) {
            return Err(invalid_argument(format!("the table already has a tag {:?}", tag.name)));
        }
        if let Some(column) = std::iter::once(&tag.values).chain(&tag.ranks).find(|rows| rows.len() != self.user_count)
        {
            return Err(invalid_argument(format!(
                "tag {:?} has {} rows where there are {} users",
                tag.name,
                column.len(),
                self.user_count
            )));
        }
        self.tags.push(tag);
        Ok(())
    }

    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// How many users there are.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.user_count
    }

    /// The tags, in order.
    #[must_use]
    pub fn tags(&self) -> &[TagColumn] {
        &self.tags
    }

    /// A tag by name.
    ///
    /// # Errors
    /// `UnknownName`, with the nearest name.
    pub fn tag(&self, name: &str) -> Result<&TagColumn> {
        let found = self.tags.iter().find(|tag| tag.name == name);
        found.ok_or_else(|| unknown("tag", name, self.tags.iter().map(|tag| tag.name.as_str())))
    }

    /// The tags that a user has, in order, with their values.
    pub fn tags_of(&self, user: UserIx) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.tags.iter().filter_map(move |tag| Some((tag.name.as_str(), tag.value(user)?)))
    }

    /// Adds the tags to what rules may read; one of the same name is replaced.
    pub fn join_context(&self, context: &mut Context) {
        context.tags.extend(self.tags.iter().map(|tag| (tag.name.clone(), tag.values.clone())));
    }

    /// The table, a row per user in the order of the directory: `user`, then a column per tag by its name. A preference
    /// for more than one value has `name.2`, `name.3` and so on after it, for the second and later ranks.
    ///
    /// # Errors
    /// `InvalidArgument` where a tag is called `user` or as another's rank, or the directory is of another log.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let rows = (0..users.len()).map(|user| UserIx(user as u32));
        let mut table = Table::new(self.user_count).with("user", user_column(users, rows))?;
        for tag in &self.tags {
            table.push(tag.name.as_str(), tag.values.clone())?;
            for (index, rank) in tag.ranks.iter().enumerate() {
                table.push(format!("{}.{}", tag.name, index + 2), rank.clone())?;
            }
        }
        Ok(table)
    }

    /// How many users have each tag: `tag`, `value`, `user_count`, a row per tag and value. A tag of numbers or
    /// instants has a single row, whose value is unknown.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_count_table(&self) -> Result<Table> {
        let mut rows: Vec<(&str, Option<&str>, i64)> = Vec::new();
        for tag in &self.tags {
            let Column::Text(texts) = &tag.values else {
                rows.push((&tag.name, None, tag.holder_count() as i64));
                continue;
            };
            let values = texts.dictionary.iter().zip(texts.counts()).filter(|(_, count)| *count > 0);
            rows.extend(values.map(|(value, count)| (tag.name.as_str(), Some(value), count as i64)));
        }
        Table::new(rows.len())
            .with("tag", rows.iter().map(|(tag, ..)| *tag).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|(_, value, _)| *value).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|(.., count)| *count).collect::<Vec<_>>())
    }
}
