//! Brings profiles up to date without folding again the users of whom nothing new is known.

use super::{EventRow, ProfileRules, ProfileTable, build};
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
        let names = log.names();
        let earlier = Earlier {
            table: self,
            users: self.unchanged_users(previous, log, as_of)?,
            new_codes: previous.names().iter().map(|name| names.code(name).map(|code| code as usize)).collect(),
        };
        Ok(build(log, as_of, rules, &calendar, Some(&earlier)))
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
}

/// Profiles as of an earlier instant, and what of them still holds.
pub(super) struct Earlier<'a> {
    pub(super) table: &'a ProfileTable,
    /// For each user of the new log, the user's place in the table where no event has become visible since.
    users: Vec<Option<UserIx>>,
    /// The new code of each old name: a name that the old log had is in the new one too.
    new_codes: Vec<Option<usize>>,
}

impl Earlier<'_> {
    /// The entry of a column of the table that still holds for a user of the new log.
    pub(super) fn row<T: Copy>(&self, column: &[T], user: UserIx) -> Option<T> {
        self.users[user.index()].and_then(|old| column.get(old.index()).copied())
    }

    /// Fills in what is known of a user's events by name, and says whether it was.
    pub(super) fn event_times(&self, user: UserIx, rows: &mut [EventRow]) -> bool {
        let Some(old) = self.users[user.index()].map(UserIx::index) else { return false };
        for (old_code, new_code) in self.new_codes.iter().enumerate() {
            let (Some(new_code), from) = (new_code, old * self.new_codes.len() + old_code) else { continue };
            rows[*new_code].amount_minor = self.table.event_times.amount_minor[from];
            rows[*new_code].first = self.table.event_times.first[from];
            rows[*new_code].last = self.table.event_times.last[from];
        }
        true
    }
}
