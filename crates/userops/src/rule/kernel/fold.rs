//! What becomes of the matching events of one user: a number, an instant, a value.

use std::ops::Range;

use super::bits::{WORD_BITS, each_one, first_one, last_one, ones, rank, words_in};
use super::cell::{CellsMut, Kind};
use super::pattern::Field;
use super::span::{BlockRows, WindowRows};
use super::values::BlockValues;
use crate::column::{Column, PackedCursor};
use crate::error::{Result, limit_exceeded, type_mismatch};
use crate::log::{EventLog, LocalDays};
use crate::time::{Calendar, MICROS_PER_DAY, Timestamp};

/// What is made of the matching events.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fold<'a> {
    Count,
    ActiveDays,
    Sum(Field<'a>),
    Min(Field<'a>),
    Max(Field<'a>),
    Mean(Field<'a>),
    Distinct(Field<'a>),
    Latest(Field<'a>),
    /// The instant of the first or the last event.
    Time {
        is_last: bool,
    },
    /// Days since the first or the last event.
    Days {
        is_last: bool,
    },
    /// Days since the last event after a silence.
    Return {
        silence_days: u32,
    },
}

impl<'a> Fold<'a> {
    /// What the values are.
    ///
    /// # Errors
    /// `TypeMismatch` for a field that cannot be summed or ordered.
    pub(crate) fn kind(self, log: &EventLog, property: &str) -> Result<Kind<'a>> {
        let refuse = |field: Field<'_>, verb: &str| match field {
            Field::Property(column) => Err(type_mismatch(format!(
                "the property {property:?} is of type {}, of which there is no {verb}",
                column.value_type()
            ))),
            Field::Money(_) => Err(type_mismatch(format!("there is no {verb} of money"))),
        };
        match self {
            Self::Count | Self::ActiveDays | Self::Distinct(_) => Ok(Kind::Count),
            Self::Days { .. } | Self::Return { .. } => Ok(Kind::Integer),
            Self::Time { .. } => Ok(Kind::Time),
            Self::Sum(field) => match field {
                Field::Money(_) => Ok(Kind::Money(log.currency())),
                Field::Property(Column::Integer(_)) => Ok(Kind::Integer),
                Field::Property(Column::Float(_)) => Ok(Kind::Float),
                Field::Property(_) => refuse(field, "sum"),
            },
            Self::Mean(field) => match field {
                Field::Money(_) => Ok(Kind::MoneyMean(log.currency())),
                Field::Property(Column::Integer(_) | Column::Float(_)) => Ok(Kind::Float),
                Field::Property(_) => refuse(field, "mean"),
            },
            Self::Min(field) | Self::Max(field) => match field {
                Field::Property(Column::Bool(_) | Column::Text(_)) => refuse(field, "least or greatest"),
                _ => Ok(Kind::of(field, log)),
            },
            Self::Latest(field) => Ok(Kind::of(field, log)),
        }
    }

    /// Whether the value of a user without a matching event is unknown.
    pub(crate) fn may_be_unknown(self) -> bool {
        !matches!(self, Self::Count | Self::ActiveDays | Self::Sum(_) | Self::Distinct(_))
    }
}

/// The matching rows of the users of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matches<'b> {
    pub(crate) log: &'b EventLog,
    pub(crate) block: &'b BlockRows,
    pub(crate) window: &'b WindowRows,
    /// A bit per row of the block.
    pub(crate) words: &'b [u64],
    /// How many of the bits are set before each word, where the matching rows are counted.
    pub(crate) before: &'b [u32],
    /// Whether every row matches.
    pub(crate) is_every: bool,
    /// The numbers of pattern and window, by which rows of a block are known again.
    pub(crate) source: (usize, usize),
    pub(crate) calendar: &'b Calendar,
    /// The local day of `as_of`.
    pub(crate) today: i32,
}

/// What is used again for every user.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoldScratch {
    days: BlockDays,
    keys: Vec<u64>,
}

/// The local days of the matching events of the users of a block, in row order, each run of a day once.
#[derive(Debug, Clone, Default)]
struct BlockDays {
    /// The first user, and which rows.
    of: Option<(usize, (usize, usize))>,
    /// Room for a day a row, of which so many are kept.
    days: Vec<i32>,
    kept: usize,
    /// For each user where its days end.
    ends: Vec<usize>,
    sorted: Vec<i32>,
}

impl BlockDays {
    fn load(&mut self, matches: &Matches<'_>) {
        let of = Some((matches.block.users.start, matches.source));
        if std::mem::replace(&mut self.of, of) == of {
            return;
        }
        self.days.resize(self.days.len().max(matches.block.rows.len()), 0);
        self.kept = 0;
        self.ends.clear();
        for user in 0..matches.block.users.len() {
            match matches.log.local_days() {
                Some(days) => self.add(matches, user, days),
                None => self.add_by_clock(matches, user),
            }
            self.ends.push(self.kept);
        }
    }

    fn add(&mut self, matches: &Matches<'_>, user: usize, days: &LocalDays) {
        let (first, numbers) = (days.first().0, &days.numbers()[matches.block.rows.clone()]);
        let mut before = i32::MIN;
        each_one(matches.words, matches.bits(user), |bit| {
            let day = first + i32::from(numbers[bit]);
            self.keep(day, before);
            before = day;
        });
    }

    fn add_by_clock(&mut self, matches: &Matches<'_>, user: usize) {
        let (mut stretch, mut offset, mut before) = (0..0, 0, i32::MIN);
        for row in matches.rows(user) {
            let instant = matches.log.time_micros()[row];
            if !Range::contains(&stretch, &instant) {
                (stretch, offset) = matches.calendar.stretch(Timestamp::from_micros(instant));
            }
            let day = (instant + offset).div_euclid(MICROS_PER_DAY) as i32;
            self.keep(day, before);
            before = day;
        }
    }

    /// Keeps a day that is not the one before. Each is written, so that no branch depends on it.
    #[inline]
    fn keep(&mut self, day: i32, before: i32) {
        self.days[self.kept] = day;
        self.kept += usize::from(day != before);
    }

    fn of(&self, user: usize) -> &[i32] {
        let start = user.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.days[start..self.ends[user]]
    }

    /// How many different days a user has.
    fn count(&mut self, user: usize) -> u32 {
        let days = self.of(user);
        if days.is_sorted() {
            return days.len() as u32;
        }
        // A clock was set back across midnight.
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.extend_from_slice(self.of(user));
        sorted.sort_unstable();
        sorted.dedup();
        self.sorted = sorted;
        self.sorted.len() as u32
    }
}

impl<'b> Matches<'b> {
    /// The bits of one user's window.
    pub(crate) fn bits(&self, user: usize) -> Range<usize> {
        self.window.bits(user, self.block)
    }

    /// The matching rows of one user, ascending.
    fn rows(&self, user: usize) -> impl Iterator<Item = usize> + use<'b> {
        let first = self.block.rows.start;
        ones(self.words, self.bits(user)).map(move |bit| first + bit)
    }

    #[inline]
    fn first(&self, user: usize) -> Option<usize> {
        let bits = self.bits(user);
        let bit = match self.is_every {
            true => (!bits.is_empty()).then_some(bits.start),
            false => first_one(self.words, bits),
        };
        bit.map(|bit| self.block.rows.start + bit)
    }

    #[inline]
    fn last(&self, user: usize) -> Option<usize> {
        let bits = self.bits(user);
        let bit = match self.is_every {
            true => (!bits.is_empty()).then(|| bits.end - 1),
            false => last_one(self.words, bits),
        };
        bit.map(|bit| self.block.rows.start + bit)
    }

    fn day(&self, row: usize) -> i32 {
        match self.log.local_days() {
            Some(days) => days.first().0 + i32::from(days.numbers()[row]),
            None => self.calendar.day(Timestamp::from_micros(self.log.time_micros()[row])).0,
        }
    }

    /// Writes a value per user where there is one, and gives the word of where.
    #[inline]
    fn fill<T>(&self, out: &mut [T], mut value: impl FnMut(usize) -> Option<T>) -> u64 {
        let mut known = 0;
        for (user, cell) in out.iter_mut().enumerate().take(WORD_BITS) {
            if let Some(value) = value(user) {
                *cell = value;
                known |= 1 << user;
            }
        }
        known
    }
}

/// Runs `$body` with `$get` giving a field's value in a row as an integer, or `$float` where it is a float. Rows are best
/// asked for ascending.
macro_rules! with_field {
    ($field:expr, $get:ident => $whole:expr, $real:ident => $float:expr) => {
        match $field {
            Field::Money(packed) | Field::Property(Column::Integer(packed) | Column::Time(packed)) => {
                let mut cursor = PackedCursor::new(packed);
                let mut $get = |row| cursor.get(row);
                $whole
            }
            Field::Property(Column::Bool(packed)) => {
                let mut cursor = PackedCursor::new(packed);
                let mut $get = |row| cursor.get(row).map(i64::from);
                $whole
            }
            Field::Property(Column::Text(column)) => {
                let mut cursor = PackedCursor::new(&column.codes);
                let mut $get = |row| cursor.get(row).map(i64::from);
                $whole
            }
            Field::Property(Column::Date(packed)) => {
                let mut cursor = PackedCursor::new(packed);
                let mut $get = |row| cursor.get(row).map(i64::from);
                $whole
            }
            Field::Property(Column::Float(packed)) => {
                let mut cursor = PackedCursor::new(packed);
                let mut $real = |row| cursor.get(row);
                $float
            }
        }
    };
}

/// Folds the events of the users of a block, and gives the word of whose value is known.
///
/// # Errors
/// `LimitExceeded` where a sum does not fit its type.
pub(crate) fn fold(
    fold: Fold<'_>,
    matches: &Matches<'_>,
    scratch: &mut FoldScratch,
    out: &mut CellsMut<'_>,
) -> Result<u64> {
    match out {
        CellsMut::Small(out) => Ok(fold_small(fold, matches, scratch, out)),
        CellsMut::Whole(out) => fold_whole(fold, matches, scratch, out),
        CellsMut::Real(out) => fold_real(fold, matches, out),
        CellsMut::Truth(_) => Ok(0),
    }
}

fn fold_small(fold: Fold<'_>, matches: &Matches<'_>, scratch: &mut FoldScratch, out: &mut [u32]) -> u64 {
    match fold {
        Fold::ActiveDays => {
            scratch.days.load(matches);
            matches.fill(out, |user| Some(scratch.days.count(user)))
        }
        Fold::Distinct(field) => with_field!(
            field,
            get => matches.fill(out, |user| {
                Some(distinct(matches.rows(user).filter_map(&mut get).map(|value| value as u64), &mut scratch.keys))
            }),
            // Adding zero makes the two zeros one.
            get => matches.fill(out, |user| {
                Some(distinct(matches.rows(user).filter_map(&mut get).map(|value| (value + 0.0).to_bits()), &mut scratch.keys))
            })
        ),
        Fold::Latest(Field::Property(Column::Text(column))) => {
            let mut values = BlockValues::new(&column.codes);
            values.load(&matches.block.rows);
            matches.fill(out, |user| values.get(matches.last(user)? - matches.block.rows.start))
        }
        _ if matches.is_every => matches.fill(out, |user| Some(matches.bits(user).len() as u32)),
        _ => {
            let rank = |bit: usize| rank(matches.words, matches.before, bit);
            matches.fill(out, |user| {
                let bits = matches.bits(user);
                Some(rank(bits.end) - rank(bits.start))
            })
        }
    }
}

fn fold_whole(fold: Fold<'_>, matches: &Matches<'_>, scratch: &mut FoldScratch, out: &mut [i64]) -> Result<u64> {
    let time = matches.log.time_micros();
    let end = |user: usize, is_last: bool| if is_last { matches.last(user) } else { matches.first(user) };
    let since = |day: i32| i64::from(matches.today) - i64::from(day);
    Ok(match fold {
        Fold::Time { is_last } => matches.fill(out, |user| end(user, is_last).map(|row| time[row])),
        Fold::Days { is_last } => matches.fill(out, |user| end(user, is_last).map(|row| since(matches.day(row)))),
        Fold::Return { silence_days } => {
            scratch.days.load(matches);
            matches.fill(out, |user| {
                let mut pairs = scratch.days.of(user).windows(2).rev();
                let back = pairs.find(|pair| i64::from(pair[1]) - i64::from(pair[0]) > i64::from(silence_days));
                back.map(|pair| since(pair[1]))
            })
        }
        Fold::Sum(field) => return sum_whole(field, matches, out),
        Fold::Min(field) => with_field!(
            field,
            get => matches.fill(out, |user| matches.rows(user).filter_map(&mut get).min()),
            _get => 0
        ),
        Fold::Max(field) => with_field!(
            field,
            get => matches.fill(out, |user| matches.rows(user).filter_map(&mut get).max()),
            _get => 0
        ),
        Fold::Latest(field) => with_field!(
            field,
            get => matches.fill(out, |user| get(matches.last(user)?)),
            _get => 0
        ),
        _ => 0,
    })
}

fn sum_whole(field: Field<'_>, matches: &Matches<'_>, out: &mut [i64]) -> Result<u64> {
    let mut is_too_large = false;
    let known = match field {
        Field::Money(packed) | Field::Property(Column::Integer(packed)) => {
            let mut values = BlockValues::new(packed);
            values.load(&matches.block.rows);
            matches.fill(out, |user| {
                let mut sum = 0i128;
                for (index, word) in words_in(matches.words, matches.bits(user)) {
                    let mut rest = word & values.known(index);
                    while rest != 0 {
                        sum += i128::from(values.value(index, rest.trailing_zeros()));
                        rest &= rest - 1;
                    }
                }
                is_too_large |= i64::try_from(sum).is_err();
                Some(sum as i64)
            })
        }
        Field::Property(_) => 0,
    };
    if is_too_large { Err(too_large()) } else { Ok(known) }
}

fn fold_real(fold: Fold<'_>, matches: &Matches<'_>, out: &mut [f64]) -> Result<u64> {
    Ok(match fold {
        Fold::Mean(field) => with_field!(
            field,
            get => matches.fill(out, |user| {
                let (mut sum, mut count) = (0i128, 0u64);
                for value in matches.rows(user).filter_map(&mut get) {
                    sum += i128::from(value);
                    count += 1;
                }
                (count > 0).then(|| sum as f64 / count as f64)
            }),
            get => matches.fill(out, |user| {
                let (mut sum, mut count) = (0.0, 0u64);
                for value in matches.rows(user).filter_map(&mut get) {
                    sum += value;
                    count += 1;
                }
                (count > 0).then(|| sum / count as f64)
            })
        ),
        Fold::Sum(Field::Property(Column::Float(packed))) => {
            let mut cursor = PackedCursor::new(packed);
            let mut is_too_large = false;
            let known = matches.fill(out, |user| {
                let sum = matches.rows(user).filter_map(|row| cursor.get(row)).fold(0.0, |sum, value| sum + value);
                is_too_large |= !f64::is_finite(sum);
                Some(sum)
            });
            if is_too_large {
                return Err(too_large());
            }
            known
        }
        Fold::Min(Field::Property(Column::Float(packed))) => {
            let mut cursor = PackedCursor::new(packed);
            matches.fill(out, |user| matches.rows(user).filter_map(|row| cursor.get(row)).reduce(f64::min))
        }
        Fold::Max(Field::Property(Column::Float(packed))) => {
            let mut cursor = PackedCursor::new(packed);
            matches.fill(out, |user| matches.rows(user).filter_map(|row| cursor.get(row)).reduce(f64::max))
        }
        Fold::Latest(Field::Property(Column::Float(packed))) => {
            let mut cursor = PackedCursor::new(packed);
            matches.fill(out, |user| cursor.get(matches.last(user)?))
        }
        _ => 0,
    })
}

pub(crate) fn too_large() -> crate::error::Error {
    limit_exceeded(
        "the sum of one user's values does not fit its type: 64 bits; sum over a narrower window, or a coarser unit",
    )
}

/// How many different keys there are.
fn distinct(values: impl Iterator<Item = u64>, keys: &mut Vec<u64>) -> u32 {
    keys.clear();
    keys.extend(values);
    keys.sort_unstable();
    keys.dedup();
    keys.len() as u32
}
