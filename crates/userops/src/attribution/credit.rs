//! The shares of the touches of one conversion, as whole parts that add up.

use super::journey::Touch;
use super::options::{AttributionModel, Coalition};

/// The parts of one conversion: whole ones, so that credits add up exactly and in any order.
pub const CREDIT_PARTS: u64 = 1_000_000_000_000;

/// Shares conversions out; the memory is used again.
#[derive(Debug, Default)]
pub(super) struct Sharer {
    weights: Vec<f64>,
    parts: Vec<u64>,
    order: Vec<usize>,
    channels: Vec<u32>,
}

impl Sharer {
    /// Shows each channel's parts of a conversion with these touches, of which there is at least one. A channel may be shown
    /// several times. The parts add up to [`CREDIT_PARTS`].
    pub(super) fn share(
        &mut self,
        model: &AttributionModel,
        touches: &[Touch],
        converted: i64,
        is_direct: &[bool],
        mut show: impl FnMut(u32, u64),
    ) {
        let (Some(first), Some(last)) = (touches.first(), touches.last()) else { return };
        match *model {
            AttributionModel::First => show(first.channel, CREDIT_PARTS),
            AttributionModel::Last => show(last.channel, CREDIT_PARTS),
            AttributionModel::LastNonDirect => {
                let chosen = touches.iter().rev().find(|touch| !is_direct[touch.channel as usize]).unwrap_or(last);
                show(chosen.channel, CREDIT_PARTS);
            }
            AttributionModel::Linear => share_alike(touches.iter().map(|touch| touch.channel), touches.len(), show),
            AttributionModel::Shapley { coalition: Coalition::Conversions } => {
                self.channels.clear();
                self.channels.extend(touches.iter().map(|touch| touch.channel));
                self.channels.sort_unstable();
                self.channels.dedup();
                share_alike(self.channels.iter().copied(), self.channels.len(), show);
            }
            AttributionModel::Position { first_ratio, last_ratio } => {
                self.weigh_positions(touches.len(), first_ratio, last_ratio);
                self.show_weighed(touches, show);
            }
            AttributionModel::TimeDecay { half_life } => {
                let half_life = half_life.as_micros() as f64;
                // Ages count from the last touch: the weights keep their proportions, and the greatest is 1.
                let youngest = converted - last.time;
                let weight = |touch: &Touch| libm::exp2(-((converted - touch.time - youngest) as f64) / half_life);
                self.weights.clear();
                self.weights.extend(touches.iter().map(weight));
                self.show_weighed(touches, show);
            }
            AttributionModel::Markov | AttributionModel::Shapley { coalition: Coalition::Rate } => {}
        }
    }

    fn weigh_positions(&mut self, count: usize, first_ratio: f64, last_ratio: f64) {
        self.weights.clear();
        if count <= 2 {
            self.weights.extend([first_ratio, last_ratio].into_iter().take(count));
            if count == 1 {
                self.weights[0] = 1.0;
            }
            return;
        }
        let between = (1.0 - first_ratio - last_ratio).max(0.0) / (count - 2) as f64;
        self.weights.resize(count, between);
        self.weights[0] = first_ratio;
        self.weights[count - 1] = last_ratio;
    }

    /// Makes the weights whole parts: each rounded down, the parts that are left to the greatest remainders, of equal ones to
    /// the earlier touch.
    fn show_weighed(&mut self, touches: &[Touch], mut show: impl FnMut(u32, u64)) {
        let total: f64 = self.weights.iter().sum();
        self.parts.clear();
        for weight in &mut self.weights {
            let exact = *weight / total * CREDIT_PARTS as f64;
            let whole = exact.floor();
            self.parts.push(whole as u64);
            *weight = exact - whole;
        }
        let given: u64 = self.parts.iter().sum();
        self.order.clear();
        self.order.extend(0..touches.len());
        self.order.sort_by(|a, b| self.weights[*b].total_cmp(&self.weights[*a]));
        // Rounding of the weights can leave more than one part each, or take some too many.
        let mut left = CREDIT_PARTS as i64 - given as i64;
        while left != 0 {
            for &index in &self.order {
                let step = left.signum();
                if left != 0 && (step > 0 || self.parts[index] > 0) {
                    self.parts[index] = self.parts[index].saturating_add_signed(step);
                    left -= step;
                }
            }
        }
        touches.iter().zip(&self.parts).for_each(|(touch, parts)| show(touch.channel, *parts));
    }
}

/// Equal parts, the first ones one more where they do not go out even.
fn share_alike(channels: impl Iterator<Item = u32>, count: usize, mut show: impl FnMut(u32, u64)) {
    let count = count as u64;
    let (each, left) = (CREDIT_PARTS / count, CREDIT_PARTS % count);
    for (index, channel) in channels.enumerate() {
        show(channel, each + u64::from((index as u64) < left));
    }
}
