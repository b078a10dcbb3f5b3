//! How a measure is spread over the tiers.

use serde::{Deserialize, Serialize};

use super::ContributionTier;
use crate::error::{Result, invalid_argument, limit_exceeded};

/// What the users of one tier hold of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierShare {
    /// The tier.
    pub tier: ContributionTier,
    /// How many users stand in it.
    pub user_count: u64,
    /// Their share of all users; `None` where there is no user.
    pub user_ratio: Option<f64>,
    /// The sum of their measures, in the measure's unit.
    pub sum: i64,
    /// Their share of the total; `None` where the total is not above zero, or a measure is below it.
    pub sum_ratio: Option<f64>,
}

/// How a measure, such as revenue in minor units, is spread over the tiers: a row for each of
/// [`ContributionTier::ALL`], in this order, with zeros where a tier is empty.
///
/// # Errors
/// `InvalidArgument` where the two columns differ in length, `LimitExceeded` where a sum has more than 64 bits.
pub fn share_by_tier(tiers: &[ContributionTier], measure: &[i64]) -> Result<Vec<TierShare>> {
    if tiers.len() != measure.len() {
        return Err(invalid_argument(format!("{} tiers but {} measures", tiers.len(), measure.len())));
    }
    let total: i128 = measure.iter().copied().map(i128::from).sum();
    let has_shares = total > 0 && measure.iter().all(|value| *value >= 0);
    ContributionTier::ALL
        .into_iter()
        .map(|tier| {
            let held = tiers.iter().zip(measure).filter(|(other, _)| **other == tier).map(|(_, value)| *value);
            let (user_count, sum) = held.fold((0u64, 0i128), |(n, sum), value| (n + 1, sum + i128::from(value)));
            Ok(TierShare {
                tier,
                user_count,
                user_ratio: (!tiers.is_empty()).then(|| user_count as f64 / tiers.len() as f64),
                sum: i64::try_from(sum).map_err(|_| {
                    limit_exceeded(format!(
                        "the sum of tier {tier} is {sum}, which has more than 64 bits; use larger units"
                    ))
                })?,
                sum_ratio: has_shares.then(|| sum as f64 / total as f64),
            })
        })
        .collect()
}
