//! Works out preferences: the values that weigh most in each user's events.

use super::preference::Preference;
use crate::column::{CodesCursor, Column, Packed, TextColumn};
use crate::error::{Result, type_mismatch};
use crate::log::EventLog;
use crate::profile::{Interest, Interests};
use crate::rule::AMOUNT;
use crate::time::Timestamp;

/// What events weigh by.
#[derive(Debug, Clone, Copy)]
enum Weight<'a> {
    One,
    /// Minor units, and how many of them make a major one.
    Money(&'a Packed<i64>, f64),
    Integer(&'a Packed<i64>),
    Float(&'a Packed<f64>),
}

impl<'a> Weight<'a> {
    fn find(log: &'a EventLog, name: Option<&str>) -> Result<Self> {
        let Some(name) = name else { return Ok(Self::One) };
        if name == AMOUNT {
            return Ok(Self::Money(log.amount_minor(), log.currency().minor_per_major() as f64));
        }
        match log.property(name)? {
            Column::Integer(values) => Ok(Self::Integer(values)),
            Column::Float(values) => Ok(Self::Float(values)),
            other => Err(type_mismatch(format!(
                "a preference weighs by a number, and the property {name:?} is of type {}",
                other.value_type()
            ))),
        }
    }

    fn of(self, row: usize) -> Option<f64> {
        match self {
            Self::One => Some(1.0),
            Self::Money(amounts, per_major) => amounts.get(row).map(|minor| minor as f64 / per_major),
            Self::Integer(values) => values.get(row).map(|value| value as f64),
            Self::Float(values) => values.get(row),
        }
    }
}

/// A preference made ready for a log and an instant.
#[derive(Debug)]
pub(super) struct Ranking<'a> {
    pub(super) log: &'a EventLog,
    pub(super) preference: &'a Preference,
    pub(super) as_of: Timestamp,
    pub(super) values: &'a TextColumn,
    weight: Weight<'a>,
}

impl<'a> Ranking<'a> {
    /// # Errors
    /// `UnknownName` or `TypeMismatch` for a property that the log lacks or that is no text, or no number as a weight.
    pub(super) fn new(log: &'a EventLog, preference: &'a Preference, as_of: Timestamp) -> Result<Self> {
        let values = log.text_property(&preference.property)?;
        let weight = Weight::find(log, preference.weight.as_deref())?;
        Ok(Self { log, preference, as_of, values, weight })
    }

    /// Whether every event weighs the same.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.weight, Weight::One)
    }

    /// What nobody has done anything for yet.
    pub(super) fn interests(&self) -> Interests {
        Interests::new(self.preference.half_life)
    }

    /// Weighs the values of these rows, which ascend, in place of what `interests` held.
    pub(super) fn weigh(&self, rows: impl IntoIterator<Item = usize>, interests: &mut Interests) {
        interests.clear();
        let mut codes = CodesCursor::new(&self.values.codes);
        for row in rows {
            if let (Some(category), Some(weight)) = (codes.get(row), self.weight.of(row)) {
                interests.add(category, weight, self.log.time_micros()[row]);
            }
        }
    }

    /// The values that weigh most: codes, and their weights; in place of what `ranked` held.
    pub(super) fn rank_into(&self, interests: &Interests, ranked: &mut Vec<Interest>) {
        interests.rank_into(self.as_of, self.preference.weight_min, self.preference.top.into(), ranked);
    }

    /// The text of a value.
    pub(super) fn text(&self, interest: &Interest) -> &'a str {
        self.values.dictionary.get(interest.category).unwrap_or_default()
    }
}
