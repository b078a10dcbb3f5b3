//! Lines as columns of values.

use std::borrow::Cow;
use std::collections::HashMap;

use userops::ingest::{RawBatch, RawColumn, RawFault, RawValue, RejectReason};

use super::line::{Json, Number, flatten};
use crate::input::batch_between;

/// The most rows of one batch.
const BATCH_ROWS: usize = 4_096;

/// A value that is kept until its batch is handed over.
#[derive(Debug, Clone)]
enum Cell<'a> {
    Value(RawValue<'a>),
    /// A text that had escapes in it.
    Text(String),
}

/// Rows that were read and not yet handed over.
pub(super) struct Rows<'a> {
    wanted: &'a [String],
    places: HashMap<&'a str, usize>,
    /// For each column, whether its numbers keep their decimals.
    exact: Vec<bool>,
    cells: Vec<Vec<Option<Cell<'a>>>>,
    faults: Vec<RawFault>,
    row_count: usize,
    first_row: u64,
    next_row: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(wanted: &'a [String], amounts: &[String], first_row: u64) -> Self {
        Self {
            wanted,
            places: wanted.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect(),
            exact: wanted.iter().map(|name| amounts.contains(name)).collect(),
            cells: vec![Vec::new(); wanted.len()],
            faults: Vec::new(),
            row_count: 0,
            first_row,
            next_row: first_row,
        }
    }

    /// The number of the row to come.
    pub(super) fn next_row(&self) -> u64 {
        self.next_row
    }

    pub(super) fn is_full(&self) -> bool {
        self.row_count + self.faults.len() >= BATCH_ROWS
    }

    /// Takes a line in.
    pub(super) fn push(&mut self, line: &'a [u8]) {
        let fault = match std::str::from_utf8(line) {
            Ok(text) => self.push_object(text).then_some(RejectReason::Malformed),
            Err(_) => Some(RejectReason::InvalidUtf8),
        };
        match fault {
            None => self.row_count += 1,
            Some(reason) => {
                self.cells.iter_mut().for_each(|cells| cells.truncate(self.row_count));
                let line = String::from_utf8_lossy(line).into_owned();
                self.faults.push(RawFault { row: self.next_row, reason, line });
            }
        }
        self.next_row += 1;
    }

    /// Takes an object in, and says whether it is broken.
    fn push_object(&mut self, line: &'a str) -> bool {
        self.cells.iter_mut().for_each(|cells| cells.push(None));
        let (places, exact, cells, row) = (&self.places, &self.exact, &mut self.cells, self.row_count);
        let result = flatten(line, &mut |name, value| {
            if let Some(place) = places.get(name) {
                cells[*place][row] = cell_of(value, exact[*place]);
            }
        });
        result.is_err()
    }

    pub(super) fn batch<'b>(&'b self, source: &'b str) -> RawBatch<'b> {
        let mut batch = batch_between(source, self.first_row..self.next_row, &self.faults);
        for (name, cells) in self.wanted.iter().zip(&self.cells) {
            let values = cells.iter().map(|cell| match cell.as_ref()? {
                Cell::Value(value) => Some(*value),
                Cell::Text(text) => Some(RawValue::Text(text)),
            });
            batch.push(name.as_str(), RawColumn::values(values));
        }
        batch
    }

    pub(super) fn clear(&mut self) {
        self.cells.iter_mut().for_each(Vec::clear);
        self.faults.clear();
        self.row_count = 0;
        self.first_row = self.next_row;
    }
}

fn cell_of(value: Json<'_>, exact: bool) -> Option<Cell<'_>> {
    Some(Cell::Value(match value {
        Json::Null => return None,
        Json::Bool(value) => RawValue::Bool(value),
        Json::Text(Cow::Borrowed(text)) => RawValue::Text(text),
        Json::Text(Cow::Owned(text)) => return Some(Cell::Text(text)),
        Json::Other(text) => RawValue::Other(text),
        Json::Number(text) => match Number::read(text, exact) {
            Number::Integer(value) => RawValue::Integer(value),
            Number::Unsigned(value) => RawValue::Unsigned(value),
            Number::Decimal(value, scale) => RawValue::Decimal(value, scale),
            Number::Float(value) => RawValue::Float(value),
        },
    }))
}
