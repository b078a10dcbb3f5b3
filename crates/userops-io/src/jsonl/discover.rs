//! Finds the columns of lines that have no heading.

use std::collections::HashMap;

use userops::error::{Error, ErrorKind, Result};
use userops::event::NAMES_MAX;
use userops::value::ValueType;

use super::line::{Json, Number, flatten};
use super::lines;
use crate::block::Block;
use crate::heading::{Heading, Kind};
use crate::input::Parts;
use crate::parallel::map_in_order;

/// The types of the values of a column.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    first: Option<ValueType>,
    /// A bit for each of bool, integer, float, text.
    types: u8,
}

const BOOL: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 4;
const TEXT: u8 = 8;

impl Seen {
    fn of(value: &Json<'_>) -> Self {
        let (first, types) = match value {
            Json::Null => return Self::default(),
            Json::Bool(_) => (ValueType::Bool, BOOL),
            Json::Number(text) => match Number::read(text, false) {
                Number::Integer(_) | Number::Unsigned(_) => (ValueType::Integer, INTEGER),
                Number::Decimal(..) | Number::Float(_) => (ValueType::Float, FLOAT),
            },
            Json::Text(_) => (ValueType::Text, TEXT),
            // It is of no type that a column has, so rows are judged one by one.
            Json::Other(_) => (ValueType::Text, TEXT | BOOL),
        };
        Self { first: Some(first), types }
    }

    /// The types of two stretches together. Where they are divided does not matter.
    fn join(self, later: Self) -> Self {
        Self { first: self.first.or(later.first), types: self.types | later.types }
    }

    fn kind(self) -> Kind {
        match (self.first, self.types) {
            (None, _) => Kind::Null,
            (Some(first), types) if types.is_power_of_two() => Kind::Typed(first),
            (Some(_), types) if types == INTEGER | FLOAT => Kind::Typed(ValueType::Float),
            (Some(ValueType::Integer), types) if types & FLOAT != 0 => Kind::Mixed(ValueType::Float),
            (Some(first), _) => Kind::Mixed(first),
        }
    }
}

/// Columns in order of first appearance.
#[derive(Debug, Default)]
struct Columns {
    places: HashMap<String, usize>,
    columns: Vec<(String, Seen)>,
    row_count: u64,
}

impl Columns {
    fn note(&mut self, name: &str, seen: Seen) {
        match self.places.get(name) {
            Some(place) => self.columns[*place].1 = self.columns[*place].1.join(seen),
            None => {
                self.places.insert(name.to_owned(), self.columns.len());
                self.columns.push((name.to_owned(), seen));
            }
        }
    }

    fn check(&self) -> Result<()> {
        if self.columns.len() <= NAMES_MAX {
            return Ok(());
        }
        let message =
            format!("{} fields are more than the limit {NAMES_MAX}; are values used as keys?", self.columns.len());
        Err(Error::new(ErrorKind::LimitExceeded, message))
    }
}

/// The columns of all lines together, and the number of rows, those that cannot be read included.
pub(super) fn discover(parts: Parts<'_, Block>) -> Result<(Heading, u64)> {
    let mut all = Columns::default();
    map_in_order(
        parts,
        |part| columns_of(part.bytes()),
        |columns: Columns| {
            all.row_count += columns.row_count;
            columns.columns.iter().for_each(|(name, seen)| all.note(name, *seen));
            all.check()
        },
    )?;
    let columns = all.columns.into_iter().map(|(name, seen)| (name, seen.kind()));
    Ok((Heading::new(columns.collect()), all.row_count))
}

fn columns_of(bytes: &[u8]) -> Result<Columns> {
    let mut columns = Columns::default();
    let mut fields = Vec::new();
    for line in lines(bytes) {
        columns.row_count += 1;
        let Ok(line) = std::str::from_utf8(line) else { continue };
        // A line that proves to be broken names no columns.
        fields.clear();
        if flatten(line, &mut |name, value| fields.push((name.to_owned(), Seen::of(&value)))).is_ok() {
            fields.iter().for_each(|(name, seen)| columns.note(name, *seen));
        }
        columns.check()?;
    }
    Ok(columns)
}
