//! One user's profile by itself: the definition, event by event.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::gap::{Gaps, gaps_of_days};
use super::habit::{Habits, habits};
use super::interest::{Interest, first_channel, top_interests};
use super::order::{OrderProfile, OrderWindow, order_profile, order_windows};
use super::{EventRow, ProfileRules, ProfileTable, row_of};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::{EventLog, UserEvents};
use crate::money::Money;
use crate::time::{Calendar, Span, Timestamp};

/// What one user has done, as of an instant. Parts that the options leave out are empty or `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Visible events.
    pub event_count: u32,
    /// The first of them.
    pub first_seen: Option<Timestamp>,
    /// The last of them.
    pub last_seen: Option<Timestamp>,
    /// Local calendar days with an event.
    pub active_days: u32,
    /// Local calendar days from the day of the last event to that of `as_of`.
    pub days_since_last: Option<u32>,
    /// The sum of all amounts.
    pub amount: Money,
    /// Each window of the options.
    pub windows: Vec<WindowProfile>,
    /// Every event name of the log that the user has done, in order of name.
    pub events: Vec<EventProfile>,
    /// Gaps between active days.
    pub gaps: Gaps,
    /// Orders; all zero where the options name no order event.
    pub orders: OrderProfile,
    /// Events by hour and weekday.
    pub habits: Habits,
    /// The first known channel.
    pub channel: Option<String>,
    /// The strongest interests, strongest first: category and weight.
    pub interests: Vec<(String, f64)>,
}

/// One window of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WindowProfile {
    /// The window's length in days of 24 hours.
    pub days: u32,
    /// Events in it.
    pub event_count: u32,
    /// Orders in it, where the options name an order event.
    pub orders: OrderWindow,
}

/// A user's events of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventProfile {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u32,
    /// The sum of their amounts; zero where the options leave it out.
    pub amount: Money,
    /// The first, where the options ask for it.
    pub first: Option<Timestamp>,
    /// The last, where the options ask for it.
    pub last: Option<Timestamp>,
}

/// The profile of one user from the events that have happened at `as_of`, which itself counts.
///
/// `calendar` must be of the log's zone; any range will do. Takes O(events of the user).
#[must_use]
pub fn build_profile(events: UserEvents<'_>, as_of: Timestamp, rules: &ProfileRules, calendar: &Calendar) -> Profile {
    let events = events.until(as_of);
    let log = events.log();
    let options = rules.options();
    let time = events.time_micros();
    let wants_orders = !options.orders.is_empty();
    let days: BTreeSet<i32> = time.iter().map(|micros| calendar.day(Timestamp::from_micros(*micros)).0).collect();

    let mut rows = vec![EventRow::default(); log.names().len()];
    event_times(events, &mut rows);
    let named = rows.iter().zip(log.names().iter()).filter(|(row, _)| row.count > 0);
    let wanted = |micros| options.event_times.then(|| Timestamp::from_micros(micros));

    let mut windows = vec![OrderWindow::default(); options.windows_days.len()];
    if wants_orders {
        order_windows(events, as_of, rules, &mut windows);
    }
    let windows = options.windows_days.iter().zip(windows).map(|(days, orders)| {
        let before = as_of.plus(Span::from_days(-i64::from(*days))).as_micros();
        let event_count = time.iter().filter(|micros| **micros > before).count() as u32;
        WindowProfile { days: *days, event_count, orders }
    });
    let last_seen = time.last().copied().map(Timestamp::from_micros);
    Profile {
        event_count: time.len() as u32,
        first_seen: time.first().copied().map(Timestamp::from_micros),
        last_seen,
        active_days: days.len() as u32,
        days_since_last: last_seen.map(|last| days_between(last, as_of, calendar)),
        amount: Money::from_minor(rows.iter().map(|row| row.amount_minor).sum()),
        windows: windows.collect(),
        events: named
            .map(|(row, name)| EventProfile {
                name: name.to_owned(),
                count: row.count,
                amount: Money::from_minor(if options.event_times { row.amount_minor } else { 0 }),
                first: wanted(row.first),
                last: wanted(row.last),
            })
            .collect(),
        gaps: if options.gaps { gaps_of_days(time, calendar) } else { Gaps::default() },
        orders: if wants_orders { order_profile(events, as_of, rules, calendar) } else { OrderProfile::default() },
        habits: if options.habits { habits(time, calendar) } else { Habits::default() },
        channel: first_channel(events, rules).and_then(|code| channel_text(log, rules, code)),
        interests: top_interests(events, as_of, rules)
            .into_iter()
            .filter_map(|interest| interest_text(log, rules, interest))
            .collect(),
    }
}

/// Local calendar days from the day of `earlier` to that of `as_of`.
pub(super) fn days_between(earlier: Timestamp, as_of: Timestamp, calendar: &Calendar) -> u32 {
    (calendar.day(as_of).0 - calendar.day(earlier).0).max(0) as u32
}

/// Count, sum, first and last of each event name, by code.
pub(super) fn event_times(events: UserEvents<'_>, rows: &mut [EventRow]) {
    let amounts = events.log().amount_minor();
    for ((row, time), name) in events.rows().zip(events.time_micros()).zip(events.name_codes()) {
        let of_name = &mut rows[usize::from(*name)];
        if of_name.count == 0 {
            of_name.first = *time;
        }
        of_name.count += 1;
        of_name.last = *time;
        of_name.amount_minor += amounts.get(row).unwrap_or_default();
    }
}

fn channel_text(log: &EventLog, rules: &ProfileRules, code: u32) -> Option<String> {
    let column = log.text_property(rules.options().channel.as_deref()?).ok()?;
    column.dictionary.get(code).map(str::to_owned)
}

fn interest_text(log: &EventLog, rules: &ProfileRules, interest: Interest) -> Option<(String, f64)> {
    let column = log.text_property(rules.options().category.as_deref()?).ok()?;
    column.dictionary.get(interest.category).map(|category| (category.to_owned(), interest.weight))
}

impl ProfileTable {
    /// A user's row as a profile by itself.
    ///
    /// # Errors
    /// `InvalidArgument` where the table is not of this log, or the user is not of it.
    pub fn profile(&self, log: &EventLog, user: UserIx) -> Result<Profile> {
        self.check_log(log)?;
        let index = user.index();
        if index >= self.len() {
            return Err(crate::error::invalid_argument(format!("there is no user {index} among {}", self.len())));
        }
        let options = self.rules.options();
        let last_seen = self.last_seen(user);
        let calendar = Calendar::new(log.zone(), last_seen.unwrap_or(self.as_of), self.as_of);
        let names = self.rules.name_count();
        let at = |code: usize| index * names + code;
        let instant = |column: &[i64], code| column.get(at(code)).copied().map(Timestamp::from_micros);
        let counts = self.counts_by_name(user).iter().enumerate().filter(|(_, count)| **count > 0);
        let events = counts.map(|(code, count)| EventProfile {
            name: log.names().get(code as u32).unwrap_or_default().to_owned(),
            count: *count,
            amount: Money::from_minor(self.event_times.amount_minor.get(at(code)).copied().unwrap_or_default()),
            first: instant(&self.event_times.first, code),
            last: instant(&self.event_times.last, code),
        });
        let order_windows = row_of(&self.order_windows, options.windows_days.len(), user);
        let windows = options.windows_days.iter().zip(self.window_counts(user)).enumerate();
        Ok(Profile {
            event_count: self.activity.event_count[index],
            first_seen: self.first_seen(user),
            last_seen,
            active_days: self.activity.active_days[index],
            days_since_last: last_seen.map(|last| days_between(last, self.as_of, &calendar)),
            amount: Money::from_minor(self.activity.amount_minor[index]),
            windows: windows
                .map(|(position, (days, event_count))| WindowProfile {
                    days: *days,
                    event_count: *event_count,
                    orders: order_windows.get(position).copied().unwrap_or_default(),
                })
                .collect(),
            events: events.collect(),
            gaps: self.gaps.get(index).copied().unwrap_or_default(),
            orders: self.orders.get(index).copied().unwrap_or_default(),
            habits: self.habits.get(index).copied().unwrap_or_default(),
            channel: self.channel(log, user).map(str::to_owned),
            interests: self
                .interests(user)
                .iter()
                .filter_map(|interest| interest_text(log, &self.rules, *interest))
                .collect(),
        })
    }
}
