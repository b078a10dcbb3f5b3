//! Gaps between the days on which a user was there.

use serde::{Deserialize, Serialize};

use crate::time::{Calendar, Timestamp};

/// Gaps between consecutive days, in days; none where there are fewer than two days.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Gaps {
    /// The mean: last day minus first day, over the number of gaps.
    pub mean_days: Option<f64>,
    /// The median; of an even number of gaps the mean of the middle two.
    pub median_days: Option<f64>,
}

/// Gaps between the distinct local days of ascending instants. A clock set back across midnight, which shows a date
/// twice, makes no gap.
pub(super) fn gaps_of_days(time: &[i64], calendar: &Calendar) -> Gaps {
    let mut days: Vec<i32> = time.iter().map(|micros| calendar.day(Timestamp::from_micros(*micros)).0).collect();
    days.sort_unstable();
    days.dedup();
    let (Some(first), Some(last), 2..) = (days.first(), days.last(), days.len()) else { return Gaps::default() };
    let mean = f64::from(last - first) / (days.len() - 1) as f64;
    let mut gaps: Vec<i32> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let middle = gaps.len() / 2;
    let median =
        if gaps.len() % 2 == 1 { f64::from(gaps[middle]) } else { f64::from(gaps[middle - 1] + gaps[middle]) / 2.0 };
    Gaps { mean_days: Some(mean), median_days: Some(median) }
}

/// How many distinct local days ascending instants fall on.
pub(super) fn distinct_days(time: impl Iterator<Item = i64>, calendar: &Calendar) -> u32 {
    let mut days: Vec<i32> = time.map(|micros| calendar.day(Timestamp::from_micros(micros)).0).collect();
    distinct_sorted(&mut days)
}

/// How many distinct days there are, putting them in order. They ascend but where a clock was set back across midnight.
pub(super) fn distinct_sorted(days: &mut Vec<i32>) -> u32 {
    days.sort_unstable();
    days.dedup();
    days.len() as u32
}
