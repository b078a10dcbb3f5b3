//! What a value is of: how far it looks, what is left of a purchase, and how much less a later one is worth.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument};

/// The most periods that are discounted one by one.
pub const PERIODS_MAX: u32 = 10_000;

/// Horizon, margin and discount of a predicted value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifetimeValueOptions {
    /// How many periods to look ahead. `None` is for ever, which takes a discount and Pareto/NBD.
    pub period_count: Option<u32>,
    /// How many units of time of the data one period has.
    pub period: f64,
    /// How much less money is worth a period later: divided by 1 + rate. Purchases of a period count at its end, and those
    /// of a horizon without end when they are made.
    pub discount_rate: f64,
    /// What a purchase leaves of its price.
    pub margin_ratio: f64,
    /// What a unit of time is called.
    pub time_unit: Option<String>,
}

impl Default for LifetimeValueOptions {
    fn default() -> Self {
        Self { period_count: Some(12), period: 1.0, discount_rate: 0.0, margin_ratio: 1.0, time_unit: None }
    }
}

impl LifetimeValueOptions {
    /// Looks so many units of time ahead; all of the price is left, and money is worth the same at any time.
    #[must_use]
    pub fn new(period_count: u32) -> Self {
        Self { period_count: Some(period_count), ..Self::default() }
    }

    /// Looks ahead for ever, at a discount for each unit of time: for Pareto/NBD.
    #[must_use]
    pub fn endless(discount_rate: f64) -> Self {
        Self { period_count: None, discount_rate, ..Self::default() }
    }

    /// The same with periods of so many units of time.
    #[must_use]
    pub fn period(mut self, units: f64) -> Self {
        self.period = units;
        self
    }

    /// The same with a discount for each period.
    #[must_use]
    pub fn discount_rate(mut self, rate: f64) -> Self {
        self.discount_rate = rate;
        self
    }

    /// The same with what a purchase leaves of its price.
    #[must_use]
    pub fn margin_ratio(mut self, ratio: f64) -> Self {
        self.margin_ratio = ratio;
        self
    }

    /// The same with a name for the unit of time.
    #[must_use]
    pub fn time_unit(mut self, unit: impl Into<String>) -> Self {
        self.time_unit = Some(unit.into());
        self
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the option and its bounds.
    pub fn check(&self) -> Result<()> {
        let Self { period_count, period, discount_rate, margin_ratio, .. } = self;
        let trouble = if period_count.is_some_and(|count| count == 0 || count > PERIODS_MAX) {
            format!("period_count is {}; it is from 1 to {PERIODS_MAX}, or none for ever", period_count.unwrap_or(0))
        } else if !period.is_finite() || *period <= 0.0 {
            format!("period is {period}; it is a time above 0, in the unit of the data")
        } else if !discount_rate.is_finite() || *discount_rate < 0.0 {
            format!("discount_rate is {discount_rate}; it is a number from 0 on for one period, such as 0.01")
        } else if period_count.is_none() && *discount_rate == 0.0 {
            "a value for ever takes a discount_rate above 0, or it may be infinite; or say a period_count".to_owned()
        } else if !margin_ratio.is_finite() || *margin_ratio <= 0.0 {
            format!(
                "margin_ratio is {margin_ratio}; it is what a purchase leaves of its price, above 0: 1 for all of it"
            )
        } else {
            return Ok(());
        };
        Err(invalid_argument(trouble))
    }

    /// How far to look ahead, in units of time; `None` for ever.
    #[must_use]
    pub fn horizon(&self) -> Option<f64> {
        self.period_count.map(|count| f64::from(count) * self.period)
    }

    /// The discount of a unit of time, compounded continuously: ln(1 + rate) / period.
    #[must_use]
    pub fn continuous_rate(&self) -> f64 {
        libm::log1p(self.discount_rate) / self.period
    }

    /// The formula with the numbers that a predicted value is worked out with.
    #[must_use]
    pub fn formula(&self) -> String {
        let Self { period_count, period, discount_rate, margin_ratio, time_unit } = self;
        let unit = time_unit.as_deref().unwrap_or("unit of time");
        let units = if *period == 1.0 { format!("1 {unit}") } else { format!("{period} · 1 {unit}") };
        let purchases = match period_count {
            None => format!("purchases to come for ever, each over (1 + {discount_rate})^(time / {units})"),
            Some(count) if *discount_rate == 0.0 => format!("expected purchases within {count} periods of {units}"),
            Some(count) => {
                format!(
                    "Σ over {count} periods of {units} of expected purchases in period k over (1 + {discount_rate})^k"
                )
            }
        };
        format!("{margin_ratio} · expected spend · {purchases}")
    }
}
