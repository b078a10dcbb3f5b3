//! Cases of answers about a population that come as tables: paths, series, drivers, attribution, churn, purchases.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use userops::attribution::attribute_conversions;
use userops::btyd::{PurchaseOptions, summarise_purchases};
use userops::churn::set_churn_standard;
use userops::driver::find_drivers;
use userops::error::Result;
use userops::event::EventSchema;
use userops::log::EventLog;
use userops::path::{PathOptions, build_path_tree, count_transitions};
use userops::series::{build_portrait_series, build_series};
use userops::table::Table;
use userops::time::Timestamp;
use userops::value::ValueRef;

use super::ingest::{EventInput, read_log};
use super::{Judge, Verdict};

/// Events and attributes, what is asked of them, and the rows that come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    #[serde(default)]
    attributes: Vec<BTreeMap<String, toml::Value>>,
    as_of: Timestamp,
    answer: String,
    options: toml::Value,
    expect: TableExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableExpect {
    /// All rows, in order; of each the columns that are named.
    rows: Option<Vec<toml::Table>>,
    /// Those of the second table of the answer: flows, or a summary.
    second: Option<Vec<toml::Table>>,
    refused: Option<String>,
    message: Option<String>,
}

impl TableCase {
    fn options<T: DeserializeOwned>(&self) -> T {
        self.options.clone().try_into().unwrap()
    }

    /// The tables of the answer.
    fn answer(&self, log: &EventLog) -> Result<Vec<Table>> {
        let as_of = self.as_of;
        match self.answer.as_str() {
            "purchases" => {
                let purchases = summarise_purchases(log, as_of, self.options::<PurchaseOptions>())?;
                Ok(vec![purchases.to_table(log)?, purchases.to_summary_table()?])
            }
            "transitions" => Ok(vec![count_transitions(log, as_of, self.options::<PathOptions>())?.to_table()?]),
            "path_tree" => {
                let tree = build_path_tree(log, as_of, self.options::<userops::path::PathTreeOptions>())?;
                Ok(vec![tree.to_table()?, tree.to_flow_table()?])
            }
            "series" => {
                Ok(vec![build_series(log, as_of, self.options::<userops::series::SeriesOptions>())?.to_table()?])
            }
            "portrait_series" => {
                let options = self.options::<userops::series::PortraitSeriesOptions>();
                Ok(vec![build_portrait_series(log, as_of, options)?.to_table()?])
            }
            "drivers" => {
                let drivers = find_drivers(log, as_of, self.options::<userops::driver::DriverOptions>())?;
                Ok(vec![drivers.to_table()?, drivers.to_summary_table()?])
            }
            "attribution" => {
                let options = self.options::<userops::attribution::AttributionOptions>();
                let attribution = attribute_conversions(log, as_of, options)?;
                Ok(vec![attribution.to_table()?, attribution.to_summary_table()?])
            }
            "churn_standard" | "churn_thresholds" => {
                let standard = set_churn_standard(log, as_of, self.options::<userops::churn::ChurnOptions>())?;
                match self.answer.as_str() {
                    "churn_standard" => Ok(vec![standard.to_table()?, standard.to_summary_table()?]),
                    _ => Ok(vec![standard.to_threshold_table()?]),
                }
            }
            "features" | "fit" | "watch_list" => super::warning::answer(&self.answer, log, as_of, &self.options),
            other => panic!("{other:?} is no answer"),
        }
    }
}

impl Judge for TableCase {
    fn judge(self, verdict: &mut Verdict) {
        let log = read_log(self.schema.clone(), &self.events, &self.attributes).unwrap();
        self.expect.judge(verdict, self.answer(&log));
    }
}

impl TableExpect {
    /// Compares the tables of an answer, or how it was refused.
    pub(super) fn judge(&self, verdict: &mut Verdict, answer: Result<Vec<Table>>) {
        if let (Err(error), Some(message)) = (&answer, &self.message) {
            verdict.equal("what the error says", Some(true), error.to_string().contains(message.as_str()));
        }
        let Some(tables) = verdict.result(self.refused.as_deref(), answer) else { return };
        for (rows, index) in [(&self.rows, 0), (&self.second, 1)] {
            let Some(rows) = rows else { continue };
            let Some(table) = tables.get(index) else {
                verdict.fail("there is no second table");
                continue;
            };
            judge_rows(verdict, table, rows);
        }
    }
}

/// All rows of a table, in order; of each the columns that are named.
pub(super) fn judge_rows(verdict: &mut Verdict, table: &Table, rows: &[toml::Table]) {
    verdict.equal("the number of rows", Some(rows.len()), table.row_count());
    rows.iter().enumerate().for_each(|(number, row)| judge_row(verdict, table, number, row));
}

fn judge_row(verdict: &mut Verdict, table: &Table, number: usize, expected: &toml::Table) {
    for (name, value) in expected {
        let what = |name: &str| format!("{name} of row {number}");
        if name == "unknown" {
            for name in value.as_array().unwrap() {
                let name = name.as_str().unwrap();
                assert!(table.column(name).is_ok(), "there is no column {name}");
                verdict.equal(&what(name), Some(None), table.get(number, name).map(|value| value.to_owned()));
            }
            continue;
        }
        assert!(table.column(name).is_ok(), "there is no column {name}");
        match (value, table.get(number, name)) {
            (toml::Value::Float(expected), Some(ValueRef::Float(actual))) => {
                verdict.close(&what(name), Some(*expected), Some(actual));
            }
            (toml::Value::Integer(expected), Some(ValueRef::Integer(actual))) => {
                verdict.equal(&what(name), Some(*expected), actual);
            }
            (toml::Value::Boolean(expected), Some(ValueRef::Bool(actual))) => {
                verdict.equal(&what(name), Some(*expected), actual);
            }
            (toml::Value::String(expected), Some(actual @ (ValueRef::Text(_) | ValueRef::Date(_)))) => {
                verdict.equal(&what(name), Some(expected.clone()), actual.to_string());
            }
            (expected, actual) => verdict.fail(format!("{} is {actual:?}, not {expected:?}", what(name))),
        }
    }
}
