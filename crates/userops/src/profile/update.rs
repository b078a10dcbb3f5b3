//! Brings profiles up to date without folding again the users of whom nothing new is known.

use super::order::order_profile;
use super::scalar::days_between;
use super::{EventTimes, PerUser, ProfileRules, ProfileTable, activity, gap, habit, interest, order};
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

impl ProfileTable {
    /// The profiles as of a later instant, of a log that holds every event that `previous` (the log of this table)
    /// held and any number more. Equal to building them anew, to the last bit.
    ///
    /// What depends on the instant alone (windows, days since last, interests) is found again for every user; gaps,
    /// orders, habits and times per event only for users with new visible events.
    ///
    /// # Errors
    /// `InvalidArgument` where `previous` is not the log of this table or of another zone than `log`, `as_of` is earlier than the table's, or a user
    /// has lost events; otherwise as [`build_profiles`](super::build_profiles).
    pub fn update(&self, previous: &EventLog, log: &EventLog, as_of: Timestamp) -> Result<Self> {
        self.check_log(previous)?;
        if as_of < self.as_of {
            return Err(invalid_argument(format!(
                "profiles as of {} cannot be brought up to the earlier {as_of}; build them anew",
                self.as_of
            )));
        }
        if previous.zone() != log.zone() {
            return Err(invalid_argument(format!(
                "profiles in the zone {} cannot be brought up to date from a log in {}; build them anew",
                previous.zone(),
                log.zone()
            )));
        }
        let rules = ProfileRules::new(log, self.rules.options().clone())?;
        let calendar = log.calendar(as_of);
        let known = self.unchanged_users(previous, log, as_of)?;
        let activity = activity::build_activity(log, as_of, &rules, &calendar);
        let per_user = PerUser { log, as_of };
        let options = rules.options();
        let kept = |user: UserIx| known[user.index()].map(UserIx::index);
        let orders_wanted = !rules.order_codes().is_empty();
        let window_count = options.windows_days.len();
        Ok(Self {
            gaps: per_user.collect(options.gaps, |events| match kept(events.user()) {
                Some(old) => self.gaps[old],
                None => gap::gaps_of_days(events.time_micros(), &calendar),
            }),
            orders: per_user.collect(orders_wanted, |events| match kept(events.user()) {
                Some(old) => {
                    let orders = self.orders[old];
                    let days_since_last = orders.last.map(|last| days_between(last, as_of, &calendar));
                    order::OrderProfile { days_since_last, ..orders }
                }
                None => order_profile(events, as_of, &rules, &calendar),
            }),
            order_windows: per_user.collect_rows(orders_wanted, window_count, |events, rows| {
                order::order_windows(events, as_of, &rules, rows);
            }),
            event_times: self.updated_event_times(previous, &per_user, &rules, &known),
            habits: per_user.collect(options.habits, |events| match kept(events.user()) {
                Some(old) => self.habits[old],
                None => habit::habits(events.time_micros(), &calendar),
            }),
            channels: per_user.collect(options.channel.is_some(), |events| interest::first_channel(events, &rules)),
            interests: per_user
                .collect(options.category.is_some(), |events| interest::top_interests(events, as_of, &rules)),
            as_of,
            activity,
            rules,
        })
    }

    /// For each user of the new log, the user's place in this table where no event has become visible since.
    fn unchanged_users(&self, previous: &EventLog, log: &EventLog, as_of: Timestamp) -> Result<Vec<Option<UserIx>>> {
        let mut old_users = previous.users().iter().enumerate().peekable();
        let mut known = Vec::with_capacity(log.user_count());
        for (user, id) in log.users().iter().enumerate() {
            let visible = log.events_of(UserIx(user as u32)).until(as_of).len();
            let old = old_users.next_if(|(_, old_id)| *old_id == id).map(|(old, _)| UserIx(old as u32));
            let old_count = old.map(|old| self.activity.event_count[old.index()] as usize);
            match old_count {
                Some(old_count) if old_count > visible => {
                    return Err(invalid_argument(format!(
                        "the user {id} had {old_count} events and has {visible}; build the profiles anew"
                    )));
                }
                _ => known.push(old.filter(|_| old_count == Some(visible))),
            }
        }
        match old_users.next() {
            Some((_, id)) => {
                Err(invalid_argument(format!("the user {id} is not in the new log; build the profiles anew")))
            }
            None => Ok(known),
        }
    }

    fn updated_event_times(
        &self,
        previous: &EventLog,
        per_user: &PerUser<'_>,
        rules: &ProfileRules,
        known: &[Option<UserIx>],
    ) -> EventTimes {
        let names = per_user.log.names();
        let old_width = self.rules.name_count();
        // The new code of each old one: a name that the old log had is in the new one too.
        let new_codes: Vec<Option<usize>> =
            previous.names().iter().map(|name| names.code(name).map(|code| code as usize)).collect();
        super::event_times_with(per_user, rules, |events, rows| {
            let Some(old) = known[events.user().index()].map(UserIx::index) else { return false };
            for (old_code, new_code) in new_codes.iter().enumerate() {
                let (Some(new_code), from) = (new_code, old * old_width + old_code) else { continue };
                rows[*new_code].amount_minor = self.event_times.amount_minor[from];
                rows[*new_code].first = self.event_times.first[from];
                rows[*new_code].last = self.event_times.last[from];
            }
            true
        })
    }
}
