//! Terms of events by stretches of time, from a table: near enough to tell most sums apart.

use super::decay::NearTerms;
use crate::time::Timestamp;

/// As many terms as stay in a core's nearest cache.
const STRETCHES: usize = 4_096;
/// With a greater spread too many sums could not be told apart.
const SPREAD_MAX: f64 = 1.02;
/// More than what rounding can do to two sums of 2³² terms each, as a share of them.
const ROUNDING: f64 = 1e-5;

/// The terms of [`NearTerms`], each taken from the beginning of a short stretch of time.
///
/// A sum of them is at most a known factor less than that of the terms themselves, in whatever order they are added. Where two sums
/// differ by more, the greater one is known.
#[derive(Debug)]
pub(crate) struct RoughTerms {
    first: i64,
    /// The length of a stretch is this power of two, in microseconds.
    shift: u32,
    terms: Box<[f64; STRETCHES]>,
    spread: f64,
}

impl RoughTerms {
    /// For events from `first` to `last`; `None` where the terms of a stretch differ too much.
    pub(crate) fn new(near: &NearTerms, first: Timestamp, last: Timestamp) -> Option<Self> {
        let first = first.as_micros();
        let span = u64::try_from(last.as_micros().checked_sub(first)?).ok()?;
        let shift = (0..u64::BITS).find(|shift| span >> shift < STRETCHES as u64 - 1)?;
        // One more than there are events in, as the end of the last.
        let instants: Vec<i64> = (0..(span >> shift) as i64 + 2).map(|stretch| first + (stretch << shift)).collect();
        let mut terms = vec![0.0; instants.len()];
        near.fill(&instants, &mut terms);
        let spread = terms.windows(2).fold(1.0, |spread, pair| f64::max(spread, pair[1] / pair[0])) * (1.0 + ROUNDING);
        terms.resize(STRETCHES, 0.0);
        let terms = terms.into_boxed_slice().try_into().ok()?;
        (spread <= SPREAD_MAX).then_some(Self { first, shift, terms, spread })
    }

    /// About what an event of weight 1 adds, at one of the instants.
    #[inline]
    pub(crate) fn of(&self, micros: i64) -> f64 {
        self.terms[((micros - self.first) as u64 >> self.shift) as usize % STRETCHES]
    }

    /// Whether the first sum is the greater one for sure.
    pub(crate) fn is_greater(&self, sum: f64, other: f64) -> bool {
        sum > other * self.spread
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Span;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn sums_that_differ_enough_are_in_order(
            half_life in 1i64..1 << 45,
            first in -1i64 << 50..1 << 50,
            times in prop::collection::vec((0i64..1 << 44, any::<bool>()), 1..40),
        ) {
            let mut times: Vec<(i64, bool)> = times.into_iter().map(|(time, side)| (first + time, side)).collect();
            times.sort_unstable();
            let (first, last) = (Timestamp::from_micros(times[0].0), Timestamp::from_micros(times[times.len() - 1].0));
            let Some(near) = NearTerms::new(Span::from_micros(half_life), first, last) else { return Ok(()) };
            let Some(rough) = RoughTerms::new(&near, first, last) else { return Ok(()) };
            let mut exact = [0.0; 2];
            let mut about = [0.0; 2];
            for (time, side) in &times {
                let mut term = [0.0];
                near.fill(&[*time], &mut term);
                exact[usize::from(*side)] += term[0];
                about[usize::from(*side)] += rough.of(*time);
            }
            for (a, b) in [(0, 1), (1, 0)] {
                prop_assert!(about[a] <= exact[a] * (1.0 + 1e-9) && exact[a] <= about[a] * rough.spread);
                prop_assert!(!rough.is_greater(about[a], about[b]) || exact[a] > exact[b]);
            }
        }
    }
}
