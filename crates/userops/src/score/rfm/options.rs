//! How RFM measures are binned, and what they stand for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Thresholds;
use crate::error::{Result, invalid_argument};
use crate::score::Direction;

/// Bins per measure unless asked otherwise: quintiles, as in Hughes, *Strategic Database Marketing* (1994).
const BINS_DEFAULT: u8 = 5;
/// The fewest bins that tell anybody apart.
const BINS_MIN: u8 = 2;
/// The most bins: deciles. Finer grades make more cells (1,000 at ten) than most populations can fill.
const BINS_MAX: u8 = 10;

/// How a measure is cut into bins.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinMethod {
    /// Score = 1 + ⌊bins · #(users strictly worse) / #(users)⌋.
    ///
    /// Users with equal values share a score, whatever their order; where many are equal, scores are skipped. The cuts
    /// are order statistics, and a value passes one only if it is better.
    #[default]
    LowRank,
    /// Quantiles of type 7 (Hyndman & Fan, *The American Statistician* 50, 1996), as `pandas.qcut` bins by them.
    ///
    /// Bins are (lower, upper], the first includes its lower end, and edges that repeat are dropped, so that there can
    /// be fewer bins than asked for and the best score is lower. Where lower is better the bins are the same and the
    /// scores are turned round. The cuts of a whole measure are the quantiles rounded down, which bins whole values
    /// exactly as the quantiles do.
    Quantile,
    /// Cuts given in ascending order: score = 1 + the number of cuts that the value is at least as good as.
    ///
    /// At least as good is value ≥ cut where higher is better and value ≤ cut where lower is. There may be fewer cuts
    /// than bins − 1, never more. The cuts of a whole measure are rounded to the whole numbers that do the same.
    Thresholds(Thresholds),
}

/// How one measure is named and binned. Serde asks for the name and the direction, so that neither is ever guessed.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureOptions {
    /// What the measure is called in messages and explanations; best with its unit, as in `days_since_last`.
    pub name: String,
    /// Which end is the good one.
    pub direction: Direction,
    /// How many bins, 2 to 10.
    #[serde(default = "bins_default")]
    pub bins: u8,
    /// How the bins are found.
    #[serde(default)]
    pub method: BinMethod,
}

fn bins_default() -> u8 {
    BINS_DEFAULT
}

impl MeasureOptions {
    /// A measure by name and direction, in five bins by low rank.
    #[must_use]
    pub fn new(name: impl Into<String>, direction: Direction) -> Self {
        Self { name: name.into(), direction, bins: BINS_DEFAULT, method: BinMethod::default() }
    }

    /// The same measure in this many bins.
    #[must_use]
    pub fn bins(mut self, bins: u8) -> Self {
        self.bins = bins;
        self
    }

    /// The same measure binned by this method.
    #[must_use]
    pub fn method(mut self, method: BinMethod) -> Self {
        self.method = method;
        self
    }

    /// The same measure cut at these values, given in ascending order.
    #[must_use]
    pub fn thresholds(self, cuts: impl Into<Thresholds>) -> Self {
        self.method(BinMethod::Thresholds(cuts.into()))
    }

    fn check(&self) -> Result<()> {
        if !(BINS_MIN..=BINS_MAX).contains(&self.bins) {
            return Err(invalid_argument(format!("{} bins; a measure has {BINS_MIN} to {BINS_MAX}", self.bins)));
        }
        match &self.method {
            BinMethod::Thresholds(thresholds) => thresholds.check(self.bins),
            BinMethod::LowRank | BinMethod::Quantile => Ok(()),
        }
    }
}

/// Whether frequency and monetary value are binned over all users or within the bins before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nesting {
    /// Each measure over all users.
    #[default]
    Independent,
    /// Frequency within each recency bin, and monetary value within each bin of recency and frequency.
    ///
    /// A bin in which no user of the population fell takes the cuts of the bin around it.
    Nested,
}

/// What the frequency counts, stated in every model.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyMeasure {
    /// Every order.
    Orders,
    /// Distinct days with an order, so that a basket split over two orders counts once.
    #[default]
    PurchaseDays,
    /// Something else, which the measure's name tells.
    Custom,
}

/// What the monetary value is, stated in every model.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MonetaryMeasure {
    /// The sum over all orders.
    #[default]
    Sum,
    /// The sum divided by the number of orders.
    MeanPerOrder,
    /// Something else, which the measure's name tells.
    Custom,
}

/// How three measures become three scores.
///
/// By default: five bins each by low rank, over all users, recency (lower is better) as `recency`, purchase days as
/// `frequency`, and the sum as `monetary`.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RfmOptions {
    /// The first measure.
    pub recency: MeasureOptions,
    /// The second measure.
    pub frequency: MeasureOptions,
    /// The third measure.
    pub monetary: MeasureOptions,
    /// Whether bins nest.
    pub nesting: Nesting,
    /// What the frequency counts.
    pub frequency_measure: FrequencyMeasure,
    /// What the monetary value is.
    pub monetary_measure: MonetaryMeasure,
}

impl Default for RfmOptions {
    fn default() -> Self {
        Self {
            recency: MeasureOptions::new("recency", Direction::LowerIsBetter),
            frequency: MeasureOptions::new("frequency", Direction::HigherIsBetter),
            monetary: MeasureOptions::new("monetary", Direction::HigherIsBetter),
            nesting: Nesting::default(),
            frequency_measure: FrequencyMeasure::default(),
            monetary_measure: MonetaryMeasure::default(),
        }
    }
}

impl RfmOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same options with this many bins for each measure.
    #[must_use]
    pub fn bins(mut self, bins: u8) -> Self {
        self.each(|measure| measure.bins = bins);
        self
    }

    /// The same options with this method for each measure.
    #[must_use]
    pub fn method(mut self, method: &BinMethod) -> Self {
        self.each(|measure| measure.method = method.clone());
        self
    }

    /// The same options with another first measure.
    #[must_use]
    pub fn recency(mut self, measure: MeasureOptions) -> Self {
        self.recency = measure;
        self
    }

    /// The same options with another second measure; see also [`RfmOptions::frequency_measure`].
    #[must_use]
    pub fn frequency(mut self, measure: MeasureOptions) -> Self {
        self.frequency = measure;
        self
    }

    /// The same options with another third measure; see also [`RfmOptions::monetary_measure`].
    #[must_use]
    pub fn monetary(mut self, measure: MeasureOptions) -> Self {
        self.monetary = measure;
        self
    }

    /// The same options with this nesting.
    #[must_use]
    pub fn nesting(mut self, nesting: Nesting) -> Self {
        self.nesting = nesting;
        self
    }

    /// The same options, stating what the frequency counts.
    #[must_use]
    pub fn frequency_measure(mut self, measure: FrequencyMeasure) -> Self {
        self.frequency_measure = measure;
        self
    }

    /// The same options, stating what the monetary value is.
    #[must_use]
    pub fn monetary_measure(mut self, measure: MonetaryMeasure) -> Self {
        self.monetary_measure = measure;
        self
    }

    /// The names of the three measures.
    #[must_use]
    pub fn names(&self) -> [&str; 3] {
        [&self.recency.name, &self.frequency.name, &self.monetary.name]
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// `InvalidArgument` for a number of bins that is not 2 to 10, `InvalidDefinition` for thresholds that are none,
    /// too many, not finite or not ascending. The message starts with the name of the measure.
    pub fn validate(&self) -> Result<()> {
        for measure in [&self.recency, &self.frequency, &self.monetary] {
            measure.check().map_err(|error| error.at(&measure.name))?;
        }
        Ok(())
    }

    fn each(&mut self, set: impl Fn(&mut MeasureOptions)) {
        for measure in [&mut self.recency, &mut self.frequency, &mut self.monetary] {
            set(measure);
        }
    }
}

impl From<BinMethod> for RfmOptions {
    fn from(method: BinMethod) -> Self {
        Self::new().method(&method)
    }
}

impl From<Nesting> for RfmOptions {
    fn from(nesting: Nesting) -> Self {
        Self::new().nesting(nesting)
    }
}

impl From<&Self> for RfmOptions {
    fn from(options: &Self) -> Self {
        options.clone()
    }
}
