//! Adds up the credits of all journeys.

use std::ops::Range;

use super::credit::Sharer;
use super::journey::{JourneyReader, Outcome, Touch};
use super::markov::Steps;
use super::options::{AttributionModel, AttributionOptions, Coalition};
use super::shapley::Coalitions;

/// What a channel has of all conversions by one model, in parts of which a conversion has
/// [`CREDIT_PARTS`](super::CREDIT_PARTS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Credit {
    pub(super) conversions: i128,
    pub(super) first_conversions: i128,
    pub(super) value_minor: i128,
}

impl Credit {
    fn add(&mut self, parts: u64, amount_minor: i64, is_first: bool) {
        self.conversions += i128::from(parts);
        self.first_conversions += if is_first { i128::from(parts) } else { 0 };
        self.value_minor += i128::from(parts) * i128::from(amount_minor);
    }

    fn merge(&mut self, other: &Self) {
        self.conversions += other.conversions;
        self.first_conversions += other.first_conversions;
        self.value_minor += other.value_minor;
    }
}

/// What a channel earned at an instant by one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Earning {
    pub(super) model: usize,
    pub(super) channel: u32,
    pub(super) time: i64,
    pub(super) value_minor: i128,
}

/// The sums over a range of users.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// By model, by channel.
    pub(super) credits: Vec<Credit>,
    /// Conversions with a touch, and without one.
    pub(super) attributed: Credit,
    pub(super) unattributed: Credit,
    pub(super) ended_count: u64,
    pub(super) open_count: u64,
    /// By channel: touches on journeys that count, and the first instant of one that led to a conversion.
    pub(super) touch_counts: Vec<u64>,
    pub(super) first_touches: Vec<i64>,
    /// Of channels that cost something.
    pub(super) earnings: Vec<Earning>,
    pub(super) steps: Option<Steps>,
    pub(super) coalitions: Option<Coalitions>,
}

/// What is added up.
pub(super) struct Adder<'a> {
    pub(super) reader: &'a JourneyReader<'a>,
    pub(super) options: &'a AttributionOptions,
    pub(super) is_direct: Vec<bool>,
    pub(super) has_cost: Vec<bool>,
}

impl<'a> Adder<'a> {
    pub(super) fn new(reader: &'a JourneyReader<'a>, options: &'a AttributionOptions) -> Self {
        let names = &reader.channels.names;
        Self {
            reader,
            options,
            is_direct: names.iter().map(|name| options.direct_channels.contains(name)).collect(),
            has_cost: names.iter().map(|name| options.cost_minor.contains_key(name)).collect(),
        }
    }

    pub(super) fn empty(&self) -> Tally {
        let (models, channels) = (&self.options.models, self.is_direct.len());
        let needs = |model: AttributionModel| models.contains(&model);
        Tally {
            credits: vec![Credit::default(); models.len() * channels],
            attributed: Credit::default(),
            unattributed: Credit::default(),
            ended_count: 0,
            open_count: 0,
            touch_counts: vec![0; channels],
            first_touches: vec![i64::MAX; channels],
            earnings: Vec::new(),
            steps: needs(AttributionModel::Markov).then(|| Steps::new(channels)),
            coalitions: needs(AttributionModel::Shapley { coalition: Coalition::Rate })
                .then(|| Coalitions::new(channels)),
        }
    }

    pub(super) fn add(&self, users: Range<usize>) -> Tally {
        let (mut tally, mut sharer) = (self.empty(), Sharer::default());
        self.reader.visit(users, |touches, outcome| {
            touches.iter().for_each(|touch| tally.touch_counts[touch.channel as usize] += 1);
            let channels = touches.iter().map(|touch| touch.channel);
            let is_converted = matches!(outcome, Outcome::Converted { .. });
            if outcome != Outcome::Open && !touches.is_empty() {
                tally.steps.iter_mut().for_each(|steps| steps.add(channels.clone(), is_converted));
                tally.coalitions.iter_mut().for_each(|coalitions| coalitions.add(channels.clone(), is_converted));
            }
            match outcome {
                Outcome::Open => tally.open_count += 1,
                Outcome::Ended => tally.ended_count += 1,
                Outcome::Converted { time, amount_minor, is_first } => {
                    self.convert(&mut tally, &mut sharer, touches, time, amount_minor, is_first);
                }
            }
        });
        tally
    }

    fn convert(
        &self,
        tally: &mut Tally,
        sharer: &mut Sharer,
        touches: &[Touch],
        time: i64,
        amount_minor: i64,
        is_first: bool,
    ) {
        let whole = super::credit::CREDIT_PARTS;
        if touches.is_empty() {
            tally.unattributed.add(whole, amount_minor, is_first);
            return;
        }
        tally.attributed.add(whole, amount_minor, is_first);
        for touch in touches {
            let first = &mut tally.first_touches[touch.channel as usize];
            *first = touch.time.min(*first);
        }
        let channels = self.is_direct.len();
        for (model, options) in self.options.models.iter().enumerate() {
            sharer.share(options, touches, time, &self.is_direct, |channel, parts| {
                tally.credits[model * channels + channel as usize].add(parts, amount_minor, is_first);
                if self.has_cost[channel as usize] {
                    let value_minor = i128::from(parts) * i128::from(amount_minor);
                    tally.earnings.push(Earning { model, channel, time, value_minor });
                }
            });
        }
    }
}

impl Tally {
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.credits.iter_mut().zip(&other.credits).for_each(|(own, other)| own.merge(other));
        self.attributed.merge(&other.attributed);
        self.unattributed.merge(&other.unattributed);
        self.ended_count += other.ended_count;
        self.open_count += other.open_count;
        self.touch_counts.iter_mut().zip(&other.touch_counts).for_each(|(own, other)| *own += other);
        self.first_touches.iter_mut().zip(&other.first_touches).for_each(|(own, other)| *own = *other.min(own));
        self.earnings.extend(other.earnings);
        self.steps.iter_mut().zip(&other.steps).for_each(|(own, other)| own.merge(other));
        self.coalitions.iter_mut().zip(&other.coalitions).for_each(|(own, other)| own.merge(other));
        self
    }
}
