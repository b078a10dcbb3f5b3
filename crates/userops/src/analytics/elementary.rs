//! e to a power and logarithms without branches or calls, so that a loop of them becomes a loop of vectors.
//!
//! Every function is of one number; the compiler takes several at once where a loop goes over a slice. No operation is
//! fused, so that the answer has the same bits in a loop and by itself, on every machine.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

/// 1.5 · 2⁵²: what is added to it is rounded to a whole number, which stands in the last bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// The first digits of ln 2, of which a multiple by up to 2¹⁰ is exact, and the rest.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const MANTISSA_BITS: u32 = 52;
/// What is added to the exponent of 2 in the bits of a number.
const BIAS: u64 = 1_023;
/// 2⁵²: a whole number below it, written over its last bits, makes the sum of both.
const WHOLE: f64 = 4_503_599_627_370_496.0;
/// 2⁵⁴ makes a normal number of every subnormal one.
const SUBNORMAL_SCALE: f64 = 18_014_398_509_481_984.0;

/// eʳ − 1 for r of at most ½ ln 2 either way, by its Taylor series, whose first term left out is 10⁻¹⁷ of it.
#[inline(always)]
fn rest_of_exp(r: f64) -> f64 {
    let (r2, r4) = (r * r, (r * r) * (r * r));
    let low = (1.0 / 2.0 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    let middle = (1.0 / 720.0 + r * (1.0 / 5_040.0)) + r2 * (1.0 / 40_320.0 + r * (1.0 / 362_880.0));
    let high =
        (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0)) + r2 * (1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0));
    r + r2 * (low + r4 * (middle + r4 * high))
}

/// eˣ and eˣ − 1, both within an ulp or so.
///
/// x = k ln 2 + r. Overflows to infinity, and goes by subnormal numbers to 0.
#[inline(always)]
pub(crate) fn exp_and_rest(x: f64) -> (f64, f64) {
    // Beyond these nothing changes. Written as comparisons, which keep what is no number.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let rounded = x * LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let rest = rest_of_exp(r);
    // 2ᵏ as two factors, each a normal number: half of k with the bias of the one, and the rest of k with that of the other.
    let biased = rounded.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(2 * BIAS);
    let half = biased >> 1;
    let first = f64::from_bits(half << MANTISSA_BITS);
    let second = f64::from_bits(biased.wrapping_sub(half) << MANTISSA_BITS);
    let power = (1.0 + rest) * first * second;
    let less = rest * first * second + (first * second - 1.0);
    (power, if x > 50.0 { power } else { less })
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    exp_and_rest(x).0
}

/// 2ˣ for x from 0 to 1, within an ulp or so: exactly 1 at 0, 2 at 1, and never outside.
#[inline(always)]
pub(crate) fn exp2_of_share(x: f64) -> f64 {
    let whole = if x > 0.5 { 1.0 } else { 0.0 };
    (1.0 + rest_of_exp((x - whole) * LN_2)) * (1.0 + whole)
}

/// ln of a finite, normal x > 0, with a correction that is added to the part of it that is not a multiple of ln 2.
///
/// x = 2ᵏ m with m between √½ and √2, and ln m = 2 artanh(f / (2 + f)) with f = m − 1, written as f − f²/2 + … so that
/// nothing is lost where f is small. The first term left out is a tenth of an ulp.
#[inline(always)]
fn ln_corrected(x: f64, shift: f64, correction: f64) -> f64 {
    let offset = (BIAS << MANTISSA_BITS) - (SQRT_2.to_bits() - (1 << MANTISSA_BITS));
    let biased = x.to_bits().wrapping_add(offset) >> MANTISSA_BITS;
    let m = f64::from_bits(x.to_bits().wrapping_sub(biased.wrapping_sub(BIAS) << MANTISSA_BITS));
    let k = f64::from_bits(biased | WHOLE.to_bits()) - (WHOLE + BIAS as f64) - shift;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let (z, half) = (s * s, 0.5 * f * f);
    let z2 = z * z;
    let low = (2.0 / 3.0 + z * (2.0 / 5.0)) + z2 * (2.0 / 7.0 + z * (2.0 / 9.0));
    let high = (2.0 / 11.0 + z * (2.0 / 13.0)) + z2 * ((2.0 / 15.0 + z * (2.0 / 17.0)) + z2 * (2.0 / 19.0));
    let series = z * (low + z2 * z2 * high);
    k * LN_2_HIGH - ((half - (s * (half + series) + (k * LN_2_LOW + correction))) - f)
}

/// ln x for x ≥ 0, within an ulp.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let small = x < f64::MIN_POSITIVE;
    let (scaled, shift) = (if small { x * SUBNORMAL_SCALE } else { x }, if small { 54.0 } else { 0.0 });
    let found = ln_corrected(scaled, shift, 0.0);
    let found = if x == 0.0 { f64::NEG_INFINITY } else { found };
    if x < f64::INFINITY { found } else { x }
}

/// ln(1 + x) for x ≥ 0, within an ulp or so.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    // What rounding has taken away from the sum.
    let lost = if x < 1.0 { x - (sum - 1.0) } else { 1.0 - (sum - x) };
    let found = ln_corrected(sum, 0.0, lost / sum);
    if x < f64::INFINITY { found } else { x }
}

/// (1 − e⁻ˣ) / x, which is 1 at 0.
#[inline(always)]
pub(crate) fn mean_of_decay(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { -exp_and_rest(-x).1 / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many numbers lie between the two.
    fn ulps(found: f64, expected: f64) -> f64 {
        if found == expected || (found.is_nan() && expected.is_nan()) {
            return 0.0;
        }
        let step = f64::from_bits(expected.abs().to_bits() + 1) - expected.abs();
        (found - expected).abs() / step
    }

    /// Numbers at equal distances of their logarithms, with what lies beside them.
    fn wide(from: f64, to: f64, count: usize) -> impl Iterator<Item = f64> {
        let step = (to / from).ln() / count as f64;
        (0..=count).flat_map(move |index| {
            let x = (from.ln() + step * index as f64).exp();
            [x, f64::from_bits(x.to_bits() + 1), f64::from_bits(x.to_bits() ^ 0xa_5a5a_5a5a)]
        })
    }

    #[test]
    fn powers_agree_with_those_of_libm() {
        let mut greatest = [0.0f64; 2];
        let near = (0..400_000).map(|index| f64::from(index - 200_000) * 3.9e-3);
        for x in near.chain(wide(1e-300, 700.0, 100_000)).chain(wide(1e-300, 745.0, 100_000).map(|x| -x)) {
            let (power, rest) = exp_and_rest(x);
            for (place, (found, expected)) in [(power, libm::exp(x)), (rest, libm::expm1(x))].into_iter().enumerate() {
                assert!(ulps(found, expected) <= 2.0, "{place} {x}: {found} {expected}");
                greatest[place] = greatest[place].max(ulps(found, expected));
            }
        }
        assert!(greatest.iter().all(|error| *error <= 2.0), "{greatest:?}");
        assert_eq!((exp(0.0), exp(710.0), exp(1e300), exp(-746.0)), (1.0, f64::INFINITY, f64::INFINITY, 0.0));
        assert_eq!((exp(f64::NEG_INFINITY), exp_and_rest(-800.0).1, exp_and_rest(-0.0).1), (0.0, -1.0, 0.0));
        assert!(exp(f64::NAN).is_nan() && ulps(exp(709.78), libm::exp(709.78)) <= 1.0);
        assert_eq!(exp(-745.1), f64::from_bits(1));
    }

    #[test]
    fn powers_of_two_agree_with_those_of_libm() {
        let even = (0..=1_000_000).map(|index| f64::from(index) / 1e6);
        for x in even.chain(wide(1e-300, 0.999, 100_000)).chain([0.5f64.next_up(), 1.0f64.next_down()]) {
            let (found, expected) = (exp2_of_share(x), libm::exp2(x));
            assert!(ulps(found, expected) <= 1.0 && (1.0..=2.0).contains(&found), "{x}: {found} {expected}");
        }
        assert_eq!((exp2_of_share(0.0), exp2_of_share(1.0)), (1.0, 2.0));
    }

    #[test]
    fn logarithms_agree_with_those_of_libm() {
        let near = || (0..400_000).map(|index| 0.5 + f64::from(index) * 5e-6);
        for x in near().chain(wide(5e-324, 1.7e308, 400_000)) {
            let expected = libm::log(x);
            assert!(ulps(ln(x), expected) <= 1.0, "ln {x}: {} {expected}", ln(x));
            let expected = libm::log1p(x);
            assert!(ulps(ln_1p(x), expected) <= 2.0, "ln_1p {x}: {} {expected}", ln_1p(x));
        }
        assert_eq!((ln(0.0), ln(1.0), ln(f64::INFINITY)), (f64::NEG_INFINITY, 0.0, f64::INFINITY));
        assert_eq!((ln_1p(0.0), ln_1p(5e-324), ln_1p(f64::INFINITY)), (0.0, 5e-324, f64::INFINITY));
        assert!(ln(f64::NAN).is_nan() && ln_1p(f64::NAN).is_nan());
        assert_eq!(ln(f64::MAX), libm::log(f64::MAX));
    }

    #[test]
    fn a_loop_has_the_same_bits_as_each_by_itself() {
        let values: Vec<f64> = (0..1_000).map(|index| f64::from(index) * 0.37).collect();
        let mut together = values.clone();
        together.iter_mut().for_each(|value| *value = exp(-ln_1p(*value) * 1.7));
        for (value, found) in values.iter().zip(together) {
            let alone = std::hint::black_box(exp(-std::hint::black_box(ln_1p(*value)) * 1.7));
            assert_eq!(found.to_bits(), alone.to_bits());
        }
    }

    #[test]
    fn a_mean_of_decay_is_one_at_zero() {
        assert!((mean_of_decay(1e-12) - 1.0).abs() < 1e-12 && mean_of_decay(0.0) == 1.0);
        assert!((mean_of_decay(-2.0) - libm::expm1(2.0) / 2.0).abs() < 1e-14);
    }
}
