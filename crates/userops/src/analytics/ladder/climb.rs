//! How far one user has climbed.

use serde::{Deserialize, Serialize};

use super::options::{LadderRules, OrderUnit};
use crate::log::UserEvents;
use crate::time::{Day, MICROS_PER_DAY, Timestamp};

/// One rung that a user has reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When: the instant of the order, or of the first order of the purchase day.
    pub at: Timestamp,
    /// The local date of it.
    pub day: Day,
    /// Days since the step before, for the first since the user was first seen; see [`OrderUnit`] for what a day is.
    pub days_since_previous: f64,
}

/// One user's way up the ladder, as of an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Climb {
    /// What is counted as one order.
    pub unit: OrderUnit,
    /// The highest rung of the ladder.
    pub rungs_max: u8,
    /// Whether the user is known: has been seen, or is known by attributes alone and has no event at all.
    pub is_known: bool,
    /// The instant of the first event of any name, where there is one.
    pub first_seen: Option<Timestamp>,
    /// The first, second… order, at most `rungs_max` of them.
    pub steps: Vec<Step>,
    /// How many orders or purchase days there are, those beyond the highest rung included.
    pub order_count: u64,
}

impl Climb {
    /// The rung the user stands on: 0 for registered; `None` where the user is not known yet.
    #[must_use]
    pub fn rung(&self) -> Option<u8> {
        self.is_known.then_some(self.steps.len() as u8)
    }
}

/// How far one user has climbed by the events that have happened at `as_of`, which itself counts.
///
/// A user all of whose events are later is not known yet; one without any event is known, since attributes carry no
/// instant. Orders at the same instant follow each other with 0 days between. Takes O(events of the user).
#[must_use]
pub fn climb(events: UserEvents<'_>, as_of: Timestamp, rules: &LadderRules) -> Climb {
    let visible = events.until(as_of);
    let options = rules.options();
    let mut steps = Vec::new();
    let mut order_count = 0;
    walk(visible.time_micros(), visible.name_codes(), rules, |micros, gap| {
        order_count += 1;
        if order_count <= u64::from(options.rungs_max) {
            let at = Timestamp::from_micros(micros);
            let days_since_previous = gap as f64 / ticks_per_day(options.unit) as f64;
            steps.push(Step { at, day: rules.calendar().day(at), days_since_previous });
        }
        true
    });
    Climb {
        unit: options.unit,
        rungs_max: options.rungs_max,
        is_known: is_known(&visible),
        first_seen: visible.time(0),
        steps,
        order_count,
    }
}

/// Whether a user is known at the instant up to which the events go: users known by attributes have no event at all.
pub(super) fn is_known(visible: &UserEvents<'_>) -> bool {
    !visible.is_empty() || visible.log().rows(visible.user()).is_empty()
}

/// How many ticks of [`walk`] make a day.
pub(super) fn ticks_per_day(unit: OrderUnit) -> i64 {
    match unit {
        OrderUnit::Order => MICROS_PER_DAY,
        OrderUnit::PurchaseDay => 1,
    }
}

/// Visits the orders of one user's visible events with their instants and the ticks since the one before, the first
/// with those since the first event; ends early where `visit` returns false.
#[inline]
pub(super) fn walk(time: &[i64], codes: &[u16], rules: &LadderRules, visit: impl FnMut(i64, i64) -> bool) {
    match rules.options().unit {
        OrderUnit::Order => walk_orders(time, codes, rules, visit),
        OrderUnit::PurchaseDay => walk_days(time, codes, rules, visit),
    }
}

#[inline]
fn walk_orders(time: &[i64], codes: &[u16], rules: &LadderRules, mut visit: impl FnMut(i64, i64) -> bool) {
    let Some(mut previous) = time.first().copied() else { return };
    for (&micros, &code) in time.iter().zip(codes) {
        if rules.is_order(code) {
            if !visit(micros, micros.saturating_sub(previous)) {
                return;
            }
            previous = micros;
        }
    }
}

#[inline]
fn walk_days(time: &[i64], codes: &[u16], rules: &LadderRules, mut visit: impl FnMut(i64, i64) -> bool) {
    let Some(first_seen) = time.first().copied() else { return };
    let day_of = |micros| i64::from(rules.calendar().day(Timestamp::from_micros(micros)).0);
    // The latest two dates are enough to know a date again: no clock goes back across more than one midnight.
    let mut latest: Option<i64> = None;
    let mut before: Option<i64> = None;
    for (&micros, &code) in time.iter().zip(codes) {
        if !rules.is_order(code) {
            continue;
        }
        let day = day_of(micros);
        if latest == Some(day) || before == Some(day) {
            continue;
        }
        let gap = latest.map_or_else(|| (day - day_of(first_seen)).max(0), |latest| (day - latest).abs());
        if !visit(micros, gap) {
            return;
        }
        (latest, before) = match latest {
            Some(latest) if latest > day => (Some(latest), Some(day)),
            _ => (Some(day), latest),
        };
    }
}
