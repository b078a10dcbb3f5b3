//! RFM scores of a playbook: any three measures, graded over a population or by a model of one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::{SCORE_COLUMNS_MAX, ScoreColumns, ScoreModel};
use super::rfm::{CellScheme, EightGroupOptions, EightGroupScheme, Measures, RfmModel, RfmOptions, UserMeasures};
use super::{Explanation, MeasureValue, MeasureValues};
use crate::column::{Bitmap, Column, Interner, Packed, PackedCursor, TextColumn};
use crate::error::{Error, Result, invalid_definition, type_mismatch};
use crate::rule::{self, Context, Measure, Rule, Subject, Truth};
use crate::value::{Value, ValueRef, ValueType};

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

    /// Fits the model on those who are graded, and scores them.
    pub(super) fn fit(&self, measures: &rule::Measures<'_>, context: &Context) -> Result<ScoreColumns> {
        let graded = self.grade(measures, context)?;
        let (mut model, mut groups) = (None, None);
        if graded.users.count_ones() > 0 {
            let population = graded.measures();
            model = Some(RfmModel::fit(&population, &self.options)?);
            let fit_groups = |options| EightGroupScheme::fit(&population, options);
            groups = self.groups.as_ref().map(fit_groups).transpose()?;
        }
        let columns = self.columns(model.as_ref(), &self.scheme, groups.as_ref(), &graded)?;
        Ok(ScoreColumns { columns, model: ScoreModel::Rfm { model, scheme: self.scheme.clone(), groups } })
    }

    /// Scores those who are graded by a model that was fitted before.
    pub(super) fn score(
        &self,
        model: Option<&RfmModel>,
        scheme: &CellScheme,
        groups: Option<&EightGroupScheme>,
        measures: &rule::Measures<'_>,
        context: &Context,
    ) -> Result<Vec<(String, Column)>> {
        self.columns(model, scheme, groups, &self.grade(measures, context)?)
    }

    /// Refuses a model of other options, cells or groups.
    pub(super) fn check_model(
        &self,
        model: Option<&RfmModel>,
        scheme: &CellScheme,
        groups: Option<&EightGroupScheme>,
    ) -> Result<()> {
        let of_groups = groups.map(|groups| {
            let [recency, frequency, monetary] = [&groups.recency, &groups.frequency, &groups.monetary];
            let [recency, frequency, monetary] = [recency, frequency, monetary].map(|split| split.options().clone());
            EightGroupOptions { recency, frequency, monetary }
        });
        let differs = match model {
            Some(model) if *model.options() != self.options => Some("options"),
            _ if *scheme != self.scheme => Some("cells"),
            Some(_) if of_groups != self.groups => Some("groups"),
            None if groups.is_some() => Some("groups"),
            _ => None,
        };
        match differs {
            None => Ok(()),
            Some(what) => {
                Err(invalid_definition(format!("the model has other {what} than the definition; fit it again")))
            }
        }
    }

    /// The columns of one user, from the three measures, and how many they are.
    pub(super) fn score_into<'m>(
        &self,
        model: Option<&'m RfmModel>,
        scheme: &'m CellScheme,
        groups: Option<&EightGroupScheme>,
        measures: [Option<ValueRef<'_>>; 3],
        in_population: bool,
        out: &mut [Option<ValueRef<'m>>; SCORE_COLUMNS_MAX],
    ) -> Result<usize> {
        let len = 4 + usize::from(self.groups.is_some());
        out[..len].fill(None);
        let [recency, frequency, monetary] = measures.map(measure);
        let (Some(model), (Some(recency), Some(frequency), Some(monetary))) =
            (model, (recency?, frequency?, monetary?))
        else {
            return Ok(len);
        };
        if !in_population || !frequency.is_positive() {
            return Ok(len);
        }
        let user = UserMeasures { recency, frequency, monetary };
        let score = model.score(&user)?;
        for (value, score) in out.iter_mut().zip([score.recency, score.frequency, score.monetary]) {
            *value = Some(ValueRef::Integer(i64::from(score)));
        }
        out[3] = Some(ValueRef::Text(scheme.segment(score)?));
        if let (true, Some(groups)) = (len == SCORE_COLUMNS_MAX, groups) {
            out[4] = Some(ValueRef::Text(groups.group(&user)?.name()));
        }
        Ok(len)
    }

    /// Who is graded, and their measures.
    fn grade(&self, measures: &rule::Measures<'_>, context: &Context) -> Result<Graded> {
        let [recency, frequency, monetary] = [&self.recency, &self.frequency, &self.monetary]
            .map(|measure| measures.column(measure, context).and_then(Numbers::new));
        let (recency, frequency, monetary) = (recency?, frequency?, monetary?);
        let asked = self.population.as_ref().map(|rule| measures.evaluate(rule, context)).transpose()?;
        let mut words = frequency.positive().words().to_vec();
        let mut keep = |others: &[u64]| words.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
        [&recency, &monetary].into_iter().filter_map(Numbers::known).for_each(|known| keep(known.words()));
        asked.iter().for_each(|asked| keep(asked.true_words()));
        let users = Bitmap::from_words(words, recency.len());
        let (recency, frequency, monetary) = (recency.pick(&users), frequency.pick(&users), monetary.pick(&users));
        Ok(Graded { users, recency, frequency, monetary })
    }

    /// The columns of all users; without a model, everything is unknown.
    fn columns(
        &self,
        model: Option<&RfmModel>,
        scheme: &CellScheme,
        groups: Option<&EightGroupScheme>,
        graded: &Graded,
    ) -> Result<Vec<(String, Column)>> {
        let population = graded.measures();
        let scores = model.map(|model| model.score_columns(&population)).transpose()?.unwrap_or_default();
        let none = Bitmap::from_words(Vec::new(), graded.users.len());
        let users = if model.is_some() { &graded.users } else { &none };
        let spread = |values: &[u8]| {
            Column::Integer(Packed::from_parts(users.clone(), values.iter().map(|value| i64::from(*value)).collect()))
        };
        let mut columns = vec![
            ("recency".to_owned(), spread(&scores.recency)),
            ("frequency".to_owned(), spread(&scores.frequency)),
            ("monetary".to_owned(), spread(&scores.monetary)),
            ("segment".to_owned(), texts(users, &scheme.segments(&scores)?, scheme.names())),
        ];
        if self.groups.is_some() {
            let of_users = groups.filter(|_| model.is_some()).map(|groups| groups.groups(&population)).transpose()?;
            let column = match of_users {
                Some(of_users) => {
                    let mut of_users = of_users.iter().map(|group| group.name());
                    Column::texts(users.iter().map(|is_graded| if is_graded { of_users.next() } else { None }))
                }
                None => Column::unknown(ValueType::Text, users.len()),
            };
            columns.push(("group".to_owned(), column));
        }
        Ok(columns)
    }

    pub(super) fn explain(
        &self,
        model: Option<&RfmModel>,
        scheme: &CellScheme,
        groups: Option<&EightGroupScheme>,
        subject: &Subject<'_>,
    ) -> Result<Explanation> {
        let read = |measure| Ok(rule::read_measure(measure, subject)?.as_ref().map(Value::as_ref).and_then(number));
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

/// Who is graded, and the measures of these users alone.
struct Graded {
    users: Bitmap,
    recency: Numbers,
    frequency: Numbers,
    monetary: Numbers,
}

impl Graded {
    fn measures(&self) -> Measures<'_> {
        let Self { recency, frequency, monetary, .. } = self;
        Measures { recency: recency.values(), frequency: frequency.values(), monetary: monetary.values() }
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
            other => Err(no_number(other.value_type())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    /// Whose value is known; `None` where all are.
    fn known(&self) -> Option<&Bitmap> {
        match self {
            Self::Integer(values) => values.known(),
            Self::Float(values) => values.known(),
        }
    }

    /// Whose value is known and more than nothing.
    fn positive(&self) -> Bitmap {
        let is_positive = |value: MeasureValue| value.is_positive();
        match self {
            Self::Integer(values) => {
                values.iter().map(|value| value.is_some_and(|value| is_positive(value.into()))).collect()
            }
            Self::Float(values) => {
                values.iter().map(|value| value.is_some_and(|value| is_positive(value.into()))).collect()
            }
        }
    }

    /// The values of some users, all of whom have one.
    fn pick(&self, users: &Bitmap) -> Self {
        match self {
            Self::Integer(values) => Self::Integer(pick(values, users)),
            Self::Float(values) => Self::Float(pick(values, users)),
        }
    }

    fn values(&self) -> MeasureValues<'_> {
        match self {
            Self::Integer(values) => values.values().into(),
            Self::Float(values) => values.values().into(),
        }
    }
}

/// A measure as a number, where it is known.
fn measure(value: Option<ValueRef<'_>>) -> Result<Option<MeasureValue>> {
    match value {
        None => Ok(None),
        Some(value) => number(value).map(Some).ok_or_else(|| no_number(value.value_type())),
    }
}

fn number(value: ValueRef<'_>) -> Option<MeasureValue> {
    match value {
        ValueRef::Integer(value) => Some(value.into()),
        ValueRef::Float(value) => Some(value.into()),
        _ => None,
    }
}

fn no_number(value_type: ValueType) -> Error {
    type_mismatch(format!("a measure of type {value_type} cannot be graded; take a number"))
}

fn pick<T: Copy>(values: &Packed<T>, users: &Bitmap) -> Packed<T> {
    match values.known() {
        None => users.ones().map(|row| values.values()[row]).collect::<Vec<T>>().into(),
        Some(_) => {
            let mut cursor = PackedCursor::new(values);
            users.ones().filter_map(|row| cursor.get(row)).collect::<Vec<T>>().into()
        }
    }
}

/// The names of the cells of the users who are graded, by codes of the names.
fn texts(graded: &Bitmap, codes: &[u16], names: &[String]) -> Column {
    let mut codes_of = vec![None; names.len()];
    let mut interner = Interner::default();
    for code in codes {
        let place = &mut codes_of[usize::from(*code)];
        *place = place.or_else(|| Some(interner.intern(&names[usize::from(*code)])));
    }
    let (dictionary, sorted) = interner.into_sorted();
    let sorted_of: Vec<u32> = codes_of.iter().map(|code| code.map_or(0, |code: u32| sorted[code as usize])).collect();
    let codes = Packed::from_parts(graded.clone(), codes.iter().map(|code| sorted_of[usize::from(*code)]).collect());
    Column::Text(TextColumn::new(codes, dictionary))
}
