//! Gauss–Legendre quadrature, by panels where the integrand is steep.

use std::sync::OnceLock;

/// The most nodes of a rule.
pub(super) const NODES_MAX: usize = 16;

/// Nodes and weights of one rule over (0, 1).
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) nodes: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

/// The rules there are, by their number of nodes.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) eight: Rule,
    pub(super) twelve: Rule,
    pub(super) sixteen: Rule,
}

/// The rules, worked out once.
pub(super) fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules { eight: Rule::new(8), twelve: Rule::new(12), sixteen: Rule::new(16) })
}

impl Rule {
    /// The zeros of the Legendre polynomial by Newton's method from the usual first guess (DLMF 3.5.19, 18.16).
    fn new(count: u32) -> Self {
        let order = f64::from(count);
        let mut rule = Self { nodes: Vec::new(), weights: Vec::new() };
        for index in 0..count {
            let mut x = -libm::cos(std::f64::consts::PI * (f64::from(index) + 0.75) / (order + 0.5));
            let mut slope = 1.0;
            for _ in 0..8 {
                let (mut before, mut here) = (1.0, x);
                for degree in 2..=count {
                    let n = f64::from(degree);
                    (before, here) = (here, ((2.0 * n - 1.0) * x * here - (n - 1.0) * before) / n);
                }
                slope = order * (x * here - before) / (x * x - 1.0);
                x -= here / slope;
            }
            rule.nodes.push(0.5 * (1.0 + x));
            rule.weights.push(1.0 / ((1.0 - x * x) * slope * slope));
        }
        rule
    }
}

/// The integral of a smooth function over a range cut into equal panels of 16 nodes each.
pub(super) fn integrate(from: f64, to: f64, panels: u32, f: impl Fn(f64) -> f64) -> f64 {
    let rule = &rules().sixteen;
    let width = (to - from) / f64::from(panels);
    let mut sum = 0.0;
    for panel in 0..panels {
        let start = from + width * f64::from(panel);
        let part: f64 =
            rule.nodes.iter().zip(&rule.weights).map(|(node, weight)| weight * f(start + width * node)).sum();
        sum += part * width;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_to_the_last_digits() {
        for rule in [&rules().eight, &rules().twelve, &rules().sixteen] {
            for power in 0..2 * rule.nodes.len() as i32 {
                let terms = rule.nodes.iter().zip(&rule.weights);
                let found: f64 = terms.map(|(node, weight)| weight * node.powi(power)).sum();
                assert!((found * f64::from(power + 1) - 1.0).abs() < 1e-13, "{power}");
            }
        }
        assert!((integrate(0.0, 30.0, 6, |x| libm::exp(-x)) - 1.0).abs() < 1e-13);
    }
}
