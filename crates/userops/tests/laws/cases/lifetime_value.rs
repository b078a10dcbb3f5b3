//! Cases of lifetime values: scores, forecasts with their errors, win-back, concentration.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::btyd::BtydFit;
use userops::error::Result;
use userops::lifetime_value::{
    LifetimeValueModel, LifetimeValueOptions, ValueGroups, ValueShare, WinBackOptions, forecast_lifetime_value,
    share_of_top,
};
use userops::table::Table;

use super::rfm::Numbers;
use super::survival::table_of;
use super::table::TableExpect;
use super::{Judge, Verdict};

/// Columns of customers, a model or two fits, and what is asked of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifetimeValueCase {
    #[serde(default)]
    columns: BTreeMap<String, Numbers>,
    answer: String,
    model: Option<LifetimeValueModel>,
    purchases: Option<BtydFit>,
    spend: Option<BtydFit>,
    options: Option<toml::Value>,
    groups: Option<ValueGroups>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    customer_ratios: Vec<f64>,
    expect: TableExpect,
}

impl LifetimeValueCase {
    fn answer(&self, customers: &Table) -> Result<Vec<Table>> {
        let model = || self.model.as_ref().expect("a model");
        let options = self.options.clone();
        match self.answer.as_str() {
            "score" => Ok(vec![model().score(customers)?]),
            "win_back" => {
                let options: WinBackOptions = options.expect("options").try_into().unwrap();
                Ok(vec![model().rank_win_back(customers, &options)?])
            }
            "forecast" => {
                let (purchases, spend) = (self.purchases.as_ref().expect("a fit"), self.spend.as_ref().expect("a fit"));
                let options: LifetimeValueOptions =
                    options.map(|options| options.try_into().unwrap()).unwrap_or_default();
                let forecast = forecast_lifetime_value(customers, purchases, spend, options)?;
                let groups = self.groups.clone().expect("groups");
                Ok(vec![forecast.to_table()?, forecast.to_group_table(customers, groups)?])
            }
            "share_of_top" => {
                let values: Vec<Option<f64>> = self.values.iter().copied().map(Some).collect();
                Ok(vec![ValueShare::table(&share_of_top(&values, &self.customer_ratios)?)?])
            }
            other => panic!("{other:?} is no answer"),
        }
    }
}

impl Judge for LifetimeValueCase {
    fn judge(self, verdict: &mut Verdict) {
        let answer = self.answer(&table_of(&self.columns));
        self.expect.judge(verdict, answer);
    }
}
