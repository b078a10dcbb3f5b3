//! Fitting the eight value groups, and telling users by them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::thresholds::whole;
use super::value_group::{EightGroupOptions, SplitOptions, ThresholdKind, ValueGroup};
use super::{Measures, UserMeasures};
use crate::error::{Error, Result, invalid_definition, limit_exceeded};
use crate::score::select::place_ranks;
use crate::score::{Comparison, CutValues, Cuts, Direction, Explanation, MeasureValue, MeasureValues};

/// The split of one measure into high and low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SplitData")]
pub struct Split {
    options: SplitOptions,
    threshold: MeasureValue,
    cuts: Cuts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitData {
    options: SplitOptions,
    threshold: MeasureValue,
    cuts: Cuts,
}

impl TryFrom<SplitData> for Split {
    type Error = Error;

    fn try_from(data: SplitData) -> Result<Self> {
        let SplitData { options, threshold, cuts } = data;
        if cuts.values().len() != 1 || cuts.direction() != options.direction || cuts.comparison() != options.comparison
        {
            return Err(invalid_definition("a split has one cut, which agrees with its options").at(&options.name));
        }
        Ok(Self { options, threshold, cuts })
    }
}

impl Split {
    /// The options that the split was fitted with.
    #[must_use]
    pub fn options(&self) -> &SplitOptions {
        &self.options
    }

    /// The threshold as stated: the mean or median to float precision, or the fixed value.
    #[must_use]
    pub fn threshold(&self) -> MeasureValue {
        self.threshold
    }

    /// The cut that values are compared with: for a whole measure, the whole number that splits it exactly as the
    /// threshold, not rounded, does.
    #[must_use]
    pub fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    fn is_high(&self, value: MeasureValue) -> Result<bool> {
        Ok(self.cuts.level(value).map_err(|error| error.at(&self.options.name))? > 1)
    }

    fn explain(&self, label: &str, value: MeasureValue) -> Result<Explanation> {
        let high = if self.is_high(value)? { "high" } else { "low" };
        let kind = match self.options.threshold {
            ThresholdKind::Mean => "the mean",
            ThresholdKind::Median => "the median",
            ThresholdKind::Fixed(_) => "given",
        };
        let (name, relation, threshold) = (&self.options.name, self.cuts.relation(), self.threshold);
        let text = format!("{name}: {high}; high is {relation} {threshold}, {kind}");
        let parts = self.cuts.explain(value)?.into_iter().filter(|part| part.label == "step_missing");
        Ok(Explanation::new(label).value(value).text(text).parts(parts))
    }
}

/// The eight value groups as fitted on a population: three splits, from which the group of any user follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EightGroupScheme {
    /// How many users the scheme was fitted on.
    pub user_count: u64,
    /// The split of recency.
    pub recency: Split,
    /// The split of frequency.
    pub frequency: Split,
    /// The split of monetary value.
    pub monetary: Split,
}

impl EightGroupScheme {
    /// Finds the thresholds of a population.
    ///
    /// Means and medians of whole measures are compared exactly, as n · value against the total, never as rounded
    /// floats. Floats are summed in ascending order with Neumaier's compensation. Neither the order of rows nor the
    /// number of threads makes a difference. O(N), and O(N log N) for the mean of floats.
    ///
    /// # Errors
    /// `Empty` where there is no user; `InvalidArgument` where columns differ in length, or a value is NaN or infinite;
    /// `InvalidDefinition` where a fixed threshold is; `LimitExceeded` where the sum of floats is not finite.
    pub fn fit(measures: &Measures<'_>, options: impl Into<EightGroupOptions>) -> Result<Self> {
        let options = options.into();
        measures.check_population(options.names())?;
        let EightGroupOptions { recency, frequency, monetary } = options;
        let fit = |values, options: SplitOptions| {
            let name = options.name.clone();
            fit_split(values, options).map_err(|error| error.at(name))
        };
        Ok(Self {
            user_count: measures.user_count() as u64,
            recency: fit(measures.recency, recency)?,
            frequency: fit(measures.frequency, frequency)?,
            monetary: fit(measures.monetary, monetary)?,
        })
    }

    /// The group of one user: a pure function of the three values.
    ///
    /// # Errors
    /// `TypeMismatch` where a value is not of the type that the scheme was fitted on, `InvalidArgument` where it is NaN
    /// or infinite; the message starts with the name of the measure.
    pub fn group(&self, user: &UserMeasures) -> Result<ValueGroup> {
        Ok(ValueGroup::from_high(
            self.recency.is_high(user.recency)?,
            self.frequency.is_high(user.frequency)?,
            self.monetary.is_high(user.monetary)?,
        ))
    }

    /// The groups of many users, in row order: as [`EightGroupScheme::group`] of each row, and none for no rows.
    ///
    /// # Errors
    /// As [`EightGroupScheme::group`], and `InvalidArgument` where columns differ in length.
    pub fn groups(&self, measures: &Measures<'_>) -> Result<Vec<ValueGroup>> {
        let splits = [&self.recency, &self.frequency, &self.monetary];
        let names = splits.map(|split| split.options.name.as_str());
        measures.check(names)?;
        let recency = self.recency.cuts.levels(names[0], measures.recency)?;
        let frequency = self.frequency.cuts.levels(names[1], measures.frequency)?;
        let monetary = self.monetary.cuts.levels(names[2], measures.monetary)?;
        let levels = recency.iter().zip(&frequency).zip(&monetary);
        Ok(levels.map(|((r, f), m)| ValueGroup::from_high(*r > 1, *f > 1, *m > 1)).collect())
    }

    /// Why a user is in their group: the root `value_group`, and for each measure the value, the threshold and, where
    /// the measure is low, `step_missing` to be high.
    ///
    /// # Errors
    /// As [`EightGroupScheme::group`].
    pub fn explain(&self, user: &UserMeasures) -> Result<Explanation> {
        let group = self.group(user)?;
        Ok(Explanation::new("value_group")
            .value(group.name())
            .text(format!("{}, by the thresholds of {} users", group.chinese_name(), self.user_count))
            .part(self.recency.explain("recency", user.recency)?)
            .part(self.frequency.explain("frequency", user.frequency)?)
            .part(self.monetary.explain("monetary", user.monetary)?))
    }
}

/// The split of at least one value.
fn fit_split(values: MeasureValues<'_>, options: SplitOptions) -> Result<Split> {
    let (direction, comparison) = (options.direction, options.comparison);
    let (threshold, cut) = match (options.threshold, values) {
        (ThresholdKind::Fixed(value), _) if !value.as_float().is_finite() => {
            return Err(invalid_definition(format!("{value} is not a threshold; a threshold is a finite number")));
        }
        (ThresholdKind::Fixed(value), MeasureValues::Integer(_)) => {
            (value, CutValues::Integer(vec![whole(value, direction, comparison)?]))
        }
        (ThresholdKind::Fixed(value), MeasureValues::Float(_)) => (value, CutValues::Float(vec![value.as_float()])),
        (ThresholdKind::Mean, MeasureValues::Integer(values)) => {
            let total: i128 = values.iter().copied().map(i128::from).sum();
            exact_split(total, values.len() as i128, direction, comparison)
        }
        (ThresholdKind::Median, MeasureValues::Integer(values)) => {
            let (low, high) = middle_two(&mut values.to_vec(), i64::cmp);
            exact_split(i128::from(low) + i128::from(high), 2, direction, comparison)
        }
        (ThresholdKind::Mean, MeasureValues::Float(values)) => float_split(mean(values)?),
        (ThresholdKind::Median, MeasureValues::Float(values)) => {
            let (low, high) = middle_two(&mut values.to_vec(), f64::total_cmp);
            float_split(low.midpoint(high))
        }
    };
    Ok(Split { options, threshold, cuts: Cuts::new(direction, comparison, cut)? })
}

fn float_split(threshold: f64) -> (MeasureValue, CutValues) {
    (MeasureValue::Float(threshold), CutValues::Float(vec![threshold]))
}

/// The split of whole values at `total / count`, which lies between two of them, so that its roundings have 64 bits.
fn exact_split(total: i128, count: i128, direction: Direction, comparison: Comparison) -> (MeasureValue, CutValues) {
    let upwards = (direction == Direction::HigherIsBetter) == (comparison == Comparison::AtLeast);
    let has_part = total.rem_euclid(count) > 0;
    let whole = total.div_euclid(count) + i128::from(upwards && has_part);
    (MeasureValue::Float(total as f64 / count as f64), CutValues::Integer(vec![whole as i64]))
}

/// The two values in the middle, which are one where the number of values is odd.
fn middle_two<T: Copy>(values: &mut [T], compare: impl Fn(&T, &T) -> std::cmp::Ordering + Copy) -> (T, T) {
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    place_ranks(values, &[low, high], compare);
    (values[low], values[high])
}

/// The mean of floats, the same for any order of them.
fn mean(values: &[f64]) -> Result<f64> {
    let mut ascending = values.to_vec();
    ascending.par_sort_unstable_by(f64::total_cmp);
    let (mut sum, mut lost) = (0.0f64, 0.0);
    for value in ascending {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    let mean = (sum + lost) / values.len() as f64;
    if !mean.is_finite() {
        return Err(limit_exceeded(format!(
            "the sum of {} values is too large for a float; use larger units, or the median",
            values.len()
        )));
    }
    Ok(mean)
}
