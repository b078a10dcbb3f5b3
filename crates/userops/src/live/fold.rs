//! Folds that take one event after the other: what has to be remembered of the past, and nothing else.

use super::row::Row;
use super::slot::Slot;
use crate::error::{Result, limit_exceeded};
use crate::value::ValueType;

/// Local days, counted back from the latest, of which it is remembered whether there was an event: a clock that is set back shows a
/// day again, but never one so long ago.
const DAYS_SEEN: i64 = 64;

/// What is made of the matching events, in order of the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fold {
    Count,
    ActiveDays,
    Sum { field: usize, is_float: bool },
    Mean { field: usize, is_float: bool },
    Extreme { field: usize, value_type: ValueType, is_max: bool },
    Latest { field: usize, value_type: ValueType },
    Distinct { field: usize, value_type: ValueType },
    Time { is_last: bool },
    Days { is_last: bool },
    Return { silence_days: u32 },
}

impl Fold {
    /// Words that the fold of any number of events takes; none where only the events themselves will do.
    pub(super) fn words(self) -> usize {
        match self {
            Self::Count => 1,
            Self::Distinct { .. } => 0,
            Self::Sum { is_float: true, .. } => 1,
            Self::Sum { .. }
            | Self::Mean { is_float: true, .. }
            | Self::Extreme { .. }
            | Self::Latest { .. }
            | Self::Time { .. }
            | Self::Days { .. } => 2,
            Self::Mean { .. } | Self::ActiveDays | Self::Return { .. } => 3,
        }
    }

    /// Whether the value can be told from the words that [`Fold::add`] keeps.
    pub(super) fn is_kept(self) -> bool {
        self.words() > 0
    }

    /// Whether an event can be taken out again, the first before the others.
    pub(super) fn can_remove(self) -> bool {
        matches!(self, Self::Count | Self::Sum { is_float: false, .. } | Self::Mean { is_float: false, .. })
    }

    /// Whether the value is counted in days up to today.
    pub(super) fn is_in_days(self) -> bool {
        matches!(self, Self::Days { .. } | Self::Return { .. })
    }

    /// Takes the next event in order. All words are 0 before the first.
    pub(super) fn add(self, words: &mut [u64], row: Row<'_>) {
        match self {
            Self::Count => words[0] += 1,
            Self::Distinct { .. } => {}
            Self::ActiveDays => add_day(words, i64::from(row.day())),
            Self::Sum { field, is_float } => {
                if let Some(value) = row.field(field) {
                    add_number(words, value, is_float);
                }
            }
            Self::Mean { field, is_float } => {
                if let Some(value) = row.field(field) {
                    add_number(words, value, is_float);
                    words[if is_float { 1 } else { 2 }] += 1;
                }
            }
            Self::Extreme { field, value_type, is_max } => {
                if let Some(value) = row.field(field)
                    && (words[0] == 0 || is_beyond(value, words[1], value_type, is_max))
                {
                    words.copy_from_slice(&[1, value]);
                }
            }
            // 1 for a value, 2 for an event without it.
            Self::Latest { field, .. } => match row.field(field) {
                Some(value) => words.copy_from_slice(&[1, value]),
                None => words.copy_from_slice(&[2, 0]),
            },
            Self::Time { is_last } => set_end(words, row.time(), is_last),
            Self::Days { is_last } => set_end(words, i64::from(row.day()), is_last),
            Self::Return { silence_days } => {
                let day = i64::from(row.day());
                // Bit 0: there was an event; bit 1: there was a return.
                if words[0] & 1 == 1 && day - words[1] as i64 > i64::from(silence_days) {
                    words[0] |= 2;
                    words[2] = day as u64;
                }
                words[0] |= 1;
                words[1] = day as u64;
            }
        }
    }

    /// Takes the first of the events out again.
    pub(super) fn remove(self, words: &mut [u64], row: Row<'_>) {
        match self {
            Self::Count => words[0] -= 1,
            Self::Sum { field, .. } => {
                if let Some(value) = row.field(field) {
                    set_sum(words, sum_of(words) - i128::from(value as i64));
                }
            }
            Self::Mean { field, .. } => {
                if let Some(value) = row.field(field) {
                    set_sum(words, sum_of(words) - i128::from(value as i64));
                    words[2] -= 1;
                }
            }
            _ => {}
        }
    }

    /// The value on the local day `today`.
    ///
    /// # Errors
    /// `LimitExceeded` for a sum that does not fit its type.
    pub(super) fn value(self, words: &[u64], today: i32) -> Result<Slot> {
        let since = |day: u64| Slot::Integer(i64::from(today) - day as i64);
        let known = |is_known: bool, slot: Slot| if is_known { slot } else { Slot::Unknown };
        Ok(match self {
            Self::Count | Self::ActiveDays => Slot::Integer(words[0] as i64),
            Self::Sum { is_float: true, .. } => {
                let sum = f64::from_bits(words[0]);
                if !sum.is_finite() {
                    return Err(too_large());
                }
                Slot::Float(sum)
            }
            Self::Sum { .. } => Slot::Integer(i64::try_from(sum_of(words)).map_err(|_| too_large())?),
            Self::Mean { is_float: true, .. } => {
                known(words[1] > 0, Slot::Float(f64::from_bits(words[0]) / words[1] as f64))
            }
            Self::Mean { .. } => known(words[2] > 0, Slot::Float(sum_of(words) as f64 / words[2] as f64)),
            Self::Extreme { value_type, .. } | Self::Latest { value_type, .. } => {
                known(words[0] == 1, Slot::of_word(words[1], value_type))
            }
            Self::Time { .. } => known(words[0] == 1, Slot::Time(words[1] as i64)),
            Self::Days { .. } => known(words[0] == 1, since(words[1])),
            Self::Return { .. } => known(words[0] & 2 == 2, since(words[2])),
            Self::Distinct { .. } => Slot::Unknown,
        })
    }
}

fn too_large() -> crate::error::Error {
    limit_exceeded("the sum of one user's values does not fit its type of 64 bits; sum over a narrower window")
}

fn sum_of(words: &[u64]) -> i128 {
    (u128::from(words[0]) | u128::from(words[1]) << 64) as i128
}

fn set_sum(words: &mut [u64], sum: i128) {
    words[0] = sum as u64;
    words[1] = ((sum as u128) >> 64) as u64;
}

fn add_number(words: &mut [u64], value: u64, is_float: bool) {
    if is_float {
        words[0] = (f64::from_bits(words[0]) + f64::from_bits(value)).to_bits();
    } else {
        set_sum(words, sum_of(words) + i128::from(value as i64));
    }
}

fn is_beyond(value: u64, best: u64, value_type: ValueType, is_max: bool) -> bool {
    match value_type {
        ValueType::Float if is_max => f64::from_bits(value) > f64::from_bits(best),
        ValueType::Float => f64::from_bits(value) < f64::from_bits(best),
        _ if is_max => value as i64 > best as i64,
        _ => (value as i64) < best as i64,
    }
}

fn set_end(words: &mut [u64], value: i64, is_last: bool) {
    if is_last || words[0] == 0 {
        words.copy_from_slice(&[1, value as u64]);
    }
}

/// Words: how many days, the latest of them, and a bit for each of the last [`DAYS_SEEN`] up to it.
fn add_day(words: &mut [u64], day: i64) {
    let back = if words[0] == 0 { 0 } else { words[1] as i64 - day };
    if words[0] == 0 || back < 0 {
        let seen = if back > -DAYS_SEEN { words[2] << -back } else { 0 };
        words.copy_from_slice(&[words[0] + 1, day as u64, seen | 1]);
    } else if back < DAYS_SEEN && words[2] >> back & 1 == 0 {
        words[0] += 1;
        words[2] |= 1 << back;
    }
}
