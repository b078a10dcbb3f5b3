//! What becomes of the matching events of one user: a number, an instant, a value.

use std::mem::take;
use std::ops::Range;

use super::bits::{WORD_BITS, each_bit, first_one, last_one, ones, rank};
use super::cell::{CellsMut, Kind};
use super::days::BlockDays;
use super::pattern::Field;
use super::span::{BlockRows, WindowRows};
use super::sums::RunningSums;
use super::values::{BlockValues, Room};
use crate::column::{Codes, CodesCursor, Column, Packed, PackedCursor, read_lines};
use crate::error::{Result, limit_exceeded, type_mismatch};
use crate::log::{EventLog, NameRanks};
use crate::time::{Calendar, Timestamp};

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
    /// What counts the matching rows in place of the words.
    pub(crate) ranks: Option<&'b [NameRanks<'b>]>,
    /// Whether every row matches.
    pub(crate) is_every: bool,
    /// The number of the pattern, by which rows of a block are known again.
    pub(crate) pattern: usize,
    pub(crate) calendar: &'b Calendar,
    /// The local day of `as_of`.
    pub(crate) today: i32,
}

/// What is used again for every user.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoldScratch {
    days: BlockDays,
    keys: Vec<u64>,
    sums: RunningSums,
    room: Room,
}

impl<'b> Matches<'b> {
    /// The bits of one user's window.
    pub(crate) fn bits(&self, user: usize) -> Range<usize> {
        self.window.bits(user, self.block)
    }

    /// The matching rows of one user, ascending.
    pub(super) fn rows(&self, user: usize) -> impl Iterator<Item = usize> + use<'b> {
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

    pub(super) fn day(&self, row: usize) -> i32 {
        match self.log.local_days() {
            Some(days) => days.first().0 + i32::from(days.numbers()[row]),
            None => self.calendar.day(Timestamp::from_micros(self.log.time_micros()[row])).0,
        }
    }

    /// Writes a value per user with events in the window where there is one, and gives the word of where.
    #[inline]
    fn fill<T>(&self, out: &mut [T], mut value: impl FnMut(usize) -> Option<T>) -> u64 {
        let mut known = 0;
        each_bit(self.window.busy, |user| {
            if let Some(value) = value(user as usize) {
                out[user as usize] = value;
                known |= 1 << user;
            }
        });
        known
    }

    /// As [`Matches::fill`], with a value for a row of each user. All rows are found before any is looked at, so that memory is waited
    /// for once and not for each.
    #[inline]
    fn fill_from_rows<T>(
        &self,
        out: &mut [T],
        row: impl Fn(usize) -> Option<usize>,
        mut value: impl FnMut(usize) -> Option<T>,
    ) -> u64 {
        let mut rows = [0; WORD_BITS];
        let (found, mut known) = (self.fill(&mut rows, row), 0);
        each_bit(found, |user| {
            if let Some(value) = value(rows[user as usize]) {
                out[user as usize] = value;
                known |= 1 << user;
            }
        });
        known
    }

    /// Writes a value per user, which is zero for who has no events in the window. All are known.
    #[inline]
    fn fill_all<T: Copy + Default>(&self, out: &mut [T], mut value: impl FnMut(usize) -> T) -> u64 {
        out.fill(T::default());
        each_bit(self.window.busy, |user| out[user as usize] = value(user as usize));
        u64::MAX
    }

    /// Writes a difference per user of something that grows along the rows of the block.
    #[inline]
    fn fill_differences<T: Copy + Default, U: Copy + std::ops::Sub<Output = U>>(
        &self,
        out: &mut [T],
        up_to: impl Fn(usize) -> U,
        mut narrow: impl FnMut(U) -> T,
    ) -> u64 {
        if !self.window.is_whole {
            return self.fill_all(out, |user| {
                let bits = self.bits(user);
                narrow(up_to(bits.end) - up_to(bits.start))
            });
        }
        // The rows of one user end where those of the next begin.
        let mut before = up_to(0);
        let ends = self.window.until.iter().map(|end| *end as usize - self.block.rows.start);
        for (cell, end) in out.iter_mut().zip(ends) {
            let sum = up_to(end);
            *cell = narrow(sum - before);
            before = sum;
        }
        u64::MAX
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
                let mut cursor = CodesCursor::new(&column.codes);
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
    let first = matches.block.rows.start;
    match fold {
        Fold::ActiveDays => {
            scratch.days.load(matches);
            matches.fill_all(out, |user| scratch.days.count(matches, user))
        }
        Fold::Distinct(field) => with_field!(
            field,
            get => matches.fill_all(out, |user| {
                distinct(matches.rows(user).filter_map(&mut get).map(|value| value as u64), &mut scratch.keys)
            }),
            // Adding zero makes the two zeros one.
            get => matches.fill_all(out, |user| {
                distinct(matches.rows(user).filter_map(&mut get).map(|value| (value + 0.0).to_bits()), &mut scratch.keys)
            })
        ),
        Fold::Latest(Field::Property(Column::Text(column))) => match &column.codes {
            Codes::Narrow(codes) => latest_code(codes, matches, &mut scratch.room, out),
            Codes::Wide(codes) => latest_code(codes, matches, &mut scratch.room, out),
        },
        _ if matches.is_every => {
            let spans = matches.window.from.iter().zip(&matches.window.until);
            out.iter_mut().zip(spans).for_each(|(count, (from, until))| *count = until - from);
            u64::MAX
        }
        _ => match matches.ranks {
            Some([name]) => matches.fill_differences(out, |bit| name.up_to(first + bit), |count| count),
            Some(names) => {
                let up_to = |bit: usize| names.iter().map(|name| name.up_to(first + bit)).sum();
                matches.fill_differences(out, up_to, |count: u32| count)
            }
            None => matches.fill_differences(out, |bit| rank(matches.words, matches.before, bit), |count| count),
        },
    }
}

fn latest_code<T: Copy + Into<u32>>(codes: &Packed<T>, matches: &Matches<'_>, room: &mut Room, out: &mut [u32]) -> u64 {
    if codes.known().is_none() {
        return matches.fill_from_rows(out, |user| matches.last(user), |row| Some(codes.values()[row].into()));
    }
    let mut values = BlockValues::within(take(room), codes);
    values.load(&matches.block.rows);
    let first = matches.block.rows.start;
    let known = matches.fill_from_rows(out, |user| matches.last(user), |row| values.get(row - first).map(Into::into));
    *room = values.into_room();
    known
}

fn fold_whole(fold: Fold<'_>, matches: &Matches<'_>, scratch: &mut FoldScratch, out: &mut [i64]) -> Result<u64> {
    let time = matches.log.time_micros();
    let end = |user: usize, is_last: bool| if is_last { matches.last(user) } else { matches.first(user) };
    let since = |day: i32| i64::from(matches.today) - i64::from(day);
    Ok(match fold {
        Fold::Time { is_last } if matches.is_every && matches.window.is_whole => {
            let instants = &matches.log.end_micros(is_last)[matches.block.users.clone()];
            out.copy_from_slice(instants);
            matches.window.busy
        }
        Fold::Time { is_last } => matches.fill_from_rows(out, |user| end(user, is_last), |row| Some(time[row])),
        Fold::Days { is_last } => {
            matches.fill_from_rows(out, |user| end(user, is_last), |row| Some(since(matches.day(row))))
        }
        Fold::Return { silence_days } => {
            scratch.days.load(matches);
            matches.fill(out, |user| scratch.days.last_return(matches, user, silence_days).map(since))
        }
        Fold::Sum(field) => return sum_whole(field, matches, &mut scratch.sums, out),
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

fn sum_whole(field: Field<'_>, matches: &Matches<'_>, sums: &mut RunningSums, out: &mut [i64]) -> Result<u64> {
    let (Field::Money(packed) | Field::Property(Column::Integer(packed))) = field else { return Ok(0) };
    let mut is_too_large = false;
    let mut narrow = |sum: i128| {
        is_too_large |= i64::try_from(sum).is_err();
        sum as i64
    };
    let values = sums.load(matches, packed);
    let known = if sums.is_worth_adding_up(matches) {
        sums.add_up(&values, matches.block.rows.len());
        matches.fill_differences(out, |bit| sums.up_to(bit), narrow)
    } else {
        // All are looked at before any is added up, so that memory is waited for once and not for each.
        let mut all = [[].as_slice(); WORD_BITS];
        matches.fill_all(&mut all, |user| {
            let all = values.of(&matches.bits(user));
            read_lines(all);
            all
        });
        matches.fill_all(out, |user| narrow(sums.of(matches.bits(user), all[user], &values)))
    };
    sums.give_back(values);
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
            let known = matches.fill_all(out, |user| {
                let sum = matches.rows(user).filter_map(|row| cursor.get(row)).fold(0.0, |sum, value| sum + value);
                is_too_large |= !f64::is_finite(sum);
                sum
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
