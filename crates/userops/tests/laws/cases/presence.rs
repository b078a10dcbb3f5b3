//! Cases of retention, activity, sessions and lead scores: each question is answered by tables, compared row by row.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use userops::activity::{
    ActiveDayOptions, ActiveUserOptions, StickinessOptions, count_active_days, count_active_users, measure_stickiness,
};
use userops::error::Result;
use userops::event::EventSchema;
use userops::log::EventLog;
use userops::retention::{RetentionOptions, measure_retention, retention_of_users};
use userops::rule::Context;
use userops::score::lead::{LeadDefinition, list_lead_changes, list_lead_points, score_leads};
use userops::session::{SessionOptions, find_sessions};
use userops::table::Table;
use userops::time::{Span, Timestamp};
use userops::value::ValueRef;

use super::ingest::{EventInput, read_log};
use super::{Judge, Verdict};

/// Events, attributes, an instant and options, and the tables that are expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresenceCase<Q: Question> {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    #[serde(default)]
    attributes: Vec<BTreeMap<String, toml::Value>>,
    as_of: Timestamp,
    #[serde(default = "no_options")]
    options: toml::Value,
    expect: BTreeMap<String, toml::Value>,
    #[serde(skip)]
    question: std::marker::PhantomData<Q>,
}

fn no_options() -> toml::Value {
    toml::Value::Table(toml::Table::new())
}

/// A question to a log that tables answer.
pub(super) trait Question {
    type Options: DeserializeOwned;

    /// The tables by name.
    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>>;
}

#[derive(Debug)]
pub(super) struct RetentionQuestion;
#[derive(Debug)]
pub(super) struct ActiveUsersQuestion;
#[derive(Debug)]
pub(super) struct StickinessQuestion;
#[derive(Debug)]
pub(super) struct ActiveDaysQuestion;
#[derive(Debug)]
pub(super) struct SessionQuestion;
#[derive(Debug)]
pub(super) struct LeadQuestion;

impl Question for RetentionQuestion {
    type Options = RetentionOptions;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        let retention = measure_retention(log, as_of, options.clone())?;
        let users = retention_of_users(log, as_of, options.clone())?;
        Ok(vec![("cells", retention.to_table()?), ("curve", retention.curve_table()?), ("users", users)])
    }
}

impl Question for ActiveUsersQuestion {
    type Options = ActiveUserOptions;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        Ok(vec![("days", count_active_users(log, as_of, options)?.to_table()?)])
    }
}

impl Question for StickinessQuestion {
    type Options = StickinessOptions;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        Ok(vec![("rows", measure_stickiness(log, as_of, options.clone())?.to_table()?)])
    }
}

impl Question for ActiveDaysQuestion {
    type Options = ActiveDayOptions;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        let counts = count_active_days(log, as_of, options)?;
        Ok(vec![("users", counts.to_table(log.users())?), ("curve", counts.power_curve_table()?)])
    }
}

impl Question for SessionQuestion {
    type Options = SessionOptions;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        let sessions = find_sessions(log, as_of, options)?;
        let summary = summary_row(&serde_json::to_value(sessions.summary()).unwrap());
        Ok(vec![
            ("sessions", sessions.to_table(log)?),
            ("days", sessions.trend_table()?),
            ("users", sessions.user_table(log)?),
            ("summary", summary),
        ])
    }
}

impl Question for LeadQuestion {
    type Options = LeadDefinition;

    fn answer(log: &EventLog, as_of: Timestamp, options: &Self::Options) -> Result<Vec<(&'static str, Table)>> {
        let context = Context::default();
        let scores = score_leads(log, options, as_of, &context)?;
        let year = as_of.plus(Span::from_days(365));
        Ok(vec![
            ("users", scores.to_table(log.users())?),
            ("cells", scores.cell_table()?),
            ("groups", scores.group_table()?),
            ("points", list_lead_points(log, options, as_of, &context)?),
            ("changes", list_lead_changes(log, options, as_of, year, &context)?),
            ("moves", scores.move_table(&score_leads(log, options, year, &context)?)?),
        ])
    }
}

/// The summary as a table of one row, with the parts of a part named after both.
fn summary_row(summary: &serde_json::Value) -> Table {
    let mut table = Table::new(1);
    let mut push = |name: String, value: &serde_json::Value| match value.as_i64() {
        Some(whole) => table.push(name, vec![whole].into()).unwrap(),
        None => table.push(name, vec![value.as_f64()].into()).unwrap(),
    };
    for (name, value) in summary.as_object().unwrap() {
        for (part, number) in value.as_object().into_iter().flatten().filter(|(_, part)| !part.is_object()) {
            push(format!("{name}.{part}"), number);
        }
        if !value.is_object() {
            push(name.clone(), value);
        }
    }
    table
}

impl<Q: Question> Judge for PresenceCase<Q>
where
    Self: DeserializeOwned,
{
    fn judge(mut self, verdict: &mut Verdict) {
        let log = read_log(self.schema, &self.events, &self.attributes).unwrap();
        let text = |value: Option<toml::Value>| value.map(|value| value.as_str().unwrap().to_owned());
        let (refused, message) = (text(self.expect.remove("refused")), text(self.expect.remove("message")));
        let options: Q::Options = self.options.try_into().unwrap();
        let answer = Q::answer(&log, self.as_of, &options);
        if let (Err(error), Some(message)) = (&answer, message) {
            verdict.equal(
                &format!("whether {error} says {message:?}"),
                Some(true),
                error.to_string().contains(&message),
            );
        }
        let Some(tables) = verdict.result(refused.as_deref(), answer) else { return };
        for (name, table) in tables {
            if let Some(expected) = self.expect.remove(name) {
                let rows: Vec<toml::Table> = expected.try_into().unwrap();
                judge_rows(name, rows, &table, verdict);
            }
        }
        for name in self.expect.keys() {
            verdict.fail(format!("{name:?} is nothing that this kind expects"));
        }
    }
}

fn judge_rows(name: &str, rows: Vec<toml::Table>, table: &Table, verdict: &mut Verdict) {
    verdict.equal(&format!("the number of {name}"), Some(rows.len()), table.row_count());
    for (number, mut row) in rows.into_iter().enumerate() {
        if let Some(toml::Value::Array(unknown)) = row.remove("unknown") {
            for column in unknown {
                let column = column.as_str().unwrap();
                table.column(column).unwrap();
                verdict.equal(&format!("{name} {number}: {column}"), Some(None), table.get(number, column));
            }
        }
        for (column, expected) in row {
            let what = format!("{name} {number}: {column}");
            match (table.get(number, &column), expected) {
                (Some(ValueRef::Integer(is)), toml::Value::Integer(expected)) => {
                    verdict.equal(&what, Some(expected), is);
                }
                (Some(ValueRef::Float(is)), toml::Value::Float(expected)) => {
                    verdict.close(&what, Some(expected), Some(is));
                }
                (Some(ValueRef::Bool(is)), toml::Value::Boolean(expected)) => verdict.equal(&what, Some(expected), is),
                (Some(ValueRef::Text(is)), toml::Value::String(expected)) => {
                    verdict.equal(&what, Some(expected.as_str()), is);
                }
                (Some(ValueRef::Date(is)), toml::Value::String(expected)) => {
                    verdict.equal(&what, Some(expected), is.to_string());
                }
                (Some(ValueRef::Time(is)), toml::Value::String(expected)) => {
                    verdict.equal(&what, Some(expected.parse::<Timestamp>().unwrap()), is);
                }
                (is, expected) => verdict.fail(format!("{what} is {is:?}, not {expected:?}")),
            }
        }
    }
}
