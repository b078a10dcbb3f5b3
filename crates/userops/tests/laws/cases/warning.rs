//! Cases of rankings and logistic regressions, and answers of early warning over a log.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::error::Result;
use userops::log::EventLog;
use userops::table::Table;
use userops::time::Timestamp;
use userops::warning::{
    EvaluationOptions, LogisticOptions, WarningModel, WarningOptions, WarningScoreOptions, WatchListOptions,
    evaluate_ranking_table, fit_logistic, fit_warning, read_features,
};

use super::rfm::Numbers;
use super::survival::table_of;
use super::table::TableExpect;
use super::{Judge, Verdict};

/// A model by hand, and whom it lists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListOptions {
    model: WarningModel,
    list: WatchListOptions,
    score: WarningScoreOptions,
}

/// What early warning says of a log.
pub(super) fn answer(name: &str, log: &EventLog, as_of: Timestamp, options: &toml::Value) -> Result<Vec<Table>> {
    let options = options.clone();
    match name {
        "features" => {
            let options: WarningOptions = options.try_into().unwrap();
            Ok(vec![read_features(log, as_of, options)?.to_table(log)?])
        }
        "fit" => {
            let options: WarningOptions = options.try_into().unwrap();
            let fit = fit_warning(log, as_of, options)?;
            Ok(vec![fit.to_cut_table()?, fit.to_note_table()?])
        }
        _ => {
            let ListOptions { model, list, score } = options.try_into().unwrap();
            let list = model.score(log, as_of, score)?.watch_list(list)?;
            Ok(vec![list.to_table(log)?, list.to_summary_table()?])
        }
    }
}

/// Columns of numbers, and what is asked of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RankingCase {
    columns: BTreeMap<String, Numbers>,
    answer: String,
    #[serde(default = "no_options")]
    options: toml::Value,
    expect: TableExpect,
}

fn no_options() -> toml::Value {
    toml::Value::Table(toml::Table::new())
}

impl RankingCase {
    fn answer(&self, table: &Table) -> Result<Vec<Table>> {
        let options = self.options.clone();
        if self.answer == "logistic" {
            let fit = fit_logistic(table, &options.try_into::<LogisticOptions>().unwrap())?;
            return Ok(vec![fit.to_table()?, fit.score(table)?]);
        }
        let found = evaluate_ranking_table(table, &options.try_into::<EvaluationOptions>().unwrap())?;
        let second = match self.answer.as_str() {
            "top" => found.to_top_table()?,
            "bins" => found.to_calibration_table()?,
            other => panic!("{other:?} is no answer"),
        };
        Ok(vec![found.to_table()?, second])
    }
}

impl Judge for RankingCase {
    fn judge(self, verdict: &mut Verdict) {
        self.expect.judge(verdict, self.answer(&table_of(&self.columns)));
    }
}
