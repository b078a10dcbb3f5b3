//! Profiles: what each user has done, as of an instant, in columns.
//!
//! [`build_profiles`] folds every user's events that have happened at `as_of`; [`build_profile`] does the same for one
//! user and is the definition that the columns are tested against. Both take the same [`ProfileOptions`].

mod activity;
mod decay;
mod gap;
mod habit;
mod interest;
mod options;
mod order;
mod period;
mod rough;
mod scalar;
mod table;
mod update;

pub(crate) use decay::{HalfLife, NearTerms};
pub use gap::Gaps;
pub use habit::Habits;
pub use interest::Interest;
pub(crate) use interest::Interests;
pub use options::{CELLS_MAX, INTEREST_HALF_LIFE, ProfileOptions, ProfileRules, WINDOW_DAYS};
pub use order::{OrderProfile, OrderTotals, OrderWindow, total_orders};
pub use period::{MONTHS_MAX, count_active_months};
pub(crate) use rough::RoughTerms;
pub use scalar::{EventProfile, Profile, WindowProfile, build_profile};

use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::{EventLog, UserEvents};
use crate::time::{Calendar, Timestamp};
use activity::ActivityColumns;
use update::Earlier;

/// The profiles of all users of a log as of one instant; one row per user, in the order of the log's directory.
///
/// Users without a visible event have counts of 0 and no instants. Parts that the options leave out are empty.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileTable {
    as_of: Timestamp,
    rules: ProfileRules,
    activity: ActivityColumns,
    gaps: Vec<Gaps>,
    orders: Vec<OrderProfile>,
    /// `windows.len()` entries per user.
    order_windows: Vec<OrderWindow>,
    event_times: EventTimes,
    habits: Vec<Habits>,
    /// The first known channel of each user, as a code of the channel property's dictionary.
    channels: Vec<Option<u32>>,
    interests: Vec<Vec<Interest>>,
}

/// Sum, first and last instant of each event name; as many entries per user as there are names.
#[derive(Debug, Clone, PartialEq, Default)]
struct EventTimes {
    amount_minor: Vec<i64>,
    first: Vec<i64>,
    last: Vec<i64>,
}

/// Builds the profiles of all users from the events that have happened at `as_of`, which itself counts.
///
/// Takes O(events) time; the work is shared out over rayon's threads and the answer does not depend on their number.
///
/// # Errors
/// `UnknownName` where the options name an event that is neither in the log nor declared, or a property that the log
/// does not have; `TypeMismatch` where a property is not a text; `InvalidArgument` for a window or half-life that is not
/// positive, or a window named twice; `LimitExceeded` for more than [`CELLS_MAX`] counts by user and event name.
pub fn build_profiles(log: &EventLog, as_of: Timestamp, options: impl Into<ProfileOptions>) -> Result<ProfileTable> {
    let rules = ProfileRules::new(log, options.into())?;
    let calendar = log.calendar(as_of);
    Ok(build(log, as_of, rules, &calendar, None))
}

/// Builds all parts. What `earlier` profiles know of a user already, and no instant changes, is taken from them.
fn build(
    log: &EventLog,
    as_of: Timestamp,
    rules: ProfileRules,
    calendar: &Calendar,
    earlier: Option<&Earlier<'_>>,
) -> ProfileTable {
    let options = rules.options();
    let activity = activity::build_activity(log, as_of, &rules, calendar);
    let per_user = PerUser { log, as_of };
    let orders_wanted = !options.orders.is_empty();
    let window_count = options.windows_days.len();
    ProfileTable {
        gaps: per_user.collect(options.gaps, |events| {
            let known = earlier.and_then(|earlier| earlier.row(&earlier.table.gaps, events.user()));
            known.unwrap_or_else(|| gap::gaps_of_days(events.time_micros(), calendar))
        }),
        orders: per_user.collect(orders_wanted, |events| {
            let known = earlier.and_then(|earlier| earlier.row(&earlier.table.orders, events.user()));
            match known {
                Some(orders) => orders.as_of(as_of, calendar),
                None => order::order_profile(events, as_of, &rules, calendar),
            }
        }),
        order_windows: per_user.collect_rows(orders_wanted, window_count, |events, rows| {
            order::order_windows(events, as_of, &rules, rows);
        }),
        event_times: event_times_with(&per_user, &rules, |events, rows| {
            earlier.is_some_and(|earlier| earlier.event_times(events.user(), rows))
        }),
        habits: per_user.collect(options.habits, |events| {
            let known = earlier.and_then(|earlier| earlier.row(&earlier.table.habits, events.user()));
            known.unwrap_or_else(|| habit::habits(events.time_micros(), calendar))
        }),
        channels: per_user.collect(options.channel.is_some(), |events| interest::first_channel(events, &rules)),
        interests: per_user
            .collect(options.category.is_some(), |events| interest::top_interests(events, as_of, &rules)),
        as_of,
        activity,
        rules,
    }
}

/// Sum, first and last per event name, folded from the events wherever `known` does not know them already.
fn event_times_with(
    per_user: &PerUser<'_>,
    rules: &ProfileRules,
    known: impl Fn(UserEvents<'_>, &mut [EventRow]) -> bool + Sync,
) -> EventTimes {
    let names = if rules.options().event_times { per_user.log.names().len() } else { 0 };
    let rows = per_user.collect_rows(names > 0, names, |events, rows| {
        if !known(events, rows) {
            scalar::event_times(events, rows);
        }
    });
    EventTimes {
        amount_minor: rows.iter().map(|row: &EventRow| row.amount_minor).collect(),
        first: rows.iter().map(|row| row.first).collect(),
        last: rows.iter().map(|row| row.last).collect(),
    }
}

/// One user's events of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct EventRow {
    count: u32,
    amount_minor: i64,
    first: i64,
    last: i64,
}

/// Runs a function over every user's visible events, in parallel.
struct PerUser<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
}

impl PerUser<'_> {
    /// One value per user, or none at all where not wanted.
    fn collect<T: Send>(&self, wanted: bool, f: impl Fn(UserEvents<'_>) -> T + Sync) -> Vec<T> {
        if !wanted {
            return Vec::new();
        }
        let one = |user: usize| f(self.log.events_of(UserIx(user as u32)).until(self.as_of));
        (0..self.log.user_count()).into_par_iter().with_min_len(1_024).map(one).collect()
    }

    /// `width` values per user, written in place, or none at all where not wanted.
    fn collect_rows<T: Send + Clone + Default>(
        &self,
        wanted: bool,
        width: usize,
        f: impl Fn(UserEvents<'_>, &mut [T]) + Sync,
    ) -> Vec<T> {
        if !wanted || width == 0 {
            return Vec::new();
        }
        let mut rows = vec![T::default(); self.log.user_count() * width];
        rows.par_chunks_mut(width).with_min_len(1_024).enumerate().for_each(|(user, row)| {
            f(self.log.events_of(UserIx(user as u32)).until(self.as_of), row);
        });
        rows
    }
}

impl ProfileTable {
    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The options, as they were resolved against the log.
    #[must_use]
    pub fn rules(&self) -> &ProfileRules {
        &self.rules
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.activity.event_count.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Visible events per user.
    #[must_use]
    pub fn event_count(&self) -> &[u32] {
        &self.activity.event_count
    }

    /// Local calendar days with a visible event, per user.
    #[must_use]
    pub fn active_days(&self) -> &[u32] {
        &self.activity.active_days
    }

    /// The first visible event of a user.
    #[must_use]
    pub fn first_seen(&self, user: UserIx) -> Option<Timestamp> {
        self.instant(&self.activity.first, user)
    }

    /// The last visible event of a user.
    #[must_use]
    pub fn last_seen(&self, user: UserIx) -> Option<Timestamp> {
        self.instant(&self.activity.last, user)
    }

    fn instant(&self, micros: &[i64], user: UserIx) -> Option<Timestamp> {
        let seen = *self.activity.event_count.get(user.index())? > 0;
        micros.get(user.index()).filter(|_| seen).copied().map(Timestamp::from_micros)
    }

    /// The sum of all visible amounts per user, in minor units.
    #[must_use]
    pub fn amount_minor(&self) -> &[i64] {
        &self.activity.amount_minor
    }

    /// Visible events per user and name: the counts of the user's row, by name code.
    #[must_use]
    pub fn counts_by_name(&self, user: UserIx) -> &[u32] {
        row_of(&self.activity.name_counts, self.rules.name_count(), user)
    }

    /// Visible events per user and window: the counts of the user's row, in the order of the options' windows.
    #[must_use]
    pub fn window_counts(&self, user: UserIx) -> &[u32] {
        row_of(&self.activity.window_counts, self.rules.options().windows_days.len(), user)
    }

    /// Orders per user; empty where the options name no order event.
    #[must_use]
    pub fn orders(&self) -> &[OrderProfile] {
        &self.orders
    }

    /// Gaps between active days per user; empty where the options leave them out.
    #[must_use]
    pub fn gaps(&self) -> &[Gaps] {
        &self.gaps
    }

    /// Hours and weekdays per user; empty where the options leave them out.
    #[must_use]
    pub fn habits(&self) -> &[Habits] {
        &self.habits
    }

    /// The first known channel of a user.
    #[must_use]
    pub fn channel<'a>(&self, log: &'a EventLog, user: UserIx) -> Option<&'a str> {
        let code = self.channels.get(user.index()).copied().flatten()?;
        log.text_property(self.rules.options().channel.as_deref()?).ok()?.dictionary.get(code)
    }

    /// The strongest interests of a user, strongest first.
    #[must_use]
    pub fn interests(&self, user: UserIx) -> &[Interest] {
        self.interests.get(user.index()).map_or(&[], Vec::as_slice)
    }

    /// Refuses a log that this table is not of.
    fn check_log(&self, log: &EventLog) -> Result<()> {
        if log.user_count() != self.len() || log.names().len() != self.rules.name_count() {
            return Err(invalid_argument(format!(
                "the profiles are of a log with {} users and {} event names, this log has {} and {}",
                self.len(),
                self.rules.name_count(),
                log.user_count(),
                log.names().len()
            )));
        }
        Ok(())
    }
}

fn row_of<T>(rows: &[T], width: usize, user: UserIx) -> &[T] {
    rows.get(user.index() * width..(user.index() + 1) * width).unwrap_or_default()
}

/// Cuts rows of `width` values per user into one slice per range of users; the ranges cover all users in order.
fn split_rows<'a, T>(mut rows: &'a mut [T], ranges: &[Range<usize>], width: usize) -> Vec<&'a mut [T]> {
    let mut parts = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (part, rest) = rows.split_at_mut(range.len() * width);
        parts.push(part);
        rows = rest;
    }
    parts
}
