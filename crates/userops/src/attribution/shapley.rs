//! The Shapley values of channels, where a coalition is worth its conversion rate.
//!
//! Shapley, "A Value for n-Person Games", in *Contributions to the Theory of Games* II (1953), 307–317: the value of a
//! channel is the mean, over all orders in which channels can join, of what it adds to those before it.

use crate::error::{Result, limit_exceeded};

/// The most channels: 2¹⁶ coalitions are summed over.
pub const SHAPLEY_CHANNELS_MAX: usize = 16;

/// Journeys by the set of their channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coalitions {
    channels: usize,
    /// By set, a bit per channel: journeys, and those of them that convert.
    journeys: Vec<(u64, u64)>,
}

impl Coalitions {
    pub(super) fn new(channels: usize) -> Self {
        Self { channels, journeys: vec![(0, 0); 1 << channels] }
    }

    pub(super) fn check(channels: usize) -> Result<()> {
        if channels > SHAPLEY_CHANNELS_MAX {
            return Err(limit_exceeded(format!(
                "{channels} channels are more than the limit of {SHAPLEY_CHANNELS_MAX} for the model shapley with the \
                 coalition \"rate\"; map them to fewer with patterns, or take the coalition \"conversions\""
            )));
        }
        Ok(())
    }

    pub(super) fn add(&mut self, channels: impl Iterator<Item = u32>, is_converted: bool) {
        let set = channels.fold(0usize, |set, channel| set | 1 << channel);
        let (journeys, converted) = &mut self.journeys[set];
        *journeys += 1;
        *converted += u64::from(is_converted);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (own, other) in self.journeys.iter_mut().zip(&other.journeys) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
    }

    /// Of each channel the value; they add up to the conversion rate of all journeys.
    pub(super) fn values(&self) -> Vec<f64> {
        let worth = self.worth();
        // |S|! (n − |S| − 1)! / n! by |S|: 1 / (n · C(n − 1, |S|)).
        let (mut weights, mut ways) = (Vec::with_capacity(self.channels), 1.0);
        for size in 0..self.channels {
            weights.push(1.0 / (self.channels as f64 * ways));
            ways = ways * (self.channels - 1 - size) as f64 / (size + 1) as f64;
        }
        let value = |channel: usize| {
            let without = (0..worth.len()).filter(|set| set >> channel & 1 == 0);
            without.map(|set| weights[set.count_ones() as usize] * (worth[set | 1 << channel] - worth[set])).sum()
        };
        (0..self.channels).map(value).collect()
    }

    /// Of each set the conversion rate of the journeys within it.
    fn worth(&self) -> Vec<f64> {
        let mut within = self.journeys.clone();
        for channel in 0..self.channels {
            for set in (0..within.len()).filter(|set| set >> channel & 1 == 1) {
                let part = within[set ^ 1 << channel];
                within[set] = (within[set].0 + part.0, within[set].1 + part.1);
            }
        }
        let rate =
            |(journeys, converted): (u64, u64)| if journeys > 0 { converted as f64 / journeys as f64 } else { 0.0 };
        within.into_iter().map(rate).collect()
    }
}
