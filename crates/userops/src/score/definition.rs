//! Scores as data: which measures, over whom, how graded, how named.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lead::{LeadDefinition, explain_lead};
use super::rfm::{
    CellScheme, EightGroupOptions, EightGroupScheme, Measures, RfmModel, RfmOptions, RfmScores, UserMeasures,
};
use super::{Explanation, MeasureValue, MeasureValues};
use crate::column::{Column, Packed};
use crate::error::{Result, type_mismatch};
use crate::rule::{self, Context, Measure, Rule, Subject, Truth};
use crate::value::{Value, ValueType};

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

/// An RFM score over any three measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RfmDefinition {
    /// How long ago, such as `days_since_last("order_paid")`.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::measure_schema")]
    pub recency: Measure,
    /// How often, such as `active_days("order_paid")`.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::measure_schema")]
    pub frequency: Measure,
    /// How much, such as `sum(event.amount, "order_paid")`.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::measure_schema")]
    pub monetary: Measure,
    /// Who is graded, among those for whom all three measures are known and the frequency is above zero; everybody of
    /// them by default.
    #[serde(default, with = "rule::form", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "rule::form::rule_schema")]
    pub population: Option<Rule>,
    /// How three measures become three scores.
    #[serde(default)]
    pub options: RfmOptions,
    /// The names of cells of scores, as the column `segment`; the ten segments by default.
    #[serde(default = "CellScheme::ten_segments")]
    pub scheme: CellScheme,
    /// How the eight value groups are split, as the column `group`; without it there is no such column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<EightGroupOptions>,
}

/// A score as fitted on a population, which scores one user at a time.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a score has one model, so that nothing is saved by a box")]
pub enum ScoreModel {
    /// See [`ScoreKind::Rfm`]. Without anybody in the population there is no model, and every score is unknown.
    Rfm {
        /// The cuts.
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
    /// As [`RfmOptions::validate`] and [`LeadDefinition::check`], after the name of the score.
    pub fn check(&self) -> Result<()> {
        let checked = match &self.kind {
            ScoreKind::Rfm(rfm) => rfm.options.validate(),
            ScoreKind::Value { .. } => Ok(()),
            ScoreKind::Lead(lead) => lead.check(),
        };
        checked.map_err(|error| error.at(format!("score {:?}", self.name)))
    }

    /// Fits the score on the users of the log, and scores them.
    ///
    /// # Errors
    /// `TypeMismatch` where a measure is no number, and the errors of [`RfmModel::fit`] and [`LeadDefinition::score`],
    /// after the name of the score.
    pub fn fit(&self, measures: &rule::Measures<'_>, context: &Context) -> Result<ScoreColumns> {
        let fitted = match &self.kind {
            ScoreKind::Rfm(rfm) => rfm.fit(measures, context),
            ScoreKind::Value { measure } => measures
                .column(measure, context)
                .map(|column| ScoreColumns { columns: vec![("value".to_owned(), column)], model: ScoreModel::Value }),
            ScoreKind::Lead(lead) => lead.score(measures, context).and_then(|scores| {
                let columns = scores.columns()?.into_iter().map(|(name, column)| (name.to_owned(), column));
                Ok(ScoreColumns { columns: columns.collect(), model: ScoreModel::Lead })
            }),
        };
        fitted.map_err(|error| error.at(format!("score {:?}", self.name)))
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
            (ScoreKind::Rfm(_), ScoreModel::Value | ScoreModel::Lead) => {
                Err(type_mismatch("the model is of another kind than the definition; fit it again"))
            }
        };
        let mut node = explained.map_err(|error| error.at(format!("score {:?}", self.name)))?;
        node.label.clone_from(&self.name);
        Ok(node)
    }
}

impl RfmDefinition {
    /// The usual three measures of these order events: days since the last, days with an order, and revenue.
    pub fn of_orders<N: Into<String>>(orders: impl IntoIterator<Item = N>) -> Self {
        let over = rule::EventQuery::new(orders);
        Self {
            recency: Measure::DaysSinceLast(over.clone()),
            frequency: Measure::ActiveDays(over.clone()),
            monetary: Measure::Sum { property: rule::AMOUNT.to_owned(), over },
            population: None,
            options: RfmOptions::default(),
            scheme: CellScheme::ten_segments(),
            groups: None,
        }
    }

    fn fit(&self, measures: &rule::Measures<'_>, context: &Context) -> Result<ScoreColumns> {
        let [recency, frequency, monetary] = [&self.recency, &self.frequency, &self.monetary]
            .map(|measure| measures.column(measure, context).and_then(Numbers::new));
        let (recency, frequency, monetary) = (recency?, frequency?, monetary?);
        let asked = self.population.as_ref().map(|rule| measures.evaluate(rule, context)).transpose()?;
        let user_count = recency.len();
        let graded: Vec<usize> = (0..user_count)
            .filter(|user| asked.as_ref().is_none_or(|asked| asked.get(*user) == Truth::True))
            .filter(|user| frequency.get(*user).is_some_and(MeasureValue::is_positive))
            .filter(|user| recency.get(*user).is_some() && monetary.get(*user).is_some())
            .collect();
        let (recency, frequency, monetary) = (recency.pick(&graded), frequency.pick(&graded), monetary.pick(&graded));
        let population =
            Measures { recency: recency.values(), frequency: frequency.values(), monetary: monetary.values() };
        let model = match graded.is_empty() {
            true => None,
            false => Some(RfmModel::fit(&population, &self.options)?),
        };
        let scores = model.as_ref().map(|model| model.score_columns(&population)).transpose()?;
        let scores = scores.unwrap_or(RfmScores { recency: vec![], frequency: vec![], monetary: vec![] });
        let spread = |values: &[u8]| Column::Integer(spread(&graded, user_count, |row| i64::from(values[row])));
        let mut columns = vec![
            ("recency".to_owned(), spread(&scores.recency)),
            ("frequency".to_owned(), spread(&scores.frequency)),
            ("monetary".to_owned(), spread(&scores.monetary)),
            ("segment".to_owned(), texts(&graded, user_count, &self.scheme.segments(&scores)?, self.scheme.names())),
        ];
        let mut groups = None;
        if let Some(options) = self.groups.as_ref().filter(|_| !graded.is_empty()) {
            let scheme = EightGroupScheme::fit(&population, options)?;
            let of_users = scheme.groups(&population)?;
            let group = |row: usize| Some(of_users[row].name());
            columns.push(("group".to_owned(), Column::texts(rows(&graded, user_count).map(|row| row.and_then(group)))));
            groups = Some(scheme);
        } else if self.groups.is_some() {
            columns.push(("group".to_owned(), Column::unknown(ValueType::Text, user_count)));
        }
        Ok(ScoreColumns { columns, model: ScoreModel::Rfm { model, scheme: self.scheme.clone(), groups } })
    }

    fn explain(
        &self,
        model: Option<&RfmModel>,
        scheme: &CellScheme,
        groups: Option<&EightGroupScheme>,
        subject: &Subject<'_>,
    ) -> Result<Explanation> {
        let read = |measure| Ok(rule::read_measure(measure, subject)?.as_ref().and_then(number));
        let values = (read(&self.recency)?, read(&self.frequency)?, read(&self.monetary)?);
        let asked = self.population.as_ref().map(|rule| rule::judge(rule, subject)).transpose()?;
        let (Some(model), (Some(recency), Some(frequency), Some(monetary))) = (model, values) else {
            return Ok(
                Explanation::new("score").text("not graded: a measure is unknown, or nobody was there to fit on")
            );
        };
        if asked.is_some_and(|asked| asked != Truth::True) || !frequency.is_positive() {
            return Ok(Explanation::new("score").text("not graded: the user is not of the population"));
        }
        let user = UserMeasures { recency, frequency, monetary };
        let mut node = model.explain(&user)?.part(scheme.explain(model.score(&user)?)?);
        if let Some(groups) = groups {
            node = node.part(groups.explain(&user)?);
        }
        Ok(node)
    }
}

/// A column of numbers, some of which may be unknown.
enum Numbers {
    Integer(Packed<i64>),
    Float(Packed<f64>),
}

impl Numbers {
    fn new(column: Column) -> Result<Self> {
        match column {
            Column::Integer(values) => Ok(Self::Integer(values)),
            Column::Float(values) => Ok(Self::Float(values)),
            other => {
                Err(type_mismatch(format!("a measure of type {} cannot be graded; take a number", other.value_type())))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    fn get(&self, row: usize) -> Option<MeasureValue> {
        match self {
            Self::Integer(values) => values.get(row).map(MeasureValue::Integer),
            Self::Float(values) => values.get(row).map(MeasureValue::Float),
        }
    }

    /// The values of some rows, all of which are known.
    fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Integer(values) => Self::Integer(rows.iter().map(|row| values.get(*row)).collect()),
            Self::Float(values) => Self::Float(rows.iter().map(|row| values.get(*row)).collect()),
        }
    }

    fn values(&self) -> MeasureValues<'_> {
        match self {
            Self::Integer(values) => values.values().into(),
            Self::Float(values) => values.values().into(),
        }
    }
}

fn number(value: &Value) -> Option<MeasureValue> {
    match value {
        Value::Integer(value) => Some((*value).into()),
        Value::Float(value) => Some((*value).into()),
        _ => None,
    }
}

/// For each user the position among the graded, ascending, where the user is one of them.
fn rows(graded: &[usize], user_count: usize) -> impl Iterator<Item = Option<usize>> + '_ {
    let mut next = graded.iter().enumerate().peekable();
    (0..user_count).map(move |user| next.next_if(|(_, graded)| **graded == user).map(|(row, _)| row))
}

fn spread<T: Copy>(graded: &[usize], user_count: usize, value: impl Fn(usize) -> T) -> Packed<T> {
    rows(graded, user_count).map(|row| row.map(&value)).collect()
}

fn texts(graded: &[usize], user_count: usize, codes: &[u16], names: &[String]) -> Column {
    Column::texts(rows(graded, user_count).map(|row| row.map(|row| names[usize::from(codes[row])].as_str())))
}
