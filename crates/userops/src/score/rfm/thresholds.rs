//! Cut points given by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition};
use crate::score::cut::whole_cut;
use crate::score::{Comparison, CutValues, Cuts, Direction, MeasureValue};
use crate::value::ValueType;

/// Cut points given by hand, in ascending order whatever the direction of the measure. Serde takes a list of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Thresholds(pub Vec<MeasureValue>);

impl<T: Into<MeasureValue>> FromIterator<T> for Thresholds {
    fn from_iter<I: IntoIterator<Item = T>>(cuts: I) -> Self {
        Self(cuts.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<MeasureValue>, const N: usize> From<[T; N]> for Thresholds {
    fn from(cuts: [T; N]) -> Self {
        cuts.into_iter().collect()
    }
}

impl<T: Into<MeasureValue>> From<Vec<T>> for Thresholds {
    fn from(cuts: Vec<T>) -> Self {
        cuts.into_iter().collect()
    }
}

impl Thresholds {
    /// `InvalidDefinition` where there is no cut, a cut is not finite, cuts do not ascend, or they make too many bins.
    pub(super) fn check(&self, bins: u8) -> Result<()> {
        let count = self.0.len();
        if count == 0 {
            return Err(invalid_definition("no thresholds; give at least one, or choose another method"));
        }
        if count >= usize::from(bins) {
            let bins_made = count + 1;
            return Err(invalid_definition(format!(
                "{count} thresholds make {bins_made} bins where at most {bins} are asked for; drop thresholds or raise \
                 the bins"
            )));
        }
        if let Some(cut) = self.0.iter().find(|cut| !cut.as_float().is_finite()) {
            return Err(invalid_definition(format!("{cut} is not a threshold; a threshold is a finite number")));
        }
        match self.0.windows(2).find(|pair| !ascends(pair[0], pair[1])) {
            None => Ok(()),
            Some(pair) => Err(invalid_definition(format!(
                "thresholds ascend, whatever the direction of the measure; {} comes before {}",
                pair[0], pair[1]
            ))),
        }
    }

    /// The cuts that these thresholds make of a measure.
    pub(super) fn cuts(&self, direction: Direction, value_type: ValueType) -> Result<Cuts> {
        let in_direction = |mut index: usize| {
            if direction == Direction::LowerIsBetter {
                index = self.0.len() - 1 - index;
            }
            self.0[index]
        };
        let cuts = (0..self.0.len()).map(in_direction);
        let values = if value_type == ValueType::Integer {
            CutValues::Integer(cuts.map(|cut| whole(cut, direction, Comparison::AtLeast)).collect::<Result<_>>()?)
        } else {
            CutValues::Float(cuts.map(MeasureValue::as_float).collect())
        };
        Cuts::new(direction, Comparison::AtLeast, values)
    }
}

fn ascends(a: MeasureValue, b: MeasureValue) -> bool {
    match (a, b) {
        (MeasureValue::Integer(a), MeasureValue::Integer(b)) => a < b,
        _ => a.as_float() < b.as_float(),
    }
}

/// The whole number that cuts whole values exactly as `cut` does.
pub(super) fn whole(cut: MeasureValue, direction: Direction, comparison: Comparison) -> Result<i64> {
    match cut {
        MeasureValue::Integer(cut) => Ok(cut),
        MeasureValue::Float(cut) => whole_cut(cut, direction, comparison),
    }
}
