//! Which events count as activity, and on which local days a user has them.

use crate::error::Result;
use crate::log::{EventLog, UserEvents};
use crate::time::{Calendar, MICROS_PER_DAY, Timestamp};

/// For each event code whether it counts; every event where no name is given.
///
/// # Errors
/// `UnknownName` for an event that is neither in the log nor declared, with the nearest name.
pub(crate) fn counted_codes(log: &EventLog, names: &[String]) -> Result<Vec<bool>> {
    let mut counts = vec![names.is_empty(); log.names().len()];
    for code in log.occurring_codes(names)? {
        counts[usize::from(code)] = true;
    }
    Ok(counts)
}

/// The distinct local days of a user's counted events, ascending, in place of what `days` held.
pub(crate) fn active_days(events: &UserEvents<'_>, counts: &[bool], calendar: &Calendar, days: &mut Vec<i32>) {
    days.clear();
    // The instants of the day of the event before: most events share it.
    let mut same_day = 0..0;
    let mut sorted = true;
    for (&time, &code) in events.time_micros().iter().zip(events.name_codes()) {
        if !counts.get(usize::from(code)).copied().unwrap_or(false) {
            continue;
        }
        if same_day.contains(&time) {
            continue;
        }
        let (stretch, offset) = calendar.stretch(Timestamp::from_micros(time));
        let day = time.saturating_add(offset).div_euclid(MICROS_PER_DAY);
        let start = day.saturating_mul(MICROS_PER_DAY).saturating_sub(offset);
        same_day = start.max(stretch.start)..start.saturating_add(MICROS_PER_DAY).min(stretch.end);
        let day = day as i32;
        match days.last() {
            Some(last) if *last == day => {}
            last => {
                // A clock that is set back across midnight shows a date twice.
                sorted &= last.is_none_or(|last| *last < day);
                days.push(day);
            }
        }
    }
    if !sorted {
        days.sort_unstable();
        days.dedup();
    }
}
