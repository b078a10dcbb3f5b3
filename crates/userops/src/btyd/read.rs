//! Numbers of tables, checked row by row.

use crate::column::Column;
use crate::error::{Result, invalid_argument, limit_exceeded, type_mismatch};
use crate::table::Table;

/// Counts are added up in floating point, exactly up to here.
const COUNT_MAX: u64 = 1 << 53;

/// Finds the number in a row.
pub(crate) type Reader<'a, T> = Box<dyn Fn(usize) -> Result<Option<T>> + Send + Sync + 'a>;

fn mismatch(column: &Column, name: &str) -> crate::error::Error {
    type_mismatch(format!("the column {name:?} is of type {}, where numbers are needed", column.value_type()))
}

/// The finite numbers of a column.
pub(crate) fn numbers<'a>(table: &'a Table, name: &'a str) -> Result<Reader<'a, f64>> {
    match table.column(name)? {
        Column::Integer(values) => Ok(Box::new(move |row| Ok(values.get(row).map(|value| value as f64)))),
        Column::Float(values) => Ok(Box::new(move |row| match values.get(row) {
            Some(value) if !value.is_finite() => {
                Err(invalid_argument(format!("{name:?} is {value}: leave it unknown, or leave the row out")))
            }
            value => Ok(value),
        })),
        other => Err(mismatch(other, name)),
    }
}

/// The whole numbers of a column, from 0 to `most`; floats are taken where they are whole.
pub(super) fn whole_numbers<'a>(table: &'a Table, name: &'a str, most: u64) -> Result<Reader<'a, u64>> {
    let checked = move |value: f64| {
        if value.fract() != 0.0 || !(0.0..=most as f64).contains(&value) {
            let message = format!("{name:?} is {value}: it is a whole number from 0 to {most}");
            return Err(invalid_argument(message));
        }
        Ok(value as u64)
    };
    match table.column(name)? {
        Column::Integer(values) => Ok(Box::new(move |row| match values.get(row) {
            Some(value) => match u64::try_from(value).ok().filter(|value| *value <= most) {
                None => checked(value as f64).map(Some),
                found => Ok(found),
            },
            None => Ok(None),
        })),
        Column::Float(values) => Ok(Box::new(move |row| values.get(row).map(checked).transpose())),
        other => Err(mismatch(other, name)),
    }
}

/// Whether a table has a column.
pub(crate) fn has(table: &Table, name: &str) -> bool {
    table.columns().any(|(known, _)| known == name)
}

/// How many customers each row stands for, where a column `count` says so; an unknown count is one of 0.
fn counts(table: &Table) -> Result<Option<Vec<u64>>> {
    if !has(table, "count") {
        return Ok(None);
    }
    let reader = whole_numbers(table, "count", COUNT_MAX)?;
    let counts: Vec<u64> = (0..table.row_count())
        .map(|row| Ok(reader(row).map_err(|error| error.at(format!("row {row}")))?.unwrap_or(0)))
        .collect::<Result<_>>()?;
    let total: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    if total > u128::from(COUNT_MAX) {
        return Err(limit_exceeded(format!("{total} customers are more than {COUNT_MAX}: scale \"count\" down")));
    }
    Ok(Some(counts))
}

/// The customers of a table: a row for each of which everything is known, and how many each stands for.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    pub(crate) rows: Vec<Option<T>>,
    pub(super) counts: Option<Vec<u64>>,
}

/// Groups of equal customers, each with how many there are.
#[derive(Debug)]
pub(super) struct Groups<T> {
    /// Ascending by the key.
    pub(super) groups: Vec<(T, f64)>,
    pub(super) customer_count: u64,
    /// Rows of which something is unknown, or that say nothing.
    pub(super) left_out_count: u64,
}

impl<T: Copy> Rows<T> {
    /// Reads every row of a table. An error names the row.
    pub(super) fn read(table: &Table, mut row: impl FnMut(usize) -> Result<Option<T>>) -> Result<Self> {
        let read = |index: usize| row(index).map_err(|error| error.at(format!("row {index}")));
        Self::of(table, (0..table.row_count()).map(read).collect::<Result<_>>()?)
    }

    /// Rows that were read from a table.
    pub(super) fn of(table: &Table, rows: Vec<Option<T>>) -> Result<Self> {
        Ok(Self { rows, counts: counts(table)? })
    }

    /// Groups of the rows that say something, by a key.
    pub(super) fn groups<K: Ord>(&self, says: impl Fn(&T) -> bool, key: impl Fn(&T) -> K) -> Groups<T> {
        let count = |row: usize| self.counts.as_ref().map_or(1, |counts| counts[row]);
        let telling = |(index, row): (usize, &Option<T>)| row.filter(|row| says(row)).map(|row| (row, count(index)));
        let mut groups: Vec<(T, u64)> = self.rows.iter().enumerate().filter_map(telling).collect();
        let left_out_count = (self.rows.len() - groups.len()) as u64;
        groups.retain(|(_, count)| *count > 0);
        groups.sort_unstable_by_key(|(row, _)| key(row));
        Groups::of_sorted(groups, key, left_out_count)
    }
}

impl<T> Groups<T> {
    /// Groups of customers in the order of their keys, each with how many there are.
    pub(super) fn of_sorted<K: PartialEq>(
        mut groups: Vec<(T, u64)>,
        key: impl Fn(&T) -> K,
        left_out_count: u64,
    ) -> Self {
        groups.dedup_by(|next, kept| {
            let same = key(&next.0) == key(&kept.0);
            if same {
                kept.1 += next.1;
            }
            same
        });
        let customer_count = groups.iter().map(|(_, count)| count).sum();
        let groups = groups.into_iter().map(|(row, count)| (row, count as f64)).collect();
        Self { groups, customer_count, left_out_count }
    }
}

impl<T: Clone> Groups<T> {
    /// About so many of the groups, at equal distances.
    pub(super) fn some(&self, wanted: usize) -> Vec<(T, f64)> {
        self.groups.iter().step_by((self.groups.len() / wanted).max(1)).cloned().collect()
    }
}
