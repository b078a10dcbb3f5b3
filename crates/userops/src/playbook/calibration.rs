//! What a playbook takes from a population, kept: fitted once, and then used as it is.

use serde::{Deserialize, Serialize};

use super::definition::{Lifecycle, Playbook};
use super::evaluate::EvaluateOptions;
use super::graph::Node;
use super::outcome::{Outcome, StageAnswer};
use crate::error::{Error, Result, invalid_argument, invalid_definition};
use crate::lifecycle::LifecycleThresholds;
use crate::log::EventLog;
use crate::score::{ScoreDefinition, ScoreModel};
use crate::tag::ManualTags;
use crate::time::Timestamp;

/// What a playbook takes from a population: the models of its scores, and its stages with derived thresholds.
///
/// With it the answers of a user depend on that user alone. It is what makes answers at two instants, of parts of the
/// users, and event by event comparable: evaluate all of them by one. Serde writes it in full, and reads it back to the
/// last bit. [`Playbook::check_calibration`] tells whether it fits a playbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The name of the playbook.
    pub playbook: String,
    /// Its fingerprint; a calibration is used with an equal playbook alone.
    pub fingerprint: String,
    /// The instant as of which the population was seen; none where the playbook takes nothing from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The models of all scores by name, in the order of the playbook.
    pub scores: Vec<(String, ScoreModel)>,
    /// The lifecycle, derived or not, where the playbook has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<StageAnswer>,
}

impl Calibration {
    /// Reads JSON. Whether it fits a playbook is asked by [`Playbook::check_calibration`].
    ///
    /// # Errors
    /// `InvalidDefinition` with the line and column of what is wrong, also for a model whose parts do not fit together.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let place = format!("line {}, column {}", error.line(), error.column());
            invalid_definition(format!("calibration: {place}: {message}")).caused_by(error)
        })
    }

    /// The calibration as JSON, which reads back as an equal one.
    ///
    /// # Errors
    /// `InvalidDefinition` for what JSON cannot hold.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| {
            invalid_definition(format!("calibration of the playbook {:?} as JSON: {error}", self.playbook))
                .caused_by(error)
        })
    }
}

impl Outcome {
    /// What the outcome rests on, to evaluate others by: fitted on its own users, or that which it was given.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        Calibration {
            playbook: self.playbook.clone(),
            fingerprint: self.fingerprint.clone(),
            as_of: self.calibrated_as_of,
            scores: self.scores.iter().map(|(name, score)| (name.clone(), score.model.clone())).collect(),
            stages: self.stages.clone(),
        }
    }
}

impl Playbook {
    /// Takes from the users of a log, as of an instant, what the playbook takes from a population. Equal to the
    /// [`Outcome::calibration`] of evaluating by the same options, at the cost of the scores that are fitted, what they
    /// build on, and derived thresholds alone.
    ///
    /// Of the options the tags by hand matter, which a score's population may ask for; a calibration among them is not
    /// used.
    ///
    /// # Errors
    /// As [`Playbook::evaluate`].
    pub fn calibrate(&self, log: &EventLog, as_of: Timestamp, options: &EvaluateOptions) -> Result<Calibration> {
        self.check()?;
        let order = self.needed_to_fit(self.check_log(log)?);
        let stages = self.derive_stages(log, as_of)?;
        let manual = ManualTags::new(&self.tags, log.users(), &options.manual_tags)?;
        let mut fitted = self.answer(log, as_of, &order, &manual, (stages.as_ref(), None))?.scores;
        let mut model_of = |(index, score): (usize, &ScoreDefinition)| {
            let fitted = fitted.iter_mut().find(|(known, _)| *known == index).map(|(_, score)| score.model.clone());
            let model = fitted.or_else(|| score.own_model());
            model.map(|model| (score.name.clone(), model)).ok_or_else(|| self.unfitted(&[Node::Score(index)]))
        };
        Ok(Calibration {
            playbook: self.name.clone(),
            fingerprint: self.fingerprint()?,
            as_of: self.is_fitted().then_some(as_of),
            scores: self.scores.iter().enumerate().map(&mut model_of).collect::<Result<_>>()?,
            stages,
        })
    }

    /// The calibration of a playbook that takes nothing from a population: one without RFM scores and derived
    /// thresholds. Equal to that of any log.
    ///
    /// # Errors
    /// `InvalidDefinition` that names each definition that is fitted; the errors of [`Playbook::check`].
    pub fn own_calibration(&self) -> Result<Calibration> {
        self.check()?;
        let fitted = self.fitted_nodes();
        if !fitted.is_empty() {
            return Err(self.unfitted(&fitted));
        }
        let models = self.scores.iter().filter_map(|score| Some((score.name.clone(), score.own_model()?)));
        Ok(Calibration {
            playbook: self.name.clone(),
            fingerprint: self.fingerprint()?,
            as_of: None,
            scores: models.collect(),
            stages: self.stages_by(|_, _| Err(self.unfitted(&[Node::Lifecycle])))?,
        })
    }

    /// Refuses a calibration that is not of this playbook.
    ///
    /// # Errors
    /// `InvalidArgument` for one of another playbook, by its fingerprint. `InvalidDefinition` where scores are missing or
    /// others than the playbook's, or the stages are not those that the playbook makes of the derived thresholds;
    /// the errors of [`ScoreDefinition::check_model`].
    pub fn check_calibration(&self, calibration: &Calibration) -> Result<()> {
        let fingerprint = self.fingerprint()?;
        if calibration.fingerprint != fingerprint {
            return Err(invalid_argument(format!(
                "the calibration is of another playbook, {:?} with the fingerprint {:?}, and this one is {:?} with \
                 {fingerprint:?}: calibrate this one",
                calibration.playbook, calibration.fingerprint, self.name
            )));
        }
        let checked = self.check_models(calibration).and_then(|()| self.check_stages(calibration));
        checked.map_err(|error| error.at("calibration"))
    }

    fn check_models(&self, calibration: &Calibration) -> Result<()> {
        let mut models = calibration.scores.iter();
        for definition in &self.scores {
            let Some((_, model)) = models.next().filter(|(name, _)| *name == definition.name) else {
                return Err(invalid_definition(format!(
                    "no model of the score {:?} in its place: there is one for each score, in the order of the playbook",
                    definition.name
                )));
            };
            definition.check_model(model)?;
        }
        match models.next() {
            None => Ok(()),
            Some((name, _)) => {
                Err(invalid_definition(format!("a model of {name:?}, of which the playbook has no score more")))
            }
        }
    }

    fn check_stages(&self, calibration: &Calibration) -> Result<()> {
        let derived = calibration.stages.as_ref().and_then(|stages| stages.derived.clone());
        let stages = self.stages_by(|given, options| {
            let derived = derived.ok_or_else(|| invalid_definition("no derived thresholds of the lifecycle"))?;
            let LifecycleThresholds { dormant_days, churn_days, reactivated_days, .. } = derived.thresholds;
            let expected = LifecycleThresholds { dormant_days, churn_days, reactivated_days, ..given.clone() };
            match derived.options == options && derived.thresholds == expected {
                true => Ok(derived),
                false => Err(invalid_definition("the thresholds were derived by other options than the playbook's")),
            }
        })?;
        match stages == calibration.stages {
            true => Ok(()),
            false => Err(invalid_definition("the stages are not those of the playbook and its thresholds")),
        }
    }

    /// Whether anything is taken from a population.
    pub(super) fn is_fitted(&self) -> bool {
        !self.fitted_nodes().is_empty()
    }

    /// The definitions that take something from a population.
    fn fitted_nodes(&self) -> Vec<Node> {
        let scores = self.scores.iter().enumerate().filter(|(_, score)| score.own_model().is_none());
        let derived = matches!(self.lifecycle, Some(Lifecycle::Derived { .. }));
        scores.map(|(index, _)| Node::Score(index)).chain(derived.then_some(Node::Lifecycle)).collect()
    }

    /// Of definitions in order, the scores that are fitted and what they build on, in order. Thresholds are derived from
    /// events alone, so that the lifecycle is among them only where a score asks for stages.
    fn needed_to_fit(&self, order: Vec<Node>) -> Vec<Node> {
        let mut needed = self.fitted_nodes();
        needed.retain(|node| *node != Node::Lifecycle);
        for &node in order.iter().rev() {
            if needed.contains(&node) {
                needed.extend(self.parents(node).into_iter().map(|(_, parent)| parent));
            }
        }
        order.into_iter().filter(|node| needed.contains(node)).collect()
    }

    fn unfitted(&self, nodes: &[Node]) -> Error {
        let titles: Vec<String> = nodes.iter().map(|node| self.title(*node)).collect();
        invalid_definition(format!(
            "the playbook {:?} takes from a population what it needs for {}: calibrate it on a log, once, and use that",
            self.name,
            titles.join(", ")
        ))
    }
}
