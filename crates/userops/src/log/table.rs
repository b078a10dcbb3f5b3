//! A log as tables: its events, and what is known of its users.

use super::EventLog;
use crate::column::Column;
use crate::error::Result;
use crate::id::UserIx;
use crate::table::{Table, user_column};

impl EventLog {
    /// The events as a table, a row per event in the log's order: `user`, `time`, `event`, `amount_minor`, `id` where
    /// any event has one, then the properties by their names.
    ///
    /// # Errors
    /// `InvalidArgument` where a property is named like one of the other columns; see
    /// [`EventLog::to_prefixed_table`].
    pub fn to_table(&self) -> Result<Table> {
        self.to_prefixed_table("")
    }

    /// As [`EventLog::to_table`], with `prefix` before the name of each property, so that none can be taken for
    /// another column.
    ///
    /// # Errors
    /// As [`EventLog::to_table`].
    pub fn to_prefixed_table(&self, prefix: &str) -> Result<Table> {
        let users = self.all_users().flat_map(|user| self.rows(user).map(move |_| user));
        let names = self.name_codes().iter().map(|code| self.names().get(u32::from(*code)));
        let mut table = Table::new(self.event_count())
            .with("user", user_column(self.users(), users))?
            .with("time", Column::Time(self.time_micros().to_vec().into()))?
            .with("event", Column::texts(names))?
            .with("amount_minor", Column::Integer(self.amount_minor().clone()))?;
        if self.has_event_ids() {
            table.push("id", Column::texts((0..self.event_count()).map(|row| self.event_id(row))))?;
        }
        for (name, column) in self.properties() {
            table.push(format!("{prefix}{name}"), column.clone())?;
        }
        Ok(table)
    }

    /// What is known of the users, a row per user in the directory's order: `user`, then the attributes by their names.
    ///
    /// # Errors
    /// `InvalidArgument` where an attribute is named `user`; see [`EventLog::to_prefixed_attribute_table`].
    pub fn to_attribute_table(&self) -> Result<Table> {
        self.to_prefixed_attribute_table("")
    }

    /// As [`EventLog::to_attribute_table`], with `prefix` before the name of each attribute.
    ///
    /// # Errors
    /// As [`EventLog::to_attribute_table`].
    pub fn to_prefixed_attribute_table(&self, prefix: &str) -> Result<Table> {
        let mut table = Table::new(self.user_count()).with("user", user_column(self.users(), self.all_users()))?;
        for (name, column) in self.attributes().columns() {
            table.push(format!("{prefix}{name}"), column.clone())?;
        }
        Ok(table)
    }

    fn all_users(&self) -> impl Iterator<Item = UserIx> {
        (0..self.user_count() as u32).map(UserIx)
    }
}
