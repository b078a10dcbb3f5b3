//! Cases of portraits: an audience and all others, counted by the values of dimensions.

use serde::Deserialize;
use userops::column::{Column, Packed};
use userops::portrait::{CellKind, Dimension, NumericSummary, Portrait, PortraitOptions, PortraitRow, build_portrait};
use userops::time::{Day, Timestamp, Zone};

use super::{Judge, Verdict};

/// An audience and the users outside it, with how many of either have each value of a dimension.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PortraitCase {
    audience: usize,
    outside: usize,
    dimensions: Vec<DimensionInput>,
    #[serde(default)]
    options: PortraitOptions,
    expect: PortraitExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionInput {
    name: String,
    #[serde(rename = "type")]
    value_type: ValueKind,
    zone: Option<Zone>,
    cells: Vec<CellInput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueKind {
    Text,
    Bool,
    Integer,
    Float,
    Date,
    Time,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CellInput {
    /// Unknown where there is none.
    value: Option<toml::Value>,
    #[serde(default)]
    audience: usize,
    #[serde(default)]
    outside: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PortraitExpect {
    rows: Option<Vec<RowExpect>>,
    summaries: Option<Vec<SummaryExpect>>,
    /// The values of the rows that tell most.
    distinctive: Option<Vec<String>>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowExpect {
    dimension: Option<String>,
    value: String,
    kind: Option<CellKind>,
    audience: Option<u64>,
    everyone: Option<u64>,
    audience_ratio: Option<f64>,
    everyone_ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    lift: Option<f64>,
    /// Whether all numbers are kept from view.
    #[serde(default)]
    suppressed: bool,
    /// Whether there is no ratio in the audience.
    undefined: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryExpect {
    dimension: String,
    #[serde(default)]
    suppressed: bool,
    audience_mean: Option<f64>,
    audience_median: Option<f64>,
    everyone_mean: Option<f64>,
    everyone_median: Option<f64>,
}

impl DimensionInput {
    /// The values of all users, those of the audience first.
    fn column(&self) -> Column {
        let some = |count: fn(&CellInput) -> usize| {
            self.cells.iter().flat_map(move |cell| std::iter::repeat_n(cell.value.as_ref(), count(cell)))
        };
        let values: Vec<Option<&toml::Value>> = some(|cell| cell.audience).chain(some(|cell| cell.outside)).collect();
        let integers = |read: fn(&toml::Value) -> i64| -> Packed<i64> { values.iter().map(|v| v.map(read)).collect() };
        let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
        match self.value_type {
            ValueKind::Text => values.iter().map(|value| value.map(text)).collect::<Vec<_>>().into(),
            ValueKind::Bool => Column::Bool(values.iter().map(|value| value.map(|v| v.as_bool().unwrap())).collect()),
            ValueKind::Integer => Column::Integer(integers(|value| value.as_integer().unwrap())),
            ValueKind::Float => Column::Float(values.iter().map(|v| v.map(|v| v.as_float().unwrap())).collect()),
            ValueKind::Time => {
                Column::Time(integers(|value| value.as_str().unwrap().parse::<Timestamp>().unwrap().as_micros()))
            }
            ValueKind::Date => {
                let day = |value: &toml::Value| value.as_str().unwrap().parse::<Day>().unwrap().0;
                Column::Date(values.iter().map(|value| value.map(day)).collect())
            }
        }
    }

    fn dimension(&self) -> Dimension<'static> {
        let dimension = Dimension::new(&self.name, self.column());
        self.zone.iter().fold(dimension, |dimension, zone| dimension.in_zone(*zone))
    }
}

impl Judge for PortraitCase {
    fn judge(self, verdict: &mut Verdict) {
        let members: Vec<bool> = (0..self.audience + self.outside).map(|user| user < self.audience).collect();
        for dimension in &self.dimensions {
            let audience: usize = dimension.cells.iter().map(|cell| cell.audience).sum();
            let outside: usize = dimension.cells.iter().map(|cell| cell.outside).sum();
            if self.expect.refused.is_none() && (audience, outside) != (self.audience, self.outside) {
                return verdict.fail(format!("{:?} has {audience} and {outside} users", dimension.name));
            }
        }
        let dimensions: Vec<Dimension<'_>> = self.dimensions.iter().map(DimensionInput::dimension).collect();
        let built = build_portrait(members, &dimensions, self.options);
        let Some(portrait) = verdict.result(self.expect.refused.as_deref(), built) else { return };
        let counts = (portrait.audience_count, portrait.everyone_count - portrait.audience_count);
        if counts != (self.audience as u64, self.outside as u64) {
            verdict.fail(format!("the portrait is of {counts:?} users"));
        }
        self.expect.judge(&portrait, verdict);
    }
}

impl PortraitExpect {
    fn judge(&self, portrait: &Portrait, verdict: &mut Verdict) {
        if let Some(expected) = &self.rows {
            let values: Vec<&str> = portrait.rows.iter().map(|row| row.value.as_str()).collect();
            verdict.equal("the rows", Some(expected.iter().map(|row| row.value.as_str()).collect()), values);
            expected.iter().zip(&portrait.rows).for_each(|(expect, row)| expect.judge(row, verdict));
        }
        if let Some(expected) = &self.summaries {
            let names: Vec<&str> = portrait.summaries.iter().map(|summary| summary.dimension.as_str()).collect();
            verdict.equal("the summaries", Some(expected.iter().map(|row| row.dimension.as_str()).collect()), names);
            expected.iter().zip(&portrait.summaries).for_each(|(expect, summary)| expect.judge(summary, verdict));
        }
        let distinctive = portrait.most_distinctive(usize::MAX).into_iter().map(|row| row.value.clone()).collect();
        verdict.equal("the most distinctive", self.distinctive.as_ref(), &distinctive);
    }
}

impl RowExpect {
    fn judge(&self, row: &PortraitRow, verdict: &mut Verdict) {
        let what = |what: &str| format!("{what} of {:?} in {:?}", row.value, row.dimension);
        verdict.equal(&what("the dimension"), self.dimension.as_ref(), &row.dimension);
        verdict.equal(&what("kind"), self.kind, row.kind);
        verdict.equal(&what("suppressed"), Some(self.suppressed), row.suppressed);
        if self.suppressed {
            let counts = (row.audience_count, row.everyone_count);
            verdict.equal(&what("the counts"), Some((None, None)), counts);
            let ratios = (row.audience_ratio, row.everyone_ratio, row.audience_interval, row.lift);
            verdict.equal(&what("the ratios"), Some((None, None, None, None)), ratios);
        }
        verdict.equal(&what("audience"), self.audience.map(Some), row.audience_count);
        verdict.equal(&what("everyone"), self.everyone.map(Some), row.everyone_count);
        for (name, expected, actual) in [
            ("audience_ratio", self.audience_ratio, row.audience_ratio),
            ("everyone_ratio", self.everyone_ratio, row.everyone_ratio),
            ("low", self.low, row.audience_interval.map(|interval| interval.low)),
            ("high", self.high, row.audience_interval.map(|interval| interval.high)),
            ("lift", self.lift, row.lift),
        ] {
            verdict.close(&what(name), expected, actual);
        }
        let undefined = row.audience_ratio.is_none() && row.audience_interval.is_none() && row.lift.is_none();
        verdict.equal(&what("undefined"), self.undefined, undefined);
    }
}

impl SummaryExpect {
    fn judge(&self, summary: &NumericSummary, verdict: &mut Verdict) {
        let what = |what: &str| format!("{what} of {:?}", summary.dimension);
        verdict.equal(&what("suppressed"), Some(self.suppressed), summary.suppressed);
        if self.suppressed {
            let kept = (summary.audience_mean, summary.audience_median);
            verdict.equal(&what("mean and median"), Some((None, None)), kept);
        }
        for (name, expected, actual) in [
            ("audience_mean", self.audience_mean, summary.audience_mean),
            ("audience_median", self.audience_median, summary.audience_median),
            ("everyone_mean", self.everyone_mean, summary.everyone_mean),
            ("everyone_median", self.everyone_median, summary.everyone_median),
        ] {
            verdict.close(&what(name), expected, actual);
        }
    }
}
