//! Tails of the distributions that tests of significance refer to.

/// The probability that a standard normal value is at least as far from 0 as `z`.
pub(crate) fn normal_tails(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The probability that a χ² value with so many degrees of freedom is `x` or more; 1 for an `x` of 0 or less.
///
/// For whole degrees the incomplete gamma function is a finite sum of positive terms (Abramowitz & Stegun, *Handbook of
/// Mathematical Functions*, 1964, 26.4.4 and 26.4.5): nothing cancels, so that tails far out are as exact as others.
pub(crate) fn chi_square_tail(x: f64, degrees: u32) -> f64 {
    let half = x / 2.0;
    if half.is_nan() || half <= 0.0 || degrees == 0 {
        return 1.0;
    }
    let log = libm::log(half);
    let term = |power: f64| libm::exp(power * log - half - libm::lgamma(power + 1.0));
    let whole = degrees / 2;
    let sum: f64 = match degrees % 2 {
        0 => (0..whole).map(|power| term(f64::from(power))).sum(),
        _ => (0..whole).map(|power| term(f64::from(power) + 0.5)).sum::<f64>() + libm::erfc(half.sqrt()),
    };
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_tails_come_out() {
        // Abramowitz & Stegun, table 26.8: the points that 5 % and 0.1 % of values exceed.
        for (degrees, five, thousandth) in [
            (1, 3.84146, 10.828),
            (2, 5.99147, 13.816),
            (3, 7.81473, 16.266),
            (10, 18.3070, 29.588),
            (30, 43.7729, 59.703),
        ] {
            assert!((chi_square_tail(five, degrees) - 0.05).abs() < 1e-6, "{degrees}");
            assert!((chi_square_tail(thousandth, degrees) - 0.001).abs() < 1e-6, "{degrees}");
        }
        assert_eq!(chi_square_tail(0.0, 3), 1.0);
        assert!((chi_square_tail(4.0, 1) - normal_tails(2.0)).abs() < 1e-15);
        // With two degrees the tail is exp(−x / 2).
        assert!((chi_square_tail(1_400.0, 2) / libm::exp(-700.0) - 1.0).abs() < 1e-12);
    }
}
