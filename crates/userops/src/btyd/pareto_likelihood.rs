//! The likelihood of Pareto/NBD with its derivatives, for fits, and the integral that it has.

use super::history::PurchaseHistory;
use super::newton::{Likelihood, PARAMETERS_MAX, Second, cell, sum_groups};
use super::pareto_nbd::ParetoNbd;
use super::quadrature::{NODES_MAX, Rule, rules};
use super::special::Rising;
use crate::analytics::elementary::{exp, ln, ln_1p};

/// e to the minus this is less than rounding.
const NEGLIGIBLE: f64 = 40.0;

/// The two parts of the likelihood: to be there still, and to have left since the last purchase, without the factors that
/// both have at `t_x`.
pub(super) struct Terms {
    pub(super) stayed: f64,
    pub(super) left: f64,
}

impl Terms {
    pub(super) fn total(&self) -> f64 {
        self.stayed + self.left
    }
}

/// Both by quadrature.
pub(super) fn integrate_terms(model: &ParetoNbd, history: &PurchaseHistory) -> Terms {
    let shape = model.r + f64::from(history.x);
    let range = Range::new(model, shape, history);
    let mut left = 0.0;
    range.each_panel(|nodes| {
        left += nodes.masses.iter().sum::<f64>();
    });
    let stayed = exp(-shape * range.alpha_log - model.s * range.beta_log);
    Terms { stayed, left: model.s * left / (model.beta + history.t_x) * range.start }
}

/// The range of the integral from t_x to T, in w = ln((m + y) / (m + t_x)) with m the lesser of α and β.
///
/// So the integrand is smooth, and at a distance of at least π from any singularity. What lies where the integrand is
/// negligible is cut off.
struct Range {
    /// m + t_x.
    start: f64,
    /// The greater of α and β, less the lesser.
    difference: f64,
    /// Whether m is α.
    by_alpha: bool,
    /// 1 / (the greater one + t_x).
    other_inverse: f64,
    /// By how much the logarithm of the integrand times (m + y) changes with w, and with that of the greater one.
    powers: [f64; 2],
    width: f64,
    panels: u32,
    rule: &'static Rule,
    /// ln((α + T) / (α + t_x)), and the same of β.
    alpha_log: f64,
    beta_log: f64,
}

/// The nodes of one panel of the quadrature.
struct Nodes<'a> {
    /// (m + y) / (m + t_x) times the integrand over that at t_x, times the weight and dw.
    masses: &'a [f64],
    /// w.
    logs: &'a [f64],
    /// m + y.
    lesser: &'a [f64],
    /// The same with the greater of α and β, and its logarithm over that at t_x.
    greater: &'a [f64],
    other_logs: &'a [f64],
}

impl Range {
    fn new(model: &ParetoNbd, shape: f64, history: &PurchaseHistory) -> Self {
        let (lesser, greater) = (model.alpha.min(model.beta), model.alpha.max(model.beta));
        let by_alpha = model.alpha <= model.beta;
        let gone = history.age - history.t_x;
        let alpha_log = ln_1p(gone / (model.alpha + history.t_x));
        let beta_log = ln_1p(gone / (model.beta + history.t_x));
        let start = lesser + history.t_x;
        let mut end = gone;
        // The integrand times (m + y) falls at least as fast as these powers.
        let growth = (1.0 - shape).max(0.0) * alpha_log;
        if (shape - 1.0) * alpha_log > NEGLIGIBLE {
            end = (model.alpha + history.t_x) * libm::expm1(NEGLIGIBLE / (shape - 1.0));
        }
        if model.s * beta_log > NEGLIGIBLE + growth {
            end = end.min((model.beta + history.t_x) * libm::expm1((NEGLIGIBLE + growth) / model.s));
        }
        let (alpha_end, beta_end) = if end < gone {
            (ln_1p(end / (model.alpha + history.t_x)), ln_1p(end / (model.beta + history.t_x)))
        } else {
            (alpha_log, beta_log)
        };
        let width = if by_alpha { alpha_end } else { beta_end };
        let fall = shape * alpha_end + (model.s + 1.0) * beta_end;
        let rules = rules();
        let (rule, panels) = match (width, fall) {
            (width, fall) if width <= 1.2 && fall <= 2.5 => (&rules.eight, 1),
            (width, fall) if width <= 2.5 && fall <= 6.0 => (&rules.twelve, 1),
            (width, fall) => (&rules.sixteen, (width / 4.0).max(fall / 14.0).ceil().clamp(1.0, 256.0) as u32),
        };
        Self {
            start,
            difference: greater - lesser,
            by_alpha,
            other_inverse: 1.0 / (greater + history.t_x),
            powers: if by_alpha { [1.0 - shape, -(model.s + 1.0)] } else { [-model.s, -shape] },
            width,
            panels,
            rule,
            alpha_log,
            beta_log,
        }
    }

    /// Goes over the panels; the nodes of one are worked out together.
    #[inline]
    fn each_panel(&self, mut take: impl FnMut(&Nodes<'_>)) {
        if self.width == 0.0 {
            return;
        }
        let width = self.width / f64::from(self.panels);
        let count = self.rule.nodes.len().min(NODES_MAX);
        let mut room = [[0.0; NODES_MAX]; 5];
        let [masses, logs, lesser, greater, other_logs] = room.each_mut().map(|part| &mut part[..count]);
        for panel in 0..self.panels {
            let from = width * f64::from(panel);
            for (log, node) in logs.iter_mut().zip(&self.rule.nodes) {
                *log = from + width * node;
            }
            for (((log, lesser), greater), other_log) in
                logs.iter().zip(&mut *lesser).zip(&mut *greater).zip(&mut *other_logs)
            {
                *lesser = self.start * exp(*log);
                *greater = *lesser + self.difference;
                *other_log = ln(*greater * self.other_inverse);
            }
            for (((mass, weight), log), other_log) in
                masses.iter_mut().zip(&self.rule.weights).zip(&*logs).zip(&*other_logs)
            {
                *mass = weight * width * exp(self.powers[0] * log + self.powers[1] * other_log);
            }
            take(&Nodes { masses, logs, lesser, greater, other_logs });
        }
    }
}

/// Groups of equal customers.
#[derive(Debug)]
pub(super) struct ParetoSample {
    pub(super) groups: Vec<(PurchaseHistory, f64)>,
}

impl Likelihood for ParetoSample {
    const COUNT: usize = 4;

    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second {
        let [r, alpha, s, beta] = *parameters;
        let model = ParetoNbd { r, alpha, s, beta };
        let most = self.groups.iter().map(|(history, _)| history.x).max().unwrap_or(0);
        let rising = Rising::new(r, most);
        let alpha_log = ln(alpha);
        sum_groups(&self.groups, |history| derivatives(&model, alpha_log, &rising, history))
    }
}

/// Sums under the integrand of ln(m + y) − ln(m + t_x), 1 / (m + y), the same of the greater one, and of their products;
/// those of every second node by themselves, so that two are added at once.
#[derive(Default)]
struct Moments {
    sum: [f64; 2],
    first: [[f64; 2]; 4],
    second: [[f64; 2]; 10],
}

impl Moments {
    #[inline(always)]
    fn add(&mut self, masses: [f64; 2], values: [[f64; 2]; 4]) {
        add_products(&mut self.sum, masses, [1.0; 2]);
        let mut place = 0;
        for row in 0..4 {
            let weighted = [masses[0] * values[row][0], masses[1] * values[row][1]];
            add_products(&mut self.first[row], weighted, [1.0; 2]);
            for value in &values[..=row] {
                add_products(&mut self.second[place], weighted, *value);
                place += 1;
            }
        }
    }

    #[inline(always)]
    fn add_panel(&mut self, nodes: &Nodes<'_>) {
        let Nodes { masses, logs, lesser, greater, other_logs } = nodes;
        let two = |values: &[f64], place: usize| [values[place], values[place + 1]];
        let inverse = |values: [f64; 2]| [1.0 / values[0], 1.0 / values[1]];
        // Every rule has an even number of nodes.
        for place in (0..masses.len() / 2).map(|pair| 2 * pair) {
            let (lesser, greater) = (inverse(two(lesser, place)), inverse(two(greater, place)));
            self.add(two(masses, place), [two(logs, place), lesser, two(other_logs, place), greater]);
        }
    }
}

#[inline(always)]
fn add_products(sum: &mut [f64; 2], one: [f64; 2], other: [f64; 2]) {
    sum[0] += one[0] * other[0];
    sum[1] += one[1] * other[1];
}

/// ln L of one customer with its first and second derivatives by r, α, s and β.
///
/// Both terms are exponentials of sums, and so is the integrand: the derivatives of ln L are means of theirs.
#[inline]
fn derivatives(model: &ParetoNbd, alpha_log: f64, rising: &Rising, history: &PurchaseHistory) -> Second {
    let ParetoNbd { r, alpha, s, beta } = *model;
    let (x, repeats) = (history.x as usize, f64::from(history.x));
    let shape = r + repeats;
    let range = Range::new(model, shape, history);
    let mut moments = Moments::default();
    range.each_panel(|nodes| moments.add_panel(nodes));
    let scale = s * range.start / (beta + history.t_x);
    let sum = scale * (moments.sum[0] + moments.sum[1]);
    let stayed = exp(-shape * range.alpha_log - s * range.beta_log);
    let total = stayed + sum;
    let (kept, left) = (stayed / total, sum / total);
    // Mean logs and inverses, with the end of the range for those who stayed.
    let ends = [range.alpha_log, 1.0 / (alpha + history.age), range.beta_log, 1.0 / (beta + history.age)];
    let part = scale / total;
    // The sums are those of the lesser and of the greater of α and β, in this order.
    let own = |index: usize| if range.by_alpha { index } else { (index + 2) % 4 };
    let mean = |index: usize| part * moments.first[own(index)].iter().sum::<f64>();
    let product = |row: usize, column: usize| part * moments.second[cell(own(row), own(column))].iter().sum::<f64>();
    let mut found = Second::default();
    let (alpha_growth, beta_growth) = (ln_1p(history.t_x / alpha), ln_1p(history.t_x / beta));
    found.value = rising.log[x] - r * alpha_growth - repeats * (alpha_log + alpha_growth) - s * beta_growth + ln(total);
    // By what a parameter raises the log of each of the two terms: u for those who stayed, v for the integrand.
    let stayed_slope = [-ends[0], -shape * ends[1], -ends[2], -s * ends[3]];
    let left_slope = [-mean(0), -shape * mean(1), left / s - mean(2), -(s + 1.0) * mean(3)];
    let mut slope = [0.0; PARAMETERS_MAX];
    for index in 0..PARAMETERS_MAX {
        slope[index] = kept * stayed_slope[index] + left_slope[index];
    }
    // Constants that are the same for both: αʳ βˢ, and the logs at t_x.
    let constant = [-alpha_growth, r / alpha, -beta_growth, s / beta];
    (0..PARAMETERS_MAX).for_each(|index| found.slope[index] = slope[index] + constant[index]);
    found.slope[0] += rising.first[x];
    found.curve[cell(0, 0)] = rising.second[x];
    found.curve[cell(1, 0)] = 1.0 / alpha - kept * ends[1] - mean(1);
    found.curve[cell(1, 1)] = shape * (kept * ends[1] * ends[1] + product(1, 1)) - r / (alpha * alpha);
    found.curve[cell(3, 2)] = 1.0 / beta - kept * ends[3] - mean(3);
    found.curve[cell(3, 3)] = s * kept * ends[3] * ends[3] + (s + 1.0) * product(3, 3) - s / (beta * beta);
    found.curve[cell(2, 2)] = -left / (s * s);
    found.add_square(kept, &stayed_slope);
    add_integrand_squares(&mut found, shape, s, left, &mean, &product);
    found.add_square(-1.0, &slope);
    found
}

/// Adds the mean of the square of v = (−ln(α+y), −R/(α+y), 1/s − ln(β+y), −(s+1)/(β+y)) under the integrand.
#[inline]
fn add_integrand_squares(
    found: &mut Second,
    shape: f64,
    s: f64,
    left: f64,
    mean: &impl Fn(usize) -> f64,
    product: &impl Fn(usize, usize) -> f64,
) {
    let factor = [-1.0, -shape, -1.0, -(s + 1.0)];
    for row in 0..PARAMETERS_MAX {
        for column in 0..=row {
            found.curve[cell(row, column)] += factor[row] * factor[column] * product(row, column);
        }
        // The constant 1/s of the third, times the others.
        found.curve[cell(row, 2)] += factor[row] * mean(row) / s;
    }
    found.curve[cell(2, 2)] += -mean(2) / s + left / (s * s);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        for (x, t_x, age) in [(0, 0.0, 7.0), (1, 3.0, 9.0), (6, 20.0, 20.0), (30, 10.0, 40.0)] {
            for parameters in [[0.6, 5.0, 0.7, 9.3], [1.4, 8.0, 2.1, 3.0]] {
                let sample = ParetoSample { groups: vec![(PurchaseHistory { x, t_x, age }, 2.0)] };
                super::super::tests::check_derivatives(&sample, parameters);
                let [r, alpha, s, beta] = parameters;
                let one = ParetoNbd { r, alpha, s, beta }.log_likelihood(&sample.groups[0].0);
                assert!((2.0 * one - sample.at(&parameters).value).abs() < 1e-12);
            }
        }
    }
}
