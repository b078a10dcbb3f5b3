//! The three measures of every buyer, from the orders of a log.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FrequencyMeasure, Measures, MonetaryMeasure, RfmOptions};
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::profile::{OrderTotals, total_orders};
use crate::score::MeasureValues;
use crate::time::Timestamp;

/// What is measured of each buyer.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyerOptions {
    /// The events that are orders; at least one.
    pub orders: Vec<String>,
    /// What the recency counts.
    #[serde(default)]
    pub recency: RecencyMeasure,
    /// What the frequency counts.
    #[serde(default)]
    pub frequency: FrequencyMeasure,
    /// What the monetary value is.
    #[serde(default)]
    pub monetary: MonetaryMeasure,
}

/// What the recency counts, from the last order to `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecencyMeasure {
    /// Local calendar days: everyone who bought today has 0.
    #[default]
    Days,
    /// Elapsed microseconds, which set apart buyers of one day.
    Micros,
}

impl BuyerOptions {
    /// Orders by event name; days, purchase days and the sum of amounts.
    pub fn new(orders: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            orders: orders.into_iter().map(Into::into).collect(),
            recency: RecencyMeasure::default(),
            frequency: FrequencyMeasure::default(),
            monetary: MonetaryMeasure::default(),
        }
    }

    /// What the recency counts.
    #[must_use]
    pub fn recency(mut self, recency: RecencyMeasure) -> Self {
        self.recency = recency;
        self
    }

    /// What the frequency counts.
    #[must_use]
    pub fn frequency(mut self, frequency: FrequencyMeasure) -> Self {
        self.frequency = frequency;
        self
    }

    /// What the monetary value is.
    #[must_use]
    pub fn monetary(mut self, monetary: MonetaryMeasure) -> Self {
        self.monetary = monetary;
        self
    }
}

/// Every user with an order at `as_of`, and the three measures of each; columns of equal length in order of user.
#[derive(Debug, Clone, PartialEq)]
pub struct Buyers {
    options: BuyerOptions,
    users: Vec<UserIx>,
    recency: Vec<i64>,
    frequency: Vec<i64>,
    monetary: Monetary,
}

#[derive(Debug, Clone, PartialEq)]
enum Monetary {
    Sum(Vec<i64>),
    Mean(Vec<f64>),
}

/// Measures the buyers of a log from the orders that have happened at `as_of`, which itself counts.
///
/// An order without a known amount counts, and adds nothing to the sum. Reads only names, and the orders' times and
/// amounts.
///
/// # Errors
/// `UnknownName` for an event that is neither in the log nor declared; `InvalidArgument` without an order event, or for a custom measure,
/// which only the caller can make.
pub fn measure_buyers(log: &EventLog, as_of: Timestamp, options: BuyerOptions) -> Result<Buyers> {
    if options.orders.is_empty() {
        return Err(invalid_argument("measuring buyers takes the name of at least one order event"));
    }
    if options.frequency == FrequencyMeasure::Custom || options.monetary == MonetaryMeasure::Custom {
        return Err(invalid_argument("a custom measure is not made from orders; fit the model on columns of your own"));
    }
    let codes = log.occurring_codes(&options.orders)?;
    let by_days = options.recency == RecencyMeasure::Days;
    let calendar = (by_days || options.frequency == FrequencyMeasure::PurchaseDays).then(|| log.calendar(as_of));
    let wants_days = options.frequency == FrequencyMeasure::PurchaseDays;
    let totals = total_orders(log, as_of, &codes, calendar.as_ref().filter(|_| wants_days));
    let OrderTotals { users, last_micros, order_count, purchase_days, revenue_minor } = totals;
    let monetary = match options.monetary {
        MonetaryMeasure::MeanPerOrder => {
            let sums = revenue_minor.iter().zip(&order_count);
            Monetary::Mean(sums.map(|(sum, count)| *sum as f64 / *count as f64).collect())
        }
        _ => Monetary::Sum(revenue_minor),
    };
    let recency = match &calendar {
        Some(calendar) if by_days => {
            let today = calendar.day(as_of).0;
            let days_since = |micros| i64::from((today - calendar.day(Timestamp::from_micros(micros)).0).max(0));
            last_micros.into_par_iter().map(days_since).collect()
        }
        _ => {
            last_micros.into_par_iter().map(|micros| as_of.since(Timestamp::from_micros(micros)).as_micros()).collect()
        }
    };
    let frequency = if wants_days { purchase_days } else { order_count };
    Ok(Buyers { options, users, recency, frequency, monetary })
}

impl Buyers {
    /// What was measured.
    #[must_use]
    pub fn options(&self) -> &BuyerOptions {
        &self.options
    }

    /// The default options of a model for these measures: it states what its frequency and monetary value are.
    #[must_use]
    pub fn rfm_options(&self) -> RfmOptions {
        RfmOptions::default().frequency_measure(self.options.frequency).monetary_measure(self.options.monetary)
    }

    /// The buyers, ascending.
    #[must_use]
    pub fn users(&self) -> &[UserIx] {
        &self.users
    }

    /// The row of a user, where the user is a buyer.
    #[must_use]
    pub fn row(&self, user: UserIx) -> Option<usize> {
        self.users.binary_search(&user).ok()
    }

    /// The three measures, a row per buyer: days or microseconds, counts, and minor units.
    #[must_use]
    pub fn measures(&self) -> Measures<'_> {
        let monetary = match &self.monetary {
            Monetary::Sum(sums) => MeasureValues::from(sums),
            Monetary::Mean(means) => MeasureValues::from(means),
        };
        Measures::new(&self.recency, &self.frequency, monetary)
    }
}
