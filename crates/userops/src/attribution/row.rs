//! What each channel is credited with, and what that cost.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::credit::CREDIT_PARTS;
use super::journey::JourneyReader;
use super::markov::Steps;
use super::options::{AttributionModel, AttributionOptions, Coalition};
use super::shapley::Coalitions;
use super::tally::{Adder, Credit, Earning, Tally};
use crate::error::Result;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{MICROS_PER_DAY, Timestamp};

/// The row of conversions that no touch precedes.
pub const UNATTRIBUTED: &str = "(unattributed)";

/// One channel by one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributionRow {
    /// The model, by its name.
    pub model: String,
    /// The channel, or [`UNATTRIBUTED`].
    pub channel: String,
    /// Its touches on the journeys that count; the same by all models.
    pub touch_count: u64,
    /// How many conversions it is credited with, in fractions of them.
    pub conversion_credit: f64,
    /// The share of all conversions; none without any.
    pub ratio: Option<f64>,
    /// How many first conversions of users it is credited with.
    pub customer_credit: f64,
    /// The amount that it is credited with, in minor units.
    pub value_minor: f64,
    /// What it cost, where that is given.
    pub cost_minor: Option<i64>,
    /// Cost per conversion, in minor units; none without a cost or without credit.
    pub cost_per_conversion_minor: Option<f64>,
    /// Cost per new customer, in minor units; none without a cost or without credit.
    pub cost_per_customer_minor: Option<f64>,
    /// Amount per cost, as a ratio; none without a cost, or where it is 0.
    pub return_ratio: Option<f64>,
    /// Days of 24 hours from the channel's first touch that led to a conversion until the amounts credited up to then come to
    /// the cost, 0 where it costs nothing; none where they never do, without a cost, and by models that do not share out single conversions.
    pub payback_days: Option<f64>,
}

/// The credits of all channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// What was asked for.
    pub options: AttributionOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Conversions that count.
    pub conversion_count: u64,
    /// Those of them that no touch precedes.
    pub unattributed_count: u64,
    /// The amounts of all that count, in minor units.
    pub value_minor: i64,
    /// Journeys that came to no conversion: their touches are too old for one as of the instant of evaluation.
    pub ended_count: u64,
    /// Journeys that may yet come to one; they are left out of the models that look at journeys without a conversion.
    pub open_count: u64,
    /// By model in the order asked for, then by channel; channels with a touch or a cost, and last [`UNATTRIBUTED`].
    pub rows: Vec<AttributionRow>,
}

/// Shares conversions out over channels, from the events that have happened at `as_of`.
///
/// A journey is the touches before a conversion, in order of time and arrival, no older than `lookback`, and later than the
/// user's conversion before unless touches are reused. Touches that no conversion takes are journeys without one. Credits
/// are kept in parts of 10⁻¹² of a conversion: those of one model add up to the conversions exactly, as parts, and to
/// within the rounding of the sum, as floats; so do amounts. The models that share out all conversions together (`markov`,
/// `shapley` by rate) do so to within 10⁻⁹ of the total, and the amounts and first conversions in the same proportions.
/// Where no proportion is to be had, because no removal changes anything, they share alike among the channels with a
/// touch. Takes O(touches · models) time, shared out over rayon's threads.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for patterns and the property of channels; `InvalidArgument` and `InvalidDefinition` for
/// options out of their range; `LimitExceeded` for more than [`CHANNELS_MAX`](super::CHANNELS_MAX) channels, for `markov`
/// [`MARKOV_CHANNELS_MAX`](super::MARKOV_CHANNELS_MAX), for `shapley` by rate
/// [`SHAPLEY_CHANNELS_MAX`](super::SHAPLEY_CHANNELS_MAX).
pub fn attribute_conversions(
    log: &EventLog,
    as_of: Timestamp,
    options: impl Into<AttributionOptions>,
) -> Result<Attribution> {
    let options = options.into();
    options.check()?;
    let reader = JourneyReader::new(log, as_of, &options)?;
    for model in &options.models {
        match model {
            AttributionModel::Markov => Steps::check(reader.channels.names.len())?,
            AttributionModel::Shapley { coalition: Coalition::Rate } => Coalitions::check(reader.channels.names.len())?,
            _ => {}
        }
    }
    let adder = Adder::new(&reader, &options);
    let parts = log.thread_ranges().into_par_iter().map(|users| adder.add(users));
    let tally = parts.reduce_with(Tally::merge).unwrap_or_else(|| adder.empty());
    let rows = Rows { options: &options, names: &reader.channels.names, tally: &tally }.all();
    let whole = |parts: i128| parts / i128::from(CREDIT_PARTS);
    let unattributed_count = whole(tally.unattributed.conversions) as u64;
    Ok(Attribution {
        conversion_count: whole(tally.attributed.conversions) as u64 + unattributed_count,
        unattributed_count,
        value_minor: whole(tally.attributed.value_minor + tally.unattributed.value_minor) as i64,
        ended_count: tally.ended_count,
        open_count: tally.open_count,
        as_of,
        rows,
        options,
    })
}

struct Rows<'a> {
    options: &'a AttributionOptions,
    names: &'a [String],
    tally: &'a Tally,
}

fn units(parts: i128) -> f64 {
    parts as f64 / CREDIT_PARTS as f64
}

impl Rows<'_> {
    fn all(&self) -> Vec<AttributionRow> {
        let mut earnings = self.tally.earnings.clone();
        earnings.sort_unstable();
        let mut rows = Vec::new();
        for (index, model) in self.options.models.iter().enumerate() {
            let credits = match self.shares(model) {
                None => self.tally.credits[index * self.names.len()..(index + 1) * self.names.len()].to_vec(),
                Some(shares) => apportion(&self.tally.attributed, &shares),
            };
            for (channel, name) in self.names.iter().enumerate() {
                let (touch_count, cost) = (self.tally.touch_counts[channel], self.options.cost_minor.get(name));
                if touch_count > 0 || cost.is_some() {
                    let of = |earning: &&Earning| earning.model == index && earning.channel as usize == channel;
                    let first = self.tally.first_touches[channel];
                    let payback = cost
                        .filter(|_| model.is_by_conversion())
                        .and_then(|cost| payback_days(first, *cost, earnings.iter().filter(of)));
                    rows.push(self.row(model, name, touch_count, &credits[channel], cost.copied(), payback));
                }
            }
            rows.push(self.row(model, UNATTRIBUTED, 0, &self.tally.unattributed, None, None));
        }
        rows
    }

    /// The shares of all channels in all conversions together, for models that share them out so.
    fn shares(&self, model: &AttributionModel) -> Option<Vec<f64>> {
        let weights = match model {
            AttributionModel::Markov => self.tally.steps.as_ref()?.removal_effects(),
            AttributionModel::Shapley { coalition: Coalition::Rate } => Some(self.tally.coalitions.as_ref()?.values()),
            _ => return None,
        };
        let alike = || self.tally.touch_counts.iter().map(|count| if *count > 0 { 1.0 } else { 0.0 }).collect();
        let weights: Vec<f64> = weights.filter(|weights| weights.iter().sum::<f64>() > 0.0).unwrap_or_else(alike);
        let total: f64 = weights.iter().sum();
        Some(weights.into_iter().map(|weight| if total > 0.0 { weight / total } else { 0.0 }).collect())
    }

    fn row(
        &self,
        model: &AttributionModel,
        channel: &str,
        touch_count: u64,
        credit: &Credit,
        cost_minor: Option<i64>,
        payback_days: Option<f64>,
    ) -> AttributionRow {
        let all = units(self.tally.attributed.conversions + self.tally.unattributed.conversions);
        let (conversions, customers) = (units(credit.conversions), units(credit.first_conversions));
        let value_minor = units(credit.value_minor);
        let per = |of: f64| cost_minor.filter(|_| of > 0.0).map(|cost| cost as f64 / of);
        AttributionRow {
            model: model.name().to_owned(),
            channel: channel.to_owned(),
            touch_count,
            conversion_credit: conversions,
            ratio: (all > 0.0).then(|| conversions / all),
            customer_credit: customers,
            value_minor,
            cost_minor,
            cost_per_conversion_minor: per(conversions),
            cost_per_customer_minor: per(customers),
            return_ratio: cost_minor.filter(|cost| *cost > 0).map(|cost| value_minor / cost as f64),
            payback_days,
        }
    }
}

/// A total shared out by ratios, each rounded to whole parts; what rounding leaves goes to the greatest share.
fn apportion(total: &Credit, shares: &[f64]) -> Vec<Credit> {
    let share = |total: i128, ratio: f64| (total as f64 * ratio).round() as i128;
    let mut credits: Vec<Credit> = shares
        .iter()
        .map(|ratio| Credit {
            conversions: share(total.conversions, *ratio),
            first_conversions: share(total.first_conversions, *ratio),
            value_minor: share(total.value_minor, *ratio),
        })
        .collect();
    let sum = |value: fn(&Credit) -> i128| credits.iter().map(value).sum::<i128>();
    let left = Credit {
        conversions: total.conversions - sum(|credit| credit.conversions),
        first_conversions: total.first_conversions - sum(|credit| credit.first_conversions),
        value_minor: total.value_minor - sum(|credit| credit.value_minor),
    };
    let greatest = (0..shares.len()).rev().max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    if let Some(credit) = greatest.and_then(|greatest| credits.get_mut(greatest)) {
        credit.conversions += left.conversions;
        credit.first_conversions += left.first_conversions;
        credit.value_minor += left.value_minor;
    }
    credits
}

/// The days until the earnings, in order of time, come to the cost.
///
/// Three thirds of a conversion are a part short of it, so that earnings which are the cost exactly can miss it by their
/// rounding. What is short by no more than a billionth of the cost and a millionth of a minor unit has come to it.
fn payback_days<'a>(first_touch: i64, cost_minor: i64, earnings: impl Iterator<Item = &'a Earning>) -> Option<f64> {
    if cost_minor == 0 {
        return Some(0.0);
    }
    let cost = i128::from(cost_minor) * i128::from(CREDIT_PARTS);
    let goal = cost - cost / 1_000_000_000 - i128::from(CREDIT_PARTS / 1_000_000);
    let earnings: Vec<&Earning> = earnings.collect();
    let mut sum = 0;
    // What is earned at one instant counts together.
    for instant in earnings.chunk_by(|a, b| a.time == b.time) {
        sum += instant.iter().map(|earning| earning.value_minor).sum::<i128>();
        if sum >= goal {
            return Some((instant[0].time - first_touch) as f64 / MICROS_PER_DAY as f64);
        }
    }
    None
}

impl Attribution {
    /// The row of a channel by a model, where there is one.
    #[must_use]
    pub fn row(&self, model: &str, channel: &str) -> Option<&AttributionRow> {
        self.rows.iter().find(|row| row.model == model && row.channel == channel)
    }

    /// A row per model and channel: `model`, `channel`, `touch_count`, `conversion_credit`, `ratio`, `customer_credit`,
    /// `value_minor`, `cost_minor`, `cost_per_conversion_minor`, `cost_per_customer_minor`, `return_ratio`, `payback_days`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        let floats = |value: fn(&AttributionRow) -> Option<f64>| rows.iter().map(value).collect::<Vec<_>>();
        Table::new(rows.len())
            .with("model", rows.iter().map(|row| row.model.as_str()).collect::<Vec<_>>())?
            .with("channel", rows.iter().map(|row| row.channel.as_str()).collect::<Vec<_>>())?
            .with("touch_count", rows.iter().map(|row| row.touch_count as i64).collect::<Vec<_>>())?
            .with("conversion_credit", rows.iter().map(|row| row.conversion_credit).collect::<Vec<_>>())?
            .with("ratio", floats(|row| row.ratio))?
            .with("customer_credit", rows.iter().map(|row| row.customer_credit).collect::<Vec<_>>())?
            .with("value_minor", rows.iter().map(|row| row.value_minor).collect::<Vec<_>>())?
            .with("cost_minor", rows.iter().map(|row| row.cost_minor).collect::<Vec<_>>())?
            .with("cost_per_conversion_minor", floats(|row| row.cost_per_conversion_minor))?
            .with("cost_per_customer_minor", floats(|row| row.cost_per_customer_minor))?
            .with("return_ratio", floats(|row| row.return_ratio))?
            .with("payback_days", floats(|row| row.payback_days))
    }

    /// One row: `conversion_count`, `unattributed_count`, `value_minor`, `ended_count`, `open_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("conversion_count", vec![self.conversion_count as i64])?
            .with("unattributed_count", vec![self.unattributed_count as i64])?
            .with("value_minor", vec![self.value_minor])?
            .with("ended_count", vec![self.ended_count as i64])?
            .with("open_count", vec![self.open_count as i64])
    }
}
