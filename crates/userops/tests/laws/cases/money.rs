//! Cases of amounts: what a text or number is in minor units, by way of an ingest of one row.

use serde::Deserialize;
use userops::event::EventSchema;
use userops::ingest::{Ingest, Mapping, RawBatch, RawColumn, RawValue, RejectReason};
use userops::money::{AmountUnit, Currency, Rounding};

use super::{Judge, Verdict};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoneyCase {
    currency: Currency,
    #[serde(default)]
    unit: AmountUnit,
    #[serde(default)]
    rounding: Rounding,
    text: Option<String>,
    integer: Option<i64>,
    float: Option<f64>,
    expect: MoneyExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyExpect {
    minor: Option<i64>,
    written: Option<String>,
    unknown: Option<bool>,
    refused: Option<RejectReason>,
}

impl Judge for MoneyCase {
    fn judge(self, verdict: &mut Verdict) {
        let value = match (&self.text, self.integer, self.float) {
            (Some(text), None, None) => RawValue::Text(text),
            (None, Some(integer), None) => RawValue::Integer(integer),
            (None, None, Some(float)) => RawValue::Float(float),
            _ => return verdict.fail("states not one of text, integer and float"),
        };
        let mut mapping = Mapping::new("user", "time").amount("amount").rounding(self.rounding);
        if let Some(amount) = &mut mapping.amount {
            amount.unit = self.unit;
        }
        let mut batch = RawBatch::new("case", 1);
        for (name, value) in [
            ("user", RawValue::Integer(1)),
            ("time", RawValue::Text("2026-03-01")),
            ("event", RawValue::Text("order")),
            ("amount", value),
        ] {
            batch.push(name, RawColumn::values([Some(value)].into_iter()));
        }
        let mut ingest =
            Ingest::new(EventSchema { currency: self.currency, ..EventSchema::default() }, mapping).unwrap();
        ingest.push(&batch).unwrap();
        let (log, report) = ingest.finish().unwrap();

        let reason = report.rejections.first().map(|rejection| rejection.reason);
        verdict.equal("the reason for refusal", Some(self.expect.refused), reason);
        let amount = log.iter().next().and_then(|events| events.amount(0));
        verdict.equal("the amount", self.expect.minor.map(Some), amount.map(|amount| amount.minor()));
        let written = amount.map(|amount| self.currency.format(amount));
        verdict.equal("the amount as written", self.expect.written.map(Some), written);
        verdict.equal("whether it is unknown", self.expect.unknown, reason.is_none() && amount.is_none());
    }
}
