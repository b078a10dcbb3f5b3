//! A fitted contribution model: the ranks of a population, and the scores at which tiers begin.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rank::RankTable;
use super::{ContributionColumns, ContributionRules, ContributionScore, ContributionTier, UserContribution};
use crate::error::{Error, Result, empty, invalid_argument, invalid_definition, name_hint, unknown_name};
use crate::score::select::place_ranks;
use crate::score::{MeasureValue, MeasureValues};

/// The ranks of a population, from which the contribution score and tier of any user follow.
///
/// A model holds every distinct value of each dimension, so its size grows with them. Serde writes rules, ranks and
/// cuts, and refuses a model whose parts do not fit together; floats must be read back to their last bit, which
/// `serde_json` does only with its feature `float_roundtrip`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ContributionModelData")]
pub struct ContributionModel {
    pub(super) rules: ContributionRules,
    pub(super) user_count: u64,
    pub(super) contributor_count: u64,
    pub(super) ranks: Vec<RankTable>,
    /// The score that a core user's is above; without it any contributor's is.
    pub(super) core_cut: Option<f64>,
    /// The score that a middle user's is above; without it any contributor's is.
    pub(super) middle_cut: Option<f64>,
}

impl ContributionModel {
    /// Ranks a population.
    ///
    /// In each dimension a user's share is #(users with strictly less) / #(users), so that equal values share a rank,
    /// and nothing contributed is a share of nothing. The score is the weighted mean of the shares. A contributor is a
    /// user with anything above zero; a contributor is within the best share q of them if at least ⌈(1 − q) · N⌉
    /// contributors have a strictly lower score, so that ties never make a tier larger than its share. The order of
    /// rows and the number of threads make no difference. O(N log N) per dimension.
    ///
    /// # Errors
    /// `Empty` where there is no user; `InvalidDefinition` as [`ContributionRules::validate`] tells; `UnknownName` for
    /// a column that the rules do not name; `InvalidArgument` where a dimension has no column or two, columns differ in
    /// length, a value is below zero, NaN or infinite, or active periods are needed and missing or more than there are.
    pub fn fit(columns: &ContributionColumns<'_>, rules: impl Into<ContributionRules>) -> Result<Self> {
        let rules = rules.into();
        rules.validate()?;
        let dimensions = check_columns(columns, &rules)?;
        if columns.user_count() == 0 {
            return Err(empty("no users to fit on; a population needs at least one"));
        }
        let mut model = Self {
            user_count: columns.user_count() as u64,
            contributor_count: 0,
            ranks: dimensions.par_iter().map(|values| RankTable::fit(*values)).collect(),
            core_cut: None,
            middle_cut: None,
            rules,
        };
        let scores = model.scores(&dimensions)?;
        let contributes = |row: usize| dimensions.iter().any(|values| values.get(row).is_some_and(|v| v.is_positive()));
        let mut scores: Vec<f64> = (0..scores.len()).filter(|row| contributes(*row)).map(|row| scores[row]).collect();
        let contributor_count = scores.len();
        model.contributor_count = contributor_count as u64;
        model.core_cut = cut_below_best(&mut scores, model.rules.core_room(contributor_count));
        model.middle_cut = cut_below_best(&mut scores, model.rules.middle_room(contributor_count));
        Ok(model)
    }

    /// The rules that the model was fitted with.
    #[must_use]
    pub fn rules(&self) -> &ContributionRules {
        &self.rules
    }

    /// How many users the model was fitted on.
    #[must_use]
    pub fn user_count(&self) -> u64 {
        self.user_count
    }

    /// How many of them contributed anything.
    #[must_use]
    pub fn contributor_count(&self) -> u64 {
        self.contributor_count
    }

    /// The scores that a core and a middle user's must exceed; `None` where any contributor's does.
    #[must_use]
    pub fn cuts(&self) -> (Option<f64>, Option<f64>) {
        (self.core_cut, self.middle_cut)
    }

    /// The score and tier of one user: a pure function of the user's contributions.
    ///
    /// # Errors
    /// `TypeMismatch` where a value is not of the type that the model was fitted on; `InvalidArgument` where there are
    /// not as many values as dimensions, a value is below zero, NaN or infinite, or active periods are needed and
    /// missing or out of range.
    pub fn score(&self, user: &UserContribution) -> Result<ContributionScore> {
        self.check_user(user)?;
        let dimensions = self.rules.dimensions.iter().zip(&self.ranks).zip(&user.values);
        let sum = dimensions.into_iter().try_fold(0.0, |sum, ((dimension, ranks), value)| {
            let worse = ranks.worse(*value).map_err(|error| error.at(&dimension.name))?;
            Ok::<_, Error>(sum + dimension.weight * worse as f64)
        })?;
        let score = share(sum, self.full_sum());
        let contributes = user.values.iter().any(|value| value.is_positive());
        let costs = user.cost.is_some_and(MeasureValue::is_positive);
        Ok(ContributionScore { score, tier: self.tier(score, contributes, costs, user.active_periods) })
    }

    /// The scores and tiers of many users, in row order: as [`ContributionModel::score`] of each row.
    ///
    /// # Errors
    /// As [`ContributionModel::score`] and [`ContributionModel::fit`], except that no users have no scores.
    pub fn score_columns(&self, columns: &ContributionColumns<'_>) -> Result<Vec<ContributionScore>> {
        let dimensions = check_columns(columns, &self.rules)?;
        let scores = self.scores(&dimensions)?;
        let score_row = |(row, score): (usize, f64)| {
            let positive = |values: &MeasureValues<'_>| values.get(row).is_some_and(MeasureValue::is_positive);
            let contributes = dimensions.iter().any(positive);
            let costs = columns.cost.as_ref().is_some_and(positive);
            let active_periods = columns.active_periods.map(|periods| periods[row]);
            ContributionScore { score, tier: self.tier(score, contributes, costs, active_periods) }
        };
        Ok(scores.into_par_iter().enumerate().map(score_row).collect())
    }

    fn scores(&self, dimensions: &[MeasureValues<'_>]) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; dimensions.first().map_or(0, |values| values.len())];
        for ((dimension, ranks), values) in self.rules.dimensions.iter().zip(&self.ranks).zip(dimensions) {
            ranks.add_worse(*values, dimension.weight, &mut sums).map_err(|error| error.at(&dimension.name))?;
        }
        let full_sum = self.full_sum();
        sums.iter_mut().for_each(|sum| *sum = share(*sum, full_sum));
        Ok(sums)
    }

    /// The weighted sum of a user who outdoes everybody in everything.
    fn full_sum(&self) -> f64 {
        self.user_count as f64 * self.rules.weight_sum()
    }

    fn tier(&self, score: f64, contributes: bool, costs: bool, active_periods: Option<i64>) -> ContributionTier {
        let above = |cut: Option<f64>| cut.is_none_or(|cut| score > cut);
        match (contributes, costs) {
            (false, false) => ContributionTier::None,
            (false, true) => ContributionTier::Junk,
            (true, _) if above(self.core_cut) && self.is_sustained(active_periods) => ContributionTier::Core,
            (true, _) if above(self.middle_cut) => ContributionTier::Middle,
            (true, _) => ContributionTier::Outer,
        }
    }

    pub(super) fn is_sustained(&self, active_periods: Option<i64>) -> bool {
        active_periods.unwrap_or_default() >= i64::from(self.rules.active_periods_min)
    }

    fn check_user(&self, user: &UserContribution) -> Result<()> {
        let dimensions = &self.rules.dimensions;
        if user.values.len() != dimensions.len() {
            return Err(invalid_argument(format!(
                "{} values where the rules have {} dimensions",
                user.values.len(),
                dimensions.len()
            )));
        }
        let names = dimensions.iter().map(|dimension| dimension.name.as_str());
        let cost = user.cost.iter().map(|cost| ("cost", cost));
        for (name, value) in names.zip(&user.values).chain(cost) {
            value.check_finite().map_err(|error| error.at(name))?;
            if value.is_negative() {
                return Err(invalid_argument(format!("{name} is {value}; it must be zero or more")));
            }
        }
        check_periods(&self.rules, user.active_periods.is_some(), user.active_periods.as_slice())
    }

    fn check(&self) -> Result<()> {
        self.rules.validate()?;
        let finite = |cut: Option<f64>| cut.is_none_or(f64::is_finite);
        let complete = self.ranks.len() == self.rules.dimensions.len()
            && self.ranks.iter().all(|ranks| ranks.user_count() == self.user_count)
            && self.contributor_count <= self.user_count
            && finite(self.core_cut)
            && finite(self.middle_cut);
        if !complete {
            return Err(invalid_definition("the model must have the ranks of all its users in each dimension"));
        }
        Ok(())
    }
}

/// `sum / full_sum`, which rounding must not lift above 1.
fn share(sum: f64, full_sum: f64) -> f64 {
    (sum / full_sum).min(1.0)
}

/// The score that the `room` best are above, where ties at it stay out; `None` where there is room for all.
fn cut_below_best(scores: &mut [f64], room: usize) -> Option<f64> {
    let rank = (scores.len() - room).checked_sub(1)?;
    place_ranks(scores, &[rank], f64::total_cmp);
    Some(scores[rank])
}

/// The columns of the dimensions in the order of the rules, when all columns are what the rules ask for.
fn check_columns<'a>(columns: &ContributionColumns<'a>, rules: &ContributionRules) -> Result<Vec<MeasureValues<'a>>> {
    let known = rules.dimensions.iter().map(|dimension| dimension.name.as_str());
    for (name, _) in &columns.dimensions {
        if !known.clone().any(|known| known == *name) {
            let hint = name_hint(name, known);
            return Err(unknown_name(format!("contribution has no dimension {name:?}{hint}")));
        }
    }
    let column = |name: &str| {
        let mut found = columns.dimensions.iter().filter(|(column, _)| *column == name);
        match (found.next(), found.next()) {
            (Some((_, values)), None) => Ok(*values),
            (None, _) => {
                Err(invalid_argument(format!("dimension {name:?} has no column; give it one, of zeros if need be")))
            }
            (Some(_), Some(_)) => Err(invalid_argument(format!("dimension {name:?} has two columns; give it one"))),
        }
    };
    let dimensions: Vec<MeasureValues<'a>> = known.clone().map(column).collect::<Result<_>>()?;
    let cost = columns.cost.iter().map(|cost| ("cost", cost));
    for (name, values) in known.zip(&dimensions).chain(cost) {
        values.check_len(name, columns.user_count())?;
        values.check_finite(name)?;
        values.check_not_negative(name)?;
    }
    if let Some(periods) = columns.active_periods {
        MeasureValues::Integer(periods).check_len("active_periods", columns.user_count())?;
    }
    check_periods(rules, columns.active_periods.is_some(), columns.active_periods.unwrap_or_default())?;
    Ok(dimensions)
}

fn check_periods(rules: &ContributionRules, given: bool, active_periods: &[i64]) -> Result<()> {
    let (min, count) = (rules.active_periods_min, rules.period_count);
    if !given && min > 0 {
        return Err(invalid_argument(format!(
            "active periods are missing; core users are asked for {min} of {count}: give them, or ask for 0"
        )));
    }
    match active_periods.iter().position(|periods| !(0..=i64::from(count)).contains(periods)) {
        None => Ok(()),
        Some(row) => Err(invalid_argument(format!(
            "{} active periods in row {row}, where {count} are looked at",
            active_periods[row]
        ))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContributionModelData {
    rules: ContributionRules,
    user_count: u64,
    contributor_count: u64,
    ranks: Vec<RankTable>,
    core_cut: Option<f64>,
    middle_cut: Option<f64>,
}

impl TryFrom<ContributionModelData> for ContributionModel {
    type Error = Error;

    fn try_from(data: ContributionModelData) -> Result<Self> {
        let ContributionModelData { rules, user_count, contributor_count, ranks, core_cut, middle_cut } = data;
        let model = Self { rules, user_count, contributor_count, ranks, core_cut, middle_cut };
        model.check()?;
        Ok(model)
    }
}
