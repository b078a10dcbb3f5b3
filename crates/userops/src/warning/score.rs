//! Scores of everyone at risk, and the list of those to look after first.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::evaluation::number;
use super::feature::UserFeatures;
use super::history::read_spends;
use super::model::{WarningModel, WarningReason};
use super::options::{WARNING_DAYS_MAX, check_whole};
use super::population::WarningFeatures;
use crate::error::{Result, invalid_argument};
use crate::explanation::Explanation;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::{Table, user_column};
use crate::time::Timestamp;

/// A year: every season comes once.
pub const VALUE_DAYS: u32 = 365;
/// As many reasons as fit into a line.
pub const REASON_COUNT: u32 = 3;

/// What users are worth, and how many reasons are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarningScoreOptions {
    /// The events whose amounts are spending; every event unless said otherwise.
    pub spending: EventPattern,
    /// Over how many local days up to `as_of`, its own included, spending is summed.
    pub value_days: u32,
    /// A numeric attribute that says what each user is worth within the horizon, in place of spending; in major units
    /// where it is money.
    pub value_attribute: Option<String>,
    /// How many reasons each user has at most, from what adds most to the log-odds on. What adds nothing is no reason.
    pub reason_count: u32,
}

impl Default for WarningScoreOptions {
    fn default() -> Self {
        Self {
            spending: EventPattern::default(),
            value_days: VALUE_DAYS,
            value_attribute: None,
            reason_count: REASON_COUNT,
        }
    }
}

impl WarningScoreOptions {
    /// The same with a value that an attribute tells.
    #[must_use]
    pub fn value_attribute(mut self, name: impl Into<String>) -> Self {
        self.value_attribute = Some(name.into());
        self
    }

    /// The same with spending over so many days.
    #[must_use]
    pub fn value_days(mut self, days: u32) -> Self {
        self.value_days = days;
        self
    }

    /// Refuses windows that are none.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the option and its bounds.
    pub fn check(&self) -> Result<()> {
        check_whole("value_days", self.value_days, WARNING_DAYS_MAX)?;
        let most = super::WarningFeature::COUNT as u32;
        if self.reason_count > most {
            return Err(invalid_argument(format!("reason_count is {}; it is from 0 to {most}", self.reason_count)));
        }
        Ok(())
    }
}

/// One user's score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningScore {
    /// The user.
    pub user: UserIx,
    /// What was known of the user.
    pub features: UserFeatures,
    /// The probability of no activity within the horizon.
    pub probability: f64,
    /// What the user is worth within the horizon, in major units: max(0, spending of the last `value_days`) · horizon /
    /// `value_days`, or what the attribute says; `None` where that is unknown.
    pub value: Option<f64>,
    /// The loss to expect within the horizon: probability · value.
    pub expected_loss: Option<f64>,
}

/// The scores of everyone at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningScores {
    /// What was asked for.
    pub options: WarningScoreOptions,
    /// The model.
    pub model: WarningModel,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// A score for each user at risk, ascending by user.
    pub scores: Vec<WarningScore>,
}

impl WarningScores {
    pub(super) fn of(
        model: &WarningModel,
        log: &EventLog,
        features: &WarningFeatures,
        options: WarningScoreOptions,
    ) -> Result<Self> {
        let values = values(model, log, features, &options)?;
        let score = |index: usize| {
            let probability = model.probability(&features.features[index]);
            let value = values[index];
            WarningScore {
                user: features.users[index],
                features: features.features[index],
                probability,
                value,
                expected_loss: value.map(|value| probability * value),
            }
        };
        let scores = (0..features.users.len()).into_par_iter().map(score).collect();
        Ok(Self { options, model: model.clone(), as_of: features.at, scores })
    }

    /// The reasons of a score: what adds to the log-odds, the most first, as many as were asked for.
    #[must_use]
    pub fn reasons(&self, score: &WarningScore) -> Vec<WarningReason> {
        let mut reasons = self.model.reasons(&score.features);
        reasons.retain(|reason| reason.log_odds > 0.0);
        reasons.truncate(self.options.reason_count as usize);
        reasons
    }

    /// Why a user's score is what it is; `None` for a user who is not at risk.
    #[must_use]
    pub fn explain(&self, user: UserIx) -> Option<Explanation> {
        let score = self.scores.iter().find(|score| score.user == user)?;
        let part = |label: &str, value: Option<f64>, text: &str| {
            value.map(|value| Explanation::new(label).value(value).text(text.to_owned()))
        };
        let money = [
            part("value", score.value, "what the user is worth within the horizon"),
            part("expected_loss", score.expected_loss, "the probability times the value"),
        ];
        Some(self.model.explain(&score.features).parts(money.into_iter().flatten()))
    }

    /// A row per user: `user`, `probability`, `value`, `expected_loss`, and `reason_1` … in words. The log is the one
    /// that was scored.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let rows = &self.scores;
        let mut table = Table::new(rows.len())
            .with("user", user_column(log.users(), rows.iter().map(|row| row.user)))?
            .with("probability", rows.iter().map(|row| row.probability).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.value).collect::<Vec<_>>())?
            .with("expected_loss", rows.iter().map(|row| row.expected_loss).collect::<Vec<_>>())?;
        let text = |row: &WarningScore| {
            let reasons = self.reasons(row).into_iter();
            reasons.map(|reason| self.model.reason_text(&row.features, reason.feature)).collect::<Vec<_>>()
        };
        let texts: Vec<Vec<String>> = rows.par_iter().map(text).collect();
        for place in 0..self.options.reason_count as usize {
            let column: Vec<Option<&str>> = texts.iter().map(|texts| texts.get(place).map(String::as_str)).collect();
            table = table.with(format!("reason_{}", place + 1), column)?;
        }
        Ok(table)
    }

    /// The users to look after first, as many as can be.
    ///
    /// By expected loss those whose loss is unknown come last; equal ones are by probability, then in the order of
    /// users. A capacity for more than there are takes all.
    ///
    /// # Errors
    /// `InvalidArgument` for a capacity of 0.
    pub fn watch_list(&self, options: impl Into<WatchListOptions>) -> Result<WatchList> {
        let options = options.into();
        if options.capacity == 0 {
            return Err(invalid_argument("capacity is 0: a list of nobody; it is how many users can be looked after"));
        }
        let mut ranked = self.scores.clone();
        let loss = |score: &WarningScore| match options.order {
            WatchOrder::ExpectedLoss => score.expected_loss.unwrap_or(f64::NEG_INFINITY),
            WatchOrder::Probability => 0.0,
        };
        ranked.sort_by(|a, b| loss(b).total_cmp(&loss(a)).then(b.probability.total_cmp(&a.probability)));
        let at_risk_count = ranked.len() as u64;
        let total = |scores: &[WarningScore]| scores.iter().filter_map(|score| score.expected_loss).sum::<f64>();
        let all = total(&self.scores);
        ranked.truncate(usize::try_from(options.capacity).unwrap_or(usize::MAX));
        Ok(WatchList {
            options,
            at_risk_count,
            expected_loss: total(&ranked),
            expected_loss_ratio: (all > 0.0).then(|| total(&ranked) / all),
            expected_lost_count: ranked.iter().map(|score| score.probability).sum(),
            scores: Self { scores: ranked, ..self.clone_empty() },
        })
    }

    fn clone_empty(&self) -> Self {
        Self { options: self.options.clone(), model: self.model.clone(), as_of: self.as_of, scores: Vec::new() }
    }
}

/// What each user is worth within the horizon.
fn values(
    model: &WarningModel,
    log: &EventLog,
    features: &WarningFeatures,
    options: &WarningScoreOptions,
) -> Result<Vec<Option<f64>>> {
    if let Some(name) = &options.value_attribute {
        let column = log.attributes().column(name)?;
        let value = |user: &UserIx| match number(column, name, user.index())? {
            Some(value) if !value.is_finite() || value < 0.0 => {
                let who = log.users().id(*user).map(|id| id.to_string()).unwrap_or_default();
                Err(invalid_argument(format!("{name:?} of user {who} is {value}: what a user is worth is from 0 on")))
            }
            value => Ok(value),
        };
        return features.users.iter().map(value).collect();
    }
    let spends = read_spends(log, &options.spending, &features.users, features.at, options.value_days)?;
    let unit = log.currency().minor_per_major() as f64;
    let part = f64::from(model.options.horizon_days) / f64::from(options.value_days);
    Ok(spends.into_iter().map(|minor| Some(minor.max(0) as f64 / unit * part)).collect())
}

/// By what a list is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchOrder {
    /// By the loss to expect, the greatest first.
    #[default]
    ExpectedLoss,
    /// By the probability of being lost, whatever the user is worth.
    Probability,
}

/// How many users can be looked after, and who comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchListOptions {
    /// How many users can be looked after; above 0.
    pub capacity: u64,
    /// Who comes first.
    #[serde(default)]
    pub order: WatchOrder,
}

impl From<u64> for WatchListOptions {
    fn from(capacity: u64) -> Self {
        Self { capacity, order: WatchOrder::default() }
    }
}

/// The users to look after first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchList {
    /// What was asked for.
    pub options: WatchListOptions,
    /// How many users are at risk, listed or not.
    pub at_risk_count: u64,
    /// The loss to expect of those listed, as far as it is known.
    pub expected_loss: f64,
    /// Which part that is of the loss to expect of everyone at risk; `None` where that is nothing.
    pub expected_loss_ratio: Option<f64>,
    /// How many of those listed are expected to be lost if nothing is done.
    pub expected_lost_count: f64,
    /// Who is listed, the first first.
    pub scores: WarningScores,
}

impl WatchList {
    /// A row per user, the first first: `rank` from 1, and the columns of [`WarningScores::to_table`].
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let scores = self.scores.to_table(log)?;
        let ranks: Vec<i64> = (1..=scores.row_count() as i64).collect();
        Table::new(scores.row_count()).with("rank", ranks)?.beside(&scores)
    }

    /// One row: `at_risk_count`, `listed_count`, `expected_loss`, `expected_loss_ratio`, `expected_lost_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("at_risk_count", vec![self.at_risk_count as i64])?
            .with("listed_count", vec![self.scores.scores.len() as i64])?
            .with("expected_loss", vec![self.expected_loss])?
            .with("expected_loss_ratio", vec![self.expected_loss_ratio])?
            .with("expected_lost_count", vec![self.expected_lost_count])
    }
}
