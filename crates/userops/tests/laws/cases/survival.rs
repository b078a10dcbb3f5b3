//! Cases of survival analysis: curves, log-rank tests, Cox's model.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::column::Column;
use userops::error::Result;
use userops::score::MeasureValues;
use userops::survival::{CoxOptions, LogRankOptions, SurvivalOptions, compare_survival, estimate_survival, fit_cox};
use userops::table::Table;

use super::rfm::Numbers;
use super::table::TableExpect;
use super::{Judge, Verdict};

/// Columns of lives, and what is asked of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SurvivalCase {
    columns: BTreeMap<String, Numbers>,
    answer: String,
    #[serde(default = "no_options")]
    options: toml::Value,
    expect: TableExpect,
}

fn no_options() -> toml::Value {
    toml::Value::Table(toml::Table::new())
}

/// The columns of numbers as a table.
pub(super) fn table_of(columns: &BTreeMap<String, Numbers>) -> Table {
    let rows = columns.values().next().map_or(0, |column| column.values().len());
    let column = |numbers: &Numbers| -> Column {
        match numbers.values() {
            MeasureValues::Integer(values) => values.to_vec().into(),
            MeasureValues::Float(values) => values.to_vec().into(),
        }
    };
    columns.iter().fold(Table::new(rows), |table, (name, numbers)| table.with(name, column(numbers)).unwrap())
}

impl SurvivalCase {
    fn answer(&self, lives: &Table) -> Result<Vec<Table>> {
        let options = self.options.clone();
        match self.answer.as_str() {
            "curve" => {
                let survival = estimate_survival(lives, options.try_into::<SurvivalOptions>().unwrap())?;
                Ok(vec![survival.to_table()?, survival.to_summary_table()?])
            }
            "log_rank" => {
                let test = compare_survival(lives, options.try_into::<LogRankOptions>().unwrap())?;
                Ok(vec![test.to_table()?, test.to_summary_table()?])
            }
            "cox" => {
                let fit = fit_cox(lives, options.try_into::<CoxOptions>().unwrap())?;
                Ok(vec![fit.to_table()?, fit.to_summary_table()?])
            }
            other => panic!("{other:?} is no answer"),
        }
    }
}

impl Judge for SurvivalCase {
    fn judge(self, verdict: &mut Verdict) {
        self.expect.judge(verdict, self.answer(&table_of(&self.columns)));
    }
}
