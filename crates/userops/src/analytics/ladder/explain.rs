//! Why a user stands on a rung, and what leads to the next.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::climb::{Climb, Step};
use super::options::OrderUnit;
use super::part::ordinal;

/// Why a user stands on a rung, as data; `Display` makes it a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClimbExplanation {
    /// The rung the user stands on; `None` where the user is not known yet.
    pub rung: Option<u8>,
    /// What is counted as one order.
    pub unit: OrderUnit,
    /// How many orders or purchase days there are.
    pub order_count: u64,
    /// The step onto the rung; `None` on rung 0.
    pub step: Option<Step>,
    /// Orders or purchase days that lead to the next rung; `None` on the highest, or where the user is not known yet.
    pub orders_to_next: Option<u64>,
}

impl Climb {
    /// Why the user stands on the rung, and what leads to the next.
    #[must_use]
    pub fn explain(&self) -> ClimbExplanation {
        let rung = self.rung();
        ClimbExplanation {
            rung,
            unit: self.unit,
            order_count: self.order_count,
            step: self.steps.last().copied(),
            orders_to_next: rung.filter(|rung| *rung < self.rungs_max).map(|_| 1),
        }
    }
}

impl fmt::Display for ClimbExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            OrderUnit::Order => "order",
            OrderUnit::PurchaseDay => "purchase day",
        };
        let (rung, step) = match (self.rung, self.step) {
            (None, _) => return f.write_str("not known yet"),
            (Some(_), None) => {
                return write!(f, "registered, no order yet; the first {unit} makes a first-order user");
            }
            (Some(rung), Some(step)) => (rung, step),
        };
        let since = if rung <= 1 { "first seen".to_owned() } else { format!("the {}", ordinal(rung - 1)) };
        let days = days(step.days_since_previous);
        write!(f, "{} {unit} on {}, {days} after {since}; ", ordinal(rung), step.day)?;
        match self.orders_to_next {
            Some(_) => write!(f, "one more {unit} makes a {}-order user", ordinal(rung.saturating_add(1))),
            None if self.order_count == u64::from(rung) => f.write_str("the ladder ends here"),
            None => write!(f, "{} {unit}s in all, and the ladder ends here", self.order_count),
        }
    }
}

/// Days with at most one decimal: `1 day`, `17 days`, `0.5 days`.
fn days(days: f64) -> String {
    let text = format!("{days:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    format!("{text} {}", if text == "1" { "day" } else { "days" })
}
