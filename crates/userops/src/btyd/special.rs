//! Functions of the gamma family in the forms that the models need, and sums that neither overflow nor cancel.

/// Where the asymptotic series of ψ and ψ′ are good to the last bit.
const ASYMPTOTIC_FROM: f64 = 12.0;
/// Shorter products are multiplied out: the difference of two logarithms of Γ would cancel.
const PRODUCT_FACTORS_MAX: u32 = 256;
/// From such a base on, the difference of two logarithms of Γ has lost too many digits.
const GAMMA_BASE_MAX: f64 = 1e5;

/// ψ(x), the slope of ln Γ, for x > 0: up by ψ(x) = ψ(x + 1) − 1/x, then the asymptotic series (DLMF 5.5.2, 5.11.2).
pub(super) fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < ASYMPTOTIC_FROM {
        shift += 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    // B₂ₖ / 2k of the Bernoulli numbers.
    let terms = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
        -3_617.0 / 8_160.0,
    ];
    let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * y);
    libm::log(x) - 0.5 / x - series - shift
}

/// ψ′(x) for x > 0 (DLMF 5.15.5, 5.15.8).
pub(super) fn trigamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < ASYMPTOTIC_FROM {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    // The Bernoulli numbers B₂ₖ.
    let terms =
        [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2_730.0, 7.0 / 6.0, -3_617.0 / 510.0];
    let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * y);
    shift + 1.0 / x + 0.5 * y + series / x
}

/// ln (base)ₙ = ln Γ(base + n) − ln Γ(base), for base > 0.
pub(super) fn ln_rising(base: f64, count: u32) -> f64 {
    if count > PRODUCT_FACTORS_MAX && base < GAMMA_BASE_MAX {
        return libm::lgamma(base + f64::from(count)) - libm::lgamma(base);
    }
    (0..count).map(|step| libm::log(base + f64::from(step))).sum()
}

/// ln (base)ₙ / (over)ₙ, where the two bases may lie close together.
pub(super) fn ln_rising_ratio(base: f64, over: f64, count: u32) -> f64 {
    if count > PRODUCT_FACTORS_MAX && over.max(base) < GAMMA_BASE_MAX {
        return ln_rising(base, count) - ln_rising(over, count);
    }
    (0..count).map(|step| libm::log1p((base - over) / (over + f64::from(step)))).sum()
}

/// ln B(a, b).
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// ln (base)ₙ and its first two derivatives by the base, for every n up to a greatest one.
#[derive(Debug)]
pub(super) struct Rising {
    /// ln (base)ₙ.
    pub(super) log: Vec<f64>,
    /// ψ(base + n) − ψ(base).
    pub(super) first: Vec<f64>,
    /// ψ′(base + n) − ψ′(base).
    pub(super) second: Vec<f64>,
}

impl Rising {
    pub(super) fn new(base: f64, count_max: u32) -> Self {
        let len = count_max as usize + 1;
        let mut rising =
            Self { log: Vec::with_capacity(len), first: Vec::with_capacity(len), second: Vec::with_capacity(len) };
        let (mut log, mut first, mut second) = (0.0, 0.0, 0.0);
        for step in 0..=count_max {
            rising.log.push(log);
            rising.first.push(first);
            rising.second.push(second);
            let factor = base + f64::from(step);
            let inverse = 1.0 / factor;
            log += libm::log(factor);
            first += inverse;
            second -= inverse * inverse;
        }
        rising
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../../../../testdata/golden/special_lgamma_digamma.csv");

    /// Beside a zero of the function only the absolute error means something.
    fn error(found: f64, expected: f64) -> f64 {
        (found - expected).abs() / expected.abs().max(1.0)
    }

    #[test]
    fn the_gamma_family_agrees_with_forty_digits() {
        let mut greatest = [0.0f64; 3];
        for line in GOLDEN.lines().skip(1) {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            let found = [libm::lgamma(cells[0]), digamma(cells[0]), trigamma(cells[0])];
            for (index, found) in found.into_iter().enumerate() {
                greatest[index] = greatest[index].max(error(found, cells[index + 1]));
            }
        }
        assert!(greatest.iter().all(|error| *error < 4e-15), "{greatest:?}");
    }

    #[test]
    fn rising_products_agree_with_the_gamma_function() {
        for base in [0.01, 0.243, 1.0, 17.5, 3e4] {
            let rising = Rising::new(base, 600);
            for count in [0u32, 1, 2, 30, 256, 257, 600] {
                let expected = libm::lgamma(base + f64::from(count)) - libm::lgamma(base);
                let at = count as usize;
                assert!(error(ln_rising(base, count), expected) < 1e-11, "{base} {count}");
                assert!(error(rising.log[at], expected) < 1e-11);
                assert!(error(rising.first[at], digamma(base + f64::from(count)) - digamma(base)) < 1e-11);
                assert!(error(rising.second[at], trigamma(base + f64::from(count)) - trigamma(base)) < 1e-11);
                let ratio = ln_rising(base, count) - ln_rising(base + 0.5, count);
                assert!(error(ln_rising_ratio(base, base + 0.5, count), ratio) < 1e-10);
            }
        }
        assert!((ln_rising(1e9, 3) - 3.0 * libm::log(1e9)).abs() < 1e-8);
    }

    #[test]
    fn the_beta_function_is_a_ratio_of_factorials() {
        assert!((ln_beta(2.0, 3.0) + libm::log(12.0)).abs() < 1e-14);
    }
}
