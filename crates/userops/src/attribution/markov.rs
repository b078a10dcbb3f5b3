//! The removal effects of channels in a Markov chain of order 1.
//!
//! States are the channels, a start, a conversion and an end without one; the probability of a step is how often it is
//! taken. The removal effect of a channel is by how much, as a share, a conversion becomes less likely where every step to
//! the channel ends the journey: Anderl, Becker, von Wangenheim & Schumann, "Mapping the customer journey: Lessons learned
//! from graph-based online attribution modeling", *International Journal of Research in Marketing* 33 (2016), 457–474.

use crate::error::{Result, limit_exceeded};

/// The most channels: each removal solves a system of as many equations.
pub const MARKOV_CHANNELS_MAX: usize = 100;

/// How often each step is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steps {
    channels: usize,
    /// By source (channels, then the start), by target (channels, then the conversion, then the end).
    counts: Vec<u64>,
}

impl Steps {
    pub(super) fn new(channels: usize) -> Self {
        Self { channels, counts: vec![0; (channels + 1) * (channels + 2)] }
    }

    pub(super) fn check(channels: usize) -> Result<()> {
        if channels > MARKOV_CHANNELS_MAX {
            return Err(limit_exceeded(format!(
                "{channels} channels are more than the limit of {MARKOV_CHANNELS_MAX} for the model markov; map them to \
                 fewer with patterns"
            )));
        }
        Ok(())
    }

    /// Counts the steps of a journey with at least one touch.
    pub(super) fn add(&mut self, channels: impl Iterator<Item = u32>, is_converted: bool) {
        let (width, mut source) = (self.channels + 2, self.channels);
        for target in channels.map(|channel| channel as usize) {
            self.counts[source * width + target] += 1;
            source = target;
        }
        self.counts[source * width + self.channels + usize::from(!is_converted)] += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }

    /// Of each channel the removal effect; none where no journey converts.
    pub(super) fn removal_effects(&self) -> Option<Vec<f64>> {
        let whole = self.conversion_probability(None);
        let effect = |channel| (1.0 - self.conversion_probability(Some(channel)) / whole).clamp(0.0, 1.0);
        (whole > 0.0).then(|| (0..self.channels).map(effect).collect())
    }

    /// The probability that a journey comes to a conversion, where steps to the removed channel end it.
    fn conversion_probability(&self, removed: Option<usize>) -> f64 {
        // p = Q p + r over the states: p that of a conversion from each, Q steps among them, r steps to the conversion. Steps
        // from a state to itself are left out, which changes when a journey leaves it but not where to.
        let (states, width) = (self.channels + 1, self.channels + 2);
        let mut rows = vec![vec![0.0; states + 1]; states];
        for (state, row) in rows.iter_mut().enumerate() {
            row[state] = 1.0;
            let counts = &self.counts[state * width..(state + 1) * width];
            let own = if state < self.channels { counts[state] } else { 0 };
            let leaving = (counts.iter().sum::<u64>() - own) as f64;
            if leaving == 0.0 || removed == Some(state) {
                continue;
            }
            for target in (0..self.channels).filter(|target| *target != state && removed != Some(*target)) {
                row[target] -= counts[target] as f64 / leaving;
            }
            row[states] = counts[self.channels] as f64 / leaving;
        }
        solve(rows).last().copied().unwrap_or(0.0)
    }
}

/// Solves linear equations, each row with its right side as the last number, by elimination with row pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let count = rows.len();
    for column in 0..count {
        let pivot = (column..count).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()));
        rows.swap(column, pivot.unwrap_or(column));
        let (above, below) = rows.split_at_mut(column + 1);
        let pivot = &above[column];
        for row in below {
            let factor = row[column] / pivot[column];
            if factor != 0.0 {
                (column..=count).for_each(|index| row[index] -= factor * pivot[index]);
            }
        }
    }
    let mut solution = vec![0.0; count];
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (rows[row][count] - known) / rows[row][row];
    }
    solution
}
