//! When a customer will buy next: an interval for each, and how often such intervals held.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::history::{PurchaseHistory, read_histories};
use super::model::{BtydModel, PurchaseModel};
use super::read::numbers;
use crate::analytics::interval::{Interval, wilson_interval};
use crate::column::Column;
use crate::error::{Result, empty, invalid_argument};
use crate::table::Table;
use crate::time::Day;

/// Halvings of the range of a quantile: what is left is below the rounding of its ends.
const HALVINGS: u32 = 64;
/// Parts of the distribution that purchases are counted in.
const PARTS: usize = 10;

/// How far to look ahead for the next purchase, and how wide an interval to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextPurchaseOptions {
    /// How far to look ahead, in the unit of the data. The interval is told for the case that the customer buys within it.
    pub horizon: f64,
    /// With which probability the purchase falls into the interval, as much being left out before it as after it.
    #[serde(default = "confidence")]
    pub confidence: f64,
    /// The last day that the data know: with it days are told beside times.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// How many days one unit of time has: 7 for weeks.
    #[serde(default = "one")]
    pub unit_days: f64,
}

fn confidence() -> f64 {
    0.8
}

fn one() -> f64 {
    1.0
}

impl NextPurchaseOptions {
    /// Looks so far ahead, for intervals that hold four times of five.
    #[must_use]
    pub fn new(horizon: f64) -> Self {
        Self { horizon, confidence: confidence(), last_day: None, unit_days: one() }
    }

    /// The same with intervals that hold with this probability.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// The same with days told: the last that the data know, and how many of them one unit of time has.
    #[must_use]
    pub fn days(mut self, last_day: Day, unit_days: f64) -> Self {
        (self.last_day, self.unit_days) = (Some(last_day), unit_days);
        self
    }

    fn check(&self) -> Result<()> {
        let trouble = if !self.horizon.is_finite() || self.horizon <= 0.0 {
            format!("the horizon is {}; it is a time above 0", self.horizon)
        } else if !(self.confidence > 0.0 && self.confidence < 1.0) {
            format!("confidence is {}; it is a probability above 0 and below 1", self.confidence)
        } else if !self.unit_days.is_finite() || self.unit_days <= 0.0 {
            format!("unit_days is {}; it is above 0: 7 for weeks", self.unit_days)
        } else {
            return Ok(());
        };
        Err(invalid_argument(trouble))
    }

    /// The parts of the distribution at the interval's lower end, in the middle, and at the upper end.
    fn levels(&self) -> [f64; 3] {
        let out = (1.0 - self.confidence) / 2.0;
        [out, 0.5, 1.0 - out]
    }
}

/// When one customer buys next, for the case that it is within the horizon.
#[derive(Debug, Clone, Copy)]
struct NextPurchase {
    return_probability: f64,
    /// Lower end, median, upper end.
    times: [f64; 3],
}

/// The probability that a customer who is there buys within `t`. Whether the customer is there cancels out of the
/// distribution of a purchase that is made.
fn buys(model: &dyn PurchaseModel, history: &PurchaseHistory, t: f64) -> f64 {
    1.0 - model.quiet(1.0, history, t)
}

fn predict(model: &dyn PurchaseModel, history: &PurchaseHistory, options: &NextPurchaseOptions) -> NextPurchase {
    let horizon = options.horizon;
    let whole = buys(model, history, horizon);
    let time_at = |level: f64| {
        let (mut low, mut high) = (0.0, horizon);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if buys(model, history, middle) < level * whole { low = middle } else { high = middle }
        }
        high
    };
    NextPurchase { return_probability: model.alive(history) * whole, times: options.levels().map(time_at) }
}

impl BtydModel {
    /// When each customer of a table buys next: a row for each, unknown where the row is.
    ///
    /// Reads `x`, `t_x` and `T`. `return_probability` is that of a purchase within the horizon. `lower`, `median` and `upper`
    /// are times from the end of observation, for the case that the purchase is made within the horizon: the interval
    /// holds with the probability asked for, as much being left out on either side. With `last_day` there are also
    /// `lower_day`, `median_day` and `upper_day`, the local days that these times end on. About 200 looks at the model a
    /// row.
    ///
    /// # Errors
    /// `InvalidDefinition` for parameters that are none; `InvalidArgument` for a model other than BG/NBD, MBG/NBD and
    /// Pareto/NBD, and for options that cannot be; `UnknownName`, `TypeMismatch` and `InvalidArgument` for the columns.
    pub fn predict_next_purchase(&self, customers: &Table, options: &NextPurchaseOptions) -> Result<Table> {
        self.check()?;
        options.check()?;
        let model = self.purchases()?;
        let rows = read_histories(customers)?.rows;
        let told: Vec<Option<NextPurchase>> =
            rows.par_iter().map(|row| row.as_ref().map(|history| predict(&*model, history, options))).collect();
        let column = |value: &dyn Fn(&NextPurchase) -> f64| -> Vec<Option<f64>> {
            told.iter().map(|one| one.as_ref().map(value)).collect()
        };
        let mut table =
            Table::new(rows.len()).with("return_probability", column(&|one: &NextPurchase| one.return_probability))?;
        let names = ["lower", "median", "upper"];
        for (place, name) in names.into_iter().enumerate() {
            table.push(name, column(&|one| one.times[place]).into())?;
        }
        let Some(last_day) = options.last_day else { return Ok(table) };
        for (place, name) in names.into_iter().enumerate() {
            // A purchase on the day after the last is one of the first day to come; what lies past all days is the last of them.
            let day =
                |one: &NextPurchase| last_day.0.saturating_add((one.times[place] * options.unit_days).ceil() as i32);
            let days = told.iter().map(|one| one.as_ref().map(day)).collect();
            table.push(format!("{name}_day"), Column::Date(days))?;
        }
        Ok(table)
    }

    /// How well the next purchases were told that were held out.
    ///
    /// Reads `x`, `t_x`, `T` and `holdout_next`, the time from the end of observation to the next purchase, unknown where
    /// there was none within the horizon; a purchase after it is none. The horizon is the time that was held out. The
    /// more customers bought, the more it says.
    ///
    /// # Errors
    /// As [`BtydModel::predict_next_purchase`]; `Empty` where of no customer all is known; `InvalidArgument` for a
    /// `holdout_next` that is not above 0.
    pub fn review_next_purchase(&self, customers: &Table, options: &NextPurchaseOptions) -> Result<NextPurchaseReview> {
        self.check()?;
        options.check()?;
        let model = self.purchases()?;
        let rows = read_histories(customers)?.rows;
        let next = numbers(customers, "holdout_next")?;
        let [from, _, to] = options.levels();
        let mut review = NextPurchaseReview::new(options.clone());
        for (row, history) in rows.iter().enumerate() {
            let Some(history) = history else { continue };
            let whole = buys(&*model, history, options.horizon);
            review.customer_count += 1;
            review.expected_return_count += model.alive(history) * whole;
            let Some(time) = next(row).map_err(|error| error.at(format!("row {row}")))? else { continue };
            if time <= 0.0 {
                let message =
                    format!("row {row}: holdout_next is {time}; it is a time above 0, unknown without a purchase");
                return Err(invalid_argument(message));
            }
            if time > options.horizon {
                continue;
            }
            let part = buys(&*model, history, time) / whole;
            review.return_count += 1;
            review.covered_count += u64::from(from <= part && part <= to);
            review.part_counts[((part * PARTS as f64) as usize).min(PARTS - 1)] += 1;
        }
        if review.customer_count == 0 {
            return Err(empty("there is nobody to hold a forecast against: no row of which x, t_x and T are known"));
        }
        Ok(review)
    }
}

/// How well next purchases were told, on a time that the model had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextPurchaseReview {
    /// What was asked for.
    pub options: NextPurchaseOptions,
    /// How many customers were looked at.
    pub customer_count: u64,
    /// How many of them were to buy within the horizon, by the model: the sum of their probabilities.
    pub expected_return_count: f64,
    /// How many did.
    pub return_count: u64,
    /// How many of those bought within their interval.
    pub covered_count: u64,
    /// How many bought in each tenth of their own distribution: alike where the model is right.
    pub part_counts: [u64; PARTS],
}

impl NextPurchaseReview {
    fn new(options: NextPurchaseOptions) -> Self {
        let (customer_count, return_count, covered_count) = (0, 0, 0);
        let part_counts = [0; PARTS];
        Self { options, customer_count, expected_return_count: 0.0, return_count, covered_count, part_counts }
    }

    /// The share of purchases that fell into their interval, to be held against the confidence; `None` without purchases.
    #[must_use]
    pub fn coverage_ratio(&self) -> Option<f64> {
        (self.return_count > 0).then(|| self.covered_count as f64 / self.return_count as f64)
    }

    /// The 95 % interval of [`NextPurchaseReview::coverage_ratio`].
    #[must_use]
    pub fn coverage_interval(&self) -> Option<Interval> {
        wilson_interval(self.covered_count, self.return_count)
    }

    /// One row: `customer_count`, `expected_return_count`, `return_count`, `covered_count`, `confidence`, `coverage_ratio`,
    /// `coverage_low`, `coverage_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let interval = self.coverage_interval();
        Table::new(1)
            .with("customer_count", vec![self.customer_count as i64])?
            .with("expected_return_count", vec![self.expected_return_count])?
            .with("return_count", vec![self.return_count as i64])?
            .with("covered_count", vec![self.covered_count as i64])?
            .with("confidence", vec![self.options.confidence])?
            .with("coverage_ratio", vec![self.coverage_ratio()])?
            .with("coverage_low", vec![interval.map(|interval| interval.low)])?
            .with("coverage_high", vec![interval.map(|interval| interval.high)])
    }

    /// A row for each tenth of the customers' own distributions: `up_to`, `return_count`, `expected_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let expected = self.return_count as f64 / PARTS as f64;
        Table::new(PARTS)
            .with("up_to", (1..=PARTS).map(|part| part as f64 / PARTS as f64).collect::<Vec<_>>())?
            .with("return_count", self.part_counts.iter().map(|count| *count as i64).collect::<Vec<_>>())?
            .with("expected_count", vec![expected; PARTS])
    }
}
