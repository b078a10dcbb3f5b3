//! The maximum of a likelihood of up to four positive parameters: damped Newton steps in their logarithms.

use rayon::prelude::*;

/// The most parameters of a model.
pub(super) const PARAMETERS_MAX: usize = 4;
/// Cells of a lower triangle of so many rows.
const TRIANGLE: usize = PARAMETERS_MAX * (PARAMETERS_MAX + 1) / 2;
/// A parameter that leaves 10⁻¹⁰ … 10¹⁰ has no finite best value.
pub(super) const LOG_MAX: f64 = 23.025_850_929_940_457;
/// In one step no parameter changes by more than the factor e².
const STEP_MAX: f64 = 2.0;
/// A step that is halved more often leads nowhere.
const HALVINGS_MAX: u32 = 40;
/// What the last step may promise of log-likelihood: the step squares what is left of the way.
const PROMISE_MAX: f64 = 1e-9;
/// Rounding of a sum of logarithms, as a part of it.
const ROUNDING: f64 = 1e-13;
/// Groups of customers that one task takes; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 256;

/// A log-likelihood with its slope and curvature (the lower triangle, row by row) by the parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Second {
    pub(super) value: f64,
    pub(super) slope: [f64; PARAMETERS_MAX],
    pub(super) curve: [f64; TRIANGLE],
}

/// The place of a cell in a lower triangle.
#[inline]
pub(super) const fn cell(row: usize, column: usize) -> usize {
    let (row, column) = if row < column { (column, row) } else { (row, column) };
    row * (row + 1) / 2 + column
}

impl Second {
    /// Adds so many times another one.
    #[inline]
    pub(super) fn add(&mut self, weight: f64, other: &Self) {
        self.value += weight * other.value;
        self.slope.iter_mut().zip(&other.slope).for_each(|(sum, part)| *sum += weight * part);
        self.curve.iter_mut().zip(&other.curve).for_each(|(sum, part)| *sum += weight * part);
    }

    /// Adds `weight` times the product of a slope with itself to the curvature.
    #[inline]
    pub(super) fn add_square(&mut self, weight: f64, slope: &[f64; PARAMETERS_MAX]) {
        let mut place = 0;
        for row in 0..PARAMETERS_MAX {
            for column in 0..=row {
                self.curve[place] += weight * slope[row] * slope[column];
                place += 1;
            }
        }
    }

    /// The same by the logarithms of the parameters.
    fn by_logarithms(&self, parameters: &[f64; PARAMETERS_MAX]) -> Self {
        let mut found = *self;
        for row in 0..PARAMETERS_MAX {
            found.slope[row] *= parameters[row];
            for column in 0..=row {
                found.curve[cell(row, column)] *= parameters[row] * parameters[column];
            }
            found.curve[cell(row, row)] += found.slope[row];
        }
        found
    }
}

/// Adds up the likelihoods of groups of equal customers, each with how many there are. Parts are added in a fixed order.
pub(super) fn sum_groups<G: Sync>(groups: &[(G, f64)], likelihood: impl Fn(&G) -> Second + Sync) -> Second {
    let part = |chunk: &[(G, f64)]| {
        let mut sum = Second::default();
        chunk.iter().for_each(|(group, count)| sum.add(*count, &likelihood(group)));
        sum
    };
    let mut sum = Second::default();
    if groups.len() <= CHUNK {
        return part(groups);
    }
    let parts: Vec<Second> = groups.par_chunks(CHUNK).map(part).collect();
    parts.iter().for_each(|part| sum.add(1.0, part));
    sum
}

/// What is to be made as great as can be.
pub(super) trait Likelihood: Sync {
    /// How many parameters there are.
    const COUNT: usize;

    /// The log-likelihood of all customers at these parameters; those past the count are 1.
    fn at(&self, parameters: &[f64; PARAMETERS_MAX]) -> Second;
}

/// The end of the way up.
#[derive(Debug, Clone)]
pub(super) struct Maximum {
    pub(super) parameters: [f64; PARAMETERS_MAX],
    pub(super) log_likelihood: f64,
    /// With the penalty of the ridge.
    pub(super) objective: f64,
    /// The curvature by the logarithms of the parameters with its sign turned round, penalty included.
    pub(super) information: [f64; TRIANGLE],
    pub(super) iteration_count: u32,
    pub(super) converged: bool,
}

#[derive(Debug, Clone, Copy)]
struct Here {
    logs: [f64; PARAMETERS_MAX],
    log_likelihood: f64,
    penalised: Second,
}

fn evaluate<L: Likelihood>(likelihood: &L, logs: &[f64; PARAMETERS_MAX], ridge: f64) -> Here {
    let parameters = logs.map(libm::exp);
    let plain = likelihood.at(&parameters);
    let mut penalised = plain.by_logarithms(&parameters);
    for (index, log) in logs.iter().enumerate().take(L::COUNT) {
        penalised.value -= ridge * log * log;
        penalised.slope[index] -= 2.0 * ridge * log;
        penalised.curve[cell(index, index)] -= 2.0 * ridge;
    }
    Here { logs: *logs, log_likelihood: plain.value, penalised }
}

/// Climbs from a start by Newton's steps in logarithms. Where the curvature is not that of a maximum, or a step is too
/// long, the step is damped; as long as it leads down it is halved.
pub(super) fn climb<L: Likelihood>(
    likelihood: &L,
    start: [f64; PARAMETERS_MAX],
    ridge: f64,
    iterations_max: u32,
) -> Maximum {
    let bound = |log: f64| log.clamp(-LOG_MAX, LOG_MAX);
    let mut here = evaluate(likelihood, &start.map(|value| bound(libm::log(value))), ridge);
    let (mut iteration_count, mut converged) = (0, false);
    while iteration_count < iterations_max && !converged {
        iteration_count += 1;
        let step = damped_step(&here.penalised, L::COUNT);
        let promise: f64 = step.iter().zip(&here.penalised.slope).map(|(step, slope)| step * slope).sum();
        let least = here.penalised.value - ROUNDING * (1.0 + here.penalised.value.abs());
        let mut part = 1.0;
        let next = (0..HALVINGS_MAX).find_map(|_| {
            let mut logs = here.logs;
            logs.iter_mut().zip(&step).for_each(|(log, step)| *log = bound(*log + part * step));
            part /= 2.0;
            let next = evaluate(likelihood, &logs, ridge);
            (next.penalised.value >= least).then_some(next)
        });
        let Some(next) = next else { break };
        // At a bound the step is cut off, and promises what it cannot give.
        let stuck = next.logs == here.logs;
        here = next;
        converged = (promise <= PROMISE_MAX && part == 0.5) || stuck;
    }
    Maximum {
        parameters: here.logs.map(libm::exp),
        log_likelihood: here.log_likelihood,
        objective: here.penalised.value,
        information: here.penalised.curve.map(|value| -value),
        iteration_count,
        converged: converged && here.penalised.value.is_finite(),
    }
}

/// Newton's step, the diagonal raised until the matrix is that of a maximum, and the whole no longer than allowed.
fn damped_step(here: &Second, count: usize) -> [f64; PARAMETERS_MAX] {
    let information = here.curve.map(|value| -value);
    let greatest = (0..count).map(|row| information[cell(row, row)].abs()).fold(1e-300, f64::max);
    let mut damping = 0.0;
    let mut step = here.slope;
    for _ in 0..60 {
        let mut raised = information;
        (0..count).for_each(|row| raised[cell(row, row)] += damping);
        if let Some(triangle) = cholesky(&raised, count) {
            step = solve(&triangle, &here.slope, count);
            break;
        }
        damping = if damping == 0.0 { greatest * 1e-10 } else { damping * 8.0 };
    }
    let longest = step[..count].iter().fold(0.0f64, |longest, part| longest.max(part.abs()));
    let part = if longest > STEP_MAX { STEP_MAX / longest } else { 1.0 };
    let mut cut = [0.0; PARAMETERS_MAX];
    (0..count).for_each(|row| cut[row] = step[row] * part);
    cut
}

/// The lower triangle L with L Lᵀ = the matrix, or `None` where it is not positive.
pub(super) fn cholesky(matrix: &[f64; TRIANGLE], count: usize) -> Option<[f64; TRIANGLE]> {
    let mut found = [0.0; TRIANGLE];
    for row in 0..count {
        for column in 0..=row {
            let before: f64 = (0..column).map(|inner| found[cell(row, inner)] * found[cell(column, inner)]).sum();
            let rest = matrix[cell(row, column)] - before;
            if row == column {
                if rest.is_nan() || rest <= f64::EPSILON * matrix[cell(row, row)].abs() {
                    return None;
                }
                found[cell(row, row)] = rest.sqrt();
            } else {
                found[cell(row, column)] = rest / found[cell(column, column)];
            }
        }
    }
    Some(found)
}

/// The x with L Lᵀ x = b.
pub(super) fn solve(triangle: &[f64; TRIANGLE], b: &[f64; PARAMETERS_MAX], count: usize) -> [f64; PARAMETERS_MAX] {
    let mut x = *b;
    for row in 0..count {
        let before: f64 = (0..row).map(|column| triangle[cell(row, column)] * x[column]).sum();
        x[row] = (x[row] - before) / triangle[cell(row, row)];
    }
    for row in (0..count).rev() {
        let after: f64 = (row + 1..count).map(|below| triangle[cell(below, row)] * x[below]).sum();
        x[row] = (x[row] - after) / triangle[cell(row, row)];
    }
    x
}

/// The best of several ways up. Each start is climbed with a part of the customers for a while, and goes on with all of them
/// where that has come to another place than before. Where there are very many customers it goes on with a larger part
/// first, so that few steps are left to take with all.
pub(super) fn climb_from_all<L: Likelihood>(
    likelihood: &L,
    part: &L,
    larger_part: Option<&L>,
    starts: &[[f64; PARAMETERS_MAX]],
    ridge: f64,
    iterations_max: u32,
) -> Maximum {
    /// Two logarithms that lie closer are one place, as far as a part of the customers can tell.
    const SAME_PLACE: f64 = 1.0;
    /// Steps that the other starts take with a part of the customers.
    const PART_ITERATIONS: u32 = 30;
    let near = |places: &[[f64; PARAMETERS_MAX]], from: &[f64; PARAMETERS_MAX]| {
        places.iter().any(|place| place.iter().zip(from).all(|(a, b)| (a - b).abs() < SAME_PLACE))
    };
    let mut best: Option<Maximum> = None;
    let mut places: Vec<[f64; PARAMETERS_MAX]> = Vec::new();
    'starts: for (index, start) in starts.iter().enumerate() {
        let mut from = start.map(libm::log);
        for part in [Some(part), larger_part].into_iter().flatten() {
            from = climb(part, from.map(libm::exp), ridge, PART_ITERATIONS).parameters.map(libm::log);
            if index > 0 && near(&places, &from) {
                continue 'starts;
            }
        }
        places.push(from);
        let found = climb(likelihood, from.map(libm::exp), ridge, iterations_max);
        let better = best.as_ref().is_none_or(|best| found.objective > best.objective + 1e-9);
        places.push(found.parameters.map(libm::log));
        if better {
            best = Some(found);
        }
    }
    best.unwrap_or_else(|| climb(likelihood, [1.0; PARAMETERS_MAX], ridge, iterations_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −(ln a − 1)² − (ln b + 2)² − (ln a ln b) / 2 by a and b.
    struct Bowl;

    impl Likelihood for Bowl {
        const COUNT: usize = 2;

        fn at(&self, p: &[f64; PARAMETERS_MAX]) -> Second {
            let (u, v) = (libm::log(p[0]), libm::log(p[1]));
            let (du, dv) = (-2.0 * (u - 1.0) - v / 2.0, -2.0 * (v + 2.0) - u / 2.0);
            let mut found = Second { value: -(u - 1.0).powi(2) - (v + 2.0).powi(2) - u * v / 2.0, ..Second::default() };
            found.slope[..2].copy_from_slice(&[du / p[0], dv / p[1]]);
            found.curve[cell(0, 0)] = (-2.0 - du) / (p[0] * p[0]);
            found.curve[cell(1, 1)] = (-2.0 - dv) / (p[1] * p[1]);
            found.curve[cell(1, 0)] = -0.5 / (p[0] * p[1]);
            found
        }
    }

    #[test]
    fn a_bowl_is_left_by_one_long_step_or_several_short_ones() {
        for start in [[1.0; 4], [1e-3, 50.0, 1.0, 1.0]] {
            let found = climb(&Bowl, start, 0.0, 100);
            // 2u + v/2 = 2 and u/2 + 2v = −4.
            assert!(found.converged && (libm::log(found.parameters[0]) - 1.6).abs() < 1e-12, "{found:?}");
            assert!((libm::log(found.parameters[1]) + 2.4).abs() < 1e-12);
            assert!((found.information[cell(0, 0)] - 2.0).abs() < 1e-12);
        }
        // A ridge draws towards 1.
        let drawn = climb(&Bowl, [1.0; 4], 10.0, 100);
        assert!(libm::log(drawn.parameters[0]) < 0.3);
    }
}
