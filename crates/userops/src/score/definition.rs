//! Scores as data: which measures, over whom, how graded, how named.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Explanation;
use super::lead::{LeadDefinition, explain_lead};
use super::rfm::{CellScheme, EightGroupScheme, RfmModel};
use super::rfm_definition::RfmDefinition;
use crate::column::Column;
use crate::error::{Error, Result, invalid_argument, type_mismatch};
use crate::rule::{self, Context, Measure, Rule, Subject};
use crate::value::{Value, ValueRef, ValueType};

/// The most columns of a score that is worked out from measures.
pub(crate) const SCORE_COLUMNS_MAX: usize = 5;

/// A score of a playbook. Rules read its columns as `name.column`, such as `rfm.recency`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreDefinition {
    /// The name, unique among scores.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How it is worked out.
    pub kind: ScoreKind,
}

/// How a score is worked out.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// Three measures graded over a population: columns `recency`, `frequency`, `monetary` (1 is worst), and, where
    /// asked for, `segment` and `group`.
    Rfm(Box<RfmDefinition>),
    /// A measure as it is: a single column, `value`.
    Value {
        /// The measure, a number.
        #[serde(with = "rule::form")]
        #[schemars(schema_with = "rule::form::measure_schema")]
        measure: Measure,
    },
    /// Points for fit and engagement, and the group of leads that both lead to: columns `fit_points`,
    /// `engagement_points`, `points`, `fit_grade`, `engagement_grade`, `cell`, `group`.
    Lead(Box<LeadDefinition>),
}

/// A score as fitted on a population, which scores one user at a time.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "a score has one model, so that nothing is saved by a box")]
pub enum ScoreModel {
    /// See [`ScoreKind::Rfm`]. Without anybody in the population there is no model, and every score is unknown.
    Rfm {
        /// The cuts.
        // Stated by serde even where there are none, so that a document cut short is not taken for such a model.
        #[serde(deserialize_with = "Option::deserialize")]
        model: Option<RfmModel>,
        /// The names of cells.
        scheme: CellScheme,
        /// The eight groups, where they were asked for.
        groups: Option<EightGroupScheme>,
    },
    /// See [`ScoreKind::Value`].
    Value,
    /// See [`ScoreKind::Lead`]. Nothing is fitted.
    Lead,
}

/// The columns of a score, a row per user of the log, and the model that they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreColumns {
    /// The columns with their names, unknown for users who are not graded.
    pub columns: Vec<(String, Column)>,
    /// The model.
    pub model: ScoreModel,
}

impl ScoreDefinition {
    /// The rules and measures that the score needs.
    #[must_use]
    pub fn needs(&self) -> (Vec<&Rule>, Vec<&Measure>) {
        match &self.kind {
            ScoreKind::Rfm(rfm) => (rfm.population.iter().collect(), vec![&rfm.recency, &rfm.frequency, &rfm.monetary]),
            ScoreKind::Value { measure } => (Vec::new(), vec![measure]),
            ScoreKind::Lead(lead) => (lead.rules().collect(), Vec::new()),
        }
    }

    /// The names of the columns, without the score's own, and their types; of a plain measure the type is the
    /// measure's, which the caller knows.
    #[must_use]
    pub fn column_names(&self) -> Vec<(&'static str, Option<ValueType>)> {
        match &self.kind {
            ScoreKind::Rfm(rfm) => {
                let mut names = vec![
                    ("recency", Some(ValueType::Integer)),
                    ("frequency", Some(ValueType::Integer)),
                    ("monetary", Some(ValueType::Integer)),
                    ("segment", Some(ValueType::Text)),
                ];
                names.extend(rfm.groups.iter().map(|_| ("group", Some(ValueType::Text))));
                names
            }
            ScoreKind::Value { .. } => vec![("value", None)],
            ScoreKind::Lead(_) => vec![
                ("fit_points", Some(ValueType::Integer)),
                ("engagement_points", Some(ValueType::Float)),
                ("points", Some(ValueType::Float)),
                ("fit_grade", Some(ValueType::Text)),
                ("engagement_grade", Some(ValueType::Text)),
                ("cell", Some(ValueType::Text)),
                ("group", Some(ValueType::Text)),
            ],
        }
    }

    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// As [`RfmOptions::validate`](super::rfm::RfmOptions::validate) and [`LeadDefinition::check`], after the name of the score.
    pub fn check(&self) -> Result<()> {
        let checked = match &self.kind {
            ScoreKind::Rfm(rfm) => rfm.options.validate(),
            ScoreKind::Value { .. } => Ok(()),
            ScoreKind::Lead(lead) => lead.check(),
        };
        self.named(checked)
    }

    /// The model of a score that takes nothing from a population; `None` for one that is fitted.
    #[must_use]
    pub fn own_model(&self) -> Option<ScoreModel> {
        match &self.kind {
            ScoreKind::Rfm(_) => None,
            ScoreKind::Value { .. } => Some(ScoreModel::Value),
            ScoreKind::Lead(_) => Some(ScoreModel::Lead),
        }
    }

    /// Refuses a model that was not fitted by this definition.
    ///
    /// # Errors
    /// `TypeMismatch` for a model of another kind, `InvalidDefinition` for one of other options, cells or groups; after
    /// the name of the score.
    pub fn check_model(&self, model: &ScoreModel) -> Result<()> {
        let checked = match (&self.kind, model) {
            (ScoreKind::Rfm(rfm), ScoreModel::Rfm { model, scheme, groups }) => {
                rfm.check_model(model.as_ref(), scheme, groups.as_ref())
            }
            (ScoreKind::Value { .. }, ScoreModel::Value) | (ScoreKind::Lead(_), ScoreModel::Lead) => Ok(()),
            _ => Err(other_kind()),
        };
        self.named(checked)
    }

    /// Fits the score on the users of the log, and scores them.
    ///
    /// # Errors
    /// `TypeMismatch` where a measure is no number, and the errors of [`RfmModel::fit`] and [`LeadDefinition::score`],
    /// after the name of the score.
    pub fn fit(&self, measures: &rule::Measures<'_>, context: &Context) -> Result<ScoreColumns> {
        match (&self.kind, self.own_model()) {
            (ScoreKind::Rfm(rfm), _) => self.named(rfm.fit(measures, context)),
            (_, Some(model)) => self.score(&model, measures, context),
            (_, None) => self.named(Err(other_kind())),
        }
    }

    /// Scores the users of the log by a model that was fitted before, on these users or others.
    ///
    /// The users who are graded are those of the definition's population, as in [`ScoreDefinition::fit`]; the cuts,
    /// names and groups are the model's. Each user's row depends on that user alone, and is that of
    /// [`ScoreDefinition::score_one`].
    ///
    /// # Errors
    /// `TypeMismatch` for a model of another kind, and where a measure is no number or not of the type that the model was
    /// fitted on; the errors of [`RfmModel::score_columns`] and [`LeadDefinition::score`]; after the name of the score.
    pub fn score(&self, model: &ScoreModel, measures: &rule::Measures<'_>, context: &Context) -> Result<ScoreColumns> {
        let columns = match (&self.kind, model) {
            (ScoreKind::Rfm(rfm), ScoreModel::Rfm { model, scheme, groups }) => {
                rfm.score(model.as_ref(), scheme, groups.as_ref(), measures, context)
            }
            (ScoreKind::Value { measure }, ScoreModel::Value) => {
                measures.column(measure, context).map(|column| vec![("value".to_owned(), column)])
            }
            (ScoreKind::Lead(lead), ScoreModel::Lead) => lead.score(measures, context).and_then(|scores| {
                Ok(scores.columns()?.into_iter().map(|(name, column)| (name.to_owned(), column)).collect())
            }),
            _ => Err(other_kind()),
        };
        self.named(columns.map(|columns| ScoreColumns { columns, model: model.clone() }))
    }

    /// Scores one user by a model that was fitted before: a value for each of [`ScoreDefinition::column_names`], in their
    /// order, unknown where the user is not graded.
    ///
    /// `measures` are those of [`ScoreDefinition::needs`], in their order, with `None` where one is unknown.
    /// `in_population` is whether the population rule is true for the user; true without such a rule, and of no matter for
    /// other kinds than RFM. Takes O(log cuts), and allocates nothing but the result.
    ///
    /// # Errors
    /// `TypeMismatch` for a model of another kind, and where a measure is no number or not of the type that the model was
    /// fitted on; `InvalidArgument` for another number of measures, a number that is not finite, and for a lead score, whose
    /// points come from events: see [`score_lead`](super::lead::score_lead) and
    /// [`LeadScore::values`](super::lead::LeadScore::values). After the name of the score.
    pub fn score_one(
        &self,
        model: &ScoreModel,
        measures: &[Option<Value>],
        in_population: bool,
    ) -> Result<Vec<Option<Value>>> {
        let measures: Vec<_> = measures.iter().map(|value| value.as_ref().map(Value::as_ref)).collect();
        let mut values = [None; SCORE_COLUMNS_MAX];
        let len = self.score_into(model, &measures, in_population, &mut values)?;
        Ok(values[..len].iter().map(|value| value.map(ValueRef::to_owned)).collect())
    }

    /// As [`ScoreDefinition::score_one`], with the values put into `out`, and their number returned.
    pub(crate) fn score_into<'m>(
        &self,
        model: &'m ScoreModel,
        measures: &[Option<ValueRef<'m>>],
        in_population: bool,
        out: &mut [Option<ValueRef<'m>>; SCORE_COLUMNS_MAX],
    ) -> Result<usize> {
        let found = match (&self.kind, model, measures) {
            (ScoreKind::Rfm(rfm), ScoreModel::Rfm { model, scheme, groups }, [recency, frequency, monetary]) => {
                let measures = [*recency, *frequency, *monetary];
                rfm.score_into(model.as_ref(), scheme, groups.as_ref(), measures, in_population, out)
            }
            (ScoreKind::Value { .. }, ScoreModel::Value, [value]) => {
                out[0] = *value;
                Ok(1)
            }
            (ScoreKind::Lead(_), ScoreModel::Lead, _) => {
                Err(invalid_argument("points of a lead come from events, not from measures; take score_lead"))
            }
            (ScoreKind::Rfm(_), ScoreModel::Rfm { .. }, _) => Err(other_count(measures.len(), 3)),
            (ScoreKind::Value { .. }, ScoreModel::Value, _) => Err(other_count(measures.len(), 1)),
            _ => Err(other_kind()),
        };
        self.named(found)
    }

    /// Why one user has the score, by a model that was fitted before; a node that says so where the user has none.
    ///
    /// # Errors
    /// Those of reading the measures, after the name of the score.
    pub fn explain(&self, model: &ScoreModel, subject: &Subject<'_>) -> Result<Explanation> {
        let explained = match (&self.kind, model) {
            (ScoreKind::Rfm(rfm), ScoreModel::Rfm { model, scheme, groups }) => {
                rfm.explain(model.as_ref(), scheme, groups.as_ref(), subject)
            }
            (ScoreKind::Value { measure }, _) => rule::read_measure(measure, subject).map(|value| {
                let node = Explanation::new("score");
                value.map_or_else(|| Explanation::new("score").text("unknown"), |value| node.value(value))
            }),
            (ScoreKind::Lead(lead), _) => explain_lead(lead, subject),
            (ScoreKind::Rfm(_), ScoreModel::Value | ScoreModel::Lead) => Err(other_kind()),
        };
        let mut node = self.named(explained)?;
        node.label.clone_from(&self.name);
        Ok(node)
    }

    fn named<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.at(format!("score {:?}", self.name)))
    }
}

fn other_kind() -> Error {
    type_mismatch("the model is of another kind than the definition; fit it again")
}

fn other_count(count: usize, asked: usize) -> Error {
    invalid_argument(format!("{count} measures; the score is worked out from {asked}"))
}
