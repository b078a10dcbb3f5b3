//! The ladder of some users, and the rungs that the parts together make.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::climb::ticks_per_day;
use super::options::{LadderRules, OrderUnit};
use crate::analytics::interval::Share;
use crate::analytics::quantile::quantile;
use crate::error::{Result, invalid_argument};
use crate::time::Timestamp;

/// How long a step took the users who took it, in days; see [`OrderUnit`] for what a day is.
///
/// Quartiles are of type 7 (Hyndman & Fan 1996), exact over all users. Users who have not taken the step are not in
/// it, though they may yet take it: the numbers describe the past and forecast nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DaySpread {
    /// How many users took the step.
    pub user_count: u64,
    /// The mean.
    pub mean_days: f64,
    /// The lower quartile.
    pub quartile_1_days: f64,
    /// The median.
    pub median_days: f64,
    /// The upper quartile.
    pub quartile_3_days: f64,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Orders that lead to it; 0 for registered.
    pub number: u8,
    /// Users who reached it, those further up included.
    pub reached_count: u64,
    /// Users who stand on it: reached it, and not the next. On the highest rung all who reached it stand.
    pub standing_count: u64,
    /// Of the users who reached the rung before, those who reached this one; `None` for registered.
    pub conversion: Option<Share>,
    /// Of all known users, those who reached it.
    pub share: Share,
    /// Days since the rung before, for the first order since first seen; `None` for registered or where nobody is.
    pub days: Option<DaySpread>,
}

impl Rung {
    /// The name of the rung: `registered`, `first order`, `second order`…
    #[must_use]
    pub fn name(&self) -> String {
        rung_name(self.number)
    }
}

/// The name of a rung: `registered`, `first order`, `second order`… `11th order`.
#[must_use]
pub fn rung_name(number: u8) -> String {
    if number == 0 { "registered".to_owned() } else { format!("{} order", ordinal(number)) }
}

/// `first` to `tenth`, then `11th`, `21st`…
pub(super) fn ordinal(number: u8) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    if let Some(word) = number.checked_sub(1).and_then(|index| WORDS.get(usize::from(index))) {
        return (*word).to_owned();
    }
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The ladder of some of the users. Parts of disjoint users [`merge`](Self::merge) into that of all of them: merging
/// is associative, and [`rungs`](Self::rungs) does not depend on its order.
///
/// It holds every gap between two rungs, 8 bytes each, because exact quartiles need them all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LadderPart {
    as_of: Timestamp,
    unit: OrderUnit,
    /// Users on each rung, from 0 to the highest.
    standing: Vec<u64>,
    /// For each rung from the first order on, the ticks since the rung before of each user who reached it.
    gaps: Vec<Vec<i64>>,
}

impl LadderPart {
    /// The part of no user.
    #[must_use]
    pub fn empty(as_of: Timestamp, rules: &LadderRules) -> Self {
        let rungs = usize::from(rules.options().rungs_max);
        Self { as_of, unit: rules.options().unit, standing: vec![0; rungs + 1], gaps: vec![Vec::new(); rungs] }
    }

    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Adds the users of another part, who must not be in this one.
    ///
    /// # Errors
    /// `InvalidArgument` where the parts are of different instants, units or numbers of rungs.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        let frame = |part: &Self| (part.as_of, part.unit, part.standing.len(), part.gaps.len());
        if frame(self) != frame(&other) {
            return Err(invalid_argument(format!(
                "parts of different ladders do not merge: {} rungs by {:?} as of {}, and {} rungs by {:?} as of {}",
                self.gaps.len(),
                self.unit,
                self.as_of,
                other.gaps.len(),
                other.unit,
                other.as_of
            )));
        }
        self.absorb(other);
        Ok(())
    }

    /// Adds a part of the same frame.
    pub(super) fn absorb(&mut self, other: Self) {
        for (count, more) in self.standing.iter_mut().zip(other.standing) {
            *count += more;
        }
        for (gaps, more) in self.gaps.iter_mut().zip(other.gaps) {
            gaps.extend(more);
        }
    }

    /// Notes that a user went from the rung `below` to the next in this many ticks.
    #[inline]
    pub(super) fn add_step(&mut self, below: usize, ticks: i64) {
        if let Some(gaps) = self.gaps.get_mut(below) {
            gaps.push(ticks);
        }
    }

    /// Notes that a user stands on this rung.
    #[inline]
    pub(super) fn add_user(&mut self, rung: usize) {
        if let Some(count) = self.standing.get_mut(rung) {
            *count += 1;
        }
    }

    /// The rungs, from registered to the highest. Takes O(n log n) of the orders on the ladder.
    #[must_use]
    pub fn rungs(self) -> Vec<Rung> {
        let ticks_per_day = ticks_per_day(self.unit);
        let spreads: Vec<Option<DaySpread>> =
            self.gaps.into_par_iter().map(|gaps| day_spread(gaps, ticks_per_day)).collect();
        let mut reached = self.standing.clone();
        for rung in (1..reached.len()).rev() {
            reached[rung - 1] += reached[rung];
        }
        let all = reached.first().copied().unwrap_or(0);
        let rung_of = |(rung, (&reached_count, &standing_count)): (usize, (&u64, &u64))| Rung {
            number: rung as u8,
            reached_count,
            standing_count,
            conversion: rung.checked_sub(1).map(|below| Share::new(reached_count, reached[below])),
            share: Share::new(reached_count, all),
            days: rung.checked_sub(1).and_then(|below| spreads.get(below).copied().flatten()),
        };
        reached.iter().zip(&self.standing).enumerate().map(rung_of).collect()
    }
}

/// Mean and quartiles of gaps in any order.
fn day_spread(mut gaps: Vec<i64>, ticks_per_day: i64) -> Option<DaySpread> {
    gaps.par_sort_unstable();
    let per_day = ticks_per_day as f64;
    let quartile = |part| quantile(gaps.len(), part, 4, |index| gaps[index] as f64 / per_day);
    // A sum of whole numbers does not depend on the order of the users.
    let total: i128 = gaps.iter().map(|gap| i128::from(*gap)).sum();
    Some(DaySpread {
        user_count: gaps.len() as u64,
        mean_days: total as f64 / gaps.len() as f64 / per_day,
        quartile_1_days: quartile(1)?,
        median_days: quartile(2)?,
        quartile_3_days: quartile(3)?,
    })
}
