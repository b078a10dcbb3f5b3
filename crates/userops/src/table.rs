//! Answers as tables: named typed columns of equal length, ready to be written or handed to a data frame.

use serde::{Deserialize, Serialize};

use crate::column::{Column, Packed, TextColumn};
use crate::error::{Error, Result, invalid_argument, name_hint, unknown_name};
use crate::id::{UserDirectory, UserIx};
use crate::value::ValueRef;

/// Named columns of equal length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Columns")]
pub struct Table {
    columns: Vec<(String, Column)>,
    row_count: usize,
}

/// What serde reads, before it is known that the columns fit each other.
#[derive(Deserialize)]
#[serde(rename = "Table")]
struct Columns {
    columns: Vec<(String, Column)>,
    row_count: usize,
}

impl TryFrom<Columns> for Table {
    type Error = Error;

    fn try_from(Columns { columns, row_count }: Columns) -> Result<Self> {
        columns.into_iter().try_fold(Self::new(row_count), |table, (name, column)| table.with(name, column))
    }
}

impl Table {
    /// A table without columns, whose columns will have this many rows.
    #[must_use]
    pub fn new(row_count: usize) -> Self {
        Self { columns: Vec::new(), row_count }
    }

    /// Appends a column.
    ///
    /// # Errors
    /// `InvalidArgument` where the name is taken, or the column has another number of rows than the table.
    pub fn push(&mut self, name: impl Into<String>, column: Column) -> Result<()> {
        let name = name.into();
        if column.len() != self.row_count {
            return Err(invalid_argument(format!(
                "column {name:?} has {} rows where the table has {}",
                column.len(),
                self.row_count
            )));
        }
        if self.columns.iter().any(|(known, _)| *known == name) {
            return Err(invalid_argument(format!("the table already has a column {name:?}")));
        }
        self.columns.push((name, column));
        Ok(())
    }

    /// The same table with a column more; as [`Table::push`].
    ///
    /// # Errors
    /// As [`Table::push`].
    pub fn with(mut self, name: impl Into<String>, column: impl Into<Column>) -> Result<Self> {
        self.push(name, column.into())?;
        Ok(self)
    }

    /// The same table with the columns of another one behind its own.
    ///
    /// # Errors
    /// `InvalidArgument` where the other table has another number of rows, or a name is taken.
    pub fn beside(mut self, other: &Self) -> Result<Self> {
        if self.row_count != other.row_count {
            let counts = (self.row_count, other.row_count);
            let message = format!("a table of {} rows cannot stand beside one of {}", counts.0, counts.1);
            return Err(invalid_argument(message));
        }
        other.columns().try_for_each(|(name, column)| self.push(name, column.clone()))?;
        Ok(self)
    }

    /// How many rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// The columns with their names, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> + Clone + '_ {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// A column by name.
    ///
    /// # Errors
    /// `UnknownName`, with the nearest name or the list of names.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, column)| column).ok_or_else(|| {
            let hint = name_hint(name, self.columns.iter().map(|(name, _)| name.as_str()));
            unknown_name(format!("the table has no column {name:?}{hint}"))
        })
    }

    /// The value in a row of a column; `None` where it is unknown, or there is no such row or column.
    #[must_use]
    pub fn get(&self, row: usize, name: &str) -> Option<ValueRef<'_>> {
        self.column(name).ok()?.get(row)
    }
}

/// The external ids of some users as a column: integers or texts, as the directory has them.
#[must_use]
pub fn user_column(users: &UserDirectory, rows: impl IntoIterator<Item = UserIx>) -> Column {
    match (users.integers(), users.texts()) {
        (Some(ids), _) => Column::Integer(rows.into_iter().map(|user| ids.get(user.index()).copied()).collect()),
        (None, Some(ids)) => Column::texts(rows.into_iter().map(|user| ids.get(user.index()))),
        (None, None) => Column::Integer(Packed::default()),
    }
}

macro_rules! column_from {
    ($($type:ty => |$values:ident| $column:expr),* $(,)?) => {$(
        impl From<Vec<$type>> for Column {
            fn from($values: Vec<$type>) -> Self {
                $column
            }
        }
    )*};
}

column_from! {
    bool => |values| Self::Bool(values.into()),
    i64 => |values| Self::Integer(values.into()),
    u8 => |values| Self::Integer(values.into_iter().map(|value| Some(i64::from(value))).collect()),
    u32 => |values| Self::Integer(values.into_iter().map(|value| Some(i64::from(value))).collect()),
    f64 => |values| Self::Float(values.into()),
    Option<i64> => |values| Self::Integer(values.into_iter().collect()),
    Option<u32> => |values| Self::Integer(values.into_iter().map(|value| value.map(i64::from)).collect()),
    Option<f64> => |values| Self::Float(values.into_iter().collect()),
    &str => |values| Self::Text(values.into_iter().map(Some).collect()),
    Option<&str> => |values| Self::Text(values.into_iter().collect()),
    String => |values| Self::Text(values.iter().map(|text| Some(text.as_str())).collect()),
    Option<String> => |values| Self::Text(values.iter().map(Option::as_deref).collect()),
}

impl From<TextColumn> for Column {
    fn from(column: TextColumn) -> Self {
        Self::Text(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_table_refuses_ragged_and_repeated_columns() {
        let table = Table::new(2).with("user", vec!["a", "b"]).unwrap();
        assert_eq!(table.get(1, "user"), Some(ValueRef::Text("b")));
        assert_eq!(table.get(2, "user"), None);
        assert_eq!(table.clone().with("user", vec![1i64, 2]).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(table.clone().with("x", vec![1i64]).unwrap_err().kind(), ErrorKind::InvalidArgument);
        let json = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<Table>(&json).unwrap(), table);
        assert!(serde_json::from_str::<Table>(&json.replace("\"row_count\":2", "\"row_count\":3")).is_err());
        let error = serde_json::from_str::<Table>(&json.replace("\"codes\":[0,1]", "\"codes\":[0,2]")).unwrap_err();
        assert!(error.to_string().contains("the code 2 is past the 2 texts"), "{error}");
        assert!(table.column("usr").unwrap_err().to_string().contains("did you mean \"user\"?"));
    }
}
