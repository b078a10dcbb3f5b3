//! Cases of contribution: scores and tiers.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::score::contribution::{
    ContributionColumns, ContributionModel, ContributionRules, ContributionScore, ContributionTier, UserContribution,
};

use super::rfm::Numbers;
use super::{Judge, Verdict};

/// Columns of contributions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContributionCase {
    dimensions: BTreeMap<String, Numbers>,
    active_periods: Option<Vec<i64>>,
    cost: Option<Numbers>,
    rules: ContributionRules,
    /// Users who were not in the population.
    #[serde(default)]
    newcomers: Vec<UserContribution>,
    expect: ContributionExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContributionExpect {
    tiers: Option<Vec<ContributionTier>>,
    chinese: Option<Vec<String>>,
    scores: Option<Vec<f64>>,
    contributors: Option<u64>,
    core_cut: Option<f64>,
    middle_cut: Option<f64>,
    newcomers: Option<Vec<ContributionTier>>,
    refused: Option<String>,
}

impl ContributionCase {
    fn columns(&self) -> ContributionColumns<'_> {
        let columns = self
            .dimensions
            .iter()
            .fold(ContributionColumns::new(), |columns, (name, values)| columns.dimension(name, values.values()));
        let periods = self.active_periods.iter().fold(columns, |columns, periods| columns.active_periods(periods));
        self.cost.iter().fold(periods, |columns, cost| columns.cost(cost.values()))
    }

    /// One row by itself, its values in the order of the rules.
    fn user(&self, row: usize) -> UserContribution {
        let value = |numbers: &Numbers| numbers.values().get(row).unwrap();
        let values = self.rules.dimensions.iter().map(|dimension| value(&self.dimensions[&dimension.name]));
        UserContribution {
            values: values.collect(),
            active_periods: self.active_periods.as_ref().map(|periods| periods[row]),
            cost: self.cost.as_ref().map(value),
        }
    }
}

impl Judge for ContributionCase {
    fn judge(self, verdict: &mut Verdict) {
        let columns = self.columns();
        let fitted = ContributionModel::fit(&columns, &self.rules);
        let expect = &self.expect;
        let Some(model) = verdict.result(expect.refused.as_deref(), fitted) else { return };
        verdict.equal("the number of contributors", expect.contributors, model.contributor_count());
        verdict.close("core_cut", expect.core_cut, model.cuts().0);
        verdict.close("middle_cut", expect.middle_cut, model.cuts().1);
        let in_columns = model.score_columns(&columns).unwrap();
        let by_user: Vec<ContributionScore> =
            (0..columns.user_count()).map(|row| model.score(&self.user(row)).unwrap()).collect();
        for (how, scores) in [("in columns", &in_columns), ("by user", &by_user)] {
            let tiers = scores.iter().map(|score| score.tier).collect();
            verdict.equal(&format!("the tiers {how}"), expect.tiers.as_ref(), &tiers);
            let names = scores.iter().map(|score| score.tier.chinese_name().to_owned()).collect();
            verdict.equal(&format!("the Chinese names {how}"), expect.chinese.as_ref(), &names);
            if let Some(expected) = &expect.scores {
                verdict.equal(&format!("the number of scores {how}"), Some(expected.len()), scores.len());
                for (row, (expected, score)) in expected.iter().zip(scores).enumerate() {
                    verdict.close(&format!("the score of row {row} {how}"), Some(*expected), Some(score.score));
                }
            }
        }
        let newcomers = self.newcomers.iter().map(|user| model.score(user).unwrap().tier).collect();
        verdict.equal("the tiers of newcomers", expect.newcomers.as_ref(), &newcomers);
    }
}
