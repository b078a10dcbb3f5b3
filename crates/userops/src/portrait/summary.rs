//! Mean and median of a dimension of numbers.

use serde::{Deserialize, Serialize};

use super::options::PortraitOptions;
use crate::analytics::quantile::quantile;

/// Mean and median of the known values, in the unit of the dimension; `None` where no value is known.
///
/// The median is of type 7 (Hyndman & Fan 1996). How many values are known is not told, because that would reveal a
/// suppressed `(unknown)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericSummary {
    /// The dimension.
    pub dimension: String,
    /// Whether a number is kept from view: those of the audience where it, or the users outside, have fewer known
    /// values than a cell must; those of everybody where all together have.
    pub suppressed: bool,
    /// The mean over the audience.
    pub audience_mean: Option<f64>,
    /// The median over the audience.
    pub audience_median: Option<f64>,
    /// The mean over all users.
    pub everyone_mean: Option<f64>,
    /// The median over all users.
    pub everyone_median: Option<f64>,
}

impl NumericSummary {
    /// The summary of values in ascending order.
    pub(super) fn new<T: Number>(name: &str, audience: &[T], everyone: &[T], options: &PortraitOptions) -> Self {
        let is_small = |len: usize| options.is_small_count(len as u64);
        let hides_audience = is_small(audience.len()) || is_small(everyone.len() - audience.len());
        let hides_everyone = is_small(everyone.len());
        let audience = if hides_audience { &[] } else { audience };
        let everyone = if hides_everyone { &[] } else { everyone };
        Self {
            dimension: name.to_owned(),
            suppressed: hides_audience || hides_everyone,
            audience_mean: T::mean(audience),
            audience_median: median(audience),
            everyone_mean: T::mean(everyone),
            everyone_median: median(everyone),
        }
    }
}

/// A type of numbers whose mean does not depend on the order of the users.
pub(super) trait Number: Copy {
    fn to_f64(self) -> f64;
    /// The mean of values in ascending order.
    fn mean(sorted: &[Self]) -> Option<f64>;
}

impl Number for i64 {
    fn to_f64(self) -> f64 {
        self as f64
    }

    fn mean(sorted: &[Self]) -> Option<f64> {
        let total: i128 = sorted.iter().map(|value| i128::from(*value)).sum();
        (!sorted.is_empty()).then(|| total as f64 / sorted.len() as f64)
    }
}

impl Number for f64 {
    fn to_f64(self) -> f64 {
        self
    }

    fn mean(sorted: &[Self]) -> Option<f64> {
        let count = sorted.len() as f64;
        let total: f64 = sorted.iter().sum();
        // Values so great that their sum is not finite are divided first.
        let mean = if total.is_finite() { total / count } else { sorted.iter().map(|value| value / count).sum() };
        (!sorted.is_empty()).then_some(mean)
    }
}

fn median<T: Number>(sorted: &[T]) -> Option<f64> {
    quantile(sorted.len(), 1, 2, |index| sorted[index].to_f64())
}
