//! A forecast of the mix by pooled transitions, and how well it would have done.
//!
//! The mix is taken for a Markov chain: a user's next stage depends on the present one only, and the shares of those
//! who move do not change. Real stages remember more than that, so every forecast should be read beside its back-test.

use serde::{Deserialize, Serialize};

use super::definition::LifecycleDefinition;
use super::mix::{StageMix, mix_over_time};
use super::transition::TransitionMatrix;
use crate::column::{Column, TextColumn};
use crate::error::{Result, empty, invalid_argument, limit_exceeded};
use crate::table::Table;
use crate::time::Timestamp;

/// The most periods a forecast looks ahead; after a few hundred a chain has forgotten where it began.
pub const PERIODS_AHEAD_MAX: u32 = 1_000;

/// How many users come into the lifecycle in each period of the forecast.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Newcomers {
    /// As many as in the mean of the observed periods.
    #[default]
    AsObserved,
    /// This many; not negative.
    PerPeriod(f64),
    /// Nobody.
    None,
}

/// Transitions of one period length, pooled over several periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PooledTransitions {
    /// The sum of the periods' matrices.
    pub matrix: TransitionMatrix,
    /// How many periods were pooled.
    pub period_count: u32,
}

/// Pools the transitions between consecutive columns, which are of instants one period apart.
///
/// # Errors
/// `Empty` with fewer than two columns; as [`TransitionMatrix::between`].
pub fn pool_transitions(definition: &LifecycleDefinition, columns: &[TextColumn]) -> Result<PooledTransitions> {
    if columns.len() < 2 {
        return Err(empty("transitions need the stages at two instants at least"));
    }
    let mut matrix = TransitionMatrix::empty(definition);
    for pair in columns.windows(2) {
        matrix.pool(&TransitionMatrix::between(definition, &pair[0], &pair[1])?)?;
    }
    Ok(PooledTransitions { matrix, period_count: (columns.len() - 1) as u32 })
}

/// The mix of the periods to come, with what it assumes.
///
/// Users are conserved: what a period's mix has more than the one before is newcomers less those who left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixForecast {
    /// The stages, in the order of the lifecycle.
    pub stages: Vec<String>,
    /// Expected users by stage: first those at the start, then after each period.
    pub user_counts: Vec<Vec<f64>>,
    /// Users taken to come in per period.
    pub newcomers_per_period: f64,
    /// The share of newcomers that comes into each stage, as in the pooled periods.
    pub newcomer_ratios: Vec<f64>,
    /// Users expected to leave for no stage in each period.
    pub left_counts: Vec<f64>,
    /// Row by row, the probability of each next stage, and last that of none.
    pub probabilities: Vec<Vec<f64>>,
    /// Stages in which no user was seen in the pooled periods. Their users are taken to stay.
    pub unobserved_stages: Vec<String>,
}

/// Forecasts the mix for some periods from the mix of today and pooled transitions.
///
/// The next mix is the present one times the transition probabilities, plus newcomers in the stages that those who came
/// from no stage entered. Takes O(periods · stages²).
///
/// # Errors
/// `InvalidArgument` where the mix has other stages than the transitions, for newcomers that are negative or not
/// finite, and for newcomers where nobody was seen to come in; `LimitExceeded` for more than [`PERIODS_AHEAD_MAX`]
/// periods.
pub fn forecast_mix(
    pooled: &PooledTransitions,
    mix: &StageMix,
    periods: u32,
    newcomers: Newcomers,
) -> Result<MixForecast> {
    let matrix = &pooled.matrix;
    let stage_count = matrix.stages().len();
    if mix.user_counts.len() != stage_count {
        let found = mix.user_counts.len();
        return Err(invalid_argument(format!("the mix has {found} stages where the transitions have {stage_count}")));
    }
    if periods > PERIODS_AHEAD_MAX {
        return Err(limit_exceeded(format!("{periods} periods ahead are more than the limit {PERIODS_AHEAD_MAX}")));
    }
    let probabilities: Vec<Vec<f64>> = (0..stage_count).map(|stage| probabilities_of(matrix, stage)).collect();
    let (newcomers_per_period, newcomer_ratios) = newcomers_of(pooled, newcomers)?;
    let mut user_counts: Vec<Vec<f64>> = vec![mix.user_counts.iter().map(|count| *count as f64).collect()];
    let mut left_counts = Vec::new();
    for _ in 0..periods {
        let Some(now) = user_counts.last() else { break };
        let into = |to: usize| now.iter().zip(&probabilities).map(|(users, row)| users * row[to]).sum::<f64>();
        let next = (0..stage_count).map(|stage| into(stage) + newcomers_per_period * newcomer_ratios[stage]).collect();
        left_counts.push(into(stage_count));
        user_counts.push(next);
    }
    let unobserved = matrix.stages().iter().enumerate().filter(|(stage, _)| matrix.row(*stage).iter().all(|n| *n == 0));
    Ok(MixForecast {
        stages: matrix.stages().to_vec(),
        user_counts,
        newcomers_per_period,
        newcomer_ratios,
        left_counts,
        probabilities,
        unobserved_stages: unobserved.map(|(_, name)| name.clone()).collect(),
    })
}

/// The shares of a row, or certainty of staying where nobody was seen in the stage.
fn probabilities_of(matrix: &TransitionMatrix, stage: usize) -> Vec<f64> {
    let row = matrix.row(stage);
    match row.iter().sum::<u64>() {
        0 => (0..row.len()).map(|to| if to == stage { 1.0 } else { 0.0 }).collect(),
        total => row.iter().map(|count| *count as f64 / total as f64).collect(),
    }
}

/// How many come in per period, and the stages that they come into.
fn newcomers_of(pooled: &PooledTransitions, newcomers: Newcomers) -> Result<(f64, Vec<f64>)> {
    let stage_count = pooled.matrix.stages().len();
    let entries = &pooled.matrix.row(stage_count)[..stage_count];
    let seen: u64 = entries.iter().sum();
    let per_period = match newcomers {
        Newcomers::AsObserved => seen as f64 / f64::from(pooled.period_count.max(1)),
        Newcomers::PerPeriod(users) => users,
        Newcomers::None => 0.0,
    };
    if !per_period.is_finite() || per_period < 0.0 {
        return Err(invalid_argument(format!("{per_period} newcomers per period; give a number that is not negative")));
    }
    if per_period > 0.0 && seen == 0 {
        return Err(invalid_argument(format!(
            "{per_period} newcomers per period, but in the pooled periods nobody came in to show which stage they enter"
        )));
    }
    let ratio = |count: &u64| if seen == 0 { 0.0 } else { *count as f64 / seen as f64 };
    Ok((per_period, entries.iter().map(ratio).collect()))
}

impl MixForecast {
    /// A row per period and stage: `periods_ahead` (0 is today), `stage`, `user_count` expected, and `ratio` among the
    /// users in any stage.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let width = self.stages.len();
        let cells =
            || self.user_counts.iter().enumerate().flat_map(|(ahead, mix)| (0..width).map(move |s| (ahead, mix, s)));
        Table::new(self.user_counts.len() * width)
            .with("periods_ahead", cells().map(|(ahead, ..)| ahead as i64).collect::<Vec<_>>())?
            .with("stage", cells().map(|(_, _, stage)| self.stages[stage].as_str()).collect::<Vec<_>>())?
            .with("user_count", cells().map(|(_, mix, stage)| mix[stage]).collect::<Vec<_>>())?
            .with("ratio", cells().map(|(_, mix, stage)| ratio_of(mix, stage)).collect::<Vec<_>>())
    }
}

fn ratio_of(mix: &[f64], stage: usize) -> Option<f64> {
    let total: f64 = mix.iter().sum();
    (total > 0.0).then(|| mix[stage] / total)
}

/// How far a forecast made some periods ago was off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackTest {
    /// When the forecast would have been made, from transitions up to then only.
    pub made_at: Timestamp,
    /// The forecast.
    pub forecast: MixForecast,
    /// The actual mixes of the same instants, the first that of `made_at`.
    pub actual: Vec<StageMix>,
    /// By stage, the mean over the periods ahead of |forecast − actual| in users.
    pub error_users: Vec<f64>,
    /// By stage, the same of shares among users in any stage; periods in which nobody was are left out.
    pub error_ratios: Vec<f64>,
}

/// Makes the forecast of `periods` periods ago and compares it with what came.
///
/// `columns` are the stages at `instants`, which ascend, one period apart.
///
/// # Errors
/// `InvalidArgument` for 0 periods, and where columns and instants differ in number; `Empty` where fewer than two
/// instants lie before the forecast; as [`forecast_mix`].
pub fn back_test(
    definition: &LifecycleDefinition,
    instants: &[Timestamp],
    columns: &[TextColumn],
    periods: u32,
    newcomers: Newcomers,
) -> Result<BackTest> {
    if periods == 0 {
        return Err(invalid_argument("a back-test looks at least 1 period ahead, not 0"));
    }
    let mixes = mix_over_time(definition, instants, columns)?.mixes;
    let made =
        mixes.len().saturating_sub(1).checked_sub(periods as usize).filter(|made| *made > 0).ok_or_else(|| {
            empty(format!(
                "{} instants are too few to test a forecast of {periods} periods: it needs {} at least",
                mixes.len(),
                u64::from(periods) + 2
            ))
        })?;
    let pooled = pool_transitions(definition, &columns[..=made])?;
    let forecast = forecast_mix(&pooled, &mixes[made], periods, newcomers)?;
    let actual = mixes[made..].to_vec();
    let pairs = || forecast.user_counts.iter().zip(&actual).skip(1);
    let stage_count = definition.stages.len();
    let error_users = (0..stage_count)
        .map(|stage| mean(pairs().map(|(expected, mix)| (expected[stage] - mix.user_counts[stage] as f64).abs())));
    let error_ratios = (0..stage_count).map(|stage| {
        mean(pairs().filter_map(|(expected, mix)| Some((ratio_of(expected, stage)? - mix.ratio(stage)?).abs())))
    });
    let (error_users, error_ratios) = (error_users.collect(), error_ratios.collect());
    Ok(BackTest { made_at: instants[made], forecast, actual, error_users, error_ratios })
}

/// The mean; 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

impl BackTest {
    /// A row per instant and stage after `made_at`: `at`, `stage`, `forecast_count`, `actual_count`, `forecast_ratio`,
    /// `actual_ratio`, and the stage's `error_users` and `error_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let width = self.forecast.stages.len();
        let pairs = self.forecast.user_counts.iter().zip(&self.actual).skip(1);
        let cells: Vec<_> = pairs.flat_map(|(expected, mix)| (0..width).map(move |s| (expected, mix, s))).collect();
        let names = cells.iter().map(|(_, _, stage)| self.forecast.stages[*stage].as_str()).collect::<Vec<_>>();
        let of_stage = |errors: &[f64]| cells.iter().map(|(_, _, stage)| errors[*stage]).collect::<Vec<_>>();
        Table::new(cells.len())
            .with("at", Column::Time(cells.iter().map(|(_, mix, _)| Some(mix.at.as_micros())).collect()))?
            .with("stage", names)?
            .with("forecast_count", cells.iter().map(|(expected, _, s)| expected[*s]).collect::<Vec<_>>())?
            .with("actual_count", cells.iter().map(|(_, mix, s)| mix.user_counts[*s] as i64).collect::<Vec<_>>())?
            .with("forecast_ratio", cells.iter().map(|(expected, _, s)| ratio_of(expected, *s)).collect::<Vec<_>>())?
            .with("actual_ratio", cells.iter().map(|(_, mix, s)| mix.ratio(*s)).collect::<Vec<_>>())?
            .with("error_users", of_stage(&self.error_users))?
            .with("error_ratio", of_stage(&self.error_ratios))
    }
}
