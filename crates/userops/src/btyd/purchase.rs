//! The input of the models, from the purchases of an event log.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::activity::{ChoiceScratch, EventChoice};
use crate::column::Column;
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::{Table, user_column};
use crate::time::{Calendar, Day, Timestamp};

/// What a purchase is, and in which unit time is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurchaseOptions {
    /// The events that are purchases; every event unless said otherwise. Those of a negative amount are refunds.
    pub purchases: EventPattern,
    /// How many days one unit of time has: 1 for days, 7 for weeks.
    pub unit_days: f64,
    /// The last local day that the models may see; `as_of`'s unless said otherwise. What comes later is told apart, to see
    /// how well a model forecasts it.
    pub calibration_last_day: Option<Day>,
}

impl Default for PurchaseOptions {
    fn default() -> Self {
        Self { purchases: EventPattern::default(), unit_days: 1.0, calibration_last_day: None }
    }
}

impl PurchaseOptions {
    /// These events are purchases; time is told in days, up to `as_of`.
    pub fn new(purchases: impl Into<EventPattern>) -> Self {
        Self { purchases: purchases.into(), ..Self::default() }
    }

    /// The same with a unit of so many days.
    #[must_use]
    pub fn unit_days(mut self, days: f64) -> Self {
        self.unit_days = days;
        self
    }

    /// The same with what comes after this day held out.
    #[must_use]
    pub fn calibrate_until(mut self, last_day: Day) -> Self {
        self.calibration_last_day = Some(last_day);
        self
    }
}

impl From<EventPattern> for PurchaseOptions {
    fn from(purchases: EventPattern) -> Self {
        Self::new(purchases)
    }
}

/// The purchases of one customer, in whole days and minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerPurchases {
    /// The customer.
    pub user: UserIx,
    /// The local day of the first purchase.
    pub first_day: Day,
    /// Local days with a purchase after the first: x.
    pub repeat_count: u32,
    /// From the first day to the last with a purchase: `t_x`.
    pub last_days: u32,
    /// From the first day to the last that may be seen: T.
    pub observed_days: u32,
    /// What was spent on the first day, less refunds.
    pub first_spend_minor: i64,
    /// What was spent on the repeat days, less refunds.
    pub repeat_spend_minor: i64,
    /// Days with a purchase in the time held out.
    pub holdout_count: u32,
    /// What was spent on them, less refunds.
    pub holdout_spend_minor: i64,
    /// From the last day that may be seen to the first purchase of the time held out; `None` without one.
    pub holdout_next_days: Option<u32>,
}

/// The purchases of all customers: the input of the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseSummary {
    /// What was asked for.
    pub options: PurchaseOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The last local day that the models may see.
    pub last_day: Day,
    /// How many days are held out.
    pub holdout_days: u32,
    /// Everyone who had bought by the last day, ascending.
    pub customers: Vec<CustomerPurchases>,
    /// Refunds before any purchase of the user, which are left out.
    pub unmatched_refund_count: u64,
}

/// Counts the purchase days of every customer.
///
/// Several purchases of one local day are one. A purchase is an event of the pattern whose amount is not negative; one
/// without an amount adds no money. A negative amount is a refund: it is taken off the day of the purchase before it, is no
/// purchase, and takes none away. One pass over the events, shared out over rayon's threads.
///
/// # Errors
/// `InvalidArgument` for a unit that is no time, and for a last day after `as_of`'s; those of [`EventPattern`]:
/// `UnknownName`, `TypeMismatch`.
pub fn summarise_purchases(
    log: &EventLog,
    as_of: Timestamp,
    options: impl Into<PurchaseOptions>,
) -> Result<PurchaseSummary> {
    let options = options.into();
    if !options.unit_days.is_finite() || options.unit_days <= 0.0 {
        return Err(invalid_argument(format!("unit_days is {}; it is above 0: 7 for weeks", options.unit_days)));
    }
    let calendar = log.calendar(as_of);
    let today = calendar.day(as_of);
    let last_day = options.calibration_last_day.unwrap_or(today);
    if last_day > today {
        return Err(invalid_argument(format!("the last day {last_day} is after that of as_of, which is {today}")));
    }
    let choice = EventChoice::new(log, &calendar, std::slice::from_ref(&options.purchases))?;
    let part = |users: Range<usize>| {
        let mut reader = Reader::new(log, &choice, &calendar, last_day);
        let mut customers = Vec::new();
        for user in users {
            let user = UserIx(user as u32);
            customers.extend(reader.read(user, log.events_of(user).until(as_of).rows()));
        }
        (customers, reader.unmatched_refund_count)
    };
    let parts: Vec<_> = log.thread_ranges().into_par_iter().map(part).collect();
    Ok(PurchaseSummary {
        as_of,
        last_day,
        holdout_days: today.0.abs_diff(last_day.0),
        unmatched_refund_count: parts.iter().map(|part| part.1).sum(),
        customers: parts.into_iter().flat_map(|part| part.0).collect(),
        options,
    })
}

/// Reads the purchases of one user after the other.
struct Reader<'a> {
    log: &'a EventLog,
    choice: &'a EventChoice<'a>,
    calendar: &'a Calendar,
    last_day: Day,
    scratch: ChoiceScratch,
    /// The days with a purchase and their money, and the money that came back up to the last day.
    days: Vec<(Day, i64)>,
    unmatched_refund_count: u64,
}

impl<'a> Reader<'a> {
    fn new(log: &'a EventLog, choice: &'a EventChoice<'a>, calendar: &'a Calendar, last_day: Day) -> Self {
        let scratch = ChoiceScratch::default();
        Self { log, choice, calendar, last_day, scratch, days: Vec::new(), unmatched_refund_count: 0 }
    }

    fn read(&mut self, user: UserIx, rows: Range<usize>) -> Option<CustomerPurchases> {
        self.choice.load(rows.clone(), &mut self.scratch);
        self.days.clear();
        let mut refunds_later = 0i64;
        for row in rows {
            if !self.choice.has(0, row, &self.scratch) {
                continue;
            }
            let amount = self.log.amount_minor().get(row).unwrap_or(0);
            let day = self.calendar.day(Timestamp::from_micros(self.log.time_micros()[row]));
            if amount >= 0 {
                self.days.push((day, amount));
            } else if let Some(last) = self.days.last_mut() {
                // What comes back after the last day the models must not know of: it is the holdout's.
                if last.0 <= self.last_day && day > self.last_day {
                    refunds_later = refunds_later.saturating_add(amount);
                } else {
                    last.1 = last.1.saturating_add(amount);
                }
            } else {
                self.unmatched_refund_count += 1;
            }
        }
        // A clock that is set back across midnight shows yesterday after today.
        self.days.sort_unstable_by_key(|(day, _)| *day);
        let first_day = self.days.first().map(|(day, _)| *day).filter(|day| *day <= self.last_day)?;
        let since = |day: Day| day.0.abs_diff(first_day.0);
        let mut found = CustomerPurchases {
            user,
            first_day,
            repeat_count: 0,
            last_days: 0,
            observed_days: since(self.last_day),
            first_spend_minor: 0,
            repeat_spend_minor: 0,
            holdout_count: 0,
            holdout_spend_minor: refunds_later,
            holdout_next_days: None,
        };
        let mut before = first_day;
        for &(day, amount) in &self.days {
            let is_other = u32::from(day != before);
            before = day;
            let sum = if day == first_day {
                &mut found.first_spend_minor
            } else if day <= self.last_day {
                found.repeat_count += is_other;
                found.last_days = since(day);
                &mut found.repeat_spend_minor
            } else {
                found.holdout_count += is_other;
                found.holdout_next_days.get_or_insert(day.0.abs_diff(self.last_day.0));
                &mut found.holdout_spend_minor
            };
            *sum = sum.saturating_add(amount);
        }
        Some(found)
    }
}

impl PurchaseSummary {
    /// A row per customer, as [`fit_btyd`](super::fit_btyd) reads it: `user`, `first_day`, `x`, `t_x`, `T`, `spend`,
    /// `mean_spend`, and, where days are held out, `holdout_x`, `holdout_spend` and `holdout_next`.
    ///
    /// Times are in the unit of the options. Money is in major units of the log's currency: `spend` is all that was spent,
    /// less refunds, and the mean is that of a repeat purchase day, unknown where there is none or where refunds leave
    /// nothing of it. `holdout_next` is the time from the last day to the next purchase, unknown where there is none. The
    /// log is the one that was summarised.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let rows = &self.customers;
        let units = |days: u32| f64::from(days) / self.options.unit_days;
        let major = log.currency().minor_per_major() as f64;
        let spend =
            |row: &CustomerPurchases| row.first_spend_minor.saturating_add(row.repeat_spend_minor) as f64 / major;
        let next = |row: &CustomerPurchases| row.holdout_next_days.map(units);
        let mean = |row: &CustomerPurchases| {
            (row.repeat_count > 0 && row.repeat_spend_minor > 0)
                .then(|| row.repeat_spend_minor as f64 / major / f64::from(row.repeat_count))
        };
        let table = Table::new(rows.len())
            .with("user", user_column(log.users(), rows.iter().map(|row| row.user)))?
            .with("first_day", Column::Date(rows.iter().map(|row| row.first_day.0).collect::<Vec<_>>().into()))?
            .with("x", rows.iter().map(|row| row.repeat_count).collect::<Vec<_>>())?
            .with("t_x", rows.iter().map(|row| units(row.last_days)).collect::<Vec<_>>())?
            .with("T", rows.iter().map(|row| units(row.observed_days)).collect::<Vec<_>>())?
            .with("spend", rows.iter().map(spend).collect::<Vec<_>>())?
            .with("mean_spend", rows.iter().map(mean).collect::<Vec<_>>())?;
        if self.holdout_days == 0 {
            return Ok(table);
        }
        table
            .with("holdout_x", rows.iter().map(|row| row.holdout_count).collect::<Vec<_>>())?
            .with("holdout_spend", rows.iter().map(|row| row.holdout_spend_minor as f64 / major).collect::<Vec<_>>())?
            .with("holdout_next", rows.iter().map(next).collect::<Vec<_>>())
    }

    /// One row: `customer_count`, `last_day`, `holdout_days`, `unmatched_refund_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("customer_count", vec![self.customers.len() as i64])?
            .with("last_day", Column::Date(vec![self.last_day.0].into()))?
            .with("holdout_days", vec![self.holdout_days])?
            .with("unmatched_refund_count", vec![self.unmatched_refund_count as i64])
    }
}
