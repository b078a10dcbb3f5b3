//! When in the day and in the week a user comes.

use serde::{Deserialize, Serialize};

use crate::time::{Calendar, Timestamp};

/// Events by local hour and weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Habits {
    /// Events in each hour that the local clock shows, from 0 to 23.
    pub by_hour: [u32; 24],
    /// Events on each weekday, Monday first.
    pub by_weekday: [u32; 7],
}

impl Habits {
    /// The hour with the most events, the earliest of equals; `None` without events.
    #[must_use]
    pub fn favourite_hour(&self) -> Option<u8> {
        favourite(&self.by_hour)
    }

    /// The weekday with the most events, Monday = 0, the earliest of equals; `None` without events.
    #[must_use]
    pub fn favourite_weekday(&self) -> Option<u8> {
        favourite(&self.by_weekday)
    }
}

fn favourite(counts: &[u32]) -> Option<u8> {
    let most = counts.iter().copied().max().filter(|most| *most > 0)?;
    counts.iter().position(|count| *count == most).map(|position| position as u8)
}

pub(super) fn habits(time: &[i64], calendar: &Calendar) -> Habits {
    let mut habits = Habits::default();
    for instant in time.iter().copied().map(Timestamp::from_micros) {
        habits.by_hour[usize::from(calendar.hour(instant))] += 1;
        habits.by_weekday[calendar.weekday(instant) as usize] += 1;
    }
    habits
}
