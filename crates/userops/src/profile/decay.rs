//! Sums of weights that halve with time, which hang on the distance between events and not on the instant of asking.
//!
//! Time is cut into cells of one half-life h, counted from 1970: t = cell · h + rest. An event at t adds weight · 2^(rest / h),
//! which is in units of its cell; the unit of a later cell is twice as much. What sums are in relation to each other
//! is therefore the same at every instant, and what they are at an instant is found by one division.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::analytics::elementary::exp2_of_share;
use crate::time::{Span, Timestamp};

/// Over so many cells a sum is forgotten when more is added to it: 2⁻¹⁰⁰⁰ of it would be left.
const FORGOTTEN_CELLS: i64 = 1_000;
const MANTISSA_BITS: u32 = 52;
/// What is added to the exponent of 2 in the bits of a number.
const BIAS: i64 = 1_023;
/// 2⁵⁴ makes a normal number of every subnormal one.
const SUBNORMAL_SCALE: f64 = 18_014_398_509_481_984.0;
/// The share of a half-life, as a power of 2, in which a weight changes by what may be lost in rounding.
const ROUNDING_BITS: u32 = 48;

/// After how long something is worth half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct HalfLife {
    micros: i64,
    inverse: f64,
}

impl HalfLife {
    /// The half-life of this span, which is positive where it has been checked, and at least a microsecond.
    pub(crate) fn new(span: Span) -> Self {
        let micros = span.as_micros().max(1);
        Self { micros, inverse: 1.0 / micros as f64 }
    }

    /// The cell of an instant, and 2^(rest / h), from 1 to 2: what an event of weight 1 adds in units of the cell.
    #[inline]
    fn split(self, micros: i64) -> (i64, f64) {
        let (cell, rest) = (micros.div_euclid(self.micros), micros.rem_euclid(self.micros));
        (cell, exp2_of_share(rest as f64 * self.inverse))
    }
}

/// value · 2^power for a power of at most 0, rounded only where it is subnormal.
#[inline]
fn scale_down(value: f64, power: i64) -> f64 {
    // Beyond this even the greatest number is nothing.
    let power = power.max(-2_200);
    let factor = |power: i64| f64::from_bits(((power + BIAS) as u64) << MANTISSA_BITS);
    let third = power / 3;
    value * factor(third) * factor(third) * factor(power - 2 * third)
}

/// The sum of weights of events, in units of the cell of the last one.
///
/// Events are added in order of time. Scaling by powers of two is exact, so that each event costs one rounding for its power,
/// one for its weight, and one for the sum. A sum that is more than 1,000 cells behind the next event is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct DecayedSum {
    sum: f64,
    cell: i64,
}

impl DecayedSum {
    /// The sum of no event.
    pub(crate) const EMPTY: Self = Self { sum: 0.0, cell: i64::MIN };

    /// Adds an event of this weight, not earlier than those before.
    #[inline]
    pub(crate) fn add(&mut self, weight: f64, micros: i64, half_life: HalfLife) {
        let (cell, power) = half_life.split(micros);
        let behind = cell.saturating_sub(self.cell);
        let kept = if behind > FORGOTTEN_CELLS { 0.0 } else { scale_down(self.sum, -behind.max(0)) };
        self.sum = kept + weight * power;
        self.cell = cell;
    }

    /// Whether it is more than nothing, which no instant changes.
    pub(crate) fn is_positive(&self) -> bool {
        self.sum > 0.0
    }

    /// What is left at an instant not before the last event.
    pub(crate) fn at(&self, micros: i64, half_life: HalfLife) -> f64 {
        let (cell, power) = half_life.split(micros);
        scale_down(self.sum / power, self.cell.saturating_sub(cell).min(0))
    }

    /// Which of two positive sums is greater, at whatever instant.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        if self.cell == other.cell {
            return self.sum.total_cmp(&other.sum);
        }
        self.magnitude().cmp(&other.magnitude())
    }

    /// The exponent of 2 and the mantissa of a positive sum.
    fn magnitude(&self) -> (i64, u64) {
        let is_small = self.sum < f64::MIN_POSITIVE;
        let bits = if is_small { self.sum * SUBNORMAL_SCALE } else { self.sum }.to_bits();
        let exponent = (bits >> MANTISSA_BITS) as i64 - if is_small { 54 } else { 0 };
        (self.cell.saturating_add(exponent), bits & ((1 << MANTISSA_BITS) - 1))
    }

    /// The first instant from `from` to `until`, neither before the last event, at which less than `weight_min` is left;
    /// `None` where there is none.
    ///
    /// Found by halving, over [`DecayedSum::at`] itself. Takes a few dozen looks.
    pub(crate) fn falls_below_at(
        &self,
        weight_min: f64,
        half_life: HalfLife,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let is_below = |micros: i64| self.at(micros, half_life) < weight_min;
        let (from, until) = (from.as_micros(), until.as_micros());
        if from > until || !is_below(until) {
            return None;
        }
        // Not below before `first`, as far as is known, and below at `last`.
        let (mut first, mut last) = (from, until);
        while first < last {
            let middle = first + ((last.abs_diff(first)) / 2) as i64;
            match is_below(middle) {
                true => last = middle,
                false => first = middle + 1,
            }
        }
        // Where weights lie so close that rounding counts, one may be below before another that is not.
        let close = (half_life.micros >> ROUNDING_BITS) + 1;
        let earlier = (last.saturating_sub(close).max(from)..last).find(|micros| is_below(*micros));
        Some(Timestamp::from_micros(earlier.unwrap_or(last)))
    }
}

/// Events far from each other by no more than this many cells have terms of one unit that are normal numbers.
const NEAR_CELLS: i64 = 500;
/// Nor further than this, so that floats hold the distance exactly with some bits to spare.
const NEAR_MICROS: i64 = 1 << 50;
/// 1.5 · 2⁵²: what is added to it is rounded to a whole number, which stands in the last bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The terms of events that lie near each other, all in units of one cell, so that sums of them are those of [`DecayedSum`]
/// to the last bit.
///
/// That holds for weights of 1, whose sums are never subnormal here, nor far enough behind to be forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NearTerms {
    half_life: HalfLife,
    /// The cell, and the instant at which it begins.
    cell: i64,
    begins: i64,
}

impl NearTerms {
    /// For events from `first` to `last`; `None` where these are too far apart.
    pub(crate) fn new(half_life: Span, first: Timestamp, last: Timestamp) -> Option<Self> {
        let half_life = HalfLife::new(half_life);
        let cell = last.as_micros().div_euclid(half_life.micros);
        let begins = cell.checked_mul(half_life.micros)?;
        let cells = cell - first.as_micros().div_euclid(half_life.micros);
        let is_near = (0..=NEAR_CELLS).contains(&cells)
            && begins.checked_sub(first.as_micros())? < NEAR_MICROS
            && half_life.micros < NEAR_MICROS;
        is_near.then_some(Self { half_life, cell, begins })
    }

    /// What an event of weight 1 at each of these instants adds.
    #[inline]
    pub(crate) fn fill(&self, micros: &[i64], terms: &mut [f64]) {
        let (length, inverse) = (self.half_life.micros as f64, self.half_life.inverse);
        for (term, micros) in terms.iter_mut().zip(micros) {
            // The conversions of 64-bit integers are additions, which a vector has.
            let distance = f64::from_bits(ROUNDER.to_bits().wrapping_add_signed(micros - self.begins)) - ROUNDER;
            let rounded = distance * inverse + ROUNDER;
            // Exact, as all of these are whole numbers below 2⁵³; the quotient may be one too great, never two.
            let rest = distance - (rounded - ROUNDER) * length;
            let (rest, rounded) = if rest < 0.0 { (rest + length, rounded - 1.0) } else { (rest, rounded) };
            let cell = rounded.to_bits().wrapping_sub(ROUNDER.to_bits());
            let power = exp2_of_share(rest * inverse);
            *term = f64::from_bits(power.to_bits().wrapping_add(cell << MANTISSA_BITS));
        }
    }

    /// The sum of some terms.
    pub(crate) fn sum(&self, terms: f64) -> DecayedSum {
        DecayedSum { sum: terms, cell: self.cell }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum_of(events: &[(f64, i64)], half_life: HalfLife) -> DecayedSum {
        let mut sum = DecayedSum::EMPTY;
        events.iter().for_each(|(weight, micros)| sum.add(*weight, *micros, half_life));
        sum
    }

    fn half_life(micros: i64) -> HalfLife {
        HalfLife::new(Span::from_micros(micros))
    }

    #[test]
    fn a_half_life_is_worth_exactly_half() {
        for micros in [1, 7, 3_600_000_000, 14 * 86_400_000_000, i64::MAX / 4] {
            let half_life = half_life(micros);
            for event in [0, 1, -5, 1_700_000_000_123_456, -62_135_596_800_000_000] {
                let sum = sum_of(&[(1.0, event)], half_life);
                assert_eq!(sum.at(event, half_life), 1.0);
                assert_eq!(sum.at(event + micros, half_life), 0.5);
                let two = sum_of(&[(3.0, event), (1.0, event + micros)], half_life);
                assert!((two.at(event + micros, half_life) - 2.5).abs() < 1e-15);
                let later = sum_of(&[(1.0, event + micros)], half_life);
                assert_eq!(sum_of(&[(2.0, event)], half_life).compare(&later), Ordering::Equal);
                assert_eq!(sum.compare(&later), Ordering::Less);
            }
        }
    }

    #[test]
    fn what_is_far_behind_is_forgotten_and_what_is_small_is_still_more_than_nothing() {
        let half_life = half_life(10);
        assert_eq!(sum_of(&[(1e300, 0), (1e-300, 10_000)], half_life).at(10_000, half_life), 1e300 * 2f64.powi(-1_000));
        assert_eq!(sum_of(&[(1e300, 0), (1e-300, 10_010)], half_life).at(10_010, half_life), 1e-300);
        let old = sum_of(&[(1.0, 0)], half_life);
        assert_eq!(old.at(10_740, half_life), f64::from_bits(1));
        assert_eq!(old.at(i64::MAX, half_life), 0.0);
        assert!(old.is_positive() && !DecayedSum::EMPTY.is_positive());
        assert!(!sum_of(&[(1.0, 5), (-1.0, 5)], half_life).is_positive());
        let tiny = sum_of(&[(5e-324, 1_000_000)], half_life);
        assert_eq!(tiny.compare(&old), Ordering::Greater, "2 to the power of 10⁵ and more");
        assert_eq!(tiny.compare(&sum_of(&[(1.0, 1_000_000 - 10_740)], half_life)), Ordering::Equal);
    }

    fn events() -> impl Strategy<Value = Vec<(f64, i64)>> {
        let weight = prop::sample::select(vec![1.0, 1.0, 2.0, 0.5, 0.1, 7.25]);
        prop::collection::vec((weight, 0i64..400), 1..6).prop_map(|mut events| {
            events.sort_by_key(|(_, micros)| *micros);
            events
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn a_sum_is_that_of_its_formula(events in events(), h in 2i64..200, later in 0i64..900) {
            let half_life = half_life(h);
            let sum = sum_of(&events, half_life);
            let as_of = 400 + later;
            let expected: f64 =
                events.iter().map(|(weight, micros)| weight * (-((as_of - micros) as f64) / h as f64).exp2()).sum();
            let found = sum.at(as_of, half_life);
            prop_assert!((found - expected).abs() <= 1e-12 * expected, "{} {}", found, expected);
        }

        #[test]
        fn near_terms_sum_to_the_same_bits(
            (h, times) in (1i64..60, 0u32..45).prop_flat_map(|(h, bits)| {
                let h = (h << bits).min((1 << 49) + h);
                let times = prop::collection::vec(0..h.saturating_mul(499).min(1 << 49), 1..20);
                (Just(h), times)
            }),
            first in -62_135_596_800_000_000i64..200_000_000_000_000_000,
            later in 0i64..1 << 50,
        ) {
            let mut times: Vec<i64> = times.into_iter().map(|time| first + time).collect();
            times.sort_unstable();
            let (instant, last) = (Timestamp::from_micros, times[times.len() - 1]);
            let near = NearTerms::new(Span::from_micros(h), instant(times[0]), instant(last)).unwrap();
            let mut terms = vec![0.0; times.len()];
            near.fill(&times, &mut terms);
            let (near, half_life) = (near.sum(terms.iter().fold(0.0, |sum, term| sum + term)), half_life(h));
            let far = sum_of(&times.iter().map(|time| (1.0, *time)).collect::<Vec<_>>(), half_life);
            prop_assert_eq!(near.at(last + later, half_life), far.at(last + later, half_life));
            prop_assert_eq!(near.compare(&far), Ordering::Equal);
        }

        #[test]
        fn an_order_is_the_same_at_every_instant(a in events(), b in events(), h in 10i64..200, later in 0i64..9_000) {
            let half_life = half_life(h);
            let (a, b) = (sum_of(&a, half_life), sum_of(&b, half_life));
            let (a_at, b_at) = (a.at(400 + later, half_life), b.at(400 + later, half_life));
            prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
            match a.compare(&b) {
                Ordering::Less => prop_assert!(a_at <= b_at),
                Ordering::Equal => prop_assert_eq!(a_at, b_at),
                Ordering::Greater => prop_assert!(a_at >= b_at),
            }
            prop_assert_eq!(a.at(400 + later + h, half_life) * 2.0, a_at);
        }

        #[test]
        fn a_fall_is_the_first(events in events(), h in 1i64..200, weight_min in 0.001f64..3.0, until in 0i64..1_500) {
            let half_life = half_life(h);
            let sum = sum_of(&events, half_life);
            let (from, until) = (400, 400 + until);
            let brute = (from..=until).find(|micros| sum.at(*micros, half_life) < weight_min);
            let instant = Timestamp::from_micros;
            let found = sum.falls_below_at(weight_min, half_life, instant(from), instant(until));
            prop_assert_eq!(found, brute.map(instant));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_fall_is_the_first_where_rounding_counts(event in 0i64..1 << 40, bits in 50u32..58, share in 0.0f64..1.0) {
            let half_life = half_life((1 << bits) + 12_345);
            let sum = sum_of(&[(1.0, event)], half_life);
            let near = event + ((1i64 << bits) as f64 * share) as i64;
            let weight_min = sum.at(near, half_life);
            let (from, until) = (near - 200, near + 3_000);
            let instant = Timestamp::from_micros;
            let from = from.max(event);
            let brute = (from..=until).find(|micros| sum.at(*micros, half_life) < weight_min);
            let found = sum.falls_below_at(weight_min, half_life, instant(from), instant(until));
            prop_assert_eq!(found, brute.map(instant));
        }
    }
}
