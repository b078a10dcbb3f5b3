//! What the models know of a customer: how often, how lately, how long observed.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::read::{Groups, Reader, Rows, numbers, whole_numbers};
use super::repeat::Different;
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The most repeat purchases of a customer: likelihoods keep a number for each.
pub const REPEATS_MAX: u32 = 1_000_000;

/// One customer: repeat purchases, when the last was, and how long the customer has been observed.
///
/// Time counts from the customer's first purchase, which is not one of the repeats, in the unit that the model was
/// fitted in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseHistory {
    /// How many repeat purchases there are.
    pub x: u32,
    /// When the last one was: the customer's age at the last purchase. 0 without repeats.
    pub t_x: f64,
    /// How long the customer has been observed: the literature's T.
    pub age: f64,
}

impl PurchaseHistory {
    /// A customer with so many repeats, the last at `t_x`, observed until `age`.
    ///
    /// # Errors
    /// `InvalidArgument` unless 0 ≤ `t_x` ≤ `age` are finite, `t_x` is 0 exactly where `x` is, and `x` is at most
    /// [`REPEATS_MAX`].
    pub fn new(x: u32, t_x: f64, age: f64) -> Result<Self> {
        let trouble = if !age.is_finite() || age < 0.0 {
            format!("T is {age}: a customer is observed for a time from 0 on")
        } else if !t_x.is_finite() || t_x < 0.0 {
            format!("t_x is {t_x}: the last purchase is a time from 0 on after the first")
        } else if t_x > age {
            format!("t_x is {t_x}, more than T, which is {age}: a purchase after the end is not observed")
        } else if (x == 0) != (t_x == 0.0) {
            format!(
                "t_x is {t_x} with x = {x}: t_x is 0 exactly where nothing was bought again; merge purchases of one day"
            )
        } else if x > REPEATS_MAX {
            format!("x is {x}, more than {REPEATS_MAX}: take the purchases of a longer period together")
        } else {
            // Zero has two signs, which would not be grouped.
            return Ok(Self { x, t_x: t_x + 0.0, age: age + 0.0 });
        };
        Err(invalid_argument(trouble))
    }

    /// As the bits of three words, whose order is that of the values.
    pub(super) fn key(&self) -> (u32, u64, u64) {
        (self.x, self.t_x.to_bits(), self.age.to_bits())
    }
}

/// Rows that one task takes.
const CHUNK: usize = 16_384;

/// Numbers of a column of which every row is known.
enum Known<'a> {
    Integers(&'a [i64]),
    Floats(&'a [f64]),
}

impl<'a> Known<'a> {
    fn of(column: &'a Column) -> Option<Self> {
        match column {
            Column::Integer(values) => values.known().is_none().then(|| Self::Integers(values.values())),
            Column::Float(values) => values.known().is_none().then(|| Self::Floats(values.values())),
            _ => None,
        }
    }

    #[inline]
    fn get(&self, row: usize) -> f64 {
        match self {
            Self::Integers(values) => values[row] as f64,
            Self::Floats(values) => values[row],
        }
    }
}

/// Reads the columns `x`, `t_x` and `T` of a table.
pub(super) struct HistoryReader<'a> {
    /// The three columns, where all of them are known.
    known: Option<[Known<'a>; 3]>,
    x: Reader<'a, u64>,
    t_x: Reader<'a, f64>,
    age: Reader<'a, f64>,
}

impl<'a> HistoryReader<'a> {
    pub(super) fn new(table: &'a Table) -> Result<Self> {
        let x = whole_numbers(table, "x", u64::from(REPEATS_MAX))?;
        let (t_x, age) = (numbers(table, "t_x")?, numbers(table, "T")?);
        let [one, two, three] = ["x", "t_x", "T"].map(|name| table.column(name).ok().and_then(Known::of));
        Ok(Self { known: one.zip(two).zip(three).map(|((one, two), three)| [one, two, three]), x, t_x, age })
    }

    /// Appends the customers of some rows of which everything is known, and tells which rows these are, unless all of them
    /// are. An error names the first row that cannot be.
    pub(super) fn read(&self, rows: Range<usize>, found: &mut Vec<PurchaseHistory>) -> Result<Option<Vec<bool>>> {
        let before = found.len();
        if let Some([x, t_x, age]) = &self.known {
            let mut sound = true;
            found.extend(rows.clone().map(|row| {
                let (repeats, t_x, age) = (x.get(row), t_x.get(row), age.get(row));
                // What is no whole number, or too great, comes back as another number.
                let whole = repeats as u32;
                sound &= f64::from(whole) == repeats && whole <= REPEATS_MAX;
                // No comparison holds of what is no number.
                sound &= t_x >= 0.0 && t_x <= age && age < f64::INFINITY && (whole == 0) == (t_x == 0.0);
                PurchaseHistory { x: whole, t_x: t_x + 0.0, age: age + 0.0 }
            }));
            if sound {
                return Ok(None);
            }
            found.truncate(before);
        }
        let mut known = Vec::with_capacity(rows.len());
        for row in rows {
            let one = self.read_row(row).map_err(|error| error.at(format!("row {row}")))?;
            known.push(one.is_some());
            found.extend(one);
        }
        Ok(known.contains(&false).then_some(known))
    }

    fn read_row(&self, row: usize) -> Result<Option<PurchaseHistory>> {
        match ((self.x)(row)?, (self.t_x)(row)?, (self.age)(row)?) {
            // No more than REPEATS_MAX, as was checked.
            (Some(x), Some(t_x), Some(age)) => PurchaseHistory::new(x as u32, t_x, age).map(Some),
            _ => Ok(None),
        }
    }
}

/// The customers of some rows, and which rows these are, unless all of them are.
type Part = (Vec<PurchaseHistory>, Option<Vec<bool>>);

/// Reads the columns `x`, `t_x`, `T`, and `count` where there is one. A row with something unknown is left out.
pub(crate) fn read_histories(table: &Table) -> Result<Rows<PurchaseHistory>> {
    let reader = HistoryReader::new(table)?;
    let row_count = table.row_count();
    let read = |start: &usize| {
        let mut found = Vec::with_capacity(CHUNK.min(row_count - start));
        let known = reader.read(*start..(start + CHUNK).min(row_count), &mut found)?;
        Ok((found, known))
    };
    let starts: Vec<usize> = (0..row_count).step_by(CHUNK).collect();
    // In the order of the rows, so that an error is that of the first row that has one.
    let parts: Vec<Result<Part>> = starts.par_iter().map(read).collect();
    let mut rows = Vec::with_capacity(row_count);
    for part in parts {
        let (found, known) = part?;
        let mut found = found.into_iter();
        match known {
            None => rows.extend(found.map(Some)),
            Some(known) => rows.extend(known.into_iter().map(|known| if known { found.next() } else { None })),
        }
    }
    Rows::of(table, rows)
}

impl Rows<PurchaseHistory> {
    /// Groups of equal customers, ascending by their keys.
    pub(super) fn equal(&self) -> Groups<PurchaseHistory> {
        let part = |(index, rows): (usize, &[Option<PurchaseHistory>])| {
            let count = |row: usize| self.counts.as_ref().map_or(1, |counts| counts[index * CHUNK + row]);
            let customers: Vec<PurchaseHistory> = rows.iter().flatten().copied().collect();
            let mut different = Different::default();
            different.find(&customers);
            let mut groups: Vec<_> = different.customers.iter().map(|customer| (*customer, 0)).collect();
            let known = (0..rows.len()).filter(|row| rows[*row].is_some());
            different.places.iter().zip(known).for_each(|(place, row)| groups[*place as usize].1 += count(row));
            groups.retain(|(_, count)| *count > 0);
            // With how many of its rows are known.
            (groups, customers.len())
        };
        let parts: Vec<_> = self.rows.par_chunks(CHUNK).enumerate().map(part).collect();
        let known_count: usize = parts.iter().map(|part| part.1).sum();
        let mut groups: Vec<_> = parts.into_iter().flat_map(|part| part.0).collect();
        groups.par_sort_unstable_by_key(|(customer, _)| customer.key());
        Groups::of_sorted(groups, PurchaseHistory::key, (self.rows.len() - known_count) as u64)
    }
}
