//! Which rows of the log match a pattern, as bits.

use std::ops::Range;

use super::bits::{Ternary, WORD_BITS, add_bits, clear_tail, pass_words};
use super::cut::Cut;
use super::literal::{Subject, cut};
use crate::column::{Codes, Column, Packed, read_lines};
use crate::error::Result;
use crate::log::{EventLog, NameRanks};
use crate::rule::{AMOUNT, Filter};
use crate::time::Calendar;

/// What an event has: a property, or its money.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'a> {
    Money(&'a Packed<i64>),
    Property(&'a Column),
}

impl<'a> Field<'a> {
    /// # Errors
    /// `UnknownName` where the log has no such property.
    pub(crate) fn find(log: &'a EventLog, name: &str) -> Result<Self> {
        if name == AMOUNT {
            return Ok(Self::Money(log.amount_minor()));
        }
        log.property(name).map(Self::Property)
    }

    /// Reads a value of each line of memory that these rows' values lie in.
    pub(super) fn look_ahead(self, rows: &Range<usize>) {
        match self {
            Field::Money(values) | Field::Property(Column::Integer(values) | Column::Time(values)) => {
                read_lines(values.values_in(rows.clone()));
            }
            Field::Property(Column::Text(column)) => match &column.codes {
                Codes::Narrow(codes) => read_lines(codes.values_in(rows.clone())),
                Codes::Wide(codes) => read_lines(codes.values_in(rows.clone())),
            },
            Field::Property(Column::Float(values)) => read_lines(values.values_in(rows.clone())),
            Field::Property(Column::Date(values)) => read_lines(values.values_in(rows.clone())),
            Field::Property(Column::Bool(values)) => read_lines(values.values_in(rows.clone())),
        }
    }

    /// What tests of the field's values compare with.
    pub(crate) fn subject(self, log: &EventLog) -> Subject<'a> {
        match self {
            Self::Money(_) => Subject::Money(log.currency()),
            Self::Property(column) => Subject::of(column),
        }
    }
}

/// A filter whose names are columns and whose literals are numbers.
#[derive(Debug, Clone)]
pub(crate) enum FilterProgram<'a> {
    All(Vec<FilterProgram<'a>>),
    Any(Vec<FilterProgram<'a>>),
    Not(Box<FilterProgram<'a>>),
    Test(Field<'a>, Cut),
}

impl<'a> FilterProgram<'a> {
    /// # Errors
    /// `UnknownName` for a property that the log lacks; those of [`cut`].
    pub(crate) fn compile(log: &'a EventLog, calendar: &Calendar, filter: &Filter) -> Result<Self> {
        let all = |filters: &[Filter]| -> Result<Vec<Self>> {
            filters.iter().map(|filter| Self::compile(log, calendar, filter)).collect()
        };
        Ok(match filter {
            Filter::All(filters) => Self::All(all(filters)?),
            Filter::Any(filters) => Self::Any(all(filters)?),
            Filter::Not(filter) => Self::Not(Box::new(Self::compile(log, calendar, filter)?)),
            Filter::Property { name, test } => {
                let field = Field::find(log, name)?;
                Self::Test(field, cut(test, field.subject(log), calendar, &format!("the property {name:?}"))?)
            }
        })
    }

    /// The answers for a range of rows, from bit 0 on.
    fn run(&self, rows: &Range<usize>, out: &mut Ternary) {
        match self {
            Self::Test(Field::Money(amounts), cut) => cut.integers(amounts, rows.clone(), out),
            Self::Test(Field::Property(column), cut) => cut.column(column, rows.clone(), out),
            Self::Not(filter) => {
                filter.run(rows, out);
                out.negate();
            }
            Self::All(filters) => {
                out.reset(rows.len());
                out.fill_true();
                let mut part = Ternary::default();
                for filter in filters {
                    filter.run(rows, &mut part);
                    out.and(&part);
                }
            }
            Self::Any(filters) => {
                out.reset(rows.len());
                let mut part = Ternary::default();
                for filter in filters {
                    filter.run(rows, &mut part);
                    out.or(&part);
                }
            }
        }
    }
}

/// So many names are compared with one by one, several events at once, in place of a look at a table for each event.
const FEW_NAMES: usize = 4;

/// A kind of event: names and a filter.
#[derive(Debug, Clone)]
pub(crate) struct Pattern<'a> {
    /// For each code of a name whether it matches; `None` where every name does.
    pub(crate) names: Option<Vec<bool>>,
    /// The codes that match, where there are few enough to be compared with: some of them more than once.
    few: Option<[u16; FEW_NAMES]>,
    pub(crate) filter: Option<FilterProgram<'a>>,
}

impl<'a> Pattern<'a> {
    /// Names that no event has match none.
    ///
    /// # Errors
    /// Those of [`FilterProgram::compile`].
    pub(crate) fn compile(
        log: &'a EventLog,
        calendar: &Calendar,
        events: &[String],
        filter: Option<&Filter>,
    ) -> Result<Self> {
        let mut names = vec![events.is_empty(); log.names().len()];
        for code in events.iter().filter_map(|name| log.names().code(name)) {
            names[code as usize] = true;
        }
        let filter = filter.map(|filter| FilterProgram::compile(log, calendar, filter)).transpose()?;
        let few = few_names(&names);
        Ok(Self { names: names.contains(&false).then_some(names), few, filter })
    }

    /// Whether every event matches.
    pub(crate) fn is_every(&self) -> bool {
        self.names.is_none() && self.filter.is_none()
    }

    /// The rows of each name, where a few names are all that is asked for, and the log has their rows.
    pub(crate) fn ranks(&self, log: &'a EventLog) -> Option<Vec<NameRanks<'a>>> {
        let (Some(names), None, Some(rows)) = (&self.names, &self.filter, log.name_rows()) else { return None };
        let matching = names.iter().enumerate().filter(|(_, matches)| **matches);
        let ranks: Vec<_> = matching.map(|(code, _)| rows.ranks(code)).take(FEW_NAMES + 1).collect();
        (ranks.len() <= FEW_NAMES).then_some(ranks)
    }

    /// The matching rows of a range, from bit 0 on; a filter that cannot be told does not match.
    pub(crate) fn rows(&self, log: &EventLog, rows: &Range<usize>, scratch: &mut Ternary, out: &mut Vec<u64>) {
        let words = rows.len().div_ceil(WORD_BITS);
        out.clear();
        match &self.names {
            None => out.resize(words, u64::MAX),
            Some(names) => {
                out.resize(words, 0);
                self.named_rows(names, log, rows, out);
            }
        }
        if let Some(filter) = &self.filter {
            scratch.reset(rows.len());
            filter.run(rows, scratch);
            out.iter_mut().zip(&scratch.holds).for_each(|(out, holds)| *out &= holds);
        }
        clear_tail(out, rows.len());
    }
}

impl Pattern<'_> {
    /// The rows of a range with one of the names, from bit 0 on, in words of zeros.
    fn named_rows(&self, names: &[bool], log: &EventLog, rows: &Range<usize>, out: &mut [u64]) {
        if let Some(name_rows) = log.name_rows() {
            let matching = names.iter().enumerate().filter(|(_, matches)| **matches);
            return matching.for_each(|(code, _)| add_bits(name_rows.of(code), rows, out));
        }
        let codes = &log.name_codes()[rows.clone()];
        match self.few {
            Some([a, b, ..]) if a == b => pass_words(codes, out, |code| code == a),
            Some([a, b, c, d]) => {
                pass_words(codes, out, |code| (code == a) | (code == b) | (code == c) | (code == d));
            }
            None => pass_words(codes, out, |code| names[usize::from(code)]),
        }
    }
}

/// The codes of names that match, the last of them as often as there is room; `None` where there are more, or none.
fn few_names(names: &[bool]) -> Option<[u16; FEW_NAMES]> {
    let matching = names.iter().enumerate().filter(|(_, matches)| **matches);
    let codes: Vec<u16> = matching.map(|(code, _)| code as u16).take(FEW_NAMES + 1).collect();
    let last = *codes.last()?;
    (codes.len() <= FEW_NAMES).then(|| std::array::from_fn(|place| codes.get(place).copied().unwrap_or(last)))
}
