//! The scores of the customers of a table by a model of purchases at any time.
//!
//! A table is cut into parts. Of each the rows are read, equal customers are found, and the different ones are worked out
//! some hundred at a time, so that what is the same for all goes over slices. A row's scores are those of the scalar
//! functions, bit by bit, whatever else is in the table.

use std::ops::Range;

use rayon::prelude::*;

use super::history::{HistoryReader, PurchaseHistory};
use super::repeat::Different;
use crate::column::Column;
use crate::error::Result;
use crate::table::Table;

/// Rows that one task takes.
const CHUNK: usize = 16_384;
/// Customers that are worked out at a time: all that is known of them stays in the nearest cache.
const TILE: usize = 256;

/// What is told of customers within a time.
pub(super) struct ToCome<'a> {
    /// The horizon.
    pub(super) t: f64,
    /// Purchases to come.
    pub(super) expected: &'a mut [f64],
    /// The probability of no purchase.
    pub(super) quiet: &'a mut [f64],
}

/// What the three models of purchases at any time have in common. The probability of being there is worked out once for each
/// customer, and all else from it.
pub(crate) trait PurchaseModel: Sync {
    /// The probability that the customer is there still.
    fn alive(&self, history: &PurchaseHistory) -> f64;
    /// Purchases to come within `t`.
    fn expected(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64;
    /// The probability of no purchase within `t`.
    fn quiet(&self, alive: f64, history: &PurchaseHistory, t: f64) -> f64;
    /// All purchases to come, discounted.
    ///
    /// # Errors
    /// `InvalidArgument` for a rate that cannot be, or a model without a closed form.
    fn discounted(&self, alive: f64, history: &PurchaseHistory, rate: f64) -> Result<f64>;
}

/// A model that scores many customers in less time than one by one.
pub(super) trait SliceModel: PurchaseModel {
    /// What is kept from some customers to the next.
    type Tables: Default;

    /// The probability of being there, and where there is a horizon what is to come, for some customers at once, with the bits of the
    /// scalar functions.
    fn score(
        &self,
        tables: &mut Self::Tables,
        customers: &[PurchaseHistory],
        alive: &mut [f64],
        to_come: Option<ToCome<'_>>,
    );
}

/// What one thread keeps from one part of a table to the next.
struct Scratch<T> {
    tables: T,
    customers: Vec<PurchaseHistory>,
    different: Different,
    alive: Vec<f64>,
    expected: Vec<f64>,
    quiet: Vec<f64>,
    discounted: Vec<f64>,
}

impl<T: Default> Scratch<T> {
    fn new() -> Self {
        Self {
            tables: T::default(),
            customers: Vec::new(),
            different: Different::default(),
            alive: Vec::new(),
            expected: Vec::new(),
            quiet: Vec::new(),
            discounted: Vec::new(),
        }
    }

    /// Works out the different ones of the customers.
    fn score<M: SliceModel<Tables = T>>(
        &mut self,
        model: &M,
        horizon: Option<f64>,
        discount: Option<f64>,
    ) -> Result<()> {
        self.different.find(&self.customers);
        let customers = &self.different.customers;
        let len = customers.len();
        self.alive.resize(len, 0.0);
        self.expected.resize(if horizon.is_some() { len } else { 0 }, 0.0);
        self.quiet.resize(self.expected.len(), 0.0);
        for start in (0..len).step_by(TILE) {
            let tile = start..(start + TILE).min(len);
            let to_come = horizon.map(|t| ToCome {
                t,
                expected: &mut self.expected[tile.clone()],
                quiet: &mut self.quiet[tile.clone()],
            });
            model.score(&mut self.tables, &customers[tile.clone()], &mut self.alive[tile], to_come);
        }
        self.discounted.clear();
        if let Some(rate) = discount {
            for (customer, alive) in customers.iter().zip(&self.alive) {
                self.discounted.push(model.discounted(*alive, customer, rate)?);
            }
        }
        Ok(())
    }

    /// Writes what was worked out to the rows that are known.
    fn tell(&self, columns: &mut [&mut [f64]], known: Option<&[bool]>) {
        let told = [&self.alive, &self.expected, &self.quiet, &self.discounted];
        let told = told.into_iter().enumerate().filter(|(index, values)| *index == 0 || !values.is_empty());
        for (column, (_, values)) in columns.iter_mut().zip(told) {
            let values = self.different.places.iter().map(|place| values[*place as usize]);
            match known {
                None => column.iter_mut().zip(values).for_each(|(cell, value)| *cell = value),
                Some(known) => {
                    let cells = column.iter_mut().zip(known).filter(|(_, known)| **known);
                    cells.zip(values).for_each(|((cell, _), value)| *cell = value);
                }
            }
        }
    }
}

/// A row for each customer; unknown where the row is.
pub(super) fn score_purchases<M: SliceModel>(
    customers: &Table,
    horizon: Option<f64>,
    discount: Option<f64>,
    model: &M,
) -> Result<Table> {
    let reader = HistoryReader::new(customers)?;
    let row_count = customers.row_count();
    let names = [
        Some("alive_probability"),
        horizon.map(|_| "expected_purchases"),
        horizon.map(|_| "no_purchase_probability"),
        discount.map(|_| "discounted_purchases"),
    ];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let mut columns: Vec<Vec<f64>> = names.iter().map(|_| vec![0.0; row_count]).collect();
    let mut parts: Vec<(Range<usize>, Vec<&mut [f64]>)> = (0..row_count)
        .step_by(CHUNK)
        .map(|start| (start..(start + CHUNK).min(row_count), Vec::with_capacity(names.len())))
        .collect();
    for column in &mut columns {
        parts.iter_mut().zip(column.chunks_mut(CHUNK)).for_each(|(part, cells)| part.1.push(cells));
    }
    let score = |scratch: &mut Scratch<M::Tables>, (rows, mut cells): (Range<usize>, Vec<&mut [f64]>)| {
        scratch.customers.clear();
        let known = reader.read(rows, &mut scratch.customers)?;
        scratch.score(model, horizon, discount)?;
        scratch.tell(&mut cells, known.as_deref());
        Ok(known)
    };
    // In the order of the rows, so that an error is that of the first row that has one.
    let known: Vec<Result<Option<Vec<bool>>>> = parts.into_par_iter().map_init(Scratch::new, score).collect();
    let known = known.into_iter().collect::<Result<Vec<_>>>()?;
    let columns = names.into_iter().zip(columns);
    if known.iter().all(Option::is_none) {
        return columns.into_iter().try_fold(Table::new(row_count), |table, (name, values)| table.with(name, values));
    }
    let known: Vec<bool> =
        (0..row_count).map(|row| known[row / CHUNK].as_ref().is_none_or(|known| known[row % CHUNK])).collect();
    columns.into_iter().try_fold(Table::new(row_count), |table, (name, values)| {
        let values = values.into_iter().zip(&known).map(|(value, known)| known.then_some(value));
        table.with(name, Column::Float(values.collect()))
    })
}
