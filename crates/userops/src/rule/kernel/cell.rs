//! Measured columns: a plain number per user, and what the numbers stand for.

use std::ops::Range;

use super::bits::WORD_BITS;
use super::literal::Subject;
use super::pattern::Field;
use crate::column::{Bitmap, Column, Dictionary, Packed, TextColumn};
use crate::log::EventLog;
use crate::money::Currency;

/// What the numbers of a measured column are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// Numbers of things, which fit 32 bits.
    Count,
    Bool,
    Integer,
    Float,
    /// Codes of these texts.
    Text(&'a Dictionary),
    Time,
    Date,
    /// Minor units.
    Money(Currency),
    /// Minor units with a fraction.
    MoneyMean(Currency),
    /// True or false, a bit per user.
    Truth,
}

impl<'a> Kind<'a> {
    /// What the values of a field are.
    pub(crate) fn of(field: Field<'a>, log: &EventLog) -> Self {
        match field {
            Field::Money(_) => Self::Money(log.currency()),
            Field::Property(Column::Bool(_)) => Self::Bool,
            Field::Property(Column::Integer(_)) => Self::Integer,
            Field::Property(Column::Float(_)) => Self::Float,
            Field::Property(Column::Text(column)) => Self::Text(&column.dictionary),
            Field::Property(Column::Time(_)) => Self::Time,
            Field::Property(Column::Date(_)) => Self::Date,
        }
    }

    /// What tests compare with.
    pub(crate) fn subject(self) -> Subject<'a> {
        match self {
            Self::Count | Self::Integer => Subject::Integer,
            Self::Bool | Self::Truth => Subject::Bool,
            Self::Float => Subject::Float,
            Self::Text(dictionary) => Subject::Text(dictionary),
            Self::Time => Subject::Time,
            Self::Date => Subject::Date,
            Self::Money(currency) => Subject::Money(currency),
            Self::MoneyMean(currency) => Subject::MoneyMean(currency),
        }
    }

    /// Cells for so many users, all zero.
    pub(crate) fn cells(self, users: usize) -> Cells {
        match self {
            Self::Count | Self::Text(_) => Cells::Small(vec![0; users]),
            Self::Float | Self::MoneyMean(_) => Cells::Real(vec![0.0; users]),
            Self::Truth => Cells::Truth(vec![0; users.div_ceil(WORD_BITS)]),
            _ => Cells::Whole(vec![0; users]),
        }
    }
}

/// A number per user.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    Small(Vec<u32>),
    Whole(Vec<i64>),
    Real(Vec<f64>),
    /// A bit per user.
    Truth(Vec<u64>),
}

/// Cells of some users in a row.
#[derive(Debug)]
pub(crate) enum CellsMut<'a> {
    Small(&'a mut [u32]),
    Whole(&'a mut [i64]),
    Real(&'a mut [f64]),
    Truth(&'a mut [u64]),
}

impl CellsMut<'_> {
    /// The cells of some users; a range of words for truths. They begin at a multiple of 64.
    pub(crate) fn block(&mut self, users: Range<usize>) -> CellsMut<'_> {
        match self {
            Self::Small(cells) => CellsMut::Small(&mut cells[users]),
            Self::Whole(cells) => CellsMut::Whole(&mut cells[users]),
            Self::Real(cells) => CellsMut::Real(&mut cells[users]),
            Self::Truth(words) => CellsMut::Truth(&mut words[users.start / WORD_BITS..users.end.div_ceil(WORD_BITS)]),
        }
    }
}

/// A measured column.
#[derive(Debug, Clone)]
pub(crate) struct Measured<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) cells: Cells,
    /// Whose value is known; `None` where all are.
    pub(crate) known: Option<Vec<u64>>,
}

/// The part of a measured column that belongs to a range of users.
#[derive(Debug)]
pub(crate) struct MeasuredMut<'a> {
    pub(crate) cells: CellsMut<'a>,
    pub(crate) known: Option<&'a mut [u64]>,
}

impl<'a> Measured<'a> {
    pub(crate) fn new(kind: Kind<'a>, users: usize, may_be_unknown: bool) -> Self {
        let known = may_be_unknown.then(|| vec![0; users.div_ceil(WORD_BITS)]);
        Self { kind, cells: kind.cells(users), known }
    }

    /// Makes room for so many users. Truths are all false; what else was there stays where nothing is written over it,
    /// which is where the value is not known.
    pub(crate) fn resize(&mut self, users: usize) {
        let words = users.div_ceil(WORD_BITS);
        match &mut self.cells {
            Cells::Small(cells) => cells.resize(users, 0),
            Cells::Whole(cells) => cells.resize(users, 0),
            Cells::Real(cells) => cells.resize(users, 0.0),
            Cells::Truth(cells) => {
                cells.clear();
                cells.resize(words, 0);
            }
        }
        if let Some(known) = &mut self.known {
            known.resize(words, 0);
        }
    }

    /// Cuts the column at these ranges of users, which begin at multiples of 64 and cover all in order.
    pub(crate) fn split(&mut self, ranges: &[Range<usize>]) -> Vec<MeasuredMut<'_>> {
        let words = |range: &Range<usize>| range.start / WORD_BITS..range.end.div_ceil(WORD_BITS);
        let mut known = self.known.as_mut().map(|known| split(known, ranges.iter().map(words)).into_iter());
        let users = ranges.iter().cloned();
        let cells: Vec<CellsMut<'_>> = match &mut self.cells {
            Cells::Small(cells) => split(cells, users).into_iter().map(CellsMut::Small).collect(),
            Cells::Whole(cells) => split(cells, users).into_iter().map(CellsMut::Whole).collect(),
            Cells::Real(cells) => split(cells, users).into_iter().map(CellsMut::Real).collect(),
            Cells::Truth(cells) => split(cells, ranges.iter().map(words)).into_iter().map(CellsMut::Truth).collect(),
        };
        let parts = cells.into_iter();
        parts.map(|cells| MeasuredMut { cells, known: known.as_mut().and_then(Iterator::next) }).collect()
    }

    /// The same values as a column of the library.
    pub(crate) fn column(&self, users: usize) -> Column {
        let known = self.known.as_deref();
        match (&self.cells, self.kind) {
            (Cells::Small(codes), Kind::Text(dictionary)) => {
                Column::Text(TextColumn::new(pack(codes, known, |code| code), dictionary.clone()))
            }
            (Cells::Small(counts), _) => Column::Integer(pack(counts, known, i64::from)),
            (Cells::Real(values), _) => Column::Float(pack(values, known, |value| value)),
            (Cells::Whole(values), Kind::Bool) => Column::Bool(pack(values, known, |value| value != 0)),
            (Cells::Whole(values), Kind::Time) => Column::Time(pack(values, known, |value| value)),
            (Cells::Whole(values), Kind::Date) => Column::Date(pack(values, known, |value| value as i32)),
            (Cells::Whole(values), _) => Column::Integer(pack(values, known, |value| value)),
            (Cells::Truth(words), _) => {
                let truths: Vec<bool> = Bitmap::from_words(words.clone(), users).iter().collect();
                Column::Bool(pack(&truths, known, |truth| truth))
            }
        }
    }
}

fn split<T>(mut cells: &mut [T], ranges: impl Iterator<Item = Range<usize>>) -> Vec<&mut [T]> {
    let mut parts = Vec::new();
    for range in ranges {
        let (part, rest) = cells.split_at_mut(range.len());
        parts.push(part);
        cells = rest;
    }
    parts
}

fn pack<T: Copy, U: Copy>(values: &[T], known: Option<&[u64]>, map: impl Fn(T) -> U) -> Packed<U> {
    match known {
        None => Packed::from(values.iter().copied().map(map).collect::<Vec<U>>()),
        Some(words) => {
            let known = Bitmap::from_words(words.to_vec(), values.len());
            let values = known.ones().map(|row| map(values[row])).collect();
            Packed::from_parts(known, values)
        }
    }
}
