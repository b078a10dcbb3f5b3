//! Why a user has the scores they have, and what would raise them.

use super::options::{FrequencyMeasure, MonetaryMeasure, Nesting};
use super::{RfmModel, UserMeasures};
use crate::error::Result;
use crate::score::{Cuts, Explanation, MeasureValue};

impl FrequencyMeasure {
    /// What is counted, in words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::PurchaseDays => "days with an order",
            Self::Custom => "a measure of the product's own",
        }
    }
}

impl MonetaryMeasure {
    /// What the value is, in words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sum => "the sum over all orders",
            Self::MeanPerOrder => "the mean per order",
            Self::Custom => "a measure of the product's own",
        }
    }
}

impl RfmModel {
    /// Why a user has the scores they have.
    ///
    /// The root `rfm` has the three scores as its value, and three parts: `recency`, `frequency` and `monetary`. Each
    /// has the observed value, and as parts `cut_passed` (the cut that the score rests on; absent at the lowest score),
    /// `cut_next` and `step_missing` (the next cut and how far it is away; absent at the best score). The cuts of
    /// nested bins are those for the user's present bins.
    ///
    /// # Errors
    /// As [`RfmModel::score`].
    pub fn explain(&self, user: &UserMeasures) -> Result<Explanation> {
        let score = self.score(user)?;
        let [recency_name, frequency_name, monetary_name] = self.options.names();
        let frequency = format!("{frequency_name} ({})", self.options.frequency_measure.description());
        let monetary = format!("{monetary_name} ({})", self.options.monetary_measure.description());
        let (among_recency, among_both) = match self.options.nesting {
            Nesting::Independent => (String::new(), String::new()),
            Nesting::Nested => (
                format!(" among users with recency {}", score.recency),
                format!(" among users with recency {} and frequency {}", score.recency, score.frequency),
            ),
        };
        let frequency_cuts = self.frequency_cuts(score.recency);
        let monetary_cuts = self.monetary_cuts(score.recency, score.frequency);
        Ok(Explanation::new("rfm")
            .value(score.to_string())
            .text(format!("by the cuts of {} users", self.user_count))
            .part(explain_measure("recency", recency_name, "", &self.recency, user.recency)?)
            .part(explain_measure("frequency", &frequency, &among_recency, frequency_cuts, user.frequency)?)
            .part(explain_measure("monetary", &monetary, &among_both, monetary_cuts, user.monetary)?))
    }
}

fn explain_measure(label: &str, name: &str, among: &str, cuts: &Cuts, value: MeasureValue) -> Result<Explanation> {
    let (level, level_max) = (cuts.level(value)?, cuts.level_max());
    let text = format!("{name}: score {level} of {level_max}{among}");
    Ok(Explanation::new(label).value(value).text(text).parts(cuts.explain(value)?))
}
