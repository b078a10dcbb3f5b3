//! Cases of buying till you die: fits, scores, projections, draws, next purchases.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::btyd::{BtydModel, BtydOptions, BtydScoreOptions, BtydSimulationOptions, NextPurchaseOptions, fit_btyd};
use userops::error::Result;
use userops::table::Table;

use super::rfm::Numbers;
use super::survival::table_of;
use super::table::TableExpect;
use super::{Judge, Verdict};

/// Columns of customers, a model or none, and what is asked of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BtydCase {
    #[serde(default)]
    columns: BTreeMap<String, Numbers>,
    answer: String,
    model: Option<BtydModel>,
    #[serde(default)]
    horizons: Vec<f64>,
    #[serde(default = "no_options")]
    options: toml::Value,
    expect: TableExpect,
}

fn no_options() -> toml::Value {
    toml::Value::Table(toml::Table::new())
}

impl BtydCase {
    fn answer(&self, customers: &Table) -> Result<Vec<Table>> {
        let options = self.options.clone();
        let model = || self.model.expect("a model");
        match self.answer.as_str() {
            "fit" => {
                let fit = fit_btyd(customers, options.try_into::<BtydOptions>().unwrap())?;
                Ok(vec![fit.to_table()?, fit.to_summary_table()?])
            }
            "score" => Ok(vec![model().score(customers, options.try_into::<BtydScoreOptions>().unwrap())?]),
            "project" => Ok(vec![model().project_new_customer(&self.horizons)?]),
            "simulate" => Ok(vec![model().simulate(customers, options.try_into::<BtydSimulationOptions>().unwrap())?]),
            "next_purchase" => {
                let options: NextPurchaseOptions = options.try_into().unwrap();
                Ok(vec![model().predict_next_purchase(customers, &options)?])
            }
            "review" => {
                let review = model().review_next_purchase(customers, &options.try_into().unwrap())?;
                Ok(vec![review.to_table()?, review.to_summary_table()?])
            }
            other => panic!("{other:?} is no answer"),
        }
    }
}

impl Judge for BtydCase {
    fn judge(self, verdict: &mut Verdict) {
        let answer = self.answer(&table_of(&self.columns));
        self.expect.judge(verdict, answer);
    }
}
