//! Why a user stands in their tier, and what would move them.

use super::{ContributionModel, ContributionTier, UserContribution};
use crate::error::Result;
use crate::score::Explanation;

impl ContributionModel {
    /// Why a user stands in their tier.
    ///
    /// The root `contribution` has the tier as its value. Its parts are `score`, made of a part for each dimension
    /// (the observed value, whom it outdoes, and its weight); `core` and `middle`, whether each is reached and the
    /// score to exceed; `sustained`, the active periods, where steadiness is asked for; and `cost`, where it is known.
    ///
    /// # Errors
    /// As [`ContributionModel::score`].
    pub fn explain(&self, user: &UserContribution) -> Result<Explanation> {
        let score = self.score(user)?;
        let mut dimensions = Explanation::new("score")
            .value(score.score)
            .text("the weighted mean of the shares of users outdone, from 0 to 1");
        for ((dimension, ranks), value) in self.rules.dimensions.iter().zip(&self.ranks).zip(&user.values) {
            let (worse, all) = (ranks.worse(*value)?, ranks.user_count());
            let weight_ratio = dimension.weight / self.rules.weight_sum();
            let text = format!("more than {worse} of {all} users; weight {weight_ratio:.3}");
            dimensions = dimensions.part(Explanation::new(&dimension.name).value(*value).text(text));
        }
        let mut root = Explanation::new("contribution")
            .value(score.tier.name())
            .text(format!(
                "{}, among {} users of whom {} contribute",
                tier_meaning(score.tier),
                self.user_count,
                self.contributor_count
            ))
            .part(dimensions)
            .part(explain_cut("core", score.score, self.core_cut))
            .part(explain_cut("middle", score.score, self.middle_cut));
        if self.rules.active_periods_min > 0 {
            root = root.part(self.explain_periods(user.active_periods.unwrap_or_default()));
        }
        if let Some(cost) = user.cost {
            root = root.part(Explanation::new("cost").value(cost));
        }
        Ok(root)
    }

    fn explain_periods(&self, active_periods: i64) -> Explanation {
        let (min, count) = (self.rules.active_periods_min, self.rules.period_count);
        let met = if self.is_sustained(Some(active_periods)) { "sustained" } else { "not sustained" };
        Explanation::new("sustained")
            .value(active_periods)
            .text(format!("{met}: core asks for at least {min} of the last {count} periods"))
    }
}

fn tier_meaning(tier: ContributionTier) -> &'static str {
    match tier {
        ContributionTier::Core => "contributes much, and steadily",
        ContributionTier::Middle => "contributes more than most, or much but not steadily",
        ContributionTier::Outer => "contributes something",
        ContributionTier::None => "contributes nothing, and costs nothing that is known",
        ContributionTier::Junk => "costs something, and contributes nothing",
    }
}

fn explain_cut(label: &str, score: f64, cut: Option<f64>) -> Explanation {
    let Some(cut) = cut else { return Explanation::new(label).text("any contribution is enough") };
    let reached = if score > cut { "reached" } else { "not reached" };
    Explanation::new(label).value(cut).text(format!("{reached}: the score must be above {cut}"))
}
