//! Wakes users at the instants at which time alone may change an answer.

use super::change::Change;
use super::engine::Engine;
use super::user::Warmth;
use crate::error::Result;

/// How many users ahead of the one that wakes are asked for from memory.
const WARM_AHEAD: [(usize, Warmth); 3] = [(11, Warmth::User), (7, Warmth::State), (3, Warmth::Rows)];

impl Engine {
    /// Wakes everybody who is to wake up to an instant; at the instant itself not the user of whom something happens then.
    pub(super) fn wake_until(&mut self, instant: i64, but: Option<u32>, changes: &mut Vec<Change>) -> Result<()> {
        while let Some((at, user)) = self.timers.pop_until(instant) {
            let place = user as usize;
            if self.queued[place] != at {
                continue;
            }
            self.queued[place] = i64::MAX;
            // At midnight many wake at once.
            for (ahead, warmth) in WARM_AHEAD {
                let later = self.timers.later(ahead).unwrap_or(user);
                self.users[later as usize].warm(warmth);
            }
            // What happened since may have put it off.
            let is_due = self.users[place].next_at() == at;
            if is_due && !(at == instant && but == Some(user)) {
                let id = self.ids[place].as_ref();
                self.wake_count += 1;
                let woken = self.users[place].wake(&self.plan, id, self.as_of, &mut self.work);
                self.tell(user, changes);
                woken.map_err(|error| error.at(format!("user {}", self.ids[place])))?;
            }
            if but != Some(user) || self.users[place].next_at() < instant {
                self.queue(user);
            }
        }
        Ok(())
    }

    /// Sees to it that the user is woken in time.
    pub(super) fn queue(&mut self, user: u32) {
        let place = user as usize;
        let next = self.users[place].next_at();
        if next < self.queued[place] {
            self.queued[place] = next;
            self.timers.push((next, user));
        }
    }
}
