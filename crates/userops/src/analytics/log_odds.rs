//! Probabilities and the logarithms of their odds, without overflow.

/// ln (1 + eˣ).
pub(crate) fn soft_plus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// 1 / (1 + e⁻ˣ).
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overflows() {
        assert_eq!((soft_plus(800.0), soft_plus(-800.0), logistic(-800.0)), (800.0, 0.0, 0.0));
        assert!((soft_plus(0.0) - std::f64::consts::LN_2).abs() < 1e-16);
    }
}
