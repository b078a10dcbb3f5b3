//! Orders: how many, when, and how much.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ProfileRules;
use super::gap::{Gaps, distinct_days, distinct_sorted, gaps_of_days};
use super::scalar::days_between;
use crate::column::{Column, PackedCursor};
use crate::error::Result;
use crate::id::{UserDirectory, UserIx};
use crate::log::{EventLog, UserEvents};
use crate::money::Money;
use crate::table::{Table, user_column};
use crate::time::{Calendar, Span, Timestamp};

/// A user's orders. An order without a known amount counts, and adds nothing to the revenue.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OrderProfile {
    /// Orders.
    pub order_count: u32,
    /// Local calendar days with an order.
    pub purchase_days: u32,
    /// The sum of the orders' amounts.
    pub revenue: Money,
    /// The first order.
    pub first: Option<Timestamp>,
    /// The last order.
    pub last: Option<Timestamp>,
    /// Local calendar days from the day of the last order to that of `as_of`.
    pub days_since_last: Option<u32>,
    /// Gaps between purchase days.
    pub gaps: Gaps,
}

impl OrderProfile {
    /// The same orders as of another instant, with none between.
    pub(super) fn as_of(self, as_of: Timestamp, calendar: &Calendar) -> Self {
        Self { days_since_last: self.last.map(|last| days_between(last, as_of, calendar)), ..self }
    }

    /// Revenue per order in minor units; `None` without orders.
    #[must_use]
    pub fn average_order_minor(&self) -> Option<f64> {
        (self.order_count > 0).then(|| self.revenue.minor() as f64 / f64::from(self.order_count))
    }
}

/// A user's orders in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderWindow {
    /// Orders.
    pub order_count: u32,
    /// The sum of their amounts.
    pub revenue: Money,
}

/// The orders of one user, given the events visible at `as_of`.
pub(super) fn order_profile(
    events: UserEvents<'_>,
    as_of: Timestamp,
    rules: &ProfileRules,
    calendar: &Calendar,
) -> OrderProfile {
    let orders: Vec<(i64, i64)> = orders(events, rules).collect();
    let time = || orders.iter().map(|(time, _)| *time);
    let last = time().next_back().map(Timestamp::from_micros);
    OrderProfile {
        order_count: orders.len() as u32,
        purchase_days: distinct_days(time(), calendar),
        revenue: Money::from_minor(orders.iter().map(|(_, minor)| minor).sum()),
        first: time().next().map(Timestamp::from_micros),
        last,
        days_since_last: last.map(|last| days_between(last, as_of, calendar)),
        gaps: gaps_of_days(&time().collect::<Vec<_>>(), calendar),
    }
}

/// The orders of one user in each window, given the events visible at `as_of`.
pub(super) fn order_windows(
    events: UserEvents<'_>,
    as_of: Timestamp,
    rules: &ProfileRules,
    windows: &mut [OrderWindow],
) {
    for (window, days) in windows.iter_mut().zip(&rules.options().windows_days) {
        let before = as_of.plus(Span::from_days(-i64::from(*days))).as_micros();
        let inside = orders(events, rules).filter(|(time, _)| *time > before);
        let (count, minor) = inside.fold((0, 0), |(count, sum), (_, minor)| (count + 1, sum + minor));
        *window = OrderWindow { order_count: count, revenue: Money::from_minor(minor) };
    }
}

/// The instant and the amount (0 where unknown) of each order.
fn orders<'a>(events: UserEvents<'a>, rules: &'a ProfileRules) -> impl Iterator<Item = (i64, i64)> + 'a {
    let amounts = events.log().amount_minor();
    let rows = events.rows().zip(events.time_micros()).zip(events.name_codes());
    rows.filter(|(_, name)| rules.is_order(**name))
        .map(move |((row, time), _)| (*time, amounts.get(row).unwrap_or_default()))
}

/// What a recency, frequency and money score needs of each buyer; buyers in the order of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderTotals {
    /// The users with at least one order.
    pub users: Vec<UserIx>,
    /// The instant of each buyer's last order, in microseconds UTC.
    pub last_micros: Vec<i64>,
    /// Each buyer's orders.
    pub order_count: Vec<i64>,
    /// Local calendar days with an order; empty where no calendar was given.
    pub purchase_days: Vec<i64>,
    /// The sum of each buyer's amounts in minor units; an unknown amount adds nothing.
    pub revenue_minor: Vec<i64>,
}

impl OrderTotals {
    /// A row per buyer: `user`, `last_order`, `order_count`, `purchase_days` where they were counted, `revenue_minor`.
    ///
    /// # Errors
    /// `InvalidArgument` where the columns are not equally long, which only somebody else's are.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let table = Table::new(self.users.len())
            .with("user", user_column(users, self.users.iter().copied()))?
            .with("last_order", Column::Time(self.last_micros.clone().into()))?
            .with("order_count", self.order_count.clone())?;
        let table = match self.purchase_days.is_empty() {
            true => table,
            false => table.with("purchase_days", self.purchase_days.clone())?,
        };
        table.with("revenue_minor", self.revenue_minor.clone())
    }
}

/// Totals the orders (events of these name codes) of every user who has one at `as_of`, which itself counts. Purchase
/// days are counted by the calendar, where one is given.
///
/// Reads the name column once, and times and amounts of orders only: O(events), a small fraction of
/// [`build_profiles`](super::build_profiles).
#[must_use]
pub fn total_orders(log: &EventLog, as_of: Timestamp, order_codes: &[u16], calendar: Option<&Calendar>) -> OrderTotals {
    let ranges = log.thread_ranges();
    let total = |users| TotalsBuilder::new(log, as_of, calendar, &users).total(order_codes, users);
    let parts: Vec<OrderTotals> = ranges.into_par_iter().map(total).collect();
    let mut whole = OrderTotals::default();
    let buyers = parts.iter().map(|part| part.users.len()).sum();
    whole.users.reserve(buyers);
    whole.last_micros.reserve(buyers);
    whole.order_count.reserve(buyers);
    whole.purchase_days.reserve(if calendar.is_some() { buyers } else { 0 });
    whole.revenue_minor.reserve(buyers);
    for part in parts {
        whole.users.extend(part.users);
        whole.last_micros.extend(part.last_micros);
        whole.order_count.extend(part.order_count);
        whole.purchase_days.extend(part.purchase_days);
        whole.revenue_minor.extend(part.revenue_minor);
    }
    whole
}

const WORD_BITS: usize = u64::BITS as usize;

/// Rows whose names are compared at once.
const BLOCK: usize = 16;

/// Adds up orders row by row, in ascending order of row.
///
/// Times lie far apart in memory from one order to the next, so that each look at one waits for memory: a buyer's last
/// order is noted by its row, and the times of all of them are fetched together at the end.
struct TotalsBuilder<'a> {
    log: &'a EventLog,
    as_of: i64,
    calendar: Option<&'a Calendar>,
    amounts: PackedCursor<'a, i64>,
    user: usize,
    /// The first row that is not of `user`; 0 before the first order.
    user_end: usize,
    /// The first row of `user` that is not visible yet.
    visible_end: usize,
    /// Orders of `user` so far, the sum of their amounts, and the row of the last.
    order_count: i64,
    revenue_minor: i64,
    last_row: usize,
    /// The days of the orders of `user`, equal neighbours once.
    days: Vec<i32>,
    last_rows: Vec<usize>,
    totals: OrderTotals,
}

impl<'a> TotalsBuilder<'a> {
    fn new(log: &'a EventLog, as_of: Timestamp, calendar: Option<&'a Calendar>, users: &Range<usize>) -> Self {
        Self {
            log,
            as_of: as_of.as_micros(),
            calendar,
            amounts: PackedCursor::new(log.amount_minor()),
            user: users.start,
            user_end: 0,
            visible_end: 0,
            order_count: 0,
            revenue_minor: 0,
            last_row: 0,
            days: Vec::new(),
            last_rows: Vec::new(),
            totals: OrderTotals::default(),
        }
    }

    fn total(self, order_codes: &[u16], users: Range<usize>) -> OrderTotals {
        match *order_codes {
            [only] => self.total_where(users, |name| name == only),
            _ => {
                let mut is_order = vec![false; self.log.names().len()];
                for code in order_codes {
                    if let Some(flag) = is_order.get_mut(usize::from(*code)) {
                        *flag = true;
                    }
                }
                self.total_where(users, |name| is_order[usize::from(name)])
            }
        }
    }

    fn total_where(mut self, users: Range<usize>, is_order: impl Fn(u16) -> bool) -> OrderTotals {
        let offsets = self.log.offsets();
        let (start, end) = (offsets[users.start] as usize, offsets[users.end] as usize);
        let names = self.log.name_codes();
        // Words of the amounts' bitmap: part of one, whole ones, and part of the last.
        let whole_start = start.next_multiple_of(WORD_BITS).min(end);
        let (words, tail) = names[whole_start..end].as_chunks::<WORD_BITS>();
        self.add_orders(start / WORD_BITS, bits_of_few(&names[start..whole_start], &is_order) << (start % WORD_BITS));
        for (word, names) in (whole_start / WORD_BITS..).zip(words) {
            self.add_orders(word, bits(names, &is_order));
        }
        self.add_orders(end / WORD_BITS, bits_of_few(tail, &is_order));
        self.close_user();
        self.totals.last_micros = self.last_rows.iter().map(|row| self.log.time_micros()[*row]).collect();
        self.totals
    }

    /// Adds the orders among 64 rows, given as bits.
    #[inline]
    fn add_orders(&mut self, word: usize, mut orders: u64) {
        if orders == 0 {
            return;
        }
        let (known, amounts) = self.amounts.word(word);
        // The usual log has money on orders and on nothing else: then the nth order has the nth amount.
        let mut amounts_in_order = (known == orders).then(|| amounts.iter().copied());
        while orders != 0 {
            let bit = orders.trailing_zeros() as usize;
            let amount = match &mut amounts_in_order {
                Some(amounts) => amounts.next(),
                None if known >> bit & 1 == 0 => None,
                None => amounts.get((known & ((1 << bit) - 1)).count_ones() as usize).copied(),
            };
            self.add_order(word * WORD_BITS + bit, amount.unwrap_or_default());
            orders &= orders - 1;
        }
    }

    fn add_order(&mut self, row: usize, amount: i64) {
        if row >= self.user_end {
            self.open_user(row);
        }
        if row >= self.visible_end {
            return;
        }
        self.order_count += 1;
        self.revenue_minor += amount;
        self.last_row = row;
        if let Some(calendar) = self.calendar {
            let day = calendar.day(Timestamp::from_micros(self.log.time_micros()[row])).0;
            if self.days.last() != Some(&day) {
                self.days.push(day);
            }
        }
    }

    /// Goes on to the user of a row.
    fn open_user(&mut self, row: usize) {
        self.close_user();
        let offsets = self.log.offsets();
        while offsets[self.user + 1] as usize <= row {
            self.user += 1;
        }
        self.user_end = offsets[self.user + 1] as usize;
        self.visible_end = self.user_end;
        if self.log.last_micros() > self.as_of {
            let start = offsets[self.user] as usize;
            let time = &self.log.time_micros()[start..self.user_end];
            self.visible_end = start + time.partition_point(|time| *time <= self.as_of);
        }
    }

    /// Notes the totals of the user whose rows are over, where there was an order among them.
    fn close_user(&mut self) {
        if self.order_count == 0 {
            return;
        }
        self.totals.users.push(UserIx(self.user as u32));
        self.totals.order_count.push(std::mem::take(&mut self.order_count));
        self.totals.revenue_minor.push(std::mem::take(&mut self.revenue_minor));
        self.last_rows.push(self.last_row);
        if self.calendar.is_some() {
            self.totals.purchase_days.push(i64::from(distinct_sorted(&mut self.days)));
            self.days.clear();
        }
    }
}

/// Which of 64 names are orders, least significant bit first.
#[inline]
fn bits(names: &[u16; WORD_BITS], is_order: impl Fn(u16) -> bool) -> u64 {
    let mut orders = 0;
    for (index, block) in names.as_chunks::<BLOCK>().0.iter().enumerate() {
        // A bit per order of the block, set without a branch.
        let mut bits = 0u16;
        for (bit, name) in block.iter().enumerate() {
            bits |= u16::from(is_order(*name)) << bit;
        }
        orders |= u64::from(bits) << (index * BLOCK);
    }
    orders
}

/// The same of fewer names.
fn bits_of_few(names: &[u16], is_order: impl Fn(u16) -> bool) -> u64 {
    names.iter().enumerate().fold(0, |orders, (bit, name)| orders | u64::from(is_order(*name)) << bit)
}
