//! Models that are fitted on a population and score one user at a time: RFM, value groups, contribution, named cells.

use std::ffi::c_char;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use userops_core::column::Column;
use userops_core::error::{Error, ErrorKind, Result};
use userops_core::explanation::Explanation;
use userops_core::score::MeasureValues;
use userops_core::score::contribution::{ContributionColumns, ContributionModel, ContributionRules, ContributionTier};
use userops_core::score::rfm::{
    BuyerOptions, CellScheme, EightGroupOptions, EightGroupScheme, Measures, RfmModel, RfmOptions, RfmScores,
    ValueGroup, measure_buyers,
};
use userops_core::table::{Table, user_column};

use crate::boundary::{Outcome, guard, guard_value, instant, json as read_json, required};
use crate::bytes::{issue_json, userops_bytes};
use crate::error::userops_error;
use crate::handle::{self, find, handle, issue};
use crate::log::userops_log;
use crate::status::userops_status;
use crate::table::userops_table;

/// A model: fitted on a population, written and read as JSON, and a pure function of one user. Frozen. There are four kinds,
/// whose names are the keys of their JSON:
///
/// - `rfm`: scores of recency, frequency and monetary value. It is fitted on these three columns of a table. A user is
///   {"recency": 3, "frequency": 2, "monetary": 1250}, the answer {"recency": 5, "frequency": 4, "monetary": 4}; in tables the
///   columns `recency_score`, `frequency_score` and `monetary_score`.
/// - `value_groups`: the eight groups, from the same columns and users. The answer is {"name": …, "chinese_name": …}; in tables
///   `value_group` and `value_group_zh`.
/// - `contribution`: core, middle, outer, none and junk users. Every column is a dimension of the rules, but for `user`, which is
///   left alone, and `active_periods` and `cost`, which the table may have. A user is {"values": [10, 2], "active_periods": 3}, the answer {"score": 0.5, "tier":
///   "middle", "chinese_name": …}; in tables `score`, `tier` and `tier_zh`.
/// - `cells`: names of RFM scores, which nothing is fitted for. A user is what an `rfm` model answers, the answer a string; in
///   tables, from the columns of an `rfm` model, `segment`.
#[derive(Debug)]
pub struct userops_model {
    _opaque: (),
}
handle!(userops_model => Model);

/// How a model is fitted.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModelDefinition {
    Rfm(RfmOptions),
    ValueGroups(EightGroupOptions),
    Contribution(ContributionRules),
}

/// A fitted model.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "each is behind a handle by itself")]
pub(crate) enum Model {
    Rfm(RfmModel),
    ValueGroups(EightGroupScheme),
    Contribution(ContributionModel),
    Cells(CellScheme),
}

fn column<'a>(table: &'a Table, name: &str) -> Result<MeasureValues<'a>> {
    let column = table.column(name)?;
    let unknown = column.len() - column.known_count();
    if unknown > 0 {
        let message = format!("{unknown} values of the column {name:?} are unknown: leave out these users");
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    match column {
        Column::Integer(values) => Ok(MeasureValues::Integer(values.values())),
        Column::Float(values) => Ok(MeasureValues::Float(values.values())),
        other => {
            let message = format!("the column {name:?} is of type {}, where numbers are needed", other.value_type());
            Err(Error::new(ErrorKind::TypeMismatch, message))
        }
    }
}

fn measures(table: &Table) -> Result<Measures<'_>> {
    Ok(Measures::new(column(table, "recency")?, column(table, "frequency")?, column(table, "monetary")?))
}

/// Every column as a dimension, but for those of users, activity and cost.
fn contributions(table: &Table) -> Result<ContributionColumns<'_>> {
    let mut columns = ContributionColumns::new();
    for (name, _) in table.columns() {
        columns = match name {
            "user" => columns,
            "active_periods" => columns.active_periods(integers(table, name)?),
            "cost" => columns.cost(column(table, name)?),
            _ => columns.dimension(name, column(table, name)?),
        };
    }
    Ok(columns)
}

fn integers<'a>(table: &'a Table, name: &str) -> Result<&'a [i64]> {
    match column(table, name)? {
        MeasureValues::Integer(values) => Ok(values),
        MeasureValues::Float(_) => {
            Err(Error::new(ErrorKind::TypeMismatch, format!("the column {name:?} is of floats, not of integers")))
        }
    }
}

/// Scores of RFM out of a table that an RFM model made.
fn rfm_scores(table: &Table) -> Result<RfmScores> {
    let scores = |name: &str| {
        let values = integers(table, name)?;
        let score = |value: &i64| {
            u8::try_from(*value).map_err(|_| {
                Error::new(ErrorKind::InvalidArgument, format!("{value} in the column {name:?} is no score"))
            })
        };
        values.iter().map(score).collect::<Result<Vec<u8>>>()
    };
    let (recency, frequency) = (scores("recency_score")?, scores("frequency_score")?);
    Ok(RfmScores { recency, frequency, monetary: scores("monetary_score")? })
}

fn group_json(group: ValueGroup) -> Value {
    json!({ "name": group.name(), "chinese_name": group.chinese_name() })
}

impl Model {
    fn fit(definition: &ModelDefinition, table: &Table) -> Result<Self> {
        Ok(match definition {
            ModelDefinition::Rfm(options) => Self::Rfm(RfmModel::fit(&measures(table)?, options)?),
            ModelDefinition::ValueGroups(options) => {
                Self::ValueGroups(EightGroupScheme::fit(&measures(table)?, options)?)
            }
            ModelDefinition::Contribution(rules) => {
                Self::Contribution(ContributionModel::fit(&contributions(table)?, rules)?)
            }
        })
    }

    fn score(&self, user: &UserJson<'_>) -> Outcome<Value> {
        Ok(match self {
            Self::Rfm(model) => json!(model.score(&user.read()?)?),
            Self::ValueGroups(scheme) => group_json(scheme.group(&user.read()?)?),
            Self::Contribution(model) => {
                let score = model.score(&user.read()?)?;
                json!({ "score": score.score, "tier": score.tier, "chinese_name": score.tier.chinese_name() })
            }
            Self::Cells(scheme) => json!(scheme.segment(user.read()?)?),
        })
    }

    fn score_table(&self, table: &Table) -> Result<Table> {
        let scored = Table::new(table.row_count());
        match self {
            Self::Rfm(model) => {
                let scores = model.score_columns(&measures(table)?)?;
                scored
                    .with("recency_score", scores.recency)?
                    .with("frequency_score", scores.frequency)?
                    .with("monetary_score", scores.monetary)
            }
            Self::ValueGroups(scheme) => {
                let groups = scheme.groups(&measures(table)?)?;
                let names = |name: fn(ValueGroup) -> &'static str| Column::texts(groups.iter().map(|g| Some(name(*g))));
                scored
                    .with("value_group", names(ValueGroup::name))?
                    .with("value_group_zh", names(ValueGroup::chinese_name))
            }
            Self::Contribution(model) => {
                let scores = model.score_columns(&contributions(table)?)?;
                let names = |name: fn(ContributionTier) -> &'static str| {
                    Column::texts(scores.iter().map(|s| Some(name(s.tier))))
                };
                scored
                    .with("score", scores.iter().map(|score| score.score).collect::<Vec<f64>>())?
                    .with("tier", names(ContributionTier::name))?
                    .with("tier_zh", names(ContributionTier::chinese_name))
            }
            Self::Cells(scheme) => {
                let places = scheme.segments(&rfm_scores(table)?)?;
                let name = |place: &u16| scheme.names().get(usize::from(*place)).map(String::as_str);
                scored.with("segment", Column::texts(places.iter().map(name)))
            }
        }
    }

    fn explain(&self, user: &UserJson<'_>) -> Outcome<Explanation> {
        Ok(match self {
            Self::Rfm(model) => model.explain(&user.read()?)?,
            Self::ValueGroups(scheme) => scheme.explain(&user.read()?)?,
            Self::Contribution(model) => model.explain(&user.read()?)?,
            Self::Cells(scheme) => scheme.explain(user.read()?)?,
        })
    }
}

/// One user as the caller wrote it, to be read as what the model asks for.
struct UserJson<'a>(&'a Value);

impl UserJson<'_> {
    fn read<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(T::deserialize(self.0).map_err(|error| {
            Error::new(ErrorKind::InvalidDefinition, format!("user {} cannot be read: {error}", self.0))
                .caused_by(error)
        })?)
    }
}

/// What is measured of the buyers of a log for RFM: a table with the columns `user`, `recency`, `frequency` and `monetary`, a
/// row per buyer, and the `definition` that userops_model_fit() takes with it, which says what was measured. `options` is a
/// JSON object: {"orders": ["order_paid"]} and, where wanted, `recency`, `frequency` and `monetary`. `out_definition` may be
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_log_buyers(
    log: *const userops_log,
    as_of_micros: i64,
    options: *const c_char,
    options_len: usize,
    out_table: *mut *mut userops_table,
    out_definition: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![log, options, out_table], || {
            let log = find(log, "log")?;
            let options: BuyerOptions = read_json(options, options_len, "options")?;
            let buyers = measure_buyers(&log, instant(as_of_micros, "as_of_micros")?, options)?;
            let column = |values: MeasureValues<'_>| match values {
                MeasureValues::Integer(values) => Column::from(values.to_vec()),
                MeasureValues::Float(values) => Column::from(values.to_vec()),
            };
            let measures = buyers.measures();
            let table = Table::new(buyers.users().len())
                .with("user", user_column(log.users(), buyers.users().iter().copied()))?
                .with("recency", column(measures.recency))?
                .with("frequency", column(measures.frequency))?
                .with("monetary", column(measures.monetary))?;
            // Whatever can fail comes before the first output.
            if !out_definition.is_null() {
                out_definition.write(issue_json(&json!({ "rfm": buyers.rfm_options() }))?);
            }
            out_table.write(issue(table));
            Ok(())
        })
    }
}

/// Fits a model on a population, a row per user. `definition` is JSON with the kind of model and its options: {"rfm": {…}},
/// {"value_groups": {…}} or {"contribution": {…}}. The columns are those that the kind asks for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_fit(
    table: *const userops_table,
    definition: *const c_char,
    definition_len: usize,
    out_model: *mut *mut userops_model,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![table, definition, out_model], || {
            let table = find(table, "table")?;
            let definition: ModelDefinition = read_json(definition, definition_len, "definition")?;
            out_model.write(issue(Model::fit(&definition, &table)?));
            Ok(())
        })
    }
}

/// Reads a model as userops_model_to_json() writes it; a scheme of cells may be written by hand. A model whose parts do not
/// fit together is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_from_json(
    model_json: *const c_char,
    model_json_len: usize,
    out_model: *mut *mut userops_model,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![model_json, out_model], || {
            let model: Model = read_json(model_json, model_json_len, "model_json")?;
            out_model.write(issue(model));
            Ok(())
        })
    }
}

/// The ten segments by recency and frequency: a model of the kind `cells`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_ten_segments(
    out_model: *mut *mut userops_model,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![out_model], || {
            out_model.write(issue(Model::Cells(CellScheme::ten_segments())));
            Ok(())
        })
    }
}

/// The model as JSON, its kind as the only key. What reads it back must read floats to their last bit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_to_json(
    model: *const userops_model,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![model, out_json], || {
            out_json.write(issue_json(&*find(model, "model")?)?);
            Ok(())
        })
    }
}

/// Scores one user, seen in the population or not. User and answer are JSON, of the form that the kind of model says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_score(
    model: *const userops_model,
    user_json: *const c_char,
    user_json_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![model, user_json, out_json], || {
            let model = find(model, "model")?;
            let user: Value = read_json(user_json, user_json_len, "user_json")?;
            out_json.write(issue_json(&model.score(&UserJson(&user))?)?);
            Ok(())
        })
    }
}

/// Scores all users of a table, row by row. The columns are those that the kind asks for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_score_table(
    model: *const userops_model,
    table: *const userops_table,
    out_table: *mut *mut userops_table,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![model, table, out_table], || {
            let scored = find(model, "model")?.score_table(&*find(table, "table")?)?;
            out_table.write(issue(scored));
            Ok(())
        })
    }
}

/// Why a user is scored so, as an explanation in JSON; see userops_explanation_render().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_model_explain(
    model: *const userops_model,
    user_json: *const c_char,
    user_json_len: usize,
    out_explanation: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![model, user_json, out_explanation], || {
            let model = find(model, "model")?;
            let user: Value = read_json(user_json, user_json_len, "user_json")?;
            out_explanation.write(issue_json(&model.explain(&UserJson(&user))?)?);
            Ok(())
        })
    }
}

/// Frees a model. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn userops_model_free(model: *mut userops_model) {
    guard_value((), || handle::release(model));
}
