//! The model that warns: all that is needed to score a user, and why a score is what it is.

use serde::{Deserialize, Serialize};

use super::feature::{UserFeatures, WarningFeature, words};
use super::history::{read_histories, read_history};
use super::options::WarningOptions;
use super::population::{WarningFeatures, WarningPopulation};
use super::score::{WarningScoreOptions, WarningScores};
use crate::analytics::log_odds::logistic;
use crate::error::{Result, invalid_definition};
use crate::explanation::Explanation;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// How much one feature says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningCoefficient {
    /// The feature.
    pub feature: WarningFeature,
    /// The mean of its signal over those it was learnt from; who has none is taken to have this.
    pub mean: f64,
    /// The deviation of its signal over them.
    pub scale: f64,
    /// By how much the log-odds of being lost grow with each deviation.
    pub coefficient: f64,
    /// Its standard error, by the curvature at the maximum, ridge included; `None` where there is no maximum.
    pub standard_error: Option<f64>,
}

/// How log-odds are put right: intercept + slope · log-odds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningCalibration {
    /// Above 0 where users were lost more often than was foretold.
    pub intercept: f64,
    /// Below 1 where the model was too sure of itself; always above 0, so that the order of users stays.
    pub slope: f64,
}

impl WarningCalibration {
    /// Leaves log-odds as they are.
    pub const NONE: Self = Self { intercept: 0.0, slope: 1.0 };
}

/// A model that warns, with all that a score needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningModel {
    /// What is warned of.
    pub options: WarningOptions,
    /// What users are held against: as it was known at the first instant learnt from.
    pub population: WarningPopulation,
    /// The log-odds of a user whose every signal is the mean.
    pub intercept: f64,
    /// How much each feature says.
    pub coefficients: Vec<WarningCoefficient>,
    /// How log-odds are put right.
    pub calibration: WarningCalibration,
}

/// One of the reasons of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningReason {
    /// The feature.
    pub feature: WarningFeature,
    /// Its value as people read it; `None` where it is unknown, and then it adds nothing.
    pub value: Option<f64>,
    /// How much it adds to the log-odds of being lost, beside a user at the mean.
    pub log_odds: f64,
}

impl WarningModel {
    /// Refuses numbers that cannot be.
    ///
    /// # Errors
    /// `InvalidDefinition` or `InvalidArgument`, naming the number.
    pub fn check(&self) -> Result<()> {
        self.options.check()?;
        self.population.check()?;
        let finite = |name: &str, value: f64| match value.is_finite() {
            true => Ok(()),
            false => Err(invalid_definition(format!("{name} is {value}; it is finite"))),
        };
        finite("intercept", self.intercept)?;
        finite("the calibration's intercept", self.calibration.intercept)?;
        if !(self.calibration.slope.is_finite() && self.calibration.slope > 0.0) {
            return Err(invalid_definition(format!(
                "the calibration's slope is {}; it is above 0",
                self.calibration.slope
            )));
        }
        for (index, one) in self.coefficients.iter().enumerate() {
            let name = one.feature.name();
            finite(&format!("the mean of {name}"), one.mean)?;
            finite(&format!("the coefficient of {name}"), one.coefficient)?;
            if !(one.scale.is_finite() && one.scale > 0.0) {
                return Err(invalid_definition(format!("the scale of {name} is {}; it is above 0", one.scale)));
            }
            if self.coefficients[..index].iter().any(|other| other.feature == one.feature) {
                return Err(invalid_definition(format!("{name} has two coefficients")));
            }
        }
        Ok(())
    }

    /// The log-odds before they are put right.
    pub(super) fn raw_log_odds(&self, features: &UserFeatures) -> f64 {
        self.coefficients.iter().fold(self.intercept, |sum, one| sum + one.coefficient * one.standardised(features))
    }

    /// The log-odds of being lost within the horizon.
    #[must_use]
    pub fn log_odds(&self, features: &UserFeatures) -> f64 {
        self.calibration.intercept + self.calibration.slope * self.raw_log_odds(features)
    }

    /// The probability of being lost within the horizon: a pure function of one user's features.
    #[must_use]
    pub fn probability(&self, features: &UserFeatures) -> f64 {
        logistic(self.log_odds(features))
    }

    /// How much each feature adds to the log-odds of a user, from what adds most to what takes most away; equal ones in
    /// the order of the model. With the log-odds of a user at the mean they sum up to those of the user.
    #[must_use]
    pub fn reasons(&self, features: &UserFeatures) -> Vec<WarningReason> {
        let reason = |one: &WarningCoefficient| WarningReason {
            feature: one.feature,
            value: features.value(one.feature),
            // Adding 0 leaves no negative zero.
            log_odds: self.calibration.slope * one.coefficient * one.standardised(features) + 0.0,
        };
        let mut reasons: Vec<WarningReason> = self.coefficients.iter().map(reason).collect();
        reasons.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds));
        reasons
    }

    /// What a user's value of a feature says, in words.
    #[must_use]
    pub fn reason_text(&self, features: &UserFeatures, feature: WarningFeature) -> String {
        words(features, feature, self.options.recent_window_days(), self.options.horizon_days)
    }

    /// Why a user's probability is what it is: the log-odds of a user at the mean, and what each feature adds to them.
    #[must_use]
    pub fn explain(&self, features: &UserFeatures) -> Explanation {
        let base = self.calibration.intercept + self.calibration.slope * self.intercept;
        let part = |reason: &WarningReason| {
            let verb = if reason.log_odds < 0.0 { "takes" } else { "adds" };
            let size = reason.log_odds.abs();
            let text = format!("{verb} {size:.3}: {}", self.reason_text(features, reason.feature));
            let node = Explanation::new(reason.feature.name()).text(text);
            reason.value.map_or(node.clone(), |value| node.value(value))
        };
        let text = format!("the probability of no activity within {} days", self.options.horizon_days);
        Explanation::new("loss_probability")
            .value(self.probability(features))
            .text(text)
            .part(
                Explanation::new("mean_log_odds")
                    .value(base)
                    .text("the log-odds of a user at the mean of all features"),
            )
            .parts(self.reasons(features).iter().map(part))
    }

    /// The features of everyone at risk at an instant, held against the population of the model.
    ///
    /// # Errors
    /// Those of [`read_features`](super::read_features).
    pub fn read_features(&self, log: &EventLog, at: Timestamp) -> Result<WarningFeatures> {
        self.check()?;
        let (histories, today) = read_histories(log, at, &self.options)?;
        Ok(WarningFeatures::of(&histories, today, at, self.population, self.options.clone()))
    }

    /// The features of one user at an instant; `None` for one who is not at risk. The same as those of
    /// [`WarningModel::read_features`].
    ///
    /// # Errors
    /// Those of [`read_features`](super::read_features).
    pub fn read_user(&self, log: &EventLog, at: Timestamp, user: UserIx) -> Result<Option<UserFeatures>> {
        self.check()?;
        let (history, today) = read_history(log, at, user, &self.options)?;
        let history = history.as_slice();
        let options = self.options.clone();
        Ok(WarningFeatures::of(history, today, at, self.population, options).features.first().copied())
    }

    /// Scores everyone at risk at an instant: the probability of being lost within the horizon, what the user is worth
    /// in that time, and the loss to expect.
    ///
    /// One pass over the events, shared out over rayon's threads.
    ///
    /// # Errors
    /// `InvalidDefinition` for a model that cannot be; those of the options, of events, properties and filters;
    /// `UnknownName` and `TypeMismatch` for an attribute.
    pub fn score(
        &self,
        log: &EventLog,
        as_of: Timestamp,
        options: impl Into<WarningScoreOptions>,
    ) -> Result<WarningScores> {
        let options = options.into();
        options.check()?;
        let features = self.read_features(log, as_of)?;
        WarningScores::of(self, log, &features, options)
    }
}

impl WarningCoefficient {
    /// A user's signal in deviations from the mean: 0 where it is unknown.
    pub(super) fn standardised(&self, features: &UserFeatures) -> f64 {
        features.signal(self.feature).map_or(0.0, |signal| (signal - self.mean) / self.scale)
    }
}
