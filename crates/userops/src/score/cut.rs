//! Cuts: the values of a measure at which the score goes up.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::check_type;
use super::{Direction, Explanation, MeasureValue, MeasureValues};
use crate::error::{Error, Result, invalid_definition};
use crate::value::ValueType;

/// The most cuts that one measure can have: a level is a `u8`, and the lowest is 1.
const CUTS_MAX: usize = 254;

/// Rows that one thread scores at a time: the values and levels of 8,192 users fit into a core's own cache.
pub(super) const ROWS_PER_TASK: usize = 8_192;

/// When a value passes a cut. "Better" follows the measure's [`Direction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// A value passes if it is at least as good as the cut: ≥ where higher is better, ≤ where lower is.
    #[default]
    AtLeast,
    /// A value passes only if it is better than the cut: > where higher is better, < where lower is.
    Above,
}

/// Cuts in the type of the measure that they cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutValues {
    /// Cuts of a whole measure.
    Integer(Vec<i64>),
    /// Cuts of a measure with decimals, all finite.
    Float(Vec<f64>),
}

impl CutValues {
    /// How many cuts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(cuts) => cuts.len(),
            Self::Float(cuts) => cuts.len(),
        }
    }

    /// Whether there is no cut.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cut at this place, or `None` where it is out of range.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<MeasureValue> {
        match self {
            Self::Integer(cuts) => cuts.get(index).copied().map(MeasureValue::Integer),
            Self::Float(cuts) => cuts.get(index).copied().map(MeasureValue::Float),
        }
    }
}

/// The cuts of one measure, and how a value passes them: all that it takes to turn a value into a level.
///
/// The level of a value is 1 + the number of cuts it passes, so that `n` cuts make the levels 1 to n + 1. Cuts run
/// from the worst to the best, and equal ones may follow each other: then no value gets the levels between them.
/// Serde checks what it reads as [`Cuts::new`] does. A float cut must be read back to its last bit, which `serde_json`
/// does only with its feature `float_roundtrip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CutsData")]
pub struct Cuts {
    direction: Direction,
    comparison: Comparison,
    values: CutValues,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CutsData {
    direction: Direction,
    comparison: Comparison,
    values: CutValues,
}

impl TryFrom<CutsData> for Cuts {
    type Error = Error;

    fn try_from(data: CutsData) -> Result<Self> {
        Self::new(data.direction, data.comparison, data.values)
    }
}

impl Cuts {
    /// Cuts from values that run from the worst to the best: ascending where higher is better, descending where lower
    /// is.
    ///
    /// # Errors
    /// `InvalidDefinition` where a cut is NaN or infinite or better than one after it, or there are more than 254.
    pub fn new(direction: Direction, comparison: Comparison, values: CutValues) -> Result<Self> {
        if values.len() > CUTS_MAX {
            return Err(invalid_definition(format!("{} cuts; a measure has at most {CUTS_MAX}", values.len())));
        }
        match &values {
            CutValues::Integer(cuts) => check_order(cuts, direction)?,
            CutValues::Float(cuts) => match cuts.iter().find(|cut| !cut.is_finite()) {
                Some(cut) => return Err(invalid_definition(format!("{cut} is not a cut; a cut is a finite number"))),
                None => check_order(cuts, direction)?,
            },
        }
        Ok(Self { direction, comparison, values })
    }

    /// Which end of the measure is the good one.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// When a value passes a cut.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// The cuts, from the worst to the best.
    #[must_use]
    pub fn values(&self) -> &CutValues {
        &self.values
    }

    /// The type of the measure.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match &self.values {
            CutValues::Integer(_) => ValueType::Integer,
            CutValues::Float(_) => ValueType::Float,
        }
    }

    /// The highest level there is: the number of cuts + 1.
    #[must_use]
    pub fn level_max(&self) -> u8 {
        u8::try_from(self.values.len() + 1).unwrap_or(u8::MAX)
    }

    /// The level of a value: 1 + the number of cuts it passes.
    ///
    /// # Errors
    /// `TypeMismatch` where the value is not of the cuts' type, `InvalidArgument` where it is NaN or infinite.
    pub fn level(&self, value: MeasureValue) -> Result<u8> {
        check_type(self.value_type(), value.value_type())?;
        Ok(match (&self.values, value.check_finite()?) {
            (CutValues::Integer(cuts), MeasureValue::Integer(value)) => self.level_among(cuts, value),
            (CutValues::Float(cuts), MeasureValue::Float(value)) => self.level_among(cuts, value),
            _ => 1,
        })
    }

    /// The whole numbers on reaching which a growing value gets another level; `None` where cuts have decimals.
    pub(crate) fn thresholds(&self) -> Option<Vec<i64>> {
        let CutValues::Integer(cuts) = &self.values else { return None };
        let is_passed_beyond = match self.direction {
            Direction::HigherIsBetter => self.comparison == Comparison::Above,
            Direction::LowerIsBetter => self.comparison == Comparison::AtLeast,
        };
        Some(cuts.iter().map(|cut| cut.saturating_add(i64::from(is_passed_beyond))).collect())
    }

    /// The level of each value; as [`Cuts::level`] of each row.
    ///
    /// # Errors
    /// As [`Cuts::level`]; the message names the row.
    pub fn levels(&self, name: &str, values: MeasureValues<'_>) -> Result<Vec<u8>> {
        check_type(self.value_type(), values.value_type()).map_err(|error| error.at(name))?;
        values.check_finite(name)?;
        let mut levels = vec![1; values.len()];
        match (&self.values, values) {
            (CutValues::Integer(cuts), MeasureValues::Integer(values)) => self.add_levels(cuts, values, &mut levels),
            (CutValues::Float(cuts), MeasureValues::Float(values)) => self.add_levels(cuts, values, &mut levels),
            _ => {}
        }
        Ok(levels)
    }

    fn level_among<T: PartialOrd + Copy>(&self, cuts: &[T], value: T) -> u8 {
        let passed = match (self.direction, self.comparison) {
            (Direction::HigherIsBetter, Comparison::AtLeast) => cuts.partition_point(|cut| value >= *cut),
            (Direction::HigherIsBetter, Comparison::Above) => cuts.partition_point(|cut| value > *cut),
            (Direction::LowerIsBetter, Comparison::AtLeast) => cuts.partition_point(|cut| value <= *cut),
            (Direction::LowerIsBetter, Comparison::Above) => cuts.partition_point(|cut| value < *cut),
        };
        u8::try_from(passed + 1).unwrap_or(u8::MAX)
    }

    fn add_levels<T: PartialOrd + Copy + Sync>(&self, cuts: &[T], values: &[T], levels: &mut [u8]) {
        match (self.direction, self.comparison) {
            (Direction::HigherIsBetter, Comparison::AtLeast) => add_passed(cuts, values, levels, |v, cut| v >= cut),
            (Direction::HigherIsBetter, Comparison::Above) => add_passed(cuts, values, levels, |v, cut| v > cut),
            (Direction::LowerIsBetter, Comparison::AtLeast) => add_passed(cuts, values, levels, |v, cut| v <= cut),
            (Direction::LowerIsBetter, Comparison::Above) => add_passed(cuts, values, levels, |v, cut| v < cut),
        }
    }

    /// What passing a cut is called: `at least`, `more than`, `at most`, `less than`.
    pub(super) fn relation(&self) -> &'static str {
        match (self.direction, self.comparison) {
            (Direction::HigherIsBetter, Comparison::AtLeast) => "at least",
            (Direction::HigherIsBetter, Comparison::Above) => "more than",
            (Direction::LowerIsBetter, Comparison::AtLeast) => "at most",
            (Direction::LowerIsBetter, Comparison::Above) => "less than",
        }
    }

    /// The cut that the level of a value rests on, the next one, and what is missing to pass it.
    pub(super) fn explain(&self, value: MeasureValue) -> Result<Vec<Explanation>> {
        let level = self.level(value)?;
        let mut parts = Vec::new();
        if let Some(cut) = self.values.get(usize::from(level).wrapping_sub(2)) {
            let text = format!("passed: {} {cut} makes at least {level}", self.relation());
            parts.push(Explanation::new("cut_passed").value(cut).text(text));
        }
        if let Some(cut) = self.values.get(usize::from(level) - 1) {
            let reached = self.level_just_past(usize::from(level) - 1);
            let text = format!("not passed: {} {cut} would make {reached}", self.relation());
            parts.push(Explanation::new("cut_next").value(cut).text(text));
            parts.push(self.explain_step(value, cut));
        }
        Ok(parts)
    }

    /// The level of a value that passes the cut at `index` and all that equal it, but no better one.
    fn level_just_past(&self, index: usize) -> usize {
        let cut = self.values.get(index);
        (index..self.values.len()).take_while(|other| self.values.get(*other) == cut).last().unwrap_or(index) + 2
    }

    fn explain_step(&self, value: MeasureValue, cut: MeasureValue) -> Explanation {
        let way = if self.direction == Direction::HigherIsBetter { "more" } else { "less" };
        let step = Explanation::new("step_missing");
        match (value, cut) {
            (MeasureValue::Integer(value), MeasureValue::Integer(cut)) => {
                let missing = value.abs_diff(cut).saturating_add(u64::from(self.comparison == Comparison::Above));
                step.value(i64::try_from(missing).unwrap_or(i64::MAX)).text(format!("at least that much {way}"))
            }
            _ => {
                let least = if self.comparison == Comparison::Above { "more than" } else { "at least" };
                let missing = (value.as_float() - cut.as_float()).abs();
                step.value(missing).text(format!("{least} that much {way}"))
            }
        }
    }
}

fn add_passed<T: Copy + Sync>(cuts: &[T], values: &[T], levels: &mut [u8], passes: impl Fn(T, T) -> bool + Sync) {
    levels.par_chunks_mut(ROWS_PER_TASK).zip(values.par_chunks(ROWS_PER_TASK)).for_each(|(levels, values)| {
        for cut in cuts {
            for (level, value) in levels.iter_mut().zip(values) {
                *level += u8::from(passes(*value, *cut));
            }
        }
    });
}

fn check_order<T: PartialOrd + Copy + std::fmt::Display>(cuts: &[T], direction: Direction) -> Result<()> {
    let (in_order, order): (fn(&T, &T) -> bool, _) = match direction {
        Direction::HigherIsBetter => (|a, b| a <= b, "ascending"),
        Direction::LowerIsBetter => (|a, b| a >= b, "descending"),
    };
    match cuts.windows(2).find(|pair| !in_order(&pair[0], &pair[1])) {
        None => Ok(()),
        Some(pair) => Err(invalid_definition(format!(
            "cuts run from the worst to the best value, here {order}; {} comes before {}",
            pair[0], pair[1]
        ))),
    }
}

/// The whole number that cuts whole values exactly as `cut` does; `InvalidDefinition` where none of 64 bits does.
pub(super) fn whole_cut(cut: f64, direction: Direction, comparison: Comparison) -> Result<i64> {
    /// 2^63, from which on an `i64` ends.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let upwards = (direction == Direction::HigherIsBetter) == (comparison == Comparison::AtLeast);
    let whole = if upwards { cut.ceil() } else { cut.floor() };
    if !(-LIMIT..LIMIT).contains(&whole) {
        return Err(invalid_definition(format!("{cut} is not a cut of whole values, which have 64 bits")));
    }
    Ok(whole as i64)
}
