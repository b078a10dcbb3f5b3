//! What a profile holds, and how its parts are computed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::log::EventLog;
use crate::time::Span;

/// Rolling windows of a profile, in days: the week, month and quarter that operations reports speak of.
pub const WINDOW_DAYS: [u32; 3] = [7, 30, 90];

/// After this long an event weighs half in the interests: a month, so that a season's habit outweighs one evening.
pub const INTEREST_HALF_LIFE: Span = Span::from_days(30);

/// The most counts by user and event name that profiles hold: 4 GiB of them.
pub const CELLS_MAX: u64 = 1 << 30;

/// How many interests a profile names: what fits a line of a report.
const INTERESTS_MAX: u16 = 3;

/// What to compute. The default is all that needs no name from the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileOptions {
    /// The events that are orders; empty for no order columns.
    pub orders: Vec<String>,
    /// Rolling windows in days of 24 hours, `(as_of − days, as_of]`.
    pub windows_days: Vec<u32>,
    /// Whether to find the mean and median gap between active days.
    pub gaps: bool,
    /// Whether to find sum, first and last instant per event name; counts per name are always there.
    pub event_times: bool,
    /// Whether to count events by hour of the day and by weekday.
    pub habits: bool,
    /// The text property whose first known value is the user's acquisition channel.
    pub channel: Option<String>,
    /// The text property whose values are categories of interest.
    pub category: Option<String>,
    /// After this long an event weighs half in the interests.
    pub interest_half_life: Span,
    /// How many interests to name.
    pub interests_max: u16,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        Self { gaps: true, event_times: true, habits: true, ..Self::core() }
    }
}

impl ProfileOptions {
    /// All that one pass over times and names gives: first and last seen, events, active days, counts per name, the sum
    /// of amounts and windows.
    #[must_use]
    pub fn core() -> Self {
        Self {
            orders: Vec::new(),
            windows_days: WINDOW_DAYS.to_vec(),
            gaps: false,
            event_times: false,
            habits: false,
            channel: None,
            category: None,
            interest_half_life: INTEREST_HALF_LIFE,
            interests_max: INTERESTS_MAX,
        }
    }

    /// The events that are orders.
    #[must_use]
    pub fn orders(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.orders = names.into_iter().map(Into::into).collect();
        self
    }

    /// The text property that tells the acquisition channel.
    #[must_use]
    pub fn channel(mut self, property: impl Into<String>) -> Self {
        self.channel = Some(property.into());
        self
    }

    /// The text property that tells categories of interest.
    #[must_use]
    pub fn category(mut self, property: impl Into<String>) -> Self {
        self.category = Some(property.into());
        self
    }
}

/// Profile options resolved against a log: names are codes.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRules {
    options: ProfileOptions,
    order_codes: Vec<u16>,
    name_count: usize,
}

impl ProfileRules {
    /// The rules of these options for a log.
    ///
    /// # Errors
    /// As [`build_profiles`](super::build_profiles).
    pub fn new(log: &EventLog, options: ProfileOptions) -> Result<Self> {
        if let Some(days) = options.windows_days.iter().find(|days| **days == 0) {
            return Err(invalid_argument(format!("a window has at least 1 day, not {days}")));
        }
        let windows = &options.windows_days;
        if let Some(days) = windows.iter().enumerate().find(|(at, days)| windows[..*at].contains(days)) {
            return Err(invalid_argument(format!("the window of {} days is named twice", days.1)));
        }
        let cells = log.user_count() as u64 * log.names().len() as u64;
        if cells > CELLS_MAX {
            return Err(limit_exceeded(format!(
                "{} users × {} event names make {cells} counts, more than the limit {CELLS_MAX}; split the log by \
                 user, or map rare event names to one",
                log.user_count(),
                log.names().len()
            )));
        }
        if options.interest_half_life.as_micros() <= 0 {
            return Err(invalid_argument(format!(
                "the half-life of interests must be positive, not {}",
                options.interest_half_life
            )));
        }
        let mut order_codes = log.occurring_codes(&options.orders)?;
        order_codes.sort_unstable();
        order_codes.dedup();
        for property in options.channel.iter().chain(&options.category) {
            log.text_property(property)?;
        }
        Ok(Self { options, order_codes, name_count: log.names().len() })
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &ProfileOptions {
        &self.options
    }

    /// The codes of the events that are orders, ascending; of those that have occurred.
    #[must_use]
    pub fn order_codes(&self) -> &[u16] {
        &self.order_codes
    }

    /// How many event names the log has.
    #[must_use]
    pub fn name_count(&self) -> usize {
        self.name_count
    }

    /// Whether an event of this name is an order.
    #[must_use]
    pub fn is_order(&self, code: u16) -> bool {
        match self.order_codes.as_slice() {
            [only] => *only == code,
            codes => codes.binary_search(&code).is_ok(),
        }
    }
}
