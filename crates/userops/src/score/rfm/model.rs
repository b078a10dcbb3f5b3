//! A fitted RFM model: the cuts, and what they mean.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fit::fit;
use super::options::{Nesting, RfmOptions};
use super::{Measures, RfmScore, RfmScores, UserMeasures};
use crate::error::{Error, Result, invalid_definition};
use crate::score::cut::ROWS_PER_TASK;
use crate::score::{Cuts, MeasureValue, MeasureValues};

/// The cuts of three measures over a population, from which the score of any user follows.
///
/// Serde writes the options, the number of users and all cuts, and refuses a model whose parts do not fit together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RfmModelData")]
pub struct RfmModel {
    pub(super) options: RfmOptions,
    pub(super) user_count: u64,
    pub(super) recency: Cuts,
    /// One, or one for each recency score where bins nest.
    pub(super) frequency: Vec<Cuts>,
    /// For each cut of frequency: one, or one for each frequency score where bins nest.
    pub(super) monetary: Vec<Vec<Cuts>>,
}

impl RfmModel {
    /// Finds the cuts of a population.
    ///
    /// Every row is a user; the order of rows and the number of threads make no difference. What users with equal
    /// values get, and what becomes of bins without users, is told by [`BinMethod`](super::BinMethod) and
    /// [`Nesting`]. O(N) by selection; the three measures are fitted in parallel.
    ///
    /// # Errors
    /// `Empty` where there is no user; `InvalidArgument` where columns differ in length, a value is NaN or infinite
    /// (the message names measure and row), or a number of bins is not 2 to 10; `InvalidDefinition` for thresholds as
    /// [`RfmOptions::validate`] tells.
    pub fn fit(measures: &Measures<'_>, options: impl Into<RfmOptions>) -> Result<Self> {
        let options = options.into();
        options.validate()?;
        measures.check_population(options.names())?;
        fit(measures, options)
    }

    /// The options that the model was fitted with, which state what the measures are.
    #[must_use]
    pub fn options(&self) -> &RfmOptions {
        &self.options
    }

    /// How many users the model was fitted on.
    #[must_use]
    pub fn user_count(&self) -> u64 {
        self.user_count
    }

    /// The cuts of recency.
    #[must_use]
    pub fn recency_cuts(&self) -> &Cuts {
        &self.recency
    }

    /// The cuts of frequency for users with this recency score, which matters only where bins nest; a score out of
    /// range is taken for the nearest there is.
    #[must_use]
    pub fn frequency_cuts(&self, recency_score: u8) -> &Cuts {
        &self.frequency[self.place(recency_score, self.frequency.len())]
    }

    /// The cuts of monetary value for users with these scores, which matter only where bins nest; as
    /// [`RfmModel::frequency_cuts`].
    #[must_use]
    pub fn monetary_cuts(&self, recency_score: u8, frequency_score: u8) -> &Cuts {
        let within = &self.monetary[self.place(recency_score, self.monetary.len())];
        &within[self.place(frequency_score, within.len())]
    }

    fn place(&self, score: u8, len: usize) -> usize {
        match self.options.nesting {
            Nesting::Independent => 0,
            Nesting::Nested => usize::from(score.max(1) - 1).min(len - 1),
        }
    }

    /// The scores of one user: a pure function of the three values.
    ///
    /// The user need not have been in the population. A value beyond all that were there gets the worst or best score.
    ///
    /// # Errors
    /// `TypeMismatch` where a value is not of the type that the model was fitted on, `InvalidArgument` where it is NaN
    /// or infinite; the message starts with the name of the measure.
    pub fn score(&self, user: &UserMeasures) -> Result<RfmScore> {
        let [recency_name, frequency_name, monetary_name] = self.options.names();
        let level = |name: &str, cuts: &Cuts, value: MeasureValue| cuts.level(value).map_err(|error| error.at(name));
        let recency = level(recency_name, &self.recency, user.recency)?;
        let frequency = level(frequency_name, self.frequency_cuts(recency), user.frequency)?;
        let monetary = level(monetary_name, self.monetary_cuts(recency, frequency), user.monetary)?;
        Ok(RfmScore { recency, frequency, monetary })
    }

    /// The scores of many users, in row order: as [`RfmModel::score`] of each row, and none for no rows.
    ///
    /// # Errors
    /// As [`RfmModel::score`], and `InvalidArgument` where columns differ in length.
    pub fn score_columns(&self, measures: &Measures<'_>) -> Result<RfmScores> {
        let names = self.options.names();
        measures.check(names)?;
        let recency = self.recency.levels(names[0], measures.recency)?;
        let (frequency, monetary) = match self.options.nesting {
            Nesting::Independent => (
                self.frequency_cuts(1).levels(names[1], measures.frequency)?,
                self.monetary_cuts(1, 1).levels(names[2], measures.monetary)?,
            ),
            Nesting::Nested => self.nested_levels(measures, &recency)?,
        };
        Ok(RfmScores { recency, frequency, monetary })
    }

    fn nested_levels(&self, measures: &Measures<'_>, recency: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        let [_, frequency_name, monetary_name] = self.options.names();
        let frequency = levels_by(frequency_name, measures.frequency, |row| self.frequency_cuts(recency[row]))?;
        let monetary =
            levels_by(monetary_name, measures.monetary, |row| self.monetary_cuts(recency[row], frequency[row]))?;
        Ok((frequency, monetary))
    }

    /// `InvalidDefinition` where the parts of the model do not fit together.
    fn check(&self) -> Result<()> {
        let options = &self.options;
        options.validate()?;
        let nested = options.nesting == Nesting::Nested;
        let groups = |cuts: &Cuts| if nested { usize::from(cuts.level_max()) } else { 1 };
        let complete = self.frequency.len() == groups(&self.recency)
            && self.monetary.len() == self.frequency.len()
            && self.monetary.iter().zip(&self.frequency).all(|(within, cuts)| within.len() == groups(cuts));
        if !complete {
            return Err(invalid_definition(
                "the model must have cuts for each bin of the measures before, and no more",
            ));
        }
        let measures = [
            (&options.recency, vec![&self.recency]),
            (&options.frequency, self.frequency.iter().collect()),
            (&options.monetary, self.monetary.iter().flatten().collect()),
        ];
        for (measure, cuts) in measures {
            let value_type = cuts.first().map(|cuts| cuts.value_type());
            let fits = cuts.iter().all(|cuts| {
                cuts.direction() == measure.direction
                    && cuts.level_max() <= measure.bins
                    && Some(cuts.value_type()) == value_type
            });
            if !fits {
                return Err(invalid_definition(
                    "cuts must agree with the options in direction and number, and in type",
                )
                .at(&measure.name));
            }
        }
        Ok(())
    }
}

/// The level of each row by the cuts that `cuts_of` names for it.
fn levels_by<'a, F>(name: &str, values: MeasureValues<'_>, cuts_of: F) -> Result<Vec<u8>>
where
    F: Fn(usize) -> &'a Cuts + Sync,
{
    let level = |row: usize| values.get(row).map_or(Ok(1), |value| cuts_of(row).level(value));
    (0..values.len())
        .into_par_iter()
        .with_min_len(ROWS_PER_TASK)
        .map(level)
        .collect::<Result<_>>()
        .map_err(|error| error.at(name))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RfmModelData {
    options: RfmOptions,
    user_count: u64,
    recency: Cuts,
    frequency: Vec<Cuts>,
    monetary: Vec<Vec<Cuts>>,
}

impl TryFrom<RfmModelData> for RfmModel {
    type Error = Error;

    fn try_from(data: RfmModelData) -> Result<Self> {
        let RfmModelData { options, user_count, recency, frequency, monetary } = data;
        let model = Self { options, user_count, recency, frequency, monetary };
        model.check()?;
        Ok(model)
    }
}
