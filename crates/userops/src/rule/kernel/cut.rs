//! A test as one comparison of plain numbers: an interval, or a set.

use std::ops::Range;

use super::bits::{Ternary, WORD_BITS, clear_tail, copy_bits, deposit, pass_words};
use crate::column::{Codes, Column, Packed, TextColumn};

/// A test whose literals were turned into the numbers of a column: text codes, minor units, microseconds, days.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cut {
    /// Inside, or else outside, `[low, high]`, which is empty where `low > high`.
    Within { low: i64, high: i64, inside: bool },
    /// One of these, ascending.
    OneOf(Vec<i64>),
    /// One of the text codes whose bit is set.
    Codes(Vec<u64>),
    /// Inside, or else outside, `[low, high]`.
    WithinFloats { low: f64, high: f64, inside: bool },
    /// One of these.
    OneOfFloats(Vec<f64>),
    /// There is a value.
    Known,
    /// There is no value.
    Unknown,
}

impl Cut {
    /// The words of small numbers: counts and text codes.
    pub(crate) fn small<T: Copy + Into<u32>>(&self, values: &[T], words: &mut [u64]) {
        match self {
            Self::Within { low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                let max = i64::from(u32::MAX);
                if low > high || low > max || high < 0 {
                    pass_words(values, words, |_| !inside);
                    return;
                }
                let (low, high) = (low.max(0) as u32, high.min(max) as u32);
                let span = high - low;
                if inside {
                    pass_words(values, words, |value| value.into().wrapping_sub(low) <= span);
                } else {
                    pass_words(values, words, |value| value.into().wrapping_sub(low) > span);
                }
            }
            Self::Codes(set) => pass_words(values, words, |code| {
                let code = code.into();
                set.get(code as usize / WORD_BITS).is_some_and(|word| word >> (code as usize % WORD_BITS) & 1 == 1)
            }),
            _ => self.whole(values, |value| i64::from(value.into()), words),
        }
    }

    /// The words of whole numbers.
    pub(crate) fn whole<T: Copy>(&self, values: &[T], key: impl Fn(T) -> i64, words: &mut [u64]) {
        match self {
            Self::Within { low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                pass_words(values, words, |value| {
                    let value = key(value);
                    (low <= value && value <= high) == inside
                });
            }
            Self::OneOf(set) => pass_words(values, words, |value| set.binary_search(&key(value)).is_ok()),
            Self::WithinFloats { .. } | Self::OneOfFloats(_) => self.real(values, |value| key(value) as f64, words),
            Self::Codes(_) | Self::Known | Self::Unknown => pass_words(values, words, |_| true),
        }
    }

    /// The words of floats.
    pub(crate) fn real<T: Copy>(&self, values: &[T], key: impl Fn(T) -> f64, words: &mut [u64]) {
        match self {
            Self::WithinFloats { low, high, inside } => {
                let (low, high, inside) = (*low, *high, *inside);
                pass_words(values, words, |value| {
                    let value = key(value);
                    (low <= value && value <= high) == inside
                });
            }
            Self::OneOfFloats(set) => pass_words(values, words, |value| set.contains(&key(value))),
            _ => pass_words(values, words, |_| true),
        }
    }

    /// Turns words of values, of which some are unknown, into the answer of the test.
    pub(crate) fn settle(&self, out: &mut Ternary) {
        match self {
            Self::Known => {
                out.holds.copy_from_slice(&out.known);
                out.known.fill(u64::MAX);
            }
            Self::Unknown => {
                out.holds.iter_mut().zip(&out.known).for_each(|(holds, known)| *holds = !known);
                out.known.fill(u64::MAX);
            }
            _ => out.holds.iter_mut().zip(&out.known).for_each(|(holds, known)| *holds &= known),
        }
    }

    /// The answers for a range of rows of a column, from bit 0 on.
    pub(crate) fn column(&self, column: &Column, rows: Range<usize>, out: &mut Ternary) {
        match column {
            Column::Bool(packed) => {
                // What holds for each of the two values, so that bytes are compared and not numbers made of them.
                let mut holds = [0];
                self.whole(&[false, true], i64::from, &mut holds);
                let (of_false, of_true) = (holds[0] & 1 == 1, holds[0] >> 1 & 1 == 1);
                self.packed(packed, rows, out, |values, words| {
                    pass_words(values, words, |value| if value { of_true } else { of_false });
                });
            }
            Column::Integer(packed) | Column::Time(packed) => self.integers(packed, rows, out),
            Column::Float(packed) => self.packed(packed, rows, out, |values, words| {
                self.real(values, |value| value, words);
            }),
            Column::Text(column) => self.texts(column, rows, out),
            Column::Date(packed) => self.packed(packed, rows, out, |values, words| {
                self.whole(values, i64::from, words);
            }),
        }
    }

    /// The answers for a range of rows of texts, from bit 0 on.
    pub(crate) fn texts(&self, column: &TextColumn, rows: Range<usize>, out: &mut Ternary) {
        match &column.codes {
            Codes::Narrow(codes) => self.packed(codes, rows, out, |values, words| self.small(values, words)),
            Codes::Wide(codes) => self.packed(codes, rows, out, |values, words| self.small(values, words)),
        }
    }

    /// The answers for a range of rows of integers, from bit 0 on.
    pub(crate) fn integers(&self, packed: &Packed<i64>, rows: Range<usize>, out: &mut Ternary) {
        self.packed(packed, rows, out, |values, words| self.whole(values, |value| value, words));
    }

    fn packed<T: Copy>(
        &self,
        packed: &Packed<T>,
        rows: Range<usize>,
        out: &mut Ternary,
        pass: impl Fn(&[T], &mut [u64]),
    ) {
        let len = rows.len();
        out.reset(len);
        let values = packed.values_in(rows.clone());
        match packed.known() {
            None => pass(values, &mut out.holds),
            Some(known) => {
                copy_bits(known, rows, &mut out.known);
                let mut words = vec![0; values.len().div_ceil(WORD_BITS)];
                pass(values, &mut words);
                clear_tail(&mut words, values.len());
                deposit(&words, &out.known, &mut out.holds);
            }
        }
        self.settle(out);
    }
}
