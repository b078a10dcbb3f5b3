//! What counts as an order, and how far the ladder goes.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument};
use crate::log::EventLog;
use crate::time::Calendar;

/// How many rungs the ladder has above "registered", unless asked otherwise.
///
/// The first orders are where users are lost: of the CDNOW customers 49, 65, 71 and 73 % go on to the second to fifth
/// order, and from there on the rate rises by a few points at most.
pub const RUNGS_MAX: u8 = 5;

/// What is counted as one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderUnit {
    /// Every order event. Orders at the same instant count one by one, in the order of arrival, with no time between;
    /// time between orders is elapsed time, in days of 24 hours.
    #[default]
    Order,
    /// Every local calendar day with an order, in the log's zone; time between is a number of calendar days. Where a
    /// clock goes back across midnight, a date that shows twice is one day, and days come in the order they show.
    PurchaseDay,
}

/// Which events are orders, and how the ladder is built from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderOptions {
    /// The events that are orders, at least one.
    pub orders: Vec<String>,
    /// What is counted as one order.
    #[serde(default)]
    pub unit: OrderUnit,
    /// The highest rung, at least 1; users with more orders stay on it.
    #[serde(default = "rungs_max")]
    pub rungs_max: u8,
}

fn rungs_max() -> u8 {
    RUNGS_MAX
}

impl LadderOptions {
    /// A ladder over these events, order by order, of [`RUNGS_MAX`] rungs.
    #[must_use]
    pub fn new(orders: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { orders: orders.into_iter().map(Into::into).collect(), unit: OrderUnit::default(), rungs_max: RUNGS_MAX }
    }

    /// The same ladder with another unit.
    #[must_use]
    pub fn unit(mut self, unit: OrderUnit) -> Self {
        self.unit = unit;
        self
    }

    /// The same ladder up to this rung.
    #[must_use]
    pub fn rungs_max(mut self, rungs_max: u8) -> Self {
        self.rungs_max = rungs_max;
        self
    }
}

impl From<&str> for LadderOptions {
    fn from(order: &str) -> Self {
        Self::new([order])
    }
}

impl<const N: usize> From<[&str; N]> for LadderOptions {
    fn from(orders: [&str; N]) -> Self {
        Self::new(orders)
    }
}

/// Ladder options resolved against a log: names are codes, and the log's calendar is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderRules {
    options: LadderOptions,
    /// For each code whether it is an order.
    is_order: Vec<bool>,
    calendar: Calendar,
}

impl LadderRules {
    /// The rules of these options for a log.
    ///
    /// A name that the log's schema declares is known even where no event has it, as may be in a part of a log.
    ///
    /// # Errors
    /// `InvalidArgument` without an order event or without a rung; `UnknownName` for an event that is neither in the
    /// log nor declared, with the nearest name.
    pub fn new(log: &EventLog, options: impl Into<LadderOptions>) -> Result<Self> {
        let options = options.into();
        if options.orders.is_empty() {
            return Err(invalid_argument("an order ladder needs the name of at least one order event"));
        }
        if options.rungs_max == 0 {
            return Err(invalid_argument("rungs_max is 0; a ladder has at least 1 rung above \"registered\""));
        }
        let mut is_order = vec![false; log.names().len()];
        for code in log.occurring_codes(&options.orders)? {
            is_order[usize::from(code)] = true;
        }
        let last = log.time_span().map(|(_, last)| last).unwrap_or_default();
        Ok(Self { options, is_order, calendar: log.calendar(last) })
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &LadderOptions {
        &self.options
    }

    /// Whether an event with this code is an order.
    #[inline]
    #[must_use]
    pub fn is_order(&self, code: u16) -> bool {
        self.is_order.get(usize::from(code)).copied().unwrap_or(false)
    }

    /// The calendar of the log's zone.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}
